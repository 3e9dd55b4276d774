"""Request bodies that the configuration's own models describe and the configuration's own checks judge."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Request
from pydantic import BaseModel

from camwire.server.api.errors import RefusedError

Body = TypeVar("Body")


async def json_object(request: Request) -> dict[str, Any]:
    """The body, which has to be a JSON object. Raises RefusedError."""
    return _decoded(await request.body(), dict[str, Any], "a JSON object", "{}")


async def json_list(request: Request) -> list[dict[str, Any]]:
    """The body, which has to be a JSON array of objects. Raises RefusedError."""
    return _decoded(await request.body(), list[dict[str, Any]], "a JSON array of objects", "[]")


def _decoded(body: bytes, kind: type[Body], what: str, example: str) -> Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"the body is not {what}",
            where="body",
            todo=f"Send one, for example {example}.",
            problems=[str(error)],
        ) from None


JsonObject = Annotated[dict[str, Any], Depends(json_object)]
JsonList = Annotated[list[dict[str, Any]], Depends(json_list)]


def described_by(
    model: type[BaseModel], *, without: Collection[str] = (), partial: bool = False
) -> dict[str, Any]:
    """``openapi_extra`` of a route that takes the model's fields; all of them optional when ``partial``."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    schema["properties"] = {
        name: {key: value for key, value in field.items() if not (partial and key == "default")}
        for name, field in schema["properties"].items()
        if name not in without
    }
    if partial:
        schema.pop("required", None)
        schema["description"] = f"{schema.get('description', '')} What is left out stays as it is.".strip()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
