"""Rules: list, add, change, replace, remove, count anew, heat maps."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from camwire.config.rules import RULE_MODELS, HeatmapRule, Rule
from camwire.server import configuration as cameras
from camwire.server.api.bodies import JsonList, JsonObject
from camwire.server.api.errors import RefusedError
from camwire.server.api.locking import Expected, guarded, tag
from camwire.server.api.services import Services
from camwire.server.rule_edits import (
    add_rule,
    change_rule,
    checked,
    position,
    remove_rule,
    replace_rules,
    settings_of,
)

Counts = dict[str, dict[str, int]]


class RuleView(BaseModel):
    """A rule and what it has counted."""

    name: str
    settings: dict[str, Any] = Field(description="As in the configuration's `rules`, defaults filled in.")
    counts: dict[str, Counts] = Field(description="By camera, what is counted, and class.")


class HeatmapView(BaseModel):
    """Where objects spent their time."""

    rows: int
    columns: int
    values: list[list[float]] = Field(description="Seconds by row and column, top left first.")
    seconds: float = Field(description="All of them together.")


class Selection(BaseModel, extra="forbid"):
    names: list[str] | None = Field(None, description="The rules that are meant; null: all.")


def described(*, many: bool = False, partial: bool = False) -> dict[str, Any]:
    """``openapi_extra`` of a route that takes rules."""
    kinds = ", ".join(RULE_MODELS)
    schema: dict[str, Any] = {
        "type": "object",
        "description": f"The keys of a rule of the configuration; its `type` is one of {kinds}."
        + (" What is left out stays as it is." if partial else ""),
        "properties": {"name": {"type": "string"}, "type": {"enum": list(RULE_MODELS)}},
        **({} if partial else {"required": ["name", "type"]}),
    }
    if many:
        schema = {"type": "array", "items": schema}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def routes(services: Services) -> APIRouter:
    """The routes. Names may hold any characters, slashes too (as they are, or percent-encoded)."""
    router = APIRouter(prefix="/rules", tags=["rules"])
    configuration = services.configuration

    def views() -> list[RuleView]:
        statistics = services.reporter.latest()["cameras"]
        return [
            RuleView(
                name=rule.name,
                settings=settings_of(rule),
                counts={
                    camera: counts
                    for camera, known in statistics.items()
                    if (counts := known["rules"].get(rule.name)) is not None
                },
            )
            for rule in configuration.config.rules
        ]

    def view(name: str) -> RuleView:
        return views()[position(configuration.config, name)]

    async def check(rules: list[dict[str, Any]]) -> tuple[Rule, ...]:
        # In a thread: hundreds of rules take a second.
        return await asyncio.to_thread(checked, rules, configuration.config)

    async def change_rules(edit: cameras.Edit, expected: frozenset[str] | None, response: Response) -> None:
        await configuration.change(guarded(expected, edit))
        tag(response, configuration.config)

    @router.get("")
    async def list_rules(response: Response) -> list[RuleView]:
        """All rules, in the configuration's order. The answer's `ETag` stands for all their settings."""
        tag(response, configuration.config)
        return views()

    @router.post("", status_code=HTTPStatus.CREATED, openapi_extra=described())
    async def add(values: JsonObject, expected: Expected, response: Response) -> RuleView:
        """Add a rule. It is applied at once, and written to the configuration's file."""
        await check([*map(settings_of, configuration.config.rules), values])
        await change_rules(add_rule(values), expected, response)
        return view(values["name"])

    @router.put("", openapi_extra=described(many=True))
    async def replace(rules: JsonList, expected: Expected, response: Response) -> list[RuleView]:
        """These rules and no others, as one change or not at all. Rules that count the same go on counting;
        rules keep their places in the file, and new ones come behind them."""
        await check(rules)
        await change_rules(replace_rules(rules), expected, response)
        return views()

    @router.post("/clear", status_code=HTTPStatus.NO_CONTENT)
    async def clear(selection: Selection) -> None:
        """Have the rules named count anew; who is inside stays counted."""
        known = [rule.name for rule in configuration.config.rules]
        names = known if selection.names is None else selection.names
        for name in names:
            position(configuration.config, name)
        services.hub.clear_rules(names)

    @router.get("/{name:path}/heatmap")
    async def heatmap(name: str, camera: Annotated[str, Query(description="Its id.")]) -> HeatmapView:
        """Where objects spent their time at a camera, about a second ago."""
        config = configuration.config
        rule = config.rules[position(config, name)]
        cameras.position(config, camera)
        if not isinstance(rule, HeatmapRule) or not rule.applies_to(camera):
            raise RefusedError(
                HTTPStatus.NOT_FOUND,
                f"the rule makes no heat map of camera {camera!r}",
                where="path",
                todo="Name a rule of type heatmap that is enabled and for this camera.",
            )
        seconds = services.events.rule_states.heatmap(rule, camera)
        return HeatmapView(
            rows=rule.rows,
            columns=rule.columns,
            values=seconds.round(3).tolist(),
            seconds=round(float(seconds.sum()), 3),
        )

    @router.get("/{name:path}")
    async def get(name: str, response: Response) -> RuleView:
        """One rule. The answer's `ETag` stands for the settings of all rules."""
        tag(response, configuration.config)
        return view(name)

    @router.patch("/{name:path}", openapi_extra=described(partial=True))
    async def change(name: str, values: JsonObject, expected: Expected, response: Response) -> RuleView:
        """Change settings of a rule; those left out stay. One that then counts something else starts anew."""
        config = configuration.config
        rules = [settings_of(rule) for rule in config.rules]
        rules[position(config, name)] |= values
        await check(rules)
        await change_rules(change_rule(name, values), expected, response)
        return view(values.get("name", name))

    @router.delete("/{name:path}", status_code=HTTPStatus.NO_CONTENT)
    async def remove(name: str, expected: Expected, response: Response) -> None:
        """Remove a rule, from the configuration's file too. Its events stay."""
        await change_rules(remove_rule(name), expected, response)

    return router
