"""The one place that wires access: settings → handlers, jobs, doors, pages."""

from services.access.api import ROUTERS
from services.access.handlers import NAMES, people
from services.access.jobs import Retention, Timer
from services.access.metrics import FIGURES
from services.access.pages import PAGES
from services.access.pages import ROUTERS as PAGE_ROUTERS
from services.access.settings import AccessSettings
from shared.bus import Subscription
from shared.bus.ground import Ground
from shared.platform.service import Service

__all__ = ["build"]


def build(settings: AccessSettings) -> Service:
    """The whole service, not yet started."""
    ground = Ground.of("access", settings, FIGURES)
    bus, packs = ground.bus, ground.packs
    timer = Timer(bus, packs)
    return ground.service(
        reads=[Subscription("people", bus.topics.sources("people"), people(packs), NAMES)],
        routers=(*ROUTERS, *PAGE_ROUTERS),
        jobs=[timer.run, Retention(bus).run],
        waits=[timer.waits],
        pages=PAGES,
    )
