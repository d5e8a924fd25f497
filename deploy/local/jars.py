"""Apache Kafka's jars: the committed list, fetched by coordinate and checked against its sums."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from deploy.local.errors import StackError

__all__ = ["LIST", "Jar", "fetch", "listed", "version"]

LIST = Path(__file__).with_name("kafka.jars")
TRIES = 3
AT_ONCE = 6
TIMEOUT_S = 30
TRUST = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE")
"""Where certificates may be named; the first is what jgo's client reads."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the list."""

    group: str
    artifact: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def listed(file: Path = LIST) -> tuple[Jar, ...]:
    """Every jar of the class path, in its order."""
    lines = (line.partition("#")[0].split() for line in file.read_text().splitlines())
    return tuple(_jar(*line) for line in lines if line)


def version(jars: tuple[Jar, ...]) -> str:
    """The version of Kafka that a list is for."""
    return next(jar.version for jar in jars if jar.artifact.startswith("kafka_"))


def fetch(cache: Path, say: Say, jars: tuple[Jar, ...] | None = None) -> tuple[Path, ...]:
    """The jars as files under `cache`, fetched where they are missing and checked every time.

    Raises StackError when one cannot be had, or is not what the list says.
    """
    jars = listed() if jars is None else jars
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        context = MavenContext(repo_cache=cache, local_repos=[], remote_repos=_sources(), timeout=TIMEOUT_S)
        missing = sum(not _path(context, jar).exists() for jar in jars)
        if missing:
            say(f"fetching Apache Kafka {version(jars)}: {missing} jars, once")
        paths: dict[Jar, Path] = {}
        with _trusting_as_pip(), ThreadPoolExecutor(AT_ONCE) as pool:
            work = {pool.submit(_fetch, context, jar): jar for jar in jars}
            for done in as_completed(work):
                paths[work[done]] = done.result()
                if missing and (len(paths) % 10 == 0 or len(paths) == len(jars)):
                    say(f"  {len(paths)} of {len(jars)} jars")
        return tuple(paths[jar] for jar in jars)


def _sources() -> dict[str, str]:
    """jgo's own default, and what its configuration file adds: a mirror, where there is one."""
    return {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories


def _jar(coordinate: str, sha256: str) -> Jar:
    group, artifact, number = coordinate.split(":")
    return Jar(group, artifact, number, sha256)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Two stacks of one clone share the cache; the second waits for the first to finish fetching."""
    with (cache / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _trusting_as_pip() -> Iterator[None]:
    """Behind a proxy with a certificate of its own, who told pip of it need not tell us again."""
    told = next((os.environ[name] for name in TRUST if os.environ.get(name)), None)
    before = os.environ.get(TRUST[0])
    if told is not None:
        os.environ[TRUST[0]] = told
    try:
        yield
    finally:
        if told is not None and before is None:
            del os.environ[TRUST[0]]


def _path(context: MavenContext, jar: Jar) -> Path:
    path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().cached_path
    assert path is not None  # the context has a cache
    return path


def _fetch(context: MavenContext, jar: Jar) -> Path:
    path = _path(context, jar)
    reason = "it is not what the list says"
    for _ in range(TRIES):
        try:
            context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        except (OSError, RuntimeError, AssertionError) as error:
            reason = type(error).__name__
        else:
            if hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256:
                return path
        path.unlink(missing_ok=True)  # half a file, or another one
    raise StackError(
        f"The jar {jar} could not be fetched ({reason}): check the network (and HTTPS_PROXY, where there is a proxy), "
        "then run the same command again; what was fetched is kept."
    )
