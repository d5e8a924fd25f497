"""Until a server answers."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.local.errors import StackError

__all__ = ["kafka_answers", "postgres_answers", "run", "until"]

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, from any thread, with or without an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def until(answers: Callable[[], bool], what: str, seconds: float, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until it answers. Raises StackError when it is not alive any more, or took too long."""
    end = time.monotonic() + seconds
    while not answers():
        if not alive():
            raise StackError(f"{what} ended while it was starting")
        if time.monotonic() > end:
            raise StackError(f"{what} did not answer within {seconds:.0f} s")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def postgres_answers(port: int, url: str) -> bool:
    """Whether one can log in."""
    return _listens(port) and run(_logs_in(url))


async def _logs_in(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


def kafka_answers(port: int) -> bool:
    """Whether the broker has registered and tells of itself."""
    return _listens(port) and run(_has_brokers(port))


async def _has_brokers(port: int) -> bool:
    logger = logging.getLogger("aiokafka")
    before, logger.disabled = logger.disabled, True
    client = AIOKafkaClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=2000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except KafkaError:
        return False
    finally:
        await client.close()
        logger.disabled = before
