"""The embedded stack: PostgreSQL, Kafka and the services, kept running until they are told to stop."""

import math
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.account import unprivileged
from deploy.local.databases import Databases, databases
from deploy.local.errors import StackError
from deploy.local.jars import fetch
from deploy.local.kafka import Kafka
from deploy.local.layout import CACHE, Folders, Lock, services
from deploy.local.leftovers import sweep
from deploy.local.ports import Ports
from deploy.local.postgres import PLACE, Postgres
from deploy.local.program import private
from deploy.local.published import sources, stack_file
from deploy.local.readiness import Readiness, readiness
from deploy.local.runtime import STOP_S, Surroundings
from deploy.local.secret_store import Secrets
from deploy.local.setting_up import make_databases, make_topics, run_migrations
from deploy.local.supervision import ORDERS_FAILED, Supervisor
from deploy.local.waiting import kafka_answers, postgres_answers, run, until
from shared.platform.auth import DevelopmentIssuer
from shared.platform.clock import ClockFile
from shared.policy import PolicyError, load_packs

__all__ = ["Stack"]

ANSWER_S = 60.0
DEATHS = 5
"""A service that ended so often before it was ready will not be ready."""

POLICIES = "HOUSERULES_POLICIES"

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Tell nobody."""


class Stack:
    """One stack in one folder. `start` returns when all is ready; what ends by itself after that is brought back."""

    def __init__(
        self,
        folders: Folders,
        ports: Ports,
        *,
        clock: Path | None = None,
        environment: Mapping[str, str] | None = None,
        names: tuple[str, ...] | None = None,
        fresh: bool = False,
        patient: bool = False,
        say: Say = _silent,
    ) -> None:
        """`clock` is the file that moves policy time; `environment` is for the services; `fresh` forgets old data.

        `patient`: somebody reads what it says, so a service that says why it is not ready is waited for without limit.
        """
        self.folders = folders
        self.ports = ports
        self.names = services() if names is None else names
        self._clock = clock
        self._environment = dict(environment or {})
        self._fresh = fresh
        self._patient = patient
        self._say = say
        self._lock = Lock(folders.lock)
        self._supervisor = Supervisor(folders.run, folders.logs)
        self._secrets = Secrets(folders.secrets)
        self._issuer = DevelopmentIssuer(folders.issuer)
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping, self._settled, self._over = threading.Event(), threading.Event(), threading.Event()
        self._keeper: threading.Thread | None = None
        self._error: Exception | None = None
        self._organisations = frozenset[str]()

    # What it is told

    def start(self) -> None:
        """Bring it up. Raises StackError, with nothing left running."""
        self.folders.prepare()
        self._lock.take()
        try:
            self._prepare()
            # One thread starts supervisord and stays: the kernel takes the end of that thread for the parent's death.
            self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
            self._keeper.start()
            while not self._settled.wait(0.2):
                pass
            if self._error is not None:
                raise self._error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, within ten seconds, and leave no process."""
        self._stopping.set()
        self.folders.forget_addresses()
        if self._keeper is not None:
            self._wind_down()
            self._over.set()
            self._keeper.join(2)
        sweep(self.folders.run, 2)
        self._supervisor.tidy()
        self._lock.give_back()

    def prepare(self) -> None:
        """All that a first start would do before it starts a process."""
        self.folders.prepare()
        self._lock.take()
        try:
            self._prepare()
        finally:
            self._lock.give_back()

    def forget(self) -> None:
        """Delete what a stopped stack keeps. Raises StackError when it runs."""
        self._lock.take()
        try:
            sweep(self.folders.run)
            self._forget()
        finally:
            self._lock.give_back()

    def pid(self, name: str) -> int:
        """The process of a service, of `postgres`, `kafka` or `supervisord`; 0 while it is being brought back."""
        if name == "supervisord":
            return self._process.pid if self._process else 0
        return self._supervisor.states()[name].pid

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a process a signal, -9 unless told otherwise; the process that it was sent to."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def halt(self, name: str) -> None:
        """Stop one process, for good until `resume`."""
        self._supervisor.stop(self._full(name))
        self._until(lambda: self._supervisor.states()[name].pid == 0, name, STOP_S + 5)

    def resume(self, name: str) -> None:
        """Start one process again, and wait until it answers."""
        self._supervisor.start(self._full(name))
        self._until(lambda: self.answers(name), name, ANSWER_S)

    def answers(self, name: str) -> bool:
        """Whether a process answers: a service says that it is ready, a server takes a client."""
        if name == "postgres":
            return postgres_answers(self.ports["postgres"], self._postgres.admin_url)
        if name == "kafka":
            return kafka_answers(self.ports["kafka"])
        return readiness(self.addresses[name]).ready

    # What it tells

    @property
    def addresses(self) -> dict[str, str]:
        """Each service's."""
        return {name: f"http://127.0.0.1:{self.ports[name]}" for name in self.names}

    @property
    def databases(self) -> dict[str, Databases]:
        """Each service's, as its owner and as its app role."""
        return {name: databases(self._postgres, name, name, self._secrets.passwords(name)) for name in self.names}

    @property
    def admin_url(self) -> str:
        """PostgreSQL's superuser's."""
        return self._postgres.admin_url

    # How it is done

    def _full(self, name: str) -> str:
        return f"services:{name}" if name in self.names else name

    def _prepare(self) -> None:
        self.folders.forget_addresses()
        left = sweep(self.folders.run)
        if left:
            self._say(f"ended what was left of an earlier run: {', '.join(left)}")
        self.ports.check([*self.names, "kafka", "postgres"])
        jars = fetch(CACHE, self._say)
        if self._fresh:
            self._forget()
            self.folders.prepare()
        self._postgres = Postgres(self.folders.data, self.ports["postgres"], self._secrets.superuser(), unprivileged())
        self._kafka = Kafka(self.folders.data, self.ports["kafka"], self.ports.controller(), jars)
        if not self._postgres.data.exists():
            self._say("making the data folders, once")
        self._postgres.prepare()
        self._kafka.prepare()
        self._issuer.prepare()
        self._organisations = self._read_policies()
        self._webhooks = self._secrets.webhooks(self._organisations)
        if self._clock and not self._clock.exists():
            now = datetime.now(UTC)
            ClockFile(machine=now, policy=now, rate=1.0).write(self._clock)
        self._program = self._write_programs()

    def _read_policies(self) -> frozenset[str]:
        """The organisations that have a pack."""
        folder = self._environment.get(POLICIES) or os.environ.get(POLICIES)
        if folder:
            self._environment[POLICIES] = os.path.abspath(folder)  # the services run in another folder
        try:
            return load_packs(Path(self._environment[POLICIES]) if folder else None).organisations
        except PolicyError as error:
            raise StackError(f"A policy pack is refused: {error}") from error

    def _forget(self) -> None:
        self._supervisor.tidy()
        for note in self.folders.data.glob(f"**/{PLACE}"):
            Postgres(note.parent, 0, "", unprivileged()).remove()
        shutil.rmtree(self.folders.data, ignore_errors=True)

    def _write_programs(self) -> list[str]:
        """Supervisord's configuration; the command that starts it."""
        source_file = self.folders.data / "sources.json"
        private(source_file, sources(self._webhooks))
        around = Surroundings(
            self.folders,
            self.ports,
            self._kafka.bootstrap,
            self._issuer.jwks_file,
            source_file,
            self._clock,
            self.addresses,
            self._environment,
        )
        programs = [around.service(name, database) for name, database in self.databases.items()]
        supervisord = self._supervisor.program([self._postgres.program(), self._kafka.program()], programs)
        return supervisord.guarded(self.folders.run)

    def _keep(self) -> None:
        """Keep supervisord running, and through it all the others."""
        while not self._stopping.is_set():
            sweep(self.folders.run)
            with open(self.folders.logs / "supervisord.log", "ab", opener=_private) as log:
                self._process = subprocess.Popen(
                    self._program, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            try:
                self._bring_up()
            except Exception as error:  # noqa: BLE001 # the first is start's to raise; later ones are tried again
                if not self._settled.is_set():
                    self._error = error
                    self._stopping.set()
                else:
                    self._process.kill()
                    self._stopping.wait(1)
            self._settled.set()
            while not self._stopping.wait(0.1) and self._process.poll() is None:
                pass
        self._over.wait()

    def _bring_up(self) -> None:
        began = time.monotonic()
        supervisor = self._supervisor
        self._until(supervisor.answers, "supervisord", 15)
        for name in ("postgres", "kafka"):
            supervisor.start(name)
        self._until(lambda: self.answers("postgres"), "postgres", ANSWER_S)
        self._tell("PostgreSQL", began)
        run(run_migrations(run(make_databases(self._postgres, self._secrets, self.names))))
        self._tell("databases", began)
        self._until(lambda: self.answers("kafka"), "kafka", ANSWER_S)
        run(make_topics(self._kafka.bootstrap, self._organisations))
        self._tell("Kafka, its topics", began)
        if self.names:
            supervisor.start_services()
        for name in self.names:
            self._until_ready(name)
            self._tell(f"{name} on {self.addresses[name]}", began)
        self._publish(self.folders.stack_file)
        self.folders.unready_file.unlink(missing_ok=True)

    def _tell(self, what: str, began: float) -> None:
        if not self._settled.is_set():
            self._say(f"  {time.monotonic() - began:4.1f} s  {what}")

    def _publish(self, file: Path) -> None:
        text = stack_file(
            kafka=self._kafka.bootstrap,
            addresses=self.addresses,
            databases=self.databases,
            webhooks=self._webhooks,
            issuer=self._issuer,
            clock_file=self._clock,
        )
        private(file, text)

    def _until(self, answers: Callable[[], bool], name: str, seconds: float) -> None:
        try:
            until(answers, name, seconds, self._alive)
        except StackError as error:
            log = self.folders.logs / f"{name}.log"
            raise StackError(f"{error}; the end of its log {log} is: {_last_line(log)}") from error

    def _alive(self) -> bool:
        return not self._stopping.is_set() and self._process is not None and self._process.poll() is None

    def _until_ready(self, name: str) -> None:
        """Wait for a service. One that dies again and again, or says nothing for too long, is a StackError."""
        seen: set[int] = set()
        end = time.monotonic() + ANSWER_S
        told = Readiness(False)

        def ready() -> bool:
            nonlocal told
            seen.add(self.pid(name))
            if len(seen - {0}) > DEATHS:
                raise StackError(f"{name} ends again and again")
            answer = readiness(self.addresses[name])
            late = time.monotonic() > end
            if answer.reason and answer != told and (late or answer.wants_somebody):
                self._tell_why(name, answer)
                told = answer
            elif late and not answer.ready and not told.reason:
                raise StackError(f"{name} did not answer within {ANSWER_S:.0f} s")
            return answer.ready

        self._until(ready, name, math.inf)

    def _tell_why(self, name: str, answer: Readiness) -> None:
        """Say what a service waits for, with commands that reach this stack. Raises StackError when nobody listens."""
        why = f"{name} is not ready: {answer.reason}"
        if not self._patient:
            raise StackError(why)
        self._publish(self.folders.unready_file)
        self._say(why)
        for command in answer.ways_out(self.folders.unready_file):
            self._say(f"To mend it, from elsewhere: {command}")
        self._say("What is up stays up meanwhile.")

    def _wind_down(self) -> None:
        """Services first, then what they write to; whatever is late is killed."""
        process, supervisor = self._process, self._supervisor
        if process is None:
            return
        end = time.monotonic() + 8.5
        with suppress(*ORDERS_FAILED):
            if self.names:
                supervisor.stop_services()
                self._stopped(self.names, end)
            for name in ("kafka", "postgres"):
                with suppress(*ORDERS_FAILED):
                    supervisor.stop(name)
            self._stopped(("kafka", "postgres"), end)
            supervisor.shutdown()
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, end - time.monotonic()))
        process.kill()
        process.wait()

    def _stopped(self, names: tuple[str, ...], end: float) -> None:
        while time.monotonic() < end and any(self._supervisor.states()[name].pid for name in names):
            time.sleep(0.05)


def _private(file: str, flags: int) -> int:
    return os.open(file, flags, 0o600)


def _last_line(file: Path) -> str:
    try:
        lines = [line for line in file.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return lines[-1][:500] if lines else "(empty)"
