"""GStreamer's Python binding, which is no package from an index: it comes with the system."""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module
from typing import Any

from camwire.models import ModelError


class DeepstreamError(ModelError):
    """DeepStream can't do what is desired. The message is for people."""


MISSING = (
    "the DeepStream engine needs GStreamer's Python binding: install python3-gi and gir1.2-gstreamer-1.0 (or "
    "pip install PyGObject), and let camwire's environment see the system's packages "
    "(python3 -m venv --system-site-packages)"
)


@cache
def gstreamer() -> Any:
    """The module ``Gst``, initialised, with GLib's main loop running for the elements' own timers.

    What the plugins read from the environment has to be set before. Raises DeepstreamError where the binding
    is missing.
    """
    try:
        import_module("gi").require_version("Gst", "1.0")
        gst, glib = (import_module(f"gi.repository.{name}") for name in ("Gst", "GLib"))
    except (ImportError, ValueError) as error:
        raise DeepstreamError(f"{MISSING}: {error}") from None
    gst.init(None)
    # nvurisrcbin's watchdog is a timer of the default main loop: without one it never connects again.
    threading.Thread(target=glib.MainLoop().run, name="glib", daemon=True).start()
    return gst
