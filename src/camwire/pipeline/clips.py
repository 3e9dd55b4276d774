"""Videos of what cameras sent a moment ago, cut when their time has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import av

from camwire.link.answers import ClipMade
from camwire.link.desired import DesiredClip
from camwire.pipeline.questions import Questions
from camwire.sources.packets import Recalling

LATE = 0.5
"""Seconds that the last packets may take to arrive."""


class Clips:
    """``apply``, ``results`` and ``close`` are called by one thread; the work is done by another."""

    def __init__(self, rings: Callable[[], Mapping[str, Recalling]], worker: str) -> None:
        """``rings``: what is kept of each camera now."""
        self._rings = rings
        self._worker = worker
        self._waiting: dict[str, DesiredClip] = {}
        self._known: set[str] = set()
        self._questions = Questions("clips", self._answer, self._impossible)

    def apply(self, clips: Iterable[DesiredClip]) -> None:
        """Take in those that are new."""
        wanted = {clip.id: clip for clip in clips}
        self._waiting = {name: clip for name, clip in self._waiting.items() if name in wanted}
        self._waiting |= {name: wanted[name] for name in wanted.keys() - self._known}
        self._known = set(wanted)

    def results(self, now: float) -> list[ClipMade]:
        """What has been made since the last call; ``now`` is UTC."""
        for name in [name for name, clip in self._waiting.items() if now >= clip.until + LATE]:
            self._questions.ask(self._waiting.pop(name))
        return self._questions.answers()

    def close(self) -> None:
        """Nobody waits for a video that is being made."""
        self._questions.close()

    def _answer(self, clip: DesiredClip) -> ClipMade:
        try:
            return self._made(clip)
        except (ValueError, av.FFmpegError) as error:
            return self._impossible(clip, f"what the camera sends can't be put into an MP4 file: {error}")

    def _made(self, clip: DesiredClip) -> ClipMade:
        ring = self._rings().get(clip.camera)
        video = None if ring is None else ring.video(clip.since, clip.until)
        if video is None:
            return self._impossible(clip, "nothing is kept of what this camera sent")
        return ClipMade(worker=self._worker, clip=clip.id, mp4=video.mp4, seconds=video.seconds)

    def _impossible(self, clip: DesiredClip, reason: str) -> ClipMade:
        return ClipMade(worker=self._worker, clip=clip.id, reason=reason)
