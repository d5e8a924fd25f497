"""`python -m services.access [all|api|worker]`."""

from services.access.app import build
from services.access.settings import AccessSettings
from shared.platform.service import main

if __name__ == "__main__":
    main("access", AccessSettings, build)
