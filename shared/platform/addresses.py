"""Whose an address is: this machine's, or one that others on the way can listen at."""

from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["of_this_machine"]


def of_this_machine(addresses: str) -> bool:
    """Whether a URL, or each address of a list with commas, is of the machine that asks, and of no other."""
    return all(_loopback(address.strip()) for address in addresses.split(","))


def _loopback(address: str) -> bool:
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
