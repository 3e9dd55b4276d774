"""The RTSP server as a process, its streams, and the cameras that a user adds."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection
from itertools import islice, pairwise

import av
import psutil
import pytest

from camwire.demo import cameras
from camwire.demo.cameras import (
    RtspServerError,
    SourceError,
    added_camera,
    rtsp_server,
    street_cameras,
)
from camwire.demo.footage import RATE, SHOTS, prepared_footage
from tests.support.waiting import wait_for

LOOP_AND_MORE = 80
"""Frames; the longest loop has fewer."""

RTP_CLOCK = 90_000

PARENT = """
import sys
from pathlib import Path
from camwire.demo.cameras import rtsp_server
with rtsp_server(Path(sys.argv[1])) as port:
    print(port, flush=True)
    sys.stdin.read()
"""


def only_child(process: psutil.Process, besides: Collection[psutil.Process] = ()) -> psutil.Process:
    (child,) = (child for child in process.children() if child not in besides)
    return child


def has_ended(process: psutil.Process) -> bool:
    """Gone, or waiting for a parent that doesn't ask."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.integration
def test_every_camera_plays_beyond_its_loops_end(cache):
    folder = prepared_footage(cache)
    assert folder is not None
    with rtsp_server(folder) as port:
        shown = street_cameras(port)
        assert [camera.id for camera in shown] == [shot.id for shot in SHOTS]
        for shot, camera in zip(SHOTS, shown, strict=True):
            with av.open(camera.url.reveal(), options={"rtsp_transport": "tcp"}, timeout=20) as stream:
                frames = list(islice(stream.decode(video=0), LOOP_AND_MORE))
            assert len(frames) == LOOP_AND_MORE
            assert all((frame.width, frame.height) == shot.size for frame in frames)
            # FFmpeg knows the time of the second picture first.
            steps = [later.pts - earlier.pts for earlier, later in pairwise(frames[1:])]
            assert set(steps) == {RTP_CLOCK // RATE}


@pytest.mark.integration
def test_the_server_ends_with_its_context_and_is_out_of_ctrl_cs_reach(tmp_path):
    before = psutil.Process().children()
    with rtsp_server(tmp_path):
        server = only_child(psutil.Process(), besides=before)
        assert os.getsid(server.pid) == server.pid
    assert not server.is_running()


@pytest.mark.integration
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_when_its_parent_dies(tmp_path, how):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline()) > 0
        server = only_child(psutil.Process(parent.pid))
        parent.send_signal(how)
        parent.wait(10)
        wait_for(lambda: has_ended(server), "the RTSP server ends")


def test_a_server_that_is_not_installed_is_told_with_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(cameras, "find_spec", lambda name: None)
    with (
        pytest.raises(RtspServerError, match=r"not installed.*pip install 'camwire\[demo\]'"),
        rtsp_server(tmp_path),
    ):
        pass


@pytest.mark.integration
def test_a_server_that_can_not_start_is_an_error_not_a_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RtspServerError, match="did not start"), rtsp_server(tmp_path):
        pass


def test_an_added_camera_has_its_host_for_a_name_and_shows_no_password():
    camera = added_camera(2, "rtsp://anna:${SECRET}@10.0.0.7:554/live", {"SECRET": "hush-hush"})
    assert (camera.id, camera.name) == ("source-2", "10.0.0.7:554")
    assert camera.url.reveal() == "rtsp://anna:hush-hush@10.0.0.7:554/live"
    assert "hush-hush" not in repr(camera)


def test_an_added_file_is_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "yard.mp4").touch()
    monkeypatch.chdir(tmp_path)
    camera = added_camera(1, "yard.mp4", {})
    assert (camera.name, camera.url.reveal()) == ("yard.mp4", str(tmp_path / "yard.mp4"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.mp4", "nowhere.mp4: no such file or device"),
        ("rtps://anna:hush-hush@10.0.0.7/live", "did you mean rtsp"),
        ("rtsp://anna:${NONE}@10.0.0.7/live", "the environment variable NONE is not set"),
        ("rtsp:///live", "no host"),
    ],
)
def test_a_source_that_can_be_none_is_said_plainly(source, message):
    with pytest.raises(SourceError, match=message) as raised:
        added_camera(1, source, {})
    assert "hush-hush" not in str(raised.value)
