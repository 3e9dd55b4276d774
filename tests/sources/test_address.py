"""From a camera to the arguments of av.open."""

import pytest

from camwire.sources import SourceError
from camwire.sources.address import (
    FILE_TIMEOUT,
    HTTP_OPTIONS,
    NETWORK_OPEN_TIMEOUT,
    NETWORK_READ_TIMEOUT,
    PLAYLIST_OPEN_TIMEOUT,
    UDP_BUFFER,
    OpenArguments,
    SourceKind,
    open_arguments,
)
from tests.sources.cameras import camera

SMALL_PROBE = {"allowed_media_types": "video", "probesize": "32", "analyzeduration": "0"}


def network(url: str, kind: SourceKind, place: str, options: dict[str, str]) -> OpenArguments:
    return OpenArguments(url, kind, place, None, options, NETWORK_OPEN_TIMEOUT, NETWORK_READ_TIMEOUT)


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "RTSP"])
def test_rtsp_over_tcp(scheme: str) -> None:
    url = f"{scheme}://u:p@cam:554/live"
    options = {"rtsp_transport": "tcp", "max_delay": "50000", **SMALL_PROBE}
    assert open_arguments(camera(url)) == network(url, SourceKind.RTSP, "cam:554", options)


@pytest.mark.parametrize(("latency_ms", "more"), [(200, {}), (0, {"reorder_queue_size": "0"})])
def test_rtsp_over_udp(latency_ms: int, more: dict[str, str]) -> None:
    found = open_arguments(camera("rtsp://cam/live", transport="udp", latency_ms=latency_ms))
    options = {"rtsp_transport": "udp", "max_delay": str(latency_ms * 1000), "buffer_size": str(UDP_BUFFER)}
    assert found == network("rtsp://cam/live", SourceKind.RTSP, "cam", {**options, **SMALL_PROBE, **more})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_http(scheme: str) -> None:
    url = f"{scheme}://cam/video.mjpg"
    assert open_arguments(camera(url)) == network(url, SourceKind.HTTP, "cam", HTTP_OPTIONS)


@pytest.mark.parametrize("path", ["live/index.m3u8", "Index.M3U8?token=a.mp4", "live.mpd#t=0"])
def test_playlists_are_opened_with_more_patience(path: str) -> None:
    arguments = open_arguments(camera(f"https://cam/{path}"))
    assert (arguments.kind, arguments.open_timeout) == (SourceKind.HTTP, PLAYLIST_OPEN_TIMEOUT)
    assert open_arguments(camera(f"https://cam/?{path}")).open_timeout == NETWORK_OPEN_TIMEOUT


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("clip.mp4", "clip.mp4"),
        ("/data/a:b %20.mp4", "/data/a:b %20.mp4"),
        ("file:///data/my%20clip.mp4", "/data/my clip.mp4"),
        ("file://localhost/data/clip.mp4", "/data/clip.mp4"),
    ],
)
def test_file(url: str, path: str) -> None:
    expected = OpenArguments(
        f"file:{path}", SourceKind.FILE, path, None, {"pattern_type": "none"}, FILE_TIMEOUT, FILE_TIMEOUT
    )
    assert open_arguments(camera(url)) == expected


@pytest.mark.parametrize("path", ["/dev/video0", "/dev/v4l/by-id/usb-cam-index0"])
def test_usb_camera(path: str) -> None:
    expected = OpenArguments(
        path, SourceKind.DEVICE, path, "v4l2", {}, NETWORK_OPEN_TIMEOUT, NETWORK_READ_TIMEOUT
    )
    assert open_arguments(camera(path)) == expected


def test_unknown_scheme_says_what_is_known() -> None:
    with pytest.raises(SourceError, match="gopher:// are not supported; rtsp, rtsps, http"):
        open_arguments(camera("gopher://u:secret@cam/x"))


def test_passwords_are_escaped_and_not_shown() -> None:
    arguments = open_arguments(camera("rtsp://admin:geh/e:m@10.0.0.9/live"))
    assert arguments.url == "rtsp://admin:geh%2Fe:m@10.0.0.9/live"
    assert "geh" not in repr(arguments)
