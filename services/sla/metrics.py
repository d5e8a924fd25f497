"""What sla counts and measures. Policy time, in which deadlines are."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
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
OF_WHOM = attrgetter("organisation", "name")


def measure(instruments: Instruments, heard: Sequence[Heard], said: Sequence[Event], now: datetime) -> None:
    """Delays of what one transaction applied and emitted.

    A breach told together with its start is not measured: its message came after it was due, and no timer was late.
    """
    waited: dict[str, list[timedelta]] = defaultdict(list)
    for one in heard:
        data = one.event.data
        if isinstance(data, MessageReceived):
            waited[one.event.organisation].append(now - data.received_at)
    for organisation, delays in waited.items():
        instruments.observe_all("message_to_clock_seconds", organisation, values=_seconds(delays))
    told = Counter(map(OF_WHOM, said))
    for (organisation, name), count in told.items():
        if name in VERDICTS:
            instruments.add("verdicts", organisation, VERDICTS[name], by=count)
    if any(name == "sla-breach" for _, name in told):
        for organisation, delays in _noticed(said).items():
            instruments.observe_all("breach_detection_seconds", organisation, values=_seconds(delays))


def _noticed(said: Sequence[Event]) -> Mapping[str, list[timedelta]]:
    """How long breaches had been due when they were noticed, by organisation."""
    started = {event.data.target for event in said if isinstance(event.data, SlaStarted)}
    delays: dict[str, list[timedelta]] = defaultdict(list)
    for event in said:
        data = event.data
        if isinstance(data, SlaBreach) and data.target not in started:
            delays[event.organisation].append(data.noticed_at - data.due_at)
    return delays


def _seconds(delays: Sequence[timedelta]) -> list[float]:
    """What comes before its time is not late."""
    return [max(0.0, delay.total_seconds()) for delay in delays]


FIGURES = Figures("houserules_sla_", SLA, SAMPLES, TIMERS, measure)
