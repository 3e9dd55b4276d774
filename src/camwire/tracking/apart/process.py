"""The tracking process as its worker sees it: started, asked, ended."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from camwire.cores import ALLOWED
from camwire.exit_status import describe_exit
from camwire.tracking.apart.memory import Memory

LENGTH = struct.Struct("<Q")
"""All that goes over the socket: how long the message is that lies in the memory."""
TIMEVAL = struct.Struct("@ll")
"""Seconds and microseconds."""


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
                self._process = _started(theirs.fileno(), *(memory.descriptor for memory in memories))
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
            # Not settimeout, which waits and receives in two calls, each of which gives up the lock.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(patience))
            self._socket.send(LENGTH.pack(length))
            said = self._socket.recv(LENGTH.size)
        except BlockingIOError:
            self.end()
            raise ProcessEndedError(f"it gave no answer for {patience:g} s and was killed") from None
        except ConnectionError:
            said = b""
        if not said:
            self.end()  # if another thread is just doing so, there is no status yet
            raise ProcessEndedError(describe_exit(self._process.wait()))
        return self._answers.read(*LENGTH.unpack(said))

    def end(self) -> None:
        """Kill it: it holds nothing that anyone will miss."""
        self._end()


def _started(*descriptors: int) -> subprocess.Popen[bytes]:
    """A child that has the descriptors, under the same numbers."""
    with _signals_to_stop_held_back(), _any_core():
        return subprocess.Popen(
            [sys.executable, "-m", "camwire.tracking.apart.child", *map(str, descriptors)],
            stdin=subprocess.DEVNULL,
            stdout=2,  # ours may be read by programs
            pass_fds=descriptors,
        )


def _end(process: subprocess.Popen[bytes], connection: socket.socket, *memories: Memory) -> None:
    connection.close()
    process.kill()  # one that has ended keeps the status that it ended with
    process.wait()
    for memory in memories:
        memory.close()


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return TIMEVAL.pack(whole, int((seconds - whole) * 1e6))


@contextmanager
def _any_core() -> Iterator[None]:
    """A child that is started in here may use all cores that the worker may, whichever share of them the
    calling thread keeps to."""
    before = os.sched_getaffinity(0)
    with suppress(OSError):  # where nobody may choose
        os.sched_setaffinity(0, ALLOWED)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, before)


@contextmanager
def _signals_to_stop_held_back() -> Iterator[None]:
    """A child that is started in here never gets the signals with which a whole group or a service is told
    to stop: it inherits the thread's mask. The worker decides when it ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
