"""How Kafka and PostgreSQL are reached: whole sets of settings, and nothing in the clear off this machine."""

from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import SaslAuthenticationFailed
from pydantic import ValidationError

from services.sla.settings import SlaSettings
from shared.bus.refusals import in_words
from shared.platform.cluster import Cluster
from shared.platform.encryption import Encryption
from shared.platform.settings import CommandSettings
from tests.secured import Authority

PASSWORD = "not-to-be-shown"
USER = {"kafka_user": "sla", "kafka_password": PASSWORD}
SECURE = {"kafka_security": "SASL_SSL", **USER}
FAR = {"kafka": "kafka-1.example.org:9093,kafka-2.example.org:9093"}
PRODUCTION = {
    "profile": "production",
    "issuer": "https://login.example.org",
    "jwks": "https://login.example.org/keys",
}
NEAR_DATABASE = "postgresql://sla:secret@127.0.0.1:5432/sla"
FAR_DATABASE = "postgresql://sla:secret@db.example.org:5432/sla"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment counts."""
    for variable in ("PGSSLMODE", "PGSSLROOTCERT", "PGHOST", "HOUSERULES_SECRETS"):
        monkeypatch.delenv(variable, raising=False)


def sla(**said: Any) -> SlaSettings:
    return SlaSettings.model_validate({"database_url": NEAR_DATABASE, **said})


def test_without_a_word_a_laptop_s_broker_is_reached_plainly() -> None:
    assert sla().cluster.arguments() == {"bootstrap_servers": "127.0.0.1:9092", "security_protocol": "PLAINTEXT"}


def test_every_client_is_told_the_same(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cluster = sla(**FAR, **SECURE, kafka_ca=authority.ca).cluster
    told = cluster.arguments()
    assert told.pop("ssl_context").check_hostname
    assert told == {
        "bootstrap_servers": FAR["kafka"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "sla",
        "sasl_plain_password": PASSWORD,
    }


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"kafka_security": "SASL_SSL"}, "set SLA_KAFKA_USER and SLA_KAFKA_PASSWORD"),
        ({"kafka_security": "SASL_SSL", "kafka_user": "sla"}, "set SLA_KAFKA_USER and SLA_KAFKA_PASSWORD"),
        (USER, "set HOUSERULES_KAFKA_SECURITY to SASL_SSL"),
        ({**SECURE, "kafka_ca": "/nowhere/ca.pem"}, "HOUSERULES_KAFKA_CA is /nowhere/ca.pem, which is no file"),
        ({**SECURE, "kafka_ca": __file__}, "cannot be made of HOUSERULES_KAFKA_CA"),
        ({"kafka_ca": __file__}, "HOUSERULES_KAFKA_CA is for TLS"),
        ({"kafka_security": "SSL", "kafka_certificate": __file__}, "SLA_KAFKA_CERTIFICATE and SLA_KAFKA_KEY go together"),
        ({"kafka_security": "TLS"}, "PLAINTEXT"),
        ({**SECURE, "kafka_mechanism": "GSSAPI"}, "SCRAM-SHA-512"),
        ({"database_url": f"{NEAR_DATABASE}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"}, "/nowhere/ca.pem, is no file"),
    ],
    ids=[
        "nobody", "no password", "a user nobody asks for", "no file", "no certificate in it", "an authority without TLS",
        "half a pair", "no such protocol", "no such mechanism", "PostgreSQL's authority is no file",
    ],
)  # fmt: skip
def test_half_a_set_is_refused(said: dict[str, str], what: str) -> None:
    with pytest.raises(ValidationError, match=what) as refused:
        sla(**said)
    assert PASSWORD not in str(refused.value)


def test_the_command_line_has_names_of_its_own() -> None:
    with pytest.raises(ValidationError, match="set HOUSERULES_KAFKA_USER and HOUSERULES_KAFKA_PASSWORD"):
        CommandSettings.model_validate({"kafka_security": "SASL_SSL"})


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (FAR, "HOUSERULES_KAFKA leads off this machine"),
        ({**FAR, **USER, "kafka_security": "SASL_PLAINTEXT"}, "HOUSERULES_KAFKA leads off this machine"),
        ({**FAR, "kafka_security": "SSL"}, "HOUSERULES_KAFKA leads off this machine"),
        ({"kafka": "127.0.0.1:9092,kafka.example.org:9092"}, "HOUSERULES_KAFKA leads off this machine"),
        ({"database_url": FAR_DATABASE}, "SLA_DATABASE_URL leads off this machine"),
        ({"database_url": f"{FAR_DATABASE}?sslmode=require"}, "SLA_DATABASE_URL leads off this machine"),
    ],
    ids=[
        "plain",
        "a password without TLS",
        "TLS without a name",
        "one of two",
        "a database",
        "a database, whoever it is",
    ],
)
def test_production_says_nothing_in_the_clear_and_to_nobody_unknown(said: dict[str, str], what: str) -> None:
    sla(**said)
    with pytest.raises(ValidationError, match=what) as refused:
        sla(**PRODUCTION, **said)
    assert "secret" not in str(refused.value).replace("HOUSERULES_SECRETS", "")


def test_production_takes_what_is_encrypted_known_or_this_machine_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    pair = authority.pair("sla")
    sla(**PRODUCTION)
    sla(**PRODUCTION, database_url="postgresql://sla@/sla?host=/run/postgresql")
    sla(**PRODUCTION, **FAR, **SECURE)
    sla(**PRODUCTION, **FAR, kafka_security="SSL", kafka_certificate=pair.certificate, kafka_key=pair.key)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(authority.ca))
    sla(**PRODUCTION, database_url=FAR_DATABASE)


def test_a_secret_is_read_from_its_file_and_a_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "SLA_KAFKA_PASSWORD").write_text("from the file\n")
    monkeypatch.setenv("HOUSERULES_SECRETS", str(tmp_path))
    monkeypatch.setenv("SLA_KAFKA_USER", "sla")
    monkeypatch.setenv("SLA_DATABASE_URL", NEAR_DATABASE)
    monkeypatch.setenv("HOUSERULES_KAFKA_SECURITY", "SASL_SSL")
    assert SlaSettings.of_environment().cluster.password == "from the file"
    monkeypatch.setenv("SLA_KAFKA_PASSWORD", "from the variable")
    assert SlaSettings.of_environment().cluster.password == "from the variable"


def test_a_password_is_not_shown() -> None:
    settings = sla(**SECURE)
    assert PASSWORD not in repr(settings) + repr(settings.cluster) + str(settings.cluster)
    assert PASSWORD not in str(in_words(SaslAuthenticationFailed(), settings.cluster))


@pytest.mark.parametrize(
    ("url", "environment", "mode"),
    [
        (NEAR_DATABASE, {}, "prefer"),
        (NEAR_DATABASE, {"PGSSLMODE": "require"}, "require"),
        (f"{NEAR_DATABASE}?sslmode=verify-full", {"PGSSLMODE": "disable"}, "verify-full"),
    ],
)
def test_the_url_wins_over_the_environment(
    url: str, environment: dict[str, str], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Encryption.of(url).mode == mode


def test_an_error_that_is_no_refusal_has_no_words() -> None:
    assert in_words(OSError("unreachable"), Cluster("127.0.0.1:9092")) is None
    try:
        raise RuntimeError("around") from SaslAuthenticationFailed()
    except RuntimeError as error:
        assert "Kafka refuses" in str(in_words(error, Cluster("127.0.0.1:9092")))
