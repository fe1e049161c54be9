"""A set of hashes in little memory behaves like Python's own set."""

import random
import sys

from customer_center.platform.hashes import Hashes


def test_it_is_a_set():
    chance, ours, pythons = random.Random(7), Hashes(), set()
    for _ in range(20_000):
        value = chance.choice([0, 1, 2, -1, -2, hash(str(chance.randrange(3_000))), chance.randrange(500) * 2**20])
        value = value + 2 if value in (0, 1) else value
        if chance.random() < 0.4:
            assert ours.discard(value) is (value in pythons)
            pythons.discard(value)
        else:
            assert ours.add(value) is (value not in pythons)
            pythons.add(value)
        assert len(ours) == len(pythons)
    assert all((value in ours) is (value in pythons) for value in range(-100, 100) if value not in (0, 1))


def test_zero_and_one_can_be_hashes():
    hashes = Hashes()
    assert 0 not in hashes
    assert 1 not in hashes
    assert hashes.add(0)
    assert hashes.add(1)
    assert 0 in hashes
    assert 1 in hashes
    assert hashes.discard(0)
    assert 0 not in hashes


def test_100_000_hashes_take_two_megabytes():
    hashes = Hashes()
    for serial in range(100_000):
        hashes.add(hash(f"KT{serial}"))
    assert len(hashes) == 100_000
    assert sys.getsizeof(hashes._slots) < 2_200_000
