"""Every statement of the service. Locks go authors first, then conversations, each in sorted order."""

from services.sla.store.journal import Journal, add, histories
from services.sla.store.locks import claim_due, lock_authors, lock_conversations, put_off, waits_for_time
from services.sla.store.reports import Wanted, count_cells, list_started
from services.sla.store.targets import count_waiting, list_targets, save, standing_of, state_of, told

__all__ = [
    "Journal",
    "Wanted",
    "add",
    "claim_due",
    "count_cells",
    "count_waiting",
    "histories",
    "list_started",
    "list_targets",
    "lock_authors",
    "lock_conversations",
    "put_off",
    "save",
    "standing_of",
    "state_of",
    "told",
    "waits_for_time",
]
