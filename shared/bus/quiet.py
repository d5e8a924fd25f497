"""aiokafka writes up to sixty error lines a second in an outage; one in ten seconds of each kind says as much."""

import logging
import time

__all__ = ["limit_client_logs"]

PERIOD_S = 10.0


class _Limit(logging.Filter):
    """Lets one record of each template through in a period, and says how many it kept back."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        kind = (record.name, str(record.msg))
        now = time.monotonic()
        since, kept_back = self._seen.get(kind, (-1e9, 0))
        if now - since < PERIOD_S:
            self._seen[kind] = (since, kept_back + 1)
            return False
        self._seen[kind] = (now, 0)
        if kept_back:
            record.msg = f"{record.msg} ({kept_back} more like it)"
        return True


_limit = _Limit()


def limit_client_logs() -> None:
    """Limit the client library's log lines. A logger's filter sees its own records only, so each gets it."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "aiokafka"]
    for name in ("aiokafka", *names):
        logger = logging.getLogger(name)
        if _limit not in logger.filters:
            logger.addFilter(_limit)
