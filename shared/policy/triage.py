"""First classification of a message by a pack's word lists: deterministic, explained, in time linear in the text."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.policy.sections import Section
from shared.policy.words import Flag, MessageKind

__all__ = ["PRECEDENCE", "Triage", "TriageRule", "Triager", "safe_pattern", "tokens"]

# What harms people comes first; then what somebody must answer before what needs no answer, so that a "thanks, but
# when …?" is answered. A message that no rule knows is `unclassified`, and is answered, too.
PRECEDENCE: tuple[MessageKind, ...] = ("threat", "offensive", "spam", "complaint", "query", "thanks", "feedback")

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\uff07": "'", "`": "'"})
_LONGEST_TEXT = 100_000
_LONGEST_STEM = 40
_MOST_MARKS = 30
_LONGEST_REPEAT = 64

_ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_BACK_REFERENCE = re.compile(r"\\[1-9]")
_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]+))?\}(\+?)")


def normal(text: str) -> str:
    """Text as it is compared: compatibility forms and capitals folded, invisible characters out, one apostrophe.

    Of a text longer than any network takes, the beginning is read.
    """
    plain = _few_marks(text[:_LONGEST_TEXT])
    folded = unicodedata.normalize("NFKC", plain).casefold().translate(_APOSTROPHES)
    if folded.isascii():
        return folded
    return "".join(ch for ch in unicodedata.normalize("NFKC", folded) if unicodedata.category(ch) != "Cf")


def _few_marks(text: str) -> str:
    """The text with at most 30 combining marks on one letter: normalizing is quadratic in their number."""
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for ch in text:
        run = run + 1 if unicodedata.combining(ch) else 0
        if run <= _MOST_MARKS:
            kept.append(ch)
    return "".join(kept)


def tokens(text: str) -> list[str]:
    """The words of a text that is normal already."""
    return _TOKEN.findall(text)


def safe_pattern(pattern: str) -> str:
    """The pattern itself if its search is linear in the text; else ValueError.

    Nothing that was matched may be tried again: groups are atomic `(?>…)` and are not repeated, repeats are possessive
    and at most 64 (`{1,20}+`, `?+`), there is no look-around and no back reference.
    """
    if _BACK_REFERENCE.search(pattern.replace("\\\\", "")):
        raise ValueError(f"{pattern!r}: a back reference makes the search slow")
    rest = _ATOM.sub("x", pattern)
    rest = _REPEAT.sub(lambda match: _bounded(pattern, match), rest).replace("?+", "\x01")
    rest = rest.replace("(?>", "\x02")
    if re.search(r"[*+?({]", rest):
        raise ValueError(
            f"{pattern!r}: only atomic groups (?>…) and possessive repeats such as {{1,20}}+ or ?+ are safe"
        )
    if ")\x00" in rest:
        raise ValueError(f"{pattern!r}: a group must not be repeated")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r}: {error}") from error
    return pattern


def _bounded(pattern: str, repeat: re.Match[str]) -> str:
    least, most, possessive = repeat.groups()
    if int(most or least) > _LONGEST_REPEAT:
        raise ValueError(f"{pattern!r}: {repeat[0]} repeats more than {_LONGEST_REPEAT} times")
    if most is not None and not possessive:
        raise ValueError(f"{pattern!r}: write {repeat[0]}+ for {repeat[0]}, so that nothing is tried twice")
    return "\x00"


def _readable(word: str) -> str:
    parts = tokens(normal(word))
    if not parts:
        raise ValueError(f"{word!r} has no letter or digit")
    if "*" in word and (not word.endswith("*") or word.count("*") > 1 or len(parts) > 1 or len(parts[0]) < 3):
        raise ValueError(f"{word!r}: a star stands at the end of one word of at least three letters")
    return word


class TriageRule(Section):
    """Words and patterns that make a message this `kind`, or give it this `flag`.

    A word is one or more whole words (`still waiting`); a star at the end stands for any ending (`swear*`). Patterns
    are regular expressions over the text in lower case.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
    kind: MessageKind | None = None
    flag: Flag | None = None
    words: tuple[Annotated[str, AfterValidator(_readable)], ...] = ()
    patterns: tuple[Annotated[str, Field(max_length=300), AfterValidator(safe_pattern)], ...] = ()

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if (self.kind is None) == (self.flag is None):
            raise ValueError("a triage rule gives either a kind or a flag")
        if self.kind == "unclassified":
            raise ValueError("unclassified is what no rule knows")
        if not self.words and not self.patterns:
            raise ValueError("a triage rule needs words or patterns")
        return self


@dataclass(frozen=True, slots=True)
class Triage:
    """What a text was taken for: its kind, its flags in order, and the ids of the rules that say so."""

    kind: MessageKind
    flags: tuple[Flag, ...]
    why: tuple[str, ...]


class Triager:
    """The triage rules of a pack, ready for use."""

    __slots__ = ("_patterns", "_phrases", "_rules", "_stems")

    def __init__(self, rules: Sequence[TriageRule]) -> None:
        self._rules = tuple(rules)
        self._phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        self._stems: dict[str, set[int]] = {}
        self._patterns: list[tuple[re.Pattern[str], int]] = []
        for number, rule in enumerate(self._rules):
            for word in rule.words:
                self._add_word(normal(word), number)
            self._patterns += [(re.compile(pattern), number) for pattern in rule.patterns]

    def classify(self, text: str) -> Triage:
        """Kind, flags and reasons of a text. Of several kinds the first of `PRECEDENCE` is taken."""
        hit = self._hits(normal(text))
        matched = [rule for number, rule in enumerate(self._rules) if number in hit]
        kinds = {rule.kind for rule in matched}
        kind: MessageKind = next((kind for kind in PRECEDENCE if kind in kinds), "unclassified")
        flags = tuple(sorted({rule.flag for rule in matched if rule.flag is not None}))
        why = tuple(rule.id for rule in matched if rule.kind == kind or rule.flag is not None)
        return Triage(kind, flags, why)

    def _add_word(self, word: str, rule: int) -> None:
        parts = tuple(tokens(word))
        if word.endswith("*") and len(parts) == 1:
            self._stems.setdefault(parts[0], set()).add(rule)
        else:
            self._phrases.setdefault(parts[0], []).append((parts, rule))

    def _hits(self, text: str) -> set[int]:
        said = tokens(text)
        hit: set[int] = set()
        for place, token in enumerate(said):
            for parts, rule in self._phrases.get(token, ()):
                if tuple(said[place : place + len(parts)]) == parts:
                    hit.add(rule)
            for stem in _beginnings(token):
                hit |= self._stems.get(stem, set())
        hit.update(rule for pattern, rule in self._patterns if rule not in hit and pattern.search(text))
        return hit


def _beginnings(token: str) -> Iterator[str]:
    return (token[:length] for length in range(3, min(len(token), _LONGEST_STEM) + 1))
