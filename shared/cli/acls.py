"""`houserules topics acls`: Kafka's access lists, brought to what the contract says."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict
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

__all__ = ["acls", "compared", "is_ours", "is_ours_alone", "wanted_lists"]

EVERYTHING = "*"


class Found(NamedTuple):
    """What is to be there and is not, what is there and should not be, and what others may on what is not ours alone."""

    missing: "list[Rule]"
    others: "list[Rule]"
    strangers: "list[Rule]"


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
        bool,
        typer.Option(
            "--remove", help="With --apply: take away what should not be there and is this installation's alone."
        ),
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
    What reaches further than this installation's topics and groups is named and left to Kafka's administrator, and so
    are other users' rights on the cluster itself and those of its own users on what is another's: these have a "?".
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
    found = run(_bring(kept, wanted, topics, Change(apply, remove)))
    _show(found._asdict(), as_json)
    wide = sum(not is_ours_alone(rule, topics) for rule in found.others)
    alone = len(found.others) - wide
    if apply:
        say(f"{len(found.missing)} made, {alone if remove else 0} removed; {len(wanted)} in all.")
    if found.strangers:
        say(f"{len(found.strangers)} are on the cluster or on what is another's: left as they are.")
    _judge(0 if apply else len(found.missing), 0 if remove else alone, wide, len(wanted))


async def _bring(kafka: "Cluster", wanted: "set[Rule]", topics: "Topics", change: Change) -> Found:
    """What was missing and what should not have been there, mended as far as it was asked for. Raises Failure."""
    from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError

    from shared.bus.access_lists import AccessLists
    from shared.bus.errors import BusFault

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        async with AccessLists.of(kafka) as lists:
            found = compared(await lists.read(), wanted, topics)
            if change.add and found.missing:
                await lists.make(found.missing)
            if change.remove and (unwanted := [rule for rule in found.others if is_ours_alone(rule, topics)]):
                await lists.remove(unwanted)
    except BusFault as fault:
        raise Failure(f"{str(fault)[:1].upper()}{str(fault)[1:]}.") from fault
    except ClusterAuthorizationFailedError as error:
        raise Failure(f"Access lists are not for {kafka.who}: run this as an administrator of Kafka.") from error
    except KafkaError as error:
        raise unreachable(kafka, error) from error
    return found


def compared(there: "set[Rule]", wanted: "set[Rule]", topics: "Topics") -> Found:
    """A broker's lists beside those that the contract asks for."""
    principals = {rule.principal for rule in wanted}
    ours = {rule for rule in there if is_ours(rule, topics, principals)}
    strangers = {rule for rule in there - ours if rule.resource == "CLUSTER" or rule.principal in principals}
    return Found(sorted(wanted - ours), sorted(ours - wanted), sorted(strangers))


def _judge(missing: int, others: int, wide: int, wanted: int) -> None:
    """Raise Failure while anything is not as it must be."""
    faults = [
        *([f"{missing} are missing: `houserules topics acls --apply` makes them"] if missing else []),
        *([f"{others} are there that should not be: `--apply --remove` takes them away"] if others else []),
        *([f"{wide} reach further than this installation: Kafka's administrator is to narrow them"] if wide else []),
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
    """What is missing with a plus, what should not be there with a minus, and what is not ours to judge."""
    if as_json:
        json_value({name: [asdict(rule) for rule in sorted(listed)] for name, listed in found.items()})
        return
    for name, sign in {"wanted": "", "missing": "+ ", "others": "- ", "strangers": "? "}.items():
        for rule in sorted(found.get(name, ())):
            print(f"{sign}{rule}")


def is_ours(rule: "Rule", topics: "Topics", principals: set[str]) -> bool:
    """Whether a rule touches this installation: it reaches a topic or a group of it, whoever's it is, or it is one of its
    users' and about neither. What only begins like ours, `houserules.test.` beside `houserules.`, is a neighbour's."""
    if rule.resource not in ("TOPIC", "GROUP"):
        return rule.principal in principals
    prefix = topics.prefix if rule.resource == "TOPIC" else topics.group_prefix
    if rule.name == EVERYTHING or (rule.pattern == "PREFIXED" and prefix.startswith(rule.name)):
        return True
    return _names_ours(rule, topics)


def is_ours_alone(rule: "Rule", topics: "Topics") -> bool:
    """Whether a rule that touches this installation touches nothing else, so that it is ours to take away."""
    if rule.resource not in ("TOPIC", "GROUP"):
        return True
    prefix = topics.prefix if rule.resource == "TOPIC" else topics.group_prefix
    return rule.name.startswith(prefix)


def _names_ours(rule: "Rule", topics: "Topics") -> bool:
    """Whether what a rule names, beyond the prefix, is a topic or a group of this installation."""
    from shared.bus.topics import READERS

    if rule.resource == "GROUP":
        groups = {topics.group(service) for readers in READERS.values() for service in readers}
        return rule.name in groups or (rule.pattern == "PREFIXED" and any(one.startswith(rule.name) for one in groups))
    known = {spec.name for spec in topics.specs()}
    if rule.pattern == "PREFIXED":
        return rule.name.startswith(f"{topics.prefix}in.") or any(one.startswith(rule.name) for one in known)
    return rule.name in known or _is_a_topic(rule.name, topics)


def _is_a_topic(name: str, topics: "Topics") -> bool:
    """Whether it is named as ours are: also of an organisation that has no policy pack any more."""
    live = name.removesuffix(".dlt").rpartition(".")[0] if name.endswith(".dlt") else name
    try:
        topics.logical(live)
    except ValueError:
        return False
    return True
