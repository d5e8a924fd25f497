"""Answering in time, as pure rules: facts → fold → targets → what to tell. No I/O and no clock."""

from services.sla.domain.facts import BLOCKS, FACTS, Fact, History, Step, timeline
from services.sla.domain.fold import derive
from services.sla.domain.refold import Changes, ConversationRow, Key, TargetRow, refold
from services.sla.domain.target import Closing, Derived, Target, target_id
from services.sla.domain.verdict import SOURCE, Decision, Standing, advance

__all__ = [
    "BLOCKS",
    "FACTS",
    "SOURCE",
    "Changes",
    "Closing",
    "ConversationRow",
    "Decision",
    "Derived",
    "Fact",
    "History",
    "Key",
    "Standing",
    "Step",
    "Target",
    "TargetRow",
    "advance",
    "derive",
    "refold",
    "target_id",
    "timeline",
]
