"""Supervisord: its configuration, and what we ask of it over its socket.

It starts nothing by itself (the stack knows the order) and brings back whatever ends without having been told to.
Its configuration is relative to its own folder: it expands % in some values once, in others twice, so a path that
somebody chose has no safe way in.
"""

import http.client
import os
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import xmlrpc.client
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.program import Program, private

__all__ = ["ORDERS_FAILED", "SERVICES", "State", "Supervisor"]

SERVICES = "services"
TIMEOUT_S = 5.0
ORDERS_FAILED = (OSError, http.client.HTTPException, xmlrpc.client.Error)
"""What an order raises when supervisord is away or does not want to."""
# What a socket's name may have; the least of the systems we know.
LONGEST_SOCKET = 100

HEAD = """\
[supervisord]
nodaemon = true
silent = true
logfile = {logs}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
pidfile = supervisord.own
{user}
[unix_http_server]
file = {socket}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""

# startsecs = 0: whatever ends is started again for ever, a second later at the most, with no growing pauses.
PROGRAM = """
[program:{name}]
command = {command}
priority = {priority}
autostart = false
autorestart = true
startsecs = 0
stopsignal = {signal}
stopwaitsecs = {seconds}
redirect_stderr = true
stdout_logfile = {logs}/{name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 1
"""


@dataclass(frozen=True, slots=True)
class State:
    """A process as supervisord sees it."""

    name: str
    state: str
    pid: int
    uptime_s: int


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket, with a limit."""

    def connect(self) -> None:
        """Open the socket that `host` names."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT_S)
        try:
            connection.connect(self.host)
        except OSError:
            connection.close()
            raise
        self.sock = connection


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """One for every call, closed with the transport."""
        connection = _Connection(str(self._path))
        self._connection = (host, connection)
        return connection


class Supervisor:
    """The supervisord of one stack."""

    def __init__(self, run: Path, logs: Path) -> None:
        self.run = run
        self.logs = logs
        self.config = run / "supervisord.conf"

    @property
    def socket(self) -> Path:
        """Where it listens: in the stack's folder, or in another where that name will not do for a socket."""
        path = self.run / "supervisord.socket"
        if len(os.fsencode(path)) <= LONGEST_SOCKET and "%" not in str(path):
            return path
        note = self._note
        if not note.exists() or not Path(note.read_text()).is_dir():
            note.write_text(tempfile.mkdtemp(prefix="houserules-"))
        return Path(note.read_text()) / "socket"

    @property
    def _note(self) -> Path:
        return self.run / "supervisord.place"

    def tidy(self) -> None:
        """Delete the other folder of the socket, if there is one."""
        if self._note.exists():
            shutil.rmtree(self._note.read_text(), ignore_errors=True)
            self._note.unlink()

    def program(self, programs: Sequence[Program], services: Sequence[Program]) -> Program:
        """Write the configuration; supervisord as a program of its own."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        user = "user = root" if os.geteuid() == 0 else ""
        text = HEAD.format(user=user, logs=self._logs, socket=self.socket)
        for priority, program in enumerate([*programs, *services]):
            text += self._program(program, priority)
        if services:
            text += f"\n[group:{SERVICES}]\nprograms = {','.join(s.name for s in services)}\npriority = 900\n"
        private(self.config, text)
        command = (sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SUPERVISOR_")}
        return Program(
            name="supervisord",
            command=command,
            environment=environment,
            directory=self.run,
            orphan_signal=signal.SIGTERM,
        )

    def _program(self, program: Program, priority: int) -> str:
        return PROGRAM.format(
            name=program.name,
            command=shlex.join(program.guarded_from_within(self.run)),
            priority=priority,
            signal=program.stop_signal.name.removeprefix("SIG"),
            seconds=program.stop_s,
            logs=self._logs,
        )

    @property
    def _logs(self) -> str:
        return os.path.relpath(self.logs, self.run)

    def _call(self, method: str, *arguments: Any) -> Any:
        with xmlrpc.client.ServerProxy("http://supervisord", transport=_Transport(self.socket)) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def answers(self) -> bool:
        """Whether it takes orders."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except ORDERS_FAILED:
            return False

    def start(self, name: str) -> None:
        """Start a program, and keep it running."""
        self._call("startProcess", name, False)

    def start_services(self) -> None:
        """Start all services."""
        self._call("startProcessGroup", SERVICES, False)

    def stop(self, name: str) -> None:
        """Begin to stop a program; it is killed when its time is over."""
        self._call("stopProcess", name, False)

    def stop_services(self) -> None:
        """Begin to stop all services at once."""
        self._call("stopProcessGroup", SERVICES, False)

    def shutdown(self) -> None:
        """Begin to stop whatever runs, and then itself."""
        self._call("shutdown")

    def states(self) -> dict[str, State]:
        """Every program, by name."""
        found = self._call("getAllProcessInfo")
        return {
            info["name"]: State(
                info["name"], info["statename"].lower(), info["pid"], max(0, info["now"] - info["start"])
            )
            for info in found
        }
