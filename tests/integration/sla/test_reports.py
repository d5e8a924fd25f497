"""The figures of a period: that they agree with the targets that they are made of, whatever befell those."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shared.contracts import Event
from tests.integration.sla.office import Office, event_of
from tests.integration.sla.reception import Reception
from tests.unit.sla.histories import history
from tests.unit.sla.story import (
    conversation_reassigned,
    conversation_waived,
    message_classified,
    message_deleted,
    message_received,
    message_replied,
)

LONDON = ZoneInfo("Europe/London")
STATES = ("open", "met", "breached", "waived", "exempted", "voided", "withdrawn")
COUNTS = (*STATES, "answered_late", "closed_late", "overdue", "retracted")
BY = {"months": "month", "kinds": "kind", "message_kinds": "message_kind", "sites": "site", "owners": "owner"}
PATH = "/reports/response"


def figures(targets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a person with the list of targets would come to."""
    states = Counter(target["state"] for target in targets)
    late = [target for target in targets if target["state"] == "breached"]
    answers = sorted(target["working_s"] for target in targets if target["closing"] == "met")
    judged = states["met"] + states["breached"]
    return {
        **{state: states[state] for state in STATES},
        "opened": len(targets),
        "answered_late": sum(target["closing"] == "met" for target in late),
        "overdue": sum(target["settled_at"] is None for target in late),
        "closed_late": sum(target["closing"] not in (None, "met") for target in late),
        "retracted": sum(target["retracted"] > 0 for target in targets),
        "share_met": round(states["met"] / judged, 4) if judged else None,
        "median_s": round(median(answers)) if answers else None,
        "p90_s": round(_interpolated(answers, 0.9)) if answers else None,
    }


def _interpolated(ordered: Sequence[int], share: float) -> float:
    """As a spreadsheet's PERCENTILE."""
    whole, part = divmod((len(ordered) - 1) * share, 1)
    lower, upper = ordered[int(whole)], ordered[min(int(whole) + 1, len(ordered) - 1)]
    return lower + (upper - lower) * part


def local(target: dict[str, Any]) -> datetime:
    """Its start on the landlord's clock."""
    return datetime.fromisoformat(target["started_at"]).astimezone(LONDON)


async def everything(reception: Reception, organisation: str, **filters: str) -> list[dict[str, Any]]:
    """All targets of a landlord."""
    answer = await reception.ask(organisation, "/targets", limit=500, **filters)
    assert answer.json()["next"] is None
    items: list[dict[str, Any]] = answer.json()["items"]
    return [item | {"month": f"{local(item):%Y-%m}"} for item in items]


def random_events(random: Random, number: int) -> list[Event]:
    """A conversation's history at a random landlord and site, of random owners."""
    organisation, site = random.choice(("westward", "wheatley")), random.choice(("page", "other"))
    told = history(random)
    if random.random() < 0.5:
        told.append(conversation_reassigned(random.choice(("p7", "p8")), at="Fri 09:00"))
    moved = [
        replace(one, data=msgspec.structs.replace(one.data, site=site)) if hasattr(one.data, "site") else one
        for one in told
    ]
    return [event_of(one, organisation, f"c{number}", story=f"{number}-") for one in moved]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happened_the_figures_are_those_of_the_targets(
    office: Office, reception: Reception, seed: int
) -> None:
    random = Random(seed)
    for number in range(40):
        events = random_events(random, number)
        random.shuffle(events)
        office.clock(random.choice(("Sat 10:00", "next Mon 12:00", "next Wed 09:00")))
        await office.hear(*events)
        await office.timer.tick()
    for organisation in ("westward", "wheatley"):
        targets = await everything(reception, organisation)
        report = (await reception.ask(organisation, PATH, from_="2026-03-01", until="2026-04-01")).json()
        assert len(targets) > 10
        assert report["total"] == figures(targets)
        for listed, key in BY.items():
            values = {target[key] for target in targets}
            assert {line[key]: {k: v for k, v in line.items() if k != key} for line in report[listed]} == {
                value: figures([target for target in targets if target[key] == value]) for value in values
            }, listed
        hours = Counter(local(target).hour for target in targets)
        assert {line["hour"]: line["opened"] for line in report["hours"]} == hours
        for line in (report["total"], *report["months"], *report["kinds"], *report["sites"], *report["owners"]):
            assert line["opened"] == sum(line[state] for state in STATES)
            assert line["breached"] == line["answered_late"] + line["closed_late"] + line["overdue"]
        for listed in BY:
            for count in ("opened", *COUNTS):
                assert sum(line[count] for line in report[listed]) == report["total"][count], (listed, count)


@pytest.fixture
async def month(office: Office) -> Office:
    """At Westward one of each, in two months; another at Wheatley."""
    office.clock("next Fri 12:00")
    await office.heard(
        "westward", message_received(at="Mon 09:00"), message_replied(at="Mon 10:00"), conversation="met"
    )
    await office.heard(
        "westward", message_received(at="Mon 09:00", id="2"), message_replied(at="Mon 15:00", id="r2"),
        conversation="late",
    )  # fmt: skip
    await office.heard("westward", message_received(at="Tue 09:30", site="other"), conversation="overdue")
    complaint = message_received(at="Wed 09:00", kind="complaint", id="4")
    waived = conversation_waived(at="Wed 09:10", reason="no-reply-needed")
    await office.heard("westward", complaint, waived, conversation="waived")
    await office.heard(
        "westward", message_received(at="Thu 09:00"), message_deleted(at="Thu 09:01"), conversation="gone"
    )
    reclassified = message_classified(at="Thu 10:00", kind="thanks", by="person")
    await office.heard("westward", message_received(at="Thu 09:00"), reclassified, conversation="withdrawn")
    await office.heard("westward", message_received(at="next Fri 11:00"), conversation="open")
    await office.heard("westward", message_received(at="2026-02-28 23:30"), conversation="february")
    await office.heard("westward", message_received(at="2026-04-01 00:00"), conversation="april")
    await office.heard("wheatley", message_received(at="Mon 09:00"), conversation="met")
    return office


MARCH = {"from_": "2026-03-01", "until": "2026-04-01"}


@pytest.mark.usefixtures("month")
class TestFigures:
    async def test_of_a_month(self, reception: Reception) -> None:
        report = (await reception.ask("westward", PATH, **MARCH)).json()
        assert (report["from"], report["until"], report["zone"]) == ("2026-03-01", "2026-04-01", "Europe/London")
        assert report["total"] == {
            "opened": 7, "open": 1, "met": 1, "breached": 2, "answered_late": 1, "closed_late": 0, "overdue": 1,
            "waived": 1, "exempted": 0, "voided": 1, "withdrawn": 1, "retracted": 0,
            "share_met": 0.3333, "median_s": 3.5 * 3600, "p90_s": 5.5 * 3600,
        }  # fmt: skip
        assert [(line["month"], line["opened"]) for line in report["months"]] == [("2026-03", 7)]
        assert [(line["site"], line["opened"]) for line in report["sites"]] == [("other", 1), ("page", 6)]
        assert [(line["kind"], line["opened"]) for line in report["kinds"]] == [("response", 7)]
        assert report["hours"] == [{"hour": 9, "opened": 6}, {"hour": 11, "opened": 1}]

    async def test_dates_are_local_and_the_last_is_not_counted(self, reception: Reception) -> None:
        for begins, ends, found in (
            ("2026-02-28", "2026-03-01", ["2026-02"]),
            ("2026-02-28", "2026-04-01", ["2026-02", "2026-03"]),
            ("2026-03-31", "2026-04-01", []),
            ("2026-04-01", "2026-04-02", ["2026-04"]),
        ):
            report = (await reception.ask("westward", PATH, from_=begins, until=ends)).json()
            assert [line["month"] for line in report["months"]] == found, begins

    async def test_without_dates_this_month_so_far(self, reception: Reception) -> None:
        report = (await reception.ask("westward", PATH)).json()
        assert (report["from"], report["until"], report["total"]["opened"]) == ("2026-03-01", "2026-03-21", 7)

    async def test_nothing_is_a_report_too(self, reception: Reception) -> None:
        report = (await reception.ask("westward", PATH, from_="2025-01-01", until="2025-02-01")).json()
        assert report["total"] == figures([]) and report["months"] == report["owners"] == report["hours"] == []

    async def test_narrowed(self, reception: Reception) -> None:
        for narrowed, opened in (
            ({"site": "other"}, 1),
            ({"site": "nowhere"}, 0),
            ({"kind": "response"}, 7),
            ({"kind": "resolution"}, 0),
            ({"kind": "complaint"}, 1),
            ({"owner": "p7"}, 0),
            ({"site": "page", "kind": "query"}, 5),
        ):
            report = (await reception.ask("westward", PATH, **MARCH, **narrowed)).json()
            assert report["total"]["opened"] == opened, narrowed

    async def test_each_landlord_its_own(self, reception: Reception) -> None:
        report = (await reception.ask("wheatley", PATH, **MARCH)).json()
        assert report["total"]["opened"] == 1 and [line["site"] for line in report["sites"]] == ["page"]

    async def test_a_breach_that_was_taken_back_is_counted_as_such(self, reception: Reception, office: Office) -> None:
        await office.heard("westward", message_replied(at="Tue 10:00", id="late"), conversation="overdue")
        total = (await reception.ask("westward", PATH, **MARCH)).json()["total"]
        assert (total["met"], total["overdue"], total["retracted"]) == (2, 0, 1)


@pytest.mark.usefixtures("month")
class TestTable:
    async def test_one_line_a_target_with_working_and_elapsed_time(self, reception: Reception) -> None:
        answer = await reception.ask("westward", PATH, accept="text/csv", **MARCH)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-disposition"] == 'attachment; filename="response-2026-03-01-2026-04-01.csv"'
        lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert {line["conversation"]: line["state"] for line in lines} == {
            "met": "met", "late": "breached", "overdue": "breached", "waived": "waived", "gone": "voided",
            "withdrawn": "withdrawn", "open": "open",
        }  # fmt: skip
        late = next(line for line in lines if line["conversation"] == "late")
        assert (late["settled_at"], late["working_s"], late["elapsed_s"], late["clauses"]) == (
            "2026-03-09T15:00:00Z", "21600", "21600", "westward:3.6;westward:7.9",
        )  # fmt: skip

    async def test_in_portions_the_whole_of_it(self, reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.sla.api.reports.AT_A_TIME", 2)
        answer = await reception.ask("westward", PATH, accept="text/csv", **MARCH)
        named = [line["conversation"] for line in csv.DictReader(io.StringIO(answer.text, newline=""))]
        assert len(named) == len(set(named)) == 7

    async def test_no_cell_is_a_formula(self, reception: Reception, office: Office) -> None:
        for number, site in enumerate(("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")):
            await office.heard("westward", message_received(at="Fri 09:00", site=site), conversation=f"bad{number}")
        answer = await reception.ask("westward", PATH, accept="text/csv", from_="2026-03-13", until="2026-03-14")
        sites = [line["site"] for line in csv.DictReader(io.StringIO(answer.text, newline=""))]
        assert len(sites) == 6 and all(site.startswith("'") for site in sites)

    async def test_only_where_it_is_asked_for(self, reception: Reception) -> None:
        for accept, table in (
            ("*/*", False),
            ("application/json", False),
            ("text/csv", True),
            ("text/csv;header=present", True),
            ("application/json, text/csv;q=0.5", False),
            ("text/csv;q=0.9, application/json;q=0.5, */*;q=0.1", True),
            ("text/csv;q=0", False),
            ("text/csv;q=much", False),
            ("text/html", False),
        ):
            answer = await reception.ask("westward", PATH, accept=accept)
            assert answer.headers["content-type"].startswith("text/csv") == table, accept
            assert answer.headers["vary"] == "Accept"


BAD = [
    ({"from_": "yesterday"}, "from"),
    ({"from_": "2026-3-1"}, "from"),
    ({"from_": "2026-02-30"}, "from"),
    ({"from_": "1772323200"}, "from"),
    ({"from_": "2026-03-01T00:00:00Z"}, "from"),
    ({"from_": ""}, "from"),
    ({"from_": "1999-12-31", "until": "2000-02-01"}, "from"),
    ({"until": "tomorrow"}, "until"),
    ({"from_": "2026-03-01", "until": "9999-12-31"}, "until"),
    ({"from_": "2026-03-01", "until": "2026-03-01"}, "until"),
    ({"from_": "2026-03-02", "until": "2026-03-01"}, "until"),
    ({"from_": "2020-01-01", "until": "2023-01-02"}, "until"),
    ({"kind": "hello"}, "kind"),
    ({"site": ""}, "site"),
    ({"owner": "a\0b"}, "owner"),
]


@pytest.mark.parametrize(("params", "named"), BAD)
async def test_what_is_wrong_is_named(reception: Reception, params: dict[str, str], named: str) -> None:
    for accept in ("application/json", "text/csv"):
        answer = await reception.ask("westward", PATH, accept=accept, **params)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/query/{named}"]


async def test_three_years_may_be_asked_for(reception: Reception) -> None:
    assert (await reception.ask("westward", PATH, from_="2020-01-01", until="2023-01-01")).status_code == 200
