"""When a batch is taken, and which frames go into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

IN_VAIN = 1 / 8
"""Of a batch, at most: what is missing to the size that the network is made for."""


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """A batch is due when it is full, or when its first frame has waited long enough.

    No camera is waited for beyond ``max_wait``: one that is slow or gone costs the others that much at most.
    """

    size: int
    """Frames in a batch at most."""
    max_wait: float
    """Seconds that a frame waits for company."""

    def enough(self, expected: int) -> int:
        """Frames that make a batch full where so many cameras send pictures."""
        return min(self.size, max(expected, 1))

    def seconds_until_due(self, waiting: Mapping[str, float], enough: int, now: float) -> float:
        """0 when a batch is due at ``now``; infinity when there is nothing to take.

        ``waiting`` maps each camera with a frame to when its slot was filled (it keeps that time when a newer
        frame takes the place of an older one); ``enough`` is what :meth:`enough` said.
        """
        if not waiting:
            return inf
        if len(waiting) >= enough:
            return 0.0
        return max(0.0, min(waiting.values()) + self.max_wait - now)

    def chosen(self, waiting: Mapping[str, float], sizes: Sequence[int] = ()) -> list[str]:
        """The cameras whose frames are taken: those that have waited longest, so that none starves.

        ``sizes``: see :func:`worthwhile`.
        """
        count = worthwhile(min(len(waiting), self.size), sizes)
        return sorted(waiting, key=waiting.__getitem__)[:count]


def worthwhile(waiting: int, sizes: Sequence[int]) -> int:
    """How many of so many frames to take, where a network is made for batches of ``sizes`` (ascending; none:
    of any size) and what is missing to the next of them is computed in vain.

    More than an eighth in vain is too much: then the frames beyond the size below wait for the next batch,
    unless they would be most of them.
    """
    above = next((size for size in sizes if size >= waiting), waiting)
    below = max((size for size in sizes if size < waiting), default=0)
    return below if waiting < above * (1 - IN_VAIN) and 2 * below > waiting else waiting
