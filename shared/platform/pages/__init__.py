"""Pages for people: rendered on the server, without scripts, for a signed-in visitor; every form proves where it came from.

`Pages` renders, `seen` and `posted` are the permissions of a page's routes, `install` adds signing in and the style.
"""

from shared.platform.pages.installing import install
from shared.platform.pages.rendering import Pages
from shared.platform.pages.session import COOKIE, Visitor, csrf_of
from shared.platform.pages.visiting import posted, seen

__all__ = ["COOKIE", "Pages", "Visitor", "csrf_of", "install", "posted", "seen"]
