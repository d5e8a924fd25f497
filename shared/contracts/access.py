"""Revocations, cases, grants, accounts and sites.

Written by access; intake reads who may reply, access itself what to tell people.
"""

from typing import Literal

from shared.contracts.data import Data, Part
from shared.contracts.fields import Code, Count, Date, Hash, Id, Instant, Level, Role
from shared.contracts.keys import Events, by, by_organisation

__all__ = [
    "EVENTS",
    "AccessGranted",
    "AccessItem",
    "AccessNoncompliant",
    "AccessReappeared",
    "AccessRefused",
    "AccessRequested",
    "AccessReviewDue",
    "AccessWithdrawn",
    "AccountAtSite",
    "AccountAuthorised",
    "AccountRegistered",
    "AccountUnauthorised",
    "Case",
    "GrantStep",
    "LeaverDisputed",
    "LeaverPlanned",
    "LeaverProcessed",
    "LeaverSummary",
    "LeaverUnannounced",
    "LeaverUnmatched",
    "LeaversHeld",
    "OversightMissing",
    "PolicyReviewDue",
    "ReinstatementRequested",
    "Review",
    "RevocationCancelled",
    "RevocationClaimed",
    "RevocationConfirmed",
    "RevocationHeld",
    "RevocationOverdue",
    "RevocationStep",
    "RevocationWaived",
    "RevokeAccess",
    "ScimLeaverRejected",
    "SingleAdminRisk",
    "SiteApproved",
    "SiteNoncompliant",
    "SiteState",
    "UnapprovedSite",
]


class AccessItem(Part, frozen=True, kw_only=True):
    """One thing that gives somebody access; `id` is that of the grant, site, invitation … by `kind`."""

    kind: Literal["grant", "profile", "membership", "invitation", "approval", "app", "duty"]
    id: Id


class RevokeAccess(Data, frozen=True, kw_only=True):
    """One item of access is to be taken away. Clauses: westward:6.4, 7.11.

    `known_at` is the policy time at which the fact was first taken; `deadline` the first overdue instant; `owner` the
    person or role answerable.
    """

    revocation: Id
    person: Id
    stint: Id
    item: AccessItem
    grant: Id | None = None
    site: Id | None = None
    account: Id | None = None
    network: Code | None = None
    role: Role | None = None
    action: Literal[
        "remove-role",
        "close-profile",
        "remove-member",
        "rotate-secret",
        "transfer",
        "reject-approval",
        "cancel-invitation",
    ]
    reason: Literal["left", "withdrawn", "moved", "lapsed", "review"]
    leave_at: Instant | None = None
    known_at: Instant
    deadline: Instant
    owner: Id


class LeaverSummary(Data, frozen=True, kw_only=True):
    """What a leaver has: how many `revocations` (the `held` included), a hash of what was found, even nothing."""

    person: Id
    stint: Id
    leave_at: Instant
    revocations: Count
    held: Count
    snapshot: Hash


class LeaverPlanned(LeaverSummary, frozen=True, kw_only=True):
    """Somebody will leave; nothing is removed yet. Clause: westward:6.4."""


class LeaverProcessed(LeaverSummary, frozen=True, kw_only=True):
    """Somebody has left, and every removal is requested. Clauses: westward:6.4, 7.11."""


class Case(Data, frozen=True, kw_only=True):
    """Something that a person has to decide; `candidates` is how many people it may be about."""

    case: Id
    person: Id | None = None
    candidates: Count | None = None


class LeaverUnmatched(Case, frozen=True, kw_only=True):
    """A leaver whom the register does not know. Clause: westward:6.4."""


class LeaverDisputed(Case, frozen=True, kw_only=True):
    """Two people may be the leaver: nothing is revoked until somebody decides. Clause: westward:6.4."""


class LeaverUnannounced(Case, frozen=True, kw_only=True):
    """A full roster no longer names somebody. Clause: westward:6.4."""


class LeaversHeld(Case, frozen=True, kw_only=True):
    """More leavers in an hour than the pack thinks possible: those beyond wait. Clause: westward:6.4."""


class ReinstatementRequested(Case, frozen=True, kw_only=True):
    """A leaver who had left is said to stay: nothing comes back without a decision. Clause: westward:6.4."""


class ScimLeaverRejected(Case, frozen=True, kw_only=True):
    """A refused SCIM request may have meant a leaver. Clause: westward:6.4."""


class RevocationStep(Data, frozen=True, kw_only=True):
    """A step in a revocation's life; `evidence` is the hash of what was shown."""

    revocation: Id
    person: Id
    item: AccessItem
    site: Id | None = None
    at: Instant
    by: Id | None = None
    evidence: Hash | None = None


class RevocationClaimed(RevocationStep, frozen=True, kw_only=True):
    """Somebody, or a provider, says that the access is gone. Clause: westward:6.4."""


class RevocationConfirmed(RevocationStep, frozen=True, kw_only=True):
    """The access was seen to be gone; `leave_at` is when its holder left. Clause: westward:6.4."""

    leave_at: Instant | None = None


class RevocationHeld(RevocationStep, frozen=True, kw_only=True):
    """Removing would leave a site without the administrators that it must have. Clause: westward:6.8."""


class RevocationCancelled(RevocationStep, frozen=True, kw_only=True):
    """The revocation is not due any more. Clause: westward:6.4."""


class RevocationWaived(RevocationStep, frozen=True, kw_only=True):
    """The head of Communications lets the access stand for a time. Clause: westward:6.4."""


class AccessReappeared(RevocationStep, frozen=True, kw_only=True):
    """Access that was confirmed gone is there again. Clause: westward:6.4."""


class RevocationOverdue(Data, frozen=True, kw_only=True):
    """A revocation is open past its deadline; once for each level. `notified` are persons or roles.

    Clause: westward:7.11.
    """

    revocation: Id
    person: Id
    level: Level
    deadline: Instant
    owner: Id
    notified: tuple[Id, ...]


class GrantStep(Data, frozen=True, kw_only=True):
    """A step in a grant's life. `codes` say why; `cure_by` is when it is revoked unless put right."""

    grant: Id
    person: Id
    site: Id
    account: Id
    role: Role
    codes: tuple[Code, ...] | None = None
    cure_by: Instant | None = None


class AccessRequested(GrantStep, frozen=True, kw_only=True):
    """Somebody asked for access with a business case. Clauses: westward:6.1, wheatley:scope."""


class AccessGranted(GrantStep, frozen=True, kw_only=True):
    """Access is in force. Clauses: westward:6.1, wheatley:scope."""


class AccessRefused(GrantStep, frozen=True, kw_only=True):
    """A gate or a person said no. Clauses: westward:6.1, 6.9, 7.2, 7.3."""


class AccessWithdrawn(GrantStep, frozen=True, kw_only=True):
    """Access was taken away by decision. Clause: wheatley:breaches-of-policy."""


class AccessNoncompliant(GrantStep, frozen=True, kw_only=True):
    """Access in force no longer satisfies its conditions. Clauses: westward:6.9, 7.2, 7.3, 11.1."""


class AccountAtSite(Data, frozen=True, kw_only=True):
    """An account and a site at which it may, or may not, answer."""

    account: Id
    network: Code
    site: Id
    at: Instant


class AccountAuthorised(AccountAtSite, frozen=True, kw_only=True):
    """An account may answer at a site from `at`. Clause: wheatley:appendix-1.4."""


class AccountUnauthorised(AccountAtSite, frozen=True, kw_only=True):
    """An account may not answer at a site from `at`. Clause: wheatley:appendix-1.4."""


class AccountRegistered(Data, frozen=True, kw_only=True):
    """A new account: IS is told. Clause: westward:6.4."""

    account: Id
    network: Code
    person: Id | None = None
    at: Instant


class SiteState(Data, frozen=True, kw_only=True):
    """What was found at a site; `codes` say what is missing."""

    site: Id
    at: Instant
    codes: tuple[Code, ...] | None = None


class OversightMissing(SiteState, frozen=True, kw_only=True):
    """No administrator of a site is from Communications. Clause: westward:6.8."""


class SingleAdminRisk(SiteState, frozen=True, kw_only=True):
    """A site has fewer than two administrators. Clause: westward:6.8."""


class UnapprovedSite(SiteState, frozen=True, kw_only=True):
    """A site is live without approval. Clauses: westward:6.2, 6.6."""


class SiteApproved(SiteState, frozen=True, kw_only=True):
    """A site may go live. Clauses: westward:6.2, 6.6."""


class SiteNoncompliant(SiteState, frozen=True, kw_only=True):
    """A site's checklist is not met. Clauses: westward:6.7, 6.10, 6.11."""


class Review(Data, frozen=True, kw_only=True):
    """`subject` is to be reviewed by the end of the local day `due_on`."""

    subject: Id
    due_on: Date
    owner: Id | None = None


class AccessReviewDue(Review, frozen=True, kw_only=True):
    """Somebody's access is to be looked at again. Clause: wheatley:scope."""


class PolicyReviewDue(Review, frozen=True, kw_only=True):
    """The policy itself is to be reviewed. Clauses: westward:11.3, wheatley:policy-review."""


_PERSON = by("person")
_CASE = by("person", "case")
_ACCOUNT = by("account")
_SITE = by("site")

EVENTS: Events = {
    "revoke-access": (RevokeAccess, _PERSON),
    "leaver-planned": (LeaverPlanned, _PERSON),
    "leaver-processed": (LeaverProcessed, _PERSON),
    "leaver-unmatched": (LeaverUnmatched, _CASE),
    "leaver-disputed": (LeaverDisputed, _CASE),
    "leaver-unannounced": (LeaverUnannounced, _CASE),
    "leavers-held": (LeaversHeld, _CASE),
    "reinstatement-requested": (ReinstatementRequested, _CASE),
    "scim-leaver-rejected": (ScimLeaverRejected, _CASE),
    "revocation-claimed": (RevocationClaimed, _PERSON),
    "revocation-confirmed": (RevocationConfirmed, _PERSON),
    "revocation-held": (RevocationHeld, _PERSON),
    "revocation-cancelled": (RevocationCancelled, _PERSON),
    "revocation-waived": (RevocationWaived, _PERSON),
    "access-reappeared": (AccessReappeared, _PERSON),
    "revocation-overdue": (RevocationOverdue, _PERSON),
    "access-requested": (AccessRequested, _PERSON),
    "access-granted": (AccessGranted, _PERSON),
    "access-refused": (AccessRefused, _PERSON),
    "access-withdrawn": (AccessWithdrawn, _PERSON),
    "access-noncompliant": (AccessNoncompliant, _PERSON),
    "account-authorised": (AccountAuthorised, _ACCOUNT),
    "account-unauthorised": (AccountUnauthorised, _ACCOUNT),
    "account-registered": (AccountRegistered, _ACCOUNT),
    "oversight-missing": (OversightMissing, _SITE),
    "single-admin-risk": (SingleAdminRisk, _SITE),
    "unapproved-site": (UnapprovedSite, _SITE),
    "site-approved": (SiteApproved, _SITE),
    "site-noncompliant": (SiteNoncompliant, _SITE),
    "access-review-due": (AccessReviewDue, by_organisation),
    "policy-review-due": (PolicyReviewDue, by_organisation),
}
