"""No event can carry a name, a handle, an address, a phone number or text; each way to plant one is seen."""

import types
from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest

from shared.contracts import CONTRACTS, lint
from shared.contracts.data import Data, Part
from shared.contracts.fields import Code, Count, Flags, Id, Instant, Limit


def test_no_event_has_a_field_for_an_identifier_or_text() -> None:
    assert lint.findings() == []
    assert lint.main() == 0


def test_the_lint_looks_at_every_event_and_its_parts() -> None:
    seen = {shape.__name__ for shape in lint._with_parts([each.data for each in CONTRACTS.values()])}
    assert {"MessageReceived", "PersonShown", "ImageUse", "Copyright", "AccessItem", "Finding"} <= seen


class Clean(Data, frozen=True, kw_only=True):
    """All that is allowed."""

    person: Id
    code: Code | None = None
    flags: Flags | None = None
    at: Instant
    until: Limit | None = None
    people_shown: Count
    mode: Literal["on", "off"]
    done: bool


def test_what_is_allowed_is_not_refused() -> None:
    assert lint.findings([Clean]) == []


def _planted(field: str, kind: Any) -> type[Part]:
    """An event with one field, made as by hand."""
    said = {"__doc__": "Planted.", "__module__": __name__, "__annotations__": {field: kind}}
    return cast(
        type[Part],
        types.new_class("Planted", (Data,), {"frozen": True, "kw_only": True}, lambda body: body.update(said)),
    )


@pytest.mark.parametrize(
    "field",
    [
        "name",
        "display_name",
        "displayName",
        "username",
        "user_name",
        "handle",
        "screen_handle",
        "email",
        "e_mail",
        "work_email",
        "contact_mail",
        "phone",
        "phone_number",
        "mobile",
        "telephone",
        "text",
        "message_text",
        "body",
        "note",
        "notes",
        "comment",
        "caption",
        "description",
        "title",
        "address",
        "postcode",
        "born_on",
        "permalink",
        "url",
        "first_name",
        "surname",
    ],
)
def test_a_field_with_a_telling_name_is_refused(field: str) -> None:
    planted = _planted(field, Id)
    assert [fault for fault in lint.findings([planted]) if f"Planted.{field}" in fault]


def test_a_telling_name_on_the_wire_is_refused_too() -> None:
    class Renamed(Data, frozen=True, kw_only=True):
        """Innocent in Python only."""

        person: Id = msgspec.field(name="fullName")

    assert "fullName" in lint.findings([Renamed])[0]


@pytest.mark.parametrize(
    "kind",
    [
        str,
        str | None,
        tuple[str, ...],
        tuple[str, ...] | None,
        Annotated[str, msgspec.Meta(max_length=255)],
        Annotated[str, msgspec.Meta(pattern="^.*$")],
        Literal["Some words, not a code"],
        bytes,
        dict[str, str],
        list[Any],
        Any,
        object,
        msgspec.Raw,
        datetime,
        int,
        float,
        Id | int,
    ],
    ids=str,
)
def test_a_field_that_may_hold_anything_is_refused(kind: Any) -> None:
    planted = _planted("reason", kind)
    faults = lint.findings([planted])
    assert len(faults) == 1
    assert faults[0].startswith("Planted.reason: ")


def test_a_part_inside_a_list_is_looked_at() -> None:
    class Inner(Part, frozen=True, kw_only=True):
        """A part."""

        remark: str

    class Outer(Data, frozen=True, kw_only=True):
        """An event."""

        parts: tuple[Inner, ...] | None = None

    assert {fault.split(":")[0] for fault in lint.findings([Outer])} == {"Inner.remark"}


def test_an_event_that_says_nowhere_what_it_means_is_refused() -> None:
    class Silent(Data, frozen=True, kw_only=True):
        person: Id

    assert lint.findings([Silent]) == ["Silent: says nowhere what it means"]


def test_a_planted_fault_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lint, "findings", lambda: ["Planted.name: a field called name"])
    assert lint.main() == 1
    assert "Planted.name" in capsys.readouterr().out
