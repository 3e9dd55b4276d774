"""Engines on disk: built once, found again, never taken for another, never half written."""

from __future__ import annotations

import json
import multiprocessing
import os
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from camwire.runtimes.engine_cache import KEPT, EngineCache, default_folder
from camwire.runtimes.engine_key import EngineKey, file_hash

FILE = Path("models/yolo11s.onnx")
KEY = EngineKey("a" * 64, "tensorrt 10.9.0.34", "NVIDIA L4 (8.9)", "FP16", "1×3×640×640 to 8×3×640×640")
PARTS = [field.name for field in fields(EngineKey)]


def built(
    folder: Path, key: EngineKey, engine: bytes = b"engine", file: Path = FILE
) -> tuple[bytes, bool, str]:
    """What the cache gave, whether it had to be built, and the reason that was logged."""
    calls = []

    def build() -> bytes:
        calls.append(key)
        return engine

    with capture_logs() as logs:
        result = EngineCache(folder).get(file, key, build)
    return result, bool(calls), logs[0]["because"] if logs else ""


def test_the_second_time_it_is_there(tmp_path: Path) -> None:
    assert built(tmp_path / "new" / "folder", KEY) == (b"engine", True, "there is none yet")
    assert built(tmp_path / "new" / "folder", KEY, b"other") == (b"engine", False, "")


@pytest.mark.parametrize("part", PARTS)
def test_any_part_of_the_key_makes_another_engine_and_is_named(tmp_path: Path, part: str) -> None:
    built(tmp_path, KEY)
    other = replace(KEY, **{part: "b" * 64 if part == "model" else "another"})
    engine, new, why = built(tmp_path, other, b"second")
    assert (engine, new) == (b"second", True)
    was = "aaaaaaaaaaaa…" if part == "model" else getattr(KEY, part)
    assert why == f"{part} was {was} and is {'bbbbbbbbbbbb…' if part == 'model' else 'another'}"
    assert built(tmp_path, KEY)[1] is False


def test_another_models_engines_say_nothing(tmp_path: Path) -> None:
    for name in ("yolo11s-2.onnx", "other.onnx"):
        built(tmp_path, replace(KEY, gpu="another"), file=Path(name))
    assert built(tmp_path, KEY)[2] == "there is none yet"


@pytest.mark.parametrize("harm", ["cut", "changed", "no json", "bad json", "json of another"])
def test_a_damaged_engine_is_built_again(tmp_path: Path, harm: str) -> None:
    built(tmp_path, KEY)
    (engine,) = tmp_path.glob("*.engine")
    about = engine.with_suffix(".json")
    match harm:
        case "cut":
            engine.write_bytes(b"eng")
        case "changed":
            engine.write_bytes(b"engin3")
        case "no json":
            about.unlink()
        case "bad json":
            about.write_text("{")
        case _:
            about.write_text(json.dumps([1]))
    assert built(tmp_path, KEY, b"again")[:2] == (b"again", True)
    assert built(tmp_path, KEY)[:2] == (b"again", False)


def test_a_build_that_fails_leaves_nothing_and_stops_nobody(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        EngineCache(tmp_path).get(FILE, KEY, fail)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
    assert built(tmp_path, KEY)[1]


def test_old_engines_of_a_model_are_deleted(tmp_path: Path) -> None:
    built(tmp_path, KEY, file=Path("other.onnx"))
    for number in range(KEPT + 2):
        built(tmp_path, replace(KEY, gpu=f"GPU {number}"))
        for path in tmp_path.glob("*.engine"):
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**9,) * 2)
    assert len(list(tmp_path.glob("yolo11s-*.engine"))) == KEPT
    assert len(list(tmp_path.glob("other-*.engine"))) == 1
    assert not built(tmp_path, replace(KEY, gpu=f"GPU {KEPT + 1}"))[1]
    assert built(tmp_path, replace(KEY, gpu="GPU 0"))[1]


def test_a_library_that_keeps_engines_itself_gets_a_folder_and_the_old_ones_go(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    other = cache.own_folder(Path("other.onnx"), KEY)
    folders = []
    for number in range(KEPT + 2):
        folders.append(cache.own_folder(FILE, replace(KEY, gpu=f"GPU {number}")))
        (folders[-1] / "an.engine").write_bytes(b"engine")
        for path in tmp_path.glob("yolo11s-*"):
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**9,) * 2)
    assert [folder.is_dir() for folder in folders] == [False] * 2 + [True] * KEPT
    assert other.is_dir()
    assert cache.own_folder(FILE, replace(KEY, gpu=f"GPU {KEPT + 1}")) == folders[-1]
    assert (folders[-1] / "an.engine").read_bytes() == b"engine"


def slow_build(folder: Path, started: object, go: object, built_by: Path) -> None:
    """In a process of its own: build as soon as told, and say so in a file."""

    def build() -> bytes:
        started.set()  # type: ignore[attr-defined]
        go.wait(30)  # type: ignore[attr-defined]
        with built_by.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return b"engine"

    assert EngineCache(folder).get(FILE, KEY, build) == b"engine"


@pytest.mark.integration
def test_two_processes_build_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started, go, built_by = context.Event(), context.Event(), tmp_path / "built_by"
    arguments = (tmp_path, started, go, built_by)
    processes = [context.Process(target=slow_build, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    assert started.wait(30)
    go.set()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(built_by.read_text().splitlines()) == 1


FIVE = st.lists(st.text(min_size=1), min_size=5, max_size=5)


@given(FIVE, FIVE)
def test_keys_with_different_parts_have_different_digests(first: list[str], second: list[str]) -> None:
    one, two = EngineKey(*first), EngineKey(*second)
    assert (one.digest == two.digest) == (first == second)
    assert bool(one.changes_from(two)) == (first != second)


def test_a_files_hash_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a").startswith("ba7816bf8f01cfea")


def test_the_cache_lies_where_caches_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_folder() == Path("/somewhere/camwire/engines")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_folder() == Path("/home/someone/.cache/camwire/engines")
