"""Who is staff to consent is staff to access: both read HR's register by one rule, each in its own code."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.access.domain.employment import employment
from services.access.domain.facts import FACTS
from services.consent.domain.stints import HEARD, stints_of
from shared.contracts import Event
from shared.contracts.registry import decode_data

ZONE = ZoneInfo("Europe/London")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
JOINED = ("staff-joined", 1, {"stint": "s1", "starts_on": "2020-01-01"})
FAR, NEAR = {"leave_on": "2026-12-31"}, {"leave_on": "2026-03-01"}
ON = {"stint": "s1"}

Said = tuple[str, int, dict[str, Any]]
CASES: list[tuple[str, list[Said], datetime | None]] = [
    (
        "a date without a revision after one with",
        [("staff-left", 2, {**ON, **FAR, "revision": 1}), ("leave-date-changed", 3, {**ON, **NEAR})],
        datetime(2026, 3, 2, tzinfo=UTC),
    ),
    (
        "a revision after one that is newer",
        [("staff-left", 2, {**ON, **NEAR, "revision": 2}), ("leave-date-changed", 3, {**ON, **FAR, "revision": 1})],
        datetime(2026, 3, 2, tzinfo=UTC),
    ),
    ("at once", [("staff-left", 2, {**ON, **FAR, "immediate": True})], datetime(2026, 2, 2, tzinfo=UTC)),
    (
        "at once, then a date again",
        [("staff-left", 2, {**ON, **NEAR, "immediate": True}), ("leave-date-changed", 3, {**ON, **FAR})],
        datetime(2027, 1, 1, tzinfo=UTC),
    ),
    ("cancelled", [("staff-left", 2, {**ON, **FAR}), ("leave-cancelled", 3, ON)], None),
    (
        "cancelled by an older revision",
        [("staff-left", 2, {**ON, **NEAR, "revision": 5}), ("leave-cancelled", 3, {**ON, "revision": 4})],
        datetime(2026, 3, 2, tzinfo=UTC),
    ),
    (
        "left and moved at one instant",
        [("leave-date-changed", 2, {**ON, **FAR}), ("staff-left", 2, {**ON, **NEAR})],
        datetime(2026, 3, 2, tzinfo=UTC),
    ),
    (
        "no stint named, taken on again that day",
        [("staff-left", 2, {}), ("staff-rehired", 2, {"stint": "s2", "starts_on": "2026-02-02"})],
        datetime(2026, 2, 2, tzinfo=UTC),
    ),
]


def event(number: int, name: str, day: int, said: dict[str, Any]) -> Event:
    data = decode_data(name, msgspec.json.encode({"person": "p1"} | said))
    at = datetime(2026, 2, day, tzinfo=UTC)
    return Event(id=f"e{number}", source="/hr", name=name, organisation="westward", key="p1", time=at, data=data)


@pytest.mark.parametrize(("said", "until"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_both_read_the_register_alike(said: list[Said], until: datetime | None) -> None:
    events = [event(number, *one) for number, one in enumerate([JOINED, *said])]
    for order in permutations(events):
        ours = stints_of([HEARD[one.name](one, ZONE, NOW) for one in order])
        theirs = employment([FACTS[one.name](one, one.data, NOW) for one in order], ZONE, NOW).stints
        assert ours[0].until == until
        assert [(one.stint, one.begins, one.until) for one in ours] == [
            (one.id, one.begins, one.latest.at if one.latest is not None else None) for one in theirs
        ]
