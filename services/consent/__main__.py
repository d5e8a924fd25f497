"""`python -m services.consent [all|api|worker]`."""

from services.consent.app import build
from services.consent.settings import ConsentSettings
from shared.platform.service import main

if __name__ == "__main__":
    main("consent", ConsentSettings, build)
