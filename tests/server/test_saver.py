"""Saved pictures: names that sort, folders that hold, bounds on age and size, saving while it runs."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camwire.config.saving import SavingConfig
from camwire.server.desired import Desired
from camwire.server.hub import Hub
from camwire.server.mailbox import Picture
from camwire.server.saved import SavedFile, clean_up, file_name, folder_name, is_ours, surplus, write
from camwire.server.saver import CannotSaveError, NoFolderError, Saver
from camwire.server.server import Server
from tests.server.api.serving import TEXT, with_api
from tests.server.configs import config
from tests.server.running import header, until

TIMES = st.floats(0, 4e9).map(lambda time: round(time, 3))
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80) | st.sampled_from(
    [".", "..", "a/b", "x" * 255]
)


def test_a_name_says_when() -> None:
    assert file_name(1795357863.25, 812) == "20261122T143103.250Z-000000812.jpg"


@given(st.lists(st.tuples(TIMES, st.integers(0, 10**9 - 1)), min_size=2, max_size=2))
def test_names_sort_by_time_and_sequence(pictures: list[tuple[float, int]]) -> None:
    names = [file_name(*picture) for picture in pictures]
    assert all(map(is_ours, names))
    one, other = ((int(time * 1000 + 0.5), sequence) for time, sequence in pictures)
    if abs(one[0] - other[0]) > 1:
        assert (one < other) == (names[0] < names[1])


@given(IDS, IDS)
def test_a_camera_s_folder_is_its_own_and_no_way_out(one: str, other: str) -> None:
    name = folder_name(one)
    assert "/" not in name
    assert name.strip(".") == name
    assert 0 < len(name.encode()) <= 255
    assert (one == other) == (name == folder_name(other))


FILES = st.lists(
    st.builds(SavedFile, st.integers(0, 99).map(lambda n: Path(f"{n}.jpg")), st.integers(1, 50), TIMES),
    max_size=12,
    unique_by=lambda file: file.path,
)


@given(FILES, TIMES, st.floats(0, 4e9), st.integers(0, 300))
def test_what_stays_is_within_the_bounds_and_newer_than_what_goes(
    files: list[SavedFile], now: float, max_age: float, max_bytes: int
) -> None:
    going = surplus(files, now, max_age, max_bytes)
    staying = [file for file in files if file not in going]
    assert sum(file.size for file in staying) <= max_bytes
    assert all(now - file.modified <= max_age for file in staying)
    assert going == sorted(going, key=lambda file: (file.modified, file.path.name))
    if going and staying:
        assert going[-1].modified <= min(file.modified for file in staying)
        fits = sum(file.size for file in staying) + going[-1].size <= max_bytes
        assert not (fits and now - going[-1].modified <= max_age), "nothing goes without need"


class Bench:
    def __init__(self, root: Path, /, **settings: object) -> None:
        self.desired = Desired(config("a", "b"))
        self.hub = Hub(self.desired, changed=lambda: None, cleared=lambda: None)
        self.saver = Saver(self.hub, SavingConfig(**settings), root)

    def run(self, test: object) -> None:
        async def all_of_it() -> None:
            running = asyncio.create_task(self.saver.run())
            try:
                await test()  # type: ignore[operator]
            finally:
                running.cancel()
                await asyncio.wait((running,))

        asyncio.run(all_of_it())


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_picture_is_saved_every_so_often(tmp_path: Path) -> None:
    bench = Bench(tmp_path, folder="saved", every_s=2.0, cameras=("a",), pictures="clean")

    async def test() -> None:
        await until(lambda: bench.hub.clients, "the saver watches")
        [view] = bench.desired.document().views
        assert (view.camera, view.rendition, view.max_fps) == ("a", "clean", 0.5)
        for number in range(41):  # four a second
            at = {"arrived": number / 4, "captured": 1795357860.0 + number / 4, "sequence": number}
            bench.hub.publish(header("a", rendition="clean", **at), b"%d" % number)
            bench.hub.publish(header("b", rendition="clean", **at), b"b")
            await asyncio.sleep(0)
            await until(lambda: not bench.hub.clients[1].mailbox.cameras_waiting, "it is taken")
        await until(lambda: bench.saver.saved == 6, "all are saved")
        bench.saver.configured(SavingConfig(folder="saved"))
        await until(lambda: not bench.hub.clients, "nothing is wanted any more")
        assert bench.desired.watched == frozenset()

    bench.run(test)
    names = files(tmp_path)
    assert len(names) == 6
    assert names[0] == "saved/a/20261122T143100.000Z-000000000.jpg"
    assert (tmp_path / names[-1]).read_bytes() == b"36"


def test_old_pictures_go_and_other_files_stay(tmp_path: Path) -> None:
    bench = Bench(tmp_path, folder=".", max_gb=0.001, max_days=1)
    (tmp_path / "a").mkdir()
    for name, size, age in (
        (file_name(1.0, 1), 10, 90_000),
        (file_name(2.0, 2), 800_000, 100),
        (file_name(3.0, 3), 800_000, 50),
        ("notes.jpg", 10, 90_000),
    ):
        (tmp_path / "a" / name).write_bytes(bytes(size))
        now = 1_700_000_000.0
        os.utime(tmp_path / "a" / name, (now - age, now - age))
    bench.saver.clean_up(now)
    assert files(tmp_path) == [f"a/{file_name(3.0, 3)}", "a/notes.jpg"]


def test_old_pictures_go_though_no_new_ones_come(tmp_path: Path) -> None:
    old = tmp_path / "kept" / "a" / file_name(1.0, 1)
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    os.utime(old, (1.0, 1.0))
    bench = Bench(tmp_path, folder="kept")
    bench.run(lambda: until(lambda: not old.exists(), "the old picture goes"))


def test_one_picture_may_be_saved_twice_at_once(tmp_path: Path) -> None:
    """Every few seconds, and because someone asks for it."""
    path = tmp_path / "a" / file_name(1.0, 1)
    content = bytes(100_000)
    with ThreadPoolExecutor(8) as pool:
        for writing in [pool.submit(write, path, content) for _ in range(200)]:
            writing.result()
    assert [(file.name, file.read_bytes()) for file in path.parent.iterdir()] == [(path.name, content)]


def test_half_a_picture_is_left_behind_by_a_crash_and_goes_some_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a" / file_name(1.0, 1)

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(Path, "replace", power_cut)
        with pytest.raises(KeyboardInterrupt):
            write(path, b"picture")
    assert len(list(path.parent.iterdir())) == 1
    clean_up(tmp_path, now=4e9, max_age=1, max_bytes=1e9)
    assert not list(path.parent.iterdir())


def test_a_folder_that_cannot_be_written_is_told_and_counted(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    bench = Bench(tmp_path, folder="taken")
    with pytest.raises(CannotSaveError, match="can't be written"):
        asyncio.run(bench.saver.store(Picture("a", b"x", 0.0)))
    assert (bench.saver.saved, bench.saver.failed) == (0, 1)
    with pytest.raises(NoFolderError):
        asyncio.run(Bench(tmp_path).saver.store(Picture("a", b"x", 0.0)))


def test_a_picture_is_saved_on_demand(tmp_path: Path) -> None:
    async def play(client: httpx.AsyncClient, server: Server) -> None:
        refused = await client.post("/api/v1/cameras/gate/save")
        assert refused.status_code == HTTPStatus.CONFLICT
        assert "saving.folder" in refused.json()["todo"]
        (tmp_path / "camwire.yaml").write_text(TEXT + "saving: {folder: kept}\n")
        await server.configuration.reload()
        asking = asyncio.create_task(client.post("/api/v1/cameras/gate/save"))
        await until(lambda: server.desired.watched, "it is watched")
        server.hub.publish(header("gate", captured=1.5, sequence=7), b"jpeg")
        answer = await asking
        assert answer.status_code == HTTPStatus.CREATED
        assert answer.json() == {
            "file": str(tmp_path / "kept" / "gate" / "19700101T000001.500Z-000000007.jpg"),
            "bytes": 4,
        }
        assert Path(answer.json()["file"]).read_bytes() == b"jpeg"

    with_api(tmp_path, play)
