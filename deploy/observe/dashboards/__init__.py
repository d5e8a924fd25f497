"""Dashboards as code. Grafana reads the JSON that is made of them."""

import json

from grafana_foundation_sdk.builders import dashboard as boards
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.observe.dashboards.bus import bus_board
from deploy.observe.dashboards.overview import overview
from deploy.observe.dashboards.panels import DATASOURCE_UID
from deploy.observe.dashboards.runbooks import runbook_boards
from deploy.observe.dashboards.services import service_boards

__all__ = ["DATASOURCE_UID", "all_boards", "all_runbooks"]


def all_boards() -> dict[str, str]:
    """The JSON of every dashboard with figures, by uid."""
    return _written([overview(), *service_boards(), bus_board()])


def all_runbooks() -> dict[str, str]:
    """The JSON of every runbook, by uid."""
    return _written(runbook_boards())


def _written(made: list[boards.Dashboard]) -> dict[str, str]:
    written = {}
    for one in made:
        built = one.build()
        for number, panel in enumerate(built.panels or [], 1):
            panel.id_val = number
        written[str(built.uid)] = (
            json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        )
    return written
