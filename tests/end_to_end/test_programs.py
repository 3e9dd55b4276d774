"""What programs do with the whole product: cameras tried, added and changed; pictures and objects read."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from camwire.server.wire import parse_extended
from tests.support.clips import make_clip
from tests.support.product import camwire, write_config
from tests.support.rtsp_faults import refusing_port
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

TEXT = """\
# one camera
cameras:
  - id: first  # stays
    url: first.mp4
server:
  port: 0
"""


def test_cameras_come_and_go_while_others_stay_live(tmp_path: Path) -> None:
    for name in ("first.mp4", "second.mp4"):
        make_clip(tmp_path / name)
    config = tmp_path / "camwire.yaml"
    config.write_text(TEXT)
    with camwire("run", str(config)) as product:
        api = product.url + "/api/v1"

        def state(camera: str) -> tuple[str, int]:
            answer = httpx.get(f"{api}/cameras/{camera}", timeout=30).json()["statistics"]
            return answer["state"], answer["frames"]["in"]

        wait_for(lambda: state("first")[0] == "live", "the first camera is live", timeout=60)
        tried = httpx.post(f"{api}/try-camera", json={"url": "second.mp4"}, timeout=30).json()
        assert (tried["works"], tried["width"], tried["height"]) == (True, 320, 240)
        with refusing_port() as closed:
            url = f"rtsp://127.0.0.1:{closed}/s"
            refused = httpx.post(f"{api}/try-camera", json={"url": url}, timeout=30).json()
        assert "refuses the connection" in refused["reason"]

        for query in ("", "?clean=true"):
            picture = httpx.get(f"{api}/cameras/first/snapshot.jpg{query}", timeout=30)
            decoded = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
            assert decoded is not None
            assert decoded.shape == (240, 320, 3)

        before = state("first")[1]
        assert (
            httpx.post(f"{api}/cameras", json={"id": "2", "url": "second.mp4"}, timeout=30).status_code == 201
        )
        wait_for(lambda: state("2")[0] == "live", "the second camera is live")
        httpx.post(f"{api}/cameras/2/disable", timeout=30)
        wait_for(lambda: state("2")[0] == "disabled", "it is disabled")
        wait_for(lambda: state("first")[0] == "live", "the first camera is live still")
        assert state("first")[1] > before, "its counts went on"

        config.write_text(config.read_text().replace("enabled: false", "enabled: true"))
        os.kill(product.process.pid, signal.SIGHUP)
        wait_for(lambda: state("2")[0] == "live", "the file is read again")
        assert httpx.delete(f"{api}/cameras/2", timeout=30).status_code == 204

        def detected() -> float:
            return sum(
                sample.value
                for family in text_string_to_metric_families(
                    httpx.get(product.url + "/metrics", timeout=30).text
                )
                for sample in family.samples
                if sample.name == "camwire_camera_latency_seconds_count"
                and sample.labels == {"camera": "first", "stage": "detect"}
            )

        wait_for(lambda: detected() > 5, "latencies are counted")
        assert product.interrupt() == 0
    assert config.read_text() == TEXT


def test_a_program_subscribes_to_small_pictures_and_objects(tmp_path: Path, street: Path) -> None:
    camera = {"id": "yard", "url": str(street)}
    model = {"classes": ["person"], "score_threshold": 0.25}
    with camwire("run", str(write_config(tmp_path, [camera], model=model))) as product:
        wish = {"type": "subscribe", "size": "thumbnail", "metadata": True, "header": "extended"}
        with connect(product.socket_url, max_size=None) as socket:
            socket.send(json.dumps(wish))
            pictures: dict[int, tuple[int, int]] = {}
            objects: dict[int, dict[str, Any]] = {}

            def both() -> set[int]:
                message = socket.recv(timeout=240)
                if isinstance(message, bytes) and message[0] == 0:
                    header, jpeg = parse_extended(message)
                    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
                    assert decoded is not None
                    assert decoded.shape[1::-1] == (header.width, header.height)
                    pictures[header.sequence] = header.width, header.height
                elif isinstance(message, str) and (told := json.loads(message))["type"] == "objects":
                    objects[told["sequence"]] = told
                return pictures.keys() & {number for number, told in objects.items() if told["objects"]}

            [number, *_] = wait_for(both, "a picture and objects of one frame", timeout=60)
        width, height = pictures[number]
        assert width <= 480
        assert height <= 270
        [person, *_] = objects[number]["objects"]
        assert person["class"] == "person"
        x1, y1, x2, y2 = person["box"]
        assert 0 <= x1 < x2 <= objects[number]["width"]
        assert 0 <= y1 < y2 <= objects[number]["height"]
        assert objects[number]["width"] > width
