"""A key has one partition, whoever writes it."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafkas
from hypothesis import example, given
from hypothesis import strategies as st

from shared.bus.partitioning import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_kafkas(key: bytes, hashed: int) -> None:
    """The cases of Apache Kafka's own UtilsTest.testMurmur2, which are signed."""
    assert murmur2(key) == hashed & 0xFFFFFFFF


@given(st.binary(max_size=300))
@example(b"")
def test_the_hash_is_aiokafkas(key: bytes) -> None:
    assert murmur2(key) == aiokafkas(key) & 0xFFFFFFFF


@given(st.binary(min_size=1, max_size=40), st.integers(1, 50))
def test_a_partition_is_one_of_them(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == (aiokafkas(key) & 0x7FFFFFFF) % partitions
