"""The broker: one record in, the same record out."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.jars import fetch
from deploy.local.kafka import archive_of
from deploy.local.layout import CACHE
from tests.servers import KafkaServer


async def test_record_survives_a_killed_broker(kafka_server: KafkaServer, topic_prefix: str) -> None:
    topic = f"{topic_prefix}messages"
    await _make(kafka_server.bootstrap, topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_server.bootstrap, enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(topic, b"kept", key=b"key")
    await producer.stop()
    kafka_server.kill()
    kafka_server.start()
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka_server.bootstrap, group_id=topic, auto_offset_reset="earliest"
    )
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    assert (record.key, record.value) == (b"key", b"kept")


async def _make(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=6, replication_factor=1)])
    finally:
        await admin.close()


@pytest.mark.long  # a broker of its own
def test_a_broker_starts_though_what_is_kept_of_its_classes_is_spoilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jars = fetch(CACHE, print)
    monkeypatch.setattr("deploy.local.kafka.CACHE", tmp_path / "kafka")
    archive_of(jars).write_bytes(b"spoilt")
    server = KafkaServer(tmp_path)
    try:
        server.start()
        assert f"-XX:AOTCache={archive_of(jars)}" in (tmp_path / "kafka.java").read_text()
    finally:
        server.stop()
