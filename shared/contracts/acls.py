"""Kafka's access lists, as they follow from the AsyncAPI document: who may write, read and join which group.

Each operation's `x-user` says who does it, its channel on which topic, its binding in which group. What no operation says
nobody may do. `acls.txt` is the list for an organisation by the name `{organisation}`; `houserules topics acls` brings a
broker to what it says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["INSTALLER", "Rule", "rules", "text"]

INSTALLER = "prepare"
"""The user of the job that makes topics."""

EXAMINER = "ops"
PREFIX, GROUP_PREFIX = "houserules.", "houserules-"
"""As they are in the document."""

CLUSTER = "kafka-cluster"
"""Kafka's own name for the cluster as a resource."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One thing that one user is allowed, from wherever they come. Kafka adds DESCRIBE to READ and to WRITE.

    Ours are for any host and allow; a broker may hold others, which `houserules topics acls` shows.
    """

    principal: str
    """Kafka's name for who it is: `User:sla`."""
    resource: str
    """TOPIC, GROUP or CLUSTER."""
    name: str
    operation: str
    """READ, WRITE, CREATE, DESCRIBE or DESCRIBE_CONFIGS."""
    pattern: str = "LITERAL"
    """PREFIXED: all names that begin with `name`."""
    host: str = "*"
    permission: str = "ALLOW"

    def __str__(self) -> str:
        which = f"{self.name}*" if self.pattern == "PREFIXED" else self.name
        other = [word for word in (self.permission, self.host) if word not in ("ALLOW", "*")]
        return " ".join([f"{self.principal:<36} {self.operation:<16} {self.resource:<8} {which}", *other])


def rules(
    document: Mapping[str, Any],
    organisations: Iterable[str],
    prefix: str = PREFIX,
    group_prefix: str = GROUP_PREFIX,
    users: Mapping[str, str] | None = None,
) -> tuple[Rule, ...]:
    """All that is allowed in an installation, in order. `users` are those who are known by another name: ours → Kafka's."""
    known, named = users or {}, sorted(organisations)
    made = {*_said(document, named, prefix, group_prefix), *_around(prefix, group_prefix)}
    return tuple(sorted(replace(rule, principal=f"User:{known.get(rule.principal, rule.principal)}") for rule in made))


def text(document: Mapping[str, Any]) -> str:
    """The list for an organisation that is not yet named, one rule a line."""
    return "".join(f"{rule}\n" for rule in rules(document, ["{organisation}"]))


def _said(document: Mapping[str, Any], organisations: Sequence[str], prefix: str, group_prefix: str) -> Iterator[Rule]:
    """What the operations do."""
    groups = _groups(document)
    for operation in document["operations"].values():
        user, channel = operation["x-user"], document["channels"][operation["channel"]["$ref"].rsplit("/", 1)[1]]
        does = "READ" if operation["action"] == "receive" else "WRITE"
        for group in _joined(operation):
            yield Rule(user, "GROUP", _renamed(group, GROUP_PREFIX, group_prefix), "READ")
        parameters = channel.get("parameters", {})
        dead = parameters["group"]["enum"] if "group" in parameters else None
        own = [""] if dead is None else [group for group in dead if group in groups.get(user, dead)]
        for organisation in organisations if "organisation" in parameters else [""]:
            for group in own:
                name = channel["address"].format(
                    organisation=organisation, group=_renamed(group, GROUP_PREFIX, group_prefix)
                )
                yield Rule(user.format(organisation=organisation), "TOPIC", _renamed(name, PREFIX, prefix), does)


def _around(prefix: str, group_prefix: str) -> Iterator[Rule]:
    """What is no traffic: topics are made and checked, the doctor looks at topics, groups and these lists."""
    for operation in ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"):
        yield Rule(INSTALLER, "TOPIC", prefix, operation, "PREFIXED")
    for operation in ("DESCRIBE", "DESCRIBE_CONFIGS"):
        yield Rule(EXAMINER, "TOPIC", prefix, operation, "PREFIXED")
    yield Rule(EXAMINER, "GROUP", group_prefix, "DESCRIBE", "PREFIXED")
    yield Rule(EXAMINER, "CLUSTER", CLUSTER, "DESCRIBE")


def _groups(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """The consumer groups of each user who reads in one."""
    found: dict[str, set[str]] = {}
    for operation in document["operations"].values():
        if joined := _joined(operation):
            found.setdefault(operation["x-user"], set()).update(joined)
    return found


def _joined(operation: Mapping[str, Any]) -> list[str]:
    joined: list[str] = operation.get("bindings", {}).get("kafka", {}).get("groupId", {}).get("enum", [])
    return joined


def _renamed(name: str, before: str, after: str) -> str:
    return f"{after}{name.removeprefix(before)}" if name.startswith(before) else name
