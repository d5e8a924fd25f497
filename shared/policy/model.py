"""A landlord's policy as data: one TOML file for each organisation and version of its policy."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from shared.policy.hours import Hours
from shared.policy.rules import Rule, RuleSpec
from shared.policy.sections import (
    Access,
    Closures,
    Consent,
    Content,
    Duty,
    ExternalSites,
    Holidays,
    Incidents,
    Moderation,
    Monitoring,
    Obligation,
    Privacy,
    Reporting,
    Retention,
    Reviews,
    Section,
    Template,
    Waiver,
    Week,
    Words,
)
from shared.policy.triage import Triager, TriageRule
from shared.policy.words import Nation
from shared.worktime import AtClose, Calendar

__all__ = ["Pack", "RuleSpec", "TriageSpec"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/London") from error
    return name


class TriageSpec(Obligation):
    """The word lists by which a message is first classified."""

    rules: tuple[TriageRule, ...]


class Pack(Section):
    """A policy in force from a day on: the whole of what the services know about a landlord."""

    organisation: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", max_length=60)]
    title: Words
    in_force_from: date
    nation: Nation
    zone: Annotated[str, AfterValidator(_known_zone)]
    mode: Literal["enforce", "observe"] = "enforce"
    at_close: AtClose = "close"
    assumed: str = ""
    clauses: dict[str, Words] = Field(min_length=1)
    opening: Week
    openings: dict[date, tuple[str, ...]] = Field(default_factory=dict)
    holidays: Holidays = Holidays()
    closures: Closures
    rules: Annotated[tuple[RuleSpec, ...], Field(min_length=1)]
    waiver: Waiver
    moderation: Moderation
    incidents: Incidents
    privacy: Privacy
    content: Content | None = None
    monitoring: Monitoring
    external_sites: ExternalSites | None = None
    reporting: Reporting
    triage_rules: TriageSpec = Field(alias="triage")
    access: Access
    consent: Consent
    retention: Retention
    review: Reviews
    duties: dict[Duty, Obligation]
    templates: dict[str, Template] = Field(default_factory=dict)

    @property
    def policy(self) -> str:
        """Pack and version as events name them: `westward/2023-26`."""
        return f"{self.organisation}/{self.version}"

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone of the organisation's dates."""
        return ZoneInfo(self.zone)

    @cached_property
    def in_force_at(self) -> datetime:
        """The instant from which this version holds: the local midnight that begins `in_force_from`."""
        return datetime.combine(self.in_force_from, time(), self.tz).astimezone(UTC)

    @cached_property
    def hours(self) -> Hours:
        """The calendars in which the rules count."""
        return Hours.of(self.tz, self.nation, self.opening, self.openings, self.holidays)

    @property
    def calendar(self) -> Calendar:
        """The hours in which people answer."""
        return self.hours.people.base

    @cached_property
    def staff_calendar(self) -> Calendar:
        """The hours in which spans of access and takedowns pass."""
        return Hours.of(self.tz, self.nation, self.access.staff_hours, {}, self.holidays).people.base

    @cached_property
    def response_rules(self) -> tuple[Rule, ...]:
        """The rules of every target kind, in the order of the file."""
        return tuple(Rule.of(spec, self.hours, self.at_close) for spec in self.rules)

    @cached_property
    def triage(self) -> Triager:
        """Classifies texts by the pack's word lists."""
        return Triager(self.triage_rules.rules)

    def target_rule(
        self,
        kind: str,
        message_kind: str,
        flags: Collection[str],
        visibility: str,
        posted_at: datetime,
    ) -> Rule | None:
        """The one rule of this target kind that applies to a message; None: it opens no such target."""
        for rule in self.rules_by_kind.get(kind, ()):
            if rule.takes(message_kind, flags, visibility) and rule.holds_at(posted_at):
                return rule
        return None

    def planning_rule(self, kind: str, start: datetime) -> Rule | None:
        """The rule of this target kind that answers "what would the deadline be" with no message at hand.

        The first of the file that holds on the local date of `start`; None where the pack has no such rule.
        """
        on = start.astimezone(self.tz).date()
        return next((rule for rule in self.rules_by_kind.get(kind, ()) if rule.holds_on(on)), None)

    @cached_property
    def rules_by_kind(self) -> Mapping[str, tuple[Rule, ...]]:
        """The response rules by target kind."""
        kinds = {rule.kind for rule in self.response_rules}
        return {kind: tuple(rule for rule in self.response_rules if rule.kind == kind) for kind in kinds}
