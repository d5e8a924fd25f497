"""A laptop's first steps: secrets made once, the issuer and `stack.json` made of them, and the health check."""

import http.server
import json
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from standardwebhooks import Webhook

from deploy.compose.healthcheck import alive
from deploy.compose.prepare import content, main
from services.intake.store.registered import read_file
from shared.cli.stack import StackFile
from shared.platform.auth import DevelopmentIssuer, Keys
from tests.unit.deploy.described import ROOT, SERVICES, compose

SETUP = ROOT / "deploy" / "compose" / "setup"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder of secrets, made by the script."""
    folder = tmp_path / "secrets"
    subprocess.run(["sh", SETUP, folder], check=True, capture_output=True)
    return folder


def test_it_makes_every_secret_that_compose_names(secrets: Path) -> None:
    assert {file.name for file in secrets.iterdir()} == set(compose()["secrets"])


def test_containers_may_read_them_and_on_this_machine_their_owner_alone_gets_there(secrets: Path) -> None:
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in secrets.iterdir()} == {0o444}


def test_it_makes_them_once(secrets: Path) -> None:
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    (secrets / "SLA_OWNER_URL").unlink()
    again = subprocess.run(["sh", SETUP, secrets], check=True, capture_output=True, text=True)
    assert again.stdout == "made SLA_OWNER_URL\n"
    after = {file.name: file.read_text() for file in secrets.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"SLA_OWNER_URL"}


def test_no_two_are_alike(secrets: Path) -> None:
    passwords = [file.read_text().strip() for file in secrets.glob("*_password")]
    passwords += [file.read_text().split(":")[2].partition("@")[0] for file in secrets.glob("*_URL")]
    assert len(set(passwords)) == len(passwords) == 2 + 2 * len(SERVICES)
    assert all(len(password) == 48 for password in passwords)


def test_intake_takes_the_sources_and_their_secrets_sign(secrets: Path) -> None:
    made = read_file(secrets / "intake-sources.json", frozenset({"westward", "wheatley"}))
    assert len(made) == 2
    for source in json.loads((secrets / "intake-sources.json").read_text()):
        assert Webhook(source["secrets"][0])


async def test_the_command_finds_its_stack_and_its_tokens_are_good(secrets: Path, tmp_path: Path) -> None:
    issuer = DevelopmentIssuer(tmp_path / "issuer")
    issuer.prepare()
    said = msgspec.json.decode(json.dumps(content("kafka:29092", secrets, issuer)), type=StackFile)
    assert said.services == {name: f"http://{name}:{8001 + n}" for n, name in enumerate(SERVICES)}
    assert said.run_by == "compose"
    assert said.databases["sla"].startswith("postgresql://sla_app:")
    assert said.webhooks["westward"].url == "http://intake:8001/webhooks/standard/westward-inbox"
    keys = Keys(issuer.ISSUER, issuer.AUDIENCE, str(issuer.jwks_file))
    principal = await keys.verify(said.tokens["wheatley"]["dpo"])
    assert (principal.organisation, set(principal.roles)) == ("wheatley", {"dpo"})


def test_it_is_written_for_its_owner_alone(secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = tmp_path / "public" / "jwks.json"
    public.parent.mkdir()
    for name, value in {"LOCAL": tmp_path, "KAFKA": "kafka:29092", "SECRETS": secrets, "JWKS": public}.items():
        monkeypatch.setenv(f"HOUSERULES_{name}", str(value))
    main()
    main()
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600
    assert public.read_text() == (tmp_path / "issuer" / "jwks.json").read_text()
    assert [file.name for file in public.parent.iterdir()] == ["jwks.json"]
    (key,) = json.loads(public.read_text())["keys"]
    assert "d" not in key


@pytest.fixture(params=[200, 503])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Something that answers every question with one status; its port and that status."""

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_port, request.param
        listening.shutdown()


def test_alive_is_a_service_that_says_so(server: tuple[int, int]) -> None:
    port, status = server
    assert alive([1, port]) is (status == 200)
    assert not alive([1])
