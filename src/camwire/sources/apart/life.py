"""One source process, from its start to its end."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress

from camwire.children import give_up_sending_after, receive_within, start_child
from camwire.exit_status import describe_exit
from camwire.sources.apart.blame import Fault, LastWords
from camwire.sources.apart.messages import Outgoing
from camwire.sources.apart.shelves import Lender, Places

CHILD = "camwire.sources.apart.child"
HANGS = 5
"""Seconds that it may take to take an order."""
LARGEST = 1 << 20
"""Bytes received at once."""


class Life:
    """The process and the socket to it. It ends with this process, whatever ends it."""

    def __init__(self, lender: Lender) -> None:
        """Raises OSError where it can't be started."""
        with ExitStack() as opened:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            opened.callback(ours.close)
            places = Places.new()
            opened.callback(places.close)
            last_words = LastWords.new()
            opened.callback(last_words.close)
            with theirs:
                descriptors = theirs.fileno(), places.descriptor, last_words.descriptor
                arguments = *map(str, descriptors), *lender.borrower
                self._process = start_child(CHILD, *arguments, descriptors=descriptors)
            opened.pop_all()
        self.places = places
        self._last_words = last_words
        self._connection = ours
        give_up_sending_after(ours, HANGS)
        self.say = Outgoing(ours)

    @property
    def pid(self) -> int:
        return self._process.pid

    def hear(self, patience: float) -> bytes:
        """What has come; empty when the process has ended. Raises TimeoutError after ``patience`` seconds."""
        return receive_within(self._connection, patience, LARGEST)

    def end(self) -> str:
        """Kill it, if it hasn't ended; how it ended, for people."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # whoever listens wakes up
        self._process.kill()  # one that has ended keeps the status that it ended with
        return describe_exit(self._process.wait())

    def fault(self) -> Fault | None:
        """After its end: in which of its threads a fatal signal came, if that was it."""
        return self._last_words.fault()

    def close(self) -> None:
        """After its end, by whoever listened."""
        self._connection.close()
        self.places.close()
        self._last_words.close()
