"""What somebody who helps wants to see, in one zip: every piece is text, masked on its way in."""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import httpx
import psutil

from camwire import __version__
from camwire.config.secrets import SECRETS

LARGEST_LOG = 4 << 20
"""Bytes of a log's end that are taken."""
ANSWER_WITHIN = 10.0
"""Seconds."""

ASKED = {
    "readyz.json": "/readyz",
    "system.json": "/api/v1/system",
    "configuration.json": "/api/v1/configuration",
    "cameras.json": "/api/v1/cameras",
    "model.json": "/api/v1/model",
    "statistics.json": "/api/v1/statistics",
    "metrics.txt": "/metrics",
}
"""What a running server is asked, by the file's name. No picture, no event, no account."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of the bundle."""

    name: str
    text: str


class MissingPieceError(Exception):
    """Something can't be had; the message says why."""


def as_json(name: str, value: Any) -> Piece:
    """``value``: plain values; its texts are masked one by one, before they are quoted."""
    return Piece(name, json.dumps(_masked(value), indent=2, ensure_ascii=False) + "\n")


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return SECRETS.redact(value)
    if isinstance(value, dict):
        return {SECRETS.redact(key): _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def versions() -> Piece:
    """camwire, Python and the machine."""
    memory = psutil.virtual_memory()
    return as_json(
        "versions.json",
        {
            "camwire": __version__,
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "system": platform.platform(),
            "libc": " ".join(platform.libc_ver()),
            "machine": platform.machine(),
            "cores": psutil.cpu_count(),
            "usable_cores": len(os.sched_getaffinity(0)),
            "memory_bytes": memory.total,
            "memory_available_bytes": memory.available,
        },
    )


def packages() -> Piece:
    """Every installed distribution, as pip lists them."""
    found = {(each.metadata["Name"] or "?", each.version) for each in metadata.distributions()}
    lines = (f"{name}=={version}\n" for name, version in sorted(found, key=lambda one: one[0].lower()))
    return Piece("packages.txt", "".join(lines))


def log_end(name: str, file: IO[bytes]) -> Piece:
    """The last ``LARGEST_LOG`` bytes, from the beginning of a line on. Raises MissingPieceError."""
    try:
        if file.seekable():
            file.seek(max(0, file.seek(0, os.SEEK_END) - LARGEST_LOG - 1))
        end = b""
        while block := file.read(1 << 16):
            end = (end + block)[-LARGEST_LOG - 1 :]
    except OSError as error:
        raise MissingPieceError(f"{name} can't be read: {error.strerror}") from error
    if len(end) > LARGEST_LOG:
        # A line that begins before the end might hold half of a secret, which is not known as one.
        end = end.partition(b"\n")[2]
    return Piece(f"logs/{name}", end.decode(errors="replace"))


def of_server(client: httpx.Client) -> Iterator[Piece | MissingPieceError]:
    """What the running server says of itself; ``client`` has its address and a token if it takes one."""
    for name, path in ASKED.items():
        try:
            answer = client.get(path, timeout=ANSWER_WITHIN)
        except httpx.HTTPError as error:
            yield MissingPieceError(f"server/{name}: {client.base_url} can't be asked: {error}")
            return
        if answer.is_success or path == "/readyz":
            yield _answered(f"server/{name}", answer)
        else:
            todo = "; have a viewer's token in CAMWIRE_TOKEN" if answer.status_code == 401 else ""
            yield MissingPieceError(
                f"server/{name}: {path} answers {answer.status_code} {answer.reason_phrase}{todo}"
            )


def _answered(name: str, answer: httpx.Response) -> Piece | MissingPieceError:
    if not name.endswith(".json"):
        return Piece(name, answer.text)
    try:
        return as_json(name, answer.json())
    except ValueError:
        return MissingPieceError(f"{name}: the answer is no JSON; is this camwire?")


def write(target: Path, pieces: list[Piece], missing: list[str]) -> None:
    """A zip at ``target``, which only its owner can read; secrets that this process knows of are masked.

    Raises FileExistsError, and OSError where it can't be written.
    """
    contents = [*pieces, Piece("missing.txt", "".join(f"{line}\n" for line in missing))]
    with (
        open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle,
    ):
        for piece in contents:
            bundle.writestr(piece.name, SECRETS.redact(piece.text))
