"""Kafka's jars: what is not as the list says is not used."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.errors import StackError
from deploy.local.jars import fetch, listed, version
from deploy.local.layout import CACHE


def test_every_jar_of_the_list_has_its_sum() -> None:
    jars = listed()
    assert version(jars).startswith("4.")
    assert len({(jar.group, jar.artifact) for jar in jars}) == len(jars)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)


def test_kafkas_own_jars_are_of_one_version() -> None:
    jars = listed()
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {version(jars)}


def test_jar_with_another_sum_is_refused_and_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    jar = min(listed(), key=lambda jar: len(str(jar)))
    good = next(path for path in fetch(CACHE, print) if path.name == f"{jar.artifact}-{jar.version}.jar")
    copy = tmp_path / good.relative_to(CACHE)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(good.read_bytes())
    assert fetch(tmp_path, print, (jar,)) == (copy,)
    with pytest.raises(StackError, match="could not be fetched"):
        fetch(tmp_path, print, (replace(jar, sha256="0" * 64),))
    assert not copy.exists()
