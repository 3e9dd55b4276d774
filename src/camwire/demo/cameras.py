"""The demo's cameras: the RTSP server as a child process, its streams, and what the user adds."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from camwire.config.camera import CameraConfig
from camwire.config.detection import ModelConfig
from camwire.config.secrets import SECRETS, SecretUrl
from camwire.config.substitution import substitute
from camwire.demo.footage import INSTALL, SHOTS

START_TIMEOUT = 20.0
STOP_TIMEOUT = 1.0

STREET_MODEL = ModelConfig(
    score_threshold=0.3, classes=("person", "bicycle", "car", "motorcycle", "bus", "truck")
)
"""Less sure than usual: much in the clip is half hidden or out of focus."""


class RtspServerError(Exception):
    """The demo's RTSP server does not start; the message says why."""


@contextmanager
def rtsp_server(folder: Path) -> Iterator[int]:
    """Serve the files of ``folder`` on loopback; gives the port. Raises RtspServerError.

    The server is out of Ctrl-C's reach, so that the cameras stay until everything else has ended; it ends
    with this context or with this process, even if that is killed.
    """
    if find_spec("aio_rtsp_toolkit") is None:
        raise RtspServerError(f"the demo's RTSP server is not installed; add it with: {INSTALL}")
    process = subprocess.Popen(
        [sys.executable, "-m", "camwire.demo.rtsp_server", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield _port(process)
    finally:
        _end(process)


class SourceError(Exception):
    """A camera or file that the user wants to add can't be one; the message says why and hides passwords."""


def street_cameras(port: int) -> tuple[CameraConfig, ...]:
    """The demo's own cameras, on the RTSP server at ``port``; a play count of 0 is for ever."""
    return tuple(
        CameraConfig(
            id=shot.id, name=shot.name, url=SecretUrl(f"rtsp://127.0.0.1:{port}/{shot.id}.mp4?play_count=0")
        )
        for shot in SHOTS
    )


def added_camera(number: int, source: str, environment: Mapping[str, str]) -> CameraConfig:
    """The user's ``number``-th source: a URL or a path, with ``${NAME}`` from ``environment``.

    Raises SourceError.
    """
    substituted = substitute(source, environment)
    if substituted.bad:
        raise SourceError(substituted.bad[0].message)
    url = SecretUrl(substituted.text)
    SECRETS.add(url)
    if not url.scheme:
        path = Path(url.reveal()).expanduser().absolute()
        if not path.exists():
            raise SourceError(f"{url}: no such file or device; a camera's URL begins with rtsp:// or http://")
        url = SecretUrl(str(path))
    try:
        return CameraConfig(id=f"source-{number}", name=url.host or Path(url.reveal()).name, url=url)
    except ValidationError as error:
        raise SourceError(f"{url}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT)
    if not readable:
        raise RtspServerError(f"the demo's RTSP server did not start within {START_TIMEOUT:g} s")
    answer = os.read(process.stdout.fileno(), 64)
    if not answer:
        raise RtspServerError("the demo's RTSP server did not start; what it wrote stands above")
    return int(answer)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
