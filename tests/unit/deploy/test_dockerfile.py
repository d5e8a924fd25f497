"""deploy/Dockerfile: what it says, and (at length) its steps done again in a clean environment."""

import re

import pytest

from deploy.compose.healthcheck import PORTS as WATCHED
from tests.containers import Image
from tests.unit.deploy.described import PORTS, ROOT, SERVICES, containers, copies, final_stage, instructions, variables
from tests.unit.deploy.test_runtime_lock import RUNTIME

FINAL = final_stage()


def said(word: str) -> list[str]:
    """What the last stage says with one instruction."""
    return [rest for name, rest in FINAL if name == word]


def test_the_base_is_one_exact_version() -> None:
    (base,) = [rest for word, rest in instructions() if word == "ARG"]
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-bookworm", base)
    assert [rest for word, rest in instructions() if word == "FROM"] == ["${PYTHON} AS packages", "${PYTHON}"]


def test_packages_are_installed_by_hash_and_never_built() -> None:
    (install,) = [rest for word, rest in instructions() if word == "RUN" and " install --no-cache" in rest]
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:"):
        assert option in install
    assert not any("apt-get" in rest or "gcc" in rest for _, rest in instructions())


def test_the_last_stage_keeps_no_installer() -> None:
    assert any("pip uninstall" in rest and "setuptools wheel pip" in rest for rest in said("RUN"))


def test_it_runs_as_a_user_without_rights_or_writable_code() -> None:
    assert said("USER") == ["10001:10001"]
    assert FINAL[-1][0] == "CMD"
    assert not any("--chown" in rest for rest in said("COPY"))
    assert {name.split(":")[0] for name in (containers()[service]["user"] for service in SERVICES)} == {"10001"}


def test_health_is_being_alive() -> None:
    (check,) = said("HEALTHCHECK")
    assert check.endswith('CMD ["python", "-m", "deploy.compose.healthcheck"]')
    assert WATCHED == tuple(PORTS.values())
    assert said("EXPOSE") == [" ".join(str(port) for port in PORTS.values())]


def test_every_variable_is_a_setting_or_pythons() -> None:
    names = {part.partition("=")[0] for rest in said("ENV") for part in rest.split()}
    settings = {name for service in SERVICES for name in variables(service)}
    assert {name for name in names if not name.startswith("PYTHON")} - {"PATH"} <= settings


def test_what_is_copied_is_there_and_let_through() -> None:
    ignore = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    assert ignore[1] == "*"
    let_through = {line[1:] for line in ignore if line.startswith("!")}
    copied = {source for source, _ in copies()}
    assert copied | {"deploy/requirements.runtime.lock"} == let_through
    for source in copied:
        assert (ROOT / source).exists(), source


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """What the image holds, without an engine."""
    return Image.built(tmp_path_factory.mktemp("image"))


@pytest.mark.long
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_on_what_the_image_holds(image: Image, service: str) -> None:
    helped = image.run("-m", f"services.{service}", "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert f"House Rules: the {service} service." in helped.stdout
    unset = image.run("-m", f"services.{service}")
    assert unset.returncode == 2
    assert unset.stderr == f"{service}: setting database_url: Field required\n"


@pytest.mark.long
@pytest.mark.parametrize(
    "command", [["--help"], ["migrate", "--help"], ["topics", "ensure", "--help"], ["policy", "explain", "westward"]],
    ids=" ".join,
)  # fmt: skip
def test_the_command_runs_on_what_the_image_holds(image: Image, command: list[str]) -> None:
    done = image.run("-m", "shared.cli.main", *command)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
def test_the_image_holds_the_locked_packages_and_no_other(image: Image) -> None:
    listing = "import importlib.metadata as m; print(*{d.metadata['Name'].lower().replace('_', '-') for d in m.distributions()})"
    found = set(image.run("-I", "-c", listing).stdout.split()) - {"pip", "setuptools"}
    assert found <= set(RUNTIME)
    assert set(RUNTIME) - found <= {name for name, entry in RUNTIME.items() if ";" in entry}
    imported = image.run(
        "-c", "import services.sla.app, services.intake.app, services.access.app, services.consent.app"
    )
    assert (imported.returncode, imported.stderr) == (0, "")
