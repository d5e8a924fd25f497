"""From a customer's words to a breach on the bus, with nothing but the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.stack.conftest import Done, Houserules
from tests.stacks import RunningStack


def wrote(houserules: Houserules, thread: str, *more: str) -> Done:
    """A customer writes at Westward."""
    return houserules(
        "publish", "message-received", "--organisation", "westward", f"conversation={thread}", f"message={thread}-m",
        "site=facebook", "network=facebook", "visibility=public", "author.id=tenant-7", "posted_at=now",
        "text=When is my repair?", *more,
    )  # fmt: skip


def events(houserules: Houserules, *arguments: str) -> list[dict[str, Any]]:
    """What `watch --json` shows."""
    done = houserules("watch", *arguments, "--json", "--from-beginning", "--until-quiet", "1")
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.usefixtures("friday")
def test_a_query_of_friday_evening_is_breached_on_monday(houserules: Houserules) -> None:
    thread = f"c-{uuid4()}"
    sent = wrote(houserules, thread, "--id", f"{thread}-d")
    assert (sent.code, sent.out) == (0, f"{thread}-d\n"), sent.err
    again = wrote(houserules, thread, "--id", f"{thread}-d")
    assert again.code == 0, again.err
    set_ = houserules("clock", "set", "2026-03-30T12:30:01 Europe/London")
    assert (set_.code, set_.out) == (0, "2026-03-30T11:30:01Z\n"), set_.err
    received = [
        event
        for event in events(houserules, "messages", "--name", "message-received")
        if event["source"] == "/houserules/intake"
    ]
    conversation = max(received, key=lambda event: str(event["id"]))["key"]
    assert [event["key"] for event in received].count(conversation) == 1
    ours = [e for e in events(houserules, "sla", "--organisation", "westward") if e["key"] == conversation]
    assert [e["type"] for e in ours] == ["houserules.sla-started.v1", "houserules.sla-breach.v1"]
    assert ours[1]["data"]["due_at"] == "2026-03-30T11:30:00Z"
    assert ours[1]["data"]["noticed_at"] == "2026-03-30T11:30:01Z"
    told = houserules("watch", "sla", "--name", "sla-breach", "--from-beginning", "--until-quiet", "1")
    assert "westward   sla-breach response query" in told.out
    assert "due Mon 30 Mar 12:30  " in told.out
    assert "[westward:3.6, westward:7.9]" in told.out


def test_watch_shows_what_comes_and_ends_cleanly_on_ctrl_c(house: RunningStack, houserules: Houserules) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "shared.cli.main", "watch", "messages"],
        env=os.environ | house.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    assert watching.stderr is not None
    assert "Watching houserules.messages" in watching.stderr.readline()
    assert wrote(houserules, f"c-{uuid4()}").code == 0
    lines = [watching.stdout.readline(), watching.stdout.readline()]
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=10)
    assert (watching.returncode, err) == (0, "")
    assert {line.split()[6] for line in lines} == {"message-received", "site-monitored"}
    counted = houserules("watch", "--from-beginning", "--count", "1")
    assert (counted.code, len(counted.out.splitlines())) == (0, 1)


@pytest.mark.usefixtures("friday")
def test_step_goes_on_from_where_time_stands(houserules: Houserules) -> None:
    assert houserules("clock", "step", "1h30m").out == "2026-03-27T18:00:00Z\n"
    shown = json.loads(houserules("clock", "show", "--json").out)
    assert (shown["policy"], shown["rate"], shown["stepped"]) == ("2026-03-27T18:00:00Z", 0, True)


def test_run_lets_policy_time_go_on_at_its_rate(houserules: Houserules) -> None:
    began = houserules("clock", "run", "--rate", "3600").out.strip()
    time.sleep(0.5)
    shown = json.loads(houserules("clock", "show", "--json").out)
    stopped = houserules("clock", "step", "1s").out.strip()
    assert began < shown["policy"] < stopped
    assert shown["rate"] == 3600
    assert json.loads(houserules("clock", "show", "--json").out)["policy"] == stopped


def test_without_the_variable_a_stack_that_began_on_real_time_is_not_moved(houserules: Houserules) -> None:
    done = houserules("clock", "step", "1m", HOUSERULES_CLOCK="")
    assert done.code == 1
    assert "real time" in done.err
