"""Run by Alembic."""

from shared.platform import migrate

migrate.run()
