"""A form that came back: what was typed into it, and what is wrong with it, so that nothing has to be typed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import FormData

from shared.platform.problem import Problem

__all__ = ["FRESH", "Sent", "field_of", "sent", "typed"]

OF_THE_FILE = frozenset({"too-large", "unsupported-form"})
"""Codes of what is wrong with a file as a whole."""
FILE = "form"


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent: which one, what was typed, and what is wrong with it; nothing yet for a fresh page."""

    form: str = ""
    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problem: Problem | None = None

    def values(self, form: str, name: str, otherwise: Sequence[str] = ()) -> Sequence[str]:
        """What was chosen there, or what a fresh form begins with."""
        return self.typed.get(name, ()) if form == self.form else otherwise

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """The same, of a field with one value."""
        return next(iter(self.values(form, name, (otherwise,))), "")

    def wrong(self, form: str, name: str) -> str:
        """What is wrong with a field; empty: nothing."""
        if self.problem is None or form != self.form:
            return ""
        if name == FILE and self.problem.code in OF_THE_FILE:
            return self.problem.detail
        return "; ".join(fault.detail for fault in self.problem.errors if name in fault.pointer.split("/"))


FRESH = Sent()
"""A page that nobody has sent yet."""


def typed(form: FormData) -> dict[str, list[str]]:
    """What was typed, by field; a file cannot be sent back to a browser."""
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name != "csrf":
            fields.setdefault(name, []).append(value)
    return fields


def field_of(form: FormData, name: str) -> str | None:
    """What was typed in a field; None: nothing."""
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


async def sent(request: Request, form: str, problem: Problem) -> Sent:
    """The form of a request that was refused."""
    return Sent(form, typed(await request.form()), problem)
