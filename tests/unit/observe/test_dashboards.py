"""Dashboards are made by code, committed, and as Grafana wants them."""

import json
import re
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as model

from deploy.observe.dashboards import DATASOURCE_UID, all_boards, all_runbooks
from deploy.observe.dashboards.panels import UNKNOWN_TEXT
from deploy.observe.written import ROOT, files, stale

BOARDS: dict[str, dict[str, Any]] = {uid: json.loads(text) for uid, text in all_boards().items()}
RUNBOOKS = frozenset(all_runbooks())
KINDS = {"row", "stat", "timeseries", "table", "text"}


def panels_of(uid: str) -> list[dict[str, Any]]:
    return [panel for panel in BOARDS[uid]["panels"] if panel["type"] != "row"]


def test_what_is_committed_is_what_the_code_makes() -> None:
    assert stale() == []


def test_the_comparison_sees_a_change() -> None:
    path = next(path for path in files() if path.endswith("overview.json"))
    before = (ROOT / path).read_text()
    assert files()[path] == before
    assert files()[path] != before.replace("Answered in time", "Answered")


def test_there_is_an_overview_one_for_each_service_and_one_of_the_bus() -> None:
    assert list(BOARDS) == [
        "houserules-overview", "houserules-intake", "houserules-sla", "houserules-access", "houserules-consent",
        "houserules-bus",
    ]  # fmt: skip


@pytest.mark.parametrize("uid", BOARDS)
def test_grafanas_own_types_read_a_dashboard_and_write_the_same(uid: str) -> None:
    """The SDK's classes are generated from Grafana's schema, version 11.6."""
    register_default_plugins()
    read = model.Dashboard.from_json(BOARDS[uid])
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == BOARDS[uid]


@pytest.mark.parametrize("uid", BOARDS)
def test_a_dashboard_has_what_grafana_needs_to_show_it(uid: str) -> None:
    board = BOARDS[uid]
    assert (board["uid"], board["schemaVersion"]) == (uid, 41)
    assert len(uid) <= 40
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels_of(uid):
        assert panel["type"] in KINDS
        if panel["type"] != "text":
            assert panel["title"] and panel["description"], panel["title"]
            assert panel["datasource"] == {"type": "prometheus", "uid": DATASOURCE_UID}
            assert [t["refId"] for t in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
            assert all(t["datasource"]["uid"] == DATASOURCE_UID and t["expr"] for t in panel["targets"])
        if panel["type"] == "stat":
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert all(t["instant"] and not t.get("range") for t in panel["targets"]), "now, and nothing of before"
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_lie_beside_each_other(uid: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in BOARDS[uid]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken.get((x, y))}"
                taken[x, y] = panel["title"]


@pytest.mark.parametrize("uid", BOARDS)
def test_queries_use_the_variables_that_the_dashboard_has_and_only_those(uid: str) -> None:
    declared = {one["name"] for one in BOARDS[uid]["templating"]["list"]}
    asked = set()
    for panel in panels_of(uid):
        for target in panel.get("targets", ()):
            asked |= set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval", "__range"}
    assert asked == declared


@pytest.mark.parametrize("uid", BOARDS)
def test_links_lead_to_runbooks_that_are_there(uid: str) -> None:
    for panel in panels_of(uid):
        for link in panel.get("links", ()):
            assert link["url"].removeprefix("/d/") in RUNBOOKS


def test_the_first_row_says_of_each_promise_to_the_public_whether_it_is_kept() -> None:
    first, *rest = BOARDS["houserules-overview"]["panels"][:5]
    assert first["title"] == "Is a promise broken now?"
    assert [panel["title"] for panel in rest] == [
        "Answered in time", "Leavers removed", "Images cleared", "The system itself",
    ]  # fmt: skip
    for panel in rest[:3]:
        texts = [one["options"]["result"]["text"] for one in panel["fieldConfig"]["defaults"]["mappings"]]
        assert texts == [UNKNOWN_TEXT, "kept", "BROKEN", UNKNOWN_TEXT]
        assert panel["targets"][0]["legendFormat"] == "{{organisation}}"
        assert panel["links"]
        assert panel["gridPos"]["y"] + panel["gridPos"]["h"] <= 8, "seen without scrolling"


def test_every_runbook_is_a_dashboard_that_the_table_of_alerts_leads_to() -> None:
    (table,) = [panel for panel in panels_of("houserules-overview") if panel["type"] == "table"]
    (override,) = table["fieldConfig"]["overrides"]
    assert override["properties"][0]["value"][0]["url"].startswith("/d/runbook-${__data.fields[")
    assert all(len(uid) <= 40 for uid in RUNBOOKS)
