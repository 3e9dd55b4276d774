"""Lines in a file: whole ones only, bounded, whatever happens to the process or the disk."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.server.sinks import json_lines
from camwire.server.sinks.contract import NotNowError
from camwire.server.sinks.json_lines import JsonLines, cut_behind_the_last_line


def deliver(sink: JsonLines, *numbers: int) -> None:
    asyncio.run(sink.deliver([{"number": number, "camera": "ü"} for number in numbers]))


def lines(path: Path) -> list[int]:
    return [json.loads(line)["number"] for line in path.read_text().splitlines()]


def test_lines_are_added_and_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "events.jsonl"
    deliver(JsonLines(path, 1, 1), 1, 2)
    deliver(JsonLines(path, 1, 1), 3)
    assert lines(path) == [1, 2, 3]


def test_files_are_put_aside_by_size_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonLines(path, max_mb=40 / 1_000_000, keep=2)
    for number in range(1, 9):
        deliver(sink, number)
    assert [lines(path.with_name(name)) for name in ("events.jsonl.2", "events.jsonl.1", "events.jsonl")] == [
        [3, 4],
        [5, 6],
        [7, 8],
    ]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_that_others_move_away_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonLines(path, 1, 1)
    deliver(sink, 1)
    path.rename(tmp_path / "moved")
    deliver(sink, 2)
    assert lines(path) == [2]


def test_a_line_that_was_cut_short_goes(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonLines(path, 1, 1)
    deliver(sink, 1, 2)
    with path.open("ab") as file:
        file.write(b'{"number": 3, "cam')
    deliver(sink, 3)
    assert lines(path) == [1, 2, 3]


@given(st.binary(max_size=40), st.integers(1, 9))
def test_what_stays_is_what_ends_with_a_line(content: bytes, block: int) -> None:
    handle = os.memfd_create("lines")
    before, json_lines.BLOCK = json_lines.BLOCK, block
    try:
        os.write(handle, content)
        cut_behind_the_last_line(handle)
        assert os.pread(handle, 100, 0) == content[: content.rfind(b"\n") + 1]
    finally:
        json_lines.BLOCK = before
        os.close(handle)


def test_a_full_disk_leaves_whole_lines_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    sink = JsonLines(path, 1, 1)
    deliver(sink, 1)
    write = os.write

    def full(handle: int, content: memoryview) -> int:
        if len(content) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, content[:-10])

    monkeypatch.setattr(json_lines.os, "write", full)
    with pytest.raises(NotNowError, match="No space left"):
        deliver(sink, 2)
    assert lines(path) == [1]
    monkeypatch.undo()
    deliver(sink, 2)
    assert lines(path) == [1, 2]


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotNowError, match="can't be written"):
        deliver(JsonLines(tmp_path / "file" / "events.jsonl", 1, 1), 1)
