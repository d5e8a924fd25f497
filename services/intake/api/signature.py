"""Proof of a generic webhook: the Standard Webhooks scheme, checked by its own library.

`webhook-id`, `webhook-timestamp` (within five minutes of machine time), `webhook-signature` (`v1,<base64>`, several
allowed): https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from services.intake.store.sources import Source

__all__ = ["Unproven", "delivery_id", "signer"]

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
MAX_ID = 255
TOLERANCE_S = 300.0
NOBODY = "whsec_bm8gc291cmNlIGhhcyB0aGlzIHNlY3JldA=="
"""Checked against where there is no source, so that an unknown one takes as long as a known one."""


class Unproven(Exception):
    """No secret of the source signed this. `reason` is `missing`, `doubled` or `wrong`: for counting, not for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def signer(
    body: bytes, headers: Iterable[tuple[str, str]], sources: Sequence[Source], now: datetime
) -> tuple[Source, str]:
    """The source whose secret signed the bytes, and the delivery's id. `now` is machine time. Raises Unproven.

    `headers` have lower-case names, and each as often as it came. Several sources of one name belong to several
    organisations: the secret tells whose delivery it is.
    """
    named: dict[str, str] = {}
    for name, value in headers:
        if name in HEADERS:
            if name in named:
                raise Unproven("doubled")
            named[name] = value
    if any(not named.get(name) for name in HEADERS):
        raise Unproven("missing")
    found: Source | None = None
    pairs: list[tuple[Source | None, str]] = [(one, secret) for one in sources for secret in one.secrets]
    for owner, secret in pairs or [(None, NOBODY)]:
        if _signed(secret, body, named) and found is None:
            found = owner
    if found is None or not _fresh(named["webhook-timestamp"], now):
        raise Unproven("wrong")
    return found, delivery_id(named["webhook-id"])


def _signed(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """Whether this secret signed. Beside its own error the library raises ValueError, which binascii.Error and
    UnicodeDecodeError are too, for what is no base64, no text or no pair."""
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError):
        return False
    return True


def _fresh(timestamp: str, now: datetime) -> bool:
    """Whether it was sent within five minutes of now. The library looks at the machine's clock; this one is ours."""
    try:
        return abs(now.timestamp() - float(timestamp)) <= TOLERANCE_S
    except ValueError:
        return False


def delivery_id(said: str) -> str:
    """The sender's id as a key: one that is too long for an index by its digest."""
    return said if len(said) <= MAX_ID else f"sha256:{hashlib.sha256(said.encode()).hexdigest()}"
