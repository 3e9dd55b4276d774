"""Sources: from a camera, a file or an image to decoded frames, through FFmpeg (PyAV)."""

from camwire.sources.camera import CameraSource, FrameSink
from camwire.sources.faults import SourceError
from camwire.sources.images import read_pictures
from camwire.sources.status import SourceReport

__all__ = ["CameraSource", "FrameSink", "SourceError", "SourceReport", "read_pictures"]
