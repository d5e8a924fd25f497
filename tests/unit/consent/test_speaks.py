"""Which record speaks, and for how long."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.consent.domain.days import years_on
from services.consent.domain.records import validity
from tests.unit.consent.album import LANDLORDS, decided, given, no, verbal, withdrawn

OLD, MID, NEW = date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 20)
LONDON = ZoneInfo("Europe/London")

CASES: list[tuple[str, tuple[Any, ...], str]] = [
    ("a refusal after a consent", (given(on=OLD), no(on=MID)), "refused"),
    ("a consent after a refusal", (no(on=OLD), given(on=MID)), "consent"),
    ("both on one day: the refusal wins", (given(on=MID), no(on=MID)), "refused"),
    ("withdrawn and given anew on one day: the withdrawal wins", (given(on=OLD, withdrawals=[withdrawn(on=MID)]), given(on=MID)), "withdrawn"),
    ("given anew the day after", (given(on=OLD, withdrawals=[withdrawn(on=MID)]), given(on=NEW)), "consent"),
    ("withdrawn from before it was given", (given(on=NEW, withdrawals=[withdrawn(on=OLD)]),), "withdrawn"),
    ("refused and withdrawn on one day", (no(on=MID), given(on=OLD, withdrawals=[withdrawn(on=MID)])), "withdrawn"),
    ("an older one that permits", (given(on=OLD), given(on=NEW, signed=False)), "consent"),
    ("an older one from before a refusal", (given(on=OLD), no(on=MID), given(on=NEW, purposes=("other",))), "out-of-scope"),
    ("the newest says why: first that the form does not count", (given(on=NEW, signed=False, until=OLD),), "invalid-form"),
    ("then that it is out of date", (given(on=OLD, until=MID, purposes=("other",)),), "expired"),
    ("then the scope", (given(on=OLD, purposes=("other",)),), "out-of-scope"),
    ("the newest of two that do not permit", (given(on=OLD, signed=False), given(on=NEW, purposes=("other",))), "out-of-scope"),
    ("only other channels", (given("press"), given("print")), "out-of-scope"),
    ("only other images", (given(items=("i2",)),), "out-of-scope"),
    ("a refusal of another image", (given(on=OLD), no(on=NEW, items=("i2",))), "consent"),
    ("a refusal of this image", (given(on=OLD), no(on=NEW, items=("i1",))), "refused"),
    ("another channel, taken back", (given("press", withdrawals=[withdrawn()]),), "no-consent"),
    ("nothing", (), "no-consent"),
    ("one of all social media", (given("social"),), "out-of-scope"),
    ("no purposes: every purpose", (given(purposes=()),), "consent"),
]  # fmt: skip


@pytest.mark.parametrize("landlord", LANDLORDS)
@pytest.mark.parametrize(("name", "records", "code"), CASES, ids=[case[0] for case in CASES])
def test_which_record_speaks(name: str, records: tuple[Any, ...], code: str, landlord: str) -> None:
    assert decided(landlord, *records).code == code
    assert decided(landlord, *reversed(records)).code == code, "in whatever order they are read"


def test_a_verbal_consent_lacks_its_form_before_it_is_out_of_date() -> None:
    stale = verbal(on=date(2020, 1, 1))
    assert decided("westward", stale).code == "form-required"
    assert decided("wheatley", stale).code == "expired"


@pytest.mark.parametrize(
    ("taken_on", "until", "last_day", "ends"),
    [
        (date(2024, 2, 29), None, date(2027, 2, 28), datetime(2027, 3, 1, tzinfo=UTC)),
        (date(2023, 3, 1), None, date(2026, 2, 28), datetime(2026, 3, 1, tzinfo=UTC)),
        (date(2023, 7, 1), None, date(2026, 6, 30), datetime(2026, 6, 30, 23, tzinfo=UTC)),
        (date(2026, 1, 1), date(2026, 4, 30), date(2026, 4, 30), datetime(2026, 4, 30, 23, tzinfo=UTC)),
        (date(2026, 1, 1), date(2036, 1, 1), date(2028, 12, 31), datetime(2029, 1, 1, tzinfo=UTC)),
    ],
    ids=["29 February", "1 March", "midnight in summer", "the form's last day", "a last day beyond three years"],
)
def test_how_long_a_consent_holds(taken_on: date, until: date | None, last_day: date, ends: datetime) -> None:
    assert validity(taken_on, until, 3, LONDON)[1:] == (ends, last_day)


def test_a_leap_day_is_followed_by_the_first_of_march() -> None:
    assert years_on(date(2024, 2, 29), 3) == date(2027, 3, 1)
    assert years_on(date(2024, 2, 29), 4) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (datetime(2026, 6, 30, 22, 59, 59, tzinfo=UTC), "consent"),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), "expired"),
    ],
    ids=["the last second of the last day", "midnight"],
)
def test_the_end_is_local_midnight_exclusive(now: datetime, code: str) -> None:
    assert decided("westward", given(on=date(2023, 7, 1)), now=now).code == code
