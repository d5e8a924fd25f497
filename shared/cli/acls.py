"""`houserules topics acls`: Kafka's access lists, brought to what the contract says."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from shared.cli.cluster import cluster, unreachable
from shared.cli.failure import Failure, Misuse
from shared.cli.output import json_value, say
from shared.cli.running import run
from shared.cli.stack import stack_of

if TYPE_CHECKING:
    from shared.bus.topics import Topics
    from shared.contracts.acls import Rule
    from shared.platform.cluster import Cluster

__all__ = ["acls", "is_ours", "wanted_lists"]

EVERYTHING = "*"


class Change(NamedTuple):
    """What is to be done about a difference."""

    add: bool
    remove: bool


def acls(
    context: typer.Context,
    kafka: Annotated[
        str | None, typer.Option(help="Where the broker is; HOUSERULES_KAFKA, else the stack's if not given.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Make what is missing.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="With --apply: take away what is there and should not be, too.")
    ] = False,
    user: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=KAFKA-NAME", help="Who is known to Kafka by another name; may be given again."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no broker: only say what must be there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Say which of Kafka's access lists are missing, and which should not be there; make them so with --apply.

    \b
    They follow from shared/contracts/asyncapi.yaml: each service and each outside system may do what is said there, on
    the topics of every organisation that has a policy pack. The users' names are intake, sla, access, consent, prepare
    (makes topics), ops (the doctor), ORGANISATION-hr-system and ORGANISATION-image-library; their passwords are
    Kafka's matter. Run it as an administrator of Kafka (HOUSERULES_KAFKA_USER). Exit code 1 while anything is not so.
    Examples:
      houserules topics acls --offline
      houserules topics acls --kafka kafka.example.org:9092
      houserules topics acls --kafka kafka.example.org:9092 --apply --user sla=sla-production
    """
    if remove and not apply:
        raise Misuse("--remove is for --apply: without it nothing is changed.")
    from shared.cli.topics import bootstrap, names

    topics = names()
    wanted = wanted_lists(topics, user or [])
    if offline:
        _show({"wanted": wanted}, as_json)
        return
    kept = cluster(bootstrap(stack_of(context), kafka))
    ours = partial(is_ours, topics=topics, principals={rule.principal for rule in wanted})
    missing, others = run(_bring(kept, wanted, ours, Change(apply, remove)))
    _show({"missing": missing, "others": others}, as_json)
    if apply:
        say(f"{len(missing)} made, {len(others) if remove else 0} removed; {len(wanted)} in all.")
    _judge(0 if apply else len(missing), 0 if remove else len(others), len(wanted))


async def _bring(
    kafka: "Cluster", wanted: "set[Rule]", ours: "Callable[[Rule], bool]", change: Change
) -> "tuple[list[Rule], list[Rule]]":
    """What was missing and what should not have been there, mended as far as it was asked for. Raises Failure."""
    from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError

    from shared.bus.access_lists import AccessLists
    from shared.bus.errors import BusFault

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        async with AccessLists.of(kafka) as lists:
            there = {rule for rule in await lists.read() if ours(rule)}
            missing, others = sorted(wanted - there), sorted(there - wanted)
            if change.add and missing:
                await lists.make(missing)
            if change.remove and others:
                await lists.remove(others)
    except BusFault as fault:
        raise Failure(f"{str(fault)[:1].upper()}{str(fault)[1:]}.") from fault
    except ClusterAuthorizationFailedError as error:
        raise Failure(f"Access lists are not for {kafka.who}: run this as an administrator of Kafka.") from error
    except KafkaError as error:
        raise unreachable(kafka, error) from error
    return missing, others


def _judge(missing: int, others: int, wanted: int) -> None:
    """Raise Failure while anything is not as it must be."""
    faults = [
        *([f"{missing} are missing: `houserules topics acls --apply` makes them"] if missing else []),
        *([f"{others} are there that should not be: `--apply --remove` takes them away"] if others else []),
    ]
    if faults:
        raise Failure(f"Of the access lists {'; '.join(faults)}.")
    say(f"{wanted} access lists, as they must be.")


def wanted_lists(topics: "Topics", users: Iterable[str]) -> "set[Rule]":
    """What must be there. Raises Misuse for a user that there is not."""
    from shared.contracts.acls import rules
    from shared.contracts.asyncapi import document

    known = {}
    for pair in users:
        ours, _, theirs = pair.partition("=")
        if not ours or not theirs:
            raise Misuse(f"--user is NAME=KAFKA-NAME, like sla=sla-production, not {pair!r}.")
        known[ours] = theirs
    installation = document(), topics.organisations, topics.prefix, topics.group_prefix
    ours_all = {rule.principal.removeprefix("User:") for rule in rules(*installation)}
    if strangers := sorted(known.keys() - ours_all):
        raise Misuse(f"Nobody here is called {strangers[0]!r}; there are: {', '.join(sorted(ours_all))}.")
    return set(rules(*installation, known))


def _show(found: "Mapping[str, Iterable[Rule]]", as_json: bool) -> None:
    """What is missing with a plus, what should not be there with a minus."""
    if as_json:
        json_value({name: [asdict(rule) for rule in sorted(listed)] for name, listed in found.items()})
        return
    for name, sign in {"wanted": "", "missing": "+ ", "others": "- "}.items():
        for rule in sorted(found.get(name, ())):
            print(f"{sign}{rule}")


def is_ours(rule: "Rule", topics: "Topics", principals: set[str]) -> bool:
    """Whether a rule touches this installation: one of its topics or groups, or one of its users, whatever they may."""
    prefix = {"TOPIC": topics.prefix, "GROUP": topics.group_prefix}.get(rule.resource)
    if prefix is None:
        return rule.principal in principals
    covers = rule.pattern == "PREFIXED" and prefix.startswith(rule.name)
    return covers or rule.name == EVERYTHING or rule.name.startswith(prefix) or rule.principal in principals
