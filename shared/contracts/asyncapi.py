"""The bus as an AsyncAPI 3.0 document: every topic, who writes and reads it, and the messages on it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.contracts.registry import CONTRACTS, INBOUND, TOPICS, Contract

__all__ = ["READERS", "WRITERS", "document"]

WRITERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "messages": ("intake",),
        "people": ("access", "intake"),
        "images": ("intake",),
        "sla": ("sla",),
        "access": ("access",),
        "consent": ("consent",),
    }
)
"""Which services write a shared topic."""

READERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "messages": ("sla", "access"),
        "people": ("access", "consent"),
        "images": ("consent",),
        "sla": ("intake", "access"),
        "access": ("intake", "access"),
        "consent": ("access",),
    }
)
"""Which services read a topic, the inbound one like the shared one."""

OUTSIDE: Mapping[str, str] = MappingProxyType({"people": "hr-system", "images": "image-library"})
"""Which system of the organisation's own writes an inbound topic."""

OPS = "ops"
"""The user of those who run it: reads dead letters and nothing else."""

_DAY_MS = 86_400_000
_MIB = 1024 * 1024

_KEYS = {
    "messages": "The conversation; for author events the author, for posts and standing figures the site.",
    "people": "The person.",
    "images": "The image.",
    "sla": "The conversation; for standing duties the site, for closures and reviews the organisation.",
    "access": "The person; for accounts the account, for sites the site, for reviews the organisation.",
    "consent": "The image; for a consent record its person.",
}


def document() -> dict[str, Any]:
    """The whole document, ready to be written as YAML."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:houserules:bus",
        "info": {
            "title": "House Rules",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 over Kafka. Written in binary mode; read in binary and structured mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "securitySchemes": _schemes(),
            "schemas": {"cloudEventHeaders": _headers(), "deadLetterHeaders": _dead_letter_headers()},
            "messageTraits": {"cloudEvent": {"headers": _ref("components/schemas/cloudEventHeaders")}},
            "messages": {**{name: _message(each) for name, each in CONTRACTS.items()}, "dead-letter": _dead_letter()},
        },
    }


def _servers() -> dict[str, Any]:
    return {
        "local": {"host": "127.0.0.1:9092", "protocol": "kafka", "description": "The embedded stack: it asks nobody."},
        "installation": {
            "host": "kafka.example.org:9092",
            "protocol": "kafka-secure",
            "description": "Whoever writes or reads is a user of their own, allowed what the operations say of it.",
            "security": [_ref("components/securitySchemes/password"), _ref("components/securitySchemes/certificate")],
        },
    }


def _schemes() -> dict[str, Any]:
    return {
        "password": {"type": "scramSha512", "description": "SASL_SSL: a user and a password, over TLS."},
        "certificate": {"type": "X509", "description": "SSL: a certificate whose subject the brokers map to the user."},
    }


def _ref(path: str) -> dict[str, str]:
    return {"$ref": f"#/{path}"}


def _names(topic: str) -> list[str]:
    return [name for name, each in CONTRACTS.items() if each.topic == topic]


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for topic in TOPICS:
        channels[topic] = _live(topic, f"houserules.{topic}", {})
        channels[f"{topic}-dead-letters"] = _dead(topic, f"houserules.{topic}", {})
    for topic in INBOUND:
        address, parameters = f"houserules.in.{{organisation}}.{topic}", {"organisation": _organisation()}
        channels[f"in-{topic}"] = _live(topic, address, parameters)
        channels[f"in-{topic}-dead-letters"] = _dead(topic, address, parameters)
    return channels


def _organisation() -> dict[str, Any]:
    return {"description": "An organisation with a policy pack; it is what the events belong to, whatever they say."}


def _live(topic: str, address: str, parameters: dict[str, Any]) -> dict[str, Any]:
    who = f"that organisation's {OUTSIDE[topic]}" if parameters else " and ".join(WRITERS[topic])
    return _channel(
        address,
        f"Written by {who}; read by {' and '.join(READERS[topic])}.",
        parameters,
        {name: _ref(f"components/messages/{name}") for name in _names(topic)},
        _topic_binding(retention_days=7, max_mib=4),
    )


def _dead(topic: str, address: str, parameters: dict[str, Any]) -> dict[str, Any]:
    groups = [f"houserules-{service}" for service in READERS[topic]]
    group = {"group": {"description": "The consumer group that could not apply it.", "enum": groups}}
    return _channel(
        f"{address}.{{group}}.dlt",
        "What a consumer group could not apply: the original key, headers and bytes, and why.",
        {**parameters, **group},
        {"dead-letter": _ref("components/messages/dead-letter")},
        _topic_binding(retention_days=30, max_mib=5),
    )


def _channel(
    address: str, description: str, parameters: dict[str, Any], messages: dict[str, Any], binding: dict[str, Any]
) -> dict[str, Any]:
    channel: dict[str, Any] = {"address": address, "description": description, "messages": messages}
    if parameters:
        channel["parameters"] = parameters
    return {**channel, "bindings": {"kafka": binding}}


def _topic_binding(*, retention_days: int, max_mib: int) -> dict[str, Any]:
    settings = {
        "cleanup.policy": ["delete"],
        "retention.ms": retention_days * _DAY_MS,
        "max.message.bytes": max_mib * _MIB,
    }
    return {"partitions": 6, "topicConfiguration": settings, "bindingVersion": "0.5.0"}


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        inbound = [f"in-{topic}"] if topic in INBOUND else []
        for service in WRITERS[topic]:
            operations[f"{service}-send-{topic}"] = _operation(service, "send", topic)
        for channel in inbound:
            outside = f"{{organisation}}-{OUTSIDE[topic]}"
            operations[f"{OUTSIDE[topic]}-send-{channel}"] = _operation(outside, "send", channel)
        for service in READERS[topic]:
            for channel in (topic, *inbound):
                operations |= _reading(service, channel)
        for channel in (topic, *inbound):
            dead = f"{channel}-dead-letters"
            operations[f"{OPS}-receive-{dead}"] = _operation(OPS, "receive", dead, "To look at what is in it.")
    return operations


def _reading(service: str, channel: str) -> dict[str, Any]:
    """What goes with reading: a place for what cannot be applied, and its way back, by the service's own table."""
    dead, back = f"{channel}-dead-letters", "Redrive: what it could not apply, as it came, when ops ask for it."
    return {
        f"{service}-receive-{channel}": _receive(service, channel),
        f"{service}-send-{dead}": _operation(service, "send", dead),
        f"{service}-redrive-{channel}": _operation(service, "send", channel, back),
    }


def _operation(user: str, action: str, channel: str, description: str | None = None) -> dict[str, Any]:
    """`x-user` is who may do it on a broker that asks: the access lists are made from it (`houserules topics acls`)."""
    said = {"description": description} if description else {}
    return {"action": action, "channel": _ref(f"channels/{channel}"), "x-user": user, **said}


def _receive(service: str, channel: str) -> dict[str, Any]:
    group = {"type": "string", "enum": [f"houserules-{service}"]}
    return {
        **_operation(service, "receive", channel),
        "bindings": {"kafka": {"groupId": group, "bindingVersion": "0.5.0"}},
    }


def _message(contract: Contract) -> dict[str, Any]:
    meaning = " ".join((contract.data.__doc__ or "").split())
    return {
        "name": contract.type,
        "title": contract.name,
        "summary": meaning,
        "contentType": "application/json",
        "traits": [_ref("components/messageTraits/cloudEvent")],
        "headers": {
            "type": "object",
            "properties": {"ce_type": {"const": contract.type}},
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./schemas/{contract.name}.v1.json"},
        },
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {"kafka": {"key": _key(_KEYS[contract.topic]), "bindingVersion": "0.5.0"}},
    }


def _key(description: str) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 255, "description": description}


def _dead_letter() -> dict[str, Any]:
    return {
        "name": "dead-letter",
        "summary": "A record as it came, byte for byte, with the headers that say where from and why.",
        "headers": _ref("components/schemas/deadLetterHeaders"),
        "payload": {"description": "The original bytes, whatever they are."},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": "The original key."}, "bindingVersion": "0.5.0"}
        },
    }


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _headers() -> dict[str, Any]:
    required = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _text(
            "UUIDv7 for ours. With `source` it identifies the event within its organisation.", maxLength=255
        ),
        "ce_source": _text(
            "Ours: `/houserules/{service}`; others: a URI reference of their own.", format="uri-reference"
        ),
        "ce_type": _text("`houserules.<name>.v1`."),
        "ce_time": _text("When it happened.", format="date-time"),
    }
    optional = {
        "content-type": _text("Of the data in binary mode; `application/cloudevents+json` in structured mode."),
        "ce_subject": _text("The entity; the same as the record's key."),
        "ce_partitionkey": _text("The entity; the same as the record's key."),
        "ce_organisation": _text("On an inbound topic the topic gives it; another one there is refused."),
        "ce_clauses": _text("Ours only: comma-joined clause ids that the event enforces."),
        "ce_correlationid": _text("The event that began the story."),
        "ce_causationid": _text("The event that caused this one."),
        "ce_mode": _text("While the organisation only observes; else absent.", enum=["observe"]),
        "ce_traceparent": _text("W3C trace context, when traced."),
    }
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _dead_letter_headers() -> dict[str, Any]:
    properties = {
        "dlt-original-topic": _text("The topic."),
        "dlt-original-partition": _text("The partition, in decimal."),
        "dlt-original-offset": _text("The offset, in decimal."),
        "dlt-original-timestamp": _text("The record's timestamp: milliseconds of machine time."),
        "dlt-original-consumer-group": _text("The group that could not apply it."),
        "dlt-error-class": _text("The class of the error."),
        "dlt-error-message": _text("The code, then what was wrong; nothing of the payload."),
    }
    return {"type": "object", "required": list(properties), "properties": properties}
