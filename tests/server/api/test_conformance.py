"""The description is a promise: it says how to call each operation, and what each answers, login or not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
import schemathesis
from argon2 import PasswordHasher
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from camwire.server.api import pictures
from camwire.server.auth import passwords
from tests.server.auth.serving import serving

pytestmark = pytest.mark.integration

DESCRIPTION = "/api/v1/openapi.json"
WAITING = ("/try-camera", "/rules/dry-run", "/cameras/{camera_id}/stream.mjpeg")
"""What waits for a worker, or never ends: they have tests of their own."""


@schemathesis.check
def no_failure(ctx: CheckContext, response: schemathesis.Response, case: Case) -> bool | None:
    """503 is an answer as described: a camera shows no picture now, a disk is full."""
    return None if response.status_code == 503 else not_a_server_error(ctx, response, case)


CHECKS = [
    no_failure,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 4
"""Requests for each operation, of each kind."""
KNOWN = {"camera_id": st.sampled_from(["gate", "yard", "a/b"]), "name": st.sampled_from(["admin", "door"])}
"""What makes random requests meet something."""

Schema = schemathesis.schemas.BaseSchema


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a thread of its own, with an event loop that goes on while tests block."""
    folder = tmp_path_factory.mktemp("conformance")
    started, stop = threading.Event(), asyncio.Event()
    found: list[str] = []

    async def run() -> None:
        async with serving(folder) as served:
            tasks = [asyncio.create_task(served.server.events.keeper.run())]
            found.append(served.address)
            started.set()
            await stop.wait()
            for task in tasks:
                task.cancel()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "SNAPSHOT_TIMEOUT", 0.05)
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
        thread.start()
        assert started.wait(20)
        yield found[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
        loop.close()


ADMIN = {"Authorization": "Bearer admin"}


@pytest.fixture(scope="module")
def operations(address: str) -> list[schemathesis.APIOperation]:
    schema = schemathesis.openapi.from_url(address + DESCRIPTION, headers=ADMIN)
    found = [result.ok() for result in schema.get_all_operations()]
    assert len(found) >= 30
    return [operation for operation in found if operation.path not in WAITING]


def cases(operation: schemathesis.APIOperation, mode: GenerationMode) -> st.SearchStrategy[Case]:
    """Requests as described, or with something wrong about them; half of them about what there is."""
    generated = operation.as_strategy(generation_mode=mode)

    def about(case: Case, known: dict[str, str], wanted: bool) -> Case:
        if wanted:
            case.path_parameters.update({name: known[name] for name in known if name in case.path_parameters})
        return case

    return st.builds(about, generated, st.fixed_dictionaries(KNOWN), st.booleans())


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_an_admin_gets_what_is_described(
    operations: list[schemathesis.APIOperation], mode: GenerationMode
) -> None:
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not len(operation.body):
            continue  # nothing about it can be wrong but its path

        @settings(
            max_examples=EXAMPLES,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(cases(operation, mode))
        def conforms(case: Case) -> None:
            response = case.call(headers=ADMIN, timeout=30)
            case.validate_response(response, checks=CHECKS)

        conforms()


def test_nobody_gets_anything_and_that_is_described_too(
    operations: list[schemathesis.APIOperation],
) -> None:
    for operation in operations:

        @settings(
            max_examples=2, phases=(Phase.generate,), suppress_health_check=list(HealthCheck), database=None
        )
        @given(cases(operation, GenerationMode.POSITIVE))
        def refuses(case: Case) -> None:
            response = case.call(timeout=30)
            case.validate_response(response, checks=CHECKS)
            if "/session" not in operation.path:  # noqa: B023 - called before the next one comes
                assert response.status_code == 401

        refuses()
