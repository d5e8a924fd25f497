"""What access's pages share: the templates."""

from pathlib import Path

from shared.platform.pages import Pages

__all__ = ["PAGES"]

PAGES = Pages("access", Path(__file__).parents[1] / "templates")
