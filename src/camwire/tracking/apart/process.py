"""The tracking process as its worker sees it: started, asked, ended."""

from __future__ import annotations

import socket
import struct
import subprocess
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from camwire.children import receive_within, start_child
from camwire.exit_status import describe_exit
from camwire.tracking.apart.memory import Memory

CHILD = "camwire.tracking.apart.child"
LENGTH = struct.Struct("<Q")
"""All that goes over the socket: how long the message is that lies in the memory."""


class ProcessEndedError(RuntimeError):
    """The tracking process is gone, or was killed because it gave no answer; the message says which."""


class TrackingProcess:
    """A child that answers questions, one at a time. It ends with this process, whatever ends it, and with
    this object; a signal to the worker to stop doesn't reach it."""

    def __init__(self) -> None:
        """Raises OSError where it can't be started."""
        with ExitStack() as opened:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.callback(ours.close)
            memories = Memory.new(), Memory.new()
            for memory in memories:
                opened.callback(memory.close)
            with theirs:
                descriptors = (theirs.fileno(), *(memory.descriptor for memory in memories))
                self._process = start_child(CHILD, *map(str, descriptors), descriptors=descriptors)
            opened.pop_all()
        self._socket = ours
        self._questions, self._answers = memories
        self._end = weakref.finalize(self, _end, self._process, ours, *memories)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, parts: Sequence[Any], patience: float) -> memoryview:
        """The answer to a question, both as buffers of ``messages.py``; valid until the next question.

        Raises ProcessEndedError; after ``patience`` seconds, too.
        """
        length = self._questions.write(parts)
        try:
            said = self._said(length, patience)
        except TimeoutError:
            self.end()
            raise ProcessEndedError(f"it gave no answer for {patience:g} s and was killed") from None
        if not said:
            self.end()  # if another thread is just doing so, there is no status yet
            raise ProcessEndedError(describe_exit(self._process.wait()))
        return self._answers.read(*LENGTH.unpack(said))

    def _said(self, length: int, patience: float) -> bytes:
        """To a question of that length; nothing when the process has ended. Raises TimeoutError."""
        try:
            self._socket.send(LENGTH.pack(length))
        except ConnectionError:
            return b""
        return receive_within(self._socket, patience, LENGTH.size)

    def end(self) -> None:
        """Kill it: it holds nothing that anyone will miss."""
        self._end()


def _end(process: subprocess.Popen[bytes], connection: socket.socket, *memories: Memory) -> None:
    connection.close()
    process.kill()  # one that has ended keeps the status that it ended with
    process.wait()
    for memory in memories:
        memory.close()
