"""`python -m services.sla [all|api|worker]`."""

from services.sla.app import build
from services.sla.settings import SlaSettings
from shared.platform.service import main

if __name__ == "__main__":
    main("sla", SlaSettings, build)
