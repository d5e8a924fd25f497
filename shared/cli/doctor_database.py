"""What `houserules doctor` asks a service's database, as the app role that the service works as."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.cli import doctor_verdicts as verdicts
from shared.cli.doctor_finding import Finding, bad
from shared.cli.doctor_place import Place
from shared.cli.doctor_verdicts import Rights

if TYPE_CHECKING:
    from shared.platform.db import Database

__all__ = ["Examined", "Positions", "examine", "positions", "relay"]

Positions = dict[tuple[str, int], int]
"""Topic and partition to the offset that is read next."""

RIGHTS = """
    select current_user as role, r.rolsuper, r.rolcreaterole or r.rolcreatedb as creates,
           has_schema_privilege('public', 'create')
               or has_database_privilege(current_database(), 'create') as tables,
           (select count(*) from pg_class c where c.relowner = r.oid and c.relkind = 'r') as owns,
           array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
                 where m.member = r.oid order by 1) as groups,
           array(select d.datname::text from pg_database d
                 where d.datallowconn and d.datname <> current_database()
                   and has_database_privilege(d.datname, 'connect') order by 1) as enters
    from pg_roles r where r.rolname = current_user
"""
OUTBOX = """
    select count(*) as rows, coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as age,
           (select count(*) from outbox_refused) as refused
    from outbox
"""
LETTERS = "select code, count(*) as letters, min(at) as oldest from dead_letters where state = 'open' group by code"
LEADERS = """
    select coalesce(nullif(a.application_name, ''), 'process ' || l.pid) as name
    from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2
      and l.classid::bigint = :space and l.objid::bigint = :number
      and l.database = (select oid from pg_database where datname = current_database())
"""
POSITIONS = "select topic, partition, next_offset from positions"
ELECTION_S = 5.0
"""When a process that led the relay ends, another one takes its lock within a second or two."""
AGAIN_S = 1.0
KNOWN = "select exists (select from information_schema.tables where table_name = 'alembic_version') as there"


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, and the positions where the database could be read."""

    findings: list[Finding]
    positions: Positions | None = None


async def examine(service: str, url: str, place: Place, *, up: bool) -> Examined:
    """Clock, migrations, role, outbox, relay, dead letters, positions. A database that is away is one finding."""
    from sqlalchemy.exc import SQLAlchemyError

    from shared.platform.db import Database, is_outage

    database = Database(url, application_name="houserules-doctor", pool_size=2)
    try:
        return await _examine(service, database, place, up)
    except Exception as error:
        if not (is_outage(error) or isinstance(error, SQLAlchemyError)):
            raise
        reason = type(error.__cause__ or error).__name__
        return Examined([bad("database", service, f"does not answer ({reason})", place.start("postgres", url))])
    finally:
        await database.close()


async def _examine(service: str, database: "Database", place: Place, up: bool) -> Examined:
    from shared.platform.revisions import head

    before = datetime.now(UTC)
    theirs: datetime = (await database.fetch("select clock_timestamp()"))[0][0]
    after = datetime.now(UTC)
    seconds = min(0.0, (theirs - before).total_seconds()) + max(0.0, (theirs - after).total_seconds())
    findings = [verdicts.skew(service, seconds)]
    current = None
    if (await database.fetch(KNOWN))[0].there:
        rows = await database.fetch("select version_num from alembic_version")
        current = rows[0].version_num if rows else None
    migrated = verdicts.migrations(service, current, head(service), place.migrate(service))
    findings += [migrated, await _rights(service, database)]
    if current is None:
        return Examined(findings)
    findings += [await _outbox(service, database), await relay(service, database, up)]
    findings.append(await _letters(service, database))
    return Examined(findings, await _positions(database))


async def positions(url: str) -> Positions | None:
    """The stored positions once more; None when the database does not say."""
    from sqlalchemy.exc import SQLAlchemyError

    from shared.platform.db import Database

    database = Database(url, application_name="houserules-doctor", pool_size=2)
    try:
        return await _positions(database)
    except (OSError, SQLAlchemyError):
        return None
    finally:
        await database.close()


async def _positions(database: "Database") -> Positions:
    return {(row.topic, row.partition): row.next_offset for row in await database.fetch(POSITIONS)}


async def _rights(service: str, database: "Database") -> Finding:
    (row,) = await database.fetch(RIGHTS)
    return verdicts.rights(
        service, Rights(row.role, row.rolsuper, row.creates, row.tables, row.owns, tuple(row.groups), tuple(row.enters))
    )


async def _outbox(service: str, database: "Database") -> Finding:
    (row,) = await database.fetch(OUTBOX)
    return verdicts.outbox(service, row.rows, row.age, row.refused)


async def relay(service: str, database: "Database", up: bool) -> Finding:
    """Who leads; where nobody does, looked at again for as long as an election may take."""
    from shared.bus.relay import LOCK

    end = asyncio.get_running_loop().time() + (ELECTION_S if up else 0)
    while not (rows := await database.fetch(LEADERS, space=LOCK[0], number=LOCK[1])):
        if asyncio.get_running_loop().time() >= end:
            break
        await asyncio.sleep(AGAIN_S)
    return verdicts.relay(service, [row.name for row in rows], up=up)


async def _letters(service: str, database: "Database") -> Finding:
    rows = await database.fetch(LETTERS)
    oldest = min((row.oldest for row in rows), default=None)
    when = oldest.strftime("%Y-%m-%d %H:%M UTC") if oldest else None
    return verdicts.dead_letters(service, {row.code: row.letters for row in rows}, when)
