"""Rules that are not in use yet: taken over from DeepStream's files, tried out on the last minutes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from camwire.analytics.nvdsanalytics.load import parse
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.analytics.proposals import proposals
from camwire.config.root import known_classes
from camwire.link.answers import Rehearsed
from camwire.link.events import LinkedEvent
from camwire.server import configuration as cameras
from camwire.server.api.errors import RefusedError
from camwire.server.api.rules import Counts
from camwire.server.api.services import Services
from camwire.server.events.keeper import stored
from camwire.server.rehearsing import LONGEST
from camwire.server.rule_edits import checked

FILE = "nvdsanalytics"


class NvdsFile(BaseModel, extra="forbid"):
    """A file of DeepStream's nvdsanalytics, INI or YAML."""

    nvdsanalytics: str = Field(max_length=200_000, description="Its text.")
    camera: str = Field(description="The camera that the rules are to be for.")
    taken: list[str] = Field(
        [],
        max_length=1000,
        description="Names that no proposal may have, besides those of the rules that there are.",
    )
    stream: int = Field(0, ge=0, le=10_000, description="Whose rules: the number in the file's group names.")


class Proposals(BaseModel):
    rules: list[dict[str, Any]] = Field(description="Settings of rules; nothing has been saved.")
    notes: list[str] = Field(description="What has no counterpart, and what is odd about the file.")


class Trial(BaseModel, extra="forbid"):
    """Rules that are to be tried out."""

    rules: list[dict[str, Any]] = Field(max_length=200, description="Settings of rules, saved or not.")
    camera: str
    seconds: float = Field(60, gt=0, le=LONGEST, allow_inf_nan=False)


class Outcome(BaseModel):
    counts: dict[str, Counts] = Field(description="By rule, what is counted, and class.")
    events: list[dict[str, Any]] = Field(
        description="As in `GET /api/v1/events`, but without number and id; oldest first, the last 1000."
    )
    since: float | None = Field(description="UTC of the first picture that was recorded.")
    until: float | None
    frames: int = Field(description="How many pictures there were.")
    note: str | None = Field(description="Why there was nothing to try them on.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/rules", tags=["rules"])

    @router.post("/import")
    async def take_over(file: NvdsFile) -> Proposals:
        """What a file of DeepStream's would be as rules of camwire's own."""
        config = services.configuration.config
        cameras.position(config, file.camera)
        try:
            loaded = await asyncio.to_thread(parse, file.nvdsanalytics, format_of(file.nvdsanalytics), FILE)
        except NvdsConfigError as error:
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "DeepStream would not run with this file",
                where=f"body.{FILE}",
                todo="Correct every problem and send it again.",
                problems=list(map(str, error.notices)),
            ) from None
        taken = [*file.taken, *(rule.name for rule in config.rules)]
        rules, notes = proposals(
            loaded.settings, file.stream, file.camera, known_classes(config.model), taken
        )
        return Proposals(rules=rules, notes=[*map(str, loaded.notices), *notes])

    @router.post("/dry-run")
    async def dry_run(trial: Trial) -> Outcome:
        """What rules would have counted in the last minutes of a camera, those too that are switched off.
        Rules that are for other cameras count nothing."""
        config = services.configuration.config
        cameras.position(config, trial.camera)
        rules = await asyncio.to_thread(checked, trial.rules, config)
        result = await services.rehearsing.rehearse(rules, trial.camera, trial.seconds)
        if result is None or result.reason is not None:
            reason = "no worker answers" if result is None else result.reason
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the rules could not be tried out: {reason}",
                where="worker",
                todo="GET /api/v1/statistics says how the workers do; try again.",
            )
        return outcome_of(result)

    return router


def outcome_of(result: Rehearsed) -> Outcome:
    recorded = result.frames > 0
    return Outcome(
        counts=result.counts,
        events=[tried(event) for event in result.events],
        since=result.since if recorded else None,
        until=result.until if recorded else None,
        frames=result.frames,
        note=None if recorded else "nothing is recorded of this camera: it has shown no picture",
    )


def tried(event: LinkedEvent) -> dict[str, Any]:
    """An event that is told, but not kept."""
    return {key: value for key, value in stored(event).as_json().items() if key not in ("id", "number")}


def format_of(text: str) -> Any:
    """INI has groups in square brackets; YAML files of DeepStream have none at a line's start."""
    lines = (line.strip() for line in text.splitlines())
    return "ini" if any(line.startswith("[") for line in lines) else "yaml"
