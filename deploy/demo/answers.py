"""Questions and their answers. What is expected is written from the landlords' rules by hand; nothing here computes a deadline.

Westward answers within half a working day: 4 hours of Monday to Friday, 09:00 to 17:00; warnings at half of them and
30 minutes before the end. Wheatley answers within 24 hours on a clock that runs from midnight to midnight on working
dates; what is posted on a weekend is due at Monday 24:00, with a warning at 17:00; else warnings at half and an hour
before.
"""

from deploy.demo.acts import Story
from deploy.demo.inbox import answered, blocked, deleted, hidden, restored, sorted_as, waived, wrote

__all__ = ["ANSWERS"]

HALF_DAY = "westward:3.6"
ALWAYS_24_H = "wheatley:responding-to-customers"

WESTWARD = (
    Story(
        "a query is answered in time",
        "westward",
        HALF_DAY,
        (wrote("Fri 09:30", "When will somebody come to mend the boiler?"), answered("Fri 12:00")),
        ("due Fri 13:30", "warning Fri 11:30", "met Fri 12:00", "[met]"),
    ),
    Story(
        "the same webhook twice is one message",
        "westward",
        HALF_DAY,
        (wrote("Fri 11:00", "How do I get a parking permit?", times=2), answered("Fri 11:40")),
        ("1 message-received", "due Fri 15:00", "met Fri 11:40", "[met]"),
        counted=True,
    ),
    Story(
        "a reply that comes before its message counts",
        "westward",
        HALF_DAY,
        (
            answered("Fri 13:10", posted="Fri 13:05"),
            wrote("Fri 13:20", "Is the office open today?", posted="Fri 13:00"),
        ),
        ("due Fri 17:00", "met Fri 13:05", "[met]"),
    ),
    Story(
        "Friday 16:30 is due on Monday 12:30, and breached after it",
        "westward",
        HALF_DAY,
        (wrote("Fri 16:30", "My repair was cancelled again, what now?"), answered("Mon 14:10")),
        (
            "due Mon 12:30",
            "warning Mon 10:30",
            "warning Mon 12:00",
            "breach noticed Mon 12:30:01",
            "late answer Mon 14:10",
            "[breached]",
        ),
    ),
    Story(
        "a private message of Saturday is due on Monday 13:00",
        "westward",
        HALF_DAY,
        (wrote("Sat 11:00", "Can you tell me my balance?", private=True), answered("Mon 11:20")),
        ("due Mon 13:00", "warning Mon 11:00", "met Mon 11:20", "[met]"),
    ),
    Story(
        "an answer in time that is heard of late undoes the breach",
        "westward",
        HALF_DAY,
        (wrote("Mon 09:15", "Who do I ask about a transfer?"), answered("Mon 15:00", posted="Mon 13:00")),
        (
            "due Mon 13:15",
            "warning Mon 11:15",
            "warning Mon 12:45",
            "breach noticed Mon 13:15:01",
            "retracted: answered-in-time",
            "met Mon 13:00",
            "[met]",
        ),
    ),
    Story(
        "an answer a minute late is late, though it is heard before the timer fires",
        "westward",
        HALF_DAY,
        (wrote("Mon 10:00", "Where do I report a broken light?"), answered("Mon 14:00", posted="Mon 14:01")),
        (
            "due Mon 14:00",
            "warning Mon 12:00",
            "warning Mon 13:30",
            "breach, answered Mon 14:01",
            "late answer Mon 14:01",
            "[breached]",
        ),
    ),
    Story(
        "an answer at the very second is in time",
        "westward",
        HALF_DAY,
        (wrote("Tue 09:00", "Do you have a list of approved paint?"), answered("Tue 13:00")),
        ("due Tue 13:00", "warning Tue 11:00", "warning Tue 12:30", "met Tue 13:00", "[met]"),
    ),
    Story(
        "nothing may be waived as not appropriate to answer",
        "westward",
        HALF_DAY,
        (
            wrote("Tue 15:30", "Why is your chairman paid so much?"),
            waived("Tue 15:45", "not-appropriate"),
            answered("Tue 16:20"),
        ),
        ("waive refused: 422", "due Wed 11:30", "met Tue 16:20", "[met]"),
    ),
    Story(
        "what its author deletes is owed no answer",
        "westward",
        HALF_DAY,
        (wrote("Wed 10:00", "When are the bins emptied?"), deleted("Wed 10:20")),
        ("due Wed 14:00", "voided: deleted-by-author", "[voided]"),
    ),
)

WHEATLEY = (
    Story(
        "a query of Friday is answered within 24 hours",
        "wheatley",
        ALWAYS_24_H,
        (wrote("Fri 10:00", "When will somebody come to mend the lift?"), answered("Fri 16:00")),
        ("due Mon 10:00", "met Fri 16:00", "[met]"),
    ),
    Story(
        "an offensive post is hidden and then owed no answer",
        "wheatley",
        ALWAYS_24_H,
        (wrote("Fri 14:00", "Does that clown of a manager ever work?"), hidden("Fri 14:20")),
        ("due Mon 14:00", "exempted: offensive", "[exempted]"),
    ),
    Story(
        "a complaint of the weekend is due at Monday 24:00, and breached after it",
        "wheatley",
        ALWAYS_24_H,
        (wrote("Sat 11:00", "I want to complain: the close has not been cleaned."), answered("Tue 09:10")),
        (
            "due Mon 24:00",
            "warning Mon 17:00",
            "breach noticed Tue 00:00:01",
            "late answer Tue 09:10",
            "[breached]",
        ),
    ),
    Story(
        "even thanks, on a weekend, are answered on the first working day",
        "wheatley",
        ALWAYS_24_H,
        (wrote("Sun 15:00", "Thank you so much for the quick repair!"), answered("Mon 09:30")),
        ("due Mon 24:00", "met Mon 09:30", "[met]"),
    ),
    Story(
        "not appropriate to comment is waived; the next message is owed an answer again",
        "wheatley",
        ALWAYS_24_H,
        (
            wrote("Mon 11:00", "What do you say about the court case?"),
            waived("Mon 11:30", "not-appropriate"),
            wrote("Wed 10:00", "And when does my new kitchen come?", message="m2"),
            answered("Wed 15:00"),
        ),
        ("due Tue 11:00", "waived: not-appropriate", "due Thu 10:00", "met Wed 15:00", "[waived]", "[met]"),
    ),
    Story(
        "an automatic acknowledgement is no answer",
        "wheatley",
        ALWAYS_24_H,
        (
            wrote("Tue 10:00", "I want to complain about the noise."),
            answered("Tue 10:01", automatic=True, reply="r0"),
            answered("Wed 09:30"),
        ),
        ("due Wed 10:00", "warning Tue 22:00", "warning Wed 09:00", "met Wed 09:30", "[met]"),
    ),
    Story(
        "what a person classes as a complaint is owed an answer from the beginning",
        "wheatley",
        ALWAYS_24_H,
        (
            wrote("Tue 12:00", "Thank you for nothing."),
            sorted_as("Tue 13:00", "complaint"),
            answered("Tue 14:00"),
        ),
        ("due Wed 12:00", "met Tue 14:00", "[met]"),
    ),
    Story(
        "who is blocked at a site is owed no answer there",
        "wheatley",
        ALWAYS_24_H,
        (wrote("Wed 11:00", "Why do you never listen to anybody?"), blocked("Wed 11:30")),
        ("due Thu 11:00", "exempted: author-blocked", "[exempted]"),
    ),
    Story(
        "what was hidden by mistake counts from when it is shown again",
        "wheatley",
        ALWAYS_24_H,
        (
            wrote("Wed 14:00", "Is the community hall free on Sunday?"),
            hidden("Wed 14:30"),
            restored("Wed 15:00"),
            answered("Thu 09:30"),
        ),
        (
            "due Thu 14:00",
            "exempted: offensive",
            "due Thu 15:00",
            "warning Thu 03:00",
            "met Thu 09:30",
            "[exempted]",
            "[met]",
        ),
    ),
)

ANSWERS = WESTWARD + WHEATLEY
