"""Python's garbage collector, set for processes that make very much in a short time and drop it whole."""

import gc

__all__ = ["YOUNG", "calm_collector", "look_rarely"]

YOUNG = 20_000
"""A batch makes tens of thousands of objects that die with it: looked at every 700, as Python does by itself, they cost a
tenth of the work (measured), and hardly one is part of a cycle. Nor is what modules make while they are imported, where
it is a tenth as well."""


def look_rarely() -> None:
    """Look for what can go after every `YOUNG` new objects."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def calm_collector() -> None:
    """Look rarely, and leave alone what start-up made, its little garbage included. Once a process."""
    if not gc.get_freeze_count():
        gc.freeze()
        look_rarely()
