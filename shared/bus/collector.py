"""Python's garbage collector, set for processes that make very much in a short time and drop it whole."""

import gc

__all__ = ["YOUNG", "calm_collector"]

YOUNG = 20_000
"""A batch makes tens of thousands of objects that die with it: looked at every 700, as Python does by itself, they cost a
tenth of the work (measured), and hardly one is part of a cycle."""


def calm_collector() -> None:
    """Leave alone what start-up made, and look at what is new after every `YOUNG` objects. Once a process.

    The little garbage that start-up left stays with it: to look for that would take a twentieth of the start.
    """
    if gc.get_threshold()[0] < YOUNG:
        gc.freeze()
        gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
