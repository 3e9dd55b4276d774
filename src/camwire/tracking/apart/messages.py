"""What a tracker in another process is asked and what it answers, as bytes.

A message is the length of its head, the head (msgpack) and the arrays that the head describes, one behind the
other. Of a batch goes what trackers read, so neither pictures nor keypoints or masks: tracks name the
detections that they were matched with by row, and so find the way back to them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from camwire.children import Remark
from camwire.frames import Batch, Detections, Frame, Size, Tracks

Arrays = Mapping[str, NDArray[Any]]
"""By the names of the fields of Detections or Tracks; those that are None are missing."""

READ = ("boxes", "scores", "classes", "frame_index", "detected", "weights")
"""What trackers read of Detections."""
DETAILS = ("keypoints", "masks", "corners")
REPORTED = tuple(field.name for field in fields(Tracks) if field.name not in DETAILS)
"""What they say of Tracks; the rest is added by whoever has the detections."""

HEAD_LENGTH = struct.Struct("<I")


class SeenFrame(msgspec.Struct, frozen=True, array_like=True):
    """What trackers read of a Frame."""

    camera: str
    epoch: int
    turn: int
    size: Size
    time: float
    arrived: float


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Take this tracker."""

    tracker: bytes
    """Pickled: it comes from the process that started this one, through a file descriptor of theirs alone."""
    last_ids: dict[str, int]
    """By camera; ids go on from there."""


class Step(msgspec.Struct, frozen=True, tag=True):
    """``Tracker.step``, with arrays of ``READ``."""

    frames: list[SeenFrame]


class Forget(msgspec.Struct, frozen=True, tag=True):
    """``Tracker.forget``."""

    camera: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """There is nothing to say."""


class Followed(msgspec.Struct, frozen=True, tag=True):
    """What a step gave, with arrays of ``REPORTED``."""

    rejected: int
    """Invalid boxes left out so far."""
    last_ids: list[int]
    """Of the cameras of the batch's frames."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The tracker raised an exception."""

    traceback: str


class Described(msgspec.Struct, frozen=True, array_like=True):
    """An array behind the head."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Question(msgspec.Struct, frozen=True, array_like=True):
    content: Begin | Step | Forget
    arrays: list[Described] = []


class Answer(msgspec.Struct, frozen=True, array_like=True):
    content: Done | Followed | Failed
    arrays: list[Described] = []
    remarks: list[Remark] = []


_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)  # remarks may hold anything
_QUESTIONS = msgspec.msgpack.Decoder(Question)
_ANSWERS = msgspec.msgpack.Decoder(Answer)


def pack_question(content: Begin | Step | Forget, arrays: Arrays | None = None) -> list[Any]:
    """Buffers that are the message, one behind the other."""
    arrays = arrays or {}
    return _parts(Question(content, _described(arrays)), arrays)


def pack_answer(
    content: Done | Followed | Failed, arrays: Arrays | None = None, remarks: Sequence[Remark] = ()
) -> list[Any]:
    """Buffers that are the message, one behind the other."""
    arrays = arrays or {}
    return _parts(Answer(content, _described(arrays), list(remarks)), arrays)


def unpack_question(message: memoryview) -> tuple[Question, Arrays]:
    """The arrays are copies."""
    head, behind = _split(message)
    question = _QUESTIONS.decode(head)
    return question, _copied(question.arrays, behind)


def unpack_answer(message: memoryview) -> tuple[Answer, Arrays]:
    """The arrays are copies."""
    head, behind = _split(message)
    answer = _ANSWERS.decode(head)
    return answer, _copied(answer.arrays, behind)


def step_of(batch: Batch, detections: Detections) -> tuple[Step, Arrays]:
    frames = [SeenFrame(f.camera, f.epoch, f.turn, f.size, f.time, f.arrived) for f in batch.frames]
    return Step(frames), _arrays(detections, READ)


def batch_of(step: Step) -> Batch:
    """A batch of frames of which only what trackers read is right."""
    return Batch(0, tuple(map(_frame, step.frames)), 0.0)


def detections_of(arrays: Arrays) -> Detections:
    return Detections(**arrays)


def arrays_of(tracks: Tracks) -> Arrays:
    return _arrays(tracks, REPORTED)


def tracks_of(arrays: Arrays) -> Tracks:
    return Tracks(**arrays)


def _frame(seen: SeenFrame) -> Frame:
    return Frame(
        camera=seen.camera,
        sequence=0,
        epoch=seen.epoch,
        picture=None,
        source_size=seen.size,
        size=seen.size,
        time=seen.time,
        arrived=seen.arrived,
        captured=0.0,
        decoded=seen.arrived,
        turn=seen.turn,
    )


def _arrays(of: Detections | Tracks, names: Sequence[str]) -> Arrays:
    every = ((name, getattr(of, name)) for name in names)
    return {name: array for name, array in every if array is not None}


def _described(arrays: Arrays) -> list[Described]:
    return [Described(name, array.dtype.str, array.shape) for name, array in arrays.items()]


def _parts(head: Question | Answer, arrays: Arrays) -> list[Any]:
    encoded = _ENCODER.encode(head)
    behind = (_contiguous(array) for array in arrays.values() if array.size)
    return [HEAD_LENGTH.pack(len(encoded)), encoded, *behind]


def _contiguous(array: NDArray[Any]) -> Any:
    """The array or, of a column of a wider one, its bytes, which keeps the interpreter's lock: to give it up
    for so little is to wait for it afterwards."""
    return array if array.flags.c_contiguous else array.tobytes()


def _split(message: memoryview) -> tuple[memoryview, memoryview]:
    """The head, and what lies behind it."""
    (length,) = HEAD_LENGTH.unpack_from(message)
    end = HEAD_LENGTH.size + length
    return message[HEAD_LENGTH.size : end], message[end:]


def _copied(described: Sequence[Described], behind: memoryview) -> Arrays:
    """An array each in memory of its own, so that whoever keeps one doesn't keep all. As bytes, which keeps
    the interpreter's lock, too."""
    arrays, begin = {}, 0
    for one in described:
        dtype = np.dtype(one.dtype)
        end = begin + dtype.itemsize * math.prod(one.shape)
        arrays[one.name] = np.frombuffer(bytearray(behind[begin:end]), dtype).reshape(one.shape)
        begin = end
    return arrays
