"""What access counts and measures. Policy time, in which somebody leaves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from shared.contracts import Event
from shared.contracts.access import LeaverProcessed, RevocationConfirmed, RevokeAccess
from shared.platform.figures import Figures, Heard, Sample
from shared.platform.metrics import DELAYS, Instruments, Metric

__all__ = ["FIGURES", "measure"]

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
NOTHING = timedelta()
REQUEST = attrgetter(
    "organisation", "data.person", "data.stint", "causation_id", "data.known_at", "data.leave_at"
)  # fmt: skip
"""All that the delay of a removal follows from: one leaver's are alike, however many."""
LEAVING = (MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY)

ACCESS = (
    Metric(
        "revocations_open",
        "gauge",
        ("organisation",),
        "access that is to go now and is not known to be gone, as access's pages count it: also that of leavers who are held "
        "as too many left at once, and not what is waived",
    ),
    Metric("revocations_overdue", "gauge", ("organisation",), "of these, those past their deadline: a promise broken"),
    Metric("revocations_oldest_seconds", "gauge", ("organisation",), "how long the oldest of them is wanted"),
    Metric(
        "revocations_held", "gauge", ("organisation",), "of these, those held as nobody else would administer the site"
    ),
    Metric(
        "cases_open", "gauge", ("organisation",), "questions that wait for a person: unmatched, disputed, held leavers"
    ),
    Metric(
        "leaver_to_requested_seconds",
        "histogram",
        ("organisation",),
        "from leaving, or from when we were told of it, until the removal was asked for; without what was held as "
        "nobody else would administer the site, or as too many left at once",
        DELAYS,
    ),
    Metric(
        "leaving_to_confirmed_seconds",
        "histogram",
        ("organisation",),
        "from leaving until the access was seen to be gone",
        LEAVING,
    ),
)

SAMPLES = (
    Sample(
        """
        select organisation, count(*) as revocations_open,
               count(*) filter (where deadline <= :now) as revocations_overdue,
               coalesce(extract(epoch from cast(:now as timestamptz) - min(greatest(leave_at, known_at))), 0)
                   as revocations_oldest_seconds,
               count(*) filter (where state = 'held-last-admin') as revocations_held
        from revocations
        where state not in ('confirmed', 'cancelled', 'waived') and (state <> 'planned' or leave_at <= :now)
        group by organisation
        """,
        labels=("organisation",),
        metrics=("revocations_open", "revocations_overdue", "revocations_oldest_seconds", "revocations_held"),
    ),
    Sample(
        "select organisation, count(*) as cases_open from cases where state = 'open' group by organisation",
        labels=("organisation",),
        metrics=("cases_open",),
    ),
)

TIMERS = """
    select organisation, extract(epoch from cast(:now as timestamptz) - min(next_at)) as timer_late_seconds
    from (
        select organisation, min(next_at) as next_at from people where next_at < :now group by organisation
        union all
        select organisation, min(next_at) from revocations where next_at < :now group by organisation
    ) as due
    group by organisation
"""


def measure(instruments: Instruments, heard: Sequence[Heard], said: Sequence[Event], now: datetime) -> None:
    """Delays of what one transaction emitted, of leavers alone. What waited to be heard could have been known before.

    Removals are asked for when their leaver is processed, which is what is measured. One that is asked for by itself was
    held for the last administrator's sake, as it must be, or is of access that appeared only now. Clause: westward:6.8.
    """
    waited = {one.event.id: one.waited for one in heard}
    processed = {
        (one.organisation, one.data.person, one.data.stint) for one in said if isinstance(one.data, LeaverProcessed)
    }
    for asked, count in Counter(map(REQUEST, _requested(said))).items():
        organisation, person, stint, cause, known_at, leave_at = asked
        if (organisation, person, stint) in processed:
            known_at -= waited.get(cause or "", NOTHING)
            delay = (now - max(known_at, leave_at or known_at)).total_seconds()
            instruments.observe_all("leaver_to_requested_seconds", organisation, values=[max(0.0, delay)] * count)
    for event in said:
        data = event.data
        if isinstance(data, RevocationConfirmed) and data.leave_at is not None:
            delay = (data.at - data.leave_at).total_seconds()
            instruments.observe("leaving_to_confirmed_seconds", event.organisation, value=max(0.0, delay))


def _requested(said: Sequence[Event]) -> Iterator[Event]:
    """The removals that were asked for as somebody left."""
    return (one for one in said if isinstance(one.data, RevokeAccess) and one.data.reason == "left")


FIGURES = Figures("houserules_access_", ACCESS, SAMPLES, TIMERS, measure)
