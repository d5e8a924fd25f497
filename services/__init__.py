"""The four services.

A process that starts makes a few hundred thousand objects that stay: to look for garbage among them every 700, as Python
does by itself, is a tenth of its start (measured). `shared.bus.collector` sets it for the work that follows.
"""

import gc

gc.set_threshold(10_000, *gc.get_threshold()[1:])
