"""asyncapi.yaml and the JSON Schemas are those of the contract, and whole."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.bus import topics as bus_topics
from shared.bus.topics import Topics
from shared.contracts import CONTRACTS, INBOUND, TOPICS, asyncapi, generate
from tests.contract.samples import Schema

SERVICES = ("intake", "sla", "access", "consent")


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load((generate.FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _resolve(document: Any, reference: str) -> Any:
    place, _, pointer = reference.partition("#")
    if place:
        document = json.loads((generate.FOLDER / place).read_text(encoding="utf-8"))
    for step in pointer.strip("/").split("/") if pointer else []:
        document = document[step]
    return document


def test_what_is_committed_is_what_the_contract_generates(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_the_check_sees_what_is_changed_missing_and_left_over(tmp_path: Path) -> None:
    shutil.copytree(generate.FOLDER / "schemas", tmp_path / "schemas")
    shutil.copy(generate.FOLDER / "asyncapi.yaml", tmp_path)
    shutil.copy(generate.FOLDER / "acls.txt", tmp_path)
    assert generate.differences(tmp_path) == []
    (tmp_path / "schemas" / "staff-left.v1.json").unlink()
    (tmp_path / "schemas" / "staff-gone.v1.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    (tmp_path / "acls.txt").unlink()
    assert generate.differences(tmp_path) == [
        "acls.txt",
        "asyncapi.yaml",
        "schemas/staff-gone.v1.json",
        "schemas/staff-left.v1.json",
    ]


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_every_event_has_a_valid_schema_that_says_what_it_means(name: str) -> None:
    assert all(shape["description"] for shape in Schema(name).text["$defs"].values())


def test_the_document_has_what_asyncapi_3_requires(document: Any) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    assert document.keys() <= {
        "asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components",
    }  # fmt: skip
    for server in document["servers"].values():
        assert {"host", "protocol"} <= server.keys()
    for channel in document["channels"].values():
        named = {part[1:-1] for part in channel["address"].split(".") if part.startswith("{")}
        assert named == set(channel.get("parameters", {}))
        assert channel["messages"]
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["channel"]["$ref"].startswith("#/channels/")


def test_every_reference_resolves(document: Any) -> None:
    references = set(_references(document))
    assert len(references) > 2 * len(CONTRACTS)
    for reference in references:
        assert _resolve(document, reference), reference


def test_every_event_is_a_message_on_its_topics_and_on_no_other(document: Any) -> None:
    for topic in TOPICS:
        wanted = {name for name, each in CONTRACTS.items() if each.topic == topic}
        channels = [topic, f"in-{topic}"] if topic in INBOUND else [topic]
        for channel in channels:
            assert set(document["channels"][channel]["messages"]) == wanted
    messages = document["components"]["messages"]
    assert set(messages) == {*CONTRACTS, "dead-letter"}
    for name, each in CONTRACTS.items():
        assert messages[name]["name"] == messages[name]["headers"]["properties"]["ce_type"]["const"] == each.type
        assert messages[name]["payload"]["schema"]["$ref"] == f"./schemas/{name}.v1.json"
        assert messages[name]["bindings"]["kafka"]["key"]["type"] == "string"


def test_the_headers_are_cloudevents_with_our_extensions(document: Any) -> None:
    headers = document["components"]["schemas"]["cloudEventHeaders"]
    assert {"ce_specversion", "ce_id", "ce_source", "ce_type"} <= set(headers["required"])
    extensions = ["organisation", "partitionkey", "clauses", "correlationid", "causationid", "mode", "traceparent"]
    assert {f"ce_{name}" for name in (*extensions, "subject", "time")} <= set(headers["properties"])


def test_the_channels_are_the_topics_of_an_installation(document: Any) -> None:
    described = {
        channel["address"].format(organisation="westward", group=group): channel
        for channel in document["channels"].values()
        for group in channel.get("parameters", {}).get("group", {}).get("enum", [""])
    }
    specs = {spec.name: spec for spec in Topics(frozenset({"westward"})).specs()}
    assert described.keys() == specs.keys()
    for name, spec in specs.items():
        binding = described[name]["bindings"]["kafka"]
        settings = binding["topicConfiguration"]
        assert binding["partitions"] == spec.partitions
        assert settings["cleanup.policy"] == [spec.config["cleanup.policy"]]
        for setting in ("retention.ms", "max.message.bytes"):
            assert str(settings[setting]) == spec.config[setting]


def _channel(operation: Any) -> str:
    name: str = operation["channel"]["$ref"].rsplit("/", 1)[1]
    return name


def test_each_service_reads_and_writes_what_the_topic_table_says(document: Any) -> None:
    assert dict(asyncapi.READERS) == dict(bus_topics.READERS)
    done = {
        (operation["x-user"], "redrive" if "-redrive-" in key else operation["action"], _channel(operation))
        for key, operation in document["operations"].items()
    }
    live = {each for each in done if not each[2].endswith("-dead-letters")}
    topics = Topics(frozenset({"westward"}))
    for service in SERVICES:
        reads = {channel for who, action, channel in live if (who, action) == (service, "receive")}
        assert reads == {
            f"in-{logical}" if organisation else logical
            for logical, organisation in map(topics.logical, topics.read_by(service))
        }
        writes = {channel for who, action, channel in live if (who, action) == (service, "send")}
        assert writes == {topic for topic, writers in asyncapi.WRITERS.items() if service in writers}
        assert {channel for who, action, channel in live if (who, action) == (service, "redrive")} == reads
    outside = {(who, channel) for who, _, channel in live if who not in SERVICES}
    assert outside == {(f"{{organisation}}-{asyncapi.OUTSIDE[topic]}", f"in-{topic}") for topic in INBOUND}
