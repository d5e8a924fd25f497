"""Figures that come from the database: right, cheap, and honest about an outage."""

import asyncio
import time

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.platform.db import sql
from tests.integration.observe.conftest import Study

TARGET = """
    insert into targets (organisation, target, conversation, kind, message, message_kind, site, cycle, started_at,
                         due_at, warn_at, policy, observe, clauses, story, state, revision, closing)
    select $1, gen_random_uuid(), 'c' || n, 'response', 'm' || n, 'query', 's', 1, now() - interval '2 days',
           now() + cast(cast($2 as text) as interval), '{}', 'p', false, '{}', 's', 'open', 1, $3
    from generate_series(1, $4) as n
"""
LATE = """
    insert into conversations (organisation, conversation, next_at) values ('wheatley', 'a', now() - interval '1 min')
"""
READ_AT, FAILED = "houserules_sampled_timestamp_seconds", "houserules_samples_failed_total"
FAILING = "houserules_samples_failing"
TIMERS = "houserules_timer_late_seconds"
OPEN, OVERDUE = "houserules_sla_targets_open", "houserules_sla_targets_overdue"


async def test_a_gauge_follows_its_rows_for_each_landlord_and_is_nought_without(study: Study) -> None:
    assert [await study.value(OPEN, organisation=o) for o in ("westward", "wheatley")] == [0, 0]
    await study.owner.execute(TARGET, "westward", "1 hour", None, 3)
    await study.owner.execute(TARGET, "westward", "-1 hour", None, 2)
    await study.owner.execute(TARGET, "westward", "-1 hour", "met", 7)
    assert await study.value(OPEN, organisation="westward") == 5
    assert await study.value(OVERDUE, organisation="westward") == 2
    oldest = await study.value("houserules_sla_targets_overdue_oldest_seconds", organisation="westward")
    assert oldest == pytest.approx(3600, abs=30)
    assert await study.value(OPEN, organisation="wheatley") == 0
    await study.owner.execute("delete from targets")
    assert await study.value(OPEN, organisation="westward") == 0


async def test_the_outbox_dead_letters_and_drift_are_seen(study: Study) -> None:
    assert await study.value("houserules_bus_outbox_rows") == 0
    await study.owner.execute(
        "insert into outbox (organisation, topic, headers, created_at) "
        "select 'westward', 't', '', now() - interval '90 seconds' from generate_series(1, 4)"
    )
    assert await study.value("houserules_bus_outbox_rows") == 4
    assert await study.value("houserules_bus_outbox_age_seconds") == pytest.approx(90, abs=10)
    await study.owner.execute(
        "insert into dead_letters (id, consumer_group, topic, partition, log_offset, log_timestamp, code, error_class, "
        "message, headers, at) values ('1', 'g', 't', 0, 0, now(), 'invalid', 'Permanent', 'm', '', now() - interval '1 h')"
    )
    labels = {"organisation": "", "topic": "t", "code": "invalid"}
    assert await study.value("houserules_bus_dead_letters_open", **labels) == 1
    assert await study.value("houserules_bus_dead_letters_oldest_seconds", **labels) == pytest.approx(3600, abs=30)
    await study.owner.execute("update dead_letters set state = 'closed'")
    assert await study.value("houserules_bus_dead_letters_open", **labels) is None
    await study.owner.execute("alter table positions drop constraint positions_conserve")
    await study.owner.execute(
        "insert into positions (topic, partition, first_offset, next_offset, applied) values ('t', 0, 5, 9, 1)"
    )
    assert await study.value("houserules_bus_drift_records") == 3


async def test_a_timer_that_is_late_is_seen(study: Study) -> None:
    assert await study.value("houserules_timer_late_seconds", organisation="wheatley") == 0
    await study.owner.execute(
        "insert into conversations (organisation, conversation, next_at) values "
        "('wheatley', 'a', now() - interval '1 min'), ('wheatley', 'b', now() + interval '1 min')"
    )
    assert await study.value("houserules_timer_late_seconds", organisation="wheatley") == pytest.approx(60, abs=20)


@pytest.mark.long  # how long a machine takes is no property of the code alone
async def test_a_hundred_thousand_open_targets_are_counted_within_a_tenth_of_a_second(study: Study) -> None:
    await study.owner.execute(TARGET, "westward", "1 hour", None, 100_000)
    await study.owner.execute("vacuum analyze targets")
    assert await study.value(OPEN, organisation="westward") == 100_000
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        await study.sampler.sample()
        best = min(best, time.perf_counter() - began)
    assert best < 0.1


async def test_without_the_database_the_figures_stand_still_and_say_since_when(study: Study) -> None:
    stop = asyncio.Event()
    await study.owner.execute(TARGET, "westward", "1 hour", None, 3)
    assert await study.value(OPEN, organisation="westward") == 3
    read_at = study.registry.get_sample_value(READ_AT)
    study.database.engine.pool._timeout = 0.1  # type: ignore[attr-defined] # not to wait for five seconds
    async with study.database.begin(), study.database.begin():
        running = asyncio.create_task(study.sampler.run(stop))
        await asyncio.sleep(0.5)
        assert study.registry.get_sample_value(FAILED) == 1, "one is enough to know"
        assert study.registry.get_sample_value(READ_AT) == read_at
        assert study.registry.get_sample_value(OPEN, {"organisation": "westward"}) == 3
        assert not running.done()
        stop.set()
        await running


async def test_a_query_that_is_too_slow_leaves_its_gauges_and_no_others(study: Study) -> None:
    assert await study.value(OPEN, organisation="westward") == 0
    began = time.time()
    async with study.owner.transaction():
        await study.owner.execute(TARGET, "westward", "1 hour", None, 3)
        await study.owner.execute("lock table targets in access exclusive mode")
        async with study.database.begin() as connection:
            await connection.execute(sql(LATE))
        assert await study.value(TIMERS, organisation="wheatley") == pytest.approx(60, abs=20)
        assert study.registry.get_sample_value(OPEN, {"organisation": "westward"}) == 0
    assert study.registry.get_sample_value(FAILED) == 1
    assert (study.registry.get_sample_value(READ_AT) or 0) >= began
    assert study.registry.get_sample_value(FAILING) == 1, "the time alone would say that all was read"
    assert await study.value(OPEN, organisation="westward") == 3
    assert study.registry.get_sample_value(FAILING) == 0


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("alter table targets rename due_at to due", "alter table targets rename due to due_at"),
        ("alter table targets rename to aims", "alter table aims rename to targets"),
        ("revoke select on targets from public, {role}", "grant select on targets to {role}"),
    ],
    ids=["a column", "a table", "a right"],
)
async def test_what_a_migration_takes_away_leaves_its_gauges_and_the_process(
    study: Study, broken: str, mended: str
) -> None:
    (known,) = await study.database.fetch("select current_user as role")
    role = known.role
    stop = asyncio.Event()
    assert await study.value(OPEN, organisation="westward") == 0
    await study.owner.execute(TARGET, "westward", "1 hour", None, 3)
    await study.owner.execute(LATE)
    await study.owner.execute(broken.format(role=role))
    running = asyncio.create_task(study.sampler.run(stop))
    await asyncio.sleep(0.5)
    assert not running.done()
    stop.set()
    await running
    assert study.registry.get_sample_value(FAILED) == 1
    assert study.registry.get_sample_value(OPEN, {"organisation": "westward"}) == 0
    assert study.registry.get_sample_value(TIMERS, {"organisation": "wheatley"}) == pytest.approx(60, abs=20)
    assert study.registry.get_sample_value(FAILING) == 1
    await study.owner.execute(mended.format(role=role))
    assert await study.value(OPEN, organisation="westward") == 3
    assert study.registry.get_sample_value(FAILING) == 0


async def test_waiting_for_the_pool_is_measured(study: Study) -> None:
    count = "houserules_pool_wait_seconds_count"
    before = study.registry.get_sample_value(count) or 0
    study.database.engine.pool._timeout = 0.3  # type: ignore[attr-defined] # not to wait for five seconds
    async with study.database.begin(), study.database.begin():
        with pytest.raises(PoolTimeout):
            await study.database.fetch("select 1")
    assert study.registry.get_sample_value(count) == before + 2
    assert study.registry.get_sample_value("houserules_pool_timeouts_total") == 1
    assert study.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # every pool of ours has it
