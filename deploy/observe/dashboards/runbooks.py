"""Each runbook as a dashboard of its own, so that a link in Grafana needs no other place."""

from pathlib import Path

from grafana_foundation_sdk.builders import dashboard as boards

from deploy.observe.dashboards.panels import words

__all__ = ["FOLDER", "runbook_boards"]

FOLDER = Path(__file__).parents[2] / "runbooks"
FOOT = """
---
`houserules` is the command of this system: in compose `docker compose run --rm houserules …`; where somebody else runs the
services, `houserules --stack FILE …` with a file that says where they are (`deploy/k8s/README.md`, "The command").
"""


def runbook_boards() -> list[boards.Dashboard]:
    """One for each page, whose uid is `runbook-` and its alert's name."""
    made = []
    for page in sorted(FOLDER.glob("*.md")):
        one = boards.Dashboard(f"Runbook: {page.stem}").uid(f"runbook-{page.stem}").tags(["house-rules-runbook"])
        made.append(one.readonly().with_panel(words("", page.read_text() + FOOT, span=24, height=24)))
    return made
