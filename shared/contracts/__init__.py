"""Every event that travels: its name, topic, key and data, and how it is written and read.

One module per topic; `asyncapi.yaml` and `schemas/` are generated from them (`python -m shared.contracts.generate`).
"""

from shared.contracts.event import Data, Event, event_of
from shared.contracts.registry import (
    CONTRACTS,
    INBOUND,
    TOPICS,
    Contract,
    Invalid,
    Undecodable,
    contract,
    contract_of,
    decode_data,
    encode_data,
)

__all__ = [
    "CONTRACTS",
    "INBOUND",
    "TOPICS",
    "Contract",
    "Data",
    "Event",
    "Invalid",
    "Undecodable",
    "contract",
    "contract_of",
    "decode_data",
    "encode_data",
    "event_of",
]
