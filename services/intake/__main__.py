"""`python -m services.intake [all|api|worker]`."""

from services.intake.app import build
from services.intake.settings import IntakeSettings
from shared.platform.service import main

if __name__ == "__main__":
    main("intake", IntakeSettings, build)
