"""The one place that wires sla: settings → handlers, jobs, doors."""

from services.sla.api import ROUTERS
from services.sla.handlers import NAMES, messages
from services.sla.jobs import Retention, Timer
from services.sla.metrics import FIGURES
from services.sla.pages import PAGES
from services.sla.pages import ROUTERS as PAGE_ROUTERS
from services.sla.settings import SlaSettings
from shared.bus import Subscription
from shared.bus.ground import Ground
from shared.platform.service import Service

__all__ = ["build"]


def build(settings: SlaSettings) -> Service:
    """The whole service, not yet started."""
    ground = Ground.of("sla", settings, FIGURES)
    bus, packs = ground.bus, ground.packs
    timer = Timer(bus, packs)
    return ground.service(
        reads=[Subscription("messages", bus.topics.sources("messages"), messages(packs), NAMES)],
        routers=(*ROUTERS, *PAGE_ROUTERS),
        jobs=[timer.run, Retention(bus).run],
        waits=[timer.waits],
        pages=PAGES,
    )
