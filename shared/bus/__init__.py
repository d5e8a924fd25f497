"""The message bus: CloudEvents over Kafka, positions, inbox, outbox and relay, dead letters."""

from shared.bus.codec import Wire, decode, encode
from shared.bus.consumer import Consumer
from shared.bus.errors import BusFault, KeyNotLocked, Permanent, StalePosition, TooLarge, Transient
from shared.bus.records import Batch, Record, Subscription
from shared.bus.relay import Relay
from shared.bus.resetting import reset_positions
from shared.bus.retention import forget_old_events
from shared.bus.topics import Topics, ensure_topics
from shared.bus.tx import Budget, Bus, Tx

__all__ = [
    "Batch",
    "Budget",
    "Bus",
    "BusFault",
    "Consumer",
    "KeyNotLocked",
    "Permanent",
    "Record",
    "Relay",
    "StalePosition",
    "Subscription",
    "TooLarge",
    "Topics",
    "Transient",
    "Tx",
    "Wire",
    "decode",
    "encode",
    "ensure_topics",
    "forget_old_events",
    "reset_positions",
]
