"""Alerts on causes: what breaks a promise before anybody outside has seen it broken."""

from deploy.observe.causes import process, promised, reading, sending, webhooks

__all__ = ["CAUSES"]

CAUSES = (*process.CAUSES, *reading.CAUSES, *sending.CAUSES, *webhooks.CAUSES, *promised.CAUSES)
