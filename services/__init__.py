"""The services, none of which imports another. Whatever starts one, this is imported first."""

from shared.platform.collector import look_rarely

look_rarely()
