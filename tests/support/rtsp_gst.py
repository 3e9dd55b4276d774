"""Program for the system's Python: serve a folder's mp4 files with gst-rtsp-server, and print the port."""

from __future__ import annotations

import argparse
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--digest", action="store_true")
    arguments = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(arguments.port))
    if arguments.user:
        server.set_auth(authentication(arguments.user, arguments.password, arguments.digest))
    for clip in arguments.folder.glob("*.mp4"):
        server.get_mount_points().add_factory(f"/{clip.name}", factory(clip, protected=bool(arguments.user)))
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def factory(clip: Path, *, protected: bool) -> GstRtspServer.RTSPMediaFactory:
    payloader = "rtph265pay" if "h265" in clip.stem else "rtph264pay"
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(
        f'( filesrc location="{clip}" ! qtdemux ! {payloader} name=pay0 pt=96 config-interval=-1 )'
    )
    if protected:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        made.set_permissions(permissions)
    return made


def authentication(user: str, password: str, digest: bool) -> GstRtspServer.RTSPAuth:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    return auth


if __name__ == "__main__":
    main()
