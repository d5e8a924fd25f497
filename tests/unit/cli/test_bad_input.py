"""A mistake is one sentence that says what to do, an exit code, and never a traceback."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Run

RECEIVED = ["publish", "message.received", "--organisation", "westward"]
PEOPLE = ["import", "people"]
WESTWARD = ["--organisation", "westward"]
LEFT = ["publish", "staff-left", "--organisation", "westward"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["frobnicate"], 2, "frobnicate", id="no such command"),
        pytest.param(["watch", "nope"], 2, "There is no topic 'nope'; there are: messages, people", id="no such topic"),
        pytest.param(["watch", "--count", "0"], 2, "--count", id="a count of none"),
        pytest.param(["watch", "sla", "--organisation", "acme"], 2, "there are: westward, wheatley", id="watch whom"),
        pytest.param(["watch"], 1, "Kafka does not answer at 127.0.0.1:1", id="Kafka away"),
        pytest.param(["publish", "staff-left", "person=p"], 2, "--organisation", id="whose event"),
        pytest.param([*LEFT[:3], "acme", "person=p"], 2, "there are: westward, wheatley", id="no such organisation"),
        pytest.param(["publish", "staff-lost", "--organisation", "westward"], 2, "is no event; what can be published: image-deleted", id="no such event"),
        pytest.param(["publish", "sla-breach", "--organisation", "westward"], 2, "written by our own services only", id="our own event"),
        pytest.param([*LEFT, "persn=p"], 2, "staff-left has no field 'persn'; it has: person, stint?", id="no such field"),
        pytest.param([*LEFT, "person"], 2, "'person' is no key=value", id="no value"),
        pytest.param([*LEFT], 2, "`person`. It has: person, stint?", id="a field is missing"),
        pytest.param([*LEFT, "person=p", "leave_at=2026-03-27T16:30"], 2, "leave_at: '2026-03-27T16:30' names no offset", id="an instant without an offset"),
        pytest.param([*LEFT, "person=p", "leave_on=friday"], 2, "leave_on: 'friday' is not a date", id="no date"),
        pytest.param([*LEFT, "person=p", "immediate=perhaps"], 2, "immediate: 'perhaps' is not true or false", id="neither true nor false"),
        pytest.param([*LEFT, "person=p", "revision=two"], 2, "revision: 'two' is not a whole number", id="no number"),
        pytest.param([*LEFT, "person=p", "leave_at=now", "leave_on=today"], 2, "leave_at", id="both dates of leaving"),
        pytest.param([*LEFT, "person=p", "--source", "/houserules/access"], 2, "our own sources", id="our own source"),
        pytest.param([*LEFT, "person=p", "--id", ""], 2, "--id is 1 to 255", id="an empty id"),
        pytest.param([*LEFT, "person=p", "--time", "soon"], 2, "'soon' is not an instant", id="no time"),
        pytest.param([*LEFT, "--file", "nope.json"], 2, "nope.json cannot be read", id="no file"),
        pytest.param([*LEFT, "person=p"], 1, "Kafka does not answer", id="publish without Kafka"),
        pytest.param([*RECEIVED, "author.name=x"], 2, "message.received:", id="a webhook without its fields"),
        pytest.param([*RECEIVED, "author.nme=x"], 2, "no field 'author.nme'", id="no such field inside"),
        pytest.param([*RECEIVED, "author=x"], 2, "author: 'x' is not JSON", id="an object as text"),
        pytest.param([*RECEIVED, "site=s", "visibility=secret"], 2, "message.received:", id="outside its list"),
        pytest.param([*RECEIVED, "--source", "/x"], 2, "--source is for people and images", id="a source at the webhook"),
        pytest.param(["dead-letters", "list"], 1, "access does not answer at http://127.0.0.1:1", id="a service away"),
        pytest.param(["dead-letters", "redrive"], 2, "ID", id="redrive what"),
        pytest.param(["dead-letters", "close", "x"], 2, "--reason", id="close, and why not"),
        pytest.param(["deliveries", "retry", "7"], 1, "intake does not answer", id="deliveries without intake"),
        pytest.param(["clock", "set", "2026-03-27T16:30:00Z"], 1, "real time here and cannot be moved", id="a real clock"),
        pytest.param(["clock", "step", "1x"], 2, "'1x' is not a span", id="no span"),
        pytest.param(["clock", "run", "--rate", "-1"], 2, "--rate", id="backwards"),
        pytest.param(["token", "--role", "king", "--organisation", "westward"], 2, "There is no role 'king'", id="no such role"),
        pytest.param(["token", "--role", "dpo"], 2, "--organisation", id="whose token"),
        pytest.param(["token", "--role", "dpo", "--organisation", "westward"], 1, "has no key", id="no issuer"),
        pytest.param(["policy", "check", "nope.toml"], 1, "nope.toml: file: cannot be read", id="no pack"),
        pytest.param(["policy", "explain", "acme"], 2, "neither a file nor an organisation", id="whose policy"),
        pytest.param(["policy", "explain", "nope.toml"], 1, "nope.toml: file: cannot be read", id="explain no pack"),
        pytest.param([*PEOPLE, "nope.csv", *WESTWARD], 2, "nope.csv cannot be read", id="no table"),
        pytest.param([*PEOPLE, "-"], 2, "--organisation", id="whose register"),
        pytest.param(["import", "staff", "-", *WESTWARD], 2, "'staff' is not one of", id="no such table"),
        pytest.param([*PEOPLE, "-", "--organisation", "acme"], 2, "there are: westward, wheatley", id="no such register"),
        pytest.param(["import", "sites", "-", *WESTWARD, "--roster"], 2, "--roster is for people", id="a roster of sites"),
        pytest.param([*PEOPLE, "-", *WESTWARD], 1, "access does not answer at http://127.0.0.1:1", id="import without access"),
        pytest.param(["person", "1001"], 2, "--organisation", id="whose person"),
        pytest.param(["person", "1001", *WESTWARD], 1, "access does not answer", id="person without access"),
        pytest.param(["image", "i"], 2, "--organisation", id="whose image"),
        pytest.param(["image", "i", *WESTWARD, "--channel", "website"], 2, "--channel and --purpose together", id="half a use"),
        pytest.param(["image", "i", *WESTWARD], 1, "consent does not answer", id="image without consent"),
        pytest.param(["image", "..", *WESTWARD], 1, "No image of westward's is '..'", id="an image that no path can name"),
        pytest.param(["stack", "tokens.acme"], 2, "no tokens.acme; there are: westward, wheatley", id="no such field of the stack"),
        pytest.param(["stack", "kafka.x"], 2, "stack.json has no kafka.x.", id="a field inside a text"),
        pytest.param(["migrate", "billing"], 2, "no service 'billing'", id="migrate what"),
        pytest.param(["migrate", "sla"], 2, "SLA_OWNER_URL", id="migrate where"),
        pytest.param(["migrate", "sla", "--owner-url", "mysql://x"], 2, "postgresql://", id="another database"),
        pytest.param(["migrate", "sla", "--owner-url", "postgresql://a:b@127.0.0.1:1/x"], 1, "cannot be brought up to date", id="database away"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(
    houserules: Run, stack: dict[str, Any], arguments: list[str], code: int, says: str
) -> None:
    result = houserules(*arguments)
    assert says in result.stderr
    assert result.exit_code == code
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["watch"],
        ["dead-letters", "list"],
        ["deliveries", "list"],
        [*LEFT, "person=p"],
        [*PEOPLE, "-", *WESTWARD],
        ["person", "1001", *WESTWARD],
        ["image", "i", *WESTWARD],
        ["stack"],
    ],
)
def test_without_a_stack_the_way_to_one_is_named(houserules: Run, arguments: list[str]) -> None:
    result = houserules(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "make run" in result.stderr


def test_a_stack_file_that_is_broken_is_said_so(houserules: Run, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"kafka": 1}')
    result = houserules("--stack", str(file), "dead-letters", "list")
    assert result.exit_code == 1
    assert "broken.json is not a stack file" in result.stderr
    assert "$.kafka" in result.stderr


def test_stdin_that_is_no_object_is_said_so(houserules: Run, stack: dict[str, Any]) -> None:
    result = houserules(*LEFT, "--file", "-", stdin="[1]")
    assert result.exit_code == 2
    assert "stdin holds no JSON object" in result.stderr


def test_a_bad_pack_is_refused_with_file_key_and_reason(houserules: Run, tmp_path: Path) -> None:
    pack = tmp_path / "ours.toml"
    pack.write_text('organisation = "ours"\n')
    result = houserules("policy", "check", str(pack), "--json")
    (found,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["sound"] is False
    assert found["key"]
    assert found["reason"]
    assert str(pack) in result.stderr


def test_a_good_pack_is_sound(houserules: Run) -> None:
    from shared.policy import loader

    pack = Path(loader.__file__).parent / "packs" / "wheatley-2017.toml"
    result = houserules("policy", "check", str(pack))
    assert result.exit_code == 0
    assert "sound (wheatley/2017" in result.stdout
