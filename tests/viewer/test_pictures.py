"""mailbox.js, picture-sink.js, painter.js: newest pictures onto canvases."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selenium.webdriver import Chrome

from tests.support.browser import call_module
from tests.viewer.conftest import few

pytestmark = pytest.mark.e2e


@few
@given(st.lists(st.sampled_from(["offer a", "offer b", "done a", "done b"]), max_size=60))
def test_newest_wins_and_nothing_queues(blank: Chrome, steps: list[str]) -> None:
    body = """
        const box = new m.Mailbox();
        const started = a[0].map((step, index) => {
          const [verb, key] = step.split(" ");
          return verb === "offer" ? box.offer(key, { index }) : box.done(key);
        });
        return [started.map((item) => item?.index ?? null), box.replaced];
    """
    started, replaced = call_module(blank, "mailbox.js", body, steps)
    busy: dict[str, bool] = {}
    waiting: dict[str, int] = {}
    expected_replaced = 0
    for index, (step, begun) in enumerate(zip(steps, started, strict=True)):
        verb, key = step.split()
        if verb == "offer" and not busy.get(key):
            busy[key] = True
            assert begun == index
        elif verb == "offer":
            expected_replaced += key in waiting
            waiting[key] = index
            assert begun is None
        else:
            assert begun == waiting.pop(key, None)
            busy[key] = begun is not None
    assert replaced == expected_replaced


@pytest.mark.parametrize("backend", ["await m.inWorker()", "m.inPage"], ids=["worker", "page"])
def test_pictures_are_shown_newest_last_wherever_they_are_decoded(blank: Chrome, backend: str) -> None:
    def jpeg(level: int) -> str:
        return base64.b64encode(
            cv2.imencode(".jpg", np.full((36, 64, 3), level, np.uint8))[1].tobytes()
        ).decode()

    body = """
        const canvas = document.createElement("canvas");
        const shown = [];
        const sink = new m.PictureSink(%s);
        sink.attach("gate", canvas, (size) => shown.push(size));
        for (const text of a[0]) {
          const jpeg = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
          const message = new Uint8Array([4, 0, 0, 0, 0, ...jpeg]);
          sink.submit("gate", { buffer: message.buffer, offset: 5 });
        }
        const done = () => sink.counts.painted + sink.counts.broken + sink.counts.replaced === a[0].length;
        while (!done()) await new Promise(requestAnimationFrame);
        const copy = new OffscreenCanvas(64, 36).getContext("2d");
        const level = () => {
          copy.drawImage(canvas, 0, 0);
          return copy.getImageData(30, 20, 1, 1).data[0];
        };
        for (let tries = 0; Math.abs(level() - 210) > 3 && tries < 200; tries++) {
          await new Promise(requestAnimationFrame);
        }
        return [shown, level(), sink.counts];
    """
    rubbish = base64.b64encode(b"no picture").decode()
    pictures = [rubbish, *map(jpeg, range(10, 200, 10)), jpeg(210)]
    shown, level, counts = call_module(blank, "picture-sink.js", body % backend, pictures)
    assert shown == [{"width": 64, "height": 36}]
    assert level == pytest.approx(210, abs=3)
    assert counts == {"painted": 1, "broken": 1, "replaced": len(pictures) - 2}
