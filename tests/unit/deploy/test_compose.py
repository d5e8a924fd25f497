"""docker-compose.yml: it is valid, and each container is pinned, watched, without rights and fed secrets by file."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it comes without types
import pytest
import yaml

from deploy.compose.prepare import SERVICES as ADDRESSES
from deploy.local.jars import listed
from deploy.local.postgres import MAJOR
from deploy.local.postgres import SETTINGS as LOCAL_POSTGRES
from tests.unit.deploy.described import PORTS, ROOT, SERVICES, SETTINGS, compose, containers, environment, variables

EXACT = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?")
JOBS = ("prepare", "migrate", "topics", "houserules")
LASTING = tuple(name for name in containers() if name not in JOBS)
WRITES_ITS_ROOT = {"kafka": "its start script writes the settings into its own folder"}
THEIRS = ("POSTGRES_", "KAFKA_", "GF_", "CLUSTER_ID")
"""Variables of other people's images."""


def test_it_is_what_the_compose_specification_allows() -> None:
    """The schema is compose-spec's (Apache-2.0), as the npm package dclint 3.1.0 ships it."""
    schema = json.loads((ROOT / "tests" / "unit" / "deploy" / "compose-spec.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(compose())


def test_what_shall_run_is_there() -> None:
    assert set(containers()) == {
        *SERVICES, *JOBS, "postgres", "kafka", "prometheus", "alertmanager", "grafana"
    }  # fmt: skip


@pytest.mark.parametrize("name", containers())
def test_an_image_is_pinned_by_an_exact_version(name: str) -> None:
    assert EXACT.fullmatch(containers()[name]["image"])


def test_servers_are_of_the_version_that_the_tests_run_against() -> None:
    (kafka,) = {jar.version for jar in listed() if jar.artifact == "kafka-server"}
    assert containers()["kafka"]["image"] == f"apache/kafka:{kafka}"
    assert containers()["postgres"]["image"].startswith(f"postgres:{MAJOR}.")


@pytest.mark.parametrize("name", containers())
def test_a_container_has_no_rights(name: str) -> None:
    container = containers()[name]
    assert container["user"].partition(":")[0] not in ("", "0", "root")
    assert container["cap_drop"] == ["ALL"]
    assert "cap_add" not in container
    assert "no-new-privileges:true" in container["security_opt"]
    assert not container.get("privileged")
    assert container.get("read_only", False) is (name not in WRITES_ITS_ROOT)
    assert container["mem_limit"]
    assert container["pids_limit"]


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_watched_and_brought_back(name: str) -> None:
    container = containers()[name]
    assert container["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert container["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", JOBS)
def test_a_job_runs_once(name: str) -> None:
    assert containers()[name]["restart"] == "no"
    assert containers()[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", containers())
def test_a_port_is_this_machines_alone(name: str) -> None:
    for port in containers()[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_when_all_is_prepared(service: str) -> None:
    wanted = {name: {"condition": "service_completed_successfully"} for name in ("prepare", "migrate", "topics")}
    assert containers()[service]["depends_on"] == wanted


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_those_of_the_contract(service: str) -> None:
    container, port = containers()[service], PORTS[service]
    assert container["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert container["environment"][f"{service.upper()}_PORT"] == str(port)
    assert container["healthcheck"]["test"][-1] == str(port)
    assert container["command"] == ["python", "-m", f"services.{service}"]
    pages: dict[str, str] = json.loads(container["environment"]["HOUSERULES_PAGES"])
    assert pages[service] == f"http://127.0.0.1:{port}"
    assert ADDRESSES == PORTS


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_of_a_service_is_a_setting(service: str) -> None:
    assert set(containers()[service]["environment"]) <= variables(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_these_settings(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{service.upper()}_DATABASE_URL").write_text("postgresql://app:secret@db/name\n")
    environment(monkeypatch, containers()[service]["environment"], tmp_path)
    settings = SETTINGS[service]()  # type: ignore[call-arg] # the environment gives them
    assert (settings.profile, settings.port, settings.ordinal) == ("local", PORTS[service], 0)
    assert settings.pages.keys() == PORTS.keys()


def test_every_other_variable_is_a_setting_or_another_images() -> None:
    known = {name for service in SERVICES for name in variables(service)}
    for name, container in containers().items():
        ours = {key for key in container.get("environment", {}) if not key.startswith(THEIRS)}
        assert ours <= known, name


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_holds_its_own_secrets_and_no_other(service: str) -> None:
    """The app role's URL, never the owner's."""
    own = {f"{service.upper()}_DATABASE_URL"} | ({"intake-sources.json"} if service == "intake" else set())
    assert set(containers()[service]["secrets"]) == own
    assert containers()[service]["environment"]["HOUSERULES_SECRETS"] == "/run/secrets"


def test_the_stacks_file_and_the_private_key_are_the_commands_alone() -> None:
    """They hold every secret of the stack; a service gets the issuer's public keys, and reads them only."""
    prepare = containers()["prepare"]
    assert having()["local"] == ["prepare", "houserules"]
    assert having()["jwks"] == ["prepare", *SERVICES]
    for service in SERVICES:
        said = containers()[service]["environment"]
        assert "jwks:/var/lib/houserules/jwks:ro" in containers()[service]["volumes"]
        assert said["HOUSERULES_JWKS"] == prepare["environment"]["HOUSERULES_JWKS"]
        assert said["HOUSERULES_JWKS"].startswith("/var/lib/houserules/jwks/")
        assert "HOUSERULES_DEVELOPMENT_ISSUER" not in said


def test_secrets_come_from_files_that_are_not_committed() -> None:
    folders = {secret["file"].rpartition("/")[0] for secret in compose()["secrets"].values()}
    assert folders == {"./.local/compose/secrets"}
    assert ".local/" in (ROOT / ".gitignore").read_text().splitlines()
    named = {secret for container in containers().values() for secret in container.get("secrets", [])}
    assert named == set(compose()["secrets"])


def test_no_variable_holds_a_secret() -> None:
    for name, container in containers().items():
        for key, value in container.get("environment", {}).items():
            if "PASSWORD" in key or key.endswith("_URL"):
                assert str(value).startswith("/run/secrets/"), (name, key)


def test_every_volume_and_file_that_is_mounted_is_there() -> None:
    volumes = set()
    for container in containers().values():
        for mount in container.get("volumes", []):
            source, _, target = mount.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert target.endswith(":ro")
            else:
                volumes.add(source)
    assert volumes == set(compose()["volumes"])


def having() -> dict[str, list[str]]:
    """The containers that have a volume or a folder."""
    found: dict[str, list[str]] = {}
    for name, container in containers().items():
        for mount in container.get("volumes", []):
            found.setdefault(mount.partition(":")[0], []).append(name)
    return found


def test_forms_and_their_keys_are_on_two_volumes_that_consent_alone_has() -> None:
    assert having()["forms"] == having()["keys"] == ["consent"]


def test_postgres_is_set_as_on_a_laptop() -> None:
    """Durable, by password, and without a statement in its log; what is about places is compose's own."""
    own = {"listen_addresses", "unix_socket_directories", "lc_messages", "log_line_prefix"}
    said = dict(word.removeprefix("-c").split("=", 1) for word in containers()["postgres"]["command"][1:])
    assert said == {name: value for name, value in LOCAL_POSTGRES.items() if name not in own}


def test_kafka_makes_no_topic_by_itself_and_tells_each_side_its_own_address() -> None:
    lines = (ROOT / "deploy" / "kafka" / "server.properties").read_text().splitlines()
    said = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert said["auto.create.topics.enable"] == "false"
    inside, outside = said["advertised.listeners"].split(",")
    environments: list[dict[str, Any]] = [
        containers()[name]["environment"] for name in (*SERVICES, "topics", "prepare")
    ]
    assert {e["HOUSERULES_KAFKA"] for e in environments} == {inside.removeprefix("INSIDE://")}
    assert outside == f"OUTSIDE://{containers()['kafka']['ports'][0].rpartition(':')[0]}"


def observed(name: str) -> dict[str, Any]:
    """A file of those who watch."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / name).read_text())
    return content


PROVIDERS = "grafana/provisioning/dashboards/house-rules.yml"


def inside(container: str, path: str) -> str:
    """What lies at a path in a container, as a path of the project."""
    for mount in containers()[container]["volumes"]:
        source, target, *_ = mount.split(":")
        if source.startswith("./") and (path == target or path.startswith(f"{target}/")):
            return str(source.removeprefix("./") + path.removeprefix(target))
    raise AssertionError(f"nothing is mounted at {path} in {container}")


def test_prometheus_asks_the_services_where_they_are_and_tells_alertmanager() -> None:
    said = observed("prometheus/prometheus.yml")
    targets = {
        target for job in said["scrape_configs"] for group in job["static_configs"] for target in group["targets"]
    }
    assert {f"{service}:{port}" for service, port in PORTS.items()} <= targets
    (alertmanager,) = [t for a in said["alerting"]["alertmanagers"] for g in a["static_configs"] for t in g["targets"]]
    assert alertmanager == "alertmanager:9093"
    for path in said["rule_files"]:
        assert (ROOT / inside("prometheus", path)).exists()


def test_grafana_finds_its_dashboards_and_prometheus() -> None:
    (providers,) = (ROOT / "deploy/grafana/provisioning/dashboards").glob("*.y*ml")
    (sources,) = (ROOT / "deploy/grafana/provisioning/datasources").glob("*.y*ml")
    for provider in yaml.safe_load(providers.read_text())["providers"]:
        assert list((ROOT / inside("grafana", provider["options"]["path"])).glob("*.json"))
    assert [source["url"] for source in yaml.safe_load(sources.read_text())["datasources"]] == [
        "http://prometheus:9090"
    ]


def test_grafana_opens_with_the_overview_that_it_provisions() -> None:
    home = containers()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    provided = [provider["options"]["path"] for provider in observed(PROVIDERS)["providers"]]
    assert home.rpartition("/")[0] in provided
    assert json.loads((ROOT / inside("grafana", home)).read_text())["uid"] == "houserules-overview"
