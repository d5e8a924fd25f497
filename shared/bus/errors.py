"""What can go wrong on the bus, by what is to be done about it."""

__all__ = ["BusFault", "KeyNotLocked", "Permanent", "StalePosition", "TooLarge", "Transient"]


class Permanent(Exception):
    """This record can never be applied: it becomes a dead letter at once.

    `code` is a stable kebab-case word (`undecodable`, `invalid`, `too-large`, `unknown-type`, `unknown-organisation`,
    `forged-source`, or a handler's own); `detail` says which field is wrong and holds nothing of the payload.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Transient(Exception):
    """Nothing is wrong with the record: what it needs is away. The partition is held and tried again with back-off."""


class BusFault(Exception):
    """The bus is used or set up wrongly; the text says what to do."""


class KeyNotLocked(BusFault):
    """An event was emitted for a key that this transaction has not locked, so its order could not be kept."""


class TooLarge(BusFault):
    """An event over 512 KiB was emitted."""


class StalePosition(BusFault):
    """A stored position belongs to another log: the topic was made anew or cut short. Names the command that mends it."""
