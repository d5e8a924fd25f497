"""What sla counts and measures. Policy time, in which deadlines are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from shared.contracts import Event
from shared.contracts.messages import MessageReceived
from shared.contracts.sla import SlaBreach, SlaStarted
from shared.platform.figures import Figures, Heard, Sample
from shared.platform.metrics import DELAYS, Instruments, Metric

__all__ = ["FIGURES", "measure"]

SLA = (
    Metric("targets_open", "gauge", ("organisation",), "targets that wait for an answer"),
    Metric(
        "targets_overdue", "gauge", ("organisation",), "of these, those whose due time has passed: a promise broken"
    ),
    Metric(
        "targets_overdue_oldest_seconds",
        "gauge",
        ("organisation",),
        "how long ago the first of these was due, by the wall",
    ),
    Metric(
        "verdicts",
        "counter",
        ("organisation", "verdict"),
        "what was told of targets: started, warned, met, breached, answered-late, retracted",
        values=("started", "warned", "met", "breached", "answered-late", "retracted"),
    ),
    Metric(
        "message_to_clock_seconds",
        "histogram",
        ("organisation",),
        "from a message's receipt at the door until its target was told",
        DELAYS,
    ),
    Metric(
        "breach_detection_seconds",
        "histogram",
        ("organisation",),
        "from a target's due time until its breach was noticed, for targets whose clock ran before it was due",
        DELAYS,
    ),
)

SAMPLES = (
    Sample(
        """
        select organisation, count(*) as targets_open, count(*) filter (where due_at < :now) as targets_overdue,
               coalesce(extract(epoch from cast(:now as timestamptz) - min(due_at) filter (where due_at < :now)), 0)
                   as targets_overdue_oldest_seconds
        from targets where closing is null group by organisation
        """,
        labels=("organisation",),
        metrics=("targets_open", "targets_overdue", "targets_overdue_oldest_seconds"),
    ),
)

TIMERS = """
    select organisation, extract(epoch from cast(:now as timestamptz) - min(next_at)) as timer_late_seconds
    from conversations where next_at < :now group by organisation
"""

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "sla-started": "started",
        "sla-warning": "warned",
        "sla-met": "met",
        "sla-breach": "breached",
        "sla-late-answer": "answered-late",
        "sla-breach-retracted": "retracted",
    }
)


def measure(instruments: Instruments, heard: Sequence[Heard], said: Sequence[Event], now: datetime) -> None:
    """Delays of what one transaction applied and emitted.

    A breach told together with its start is not measured: its message came after it was due, and no timer was late.
    """
    for event in (one.event for one in heard):
        if isinstance(event.data, MessageReceived):
            delay = (now - event.data.received_at).total_seconds()
            instruments.observe("message_to_clock_seconds", event.organisation, value=max(0.0, delay))
    started = {event.data.target for event in said if isinstance(event.data, SlaStarted)}
    verdicts = Counter((event.organisation, event.name) for event in said if event.name in VERDICTS)
    for (organisation, name), count in verdicts.items():
        instruments.add("verdicts", organisation, VERDICTS[name], by=count)
    for event in said:
        data = event.data
        if isinstance(data, SlaBreach) and data.target not in started:
            delay = (data.noticed_at - data.due_at).total_seconds()
            instruments.observe("breach_detection_seconds", event.organisation, value=max(0.0, delay))


FIGURES = Figures("houserules_sla_", SLA, SAMPLES, TIMERS, measure)
