"""An HTTP server for tests: a folder's files, and /live.mjpg, a camera of the simplest kind."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/live.mjpg":
            with contextlib.suppress(OSError):
                self._stream((Path(self.directory) / "image.jpg").read_bytes())
        else:
            super().do_GET()

    def _stream(self, jpeg: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        part = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
        while True:
            self.wfile.write(part + jpeg + b"\r\n")
            time.sleep(0.1)  # the camera's own pace: 10 pictures a second

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def http_server(folder: Path) -> Iterator[str]:
    """Serve ``folder``; gives the address, without a slash at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.block_on_close = False  # a live stream ends when its client does
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
