"""A pack in words: what it obliges, on which clause, what was assumed, and the deadlines of the coming week."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from shared.policy.model import Pack
from shared.policy.rules import Rule
from shared.policy.sections import Obligation, Week
from shared.policy.spans import Offset
from shared.policy.words import MESSAGE_KINDS, WEEKDAYS
from shared.policy.working import day_name

__all__ = ["explain"]

_NATIONS = {"ENG": "England", "NIR": "Northern Ireland", "SCT": "Scotland", "WLS": "Wales"}
_POSTED = (time(10), time(16, 30))
_CLOSURE = {"stops": "stops", "runs": "does not stop"}
_COUNTED_FROM = {
    "take-private": "the public answer to it",
    "removal-notice": "its removal",
    "explain-removal": "its removal",
}
_DUTIES = {
    "response": "is answered",
    "resolution": "is resolved, or the customer told that it takes longer,",
    "moderate": "is hidden or removed",
    "take-private": "is taken into private messages",
    "removal-notice": "is followed by a message that it was removed and why",
    "explain-removal": "has the reason of its removal explained to the customer",
}


def explain(pack: Pack, now: datetime) -> str:
    """The pack in words, with worked deadlines for the seven dates from `now` on (an aware datetime)."""
    parts = (_heading(pack), _rules(pack), _sections(pack), _clauses(pack), _deadlines(pack, now))
    return "\n".join("\n".join([*part, ""]) for part in parts)


def _heading(pack: Pack) -> Iterator[str]:
    state = "enforced" if pack.mode == "enforce" else "observed only: nobody is told and nothing is done"
    yield f"{pack.title} ({pack.policy}), in force from {pack.in_force_from}, {state}"
    yield f"Dates and hours of {pack.zone}; bank holidays of {_NATIONS[pack.nation]}"
    yield f"Opening hours: {_week(pack.opening)}"
    for holiday in pack.holidays.local:
        yield f"Also closed on {holiday.on}: {holiday.name}"
    yield from _assumed(pack.assumed, "")


def _rules(pack: Pack) -> Iterator[str]:
    yield "What is owed to a message"
    for rule in pack.response_rules:
        yield f"- {rule.id}: {_messages(rule)} {_DUTIES[rule.kind]} {_within(rule)}"
        if rule.warn:
            yield f"  warnings: {', '.join(_warning(offset) for offset in rule.warn)}"
        yield f"  clauses: {', '.join(rule.clauses)}"
        yield from _assumed(rule.assumed, "  ")


def _messages(rule: Rule) -> str:
    kinds = [kind for kind in MESSAGE_KINDS if kind in rule.message_kinds]
    every = len(kinds) == len(MESSAGE_KINDS)
    named = ["message of any kind"] if every else list(kinds)
    for needed in dict.fromkeys(rule.flags.values()):
        flagged = [kind for kind in MESSAGE_KINDS if rule.flags.get(kind) == needed]
        what = "message" if len(flagged) == len(MESSAGE_KINDS) else " or ".join(flagged)
        named.append(f"{what} flagged {' or '.join(sorted(needed))}")
    where = f"{rule.visibility} " if rule.visibility else ""
    when = f" posted on {_days(rule.weekdays)}" if rule.weekdays is not None else ""
    return f"every {where}{' or '.join([', '.join(named[:-1]), named[-1]] if len(named) > 1 else named)}{when}"


def _within(rule: Rule) -> str:
    if rule.clock == "end-of-working-day":
        days = rule.span.whole_days
        return f"by the end of working date {days} after that of receipt" if days else "by the end of the working date"
    counted = "opening hours" if rule.clock == "hours" else "working dates, each counted from midnight to midnight"
    length = "" if rule.span.fixed else f" ({_length(rule.length)})"
    start = _COUNTED_FROM.get(rule.kind)
    return f"within {rule.span}{length} of {counted}{f' from {start}' if start else ''}"


def _warning(offset: Offset) -> str:
    if offset.at is not None:
        return f"{offset} on the date that it is due"
    return "at half of it" if offset.half else f"{offset} before the end"


def _sections(pack: Pack) -> Iterator[str]:
    yield "What else it obliges"
    for name, text, section in (*_inbox(pack), *_people_and_images(pack), *_keeping(pack)):
        yield f"- {name}{': ' if text else ''}{text} [{', '.join(section.clauses)}]"
        yield from _assumed(section.assumed, "  ")


_Told = tuple[str, str, Obligation]


def _inbox(pack: Pack) -> Iterator[_Told]:
    moderation, content, sites = pack.moderation, pack.content, pack.external_sites
    yield "closures", f"one that was not announced {_CLOSURE[pack.closures.unannounced]} the clock", pack.closures
    yield "waiver", f"closed without an answer for: {', '.join(pack.waiver.reasons)}", pack.waiver
    yield "moderation", f"{', '.join(moderation.kinds)} and {', '.join(moderation.flags)} must go", moderation
    yield "block", f"recommended after {moderation.block_after} offences in {moderation.block_window}", moderation
    yield "incidents", f"{', '.join(pack.incidents.categories)}", pack.incidents
    yield "privacy", f"personal data is looked for in posts of: {', '.join(pack.privacy.origins)}", pack.privacy
    if content:
        yield "content", f"at least {content.posts_per_week} posts per site and week", content
    yield "monitoring", f"sites are looked at every {pack.monitoring.every.replace('-', ' ')}", pack.monitoring
    if sites:
        yield "external sites", f"considered every {sites.review_months} months", sites


def _people_and_images(pack: Pack) -> Iterator[_Told]:
    access, consent = pack.access, pack.consent
    levels = ", ".join(str(level) for level in access.ladders.other.levels)
    yield "access", f"a leaver's access goes; what is left is chased after {levels}", access
    for name, obligation in (*access.gates.grant.items(), *access.gates.site.items(), *access.duties.items()):
        yield f"access, {name}", "", obligation
    evidence = "a signed form" if consent.evidence == "signed" else "any recorded approval"
    yield "consent", f"{evidence} counts, for {consent.valid_years} years", consent
    for duty, obligation in consent.duties.items():
        yield f"consent, {duty}", "", obligation


def _keeping(pack: Pack) -> Iterator[_Told]:
    share, review = pack.reporting.resolved_share, pack.review
    resolved = f"; {share:.0%} of enquiries are resolved in time" if share else ""
    yield "reporting", f"use and reach are reported{resolved}", pack.reporting
    for name, obligation in pack.duties.items():
        yield name, "", obligation
    yield "retention", f"items are kept for {pack.retention.items} days", pack.retention
    yield "review", f"of the policy every {review.every_months} months, approved by {review.approved_by}", review


def _clauses(pack: Pack) -> Iterator[str]:
    yield "The clauses, in our own words"
    yield from (f"- {clause}: {obligation}" for clause, obligation in pack.clauses.items())


def _assumed(text: str, indent: str) -> Iterator[str]:
    if text:
        yield f"{indent}assumed: {text.strip()}"


def _deadlines(pack: Pack, now: datetime) -> Iterator[str]:
    """What a message of each coming date, at two times of day, would be due; rules that count alike are told once."""
    first = now.astimezone(pack.tz).date()
    yield f"Deadlines from {day_name(first)} on"
    alike: dict[tuple[object, ...], list[Rule]] = {}
    for rule in pack.response_rules:
        alike.setdefault((rule.clock, rule.span, rule.warn, rule.weekdays), []).append(rule)
    for rules in alike.values():
        yield f"- {', '.join(rule.id for rule in rules)}"
        for date in (first + timedelta(days=ahead) for ahead in range(7)):
            if rules[0].holds_on(date):
                yield from (_deadline(pack, rules[0], datetime.combine(date, at, pack.tz)) for at in _POSTED)


def _deadline(pack: Pack, rule: Rule, started_at: datetime) -> str:
    due_at = rule.due(started_at)
    warnings = ", ".join(_local(pack, warning) for warning in rule.warn_at(started_at, due_at))
    warned = f", warned {warnings}" if warnings else ""
    return f"  {_local(pack, started_at)} → {_local(pack, due_at, closing=rule.clock != 'hours')}{warned}"


def _local(pack: Pack, instant: datetime, closing: bool = False) -> str:
    """`Mon 30 Mar 12:00`; a closing midnight is 24:00 of the date that it ends."""
    local = instant.astimezone(pack.tz)
    if closing and local.time() == time():
        return f"{day_name(local.date() - timedelta(days=1))} 24:00"
    return f"{day_name(local.date())} {local:%H:%M}"


def _week(week: Week) -> str:
    days = sorted((day for day in week if week[day]), key=WEEKDAYS.index)
    return "; ".join(f"{day} {', '.join(week[day])}" for day in days)


def _days(weekdays: frozenset[int]) -> str:
    return ", ".join(WEEKDAYS[day] for day in sorted(weekdays))


def _length(length: timedelta) -> str:
    hours, rest = divmod(int(length.total_seconds()), 3600)
    return f"{hours} h" if not rest else f"{hours} h {rest // 60} min"
