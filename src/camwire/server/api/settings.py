"""The model, the toggles, statistics and the configuration as a whole."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from camwire.config.detection import ModelConfig
from camwire.config.output import OverlayConfig
from camwire.config.root import known_classes
from camwire.server.api.bodies import JsonObject, described_by
from camwire.server.api.errors import RefusedError
from camwire.server.api.services import Services
from camwire.server.configuration import change_section


class RunningModel(BaseModel):
    """What one worker runs."""

    worker: str
    model: str | None = Field(description="The model, its runtime and its precision, in words.")
    problem: str | None = Field(description="Why what is configured can't be run; what ran before goes on.")


class Model(BaseModel):
    settings: ModelConfig = Field(description="As configured.")
    classes: list[str] | None = Field(
        description="What it tells apart, as rules name it; null where only the model's file can tell."
    )
    running: list[RunningModel]


class ConfigurationState(BaseModel):
    """Where the configuration is kept and whether it is in use."""

    document: str = Field(description="The file.")
    in_use: bool = Field(description="False while the file holds mistakes; what ran before goes on.")
    problems: list[str] = Field(description="Every mistake, with its place in the file.")
    revision: int = Field(description="Grows with every change, toggles and viewers too.")


def routes(services: Services) -> APIRouter:
    router = APIRouter()
    configuration, desired = services.configuration, services.desired

    def model_now() -> Model:
        return Model(
            settings=configuration.config.model,
            classes=list(known) if (known := known_classes(configuration.config.model)) else None,
            running=[
                RunningModel(
                    worker=name,
                    model=report.model if (report := services.workers.statistics(name)) else None,
                    problem=services.workers.problem(name),
                )
                for name in services.workers.supervisors
            ],
        )

    @router.get("/model", tags=["model"])
    async def model() -> Model:
        """The detector: as configured, and as it runs."""
        return model_now()

    @router.patch("/model", tags=["model"], openapi_extra=described_by(ModelConfig, partial=True))
    async def change_model(values: JsonObject) -> Model:
        """Change the detector's settings; those left out stay. `running` tells what workers make of it."""
        await configuration.change(change_section("model", values))
        return model_now()

    @router.get("/toggles", tags=["toggles"])
    async def toggles() -> dict[str, bool]:
        """What is drawn."""
        return dict(desired.toggles)

    @router.patch("/toggles", tags=["toggles"], openapi_extra=described_by(OverlayConfig, partial=True))
    async def change_toggles(values: JsonObject) -> dict[str, bool]:
        """Draw something, or no longer, for everyone; nothing is written to the configuration's file."""
        problems = [
            f"unknown toggle {name!r}; known: {', '.join(desired.toggles)}"
            for name in values
            if name not in desired.toggles
        ]
        problems += [
            f"{name} is true or false" for name, value in values.items() if not isinstance(value, bool)
        ]
        if problems:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "these toggles can't be set",
                where="body",
                todo="Correct every problem and send it again; nothing was changed.",
                problems=problems,
            )
        for name, value in values.items():
            services.hub.set_toggle(name, value)
        return dict(desired.toggles)

    @router.get("/statistics", tags=["statistics"])
    async def statistics() -> dict[str, Any]:
        """What the `stats` message of `/ws` says, without its type."""
        return services.reporter.latest()

    @router.delete("/statistics", tags=["statistics"], status_code=HTTPStatus.NO_CONTENT)
    async def clear_statistics() -> None:
        """All counters and latencies start anew."""
        services.hub.clear_statistics()

    def configuration_now() -> ConfigurationState:
        return ConfigurationState(
            document=configuration.document.name,
            in_use=not configuration.problems,
            problems=list(configuration.problems),
            revision=desired.revision,
        )

    @router.get("/configuration", tags=["configuration"])
    async def configuration_state() -> ConfigurationState:
        """Whether the file's content is in use."""
        return configuration_now()

    @router.post("/configuration/reload", tags=["configuration"])
    async def reload() -> ConfigurationState:
        """Read the file again now. What is wrong with it is told; what ran before goes on."""
        await configuration.try_reload()
        return configuration_now()

    return router
