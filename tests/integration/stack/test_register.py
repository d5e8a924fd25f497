"""The register and the pictures through the command line: imports, a person, an image."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.stack.conftest import Houserules
from tests.integration.stack.test_doors import eventually
from tests.stacks import RunningStack

WESTWARD = ("--organisation", "westward")
HEAD = {
    "sites": "site,network,kind,state",
    "people": "person,manager,stint,starts_on,roles",
    "accounts": "account,person,network,kind",
    "grants": "grant,account,site,role",
}
Table = Callable[..., str]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """A CSV file of a kind with these lines; its path."""

    def write(kind: str, *lines: str) -> str:
        file = tmp_path / f"{kind}.csv"
        file.write_text("\n".join([HEAD[kind], *lines, ""]))
        return str(file)

    return write


def test_a_table_comes_in_once_and_a_dry_run_changes_nothing(houserules: Houserules, table: Table) -> None:
    person = f"p-{uuid4()}"
    file = table("people", f"{person},,1,2024-02-05,", f"{person}-b,{person},1,2024-02-05,communications")
    dry = houserules("import", "people", file, *WESTWARD, "--dry-run")
    assert (dry.code, dry.err) == (0, "Nothing was changed: it was a dry run.\n")
    assert dry.out.splitlines()[1].split() == ["2", "2", "0", "0", "0"]
    assert houserules("person", person, *WESTWARD).code == 1
    done = houserules("import", "people", file, *WESTWARD, "--json")
    assert json.loads(done.out) == {"lines": 2, "created": 2, "changed": 0, "unchanged": 0, "missing": 0}
    again = houserules("import", "people", file, *WESTWARD)
    assert (again.code, again.err) == (0, "people: 0 of 2 lines brought something new.\n")
    shown = houserules("person", f"{person}-b", *WESTWARD)
    assert f"{person}-b  active  manager {person}  roles communications" in shown.out
    assert "Holds no access." in shown.out
    other = houserules("person", person, "--organisation", "wheatley")
    assert (other.code, other.out) == (1, "")
    assert f"Nobody at wheatley is '{person}'" in other.err


def test_every_bad_line_and_column_is_named_and_nothing_comes_in(houserules: Houserules, table: Table) -> None:
    person = f"p-{uuid4()}"
    file = table("people", f"{person},,1,2024-02-05,", f"{person}-b,,1,soon,", ",,1,2024-02-05,", f"{person},,1,,")
    done = houserules("import", "people", file, *WESTWARD)
    assert done.code == 1
    header, *rows = [line.split(maxsplit=3) for line in done.out.splitlines()]
    assert header == ["LINE", "COLUMN", "CODE", "DETAIL"]
    assert [row[:3] for row in rows] == [
        ["3", "starts_on", "invalid"],
        ["4", "person", "required"],
        ["5", "person", "duplicate"],
    ]
    assert "3 lines are wrong; nothing was imported." in done.err
    told = json.loads(houserules("import", "people", file, *WESTWARD, "--json").out)
    assert [(error["line"], error["column"]) for error in told["errors"]] == [
        (3, "starts_on"), (4, "person"), (5, "person"),
    ]  # fmt: skip
    assert houserules("person", person, *WESTWARD).code == 1


def test_a_leaver_is_shown_with_what_is_being_taken_away(houserules: Houserules, table: Table) -> None:
    person = f"p-{uuid4()}"
    for kind, lines in {
        "sites": [f"{person}-page,facebook,page,live"],
        "people": [f"{person},,1,2024-02-05,"],
        "accounts": [f"{person}-fb,{person},facebook,work"],
        "grants": [f"{person}-g,{person}-fb,{person}-page,editor"],
    }.items():
        done = houserules("import", kind, table(kind, *lines), *WESTWARD)
        assert done.code == 0, done.err
    held = json.loads(houserules("person", person, *WESTWARD, "--json").out)
    assert (held["state"], [one["grant"] for one in held["access"]]) == ("active", [f"{person}-g"])
    assert (held["revocations"], held["cases"], held["consents"]) == ([], [], [])
    left = houserules("publish", "staff-left", *WESTWARD, f"person={person}", "immediate=true")
    assert left.code == 0, left.err
    eventually(lambda: bool(json.loads(houserules("person", person, *WESTWARD, "--json").out)["revocations"]))
    shown = houserules("person", person, *WESTWARD)
    assert f"{person}  left" in shown.out
    for word in ("Employment", "Access", "Revocations", f"remove-role {person}-g", "requested"):
        assert word in shown.out
    assert "Revocations: 1 of 1 not done." in shown.err


def test_a_picture_is_judged_in_words(house: RunningStack, houserules: Houserules) -> None:
    image, tenant = f"i-{uuid4()}", f"t-{uuid4()}"
    nobody = houserules("image", image, *WESTWARD)
    assert (nobody.code, nobody.out) == (1, "")
    assert f"No image of westward's is '{image}'" in nobody.err
    sent = houserules(
        "publish", "image-uploaded", *WESTWARD, f"image={image}", "content_hash=sha256:00", "uploader=u", "at=now",
        json_of("people", [{"person": tenant, "kind": "tenant"}]), json_of("copyright", {"basis": "owned"}),
        json_of("uses", [{"use": "use-1", "channel": "internal", "purpose": "newsletter"}]),
    )  # fmt: skip
    assert sent.code == 0, sent.err
    eventually(lambda: houserules("image", image, *WESTWARD).code == 0)
    shown = houserules("image", image, *WESTWARD).out
    assert f"{image}  block: it may not be used.\n  There is no consent of Person {tenant}.\n" in shown
    for word in ("Findings", "no-consent", "Uses", "use-1", "newsletter"):
        assert word in shown
    url = f"{house.file['services']['consent']}/consents"
    record = {
        "person": tenant,
        "outcome": "given",
        "method": "signed",
        "taken_on": "2024-01-02",
        "channels": ["website"],
    }
    files: dict[str, Any] = {"record": (None, json.dumps(record)), "form": ("form.pdf", b"%PDF-1.4\n%%EOF\n")}
    headers = {"Authorization": f"Bearer {house.file['tokens']['westward']['communications']}"}
    assert httpx.post(url, files=files, headers=headers).status_code == 201
    meant = houserules("image", image, *WESTWARD, "--channel", "press", "--purpose", "news", "--json")
    codes = {finding["code"] for finding in json.loads(meant.out)["findings"]}
    assert codes >= {"background"}
    assert codes & {"out-of-scope", "expired"}
    person = houserules("person", tenant, *WESTWARD)
    assert person.code == 0, person.err
    assert f"{tenant}  not in the register" in person.out
    assert "website" in person.out


def json_of(field: str, value: object) -> str:
    """`field=<JSON>`, as the command line takes it."""
    return f"{field}={json.dumps(value)}"


def test_the_stack_says_where_it_is(house: RunningStack, houserules: Houserules) -> None:
    shown = houserules("stack")
    assert shown.code == 0
    for name, url in house.file["services"].items():
        assert any(line.split() == [name, f"{url}/"] for line in shown.out.splitlines())
    assert "token" not in shown.out
    assert houserules("stack", "publishers.westward").out.strip() == house.file["publishers"]["westward"]
    assert json.loads(houserules("stack", "services").out) == house.file["services"]
