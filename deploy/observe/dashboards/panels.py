"""The few kinds of panels that all dashboards are made of, each with a title, a description, units and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as boards
from grafana_foundation_sdk.builders import prometheus as queries
from grafana_foundation_sdk.builders import stat as stats
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.builders import text as texts
from grafana_foundation_sdk.builders import timeseries as series_builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard, prometheus
from grafana_foundation_sdk.models import text as text_models

__all__ = [
    "DATASOURCE",
    "DATASOURCE_UID",
    "UNKNOWN",
    "UNKNOWN_TEXT",
    "Panel",
    "Panels",
    "Query",
    "board",
    "filled",
    "firing",
    "runbook",
    "series",
    "stat",
    "verdict",
    "words",
]

DATASOURCE_UID = "houserules-prometheus"
DATASOURCE = dashboard.DataSourceRef(type_val="prometheus", uid=DATASOURCE_UID)
Panel = Builder[dashboard.Panel]
Panels = Sequence[Panel | boards.Row]
"""What a dashboard shows in its order; a row is the heading of those that follow."""
GREEN, AMBER, RED, BLUE, PURPLE = "green", "orange", "red", "blue", "purple"
UNKNOWN = -1.0
"""What a verdict's expression says where nothing is known now: no landlord is told that a promise is kept."""
UNKNOWN_TEXT = "UNKNOWN: see What to do now"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression and what its series are called."""

    expr: str
    legend: str


def runbook(alert: str) -> boards.DashboardLink:
    """A link to what to do."""
    link = boards.DashboardLink(f"What to do: {alert}").type(dashboard.DashboardLinkType.LINK)
    return link.url(f"/d/runbook-{alert}").target_blank(False)


def _targets(asked: Sequence[Query], instant: bool = False) -> list[queries.Dataquery]:
    made = []
    for number, query in enumerate(asked):
        one = queries.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(chr(ord("A") + number))
        one = one.datasource(DATASOURCE).editor_mode(prometheus.QueryEditorMode.CODE)
        made.append(one.instant() if instant else one.range())
    return made


def _steps(*steps: tuple[float | None, str]) -> boards.ThresholdsConfig:
    config = boards.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE)
    return config.steps([dashboard.Threshold(value=value, color=color) for value, color in steps])


def _range(least: float | None, most: float | None, text: str, color: str) -> dashboard.ValueMapping:
    result = dashboard.ValueMappingResult(text=text, color=color, index=0)
    return dashboard.RangeMap(options=dashboard.DashboardRangeMapOptions(from_val=least, to=most, result=result))


def _nothing(text: str, color: str) -> dashboard.ValueMapping:
    result = dashboard.ValueMappingResult(text=text, color=color, index=0)
    options = dashboard.DashboardSpecialValueMapOptions(match=dashboard.SpecialValueMatch.NULL_AND_NAN, result=result)
    return dashboard.SpecialValueMap(options=options)


def verdict(
    title: str,
    description: str,
    *asked: Query,
    broken: str = "BROKEN",
    kept: str = "kept",
    bound: float = 1.0,
    worst: tuple[float, str] | None = None,
    alert: str,
    span: int = 6,
    height: int = 5,
) -> stats.Panel:
    """One word for each series, seen from across the room: kept below `bound`, broken from it on, or unknown.

    From the bound of `worst` on, where there is one, it is that word. The expression is asked for now alone, never for a
    value of before.
    """
    worse = [] if worst is None else [_range(worst[0], None, worst[1], RED)]
    words = [
        _range(None, UNKNOWN / 2, UNKNOWN_TEXT, PURPLE),
        _range(UNKNOWN / 2, bound - 1e-9, kept, GREEN),
        _range(bound, None if worst is None else worst[0] - 1, broken, RED),
        *worse,
        _nothing(UNKNOWN_TEXT, PURPLE),
    ]
    return (
        _stat(title, description, asked, span, height)
        .no_value(UNKNOWN_TEXT)
        .mappings(words)
        .thresholds(_steps((None, PURPLE), (UNKNOWN / 2, GREEN), (bound, RED)))
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .links([runbook(alert)])
    )


def stat(
    title: str,
    description: str,
    *asked: Query,
    unit: str = "short",
    steps: Sequence[tuple[float | None, str]] = ((None, BLUE),),
    span: int = 4,
    height: int = 4,
    decimals: int | None = None,
) -> stats.Panel:
    """A number, as it is now."""
    panel = _stat(title, description, asked, span, height).unit(unit).thresholds(_steps(*steps))
    panel = panel.color_mode(common.BigValueColorMode.VALUE)
    return panel if decimals is None else panel.decimals(decimals)


def _stat(title: str, description: str, asked: Sequence[Query], span: int, height: int) -> stats.Panel:
    panel = stats.Panel().title(title).description(description).datasource(DATASOURCE).span(span).height(height)
    panel = panel.targets(list(_targets(asked, instant=True))).no_value("nothing is known now")
    reduce = common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    return panel.reduce_options(reduce).graph_mode(common.BigValueGraphMode.NONE)


def series(
    title: str,
    description: str,
    *asked: Query,
    unit: str = "short",
    limit: float | None = None,
    span: int = 8,
    height: int = 7,
    stacked: bool = False,
    alert: str | None = None,
) -> series_builders.Panel:
    """A graph over time; from `limit` on it is red."""
    panel = series_builders.Panel().title(title).description(description).datasource(DATASOURCE)
    panel = panel.span(span).height(height).unit(unit).targets(list(_targets(asked))).min(0)
    panel = panel.legend(
        common_builders.VizLegendOptions().show_legend(True).display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM).calcs([])
    )  # fmt: skip
    panel = panel.tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    panel = panel.fill_opacity(30 if stacked else 8).line_width(2).show_points(common.VisibilityMode.NEVER)
    if stacked:
        panel = panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if limit is not None:
        panel = panel.thresholds(_steps((None, GREEN), (limit, RED))).thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        )
    return panel if alert is None else panel.links([runbook(alert)])


def words(title: str, content: str, span: int = 6, height: int = 7) -> texts.Panel:
    """Text in Markdown."""
    return texts.Panel().title(title).mode(text_models.TextMode.MARKDOWN).content(content).span(span).height(height)


def firing(title: str, description: str, expr: str, span: int = 24, height: int = 6) -> tables.Panel:
    """Alerts that fire, a row each, whose name leads to its runbook."""
    query = Query(expr, "")
    targets = [one.format(prometheus.PromQueryFormat.TABLE) for one in _targets([query], instant=True)]
    hidden = dashboard.DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": {"Time": True, "__name__": True, "alertstate": True, "Value": True, "job": True},
            "indexByName": {"alertname": 0, "severity": 1, "organisation": 2, "service": 3},
            "renameByName": {"alertname": "what to do", "severity": "how soon", "organisation": "whose"},
        },
    )
    links = [
        {"title": "Open the runbook", "url": "/d/runbook-${__data.fields[alertname]}", "targetBlank": False},
    ]
    panel = tables.Panel().title(title).description(description).datasource(DATASOURCE).span(span).height(height)
    panel = panel.targets(list(targets)).transformations([hidden]).no_value("nothing: no alert fires")
    panel = panel.align(common.FieldTextAlignment.AUTO)
    return panel.override_by_name("what to do", [dashboard.DynamicConfigValue(id_val="links", value=links)])


def board(uid: str, title: str, description: str, variables: Sequence[str]) -> boards.Dashboard:
    """An empty dashboard with the variables that its queries use, among `organisation` and `service`."""
    made = (
        boards.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["house-rules"])
        .readonly()
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    )
    for name in variables:
        made = made.with_variable(_variable(name))
    link = boards.DashboardLink("House Rules").type(dashboard.DashboardLinkType.DASHBOARDS).tags(["house-rules"])
    return made.link(link.as_dropdown(True).include_vars(True).keep_time(True))


def filled(made: boards.Dashboard, panels: Panels) -> boards.Dashboard:
    """The dashboard with its panels."""
    for panel in panels:
        made = made.with_row(panel) if isinstance(panel, boards.Row) else made.with_panel(panel)
    return made


VALUES = {
    "organisation": ("Organisation", "label_values(houserules_timer_late_seconds, organisation)"),
    "service": ("Service", 'label_values(up{job="houserules"}, service)'),
}


def _variable(name: str) -> boards.QueryVariable:
    label, query = VALUES[name]
    variable = boards.QueryVariable(name).label(label).datasource(DATASOURCE)
    variable = variable.query({"query": query, "refId": f"{name}-values"}).multi(True).include_all(True)
    variable = variable.all_value(".*").refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable = variable.sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    return variable.current(dashboard.VariableOption(selected=True, text="All", value="$__all"))
