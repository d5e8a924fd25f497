"""What ops are shown of access: what is open, how long it took, and nothing that breaks what is measured."""

import re
import time

import pytest
from prometheus_client import CollectorRegistry

from services.access.handlers import people
from services.access.metrics import FIGURES
from services.access.store.revocations import counts as counted
from shared.bus import Record, Subscription, Tx, positions
from shared.bus.applying import Applier
from shared.bus.positions import Log, Partition
from shared.bus.reading import Portion, Work
from shared.contracts import Event
from shared.platform.figures import Sampler
from shared.platform.metrics import PLATFORM, Instruments
from tests.integration.access.landlord import PDF, Landlord
from tests.unit.access.said import at, joined, left

HOUR = 3600.0
LIMIT = 20
"""Leavers of an hour at Westward; those beyond are held."""
WHERE = Partition("houserules.in.westward.people", 0)


async def _open(house: Landlord) -> dict[str, float | None]:
    """What the gauges say of Westward."""
    registry = CollectorRegistry()
    own, platform = FIGURES.instruments(registry, ["westward"]), Instruments(PLATFORM, registry)
    samples = [(own, sample) for sample in FIGURES.samples]
    await Sampler(house.bus.database, house.bus.clock, ["westward"], platform, samples).sample()
    assert registry.get_sample_value("houserules_samples_failed_total") == 0
    said = {
        name: registry.get_sample_value(f"houserules_access_revocations_{name}", {"organisation": "westward"})
        for name in ("open", "overdue", "oldest_seconds")
    }
    await _as_people_are_shown(house, said)
    return said


async def _as_people_are_shown(house: Landlord, said: dict[str, float | None]) -> None:
    """The page and its lists say the same numbers as the figures, and of each revocation once whether it is to go now."""
    async with house.bus.transaction() as tx:
        counts = await counted(tx, "westward", None)
    assert {"open": counts["open"], "overdue": counts["overdue"]} == {name: said[name] for name in ("open", "overdue")}
    for name in ("open", "overdue"):
        listed = (await house.get("/revocations", **{name: "true"})).json()["items"]
        others = (await house.get("/revocations", **{name: "false"})).json()["items"]
        assert len(listed) == said[name]
        assert len(listed) + len(others) == len((await house.get("/revocations")).json()["items"])
        if name == "overdue":
            assert [one["overdue"] for one in (*listed, *others)] == [True] * len(listed) + [False] * len(others)


async def test_what_is_waived_is_neither_open_nor_the_oldest(staffed: Landlord) -> None:
    await staffed.hear(left("p1"))
    assert await _open(staffed) == {"open": 2, "overdue": 0, "oldest_seconds": 0}
    known = await staffed.revocations()
    waived = await staffed.act(
        known["gw"]["revocation"], "waive", role="head-of-communications", until="2026-03-20", reason="Hand-over to m1"
    )
    assert waived.status_code == 200
    staffed.clock("Mon 10:00")
    await staffed.hear(left("p2"))
    await staffed.act(known["g1"]["revocation"], "confirm", file=PDF)
    staffed.clock("Mon 11:00")
    assert await _open(staffed) == {"open": 1, "overdue": 0, "oldest_seconds": HOUR}


async def test_who_has_left_and_is_held_as_one_too_many_can_still_speak_for_the_landlord(staffed: Landlord) -> None:
    crowd = [f"n{number}" for number in range(LIMIT)]
    await staffed.hear(*(joined(person) for person in crowd))
    await staffed.hear(*(left(person) for person in crowd), left("p1"), left("p2", leave_at="+1 Mon 09:00"))
    known = await staffed.revocations()
    assert {item: one["state"] for item, one in known.items()} == dict.fromkeys(("g1", "gw", "g2"), "planned")
    assert await _open(staffed) == {"open": 2, "overdue": 0, "oldest_seconds": 0}, "p2 is still here"
    staffed.clock("Wed 09:00")
    assert await _open(staffed) == {"open": 2, "overdue": 2, "oldest_seconds": 48 * HOUR}
    (case,) = (await staffed.get("/cases", kind="leavers-held")).json()["items"]
    before = await _delays(staffed)
    await staffed.forget()
    released = await staffed.client.post(f"/cases/{case['case']}/release", headers=staffed.token("westward"))
    assert released.status_code == 200
    assert (await staffed.names()).count("revoke-access") == 2
    assert await _delays(staffed) == before, "they waited for a person, who let them go"
    for item in ("g1", "gw"):
        await staffed.act(known[item]["revocation"], "confirm", file=PDF)
    assert await _open(staffed) == {"open": 0, "overdue": 0, "oldest_seconds": 0}


@pytest.mark.parametrize(
    ("lay_s", "leave", "delay"),
    [
        pytest.param(0.0, {}, 0.0, id="at once"),
        pytest.param(3 * HOUR, {"time": "Mon 06:00"}, 3 * HOUR, id="it lay in Kafka for three hours"),
        pytest.param(3 * HOUR, {"leave_at": "Mon 08:00"}, HOUR, id="and they left when it had lain for two"),
        pytest.param(HOUR, {"leave_at": "-1 Mon 09:00"}, HOUR, id="and they had left a week ago"),
        pytest.param(None, {}, 0.0, id="nobody knows how long it lay"),
    ],
)
async def test_the_delay_of_a_removal_counts_from_when_the_event_was_written(
    staffed: Landlord, lay_s: float | None, leave: dict[str, str], delay: float
) -> None:
    before = await _delays(staffed)
    await _apply(staffed, left("p2", **leave), 0 if lay_s is None else int((time.time() - lay_s) * 1000))
    count, total = await _delays(staffed)
    assert count - before[0] == 1
    assert total - before[1] == pytest.approx(delay, abs=30)


async def test_a_removal_that_is_held_for_the_last_administrators_sake_is_not_late(staffed: Landlord) -> None:
    await staffed.brought("grants", "grant,account,site,role", "gc2,ac,group,member")
    count, total = await _delays(staffed)
    await staffed.hear(left("c1"))
    assert await staffed.names() == ["revoke-access", "revocation-held", "leaver-processed"]
    assert await _delays(staffed) == (count + 1, total), "the other item was asked for at once"
    staffed.clock("Mon 12:00")
    await staffed.brought("people", "person,roles", "m1,communications")
    await staffed.brought("accounts", "account,person,network,kind", "am,m1,facebook,work")
    await staffed.forget()
    await staffed.brought("grants", "grant,account,site,role", "gm,am,page,admin")
    assert await staffed.names() == ["revoke-access"]
    assert await _delays(staffed) == (count + 1, total), "nobody was late: it had to wait"


async def test_a_leaver_whose_time_passed_unnoticed_is_late(staffed: Landlord) -> None:
    await staffed.hear(left("p2", leave_at="Mon 10:00"))
    count, total = await _delays(staffed)
    await staffed.reach("Mon 12:00")
    assert await _delays(staffed) == (count + 1, total + 2 * HOUR)


async def _delays(house: Landlord) -> tuple[float, float]:
    """How many were measured, and all of them together."""
    page = (await house.client.get("/metrics")).text
    name = "houserules_access_leaver_to_requested_seconds"
    count, total = (
        float(re.findall(rf'^{name}_{part}{{organisation="westward"}} (.+)$', page, re.MULTILINE)[0])
        for part in ("count", "sum")
    )
    return count, total


async def _apply(house: Landlord, event: Event, written_ms: int) -> None:
    """As the consumer does with a record that it has read."""
    async with house.bus.transaction() as tx:
        await positions.create(tx, {WHERE: Log(None, 0, 0)})
    subscription = Subscription("people", (WHERE.topic,), people(house.packs), frozenset({event.name}))
    portion = Portion(WHERE, 0, 1, (), [Record(event, *WHERE, 0, written_ms)])
    await Applier(house.bus).apply(Work(subscription, [portion]))


async def test_a_bug_in_measuring_does_not_make_what_is_committed_look_as_if_it_had_failed(
    staffed: Landlord, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(tx: Tx) -> None:
        raise ZeroDivisionError(f"of {tx.now}")

    await staffed.hear(left("p1"))
    known = await staffed.revocations()
    await staffed.forget()
    staffed.bus.measure = broken
    answer = await staffed.act(known["g1"]["revocation"], "confirm", file=PDF)
    assert answer.status_code == 200, answer.text
    assert await staffed.names() == ["revocation-claimed", "revocation-confirmed"]
    said = capsys.readouterr()
    assert "what was committed cannot be shown" in said.out + said.err
    assert "ZeroDivisionError at tests/integration/access/test_figures.py" in said.out + said.err
    assert f"of {at('Mon 09:00')}" not in said.out + said.err, "an exception's text may hold what an event held"
