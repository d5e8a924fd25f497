"""What consent counts and measures. Policy time, in which consents end and takedowns fall due."""

from collections.abc import Sequence
from datetime import datetime

from shared.contracts import Event
from shared.contracts.consent import ConsentMissing, ConsentSatisfied
from shared.platform.figures import Figures, Heard, Sample
from shared.platform.metrics import Instruments, Metric

__all__ = ["FIGURES", "measure"]

CONSENT = (
    Metric("takedowns_open", "gauge", ("organisation",), "uses of images that are to come down and have not"),
    Metric("takedowns_overdue", "gauge", ("organisation",), "of these, those past their deadline: a promise broken"),
    Metric("takedowns_oldest_seconds", "gauge", ("organisation",), "how long the oldest of them is wanted"),
    Metric("images_blocked", "gauge", ("organisation",), "images whose content in force lacks a consent or a check"),
    Metric(
        "decisions",
        "counter",
        ("organisation", "decision"),
        "decisions on images that were told: permit, review or block; a repeated one is not",
        values=("permit", "review", "block"),
    ),
)

SAMPLES = (
    Sample(
        """
        select organisation, count(*) as takedowns_open, count(*) filter (where deadline < :now) as takedowns_overdue,
               coalesce(extract(epoch from cast(:now as timestamptz) - min(requested_at)), 0)
                   as takedowns_oldest_seconds
        from takedowns where state in ('requested', 'claimed') group by organisation
        """,
        labels=("organisation",),
        metrics=("takedowns_open", "takedowns_overdue", "takedowns_oldest_seconds"),
    ),
    Sample(
        """
        select i.organisation, count(*) as images_blocked
        from images i
        join versions v on v.organisation = i.organisation and v.image = i.image and v.content_hash = i.content_hash
        where not i.deleted and v.told <> '[]'
        group by i.organisation
        """,
        labels=("organisation",),
        metrics=("images_blocked",),
    ),
)

TIMERS = """
    select organisation, extract(epoch from cast(:now as timestamptz) - min(next_at)) as timer_late_seconds
    from (
        select organisation, min(next_at) as next_at from subjects where next_at < :now group by organisation
        union all
        select organisation, min(next_at) from images where next_at < :now group by organisation
    ) as due
    group by organisation
"""


def measure(instruments: Instruments, heard: Sequence[Heard], said: Sequence[Event], now: datetime) -> None:
    """Count what was decided on images."""
    for event in said:
        data = event.data
        if isinstance(data, ConsentMissing):
            instruments.add("decisions", event.organisation, data.decision)
        elif isinstance(data, ConsentSatisfied):
            instruments.add("decisions", event.organisation, "permit")


FIGURES = Figures("houserules_consent_", CONSENT, SAMPLES, TIMERS, measure)
