"""The locks of access and of consent, each taken away once."""

from tests.mutants.mutant import Mutant

__all__ = ["LOCKS"]

ACCESS = "tests/integration/access"
CONSENT = "tests/integration/consent/test_locks.py"
PERSON = f"{CONSENT}::test_a_person_in_other_hands_is_waited_for"
BESIDE = f"{CONSENT}::test_two_may_judge_images_of_one_person"
IMAGE = f"{CONSENT}::test_an_image_in_other_hands_is_waited_for"

LOCKS = (
    Mutant(
        name="lock-of-the-register",
        without="two leavers of one landlord are decided at once, each counting on the other as an administrator",
        file="services/access/store/locks.py",
        old="on conflict (organisation) do update set organisation = excluded.organisation where false",
        new="on conflict (organisation) do nothing",
        red=(f"{ACCESS}/test_locks.py::test_a_register_in_other_hands_is_waited_for",),
        green=(f"{ACCESS}/test_administrators.py::test_several_leavers_of_one_batch_are_taken_in_order",),
    ),
    Mutant(
        name="lock-of-a-person",
        without="what is said of a person is kept beside what another transaction decides of them",
        file="services/consent/store/people.py",
        old="    order by s.organisation, s.person\n    for update of s\n",
        new="    order by s.organisation, s.person\n",
        red=(PERSON,),
        green=(BESIDE, IMAGE),
    ),
    Mutant(
        name="share-of-a-person",
        without="an image is judged while what it rests on changes: the withdrawal of that moment is missed",
        file="services/consent/store/people.py",
        old='LOCK.replace("for update of s", "for share of s")',
        new='LOCK.replace("for update of s", "")',
        red=(PERSON,),
        green=(BESIDE, IMAGE),
    ),
    Mutant(
        name="share-of-a-person-with-others",
        without="whoever judges an image keeps all others from judging images of the same people",
        file="services/consent/store/people.py",
        old='LOCK.replace("for update of s", "for share of s")',
        new="LOCK",
        red=(BESIDE,),
        green=(PERSON, IMAGE),
    ),
    Mutant(
        name="lock-of-an-image",
        without="two transactions judge one image, and both tell what they found",
        file="services/consent/store/images.py",
        old="on conflict (organisation, image) do update set image = excluded.image where false",
        new="on conflict (organisation, image) do nothing",
        red=(IMAGE,),
        green=(PERSON, BESIDE),
    ),
)
