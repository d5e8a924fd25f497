"""deploy/k8s: every object is valid, every pod is locked in, and nothing is allowed on the net that is not named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate  # type: ignore[import-untyped]  # it comes without types
import pytest
import yaml

from shared.contracts.acls import INSTALLER
from tests.secured import Authority
from tests.unit.deploy.described import PORTS, ROOT, SERVICES, SETTINGS, environment, manifests, of_kind, variables

K8S = ROOT / "deploy" / "k8s"
VERSIONS = ("1.32", kubernetes_validate.latest_version())
WAVE = "argocd.argoproj.io/sync-wave"
OTHERS = ("PGSSLMODE", "PGSSLROOTCERT")
"""Variables that PostgreSQL's client reads."""


def mounted(said: Mapping[str, str], place: Path) -> dict[str, str]:
    """The same settings, with the files that they name at a place of this machine."""
    authority = Authority(place / "authorities").ca
    return {name: str(authority) if value.endswith(".pem") else value for name, value in said.items()}


def pod(kind: str, name: str) -> dict[str, Any]:
    """The specification of an object's pods."""
    spec: dict[str, Any] = of_kind(kind)[name]["spec"]["template"]["spec"]
    return spec


def containers_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """All containers of a pod."""
    return [*spec.get("initContainers", []), *spec["containers"]]


PODS = {"prepare": pod("Job", "prepare")} | {name: pod("StatefulSet", name) for name in SERVICES}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "item", [*manifests(), *manifests("example")], ids=lambda item: f"{item['kind']}-{item['metadata']['name']}"
)
def test_an_object_is_what_kubernetes_takes(item: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(item, version, strict=True)


def test_every_file_of_the_base_is_in_its_list() -> None:
    listed = set(yaml.safe_load((K8S / "base" / "kustomization.yaml").read_text())["resources"])
    assert listed == {file.name for file in (K8S / "base").glob("*.yaml")} - {"kustomization.yaml"}


def test_the_examples_patches_are_for_objects_of_the_base() -> None:
    known = {(item["kind"], item["metadata"]["name"]) for item in manifests()}
    example = yaml.safe_load((K8S / "example" / "kustomization.yaml").read_text())
    for patch in example["patches"]:
        for item in yaml.safe_load_all((K8S / "example" / patch["path"]).read_text()):
            assert (item["kind"], item["metadata"]["name"]) in known


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_rights(name: str) -> None:
    spec = PODS[name]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers_of(spec):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_probed_and_its_pods_number_is_its_ordinal(service: str) -> None:
    (container,) = PODS[service]["containers"]
    assert container["args"] == ["python", "-m", f"services.{service}"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    said = {entry["name"]: entry for entry in container["env"]}
    number = said[f"{service.upper()}_ORDINAL"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert number == "metadata.labels['apps.kubernetes.io/pod-index']"


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_waits_for_the_migrations_of_its_code(service: str) -> None:
    """As its own role, with its own secret."""
    (wait,) = PODS[service]["initContainers"]
    (container,) = PODS[service]["containers"]
    assert wait["args"][:4] == ["houserules", "migrate", service, "--only-wait"]
    assert (wait["image"], wait["envFrom"]) == (container["image"], container["envFrom"])
    needed = ("secrets", "authorities")
    assert [mount for mount in container["volumeMounts"] if mount["name"] in needed] == wait["volumeMounts"]


def test_the_job_runs_after_what_it_stands_on_and_before_the_services() -> None:
    """Argo CD's order; a hook of another phase than the objects it needs would run before any of them is there."""
    job = of_kind("Job")["prepare"]["metadata"]["annotations"]
    assert job["argocd.argoproj.io/hook"] == "Sync"
    stands_on = [of_kind(kind)["houserules"] for kind in ("Namespace", "ServiceAccount", "ConfigMap")]
    stands_on += [of_kind("NetworkPolicy")[name] for name in ("deny-by-default", "names", "kafka", "postgresql")]
    waves = {int(item["metadata"]["annotations"][WAVE]) for item in stands_on}
    assert max(waves) < int(job[WAVE]) < 0
    for service in SERVICES:
        assert WAVE not in of_kind("StatefulSet")[service]["metadata"].get("annotations", {})


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_those_of_the_contract(service: str) -> None:
    port = PORTS[service]
    (container,) = PODS[service]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    assert {"name": f"{service.upper()}_PORT", "value": str(port)} in container["env"]
    for name in (service, f"{service}-pods"):
        assert of_kind("Service")[name]["spec"]["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]
    (door,) = of_kind("NetworkPolicy")[f"into-{service}"]["spec"]["ingress"]
    assert door["ports"] == [{"protocol": "TCP", "port": port}]


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_a_setting(service: str) -> None:
    (container,) = PODS[service]["containers"]
    common = {name for name in of_kind("ConfigMap")["houserules"]["data"] if name not in OTHERS}
    assert {entry["name"] for entry in container["env"]} | common <= variables(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_these_settings_and_is_pod_three_by_its_number(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (container,) = PODS[service]["containers"]
    own = {entry["name"]: entry.get("value", "3") for entry in container["env"]}
    (tmp_path / f"{service.upper()}_DATABASE_URL").write_text("postgresql://app:secret@db/name\n")
    (tmp_path / f"{service.upper()}_KAFKA_PASSWORD").write_text("another secret\n")
    environment(monkeypatch, mounted(of_kind("ConfigMap")["houserules"]["data"], tmp_path) | own, tmp_path)
    settings = SETTINGS[service]()  # type: ignore[call-arg] # the environment gives them
    assert (settings.profile, settings.port, settings.ordinal) == ("production", PORTS[service], 3)
    assert settings.database_url == "postgresql://app:secret@db/name"
    assert (settings.cluster.security, settings.cluster.user) == ("SASL_SSL", service)
    assert settings.cluster.password == "another secret"


@pytest.mark.parametrize("name", PODS)
def test_the_authorities_are_where_the_settings_say(name: str) -> None:
    data = of_kind("ConfigMap")["houserules"]["data"]
    places = {str(Path(data[variable]).parent) for variable in ("HOUSERULES_KAFKA_CA", "PGSSLROOTCERT")}
    for container in containers_of(PODS[name]):
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert {mounts["authorities"]} == places
    assert {"name": "authorities", "configMap": {"name": "houserules-authorities"}} in PODS[name]["volumes"]


def test_topics_are_made_by_the_user_who_may() -> None:
    """The one whom the access lists name, with a secret of its own."""
    (topics,) = PODS["prepare"]["containers"]
    assert topics["env"] == [{"name": "HOUSERULES_KAFKA_USER", "value": INSTALLER}]
    (secret,) = [volume["secret"] for volume in PODS["prepare"]["volumes"] if volume["name"] == "user"]
    assert secret["secretName"] == f"houserules-{INSTALLER}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_its_own_secret_as_files_and_no_other(service: str) -> None:
    secrets = [volume["secret"] for volume in PODS[service]["volumes"] if "secret" in volume]
    assert secrets == [{"secretName": f"houserules-{service}", "defaultMode": 0o440}]
    (container,) = PODS[service]["containers"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "secrets"]
    assert mount["mountPath"] == of_kind("ConfigMap")["houserules"]["data"]["HOUSERULES_SECRETS"]
    assert mount["readOnly"] is True


def test_owners_are_the_jobs_alone_and_no_secret_has_a_value_here() -> None:
    holders = [
        name
        for name, spec in PODS.items()
        for volume in spec["volumes"]
        if volume.get("secret", {}).get("secretName") == "houserules-owners"
    ]
    assert holders == ["prepare"]
    assert not of_kind("Secret")


def test_the_profile_is_productions() -> None:
    data = of_kind("ConfigMap")["houserules"]["data"]
    assert data["HOUSERULES_PROFILE"] == "production"
    assert data["HOUSERULES_JWKS"].startswith("https://")
    assert not {"HOUSERULES_CLOCK", "HOUSERULES_DEVELOPMENT_ISSUER"} & set(data)


@pytest.mark.parametrize("service", SERVICES)
def test_a_drain_takes_one_pod_at_a_time(service: str) -> None:
    budget = of_kind("PodDisruptionBudget")[service]["spec"]
    assert budget["maxUnavailable"] == 1
    labels = of_kind("StatefulSet")[service]["spec"]["template"]["metadata"]["labels"]
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_nothing_goes_in_or_out_by_default() -> None:
    everything = of_kind("NetworkPolicy")["deny-by-default"]["spec"]
    assert everything == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_names_kafka_postgresql_and_the_identity_provider_can_be_reached() -> None:
    out = {
        name: [(port["protocol"], port["port"]) for rule in policy["spec"]["egress"] for port in rule["ports"]]
        for name, policy in of_kind("NetworkPolicy").items()
        if "egress" in policy["spec"]
    }
    assert out == {
        "names": [("UDP", 53), ("TCP", 53)],
        "kafka": [("TCP", 9093)],
        "postgresql": [("TCP", 5432)],
        "identity-provider": [("TCP", 443)],
    }
    assert all(rule["to"] for policy in of_kind("NetworkPolicy").values() for rule in policy["spec"].get("egress", []))


def test_the_example_reaches_the_collector_that_it_names() -> None:
    """In the namespace and at the port of its address; nobody but the services does."""
    (policy,) = [item["spec"] for item in manifests("example") if item["metadata"]["name"] == "traces"]
    said = yaml.safe_load((K8S / "example" / "settings.yaml").read_text())["data"]
    address = urlsplit(said["HOUSERULES_TRACES"])
    ((rule,),) = [policy["egress"]]
    (peer,) = rule["to"]
    (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
    assert (str(address.hostname).split(".")[1], address.path) == (namespace, "/v1/traces")
    assert rule["ports"] == [{"protocol": "TCP", "port": address.port}]
    assert [e["values"] for e in policy["podSelector"]["matchExpressions"]] == [list(SERVICES)]


@pytest.mark.parametrize("service", SERVICES)
def test_the_example_says_settings_that_there_are(service: str) -> None:
    said = yaml.safe_load((K8S / "example" / "settings.yaml").read_text())["data"]
    assert set(said) <= variables(service)


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_gateway_and_prometheus_come_in(service: str) -> None:
    (door,) = of_kind("NetworkPolicy")[f"into-{service}"]["spec"]["ingress"]
    namespaces = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in door["from"]]
    assert namespaces == ["gateway", "monitoring"]
    assert all(peer.keys() == {"namespaceSelector"} for peer in door["from"])


def test_the_four_services_differ_in_their_names_ports_and_volumes_alone() -> None:
    def plain(service: str) -> str:
        text = (K8S / "base" / f"{service}.yaml").read_text().partition("apiVersion")[2]
        return text.replace(service.upper(), "X").replace(service, "x").replace(str(PORTS[service]), "PORT")

    assert plain("sla") == plain("access") == plain("intake")
    assert set(plain("sla").splitlines()) - set(plain("consent").splitlines()) == {"  replicas: 2"}
