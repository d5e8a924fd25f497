"""The containers without an engine: the image's folders, compose's secrets and its database, as processes use them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.postgres import INSTALL
from tests.servers import PostgresServer
from tests.unit.deploy.described import ROOT, copies

__all__ = ["Image", "initialise", "secrets"]


@dataclass(frozen=True, slots=True)
class Image:
    """An environment with the runtime lock alone, and the files that the Dockerfile copies."""

    place: Path

    @classmethod
    def built(cls, place: Path) -> "Image":
        """Do the Dockerfile's steps in an empty folder."""
        subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
        lock = ROOT / "deploy" / "requirements.runtime.lock"
        subprocess.run(
            [place / "venv" / "bin" / "pip", "--quiet", "--disable-pip-version-check", "install", "--only-binary",
             ":all:", "--no-deps", "--require-hashes", "-r", lock],
            check=True,
        )  # fmt: skip
        app = place / "app"
        for source, target in copies():
            if target.startswith("/usr/"):
                continue
            into = app / target / Path(source).name if target.endswith("/") else app / target
            into.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, into)
        return cls(place)

    @property
    def app(self) -> Path:
        """Where the code is."""
        return self.place / "app"

    def command(self, *arguments: str) -> list[str]:
        """A container's command, as this image's Python runs it."""
        words = list(arguments)
        if words[0] == "houserules":
            words[:1] = ["python", "-m", "shared.cli.main"]
        assert words[0] == "python"
        return [str(self.place / "venv" / "bin" / "python"), *words[1:]]

    def environment(self, **own: str) -> dict[str, str]:
        """What a container's process is told: nothing of this environment."""
        return {"PYTHONPATH": str(self.app), "PYTHONDONTWRITEBYTECODE": "1"} | own

    def run(self, *arguments: str, **own: str) -> "subprocess.CompletedProcess[str]":
        """Run Python in the image's folder."""
        return subprocess.run(
            self.command("python", *arguments), cwd=self.app, env=self.environment(**own),
            capture_output=True, text=True, check=False,
        )  # fmt: skip


def secrets(place: Path, server: PostgresServer) -> Path:
    """What `deploy/compose/setup` makes; only the server's address is this one's."""
    subprocess.run(["sh", ROOT / "deploy" / "compose" / "setup", place], check=True, capture_output=True)
    for file in place.glob("*_URL"):
        file.chmod(0o600)
        file.write_text(file.read_text().replace("@postgres:5432/", f"@127.0.0.1:{server.port}/"))
    return place


def initialise(server: PostgresServer, place: Path) -> None:
    """Run `deploy/postgres/init.sh` on a server that has none of our roles, with the secrets in `place`."""
    done = subprocess.run(
        [ROOT / "deploy" / "postgres" / "init.sh"],
        env={
            "PATH": f"{INSTALL / 'bin'}:{os.environ['PATH']}",
            "HOUSERULES_SECRETS": str(place),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGPASSWORD": server.server.password,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
