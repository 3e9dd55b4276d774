"""Threads that compute are bounded by the cores, whatever the number of cameras and lanes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camwire import cores
from camwire.devices.contracts import Overlay
from camwire.devices.cpu import CpuDevice, encode, render
from camwire.frames import Size, Tracks
from camwire.link.desired import DesiredCamera
from camwire.models import load_model
from camwire.runtimes import choose_runtime, onnxruntime, openvino
from camwire.runtimes.onnxruntime import OnnxRuntime
from camwire.runtimes.openvino import OpenVinoRuntime
from camwire.sources import decoding, read_pictures
from camwire.sources.address import open_arguments
from camwire.sources.opening import open_source
from tests.devices.pictures import batch_of, flat
from tests.support.clips import make_clip

pytestmark = pytest.mark.integration

PIXELS = np.zeros((1, 416, 416, 3), np.uint8)


class Turn:
    """In the place of a semaphore: how often it was taken, and whether it is held."""

    def __init__(self) -> None:
        self.taken = 0
        self.held = False

    def __enter__(self) -> None:
        assert not self.held, "taken twice by one thread"
        self.taken, self.held = self.taken + 1, True

    def __exit__(self, *_: object) -> None:
        self.held = False

    def inside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, which has to be called while this is held."""

        def call(*arguments: Any, **more: Any) -> Any:
            assert self.held
            return function(*arguments, **more)

        return call


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    turn = Turn()
    for module in (encode, render, onnxruntime, openvino):
        monkeypatch.setattr(module, "computing", turn)
    monkeypatch.setattr(decoding, "decoding", turn)
    return turn


def test_as_many_turns_as_cores() -> None:
    for semaphore in (cores.computing, cores.decoding):
        assert all(semaphore.acquire(blocking=False) for _ in range(cores.CORES))
        assert not semaphore.acquire(blocking=False)
        semaphore.release(cores.CORES)
    assert cores.bounds().startswith(f"at most {cores.CORES} infer, draw and encode at once")


@pytest.mark.parametrize("runtime", [OpenVinoRuntime, OnnxRuntime])
def test_an_inference_takes_one_turn(turn: Turn, runtime: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = runtime(load_model("nanodet").graph)
    if runtime is OnnxRuntime:
        monkeypatch.setattr(loaded, "_run", turn.inside(loaded._run))
    loaded.infer(PIXELS)
    assert (turn.taken, turn.held) == (1, False)


def test_drawing_and_encoding_take_one_turn_a_batch(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    device = CpuDevice()
    monkeypatch.setattr(render, "to_bgr", turn.inside(render.to_bgr))
    monkeypatch.setattr(encode, "_jpeg", turn.inside(encode._jpeg))
    batch = batch_of(flat(), flat())
    pictures = device.render(batch, range(2), Tracks.empty(30), Overlay(frozenset(), ("person",)))
    assert (len(pictures), turn.taken, turn.held) == (2, 1, False)
    assert (len(device.encode(pictures, 85)), turn.taken, turn.held) == (2, 2, False)


def test_decoding_takes_one_turn_a_packet(turn: Turn, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=5)
    assert len(list(read_pictures(clip))) == 5
    assert turn.taken >= 5
    assert not turn.held


def test_no_library_starts_more_threads_than_it_may(tmp_path: Path) -> None:
    """As configured: what runs at once is up to the scheduler."""
    CpuDevice()
    assert cv2.getNumThreads() == 1
    on_openvino = choose_runtime("openvino", load_model("nanodet").graph).runtime
    assert isinstance(on_openvino, OpenVinoRuntime)
    compiled = on_openvino._compiled_for(Size(416, 416))
    assert compiled.get_property("INFERENCE_NUM_THREADS") == cores.CORES
    assert compiled.get_property("NUM_STREAMS") == cores.CORES
    on_onnxruntime = OnnxRuntime(load_model("nanodet").graph)
    options = on_onnxruntime._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    camera = DesiredCamera(
        id="a",
        url=str(make_clip(tmp_path / "clip.mp4", frames=5)),
        enabled=True,
        transport="tcp",
        latency_ms=0,
        drop_on_latency=False,
    )
    source = open_source(open_arguments(camera))
    with source.container:
        assert source.video.codec_context.thread_count == 1
