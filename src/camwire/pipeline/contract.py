"""What an engine is to the worker that runs it: camwire's own, and DeepStream's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from camwire.analytics.rules.events import Event
from camwire.devices.contracts import Device
from camwire.link.desired import DesiredState
from camwire.link.reports import CameraReport
from camwire.pipeline.analysis import Analysis
from camwire.pipeline.lane import Publisher
from camwire.pipeline.recorder import Recorder
from camwire.sources.packets import Recalling


class PipelineEngine(Protocol):
    """``apply`` is called by one thread, everything else by any."""

    analysis: Analysis
    recorder: Recorder
    rings: dict[str, Recalling]
    """What each camera sent last; a camera that isn't here keeps nothing."""

    @property
    def revision(self) -> int:
        """Of the desired state that runs; 0 before the first."""

    @property
    def model(self) -> str:
        """The model that runs, in words."""

    @property
    def loaded(self) -> object:
        """Another one whenever a model was loaded into this process; None where none was."""

    def apply(self, desired: DesiredState) -> None:
        """Make what runs the same as ``desired``. Raises ModelError when that can't be done."""

    def report(self) -> tuple[CameraReport, ...]:
        """Every camera of the desired state, disabled ones too."""

    def elements(self) -> dict[str, float]:
        """Figures of the engine's own parts, by name; empty where there are none to tell apart."""

    @property
    def helpers(self) -> tuple[int, ...]:
        """Ids of other processes that do its work; their CPU and memory are told as the worker's."""

    def stuck(self) -> str | None:
        """Why nothing but a new process will help; None where all is well."""

    def stop(self, timeout: float) -> bool:
        """End every thread within ``timeout`` seconds; false if some were left.

        An ``apply`` that is at work, and may be for long, starts nothing any more.
        """


class EngineMaker(Protocol):
    def __call__(
        self, device: Device, publish: Publisher, *, on_events: Callable[[Sequence[Event]], None]
    ) -> PipelineEngine:
        """An engine that has nothing to do yet."""
