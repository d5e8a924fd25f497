"""Sources that an installation names in a file: there from the start, and changed by changing the file."""

from pathlib import Path

import msgspec

from services.intake.domain.secrets import good_secret
from services.intake.store import sources
from services.intake.store.sources import Source
from shared.bus.tx import Tx

__all__ = ["SourcesFault", "read_file", "register"]


class SourcesFault(Exception):
    """The file cannot be used; the text says why and holds no secret."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    organisation: str
    network: str = "standard"
    accounts: list[str] = []
    secrets: list[str]


def read_file(path: Path, organisations: frozenset[str]) -> list[Source]:
    """The sources of a file: [{source, organisation, network, accounts, secrets}]. Raises SourcesFault."""
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[_Entry])
    except OSError as error:
        raise SourcesFault(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError:
        raise SourcesFault(f"{path}: is not a list of {{source, organisation, network, accounts, secrets}}") from None
    for entry in entries:
        if entry.organisation not in organisations:
            raise SourcesFault(f"{path}: source {entry.source} is of {entry.organisation}, which has no policy pack")
        if entry.network == "standard" and not all(good_secret(secret) for secret in entry.secrets):
            raise SourcesFault(f"{path}: source {entry.source} has a secret that is not base64 of 24 bytes or more")
    return [
        Source(
            organisation=entry.organisation,
            source=entry.source,
            network=entry.network,
            accounts=tuple(entry.accounts),
            secrets=tuple(entry.secrets),
        )
        for entry in entries
    ]


async def register(tx: Tx, wanted: list[Source]) -> None:
    """Make the sources that are missing and change those that differ."""
    for source in sorted(wanted, key=lambda one: (one.organisation, one.source)):
        known = await sources.find(tx, source.organisation, source.source)
        if known is None or (known.network, known.accounts, known.secrets) != (
            source.network,
            source.accounts,
            source.secrets,
        ):
            await sources.put(tx, source)
