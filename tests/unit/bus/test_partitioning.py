"""A key has one partition, whoever writes it."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafkas
from hypothesis import example, given
from hypothesis import strategies as st

from shared.bus.partitioning import TOGETHER, murmur2, partitions_of


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
    assert murmur2([key]) == (hashed & 0xFFFFFFFF,)


@given(st.integers(0, 70).flatmap(lambda length: st.lists(st.binary(min_size=length, max_size=length), min_size=1)))
@example([b""])
@example([b"\xff" * 8, b"\x00" * 8, b"\xff" * 8])
def test_the_hash_is_aiokafkas_whatever_stands_beside_it(keys: list[bytes]) -> None:
    assert list(murmur2(keys)) == [aiokafkas(key) & 0xFFFFFFFF for key in keys]


@given(st.sets(st.binary(max_size=40)), st.integers(1, 50))
def test_a_partition_is_one_of_them(keys: set[bytes], partitions: int) -> None:
    assert partitions_of(keys, partitions) == {key: (aiokafkas(key) & 0x7FFFFFFF) % partitions for key in keys}


def test_more_keys_than_are_hashed_at_once() -> None:
    keys = {b"%08d" % number for number in range(TOGETHER // 8 + 1)} | {b"x" * (TOGETHER + 1), b"y" * (TOGETHER + 1)}
    assert partitions_of(keys, 7) == {key: (aiokafkas(key) & 0x7FFFFFFF) % 7 for key in keys}
