"""Where things are in a clone."""

from pathlib import Path

__all__ = ["CACHE", "ROOT"]

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".local" / "cache" / "kafka"
