"""`key=value` becomes data of the type that the contract gives the field."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.intake.domain.reading import READERS
from shared.bus.topics import INBOUND
from shared.cli.failure import Misuse
from shared.cli.fields import assign, check_names, listing
from shared.cli.generic import GENERIC, GENERIC_ALIASES
from shared.contracts import CONTRACTS, decode_data
from tests.unit.cli.conftest import Run

NOW = datetime(2026, 3, 27, 16, 30, tzinfo=UTC)


def data(event: str, *pairs: str) -> dict[str, Any]:
    """What those pairs make."""
    struct = GENERIC.get(event) or CONTRACTS[event].data
    made: dict[str, Any] = {}
    assign(event, struct, made, pairs, NOW)
    return made


@pytest.mark.parametrize(
    ("event", "pair", "expected"),
    [
        ("staff-left", "person=104", {"person": "104"}),
        ("staff-left", "leave_at=+2h", {"leave_at": "2026-03-27T18:30:00Z"}),
        ("staff-left", "leave_on=tomorrow", {"leave_on": "2026-03-28"}),
        ("staff-left", "immediate=yes", {"immediate": True}),
        ("staff-left", "revision=3", {"revision": 3}),
        ("staff-left", "manager=null", {"manager": None}),
        ("message.received", "author.id=t=7", {"author": {"id": "t=7"}}),
        ("message.received", 'author={"id": "t7"}', {"author": {"id": "t7"}}),
        ("message.received", "text=null hypothesis", {"text": "null hypothesis"}),
        ("post.published", "images=i1, i2", {"images": ["i1", "i2"]}),
        ("post.published", 'images=["i1"]', {"images": ["i1"]}),
        ("image-uploaded", 'people=[{"kind": "staff"}]', {"people": [{"kind": "staff"}]}),
    ],
)
def test_values_have_the_type_of_their_field(event: str, pair: str, expected: dict[str, Any]) -> None:
    assert data(event, pair) == expected


def test_later_pairs_win_and_objects_are_filled_bit_by_bit() -> None:
    made = data("message.received", "author.id=a", "author.name=n", "author.id=b")
    assert made == {"author": {"id": "b", "name": "n"}}


def test_a_name_inside_a_list_of_objects_is_checked_too() -> None:
    with pytest.raises(Misuse, match="no field 'people.knd'"):
        check_names("image-uploaded", CONTRACTS["image-uploaded"].data, {"people": [{"knd": "staff"}]})


def test_an_object_is_not_put_into_a_value() -> None:
    with pytest.raises(Misuse, match="a value and as an object"):
        data("message.received", "author=null", "author.id=x")


def test_every_event_that_can_be_published_lists_its_fields(houserules: Run) -> None:
    inbound = [name for name, contract in CONTRACTS.items() if contract.topic in INBOUND]
    for event in [*inbound, *GENERIC, *GENERIC_ALIASES]:
        result = houserules("publish", event, "--fields")
        assert result.exit_code == 0
        assert ": " in result.stdout


def test_the_listing_shows_what_may_be_left_out_and_the_words_of_a_list() -> None:
    text = listing(GENERIC["message.received"])
    assert "author {id, name?, handle?}" in text
    assert "visibility (" in text
    assert "posted_at?" in text


def test_what_the_command_line_makes_is_read_by_the_contract() -> None:
    made = data("staff-left", "person=p-1", "leave_at=now", "manager=m-1")
    read = decode_data("staff-left", json.dumps(made).encode())
    assert read.leave_at == NOW  # type: ignore[attr-defined] # of staff-left's own class


def test_the_webhook_door_reads_every_field_that_can_be_published() -> None:
    assert GENERIC.keys() == READERS.keys()
    for event, struct in GENERIC.items():
        ours = {field.name: field for field in msgspec.structs.fields(struct)}
        theirs = {field.name: field for field in msgspec.structs.fields(READERS[event][0])}
        assert ours.keys() <= theirs.keys(), event
        missing = {name for name, field in theirs.items() if field.required and not ours[name].required}
        assert not missing, f"{event}: the door asks for {missing}"
