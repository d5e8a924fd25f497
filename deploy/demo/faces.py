"""Pictures of people. What is expected is written from the landlords' rules by hand.

Westward asks for a signed form; Wheatley's policy asks for approval, so that what is said and noted counts there. What
is for outside needs its background cleared as well. A use that lost its ground is to go within a working day.
"""

from deploy.demo.acts import Promise, Story
from deploy.demo.library import agreed, cleared, published, taken_down, uploaded, withdrew

__all__ = ["FACES"]

FORMS = "westward:10.4"
APPROVAL = "wheatley:policy-details"

WESTWARD = (
    Story(
        "three people, one without a form: that one is named, and the form puts it right",
        "westward",
        FORMS,
        (
            agreed("Fri 10:50", "t-1", "internal", "website"),
            agreed("Fri 10:50", "t-2", "internal", "website"),
            uploaded("Fri 11:10", "ww-party", ("t-1", "t-2", "t-3"), "ww-party-1", "internal", "newsletter"),
            agreed("Mon 11:10", "t-3", "internal"),
        ),
        (
            "2 × Fri 10:50 given",
            "Fri 11:10 missing: t-3 in ww-party-1 no-consent",
            "Mon 11:10 given",
            "Mon 11:10 satisfied",
            "[permit]",
        ),
        part=Promise.FACES,
        about=("ww-party", "t-1", "t-2", "t-3"),
    ),
    Story(
        "consent is withdrawn: what is live has to go within a working day",
        "westward",
        FORMS,
        (
            agreed("Fri 11:20", "t-4", "website"),
            uploaded("Fri 11:50", "ww-garden", ("t-4",), "ww-garden-1", "website", "news"),
            cleared("Fri 12:10", "ww-garden"),
            published("Mon 09:40", "ww-garden", "ww-garden-1", "website", "news"),
            withdrew("Tue 14:00", "t-4"),
            taken_down("Wed 10:10", "ww-garden", "ww-garden-1"),
        ),
        (
            "Fri 11:20 given",
            "Fri 11:50 missing: ww-garden-1 background (clauses: westward:7.6)",
            "Fri 12:10 satisfied",
            "Tue 14:00 withdrawn",
            "Tue 14:00 missing: t-4 in ww-garden-1 withdrawn",
            "Tue 14:00 takedown of ww-garden-1 by Wed 14:00: withdrawn",
            "Wed 10:10 satisfied",
            "Wed 10:10 takedown of ww-garden-1 confirmed",
            "[permit, in no use, takedowns: 1 confirmed]",
        ),
        part=Promise.FACES,
        about=("ww-garden", "t-4"),
    ),
    Story(
        "a word is not enough at Westward",
        "westward",
        FORMS,
        (
            agreed("Tue 10:10", "t-5", "internal", by_word=True),
            uploaded("Tue 10:40", "opening", ("t-5",), "opening-1", "internal", "newsletter"),
        ),
        (
            "Tue 10:10 given",
            "Tue 10:40 missing: t-5 in opening-1 form-required",
            "[block: Person t-5 has only agreed by word of mouth; a signed form is needed.]",
        ),
        part=Promise.FACES,
        about=("opening", "t-5"),
    ),
)

WHEATLEY = (
    Story(
        "the same word, noted, is enough at Wheatley",
        "wheatley",
        APPROVAL,
        (
            agreed("Tue 10:10", "t-5", "internal", by_word=True),
            uploaded("Tue 10:40", "opening", ("t-5",), "opening-1", "internal", "newsletter"),
        ),
        ("Tue 10:10 given", "Tue 10:40 satisfied", "[permit]"),
        part=Promise.FACES,
        about=("opening", "t-5"),
    ),
    Story(
        "published before anybody agreed: it has to go, though a word comes after",
        "wheatley",
        APPROVAL,
        (
            uploaded("Tue 11:00", "wh-fete", ("t-6",), "wh-fete-1", "internal", "newsletter"),
            published("Tue 11:20", "wh-fete", "wh-fete-1", "internal", "newsletter"),
            agreed("Tue 11:50", "t-6", "internal", by_word=True),
            taken_down("Tue 12:20", "wh-fete", "wh-fete-1"),
        ),
        (
            "Tue 11:00 missing: t-6 in wh-fete-1 no-consent",
            "Tue 11:20 takedown of wh-fete-1 by Wed 11:20: no-consent",
            "Tue 11:50 given",
            "Tue 11:50 satisfied",
            "Tue 12:20 takedown of wh-fete-1 confirmed",
            "[permit, in no use, takedowns: 1 confirmed]",
        ),
        part=Promise.FACES,
        about=("wh-fete", "t-6"),
    ),
)

FACES = WESTWARD + WHEATLEY
