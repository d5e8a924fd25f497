"""The one place that wires consent: settings → forms, handlers, jobs, doors."""

from services.consent import handlers
from services.consent.api import ROUTERS
from services.consent.jobs import Recheck, Retention, Timer
from services.consent.metrics import FIGURES
from services.consent.pages import PAGES
from services.consent.pages import ROUTERS as PAGE_ROUTERS
from services.consent.settings import ConsentSettings
from services.consent.store.forms import Forms
from shared.bus import Subscription
from shared.bus.ground import Ground
from shared.platform.service import Service

__all__ = ["build"]


def build(settings: ConsentSettings) -> Service:
    """The whole service, not yet started."""
    ground = Ground.of("consent", settings, FIGURES)
    bus, packs = ground.bus, ground.packs
    timer, recheck = Timer(bus, packs), Recheck(bus, packs)
    return ground.service(
        reads=[
            Subscription("people", bus.topics.sources("people"), handlers.people(packs), handlers.PEOPLE),
            Subscription("images", bus.topics.sources("images"), handlers.images(packs), handlers.IMAGES),
        ],
        routers=(*ROUTERS, *PAGE_ROUTERS),
        pages=PAGES,
        jobs=[timer.run, recheck.run, Retention(bus).run],
        waits=[timer.waits, recheck.waits],
        forms=Forms(settings.forms_folder, settings.keys_folder),
        form_bytes=settings.form_bytes,
    )
