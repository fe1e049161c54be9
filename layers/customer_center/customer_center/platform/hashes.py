"""A set of hashes in little memory: about 20 bytes for each, where Python's own set needs about 70."""

from array import array

_EMPTY, _REMOVED = 0, 1


class Hashes:
    """A set of 64-bit hashes, as `hash` returns them. Two values with one hash count as one, which is very rare."""

    def __init__(self) -> None:
        self._slots = array("q", [_EMPTY]) * 64
        # Slots that are not empty, those of removed hashes included.
        self._used = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, value: int) -> bool:
        return self._slots[self._slot(value)] not in (_EMPTY, _REMOVED)

    def add(self, value: int) -> bool:
        """Add a hash. Return whether it is new."""
        slot = self._slot(value)
        if self._slots[slot] != _EMPTY:
            return False
        self._slots[slot] = _stored(value)
        self._used += 1
        self._count += 1
        if 2 * len(self._slots) < 3 * self._used:
            self._grow()
        return True

    def discard(self, value: int) -> bool:
        """Remove a hash. Return whether it was there."""
        slot = self._slot(value)
        if self._slots[slot] == _EMPTY:
            return False
        self._slots[slot] = _REMOVED
        self._count -= 1
        return True

    def _slot(self, value: int) -> int:
        """Return the slot of the hash, or the empty slot where it would be."""
        stored, slots = _stored(value), self._slots
        last = len(slots) - 1
        slot = stored & last
        while slots[slot] not in (stored, _EMPTY):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        before = self._slots
        self._slots = array("q", [_EMPTY]) * (2 * len(before))
        self._used = self._count
        for value in before:
            if value not in (_EMPTY, _REMOVED):
                self._slots[self._slot(value)] = value


def _stored(value: int) -> int:
    return value if value not in (_EMPTY, _REMOVED) else value + 2
