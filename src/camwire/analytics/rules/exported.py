"""What a rule engine exports, cut and joined by camera: the form in which counts travel and are kept.

``{"version", "prints": fingerprint by rule, "rules": {rule: {camera: {"counts", "extra", "objects"}}},
"cameras": {camera: {"clock", "objects"}}}``, plain values all of them. ``state.Keeper`` makes and reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

VERSION = 1

Exported = Mapping[str, Any]


def cameras_of(state: Exported) -> set[str]:
    """Cameras of which there is anything."""
    counted = {camera for cameras in state.get("rules", {}).values() for camera in cameras}
    return counted.union(state.get("cameras", {}))


def only(state: Exported, cameras: Collection[str]) -> dict[str, Any]:
    """These cameras alone."""
    rules = {
        name: {camera: kept for camera, kept in by_camera.items() if camera in cameras}
        for name, by_camera in state.get("rules", {}).items()
    }
    clocks = {camera: kept for camera, kept in state.get("cameras", {}).items() if camera in cameras}
    return {**state, "rules": rules, "cameras": clocks}


def joined(state: Exported, other: Exported) -> dict[str, Any]:
    """With what ``other`` has besides; of a rule that counted something else there, nothing."""
    if state.get("version") != other.get("version"):
        return dict(state)
    prints, same = _prints(state, other)
    mine = state.get("rules", {})
    more = {name: by_camera for name, by_camera in other.get("rules", {}).items() if name in same}
    rules = {name: {**more.get(name, {}), **mine.get(name, {})} for name in {**more, **mine}}
    cameras = {**other.get("cameras", {}), **state.get("cameras", {})}
    return {**state, "prints": prints, "rules": rules, "cameras": cameras}


def taken_over(state: Exported, came: Exported) -> dict[str, Any]:
    """With what another engine counted at cameras of its own, which are now this one's; nobody is known of
    there. Raises ValueError for that of another version."""
    if came.get("version") != state.get("version"):
        raise ValueError(
            f"rule state of version {came.get('version')!r}; this worker has {state.get('version')!r}"
        )
    prints, same = _prints(state, came)
    rules = dict(state["rules"])
    for name in same:
        rules[name] = rules.get(name, {}) | deserted(came["rules"][name])
    moved = cameras_of({"rules": came["rules"]})
    cameras = {camera: kept for camera, kept in state["cameras"].items() if camera not in moved}
    return {**state, "prints": {name: prints[name] for name in rules}, "rules": rules, "cameras": cameras}


def without_objects(state: Exported, camera: str) -> dict[str, Any]:
    """Nobody is at the camera, and its clock hasn't begun."""
    rules = {
        name: cameras | deserted({place: kept for place, kept in cameras.items() if place == camera})
        for name, cameras in state["rules"].items()
    }
    clocks = {name: kept for name, kept in state["cameras"].items() if name != camera}
    return {**state, "rules": rules, "cameras": clocks}


def _prints(state: Exported, other: Exported) -> tuple[dict[str, str], list[str]]:
    """Both's fingerprints, ``state``'s before ``other``'s; and the rules of ``other`` that count the same."""
    theirs = other.get("prints", {})
    prints = {**theirs, **state.get("prints", {})}
    return prints, [name for name, mark in theirs.items() if prints[name] == mark]


def deserted(cameras: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a rule counted at each camera, without the objects."""
    return {camera: kept | {"objects": {}} for camera, kept in cameras.items()}
