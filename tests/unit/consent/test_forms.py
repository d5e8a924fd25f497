"""Forms: typed by content, sealed, and gone with their key."""

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.consent.settings import ConsentSettings
from services.consent.store.forms import FormLost, Forms, kind_of

FILES = {
    "application/pdf": b"%PDF-1.4 ...",
    "image/png": b"\x89PNG\r\n\x1a\n....",
    "image/jpeg": b"\xff\xd8\xff\xe0....",
    "image/heic": b"\x00\x00\x00\x18ftypheic....",
    "image/tiff": b"II*\x00....",
}
OTHERS = [
    b"",
    b"MZ\x90\x00",
    b"\x7fELF",
    b"#!/bin/sh\n",
    b"PK\x03\x04",
    b"<html>",
    b"\x00\x00\x00\x18ftypmp42",
    b" %PDF-",
]


@pytest.mark.parametrize("kind", FILES)
def test_a_form_is_known_by_its_content(kind: str) -> None:
    assert kind_of(FILES[kind]) == kind


@pytest.mark.parametrize("content", OTHERS, ids=repr)
def test_anything_else_is_no_form(content: bytes) -> None:
    assert kind_of(content) is None


def test_a_form_is_unreadable_without_its_key_in_every_copy(tmp_path: Path) -> None:
    forms = Forms(tmp_path / "forms", tmp_path / "keys")
    words = b"%PDF-1.4 Signed: Ann Example"
    forms.keep("westward", "c1", words)
    forms.keep("westward", "c2", words)
    sealed = (tmp_path / "forms" / "westward" / "c1.form").read_bytes()
    assert b"Ann" not in sealed and sealed != (tmp_path / "forms" / "westward" / "c2.form").read_bytes()
    assert forms.read("westward", "c1") == words
    shutil.copytree(tmp_path / "forms", tmp_path / "backup")
    forms.forget("westward", "c1")
    forms.forget("westward", "c1")
    shutil.rmtree(tmp_path / "forms")
    shutil.copytree(tmp_path / "backup", tmp_path / "forms")
    assert (tmp_path / "forms" / "westward" / "c1.form").read_bytes() == sealed, "the same bytes are back"
    with pytest.raises(FormLost):
        forms.read("westward", "c1")
    assert forms.read("westward", "c2") == words


def test_a_form_opens_for_its_own_record_only(tmp_path: Path) -> None:
    forms = Forms(tmp_path / "forms", tmp_path / "keys")
    forms.keep("westward", "c1", b"%PDF-1.4")
    for folder, end in (("forms", "form"), ("keys", "key")):
        (tmp_path / folder / "wheatley").mkdir()
        shutil.copy(tmp_path / folder / "westward" / f"c1.{end}", tmp_path / folder / "wheatley" / f"c1.{end}")
    with pytest.raises(FormLost):
        forms.read("wheatley", "c1")


def test_each_form_has_a_key_of_its_own(tmp_path: Path) -> None:
    forms = Forms(tmp_path / "forms", tmp_path / "keys")
    for consent in ("c1", "c2"):
        forms.keep("westward", consent, b"%PDF-1.4")
    keys = tmp_path / "keys" / "westward"
    shutil.copy(keys / "c2.key", keys / "c1.key")
    with pytest.raises(FormLost):
        forms.read("westward", "c1")
    assert forms.read("westward", "c2") == b"%PDF-1.4"


def test_files_are_for_the_service_alone(tmp_path: Path) -> None:
    Forms(tmp_path / "forms", tmp_path / "keys").keep("westward", "c1", b"%PDF-1.4")
    for path in (tmp_path / "forms" / "westward" / "c1.form", tmp_path / "keys" / "westward" / "c1.key"):
        assert path.stat().st_mode & 0o077 == 0


def test_keys_live_apart(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="live apart"):
        ConsentSettings.model_validate({"database_url": "postgresql://x", "forms": tmp_path, "keys": tmp_path / "keys"})
