"""Whatever is wrong is said in words, and everything else goes on."""

from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.clips import make_clip, make_soundtrack
from tests.support.product import as_client, camwire, until, write_config
from tests.support.rtsp import RtspServer
from tests.support.rtsp_faults import hanging_up_server, refusing_port, rubbish_server, silent_server

pytestmark = pytest.mark.e2e


def test_every_bad_camera_says_what_is_wrong_and_the_good_one_goes_on(
    tmp_path: Path, rtsp: RtspServer
) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear camera, you are no video. " * 100)
    with (
        silent_server() as silent,
        rubbish_server() as rubbish,
        hanging_up_server() as rude,
        refusing_port() as closed,
    ):
        bad = {
            "refuses": f"rtsp://127.0.0.1:{closed}/x",
            "hangs": f"rtsp://127.0.0.1:{silent.port}/x",
            "rubbish": f"rtsp://127.0.0.1:{rubbish.port}/x",
            "hangs up": f"rtsp://127.0.0.1:{rude.port}/x",
            "ends": rtsp.url("h264.mp4", looped=False).replace("h264", "short"),
            "not found": rtsp.url("no-such-file.mp4"),
            "missing file": str(tmp_path / "missing.mp4"),
            "no video": str(letter),
            "sound only": str(make_soundtrack(tmp_path / "sound.mp4")),
        }
        cameras = [{"id": name, "url": url} for name, url in {"good": rtsp.url("h264.mp4"), **bad}.items()]
        with camwire("run", str(write_config(tmp_path, cameras))) as product:

            async def watch(socket, seen):
                # Each as it is said: between two tries there is none.
                reasons = {
                    name: await until(
                        socket, seen, lambda name=name: seen.camera(name).get("reason"), f"a reason: {name}"
                    )
                    for name in bad
                }
                assert len(set(reasons.values())) >= len(bad) - 1, reasons
                assert all(len(reason) > 10 for reason in reasons.values()), reasons
                seen.pictures.clear()
                await until(
                    socket, seen, lambda: len(seen.pictures["good"]) >= 10, "the good camera's pictures"
                )
                # The stream that ends begins again with each try.
                assert set(seen.pictures) <= {"good", "ends"}

            as_client(product, watch)
            assert product.interrupt() == 0
        assert "Traceback" not in product.text


def test_a_resolution_that_changes_while_running(tmp_path: Path) -> None:
    """The file under the camera is replaced by one of another size."""
    clip = tmp_path / "clip.mp4"
    make_clip(clip, width=320, height=240, frames=25)
    with camwire("run", str(write_config(tmp_path, [{"id": "a", "url": str(clip)}]))) as product:

        async def watch(socket, seen):
            await until(socket, seen, lambda: seen.camera("a").get("width") == 320, "the first size")
            other = make_clip(tmp_path / "other.mp4", width=640, height=360, frames=25)
            other.replace(clip)
            await until(socket, seen, lambda: seen.camera("a")["width"] == 640, "the second size")
            assert seen.camera("a")["drops"].get("error", 0) == 0

        as_client(product, watch)


async def _read_to_the_end(socket) -> None:
    while True:
        await socket.recv()


@pytest.mark.parametrize(
    ("message", "code"), [(b"\x00binary", 1003), ("x" * 70_000, 1009)], ids=["binary", "huge"]
)
def test_a_client_that_breaks_the_rules_is_closed_and_others_are_not(
    tmp_path: Path, rtsp: RtspServer, message: str | bytes, code: int
) -> None:
    with camwire("run", str(write_config(tmp_path, [{"id": "a", "url": rtsp.url("h264.mp4")}]))) as product:

        async def watch(socket, seen):
            async with connect(product.socket_url, max_size=None) as rude:
                await rude.send(message)
                with pytest.raises(ConnectionClosed) as closed:
                    await _read_to_the_end(rude)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == code
            await socket.send("junk")
            await until(socket, seen, lambda: seen.errors, "an error for junk")
            await until(socket, seen, lambda: len(seen.pictures["a"]) >= 5, "pictures all the same")

        as_client(product, watch)
        assert "Traceback" not in product.text
