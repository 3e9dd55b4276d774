"""Hundreds of random edits while cameras stream: sound ones are used whole, unsound ones not at all."""

from __future__ import annotations

import json
import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live.edits import WITNESSES, Editor
from tests.live.session import Session
from tests.support.product import STOP_TIMEOUT, camwire, write_config
from tests.support.rtp_camera import RtpCamera
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

SMALL = {"size": "160x128", "max_fps": 10}


def test_four_hundred_edits(tmp_path: Path) -> None:
    """With a worker that only draws: it is handed every change, and the same untouched cameras each time."""
    cameras = [
        {"id": camera, "url": f"rtsp://192.0.2.{number}/x"} for number, camera in enumerate(WITNESSES, 1)
    ]
    config = write_config(tmp_path, cameras, output=SMALL)
    notes = tmp_path / "notes"
    urls = [f"rtsp://user:pa%20ss@192.0.2.{number}/y" for number in range(10, 14)]
    with camwire(
        "tests.live.recording_worker", str(config), "--notes", str(notes), module="tests.live.run_with"
    ) as product:
        session = Session(product, config, Editor(20261122, urls))
        session.edit(440)

        def handed() -> list[dict[str, list[object]]]:
            return [json.loads(line)["cameras"] for line in notes.read_text().splitlines()]

        wanted = {
            camera.id: [camera.url.reveal(), camera.enabled, camera.transport]
            for camera in session.running.cameras
        }
        wait_for(lambda: handed()[-1] == wanted, "the worker to have the last sound configuration")
        product.process.terminate()
        assert product.process.wait(STOP_TIMEOUT) == 0
    assert min(session.made.values()) > 100
    states = handed()
    assert len(states) > 50
    for camera in WITNESSES:
        assert [state[camera] for state in states] == [states[0][camera]] * len(states)


def test_sixty_edits_while_real_cameras_are_decoded_and_drawn(tmp_path: Path) -> None:
    """A camera that nobody touches keeps its one connection from the first edit to the last."""
    with ExitStack() as stack:
        witnesses = [stack.enter_context(RtpCamera()) for _ in WITNESSES]
        others = [stack.enter_context(RtpCamera()) for _ in range(3)]
        cameras = [
            {"id": name, "url": camera.url()} for name, camera in zip(WITNESSES, witnesses, strict=True)
        ]
        config = write_config(tmp_path, cameras, output=SMALL)
        urls = [*(camera.url() for camera in others), str(tmp_path / "missing.mp4")]
        with camwire("tests.live.patient_worker", str(config), module="tests.live.run_with") as product:
            session = Session(product, config, Editor(7, urls))
            session.edit(60)
            # Leaving the block would send a second signal, which ends everything at once.
            product.process.terminate()
            assert product.process.wait(STOP_TIMEOUT) == 0
        assert [camera.connections for camera in witnesses] == [1, 1]
        assert sum(camera.connections for camera in others) > 0, "no edit has reached a camera"
    assert min(session.made.values()) > 10


def test_an_editor_repeats_itself() -> None:
    """What fails once can be made to fail again."""
    document = {"cameras": [{"id": camera, "url": "rtsp://192.0.2.1/"} for camera in WITNESSES]}
    seed = random.Random(0).randrange(1000)
    first, second = (Editor(seed, ["rtsp://192.0.2.9/"]) for _ in range(2))
    assert [first.next(document) for _ in range(50)] == [second.next(document) for _ in range(50)]
