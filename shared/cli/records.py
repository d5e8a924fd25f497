"""A record of the bus as an onlooker reads it: whatever is there, judged by nobody."""

from typing import Any

import msgspec

__all__ = ["describe", "name_of", "organisation_of"]

STRUCTURED = b"application/cloudevents"


def describe(record: Any) -> dict[str, Any]:
    """The CloudEvent in its JSON form, with `topic`, `partition`, `offset` and `key` of its record.

    What cannot be read as one has `undecodable` (why) in the place of `data`.
    """
    where = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else record.key.decode(errors="replace"),
    }
    headers = dict(record.headers)
    try:
        body = msgspec.json.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return {**_attributes(headers), **where, "undecodable": f"the body is no JSON: {error}"}
    if (headers.get("content-type") or b"").startswith(STRUCTURED):
        return {**body, **where} if isinstance(body, dict) else {**where, "undecodable": "the body is no object"}
    return {**_attributes(headers), **where, "data": body}


def _attributes(headers: dict[str, bytes | None]) -> dict[str, str]:
    named = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
    return {name: (value or b"").decode(errors="replace") for name, value in named.items()}


def name_of(event: dict[str, Any]) -> str:
    """`houserules.sla-breach.v1` → `sla-breach`; another type as it is, `?` where there is none."""
    return str(event.get("type") or "?").removeprefix("houserules.").removesuffix(".v1")


def organisation_of(event: dict[str, Any]) -> str:
    """Whose it is: by its topic where that is an organisation's own, else by its attribute; empty when neither says."""
    parts = str(event["topic"]).split(".")
    if len(parts) >= 3 and parts[-3] == "in":
        return parts[-2]
    return str(event.get("organisation") or "")
