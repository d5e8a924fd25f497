"""The system's Chromium: where it is, or that there is none."""

import os
import shutil

__all__ = ["NAMES", "NO_CHROMIUM", "VARIABLE", "chromium"]

VARIABLE = "HOUSERULES_CHROMIUM"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first draws pages and nothing around them: it takes a fifth of the time."""
NO_CHROMIUM = f"no Chromium found (install chromium, or set {VARIABLE})"


def chromium() -> str | None:
    """The program; `HOUSERULES_CHROMIUM` goes before what is on the path. None when there is none."""
    named = os.environ.get(VARIABLE)
    return shutil.which(named) if named else next((found for name in NAMES if (found := shutil.which(name))), None)
