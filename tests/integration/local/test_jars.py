"""Kafka's jars: what is not as the list says is not used."""

import datetime
import functools
import http.server
import ipaddress
import os
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local import jars as jars_module
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


def test_certificate_that_pip_was_told_of_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = next(jar for jar in listed() if jar.artifact.startswith("kafka_"))
    fetch(CACHE, print)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _mirror(tmp_path, CACHE) as address:
        monkeypatch.setattr(jars_module, "MAVEN_CENTRAL_URL", address)
        with pytest.raises(StackError, match="SSLError"):
            fetch(tmp_path / "distrustful", print, (jar,))
        monkeypatch.setenv("PIP_CERT", str(tmp_path / "mirror.pem"))
        (path,) = fetch(tmp_path / "trusting", print, (jar,))
    assert path.stat().st_size > 0
    assert "REQUESTS_CA_BUNDLE" not in os.environ


@contextmanager
def _mirror(place: Path, folder: Path) -> Iterator[str]:
    """A server of the jars whose certificate nobody knows; it is in `place`/mirror.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mirror")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (place / "mirror.pem").write_bytes(certificate.public_bytes(pem))
    (place / "mirror.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "mirror.pem", place / "mirror.key")
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that does not trust us hangs up
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""
