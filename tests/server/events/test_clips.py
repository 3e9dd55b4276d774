"""Videos around events: one for all events that it shows, kept when it comes, given up when it doesn't."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from camwire.config.events import ClipsConfig, EventsConfig
from camwire.link.answers import ClipMade
from camwire.server.desired import Desired
from camwire.server.events import clips
from camwire.server.events.clips import Clips
from camwire.server.events.event import StoredEvent
from camwire.server.events.media import Media
from tests.server.configs import config
from tests.server.running import until

AROUND = ClipsConfig(before=2, after=3)
T = 1_700_000_000.0
NOW = 1000.0


def event(time: float, camera: str = "gate", sequence: int = 7) -> StoredEvent:
    return StoredEvent(f"w-{time}", T + time, camera, "door", "in", {"frame": sequence})


def planning(folder: Path) -> tuple[Clips, Desired, Media, list[int]]:
    desired, changes = Desired(config("gate", "yard")), []
    media = Media(EventsConfig(), folder)
    return Clips(desired, lambda: changes.append(desired.revision), media), desired, media, changes


def test_an_event_that_an_earlier_video_shows_has_none_of_its_own(tmp_path: Path) -> None:
    planned, desired, _, changes = planning(tmp_path)
    first = planned.name_for(event(0), AROUND, NOW)
    assert first == "gate/20231114T221320.000Z-000000007.mp4"
    assert planned.name_for(event(3), AROUND, NOW) == first
    assert planned.name_for(event(0.5), AROUND, NOW) == first, "an event that is sent again has the same"
    second = planned.name_for(event(4), AROUND, NOW)
    other = planned.name_for(event(1, "yard"), AROUND, NOW)
    assert len({first, second, other}) == 3
    wanted = desired.document().clips
    assert [(one.camera, one.since - T, one.until - T) for one in wanted] == [
        ("gate", -2, 3),
        ("gate", 2, 7),
        ("yard", -1, 4),
    ]
    assert len(changes) == 3
    assert [one.camera for one in desired.document({"yard"}).clips] == ["yard"]


def test_what_comes_is_kept_under_its_name_and_no_longer_wanted(tmp_path: Path) -> None:
    async def scene() -> None:
        planned, desired, media, _ = planning(tmp_path)
        task = asyncio.create_task(planned.run())
        name = planned.name_for(event(0), AROUND, NOW)
        gone = planned.name_for(event(0, "yard"), AROUND, NOW)
        gate, yard = desired.document().clips
        planned.answered(ClipMade(worker="cpu", clip=gate.id, mp4=b"MP4", seconds=5))
        planned.answered(ClipMade(worker="cpu", clip=yard.id, reason="nothing is kept"))
        planned.answered(ClipMade(worker="cpu", clip="of someone else", mp4=b"?"))
        await until(lambda: (media.folder / str(name)).exists(), "the video")
        assert (media.folder / str(name)).read_bytes() == b"MP4"
        assert not (media.folder / str(gone)).exists()
        assert desired.document().clips == ()
        task.cancel()

    asyncio.run(scene())


def test_what_never_comes_is_given_up(tmp_path: Path) -> None:
    planned, desired, _, _ = planning(tmp_path)
    planned.name_for(event(0), AROUND, NOW)
    planned._give_up(NOW + 3 + clips.TIMEOUT - 1)
    assert len(desired.document().clips) == 1
    planned._give_up(NOW + 3 + clips.TIMEOUT + 1)
    assert desired.document().clips == ()


def test_after_a_clock_was_set_back_an_event_has_a_video_of_its_own(tmp_path: Path) -> None:
    planned, desired, _, _ = planning(tmp_path)
    first = planned.name_for(event(0), AROUND, NOW)
    second = planned.name_for(event(-3600), AROUND, NOW + 1)
    assert first != second
    assert [one.since - T for one in desired.document().clips] == [-2, -3602]
    assert planned.name_for(event(-3599), AROUND, NOW + 2) == second


def test_what_never_comes_is_given_up_while_others_come(tmp_path: Path) -> None:
    async def scene() -> None:
        planned, desired, media, _ = planning(tmp_path)
        now = time.monotonic()
        planned.name_for(event(0, "yard"), AROUND, now - AROUND.after - clips.TIMEOUT - 1)
        name = planned.name_for(event(100), AROUND, now)
        task = asyncio.create_task(planned.run())
        planned.answered(ClipMade(worker="cpu", clip=desired.document().clips[1].id, mp4=b"MP4", seconds=5))
        await until(lambda: (media.folder / str(name)).exists(), "the video")
        await until(lambda: desired.document().clips == (), "the other is given up")
        task.cancel()

    asyncio.run(scene())


def test_videos_that_wait_for_the_disk_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MOST_BYTES", 10)

    async def scene() -> None:
        planned, desired, media, _ = planning(tmp_path)
        names = [str(planned.name_for(event(10 * number), AROUND, NOW)) for number in range(4)]
        for wish, size in zip(desired.document().clips, (12, 1, 8, 8), strict=True):
            planned.answered(ClipMade(worker="cpu", clip=wish.id, mp4=bytes(size), seconds=5))
        assert media.lost == 3
        task = asyncio.create_task(planned.run())
        await until(lambda: (media.folder / names[0]).exists() and planned._bytes == 0, "the first")
        assert [(media.folder / name).exists() for name in names] == [True, False, False, False]
        again = planned.name_for(event(100), AROUND, NOW)
        planned.answered(ClipMade(worker="cpu", clip=desired.document().clips[0].id, mp4=bytes(8), seconds=5))
        await until(lambda: (media.folder / str(again)).exists(), "there is room again")
        task.cancel()

    asyncio.run(scene())


def test_videos_under_way_are_bounded(tmp_path: Path) -> None:
    planned, desired, _, _ = planning(tmp_path)
    names = [planned.name_for(event(10 * number), AROUND, NOW) for number in range(clips.MOST + 5)]
    assert names[clips.MOST :] == [None] * 5
    assert len(desired.document().clips) == clips.MOST


def test_a_video_on_demand(tmp_path: Path) -> None:
    async def scene() -> None:
        planned, desired, _, _ = planning(tmp_path)
        asking = asyncio.create_task(planned.save("gate", 4.0))
        await until(lambda: desired.document().clips, "the wish")
        (wish,) = desired.document().clips
        assert wish.until - wish.since == 4.0
        made = ClipMade(worker="cpu", clip=wish.id, mp4=b"MP4", seconds=4.5)
        planned.answered(made)
        assert await asking == made
        assert desired.document().clips == ()

    asyncio.run(scene())
