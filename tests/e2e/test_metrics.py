"""What ops see, asked of a real Prometheus with the shipped rules, which scrapes the services while the demo's week is played.

The spans of the rules are sixty times shorter, and nothing else is changed. Panels are asked for the whole of the week, not
for an instant: what is asserted does not hang on when a scrape came.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from deploy.demo.week import words
from deploy.observe.catalogue import CATALOGUE, SERVICES
from deploy.observe.rules import ALERTS
from deploy.observe.written import expressions, panels
from tests.e2e.week import SEEN, Week, watched
from tests.prometheus import Line, Prometheus, asked, subject

Panel = tuple[str, str]
QUERIES: dict[Panel, list[str]] = {}
for _uid, _title, _expr in panels():
    QUERIES.setdefault((_uid, _title), []).append(_expr)

RIGHTLY_EMPTY: frozenset[Panel] = frozenset(
    {
        ("houserules-bus", "Oldest dead letter"),
        ("houserules-bus", "Dead letters in an hour"),
    }
)
"""Panels that show nothing when all is well, at most three: in the week, nothing is told that cannot be read."""

MOVED: tuple[Panel, ...] = (
    ("houserules-overview", "Answered in time"),
    ("houserules-overview", "Leavers removed"),
    ("houserules-overview", "What to do now"),
    ("houserules-overview", "Waiting for an answer"),
    ("houserules-overview", "Verdicts an hour"),
    ("houserules-overview", "Longest overdue"),
    ("houserules-overview", "Access that is to go"),
    ("houserules-overview", "From leaving to seen to be gone"),
    ("houserules-overview", "Oldest open removal"),
    ("houserules-overview", "Uses that are to come down"),
    ("houserules-overview", "Decisions an hour"),
    ("houserules-overview", "Oldest takedown"),
    ("houserules-intake", "Accepted a second"),
    ("houserules-sla", "Open and overdue"),
    ("houserules-sla", "From receipt to clock"),
    ("houserules-sla", "From due to noticed"),
    ("houserules-sla", "Verdicts an hour"),
    ("houserules-access", "Removals"),
    ("houserules-access", "From leaving to asked for"),
    ("houserules-consent", "Takedowns"),
    ("houserules-consent", "Decisions an hour"),
    ("houserules-bus", "Sent a second"),
)
"""Panels whose causes the week brings about."""


FIRE = {
    ("QuestionsOverdue", "westward", "notice"),
    ("QuestionsOverdue", "wheatley", "notice"),
    ("LeaversOverdue", "wheatley", "notice"),
}
"""What the week brings about: an alert, its subject and how urgent it is."""


def named(panel: Panel) -> str:
    """A panel in a test's id."""
    return f"{panel[0].removeprefix('houserules-')}: {panel[1]}"


@dataclass(frozen=True, slots=True)
class Watched:
    """The week, and what each query of each panel returned in it."""

    week: Week
    found: Mapping[Panel, list[list[Line]]]

    @property
    def server(self) -> Prometheus:
        """It still runs."""
        return self.week.server


@pytest.fixture(scope="module")
def watched_week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Played once for all that follows."""
    with watched(tmp_path_factory.mktemp("prometheus")) as week:
        found = {
            panel: [week.server.lines(asked(expr), week.began, week.ended) for expr in exprs]
            for panel, exprs in QUERIES.items()
        }
        yield Watched(week, found)


def test_the_week_went_as_it_must(watched_week: Watched) -> None:
    assert [row.story.promise for row in watched_week.week.rows if not row.kept] == []
    assert {words(instant.isoformat()) for _, instant in watched_week.week.instants} >= set(SEEN)


def test_all_four_services_are_scraped(watched_week: Watched) -> None:
    assert watched_week.server.up() == set(SERVICES)


def test_every_expression_of_rules_and_alerts_can_be_evaluated(watched_week: Watched) -> None:
    for _, expr in expressions():
        watched_week.server.query(expr)
    health = watched_week.server.health()
    assert len(health) >= len(ALERTS)
    assert set(health.values()) == {"ok"}


@pytest.mark.parametrize("panel", QUERIES, ids=named)
def test_every_panel_returns_data(watched_week: Watched, panel: Panel) -> None:
    """Nothing that is shown is below nought; a verdict says -1 where it knows nothing."""
    known = any(value >= 0 for query in watched_week.found[panel] for line in query for _, value in line.points)
    assert known is (panel not in RIGHTLY_EMPTY)


def test_few_panels_are_rightly_empty() -> None:
    assert len(RIGHTLY_EMPTY) <= 3
    assert set(QUERIES) >= RIGHTLY_EMPTY


@pytest.mark.parametrize("panel", MOVED, ids=named)
def test_a_panel_says_another_thing_with_its_cause_than_without(watched_week: Watched, panel: Panel) -> None:
    """It was asked from before the first act on: a series that comes later, or has another value later, is the week's."""
    began = watched_week.week.began
    lines = [line for query in watched_week.found[panel] for line in query]
    assert any(line.points[0][0] > began or len({value for _, value in line.points}) > 1 for line in lines)


@pytest.mark.parametrize(
    ("title", "broken"),
    [
        ("Answered in time", {"westward", "wheatley"}),
        ("Leavers removed", {"wheatley"}),
        ("Images cleared", set()),
    ],
)
def test_the_first_row_names_whose_promise_was_broken_and_that_it_is_kept_again(
    watched_week: Watched, title: str, broken: set[str]
) -> None:
    panel = ("houserules-overview", title)
    (lines,) = watched_week.found[panel]
    worst = {dict(line.labels).get("organisation"): max(value for _, value in line.points) for line in lines}
    assert {organisation for organisation, value in worst.items() if value >= 1} == broken
    (expr,) = QUERIES[panel]
    kept = {(("organisation", "westward"),): 0.0, (("organisation", "wheatley"),): 0.0}
    watched_week.server.until(lambda: watched_week.server.values(asked(expr)) == kept, f"{title}: kept by both")


def test_only_alerts_that_the_week_accounts_for_fire(watched_week: Watched) -> None:
    lines = watched_week.server.lines('ALERTS{alertstate="firing"}', watched_week.week.began, watched_week.week.ended)
    labels = [dict(line.labels) for line in lines]
    fired = {(one["alertname"], subject(one), one["severity"]) for one in labels}
    assert fired == FIRE


def test_no_service_exposes_what_is_not_declared(watched_week: Watched) -> None:
    found = {name for name in watched_week.server.names() if name.startswith("houserules_")}
    series = {one for declared in CATALOGUE.values() for one in declared.metric.series(declared.prefix)}
    created = {re.sub(r"(_total|_bucket)$", "_created", name) for name in series}
    assert found - created <= series


def test_routes_are_templates_and_labels_hold_no_ids(watched_week: Watched) -> None:
    routes = {
        dict(labels)["route"]
        for labels in watched_week.server.values("sum by (route) (houserules_http_requests_total)")
    }
    assert "/revocations/{id}/confirm" in routes
    assert "/webhooks/standard/{source}" in routes
    assert not any(re.search(r"[0-9a-f]{8}", route) for route in routes)
