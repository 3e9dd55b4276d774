"""What the rules say of one frame of a stream, and of its objects."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ObjectResult:
    """What the rules say of one object."""

    index: int
    """Its place among the frame's objects."""
    rois: list[str] = field(default_factory=list)
    crowds: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Lines crossed in this very frame."""
    direction: str = ""
    status: str = ""

    @property
    def is_reported(self) -> bool:
        """DeepStream attaches metadata to the object."""
        return bool(self.status or self.crowds)


@dataclass(slots=True)
class FrameResult:
    """What the rules say of one frame; the maps have a key for each label whose group is on."""

    region_counts: dict[str, int]
    """Objects by label of a region to filter by."""
    crowd_counts: dict[str, int]
    """Objects by label of a region that may be overcrowded."""
    overcrowded: dict[str, bool]
    line_counts: dict[str, int]
    """Crossings in this frame."""
    line_totals: dict[str, int]
    """Crossings since the stream began."""
    object_counts: dict[int, int]
    """Smoothed count of objects by class id, of every class seen so far."""
    tied_counts: dict[int, list[int]]
    """Where several counts were equally frequent: all of them, by class id."""
    objects: list[ObjectResult]
    """Only objects of which there is something to say."""

    @property
    def roi_counts(self) -> dict[str, int]:
        """Objects by label of either kind of region, as the metadata has them: overcrowding's count wins."""
        return self.region_counts | self.crowd_counts
