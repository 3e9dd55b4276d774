"""Built engines on disk: each built once, whoever asks, and never half written."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import structlog

from camwire.runtimes.engine_key import EngineKey

KEPT = 4
"""Engines a model file: for another GPU, another size; older ones are deleted."""

log = structlog.get_logger()


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/camwire/engines`, or in `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "camwire" / "engines"


class EngineCache:
    """A folder of engines, each with a JSON file beside it that says what it was built from.

    Processes may share it. The JSON file is written last and holds the engine's hash, so that an engine
    without it, or another one, counts as none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, file: Path, key: EngineKey, build: Callable[[], bytes]) -> bytes:
        """The engine for ``key``; ``build`` is called when there is none, by one process at a time.

        ``file`` is the model, by whose name engines are grouped: when one has to be built although there are
        others of that name, the log says what has changed. Raises OSError and whatever ``build`` raises.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{file.stem}-{key.digest}.engine"
        with _locked(path.with_suffix(".lock")):
            engine, why = self._read(path, file, key)
            if engine is not None:
                os.utime(path)  # recently used engines are kept
                return engine
            log.info("an engine is built; this takes minutes and is done once", model=str(file), because=why)
            engine = build()
            self._write(path, key, engine)
        self._prune(file)
        return engine

    def own_folder(self, file: Path, key: EngineKey) -> Path:
        """A folder for ``key``, for a library that keeps engines itself; older ones of ``file`` are deleted.

        Raises OSError.
        """
        path = self._folder / f"{file.stem}-{key.digest}"
        path.mkdir(parents=True, exist_ok=True)
        os.utime(path)
        for old in self._newest_first(file, "")[KEPT:]:
            shutil.rmtree(old)
        return path

    def _read(self, path: Path, file: Path, key: EngineKey) -> tuple[bytes | None, str]:
        """The engine, or None and why there is none."""
        try:
            about = json.loads(path.with_suffix(".json").read_bytes())
            engine = path.read_bytes()
        except FileNotFoundError:
            return None, self._what_changed(file, key)
        except ValueError:
            return None, f"{path.with_suffix('.json')} can't be read"
        if not isinstance(about, dict) or about.get("sha256") != hashlib.sha256(engine).hexdigest():
            return None, f"{path} is damaged"
        return engine, ""

    def _what_changed(self, file: Path, key: EngineKey) -> str:
        """In comparison with the last engine that was built for a model of this name."""
        for path in self._newest_first(file):
            try:
                old = EngineKey(**json.loads(path.with_suffix(".json").read_bytes())["key"])
            except (OSError, ValueError, TypeError, KeyError):
                continue
            changes = key.changes_from(old)
            if changes:
                return "; ".join(changes)
        return "there is none yet"

    def _write(self, path: Path, key: EngineKey, engine: bytes) -> None:
        about = {"key": asdict(key), "sha256": hashlib.sha256(engine).hexdigest()}
        _replace(path, engine)
        _replace(path.with_suffix(".json"), json.dumps(about, indent=1).encode())

    def _newest_first(self, file: Path, suffix: str = ".engine") -> list[Path]:
        # A digest has 32 digits, so that `yolo` and `yolo-2` don't get in each other's way.
        found = self._folder.glob(f"{_literal(file.stem)}-{'[0-9a-f]' * 32}{suffix}")
        times = {path: path.stat().st_mtime_ns for path in found}
        return sorted(times, key=lambda path: times[path], reverse=True)

    def _prune(self, file: Path) -> None:
        for path in self._newest_first(file)[KEPT:]:
            path.with_suffix(".json").unlink(missing_ok=True)
            path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held by one process at a time; the kernel lets go when its holder ends, however that ends."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(path: Path, data: bytes) -> None:
    """Write the whole file or nothing."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _literal(text: str) -> str:
    """``text`` for glob, which takes brackets and stars for patterns."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)
