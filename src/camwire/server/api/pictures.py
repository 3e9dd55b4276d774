"""Pictures over plain HTTP: the newest one, or one after another. Whoever asks is watching that camera."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from camwire.link.pictures import Rendition
from camwire.server.api.errors import RefusedError
from camwire.server.api.services import Services
from camwire.server.configuration import position
from camwire.server.hub import Client, ClosedError, Hub
from camwire.server.mailbox import Picture
from camwire.server.saved import file_name
from camwire.server.wish import Wish

SNAPSHOT_TIMEOUT = 5.0
"""Seconds that a camera has to show a picture."""
DRAIN_TIMEOUT = 20.0
"""Seconds that a stream's client may take over one picture."""
BOUNDARY = b"camwire-picture"
NEVER_STORED = {"Cache-Control": "no-store"}

Clean = Annotated[bool, Query(description="Without anything drawn over it.")]
Seconds = Annotated[float, Query(gt=0, le=300, description="How much, at least, as far as it is kept.")]
MaxFps = Annotated[float, Query(ge=0, le=1000, description="Pictures a second at most; 0: all.")]


class Saved(BaseModel):
    """A picture that was saved."""

    file: str = Field(description="Its path on the server.")
    bytes: int


class SavedClip(BaseModel):
    """A video that was saved."""

    file: str = Field(description="Its path on the server.")
    bytes: int
    seconds: float = Field(description="How long it is: it begins at the key frame before.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/cameras", tags=["pictures"])

    def address(request: Request) -> str:
        return request.client.host if request.client else ""

    @router.get(
        "/{camera_id:path}/snapshot.jpg",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}, "description": "The picture."}},
    )
    async def snapshot(request: Request, camera_id: str, clean: Clean = False) -> Response:
        """The camera's next picture, as it is drawn for everyone or without overlay."""
        picture = await next_picture(services, camera_id, clean=clean, address=address(request))
        return Response(picture.message, media_type="image/jpeg", headers=NEVER_STORED)

    @router.post("/{camera_id:path}/save", status_code=HTTPStatus.CREATED)
    async def save(request: Request, camera_id: str, clean: Clean = False) -> Saved:
        """Save the camera's next picture in the folder that `saving.folder` of the configuration names."""
        services.saver.folder()
        picture = await next_picture(services, camera_id, clean=clean, address=address(request))
        path = await services.saver.store(picture)
        return Saved(file=str(path), bytes=len(picture.message))

    @router.post("/{camera_id:path}/clip", status_code=HTTPStatus.CREATED)
    async def clip(camera_id: str, seconds: Seconds = 10.0) -> SavedClip:
        """Save what the camera sent in the last seconds as a video, as it sent it, in `saving.folder`."""
        config = services.configuration.config
        position(config, camera_id)
        services.saver.folder()
        made = await services.events.clips.save(camera_id, seconds)
        if made is None or made.reason is not None:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "no video can be saved: " + ("no worker answers" if made is None else str(made.reason)),
                where="camera",
                todo="The camera has to be live, and saving.recall_s more than 0.",
            )
        name = file_name(time.time() - made.seconds, 0, ".mp4")
        path = await services.saver.store_file(camera_id, name, made.mp4)
        return SavedClip(file=str(path), bytes=len(made.mp4), seconds=round(made.seconds, 2))

    @router.get(
        "/{camera_id:path}/stream.mjpeg",
        response_class=Response,
        responses={200: {"content": {"multipart/x-mixed-replace": {}}, "description": "Pictures."}},
    )
    async def stream(
        request: Request, camera_id: str, clean: Clean = False, max_fps: MaxFps = 0.0
    ) -> Response:
        """The camera's pictures for as long as the connection stands; a slow client gets fewer."""
        position(services.configuration.config, camera_id)
        return Stream(services.hub, address(request), wish_for(camera_id, clean=clean, max_fps=max_fps))

    return router


def wish_for(camera: str, *, clean: bool, max_fps: float = 0.0) -> Wish:
    """One camera's bare pictures."""
    rendition: Rendition = "clean" if clean else "full"
    return Wish(frozenset({camera}), frozenset({rendition}), max_fps, "bare")


async def next_picture(services: Services, camera: str, *, clean: bool, address: str) -> Picture:
    """A bare JPEG. Raises UnknownCameraError, and RefusedError when the camera shows nothing in time."""
    position(services.configuration.config, camera)
    try:
        with joined(services.hub, address, wish_for(camera, clean=clean)) as client:
            async with asyncio.timeout(SNAPSHOT_TIMEOUT):
                return await client.next_picture()
    except (TimeoutError, ClosedError):
        statistics = services.reporter.latest()["cameras"].get(camera, {})
        state, reason = statistics.get("state", "gone"), statistics.get("reason")
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"the camera shows no picture: it is {state}" + (f" ({reason})" if reason else ""),
            where="camera",
            todo="Ask again when the camera is live; GET /api/v1/cameras says how it does.",
        ) from None


@contextmanager
def joined(hub: Hub, address: str, wish: Wish) -> Iterator[Client]:
    """A client for as long as the block runs."""
    client = hub.join(address, wish)
    try:
        yield client
    finally:
        hub.leave(client)


class Stream(Response):
    """`multipart/x-mixed-replace`, which browsers and many tools show as video."""

    def __init__(self, hub: Hub, address: str, wish: Wish) -> None:
        super().__init__(
            media_type=f"multipart/x-mixed-replace; boundary={BOUNDARY.decode()}", headers=NEVER_STORED
        )
        del self.headers["content-length"]
        self._hub = hub
        self._address = address
        self._wish = wish

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"--%s\r\n" % BOUNDARY, "more_body": True})
        with joined(self._hub, self._address, self._wish) as client:
            writing = asyncio.create_task(_write(client, send))
            leaving = asyncio.create_task(_until_gone(receive))
            try:
                await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                writing.cancel()
                leaving.cancel()
                outcome = await asyncio.gather(writing, leaving, return_exceptions=True)
        for problem in outcome:
            if isinstance(problem, Exception) and not isinstance(
                problem, ClosedError | TimeoutError | OSError
            ):
                raise problem
        if isinstance(outcome[0], ClosedError):
            await send({"type": "http.response.body", "body": b"\r\n--%s--\r\n" % BOUNDARY})


async def _write(client: Client, send: Send) -> None:
    while True:
        message: Any = (await client.next_picture()).message
        head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(message)
        async with asyncio.timeout(DRAIN_TIMEOUT):
            # Browsers show a picture once they see the boundary behind it: that can't wait for the next.
            body = b"".join((head, message, b"\r\n--%s\r\n" % BOUNDARY))
            await send({"type": "http.response.body", "body": body, "more_body": True})
        client.sent += 1


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
