"""Ports: their defaults, how they are moved, and what is said of one that will not do."""

import os
import socket

import pytest

from deploy.local.errors import StackError
from deploy.local.ports import Ports, free_ports


def test_doors_answer_where_the_contract_says() -> None:
    ports = Ports.from_env({})
    assert [ports[name] for name in ("intake", "sla", "access", "consent", "kafka")] == [8001, 8002, 8003, 8004, 9092]


def test_variable_moves_one_port_alone() -> None:
    moved = Ports.from_env({"HOUSERULES_PORT_SLA": "18002", "HOUSERULES_PORT_INTAKE": ""})
    assert (moved["sla"], moved["intake"]) == (18002, 8001)


@pytest.mark.parametrize("value", ["0", "65536", "x", "-1", "80.5"])
def test_what_is_no_port_is_named(value: str) -> None:
    with pytest.raises(StackError, match="HOUSERULES_PORT_KAFKA is .*: set it to a port, 1 to 65535"):
        Ports.from_env({"HOUSERULES_PORT_KAFKA": value})


def test_two_parts_on_one_port_are_named() -> None:
    (port,) = free_ports(1)
    ports = Ports.from_env({"HOUSERULES_PORT_SLA": str(port), "HOUSERULES_PORT_INTAKE": str(port)})
    with pytest.raises(StackError, match=f"intake and sla are both given port {port}: set HOUSERULES_PORT_SLA"):
        ports.check(["intake", "sla"])


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_taken_port_is_named_with_its_holder(address: str) -> None:
    with socket.socket() as taker:
        taker.bind((address, 0))
        taker.listen()
        port = taker.getsockname()[1]
        with pytest.raises(
            StackError, match=rf"Port {port}, where sla should listen, is taken .*\(process {os.getpid()}\)"
        ):
            Ports.from_env({"HOUSERULES_PORT_SLA": str(port)}).check(["sla"])


def test_controllers_port_is_next_to_the_brokers_and_nobody_elses() -> None:
    kafka, other = 31500, 31501
    ports = Ports.from_env({"HOUSERULES_PORT_KAFKA": str(kafka), "HOUSERULES_PORT_POSTGRES": str(other)})
    assert ports.controller() > other
