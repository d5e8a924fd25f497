"""What access's pages share: the templates, and a form that came back with a fault."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request
from starlette.datastructures import UploadFile

from shared.platform.pages import Pages
from shared.platform.problem import Problem

__all__ = ["FRESH", "PAGES", "Sent", "sent"]

PAGES = Pages("access", Path(__file__).parents[1] / "templates")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent: which one, what was typed, and what is wrong with it; nothing yet for a fresh page."""

    form: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    def value(self, form: str, name: str) -> str:
        """What a field of a form shows: what was typed there."""
        return self.typed.get(name, "") if form == self.form else ""

    def wrong(self, form: str, name: str) -> str:
        """What is wrong with a field of a form; empty: nothing."""
        if self.problem is None or form != self.form:
            return ""
        return next((fault.detail for fault in self.problem.errors if fault.pointer == f"/{name}"), "")


FRESH = Sent()
"""A page that nobody has sent yet."""


async def sent(request: Request, form: str, problem: Problem) -> Sent:
    """The form of a request that was refused. A file cannot be sent back to a browser."""
    fields = await request.form()
    typed = {name: value for name, value in fields.items() if not isinstance(value, UploadFile) and name != "csrf"}
    return Sent(form, typed, problem)
