"""Cameras: list, look at, add, change, switch, remove, try."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from camwire.config.camera import CameraConfig
from camwire.config.secrets import SECRETS
from camwire.server.api.bodies import JsonObject, described_by
from camwire.server.api.errors import RefusedError
from camwire.server.api.services import Services
from camwire.server.configuration import add_camera, change_camera, position
from camwire.server.probing import TIMEOUT
from camwire.server.rule_edits import without_camera


class Camera(BaseModel):
    """A camera, how it is set and how it does."""

    id: str
    name: str = Field(description="For people; the id where it has no name.")
    settings: CameraConfig = Field(description="As configured; user name and password in the URL are `***`.")
    statistics: dict[str, Any] = Field(description="As in the `stats` message of `/ws`: state, fps, drops, …")


class Trial(BaseModel):
    """What came of trying a camera."""

    works: bool
    reason: str | None = Field(description="Why there is no picture.")
    codec: str | None = None
    width: int = Field(0, description="Of the source, in pixels.")
    height: int = 0
    picture: str | None = Field(None, description="A small picture, as a `data:image/jpeg` URL.")


def routes(services: Services) -> APIRouter:
    """The routes. Ids may hold any characters, slashes too (as they are, or percent-encoded)."""
    router = APIRouter(prefix="/cameras", tags=["cameras"])
    configuration = services.configuration

    def view(camera: str) -> Camera:
        config = configuration.config.cameras[position(configuration.config, camera)]
        statistics = services.reporter.latest()["cameras"]
        return Camera(id=config.id, name=config.label, settings=config, statistics=statistics[config.id])

    @router.get("")
    async def list_cameras() -> list[Camera]:
        """All cameras, in the order in which they are shown."""
        return [view(camera.id) for camera in configuration.config.cameras]

    @router.post("", status_code=HTTPStatus.CREATED, openapi_extra=described_by(CameraConfig))
    async def add(values: JsonObject) -> Camera:
        """Add a camera behind the others. It is opened at once, and written to the configuration's file."""
        await configuration.change(add_camera(values))
        return view(values["id"])

    @router.post("/{camera_id:path}/enable")
    async def enable(camera_id: str) -> Camera:
        """Open a camera that was disabled."""
        await configuration.change(change_camera(camera_id, {"enabled": True}))
        return view(camera_id)

    @router.post("/{camera_id:path}/disable")
    async def disable(camera_id: str) -> Camera:
        """Close a camera; it stays known."""
        await configuration.change(change_camera(camera_id, {"enabled": False}))
        return view(camera_id)

    @router.get("/{camera_id:path}")
    async def get(camera_id: str) -> Camera:
        """One camera."""
        return view(camera_id)

    @router.patch(
        "/{camera_id:path}", openapi_extra=described_by(CameraConfig, without=("id",), partial=True)
    )
    async def change(camera_id: str, values: JsonObject) -> Camera:
        """Change settings of a camera; those left out stay. A URL as it is shown, with `***`, stays too."""
        if "id" in values:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "a camera's id can't be changed",
                where="body.id",
                todo="Add the camera under its new id and remove the old one.",
            )
        known = configuration.config.cameras[position(configuration.config, camera_id)]
        if values.get("url") == known.url.redacted:
            del values["url"]
        await configuration.change(change_camera(camera_id, values))
        return view(camera_id)

    @router.delete("/{camera_id:path}", status_code=HTTPStatus.NO_CONTENT)
    async def remove(
        camera_id: str,
        rules: Annotated[
            Literal["keep", "change"],
            Query(
                description="What becomes of rules that name the camera. `keep`: the camera can't go before "
                "they are changed; `change`: it is taken out of them, and a rule left without any is removed."
            ),
        ] = "keep",
    ) -> None:
        """Remove a camera, from the configuration's file too."""
        await configuration.change(without_camera(camera_id, change_rules=rules == "change"))

    return router


def trial_routes(services: Services) -> APIRouter:
    """Trying a camera has a path of its own, so that it can't be mistaken for a camera's id."""
    router = APIRouter(tags=["cameras"])

    @router.post("/try-camera", openapi_extra=described_by(CameraConfig, without=("id",)))
    async def try_camera(values: JsonObject) -> Trial:
        """Open a camera once, without adding it: a picture within seconds, or why there is none."""
        camera = await services.configuration.try_out(values)
        result = await services.probing.try_camera(camera)
        if result is None:
            return Trial(works=False, reason=f"no picture came within {TIMEOUT:g} seconds")
        if result.reason is not None:
            return Trial(works=False, reason=SECRETS.redact(result.reason))
        return Trial(
            works=True,
            reason=None,
            codec=result.codec,
            width=result.width,
            height=result.height,
            picture="data:image/jpeg;base64," + base64.b64encode(result.jpeg).decode(),
        )

    return router
