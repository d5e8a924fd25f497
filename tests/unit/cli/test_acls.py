"""Whose a broker's access list is: ours, a neighbour's in the same cluster, or nobody's to take away but its administrator's."""

from typing import Any

import pytest

from shared.bus.topics import Topics
from shared.cli.acls import compared, is_ours, is_ours_alone, wanted_lists
from shared.contracts.acls import Rule

OURS = Topics(frozenset({"westward", "wheatley"}))
WANTED = wanted_lists(OURS, [])
PRINCIPALS = {rule.principal for rule in WANTED}
NEIGHBOUR = Topics(frozenset({"westward"}), "houserules.test.", "houserules-test-")


def rule(resource: str, name: str, operation: str = "READ", who: str = "a-stranger", **more: Any) -> Rule:
    """Somebody's, a stranger's if not said."""
    return Rule(f"User:{who}", resource, name, operation, **more)


@pytest.mark.parametrize(
    ("one", "ours", "alone"),
    [
        pytest.param(rule("TOPIC", "houserules.access", "WRITE"), True, True, id="a topic of ours"),
        pytest.param(rule("TOPIC", "houserules.messages.houserules-sla.dlt"), True, True, id="a dead letter topic"),
        pytest.param(rule("TOPIC", "houserules.in.gone.people"), True, True, id="of a landlord that went"),
        pytest.param(rule("TOPIC", "houserules.in.", pattern="PREFIXED"), True, True, id="all that landlords write"),
        pytest.param(rule("TOPIC", "houserules.", pattern="PREFIXED"), True, True, id="all topics of ours"),
        pytest.param(rule("GROUP", "houserules-sla"), True, True, id="a group of ours"),
        pytest.param(rule("CLUSTER", "kafka-cluster", "ALTER", who="sla"), True, True, id="our user on the cluster"),
        pytest.param(rule("TOPIC", "*"), True, False, id="every topic"),
        pytest.param(rule("TOPIC", "house", pattern="PREFIXED"), True, False, id="ours and more"),
        pytest.param(rule("GROUP", "*"), True, False, id="every group"),
        pytest.param(rule("TOPIC", "houserules.test.messages"), False, None, id="a neighbour's topic"),
        pytest.param(rule("TOPIC", "houserules.test.", pattern="PREFIXED"), False, None, id="all of a neighbour's"),
        pytest.param(rule("GROUP", "houserules-test-sla"), False, None, id="a neighbour's group"),
        pytest.param(rule("TOPIC", "houserules"), False, None, id="a topic named like the prefix"),
        pytest.param(rule("TOPIC", "billing.invoices", who="sla"), False, None, id="our user on another's topic"),
        pytest.param(rule("CLUSTER", "kafka-cluster", "ALTER"), False, None, id="a stranger on the cluster"),
    ],
)
def test_a_rule_is_ours_by_the_names_that_it_reaches(one: Rule, ours: bool, alone: bool | None) -> None:
    assert is_ours(one, OURS, PRINCIPALS) is ours
    assert alone is None or is_ours_alone(one, OURS) is alone


def test_a_neighbour_whose_prefix_begins_with_ours_keeps_all_that_it_has() -> None:
    """Both have users of the same names, as they have unless they say otherwise. Only what both want alike is ours."""
    theirs = wanted_lists(NEIGHBOUR, [])
    assert not {one for one in theirs - WANTED if is_ours(one, OURS, PRINCIPALS)}
    found = compared(WANTED | theirs, WANTED, OURS)
    assert (found.missing, found.others) == ([], [])
    assert set(found.strangers) == theirs - WANTED, "they are named"


def test_beside_a_neighbour_with_a_shorter_prefix_nothing_of_its_own_is_taken_away() -> None:
    wanted = wanted_lists(NEIGHBOUR, [])
    found = compared(WANTED | wanted, wanted, NEIGHBOUR)
    assert found.others, "its rights on all that begins like ours reach us, too"
    assert not [one for one in found.others if is_ours_alone(one, NEIGHBOUR)]


def test_a_stranger_s_rights_on_the_cluster_are_named_and_not_ours_to_take_away() -> None:
    stranger = rule("CLUSTER", "kafka-cluster", "ALTER")
    assert compared(WANTED | {stranger}, WANTED, OURS) == ([], [], [stranger])
