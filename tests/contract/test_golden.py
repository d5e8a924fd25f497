"""Every released sample is read, for good: by the contract, by its JSON Schema and off the bus."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared.bus.codec import Wire, decode
from shared.bus.topics import Topics
from shared.contracts import CONTRACTS, INBOUND, Data, Invalid, decode_data, encode_data
from tests.contract.samples import SIZES, Schema, data, names, raw, sample

EVERY = [(name, size) for name in sorted(CONTRACTS) for size in SIZES]
ORGANISATIONS = frozenset({"westward", "wheatley"})
CANARY = "NOT-FOR-LOGS-5f3a"

# What a sample holds beside the fields that are required: one of two dates, the entity that gives the key.
ONE_OF_TWO = {"leave-date-changed": {"leave_on"}}
FOR_THE_KEY = {"personal-data-exposed": {"post"}, "retention-completed": {"person"}, "retention-overdue": {"person"}}
LEFT_OUT_OF_FULL = {"staff-left": {"leave_on"}, "leave-date-changed": {"leave_on"}}


def _fields(name: str) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(CONTRACTS[name].data)}


def _refused(name: str, value: Any) -> str:
    with pytest.raises(Invalid) as caught:
        decode_data(name, raw(value))
    return caught.value.detail


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or index) within a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _places(value[key])


def test_samples_and_contracts_are_the_same_events() -> None:
    assert set(names()) == set(CONTRACTS)
    assert len(CONTRACTS) == 105


@pytest.mark.parametrize(("name", "size"), EVERY)
def test_a_sample_is_read_and_written_as_it_was(name: str, size: str) -> None:
    event = sample(name, size)
    known = decode_data(name, raw(event["data"]))
    assert type(known) is CONTRACTS[name].data
    assert json.loads(encode_data(known)) == event["data"]
    assert event["type"] == CONTRACTS[name].type


@pytest.mark.parametrize(("name", "size"), EVERY)
def test_a_sample_is_valid_by_its_schema(name: str, size: str) -> None:
    assert Schema(name).faults(data(name, size)) == []


@pytest.mark.parametrize(("name", "size"), EVERY)
def test_a_sample_is_read_off_the_bus(name: str, size: str) -> None:
    event = sample(name, size)
    topics = Topics(ORGANISATIONS)
    topic = CONTRACTS[name].topic
    inbound = topic in INBOUND
    place = topics.inbound("westward", topic) if inbound else topics.shared(topic)
    if inbound and size == "minimal":
        place = topics.inbound(event["source"].split("/")[1], topic)
    key = CONTRACTS[name].key(decode_data(name, raw(event["data"])), event.get("organisation", ""))
    read = decode(place, Wire(key.encode(), [("content-type", b"application/cloudevents+json")], raw(event)), topics)
    assert (read.id, read.source, read.name, read.topic) == (event["id"], event["source"], name, topic)
    assert read.key == key == event.get("subject", key)
    assert json.loads(encode_data(read.data)) == event["data"]
    assert ",".join(read.clauses) == event.get("clauses", "")
    assert read.correlation_id == event.get("correlationid")
    assert read.mode == event.get("mode")


@pytest.mark.parametrize(("name", "size"), EVERY)
def test_unknown_fields_are_ignored_wherever_they_are(name: str, size: str) -> None:
    grown = data(name, size)
    for each in list(_objects(grown)):
        each["added_in_a_later_version"] = {"canary": [CANARY, "\0", 1.5, None]}
    known = decode_data(name, raw(grown))
    assert json.loads(encode_data(known)) == data(name, size)
    assert CANARY.encode() not in encode_data(known)
    assert Schema(name).faults(grown) == []


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_the_minimal_sample_has_what_is_required_and_the_full_one_everything(name: str) -> None:
    fields = _fields(name)
    required = {field for field, info in fields.items() if info.required}
    assert set(data(name, "minimal")) == required | ONE_OF_TWO.get(name, set()) | FOR_THE_KEY.get(name, set())
    assert set(data(name, "full")) == set(fields) - LEFT_OUT_OF_FULL.get(name, set())


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_a_required_field_that_is_missing_or_null_is_named(name: str) -> None:
    schema = Schema(name)
    for field in (field for field, info in _fields(name).items() if info.required):
        without = data(name)
        del without[field]
        assert f"`{field}`" in _refused(name, without)
        assert f"`$.{field}`" in _refused(name, data(name, **{field: None}))
        assert schema.faults(without)
        assert schema.faults(data(name, **{field: None}))


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_null_in_an_optional_field_is_the_same_as_none(name: str) -> None:
    optional = [field for field, info in _fields(name).items() if not info.required]
    absent = data(name, "minimal")
    nulls = {field: None for field in optional if field not in absent}
    known = decode_data(name, raw({**nulls, **absent}))
    assert known == decode_data(name, raw(absent))
    assert json.loads(encode_data(known)) == absent
    assert Schema(name).faults({**nulls, **absent}) == []


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_a_field_of_the_wrong_type_is_refused_by_class_and_schema(name: str) -> None:
    schema = Schema(name)
    for field, value in data(name).items():
        wrong = "7.5" if isinstance(value, (bool, int, list, dict)) else 7
        assert f"$.{field}" in _refused(name, data(name, **{field: wrong}))
        assert schema.faults(data(name, **{field: wrong}))


@pytest.mark.parametrize("name", sorted(CONTRACTS))
@pytest.mark.parametrize("planted", [f"{CANARY}\0", f"{CANARY}' - at `$.x`", [CANARY], {CANARY: CANARY}], ids=repr)
def test_no_refusal_repeats_what_was_sent(name: str, planted: Any) -> None:
    refusals = 0
    for number in range(len(list(_places(data(name))))):
        value = data(name)
        container, key = list(_places(value))[number]
        container[key] = planted
        try:
            decode_data(name, raw(value))
        except Invalid as refusal:
            refusals += 1
            assert CANARY not in str(refusal)
            assert "\0" not in str(refusal)
            assert "\n" not in str(refusal)
    assert refusals > 0
    if planted == f"{CANARY}\0":
        assert refusals == len(list(_places(data(name)))), "somewhere a NUL was taken"


def test_data_is_of_the_class_that_is_asked_for() -> None:
    assert all(issubclass(each.data, Data) for each in CONTRACTS.values())
    assert len({each.data for each in CONTRACTS.values()}) == len(CONTRACTS)
