"""From HR's `staff-left` to the last `revoke-access` on Kafka: the running access service, and its relay alone."""

import hashlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from shared.bus.outbox import OutboxRow
from shared.contracts.event import event_of
from shared.contracts.people import StaffJoined
from tests.bench.contest import Column, Contestant, Goal, Measured, Rows, Wrong
from tests.bench.harness import Scenario
from tests.bench.installation import Installation, eventually, opened, whole_topic

__all__ = ["Leavers"]

LEAVE = "tests.bench.leavers.hr:leave"
RELAY = "relay alone"
MOST = 10_000


def leaver(grants: int) -> Contestant:
    """Somebody with so many grants."""
    return Contestant(
        name=f"{grants:,} grants" if grants > 1 else "1 grant",
        what=f"access (`worker`): a leaver with {grants:,} grants on as many sites",
        run=LEAVE,
        settings="as shipped",
        share=grants / MOST,
        quick=grants == MOST,
    )


class Leavers(Scenario):
    """See the module."""

    name = "leavers"
    title = "A leaver's revocations"
    work = (
        "From HR's `staff-left` on its topic, not yet sent, to the last `revoke-access` in a reader's hand: read, decide, "
        "commit every revocation in one transaction, relay. They have one key, and so go to one partition in order. "
        "The relay alone sends the same records from the commit on, in a process that does nothing else."
    )
    unit = "grants"
    size = MOST
    quick_size = MOST
    contestants: ClassVar = (
        leaver(1),
        leaver(100),
        leaver(MOST),
        Contestant(
            name=RELAY, what="the records of the largest leaver, committed to an outbox at once", settings="as shipped",
            run="tests.bench.leavers.hr:relay",
        ),
    )  # fmt: skip
    goals: ClassVar = (
        Goal(text="10,000 grants, of the relay's own rate for the same records", of="10,000 grants", to=RELAY,
             at_least=0.5),
        Goal(text="peak memory of the service, MiB", of="10,000 grants", figure="peak_mib", at_most=250, gated=True),
    )  # fmt: skip
    columns: ClassVar = (
        Column("first_ms", "first ms", ",.0f"),
        Column("last_ms", "last ms", ",.0f"),
    )

    async def open(self) -> None:
        """One access service, and one relay on a database of its own."""
        self.stack = AsyncExitStack()
        self.leavers = 0
        self.access = await self._installation("leavers.")
        self.relay = await self._installation("leavers-relay.")
        self.working = self.access.start("worker")
        self.relaying = self.relay.start("relay", module="tests.bench.leavers.relaying")
        await self.working.ready()
        await eventually(self._listens, "the relay listens")

    async def _installation(self, prefix: str) -> Installation:
        database = await self.servers.database("access")
        place = self.servers.place
        return await self.stack.enter_async_context(opened("access", database, self.servers.bootstrap, prefix, place))

    async def _listens(self) -> bool:
        """It leads: its session holds the relay's advisory lock."""
        return bool(
            await self.relay.count(
                "select count(*) from pg_locks where locktype = 'advisory' and granted "
                "and database = (select oid from pg_database where datname = current_database())"
            )
        )

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Somebody who has so many grants; or, for the relay, the records of the one who had the most."""
        shared = {"bootstrap": self.servers.bootstrap, "partitions": self.access.topics.partitions}
        if contestant.name == RELAY:
            return shared | {
                "pid": self.relaying.process.pid,
                "database": self.relay.databases.app_url,
                "access": self.relay.topics.shared("access"),
                "file": str(await self._records(count)),
            }
        self.leavers += 1
        person = f"leaver-{self.leavers}"
        await self._employ(person)
        await self._grant(person, count)
        return shared | {
            "pid": self.working.process.pid,
            "person": person,
            "people": self.access.topics.inbound("westward", "people"),
            "access": self.access.topics.shared("access"),
        }

    async def _employ(self, person: str) -> None:
        joined = event_of(
            StaffJoined(person=person, stint="s1", starts_on=date(2024, 1, 8)),
            id=f"joined-{person}",
            source="/westward/hr",
            organisation="westward",
            time=datetime.now(UTC) - timedelta(days=30),
        )
        await self.access.write(self.access.topics.inbound("westward", "people"), [joined])

        async def known() -> bool:
            return bool(await self.access.count("select count(*) from stints where person = $1", person))

        await eventually(known, f"{person} works here")

    async def _grant(self, person: str, count: int) -> None:
        """An editor's grant on each of as many pages, by COPY."""
        rows, since = self.access.rows, datetime.now(UTC) - timedelta(days=20)
        account = [("westward", f"{person}-account", person, "facebook", "work")]
        sites = [("westward", f"{person}-{n}", "facebook", "page", "live") for n in range(count)]
        grants = [
            ("westward", f"{person}-{n}", f"{person}-account", f"{person}-{n}", "editor", since) for n in range(count)
        ]
        for table, records, columns in (
            ("accounts", account, ("organisation", "account", "person", "network", "kind")),
            ("sites", sites, ("organisation", "site", "network", "kind", "state")),
            ("grants", grants, ("organisation", "grant", "account", "site", "role", "since")),
        ):
            await rows.copy_records_to_table(table, records=records, columns=columns)
        await rows.execute("analyze accounts, sites, grants")

    async def _records(self, count: int) -> Any:
        """The last `count` revocations as they are on Kafka, in a file of the outbox's rows."""
        topic = self.access.topics.shared("access")
        records = [
            one
            for one in await whole_topic(self.servers.bootstrap, topic, self.access.topics.partitions)
            if _revokes(one)
        ]
        mine = f"leaver-{self.leavers}".encode()
        rows = [
            OutboxRow("westward", topic, one.key, list(one.headers), one.value) for one in records if one.key == mine
        ]
        assert len(rows) == count, (len(rows), count)
        file = self.servers.place / "leavers.rows"
        file.write_bytes(msgspec.msgpack.encode(rows))
        return file

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Every grant has its revocation, and it was asked for; the relay's are on its topic, and its outbox is empty."""
        if contestant.name == RELAY:
            records = await whole_topic(self.servers.bootstrap, given["access"], given["partitions"])
            mine = [msgspec.json.decode(one.value)["grant"] for one in records[-count:] if _revokes(one)]
            left = await self.relay.count("select count(*) from outbox")
        else:
            person = given["person"]
            found = await self.access.rows.fetch(
                "select \"grant\" from revocations where person = $1 and state in ('requested', 'dispatched', 'assigned')",
                person,
            )
            mine = [row["grant"] for row in found]
            left = await self.access.count("select count(*) from outbox")
        if len(set(mine)) != count or left:
            raise Wrong(f"{contestant.name}: {len(set(mine))} of {count} revocations, {left} rows not sent")
        numbers = sorted(int(grant.rpartition("-")[2]) for grant in mine)
        return Rows(len(mine), hashlib.sha256(str(numbers).encode()).hexdigest()[:12])

    async def close(self) -> None:
        """Stop both."""
        await self.stack.aclose()


def _revokes(record: Any) -> bool:
    return bool(dict(record.headers)["ce_type"] == b"houserules.revoke-access.v1")
