"""Alembic's entry: the platform knows how to run it."""

from shared.platform.migrate import run

run()
