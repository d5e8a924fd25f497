"""The broker: one record in, the same record out."""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

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
