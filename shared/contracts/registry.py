"""Every event by its name: its topic, the class of its data, and the entity that it is keyed by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.contracts import access, consent, images, messages, people, sla
from shared.contracts.data import Data, Invalid, Undecodable, decode, encode

__all__ = [
    "CONTRACTS",
    "INBOUND",
    "TOPICS",
    "Contract",
    "Invalid",
    "Undecodable",
    "contract",
    "contract_of",
    "decode_data",
    "encode_data",
]

TOPICS = ("messages", "people", "images", "sla", "access", "consent")
"""The logical topics."""

INBOUND = ("people", "images")
"""Those that other systems write to as well, on a topic of their own for each organisation."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What is promised about the events of one name."""

    name: str
    topic: str
    data: type[Data]
    key: Callable[[Data, str], str]
    """(data, organisation) → the entity. On `people` and `images` it is the person or the image, whoever writes."""

    @property
    def type(self) -> str:
        """CloudEvents' `type`."""
        return f"houserules.{self.name}.v1"


def _contracts() -> Mapping[str, Contract]:
    modules = {
        "messages": messages.EVENTS,
        "people": people.EVENTS,
        "images": images.EVENTS,
        "sla": sla.EVENTS,
        "access": access.EVENTS,
        "consent": consent.EVENTS,
    }
    return MappingProxyType(
        {
            name: Contract(name, topic, shape, key)
            for topic, events in modules.items()
            for name, (shape, key) in events.items()
        }
    )


CONTRACTS: Mapping[str, Contract] = _contracts()

_BY_SHAPE: Mapping[type[Data], Contract] = MappingProxyType({each.data: each for each in CONTRACTS.values()})


def contract(name: str) -> Contract | None:
    """The contract of a name without prefix and version; None for a name that is not ours."""
    return CONTRACTS.get(name)


def contract_of(shape: type[Data]) -> Contract:
    """The contract whose data has this class. Raises KeyError."""
    return _BY_SHAPE[shape]


def encode_data(data: Data) -> bytes:
    """An event's data as JSON. Raises Invalid for what a reader would refuse."""
    return encode(data)


def decode_data(name: str, raw: bytes) -> Data:
    """The data of an event of this name. Raises Undecodable, Invalid, or KeyError for a name that is not ours."""
    return decode(CONTRACTS[name].data, raw)
