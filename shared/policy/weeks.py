"""Opening hours as written, checked window by window so that a fault names its key."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from shared.policy.keys import key_of
from shared.policy.words import WEEKDAYS, Weekday

__all__ = ["window_faults"]

_WINDOW = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_LONGEST_NIGHT = 12 * 60

_Span = tuple[int, int, int, str, str]  # minutes of the week, order in the file, key, text


def window_faults(
    loc: Sequence[str], week: Mapping[Weekday, Sequence[str]], one_off: bool = False
) -> Iterator[tuple[str, str]]:
    """Windows that cannot be read, have no length, are the wrong way round or overlap, also past midnight.

    A window that crosses midnight and is longer than twelve hours is taken for one the wrong way round: as two
    windows it can be said without doubt. `one_off`: the windows are of one date, given as Monday's.
    """
    spans: list[_Span] = []
    for day, texts in week.items():
        for place, text in enumerate(texts):
            key = key_of((*loc, place) if one_off else (*loc, day, place))
            fault = _fault(text)
            if fault:
                yield key, fault
                continue
            opens, closes = _minutes(text)
            start = WEEKDAYS.index(day) * _DAY + opens
            length = _DAY - opens if closes == _DAY else (closes - opens) % _DAY
            spans.append((start, start + length, len(spans), key, text))
    yield from _overlaps(spans)


def _overlaps(spans: list[_Span]) -> Iterator[tuple[str, str]]:
    ordered = sorted(spans)
    if ordered:
        start, end, place, key, text = ordered[0]
        ordered.append((start + _WEEK, end + _WEEK, place, key, text))  # Sunday night runs into Monday
    for one, other in pairwise(ordered):
        if other[0] < one[1]:
            (_, _, _, key, text), (_, _, _, later_key, later) = sorted((one, other), key=lambda span: span[2])
            yield later_key, f"{later} overlaps with {text} ({key})"


def _minutes(text: str) -> tuple[int, int]:
    match = _WINDOW.fullmatch(text)
    assert match is not None  # _fault has read it
    hour, minute, close_hour, close_minute = map(int, match.groups())
    return hour * 60 + minute, close_hour * 60 + close_minute


def _fault(text: str) -> str | None:
    match = _WINDOW.fullmatch(text)
    if match is None:
        return f"{text!r} is not a window such as '09:00-17:00'"
    opens, closes = _minutes(text)
    if int(match[2]) > 59 or int(match[4]) > 59 or opens >= _DAY or closes > _DAY:
        return f"{text!r} has a time that no day has (24:00 only closes)"
    if opens == closes:
        return f"{text!r} has no length: it opens when it closes"
    if closes < opens and (closes - opens) % _DAY > _LONGEST_NIGHT:
        return f"{text!r} is inverted: it closes before it opens (write a night of over 12 h as two windows)"
    return None
