"""Random histories of one conversation, shuffled and doubled, end in the verdicts of the in-order run and of the model."""

from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.policy import Packs
from tests.unit.sla import model
from tests.unit.sla.histories import FAR, Net, history, instant, net, that_stand
from tests.unit.sla.story import Said, Story


def kept(story: Story) -> Net:
    return {(target.message, target.started_at): target.state for target in story.targets.values()}


def in_order(packs: Packs, organisation: str, told: list[Said]) -> Story:
    """Each fact is heard when it happens; the timer looks whenever it has something to look at."""
    story = Story(packs, organisation)
    for fact in sorted(told, key=lambda fact: fact.at):
        story.given(fact)
    story.look(FAR)
    return story


def out_of_order(packs: Packs, organisation: str, told: list[Said], random: Random) -> Story:
    """Shuffled, some facts twice, the clock anywhere and looked at now and then."""
    story = Story(packs, organisation)
    doubled = told + [random.choice(told) for _ in range(random.randint(0, 10))]
    random.shuffle(doubled)
    for fact, tick in zip(doubled, sorted(instant(random) for _ in doubled), strict=True):
        story.hear(fact, tick)
        if random.random() < 0.3:
            story.look(tick + timedelta(minutes=random.randrange(15)))
    story.look(FAR)
    return story


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(organisation=st.sampled_from(["westward", "wheatley"]), random=st.randoms(use_true_random=True))
def test_any_order_ends_in_the_verdicts_of_the_order_of_times(packs: Packs, organisation: str, random: Random) -> None:
    told = history(random)
    expected = {key: verdict for key, (verdict, _) in model.verdicts(organisation, told, packs).items()}
    straight = in_order(packs, organisation, told)
    shuffled = out_of_order(packs, organisation, told, random)

    assert net(straight.told) == kept(straight)
    assert net(shuffled.told) == kept(shuffled)
    assert that_stand(kept(straight)) == that_stand(kept(shuffled)) == that_stand(expected)
    assert {key for key, verdict in expected.items() if verdict == "withdrawn"} <= set(kept(shuffled))
    assert shuffled.state == straight.state and shuffled.next_at is None
