"""Pictures and videos of events: bounded, whole, and no reason for anything else to fail."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from camwire.config.events import EventsConfig
from camwire.config.root import Config
from camwire.config.saving import SavingConfig
from camwire.link.events import EventPicture
from camwire.server.desired import Desired
from camwire.server.events import media as media_room
from camwire.server.events.media import DAY, Media, media_name
from camwire.server.events.pictures import WAITING, EventPictures
from camwire.server.hub import Hub
from camwire.server.saver import Saver
from tests.server.configs import config
from tests.server.running import until

T = 1_700_000_000.0


def test_old_ones_and_too_many_go_and_others_files_stay(tmp_path: Path) -> None:
    media = Media(EventsConfig(max_days=2, media_max_gb=25e-9), tmp_path)
    names = [media_name("a/b", T + number, number, ".jpg") for number in range(5)]
    for number, name in enumerate(names):
        assert asyncio.run(media.keep(name, b"x" * 10))
        os.utime(media.folder / name, (T + number, T + number))
    (media.folder / "a%2Fb" / "notes.jpg").write_bytes(b"mine" * 100)
    media.clean_up(T + 10)
    assert sorted(path.name for path in (media.folder / "a%2Fb").iterdir()) == [
        *(Path(name).name for name in names[3:]),
        "notes.jpg",
    ]
    media.clean_up(T + 3 * DAY)
    assert [path.name for path in (media.folder / "a%2Fb").iterdir()] == ["notes.jpg"]


def test_old_ones_go_though_nothing_new_comes(tmp_path: Path) -> None:
    """Pictures of people once stayed for ever where snapshots were switched off."""

    async def scene() -> None:
        media = Media(EventsConfig(snapshots=False), tmp_path)
        old = media.folder / media_name("gate", T, 1, ".jpg")
        old.parent.mkdir(parents=True)
        old.write_bytes(b"x")
        os.utime(old, (T, T))
        task = asyncio.create_task(media.run())
        await until(lambda: not old.exists(), "the old picture goes")
        task.cancel()

    asyncio.run(scene())


def test_a_full_disk_is_told_counted_and_recovered_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = Media(EventsConfig(), tmp_path)
    name = media_name("gate", T, 1, ".jpg")

    def full(path: Path, content: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(media_room.Path, "write_bytes", full)
        assert not asyncio.run(media.keep(name, b"JPEG"))
    assert (media.lost, "No space left" in (media.problem or "")) == (1, True)
    assert list((media.folder / "gate").iterdir()) == [], "no half pictures are left"
    assert asyncio.run(media.keep(name, b"JPEG"))
    assert (media.lost, media.problem) == (1, None)


def picture(rendition: str, sequence: int = 1) -> EventPicture:
    return EventPicture(
        worker="cpu",
        camera="gate",
        sequence=sequence,
        captured=T,
        rendition=rendition,
        jpeg=rendition.encode(),
    )


def settings(pictures: str, **events: bool) -> Config:
    saving = SavingConfig(folder="saved", on_events=True, pictures=pictures)
    return config("gate").model_copy(update={"saving": saving, "events": EventsConfig(**events)})


@pytest.mark.parametrize(
    ("pictures", "snapshots", "wanted", "kept", "saved"),
    [
        ("annotated", True, ("full",), [b"event"], [b"event"]),
        ("clean", True, ("clean", "full"), [b"event"], [b"event_clean"]),
        ("clean", False, ("clean",), [], [b"event_clean"]),
        ("annotated", False, ("full",), [], [b"event"]),
    ],
)
def test_each_picture_goes_where_the_configuration_says(
    tmp_path: Path,
    pictures: str,
    snapshots: bool,
    wanted: tuple[str, ...],
    kept: list[bytes],
    saved: list[bytes],
) -> None:
    async def scene() -> None:
        told = settings(pictures, snapshots=snapshots)
        desired = Desired(told)
        assert desired.document().event_pictures == wanted
        hub = Hub(desired, changed=lambda: None, cleared=lambda: None)
        saver, media = Saver(hub, told.saving, tmp_path), Media(told.events, tmp_path)
        both = EventPictures(told, media, saver.store_or_log)
        task = asyncio.create_task(both.run())
        for rendition in wanted:
            both.received(picture("event_clean" if rendition == "clean" else "event"))

        def found(folder: str) -> list[bytes]:
            return [path.read_bytes() for path in (tmp_path / folder).rglob("*.jpg")]

        await until(lambda: found("saved") == saved and found("events-media") == kept, "the pictures")
        task.cancel()

    asyncio.run(scene())


def test_pictures_that_wait_are_bounded(tmp_path: Path) -> None:
    async def scene() -> None:
        told = settings("annotated", snapshots=True)
        hub = Hub(Desired(told), changed=lambda: None, cleared=lambda: None)
        media = Media(told.events, tmp_path)
        both = EventPictures(told, media, Saver(hub, told.saving, tmp_path).store_or_log)
        for number in range(WAITING + 3):
            both.received(picture("event", number))
        assert media.lost == 3

    asyncio.run(scene())
