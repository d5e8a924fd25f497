"""Codes in the words of whoever has to act on them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from services.access.api.stories import Names

__all__ = ["CASES", "EMPLOYED", "OUTCOMES", "STATES", "TONES", "VERBS", "happened", "owner", "removal"]

STATES: Mapping[str, str] = MappingProxyType(
    {
        "planned": "planned, not yet due",
        "requested": "to be removed",
        "dispatched": "asked of the network",
        "assigned": "assigned",
        "claimed": "said to be gone, to be confirmed",
        "verifying": "being verified",
        "confirmed": "confirmed gone",
        "failed": "failed",
        "held-last-admin": "held",
        "cancelled": "cancelled",
        "waived": "waived",
        "reopened": "open again",
    }
)
TONES: Mapping[str, str] = MappingProxyType(
    {"confirmed": "good", "held-last-admin": "warn", "failed": "bad", "reopened": "warn", "claimed": "good"}
)
EMPLOYED: Mapping[str, str] = MappingProxyType(
    {"active": "works here", "leaving": "leaves", "left": "has left", "suspended": "suspended"}
)
VERBS: Mapping[str, str] = MappingProxyType(
    {
        "claim": "Claim: it is removed",
        "confirm": "Confirm: it is gone",
        "waive": "Waive for a time",
        "reopen": "Reopen: it is still there",
    }
)
CASES: Mapping[str, str] = MappingProxyType(
    {
        "leaver-unmatched": "HR says that {who} leaves, and the register knows nobody of that number, or no such stint. "
        "It applies by itself as soon as they are registered. Dismiss it when it was checked that nobody is meant.",
        "leaver-disputed": "Two people match a leaver. Nothing was revoked.",
        "leaver-unannounced": "{who} is missing from the roster, and nobody has said that they leave. Ask HR.",
        "leavers-held": "More people leave at once than is likely, so these wait: {held}. "
        "Release them when HR says that it is so; let HR cancel what is a mistake.",
        "reinstatement-requested": "{who} has left, and is now said to stay. No access comes back by itself: "
        "give it anew where that is right.",
        "scim-leaver-rejected": "A message about a leaver was refused.",
    }
)
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {"released": "They have left: every removal is requested.", "dismissed": "Dismissed."}
)

_HAPPENED: Mapping[str, str] = MappingProxyType(
    {
        "staff-joined": "Joined",
        "staff-rehired": "Was taken on again",
        "staff-left": "Leaves",
        "leave-date-changed": "Leaves on another date",
        "leave-cancelled": "Does not leave after all",
        "staff-moved": "Moved",
        "staff-suspended": "Was suspended",
        "staff-returned": "Returned",
        "training-completed": "Completed a training",
        "policy-acknowledged": "Acknowledged the policy",
        "people": "Entered as a person",
        "accounts": "Account entered",
        "grants": "Grant entered",
        "claim-revocation": "Removal claimed",
        "confirm-revocation": "Removal confirmed",
        "waive-revocation": "Removal waived",
        "reopen-revocation": "Removal reopened",
        "release-case": "Held leaver released",
        "dismiss-case": "Case dismissed",
    }
)
_REMOVALS: Mapping[str, str] = MappingProxyType(
    {
        "remove-role": "Remove the role {role} at {site}",
        "close-profile": "Close the business profile {site}",
        "remove-member": "Remove them from the group {site}",
        "rotate-secret": "Change the secrets of the shared account {account}, used at {site}",
        "transfer": "Give {site} another owner",
        "reject-approval": "Reject what waits for their approval at {site}",
        "cancel-invitation": "Cancel the invitation to {site}",
    }
)


def removal(one: Mapping[str, Any], names: Names) -> str:
    """What is to be done about an access item."""
    words = _REMOVALS.get(one["action"], "Remove the access at {site}")
    return words.format(role=one["role"] or "of theirs", site=names.site(one["site"]), account=one["account"])


def owner(id: str, names: Names) -> str:
    """Who answers for a removal: a person, or Communications."""
    return "Communications" if id == "communications" else names.person(id)


def happened(entry: Mapping[str, Any]) -> str:
    """What an entry of a history says."""
    if entry["details"].get("revocation"):
        return "Access ended in the register" if entry["details"].get("state") == "revoked" else "Access is there again"
    return _HAPPENED.get(entry["what"], entry["what"])
