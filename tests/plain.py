"""A client for doors on loopback."""

from typing import Any

import httpx

__all__ = ["plain_client"]


def plain_client(**more: Any) -> httpx.AsyncClient:
    """Over plain HTTP and past every proxy. Nothing is there to verify, and to read the authorities takes 18 ms a client."""
    return httpx.AsyncClient(trust_env=False, verify=False, **more)
