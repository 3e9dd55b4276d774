"""The whole product with the DeepStream engine: RTSP in, WebSocket out, stand-ins in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import ClientConnection

from tests.deepstream.clips import box_clip, decoded, red_pixels
from tests.support.product import Product, Seen, as_client, camwire, until, write_config
from tests.support.rtsp import RtspServer

pytestmark = pytest.mark.e2e

PRODUCT = "tests.support.deepstream_stand_ins.product"


def config(folder: Path, server: RtspServer, **settings: Any) -> Path:
    cameras = [
        {"id": "gate", "url": server.url("box.mp4")},
        {"id": "yard", "url": str(folder / "box.mp4")},
        {"id": "lost", "url": f"rtsp://user:secret@127.0.0.1:{server.port}/nothing.mp4"},
    ]
    line = {"type": "line", "name": "middle", "start": [0.5, 1], "end": [0.5, 0]}
    return write_config(
        folder,
        cameras,
        engine="deepstream",
        deepstream=settings,
        model={"file": "yolo11n.onnx"},
        output={"size": "640x360"},
        rules=[line],
    )


def worker_of(product: Product) -> psutil.Process:
    [worker] = [
        one for one in product.family()[1:] if "tests.support.deepstream_stand_ins.worker" in one.cmdline()
    ]
    return worker


def elements(seen: Seen) -> dict[str, float]:
    """What the worker last said of its pipeline."""
    return seen.stats[-1]["processes"]["cpu"].get("elements", {})


@pytest.mark.parametrize(
    "settings", [{}, {"mux": "new", "osd": "python", "tracker": "camwire"}], ids=["native", "python"]
)
def test_clients_see_what_deepstream_drew(binding: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    box_clip(tmp_path / "box.mp4")

    async def play(socket: ClientConnection, seen: Seen) -> None:
        for name in ("gate", "yard"):
            await until(socket, seen, lambda name=name: len(seen.pictures[name]) > 5, f"pictures of {name}")
        await until(socket, seen, lambda: seen.camera("gate").get("objects") == {"person": 1}, "an object")
        await until(
            socket, seen, lambda: seen.camera("lost").get("state") == "retrying", "the lost camera's state"
        )
        await until(socket, seen, lambda: seen.camera("yard").get("rules", {}).get("middle"), "a crossing")
        await until(socket, seen, lambda: elements(seen).get("batches"), "figures of the pipeline")
        worker_of(product).kill()
        seen.pictures.clear()
        await until(socket, seen, lambda: len(seen.pictures["gate"]) > 5, "pictures of another worker")

    with RtspServer(tmp_path) as server:
        path = config(tmp_path, server, **settings)
        with camwire(str(path), environment={"PYTHONPATH": str(binding)}, module=PRODUCT) as product:
            seen = as_client(product, play)
            assert product.interrupt() == 0
    jpeg = seen.pictures["gate"][-1]
    size = (180, 320) if settings else (360, 640)  # the new muxer leaves a camera its size
    assert decoded(jpeg).shape[:2] == size
    if not settings:
        assert red_pixels(jpeg) > 100
    assert "secret" not in product.text
