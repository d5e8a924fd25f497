"""What a pack must hold beyond its shape: each fault as the TOML key that is at fault and the reason."""

import string
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations, pairwise, product
from typing import Any

from shared.policy.hours import Hours
from shared.policy.keys import key_of
from shared.policy.model import Pack
from shared.policy.rules import Rule
from shared.policy.sections import Ladder, Week
from shared.policy.spans import Offset
from shared.policy.weeks import window_faults
from shared.policy.words import FLAGS, MESSAGE_KINDS, VISIBILITIES

__all__ = ["Fault", "faults"]

Fault = tuple[str, str]

PLACEHOLDERS = frozenset({"due", "link", "organisation", "reason", "reference", "site"})
_MONDAY = date(2026, 3, 2)
_FLAG_SETS = [flags for size in range(len(FLAGS) + 1) for flags in combinations(FLAGS, size)]


def faults(pack: Pack, written: Mapping[str, Any]) -> Iterator[Fault]:
    """All faults of a pack, `written` being its TOML, in the order in which they are worth mending."""
    yield from _clauses(pack, written)
    week_faults = [*_weeks(pack)]
    yield from week_faults
    if week_faults:
        return  # no calendar, so no rule can be tried
    yield from _rules(pack)
    yield from _ladders(pack)
    yield from _moderation(pack)
    yield from _templates(pack)


def _clauses(pack: Pack, written: Mapping[str, Any]) -> Iterator[Fault]:
    for clause in pack.clauses:
        if not clause.startswith(f"{pack.organisation}:") or clause.endswith(":"):
            yield key_of(("clauses", clause)), f"a clause id of this pack begins with '{pack.organisation}:'"
    for loc, clause in _named(written, ()):
        if clause not in pack.clauses:
            yield key_of(loc), f"clause {clause!r} is not listed in [clauses]"


def _named(value: Any, loc: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every clause id that a section or rule names, with where it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "clauses" and isinstance(inner, list):
                yield from (((*loc, key, place), clause) for place, clause in enumerate(inner))
            elif loc or key != "clauses":
                yield from _named(inner, (*loc, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _named(inner, (*loc, place))


def _weeks(pack: Pack) -> Iterator[Fault]:
    weeks: tuple[tuple[tuple[str, ...], Week], ...] = (
        (("opening",), pack.opening),
        (("access", "staff_hours"), pack.access.staff_hours),
    )
    found = [fault for loc, week in weeks for fault in window_faults(loc, week)]
    for day, windows in pack.openings.items():
        found += window_faults(("openings", day.isoformat()), {"mon": windows}, one_off=True)
    yield from found
    if found:
        return
    for loc, week in weeks:
        try:
            Hours.of(pack.tz, pack.nation, week, pack.openings, pack.holidays)
        except ValueError as error:
            yield key_of(loc), f"there is no opening within 400 days: {error}"


def _rules(pack: Pack) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, rule in enumerate(pack.response_rules):
        loc = ("rules", place)
        if rule.id in seen:
            yield key_of((*loc, "id")), f"another rule has the id {rule.id!r}, too"
        seen.add(rule.id)
        if not rule.message_kinds and not any(rule.flags.values()):
            yield key_of(loc), "applies to no message: give messages, flagged or any_flagged"
        yield from _span(rule, loc)
    yield from _ambiguous(pack.response_rules)


def _span(rule: Rule, loc: tuple[str | int, ...]) -> Iterator[Fault]:
    if rule.clock == "end-of-working-day":
        if rule.span.whole_days is None:
            yield key_of((*loc, "span")), f"{rule.span} is no number of whole working days, after which a day ends"
        return
    if rule.span.fixed >= timedelta(days=1) and "day" in rule.span.text:
        yield key_of((*loc, "span")), f"{rule.span} is counted on a clock that stands still: say hours or working days"
    if rule.length <= timedelta():
        yield key_of((*loc, "span")), f"{rule.span} is no time at all"
    for place, offset in enumerate(rule.warn):
        if _outside(offset, rule.length):
            yield key_of((*loc, "warn", place)), f"a warning {offset} before the end is not within {rule.span}"


def _outside(offset: Offset, length: timedelta) -> bool:
    return offset.before is not None and offset.before >= length


def _ambiguous(rules: Sequence[Rule]) -> Iterator[Fault]:
    """Two rules of one target kind that both apply to some message: which one holds would be chance."""
    for (earlier, one), (later, other) in combinations(enumerate(rules), 2):
        if one.kind == other.kind and (message := _both(one, other)):
            yield key_of(("rules", later)), f"as rules[{earlier}] ({one.id}) it gives a {one.kind} target to {message}"


def _both(one: Rule, other: Rule) -> str | None:
    for kind, flags, visibility, day in product(MESSAGE_KINDS, _FLAG_SETS, VISIBILITIES, range(7)):
        posted_on = _MONDAY + timedelta(days=day)
        if one.applies(kind, flags, visibility, posted_on) and other.applies(kind, flags, visibility, posted_on):
            flagged = f" flagged {' and '.join(flags)}" if flags else ""
            return f"a {visibility} {kind}{flagged} posted on a {posted_on:%A}"
    return None


def _ladders(pack: Pack) -> Iterator[Fault]:
    day = pack.staff_calendar.nominal_day
    for name in ("connector", "administrator", "other"):
        ladder: Ladder = getattr(pack.access.ladders, name)
        loc = ("access", "ladders", name)
        steps = [
            ((*loc, "start"), ladder.start),
            ((*loc, "reminder"), ladder.reminder),
            *(((*loc, "levels", place), level) for place, level in enumerate(ladder.levels)),
        ]
        if ladder.counts == "elapsed":
            for key, span in steps:
                if span.working_days:
                    yield key_of(key), f"{span} counts working days, but this ladder counts elapsed time"
        for (_, before), (key, span) in pairwise(steps):
            if span.on(day) <= before.on(day):
                yield key_of(key), f"{span} is not later than {before}, the step before it"


def _moderation(pack: Pack) -> Iterator[Fault]:
    asked = {"removal_notice": pack.moderation.removal_notice, "explain_removal": pack.moderation.explain_removal}
    for name, wanted in asked.items():
        kind = name.replace("_", "-")
        if wanted != (kind in pack.rules_by_kind):
            state = "but no rule of that kind says by when" if wanted else f"but a rule opens {kind} targets"
            yield f"moderation.{name}", f"is {str(wanted).lower()}, {state}"
        if wanted and kind not in pack.templates:
            yield "templates", f"there is no template {kind!r}, which moderation asks for"


def _templates(pack: Pack) -> Iterator[Fault]:
    for name, template in pack.templates.items():
        key = key_of(("templates", name, "text"))
        try:
            fields = {field for _, field, _, _ in string.Formatter().parse(template.text) if field is not None}
        except ValueError as error:
            yield key, f"its braces do not match: {error}"
            continue
        for field in sorted(fields - PLACEHOLDERS):
            yield key, f"{{{field}}} is not known: a text may have {', '.join(sorted(PLACEHOLDERS))}"
