"""One batch through the draw kernel, and the same through the CPU's renderer."""

from __future__ import annotations

from typing import NamedTuple

import av
import numpy as np

from camwire.config.rules import Rule
from camwire.devices.annotations import Annotator
from camwire.devices.contracts import Overlay
from camwire.devices.cpu.palette import Style
from camwire.devices.cpu.render import CpuRenderer
from camwire.devices.cuda.launches import Scene, launches
from camwire.devices.cuda.letters import Letters, draw_letters
from camwire.devices.cuda.marks import pack_marks
from camwire.devices.cuda.render import annotations_of
from camwire.devices.cuda.rules import RuleShapes
from camwire.devices.cuda.scene import (
    DARK,
    PICTURE,
    PREPARED,
    Looks,
    pack_objects,
    pack_pictures,
    pack_steps,
)
from camwire.devices.cuda.shapes import pack_shapes
from camwire.devices.cuda.sheet import Shapes
from camwire.devices.cuda.surfaces import Spot, fill
from camwire.frames import Size, Tracks
from tests.devices.cuda.reference import Nv12, put, ycbcr
from tests.devices.cuda.runners import Memory
from tests.devices.pictures import batch_of

NAMES = ("person", "car", "traffic light", "jig")


class Drawn:
    """[H, W] and twice [H/2, W/2] uint8."""

    def __init__(self, y: np.ndarray, u: np.ndarray, v: np.ndarray) -> None:
        self.planes = y, u, v

    def psnr(self, other: Drawn) -> float:
        """Over all samples of the picture, in dB."""
        ours, theirs = (
            np.concatenate([p.ravel() for p in d.planes]).astype(np.float64) for d in (self, other)
        )
        error = ((ours - theirs) ** 2).mean()
        return float(10 * np.log10(255**2 / max(error, 1e-12)))


class Packed(NamedTuple):
    """What is to be drawn, but for the surfaces and the planes, and what must be kept alive."""

    pictures: np.ndarray
    objects: np.ndarray
    shapes: Shapes
    alive: list

    def scene(self, runner, tracks: Tracks) -> tuple[Scene, Memory]:
        """Everything in the runner's memory, and the marks alone."""
        marks = runner.put(np.zeros(pack_marks(self.pictures), np.uint8))
        self.pictures["marks"] += marks.address
        prepared = runner.put(np.full(len(tracks) * PREPARED, 255, np.uint8))
        before = [runner.put(array) for array in (self.pictures, self.objects)]
        shapes = self.shapes.records, self.shapes.corners, self.shapes.pixels
        return Scene(*before, prepared, *map(runner.put, (tracks.traces, *shapes, DARK))), marks


def packed(runner, sizes: list[Size], tracks: Tracks, overlay: Overlay) -> Packed:
    alive, looks = [], {}
    for size in set(sizes):
        style = Style.for_size(size)
        letters = draw_letters(NAMES, style.text)
        coverage, glyphs = runner.put(letters.coverage), runner.put(letters.glyphs)
        alive += [coverage, glyphs]
        looks[size] = Looks(style, letters, coverage, glyphs)
    pictures = np.zeros(len(sizes), PICTURE)
    pack_pictures(pictures, sizes, range(len(sizes)), tracks, overlay, looks)
    objects = pack_objects(sizes, tracks, len(NAMES), looks)
    batch, chosen = batch_of(*map(picture_of, sizes)), range(len(sizes))
    shapes = pack_shapes(
        batch, chosen, tracks, overlay, objects, annotations_of(batch, chosen, overlay), RuleShapes()
    )
    ends = np.array(shapes.ends, np.int32).reshape(-1, 3)
    pictures["shapes"], pictures["upper_shapes"], pictures["shapes_end"] = ends.T
    return Packed(pictures, objects, shapes, alive)


def draw(
    runner,
    sources: list[Nv12],
    sizes: list[Size],
    tracks: Tracks,
    toggles: set[str],
    *,
    rules: tuple[Rule, ...] = (),
    counts: dict | None = None,
    annotator: Annotator | None = None,
    **colours,
) -> list[Drawn]:
    """The kernel's pictures of ``sizes``; a kernel that left a pixel out or wrote beside it is caught."""
    overlay = Overlay(frozenset(toggles), NAMES, rules, counts or {}, annotator=annotator)
    content = packed(runner, sizes, tracks, overlay)
    surfaces = []
    for source in sources:
        surface, memory = put(runner, source, **colours)
        surfaces.append(surface)
        content.alive.append(memory)
    pictures = content.pictures
    fill(pictures["surface"], surfaces, [Spot(0, 0, size) for size in sizes], "JPEG")
    pack_steps(pictures)
    planes = []
    for record, (width, height) in zip(pictures, sizes, strict=True):
        own = [runner.put(np.full((rows + 1, columns + 8), 77, np.uint8)) for rows, columns in
               ((height, width), (height // 2, width // 2), (height // 2, width // 2))]  # fmt: skip
        record["y"], record["u"], record["v"] = (memory.address for memory in own)
        record["y_pitch"], record["c_pitch"] = width + 8, width // 2 + 8
        planes.append(own)
    scene, _ = content.scene(runner, tracks)
    for name, grid, arguments in launches(pictures, tracks.traces.shape[1], scene):
        runner.run("draw", name, grid, *arguments)
    return [_checked(own) for own in planes]


def _checked(memories: list) -> Drawn:
    made = [memory.fetch() for memory in memories]
    for plane in made:
        assert (plane[-1] == 77).all()
        assert (plane[:, -8:] == 77).all()
    return Drawn(*(plane[:-1, :-8] for plane in made))


def picture_of(size: Size) -> av.VideoFrame:
    """Something of that size, for what looks at sizes alone."""
    return av.VideoFrame(size.width, size.height, "gray")


def by_the_cpu(
    tracks: Tracks,
    size: Size,
    toggles: set[str],
    y: int = 126,
    rules: tuple[Rule, ...] = (),
    counts: dict | None = None,
    annotator: Annotator | None = None,
) -> list[Drawn]:
    """What the CPU draws on grey pictures, brought to 4:2:0 as a JPEG encoder does."""
    count = int(tracks.frame_index.max(initial=0)) + 1
    grey = np.full((size.height, size.width, 3), y, np.uint8)
    batch = batch_of(*(av.VideoFrame.from_ndarray(grey, "bgr24") for _ in range(count)))
    overlay = Overlay(frozenset(toggles), NAMES, rules, counts or {}, annotator=annotator)
    drawn = CpuRenderer()(batch, range(count), tracks, overlay)
    return [in_420(picture[..., ::-1]) for picture in drawn]


def in_420(rgb: np.ndarray) -> Drawn:
    levels = ycbcr(rgb.astype(np.float64))
    height, width = rgb.shape[:2]
    chroma = levels[..., 1:].reshape(height // 2, 2, width // 2, 2, 2).mean(axis=(1, 3))
    whole = [
        np.rint(np.clip(plane, 0, 255)).astype(np.uint8)
        for plane in (levels[..., 0], *np.moveaxis(chroma, 2, 0))
    ]
    return Drawn(*whole)


def grey(size: Size, y: int = 126) -> Nv12:
    """A full-range picture of one grey."""
    half = (size.height + 1) // 2, (size.width + 1) // 2, 2
    return Nv12(np.full((size.height, size.width), y, np.uint8), np.full(half, 128, np.uint8))


__all__ = ["Drawn", "Letters", "by_the_cpu", "draw", "grey", "in_420"]
