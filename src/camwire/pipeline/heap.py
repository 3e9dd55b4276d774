"""What stays for long is kept out of the garbage collector's way."""

from __future__ import annotations

import gc


class LongLived:
    """A full collection walks over everything that there is while every thread stands still: half a second
    where a network was compiled. What a loaded model has brought with it stays until there is another one."""

    def __init__(self) -> None:
        self._loaded: object = None

    def look(self, loaded: object) -> None:
        """To be called now and then. ``loaded``: the model that runs, None before the first; with another one
        than the last time, what is left of that goes, and all that is there now counts as staying."""
        if loaded is None or loaded is self._loaded:
            return
        self._loaded = loaded
        gc.unfreeze()
        gc.collect()
        gc.freeze()
