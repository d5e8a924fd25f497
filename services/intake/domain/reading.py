"""From the bytes of a delivery to the one fact in it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from services.intake.domain import facts, wire
from services.intake.domain.ids import Pseudonyms
from services.intake.domain.times import Stamp, stamp

__all__ = ["READERS", "Malformed", "Reading", "read"]

MAX_ID = 255
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
LONE = re.compile("[\ud800-\udfff]")
DEFAULT_BLOCK_REASON = "other"


class Malformed(Exception):
    """A signed body that is not as documented. `detail` names the place, and repeats nothing of what was sent."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reading:
    """What a delivery said. No fact: a verb that we do not know, ignored."""

    fact: facts.Fact | None = None
    site: str | None = None
    """The site that the delivery names: somebody is connected to it."""
    unknown_fields: int = 0
    clamped: bool = False


@dataclass(slots=True)
class _Context:
    """What a reader needs beside the struct: names, times and where the delivery came from."""

    ids: Pseudonyms
    sent: datetime | None
    received_at: datetime
    clamped: bool = False

    def when(self, said: datetime | None) -> Stamp:
        found = stamp(said, self.sent, self.received_at)
        self.clamped = self.clamped or found.clamped
        return found


def read(raw: bytes, ids: Pseudonyms, received_at: datetime) -> Reading:
    """The fact in a generic body. `received_at` is policy time. Raises Malformed."""
    raw = _without_halves(raw)
    body = _decode(raw, wire.Body, "")
    if body.type not in READERS:
        return Reading()
    struct, reader = READERS[body.type]
    if not body.data:
        raise Malformed("invalid", "missing field at /data")
    said = _decode(bytes(body.data), struct, "/data")
    present = _decode(bytes(body.data), dict[str, msgspec.Raw], "/data")
    context = _Context(ids, body.timestamp, received_at)
    fact = reader(said, context)
    site = getattr(said, "site", None)
    return Reading(
        fact,
        site=None if site is None else text_id(site),
        unknown_fields=len(present.keys() - set(struct.__struct_fields__)),
        clamped=context.clamped,
    )


def _decode(raw: bytes, shape: Any, where: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise Malformed("invalid", _without_values(error, where)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("undecodable", f"not JSON at {where or '/'}") from error


def _without_halves(raw: bytes) -> bytes:
    """Half a surrogate pair, as of an emoji that was cut in two, becomes U+FFFD: the message is kept."""
    if not SURROGATE.search(raw):
        return raw
    try:
        text = json.dumps(json.loads(raw), ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw
    return LONE.sub("\ufffd", text).encode()


def _without_values(error: msgspec.ValidationError, where: str) -> str:
    """A validation error's place as a pointer. Its text may quote what was sent, so only known phrases are kept."""
    text = str(error)
    missing = re.fullmatch(r"Object missing required field `(\w+)`.*", text)
    place = re.search(r" - at `\$([^`]*)`$", text)
    pointer = where + re.sub(r"\.|\[", "/", place.group(1)).replace("]", "") if place else where
    if missing:
        return f"missing field at {pointer}/{missing.group(1)}"
    return f"wrong type or value at {pointer or '/'}"


def text_id(value: str | int) -> str:
    """An id as a string. Raises Malformed for one with a NUL, which no database takes."""
    text = str(value)
    if "\x00" in text:
        raise Malformed("invalid", "an id holds the character NUL")
    return text


def _maybe(value: str | int | None) -> str | None:
    return None if value is None else text_id(value)


def _words(text: str | None) -> str | None:
    """A person's words, with NUL (which PostgreSQL cannot keep) replaced rather than refused: it is a message still."""
    return None if text is None else text.replace("\x00", "\ufffd")


def _message(said: wire.Message, context: _Context, *, edited: bool) -> facts.CustomerWrote:
    posted = context.when(said.posted_at)
    sent = context.when(None)
    author = said.author
    media = None if said.media is None else msgspec.json.encode(said.media).decode()
    external_author = None if author is None else text_id(author.id)
    return facts.CustomerWrote(
        conversation=context.ids.id("conversation", text_id(said.conversation)),
        message=context.ids.id("message", text_id(said.message)),
        external=text_id(said.message),
        site=text_id(said.site),
        network=said.network,
        visibility=said.visibility,
        posted_at=posted.at,
        time_basis=posted.basis,
        received_at=context.received_at,
        author=None if external_author is None else context.ids.author(external_author),
        edited=edited,
        edited_at=None if said.edited_at is None else context.when(said.edited_at).at,
        sent_at=sent.at,
        text=said.text.replace("\x00", "\ufffd"),
        author_external=external_author,
        author_name=None if author is None else _words(author.name),
        author_handle=None if author is None else _words(author.handle),
        in_reply_to=_maybe(said.in_reply_to),
        permalink=_words(said.permalink),
        media=media,
    )


def _reply(said: wire.Reply, context: _Context) -> facts.StaffReplied:
    return facts.StaffReplied(
        conversation=context.ids.id("conversation", text_id(said.conversation)),
        reply=context.ids.id("reply", text_id(said.reply)),
        site=text_id(said.site),
        visibility=said.visibility,
        posted_at=context.when(said.posted_at).at,
        account=_maybe(said.account),
        automatic=said.automatic or False,
        holding=said.holding,
        text=_words(said.text),
    )


def _moderated(said: wire.MessageModerated, context: _Context, *, action: facts.Action) -> facts.MessageModerated:
    return facts.MessageModerated(
        conversation=context.ids.id("conversation", text_id(said.conversation)),
        message=context.ids.id("message", text_id(said.message)),
        external=text_id(said.message),
        action=action,
        at=context.when(said.at).at,
        reason=said.reason,
        actor=_maybe(said.actor),
    )


def _deleted(said: wire.MessageDeleted, context: _Context) -> facts.AuthorDeleted:
    return facts.AuthorDeleted(
        conversation=context.ids.id("conversation", text_id(said.conversation)),
        message=context.ids.id("message", text_id(said.message)),
        external=text_id(said.message),
        at=context.when(said.at).at,
    )


def _author(said: wire.AuthorChanged, context: _Context, *, lifted: bool) -> facts.AuthorBlocked:
    author = said.author.id if isinstance(said.author, wire.Author) else said.author
    return facts.AuthorBlocked(
        author=context.ids.author(text_id(author)),
        site=text_id(said.site),
        at=context.when(said.at).at,
        actor=_maybe(said.actor) or context.ids.source,
        reason=said.reason or DEFAULT_BLOCK_REASON,
        lifted=lifted,
    )


def _moved(said: wire.ConversationMoved, context: _Context) -> facts.MovedPrivate:
    return facts.MovedPrivate(
        conversation=context.ids.id("conversation", text_id(said.conversation)),
        at=context.when(said.at).at,
        actor=_maybe(said.actor),
    )


def _post(said: wire.Post, context: _Context) -> facts.PostPublished:
    return facts.PostPublished(
        post=context.ids.id("post", text_id(said.post)),
        external=text_id(said.post),
        site=text_id(said.site),
        category=said.category,
        at=context.when(said.at).at,
        images=tuple(text_id(image) for image in said.images or ()),
        closure=_maybe(said.closure),
        text=_words(said.text),
    )


def _reach(said: wire.Reach, context: _Context) -> facts.ReachReported:
    return facts.ReachReported(
        site=text_id(said.site),
        at=context.when(said.at).at,
        followers=said.followers,
        reach=said.reach,
        engagement=said.engagement,
        referrals=said.referrals,
    )


def _heartbeat(said: wire.Heartbeat, context: _Context) -> facts.SiteSeen:
    return facts.SiteSeen(site=text_id(said.site), at=context.when(said.at).at)


READERS: dict[str, tuple[type[msgspec.Struct], Callable[[Any, _Context], facts.Fact]]] = {
    "message.received": (wire.Message, partial(_message, edited=False)),
    "message.edited": (wire.Message, partial(_message, edited=True)),
    "message.replied": (wire.Reply, _reply),
    "message.hidden": (wire.MessageModerated, partial(_moderated, action="hidden")),
    "message.removed": (wire.MessageModerated, partial(_moderated, action="removed")),
    "message.restored": (wire.MessageModerated, partial(_moderated, action="restored")),
    "message.deleted_by_author": (wire.MessageDeleted, _deleted),
    "author.blocked": (wire.AuthorChanged, partial(_author, lifted=False)),
    "author.unblocked": (wire.AuthorChanged, partial(_author, lifted=True)),
    "conversation.moved_private": (wire.ConversationMoved, _moved),
    "post.published": (wire.Post, _post),
    "reach.reported": (wire.Reach, _reach),
    "site.heartbeat": (wire.Heartbeat, _heartbeat),
}
