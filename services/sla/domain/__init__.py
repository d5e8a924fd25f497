"""Answering in time, as pure rules: facts → fold → targets → what to tell. No I/O and no clock."""

from services.sla.domain.facts import BLOCKS, FACTS, Fact, History, Step, timeline
from services.sla.domain.fold import derive
from services.sla.domain.refold import Changes, ConversationRow, Key, TargetRow, refold
from services.sla.domain.report import BREAKDOWNS, Cell, Figures, Report, report
from services.sla.domain.target import Closing, Derived, Target, target_id
from services.sla.domain.verdict import SOURCE, Decision, Standing, advance

__all__ = [
    "BLOCKS",
    "BREAKDOWNS",
    "FACTS",
    "SOURCE",
    "Cell",
    "Changes",
    "Closing",
    "ConversationRow",
    "Decision",
    "Derived",
    "Fact",
    "Figures",
    "History",
    "Key",
    "Report",
    "Standing",
    "Step",
    "Target",
    "TargetRow",
    "advance",
    "derive",
    "refold",
    "report",
    "target_id",
    "timeline",
]
