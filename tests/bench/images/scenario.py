"""From `image-uploaded` on the library's topic to the decision on Kafka: the running consent service."""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.bench.contest import Column, Contestant, Goal, Measured, Rows, Wrong
from tests.bench.harness import Scenario
from tests.bench.installation import opened

__all__ = ["Images"]

RATE = 50.0
"""Uploads a second where times are taken."""


def shown(name: str, people: int, uses: int) -> Contestant:
    """Images that show so many people in so many uses."""
    return Contestant(
        name=name,
        what=f"consent (`worker`): {people} unsigned {'tenant' if people == 1 else 'tenants'}, {uses} "
        f"{'use' if uses == 1 else 'uses'} an image",
        run="tests.bench.images.library:upload",
        settings="as shipped",
        given={"people": people, "uses": uses},
    )


class Images(Scenario):
    """See the module."""

    name = "images"
    title = "An image's decision"
    work = (
        "From `image-uploaded` on the library's topic to `consent-missing` in a reader's hand: read, judge, commit the "
        "decision with what it rests on, relay. The rate is of a backlog that was written while the service could not "
        f"commit, from its release on; p50 and p99 of {RATE:g} uploads a second, from the moment of the scheduled upload."
    )
    unit = "images"
    size = 1_500
    quick_size = 400
    contestants: ClassVar = (shown("one person", 1, 1), shown("ten people", 10, 3))
    goals: ClassVar = (
        Goal(text="peak memory of the service, MiB", of="ten people", figure="peak_mib", at_most=250, gated=True),
    )
    columns: ClassVar = (Column("p50_ms", "p50 ms", ".0f"), Column("p99_ms", "p99 ms", ".0f"))

    async def open(self) -> None:
        """One consent service."""
        self.uploads = 0
        database = await self.servers.database("consent")
        self.consent = await self.stack.enter_async_context(
            opened("consent", database, self.servers.bootstrap, "images.", self.servers.place)
        )
        folders = {name: self.servers.place / name.lower() for name in ("FORMS", "KEYS")}
        for folder in folders.values():
            folder.mkdir()
        extra = {f"CONSENT_{name}": str(folder) for name, folder in folders.items()}
        self.working = self.consent.start("worker", extra=extra)
        await self.working.ready()

    async def arrange(self, contestant: Contestant, count: int) -> dict[str, Any]:
        """Images with names of their own."""
        self.uploads += 1
        topics = self.consent.topics
        return {
            "pid": self.working.process.pid,
            "name": f"image-{self.uploads}",
            "scheduled": max(100, count // 10),
            "rate": RATE,
            "bootstrap": self.servers.bootstrap,
            "database": self.consent.databases.owner_url,
            "images": topics.inbound("westward", "images"),
            "consent": topics.shared("consent"),
            "partitions": topics.partitions,
        }

    async def check(self, contestant: Contestant, count: int, given: Mapping[str, Any], measured: Measured) -> Rows:
        """Each image has one decision, by which it is not to be shown, with a finding for everybody in every use."""
        found = await self.consent.rows.fetch(
            "select image, jsonb_array_length(findings) as findings from decisions where starts_with(image, $1) "
            "and outcome = 'block'",
            f"{given['name']}-",
        )
        wanted = count + given["scheduled"]
        findings = given["people"] * given["uses"]
        if len(found) != wanted or any(row["findings"] < findings for row in found):
            raise Wrong(f"{contestant.name}: {len(found)} of {wanted} images were decided as they should be")
        numbers = sorted(row["image"].removeprefix(given["name"]) for row in found)
        return Rows(len(found), hashlib.sha256("\n".join(numbers).encode()).hexdigest()[:12])
