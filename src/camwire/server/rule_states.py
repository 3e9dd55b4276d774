"""What the rules have counted: told by the workers, kept for their successors and over restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import structlog

from camwire.analytics.rules.exported import cameras_of, joined, only
from camwire.config.rules import HeatmapRule
from camwire.frames import Float64Array
from camwire.link.events import RuleState
from camwire.server.events.keeper import EventKeeper
from camwire.server.events.queries import NothingKeptError, remembered
from camwire.server.events.store import EventStore, StoreError

SAVE_EVERY = 5.0
LOG_EVERY = 60.0
"""Seconds."""
PREFIX = "rules/"

log = structlog.get_logger()


class RuleStates:
    """By worker, in the workers' own form. Everything but ``run`` and ``save`` returns at once."""

    def __init__(self, keeper: EventKeeper | None = None) -> None:
        """``keeper``: whose file they are kept in; None: nowhere."""
        self._keeper = keeper
        self._states: dict[str, bytes] = {} if keeper is None else _loaded(keeper.path)
        self._unsaved: set[str] = set()
        self._owners: dict[str, str] = {}
        """By camera: the worker that counts there. What another says of it is old."""
        self._logged = float("-inf")

    def received(self, worker: str, message: RuleState) -> None:
        state = self._own(worker, message.state)
        if self._states.get(worker) != state:
            self._states[worker] = state
            self._unsaved.add(worker)

    def moved(self, worker: str, cameras: Collection[str]) -> RuleState | None:
        """The worker counts at these cameras from now on: what others had counted there, now its own; None
        where that is nothing. They may be workers that are started no more."""
        self._owners.update(dict.fromkeys(cameras, worker))
        found: dict[str, Any] = {}
        for other in [name for name in self._states if name != worker]:
            before = _decoded(self._states[other])
            if cameras_of(before).isdisjoint(cameras):
                continue
            found = joined(found, only(before, cameras)) if found else only(before, cameras)
            self._keep(other, only(before, cameras_of(before) - set(cameras)))
        if not found:
            return None
        mine = _decoded(self._states.get(worker, b""))
        self._keep(worker, joined(mine, found) if mine else found)
        return RuleState(state=msgspec.msgpack.encode(found), moved=True)

    def _own(self, worker: str, state: bytes) -> bytes:
        """Without cameras that others have."""
        others = {camera for camera, owner in self._owners.items() if owner != worker}
        decoded = _decoded(state) if others else {}
        if (cameras := cameras_of(decoded)).isdisjoint(others):
            return state
        return msgspec.msgpack.encode(only(decoded, cameras - others))

    def _keep(self, worker: str, decoded: dict[str, Any]) -> None:
        self._states[worker] = msgspec.msgpack.encode(decoded)
        self._unsaved.add(worker)

    def of(self, worker: str) -> RuleState | None:
        """For a worker that was started again."""
        state = self._states.get(worker)
        return None if state is None else RuleState(state=state)

    def clear(self, rules: Collection[str] | None = None) -> None:
        """Forget the counts of the rules named, or of all: a worker started again begins them at nothing."""
        for worker, state in self._states.items():
            decoded = _decoded(state)
            for name, cameras in decoded.get("rules", {}).items():
                if rules is None or name in rules:
                    cameras.update(
                        {key: kept | {"counts": {}, "extra": None} for key, kept in cameras.items()}
                    )
            self._states[worker] = msgspec.msgpack.encode(decoded)
            self._unsaved.add(worker)

    def heatmap(self, rule: HeatmapRule, camera: str) -> Float64Array:
        """[rows, columns] seconds, about a second old; zeros where nothing was seen."""
        seconds = np.zeros(rule.rows * rule.columns)
        for state in self._states.values():
            kept = _decoded(state).get("rules", {}).get(rule.name, {}).get(camera) or {}
            cells = np.frombuffer(kept.get("extra") or b"", "<f4")
            if len(cells) == len(seconds):
                seconds += cells
        return seconds.reshape(rule.rows, rule.columns)

    async def run(self) -> None:
        """Save what is new, for ever."""
        while True:
            await asyncio.sleep(SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Save what is new now; why that can't be is logged, and it is tried again."""
        unsaved = {worker: self._states[worker] for worker in self._unsaved}
        if not unsaved or self._keeper is None:
            return
        self._unsaved.clear()
        try:
            await self._keeper.use(_remember(unsaved))
        except StoreError as error:
            self._unsaved.update(unsaved)
            if time.monotonic() - self._logged >= LOG_EVERY:
                self._logged = time.monotonic()
                log.error("what the rules have counted can't be saved", reason=str(error))


def _remember(states: Mapping[str, bytes]) -> Callable[[EventStore], None]:
    def work(store: EventStore) -> None:
        for worker, state in states.items():
            store.remember(PREFIX + worker, state)

    return work


def _loaded(path: Path) -> dict[str, bytes]:
    try:
        found = remembered(path)
    except NothingKeptError:
        return {}
    except StoreError as error:
        log.error("rules count anew: what they had counted can't be read", reason=str(error))
        return {}
    return {name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)}


def _decoded(state: bytes) -> dict[str, Any]:
    try:
        return msgspec.msgpack.decode(state, type=dict[str, Any], strict=False)
    except ValueError:
        return {}
