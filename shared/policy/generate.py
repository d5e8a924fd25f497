"""Writes bank_holidays.json: the bank holidays of the United Kingdom's nations, as the library `holidays` knows them.

`python -m shared.policy.generate` writes it. The library needs 18 MiB and an eighth of a second to say this, since it brings
every country's; a service needs the answer alone. Needs the development dependencies.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import holidays

from shared.policy.words import NATIONS

__all__ = ["FILE", "main", "text"]

FILE = Path(__file__).with_name("bank_holidays.json")
YEARS = range(2000, 2100)


def text() -> str:
    """The file's text: nation → date → name, a date a line."""
    return json.dumps({nation: _of(nation) for nation in NATIONS}, indent=1, ensure_ascii=False) + "\n"


def _of(nation: str) -> dict[str, str]:
    found = holidays.country_holidays("GB", subdiv=nation, years=YEARS)
    return {day.isoformat(): name for day, name in sorted(found.items())}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m shared.policy.generate", description="Writes the bank holidays of the UK's nations."
    )
    parser.parse_args(arguments)
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
