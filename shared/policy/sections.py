"""The sections of a pack that state values: what the services ask the policy for, each with the clauses it comes from."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints

from shared.policy.spans import ElapsedText, SpanText
from shared.policy.words import Action, Flag, MessageKind, WaiverReason, Weekday

__all__ = [
    "Access",
    "Breaker",
    "Closures",
    "Consent",
    "Content",
    "Duty",
    "ExternalSites",
    "Gates",
    "Holidays",
    "Incidents",
    "Ladder",
    "Ladders",
    "LocalHoliday",
    "Moderation",
    "Monitoring",
    "Obligation",
    "Privacy",
    "Reporting",
    "Retention",
    "Reviews",
    "Section",
    "Takedowns",
    "Template",
    "Waiver",
]

Clauses = Annotated[tuple[str, ...], Field(min_length=1)]
Week = dict[Weekday, tuple[str, ...]]
GrantGate = Literal[
    "business-case",
    "manager-endorsement",
    "communications-approval",
    "training",
    "mfa",
    "work-account",
    "work-email",
    "work-device",
    "complex-password",
    "manager-authorisation",
    "mandatory-read",
]
SiteGate = Literal[
    "approval", "terms-of-use", "website-signpost", "myaccount-signpost", "logo-rule", "communications-administrator"
]
AccessDuty = Literal[
    "leaver",
    "line-manager",
    "register",
    "roster",
    "business-profile",
    "closed-group",
    "new-account",
    "oversight",
    "withdrawal",
    "review",
]
ConsentDuty = Literal[
    "signed-form",
    "staff-internal",
    "staff-external",
    "identification",
    "holding-forms",
    "withdrawal",
    "background",
    "copyright",
]
Duty = Literal[
    "private-messages",
    "complaint-referral",
    "reassignment",
    "authorised-reply",
    "monitoring-on",
    "block",
    "mandatory-read",
    "evidence",
    "not-automated",
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class Section(BaseModel):
    """A table of the pack: nothing in it changes, and a key that it does not have is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Obligation(Section):
    """A section that keeps clauses. `assumed` says what the landlord's policy leaves open and how it was filled."""

    clauses: Clauses
    assumed: str = ""


class LocalHoliday(Section):
    """A day off of this landlord that is no bank holiday of its nation."""

    on: date
    name: Words


class Holidays(Section):
    """The nation's bank holidays come by themselves: days off beside them, and bank holidays that are worked."""

    local: tuple[LocalHoliday, ...] = ()
    worked: tuple[date, ...] = ()


class Closures(Obligation):
    """Extended closures. `unannounced` says whether one that nobody was told of in advance stops the clock."""

    unannounced: Literal["stops", "runs"] = "stops"


class Waiver(Obligation):
    """For which reasons a person may close a conversation without an answer."""

    reasons: tuple[WaiverReason, ...]


class Moderation(Obligation):
    """What is done about a message that must not stand.

    `exempts_on`: the actions that, for reason offensive, end the message's other targets. `removal_notice` and
    `explain_removal`: whether a removal is followed by a message that says so. An author with `block_after` upheld
    offences within `block_window` is recommended for a block.
    """

    kinds: tuple[MessageKind, ...]
    flags: tuple[Flag, ...]
    exempts_on: tuple[Action, ...]
    removal_notice: bool
    explain_removal: bool
    block_after: PositiveInt
    block_window: ElapsedText


class Incidents(Obligation):
    """What is reported as an incident, and which categories tell people at once, at any hour."""

    categories: tuple[Code, ...]
    at_once: tuple[Code, ...]


class Privacy(Obligation):
    """Personal data in public: whose posts are looked at."""

    origins: tuple[Literal["customer", "own"], ...]


class Content(Obligation):
    """How many posts of its own a site needs in an ISO week, and the categories between which they are balanced."""

    posts_per_week: PositiveInt
    categories: tuple[Literal["information", "corporate", "human-interest"], ...] = ()


class Monitoring(Obligation):
    """How often a site has to be looked at."""

    every: Literal["half-working-day", "working-date"]


class ExternalSites(Obligation):
    """Sites about the landlord run by others, and how often they are considered."""

    review_months: PositiveInt


class Reporting(Obligation):
    """What is measured and reported. `resolved_share` is the share of enquiries to be resolved in time."""

    resolved_share: float | None = Field(default=None, ge=0, le=1)


class Breaker(Section):
    """More leavers in `window` than the larger of `least` and `share` of the people employed: the rest are held."""

    least: PositiveInt
    share: float = Field(gt=0, le=1)
    window: ElapsedText
    ahead: ElapsedText  # a leaver dated this far ahead is not counted


class Ladder(Section):
    """When a revocation that is not done is chased: `counts` says in which time its spans pass."""

    counts: Literal["elapsed", "staff-hours"]
    start: SpanText
    reminder: SpanText
    levels: tuple[SpanText, SpanText, SpanText]


class Ladders(Section):
    """A ladder for each way in which an access is taken away."""

    connector: Ladder
    administrator: Ladder
    other: Ladder


class Gates(Section):
    """What a grant and a site need before they are live, each with its clauses, and how long a lapse may be cured."""

    grant: dict[GrantGate, Obligation]
    site: dict[SiteGate, Obligation]
    training_course: Code
    email_domains: tuple[str, ...]
    brand_terms: tuple[str, ...]
    review_months: PositiveInt
    cure: ElapsedText
    cure_administrator_mfa: SpanText
    least_administrators: PositiveInt


class Access(Obligation):
    """Leavers and the register. Spans in working time are counted in `staff_hours`."""

    staff_hours: Week
    warn_before_leaving: ElapsedText
    dispute: SpanText
    verify_grace: ElapsedText
    verify_again: ElapsedText
    waive_at_most: ElapsedText
    breaker: Breaker
    ladders: Ladders
    gates: Gates
    duties: dict[AccessDuty, Obligation]


class Takedowns(Section):
    """How soon a use goes when its consent is gone."""

    own: SpanText
    urgent: Literal["same-day"]


class Consent(Obligation):
    """What permits an image. `evidence`: what counts where a signature is asked for by default."""

    evidence: Literal["signed", "any-approval"]
    staff_external: Literal["specific", "any"]
    valid_years: PositiveInt
    expiring_days: tuple[PositiveInt, ...]
    reconsent_ages: tuple[PositiveInt, ...]
    near_match_distance: int = Field(ge=0, le=64)
    deletion_overdue: ElapsedText
    exception_years: PositiveInt
    takedowns: Takedowns
    duties: dict[ConsentDuty, Obligation]


class Retention(Obligation):
    """How long each store keeps what it holds, in days."""

    failed_deliveries: PositiveInt
    items: PositiveInt
    conversations: PositiveInt
    register_entries: PositiveInt
    decisions: PositiveInt
    audit: PositiveInt


class Reviews(Obligation):
    """When the policy itself is to be looked at again, and by whom."""

    adopted_on: date
    every_months: PositiveInt
    at_most_months: PositiveInt
    approved_by: Code


class Template(Obligation):
    """A text to post or to send. Names in braces are filled in."""

    text: Words
