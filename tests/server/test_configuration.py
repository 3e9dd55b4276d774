"""The running configuration: every way in which it changes, and what a bad one changes (nothing)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from camwire.config import Config, ConfigError
from camwire.config.editing import CannotEditError
from camwire.server import configuration as running
from camwire.server.configuration import (
    BrokenFileError,
    Configuration,
    UnknownCameraError,
    add_camera,
    change_camera,
    change_section,
    remove_camera,
)
from camwire.server.desired import Desired
from camwire.server.document import CannotWriteError, FileDocument, MemoryDocument
from tests.server.configs import config
from tests.server.running import until

TEXT = """\
cameras:
  - id: gate  # the first
    url: "rtsp://user:${CAMWIRE_TEST_PASSWORD}@192.0.2.7/s"
  - id: yard
    url: yard.mp4
"""


class Bench:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "camwire.yaml"
        self.path.write_text(TEXT)
        self.applied: list[Config] = []
        self.configuration = Configuration(FileDocument(self.path), self.applied.append)

    @property
    def ids(self) -> list[str]:
        return [camera.id for camera in self.configuration.config.cameras]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("CAMWIRE_TEST_PASSWORD", "hush$hush")
    return Bench(tmp_path)


def test_changes_are_applied_and_written_back_around_what_stays(bench: Bench) -> None:
    async def test() -> None:
        changes = await bench.configuration.change(change_camera("yard", {"name": "Yard", "enabled": False}))
        assert (changes.changed, changes.added, changes.removed) == (("yard",), (), ())
        changes = await bench.configuration.change(add_camera({"id": "new", "url": "rtsp://a:p$${x@h/s"}))
        assert changes.added == ("new",)
        await bench.configuration.change(change_section("output", {"max_fps": 5}))
        assert (await bench.configuration.change(remove_camera("yard"))).removed == ("yard",)

    asyncio.run(test())
    assert bench.path.read_text() == TEXT.replace("  - id: yard\n    url: yard.mp4\n", "") + (
        '  - id: new\n    url: "rtsp://a:p$$$${x@h/s"\noutput:\n  max_fps: 5\n'
    )
    assert len(bench.applied) == 4
    assert bench.configuration.config == bench.applied[-1] == FileDocument(bench.path).load()
    assert bench.configuration.config.cameras[1].url.reveal() == "rtsp://a:p%24%24%7Bx@h/s"
    assert bench.configuration.config.output.max_fps == 5
    assert os.listdir(bench.path.parent) == ["camwire.yaml"]


@pytest.mark.parametrize(
    ("edit", "error", "says"),
    [
        (add_camera({"id": "gate", "url": "/x"}), ConfigError, "taken by the camera on line 2"),
        (add_camera({"id": "n", "url": "/x", "latency": 3, "transport": "TCP"}), ConfigError, "unknown key"),
        (change_camera("yard", {"latency_ms": -1}), ConfigError, "allowed: 0 to 10000"),
        (change_camera("nobody", {"latency_ms": 1}), UnknownCameraError, "nobody"),
        (change_section("model", {"file": 3}), ConfigError, "put it in quotes"),
        (lambda text, _: "a: [", ConfigError, "camwire.yaml:1"),
    ],
)
def test_what_is_wrong_changes_nothing(
    bench: Bench, edit: running.Edit, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        asyncio.run(bench.configuration.change(edit))
    assert bench.path.read_text() == TEXT
    assert bench.applied == []
    assert bench.ids == ["gate", "yard"]


def test_every_problem_is_told_at_once(bench: Bench) -> None:
    values: Mapping[str, Any] = {"id": "n", "url": "ftp://u:secret@h/", "latency": 3, "enabled": "maybe"}
    with pytest.raises(ConfigError) as caught:
        asyncio.run(bench.configuration.change(add_camera(values)))
    assert len(caught.value.problems) == 3
    assert "secret" not in str(caught.value)


def test_a_change_meets_what_others_have_written_since(bench: Bench) -> None:
    bench.path.write_text(TEXT + "  - id: third\n    url: /x\n")
    asyncio.run(bench.configuration.change(remove_camera("yard")))
    assert bench.ids == ["gate", "third"]
    bench.path.write_text("cameras: 3")
    with pytest.raises(BrokenFileError, match="cameras is 3"):
        asyncio.run(bench.configuration.change(remove_camera("third")))
    assert bench.ids == ["gate", "third"]


def test_what_somebody_saves_while_a_change_is_made_is_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    third, fourth, fifth = (f"  - id: {name}\n    url: /x\n" for name in ("third", "fourth", "fifth"))
    saved = [third, fourth]

    def edit(text: str, said: Config) -> str:
        if saved:
            bench.path.write_text(TEXT + saved.pop(0))
        return remove_camera("gate")(text, said)

    asyncio.run(bench.configuration.change(edit))
    assert bench.ids == ["yard", "fourth"]
    assert bench.path.read_text() == (TEXT + fourth).replace(TEXT[9 : TEXT.index("  - id: yard")], "")

    async def test() -> None:
        write = FileDocument.write

        def overtaken(document: FileDocument, text: str, over: object) -> object:
            stamp = write(document, text, over)
            bench.path.write_text(TEXT + fifth)
            return stamp

        monkeypatch.setattr(FileDocument, "write", overtaken)
        await bench.configuration.change(remove_camera("yard"))
        await until(lambda: bench.ids == ["gate", "yard", "fifth"], "what was saved last is followed")

    following(test, bench, monkeypatch)


def test_not_even_while_the_disk_takes_its_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = ["  - id: third\n    url: /x\n"]
    fsync = os.fsync

    def slow(handle: int) -> None:
        if saved:
            bench.path.write_text(TEXT + saved.pop())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    asyncio.run(bench.configuration.change(remove_camera("gate")))
    assert bench.ids == ["yard", "third"]
    assert os.listdir(bench.path.parent) == ["camwire.yaml"]


def test_a_change_is_made_in_the_very_text_that_was_checked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or, with another order of the cameras by now, it would be made to another one."""
    parse = FileDocument.parse
    orders = [TEXT.replace("cameras:", "cameras:\n  - id: new\n    url: /x")]

    def overtaken(document: FileDocument, text: str) -> Config:
        said = parse(document, text)
        if orders:
            bench.path.write_text(orders.pop())
        return said

    monkeypatch.setattr(FileDocument, "parse", overtaken)
    monkeypatch.setattr(FileDocument, "load", lambda document: overtaken(document, bench.path.read_text()))
    asyncio.run(bench.configuration.change(remove_camera("gate")))
    assert bench.ids == ["new", "yard"]


def test_a_file_that_never_rests_is_given_up(bench: Bench) -> None:
    def edit(text: str, said: Config) -> str:
        bench.path.write_text(f"{text}# again\n")
        return remove_camera("yard")(text, said)

    with pytest.raises(CannotWriteError, match="somebody else writes"):
        asyncio.run(bench.configuration.change(edit))
    assert bench.ids == ["gate", "yard"]


def test_a_folder_that_may_not_be_written_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(CannotWriteError, match="Permission denied; nothing was changed"):
        asyncio.run(bench.configuration.change(remove_camera("yard")))
    assert (bench.path.read_text(), bench.applied) == (TEXT, [])


def test_a_link_and_the_file_s_mode_stay(bench: Bench) -> None:
    link = bench.path.with_name("link.yaml")
    link.symlink_to(bench.path)
    bench.path.chmod(0o640)
    configuration = Configuration(FileDocument(link), bench.applied.append)
    asyncio.run(configuration.change(remove_camera("yard")))
    assert link.is_symlink()
    assert bench.path.stat().st_mode & 0o777 == 0o640
    assert "yard" not in bench.path.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_file_s_owner_stays(bench: Bench) -> None:
    os.chown(bench.path, 12_345, 54_321)
    asyncio.run(bench.configuration.change(remove_camera("yard")))
    assert "yard" not in bench.path.read_text()
    assert (bench.path.stat().st_uid, bench.path.stat().st_gid) == (12_345, 54_321)


def test_aliases_are_refused_with_what_to_do(bench: Bench) -> None:
    bench.path.write_text("cameras:\n- id: a\n  url: &u /x\n- id: b\n  url: *u\n")
    with pytest.raises(CannotEditError, match="change it in the file"):
        asyncio.run(bench.configuration.change(change_camera("b", {"url": "/y"})))


def following(test: Callable[[], Awaitable[None]], bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "LOOK_EVERY", 0.005)

    async def run() -> None:
        task = asyncio.create_task(bench.configuration.follow())
        try:
            await test()
        finally:
            task.cancel()

    asyncio.run(run())


def test_the_file_is_followed_and_a_bad_one_leaves_all_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        bench.path.write_text(TEXT + "  - id: third\n    url: /x\n")
        await until(lambda: bench.ids == ["gate", "yard", "third"], "the file is followed")
        bench.path.write_text("cameras: [{id: a}]\nservr: 1\n")
        await until(lambda: len(bench.configuration.problems) == 2, "both mistakes are known")
        assert bench.ids == ["gate", "yard", "third"]
        bench.path.unlink()
        bench.path.write_text(TEXT)
        await until(lambda: bench.ids == ["gate", "yard"], "a good one is used again")
        assert bench.configuration.problems == ()
        assert len(bench.applied) == 2

    following(test, bench, monkeypatch)


def test_a_file_that_may_be_read_again_is_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are given without a change of what the file holds: its time stays."""
    allowed = False
    access, opened = os.access, Path.open

    def may(path: Path, mode: int, **options: Any) -> bool:
        return allowed and access(path, mode, **options)

    def open_if_allowed(path: Path, *arguments: Any, **options: Any) -> object:
        if path == bench.path and not allowed:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    async def test() -> None:
        nonlocal allowed
        bench.path.write_text(TEXT + "  - id: third\n    url: /x\n")
        monkeypatch.setattr(os, "access", may)
        monkeypatch.setattr(Path, "open", open_if_allowed)
        await until(lambda: bench.configuration.problems, "it is said that it can't be read")
        assert "Permission denied" in bench.configuration.problems[0]
        allowed = True
        await until(lambda: bench.ids == ["gate", "yard", "third"], "it is used")
        assert bench.configuration.problems == ()

    following(test, bench, monkeypatch)


def test_the_files_that_it_names_are_followed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = bench.path.parent / "labels.txt"

    def stamps() -> object:
        return Desired(bench.applied[-1]).document().model.stamps

    async def test() -> None:
        bench.path.write_text(f"{TEXT}model: {{labels: labels.txt}}\n")
        await until(lambda: len(bench.applied) == 1, "the file is followed")
        assert stamps() == (None,)
        labels.write_text("cat\n")
        await until(lambda: len(bench.applied) == 2, "the labels are followed")
        before = stamps()
        labels.write_text("cat\ndog\n")
        changes = await bench.configuration.reload()
        assert not changes
        assert len(bench.applied) == 3
        assert stamps() != before
        await bench.configuration.reload()
        assert len(bench.applied) == 3, "nothing has changed since"

    following(test, bench, monkeypatch)


def test_without_a_file_changes_are_kept_in_memory() -> None:
    async def test() -> None:
        applied: list[Config] = []
        configuration = Configuration(MemoryDocument(config("a", "b")), applied.append)
        assert configuration.config == config("a", "b")
        await configuration.change(remove_camera("a"))
        await configuration.change(add_camera({"id": "${HOME}", "url": "rtsp://u:p@h/"}))
        assert [camera.id for camera in configuration.config.cameras] == ["b", "${HOME}"]
        assert not await configuration.reload()

    asyncio.run(test())
