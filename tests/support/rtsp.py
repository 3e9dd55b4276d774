"""Real RTSP servers for tests, each a process of its own on a free port of the loopback."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import missing_package

_HERE = Path(__file__).parent
_SYSTEM_PYTHON = "/usr/bin/python3"
_STARTING = 20.0
GST_INSTALL = (
    "sudo apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
)


class _ServerProcess:
    """A server that prints its port; a context manager that leaves no process."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> Self:
        """Start; a server that ran before gets its old port again."""
        self._process = subprocess.Popen(
            [*self._command, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=_HERE.parent.parent,
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _STARTING)
        line = self._process.stdout.readline() if ready else ""
        if not line.strip().isdigit():
            self.kill()
            raise AssertionError(f"the RTSP server did not start: {self._command}")
        self.port = int(line)
        return self

    def kill(self) -> None:
        """End it without a goodbye, as a power cut would."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def freeze(self) -> None:
        """Stop it where it stands: connections stay open, nothing comes."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class RtspServer(_ServerProcess):
    """aio-rtsp-toolkit: serves the mp4 and mkv files of a folder over RTSP/TCP, paced."""

    def __init__(self, clips: Path) -> None:
        super().__init__([sys.executable, "-m", "tests.support.rtsp_files", str(clips)])

    def url(self, name: str, *, looped: bool = True) -> str:
        """The address of a file; without ``looped`` the server ends the stream at the file's end."""
        return f"rtsp://127.0.0.1:{self.port}/{name}" + ("?play_count=0" if looped else "")


class GstRtspServer(_ServerProcess):
    """GStreamer's RTSP server: TCP and UDP, Basic or Digest authentication; plays each file once a client."""

    def __init__(self, clips: Path, *, user: str = "", password: str = "", digest: bool = False) -> None:
        require_gst_rtsp_server()
        command = [_SYSTEM_PYTHON, str(_HERE / "rtsp_gst.py"), str(clips)]
        if user:
            command += ["--user", user, "--password", password, *(["--digest"] if digest else [])]
        super().__init__(command)

    def url(self, name: str, *, user_part: str = "") -> str:
        """The address of a file; ``user_part`` goes before the ``@`` as it is."""
        return f"rtsp://{user_part}{'@' if user_part else ''}127.0.0.1:{self.port}/{name}"


def require_gst_rtsp_server() -> None:
    """Skip the test where gst-rtsp-server isn't installed (in CI: fail)."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if (
        not Path(_SYSTEM_PYTHON).exists()
        or subprocess.run([_SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False).returncode
    ):
        missing_package("gst-rtsp-server", GST_INSTALL)
