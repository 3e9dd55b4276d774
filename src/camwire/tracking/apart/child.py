"""The tracking process: takes a tracker, answers questions about it, and ends when nobody asks any more.

python -m camwire.tracking.apart.child SOCKET QUESTIONS ANSWERS     numbers of file descriptors
"""

from __future__ import annotations

import pickle
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any

from camwire.children import Remark, log_to
from camwire.tracking.apart.memory import Memory
from camwire.tracking.apart.messages import (
    Arrays,
    Begin,
    Done,
    Failed,
    Followed,
    Forget,
    Question,
    Step,
    arrays_of,
    batch_of,
    detections_of,
    pack_answer,
    unpack_question,
)
from camwire.tracking.apart.process import LENGTH
from camwire.tracking.engine import Engine


class Answers:
    """What there is to say to each question."""

    def __init__(self) -> None:
        self._tracker: Engine[Any] | None = None

    def __call__(self, question: Question, arrays: Arrays) -> tuple[Done | Followed | Failed, Arrays]:
        """Whatever the tracker raises is the answer: this process's supervisor boundary."""
        try:
            return self._answer(question.content, arrays)
        except Exception:  # noqa: BLE001 - the worker's lane logs and counts it
            return Failed(traceback.format_exc()), {}

    def _answer(self, asked: Begin | Step | Forget, arrays: Arrays) -> tuple[Done | Followed, Arrays]:
        match asked:
            case Begin():
                self._tracker = pickle.loads(asked.tracker)
                self._begun.go_on_from(asked.last_ids)
            case Forget():
                self._begun.forget(asked.camera)
            case Step():
                tracks = self._begun.step(batch_of(asked), detections_of(arrays))
                last = self._begun.last_ids([frame.camera for frame in asked.frames])
                return Followed(self._begun.rejected, last), arrays_of(tracks)
        return Done(), {}

    @property
    def _begun(self) -> Engine[Any]:
        if self._tracker is None:
            raise RuntimeError("asked before it was given a tracker")
        return self._tracker


def serve(connection: socket.socket, questions: Memory, answers: Memory) -> None:
    """Answer until the other end is closed."""
    answer = Answers()
    remarks: list[Remark] = []
    log_to(remarks.append)
    while said := connection.recv(LENGTH.size):
        content, arrays = answer(*unpack_question(questions.read(*LENGTH.unpack(said))))
        length = answers.write(pack_answer(content, arrays, remarks))
        remarks.clear()
        connection.send(LENGTH.pack(length))


if __name__ == "__main__":
    ours, asked, said = map(int, sys.argv[1:])
    with suppress(ConnectionError):  # the worker ended before it had its answer
        serve(socket.socket(fileno=ours), Memory(asked), Memory(said))
