"""What a service manager (systemd, with `Type=notify`) is told: that camwire is ready, well, and ending.

The protocol is sd_notify(3)'s: datagrams of `NAME=value` lines to the Unix socket that `NOTIFY_SOCKET` names.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, MutableMapping

import structlog

from camwire.config.secrets import SECRETS

STATUS_EVERY = 5.0
"""Seconds between two looks at the status, where no watchdog asks for a shorter time."""
LONGEST_STATUS = 200

log = structlog.get_logger()


class ServiceManager:
    """Says nothing where there is none. Telling never waits and never raises; the first failure is logged."""

    def __init__(self, address: str | None = None, watchdog: float | None = None) -> None:
        """``address``: of the Unix socket, `@` standing for the abstract namespace's zero byte. ``watchdog``:
        the seconds after which a server that has not said that it is well is killed; None: nobody looks."""
        self._address = address and ("\0" + address[1:] if address.startswith("@") else address)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)
        self.watchdog = watchdog
        self._ready = False
        self._status = ""
        self._failed = False

    @classmethod
    def of_environment(cls, environment: MutableMapping[str, str]) -> ServiceManager:
        """As the manager has left it there; taken out, so that no child process speaks for this one."""
        address = environment.pop("NOTIFY_SOCKET", None)
        microseconds = environment.pop("WATCHDOG_USEC", "")
        process = environment.pop("WATCHDOG_PID", None)
        watched = microseconds.isdecimal() and int(microseconds) > 0 and process in (None, str(os.getpid()))
        return cls(
            address if address and address[0] in "/@" else None, int(microseconds) / 1e6 if watched else None
        )

    def ready(self) -> None:
        """Clients can connect."""
        self._ready = self._tell("READY=1")

    def stopping(self) -> None:
        """The server ends in good order."""
        self._tell("STOPPING=1", "STATUS=stopping")

    def status(self, text: str) -> None:
        """A line for people, told where it has changed; secrets in it are masked."""
        line = " ".join(SECRETS.redact(text).split())[:LONGEST_STATUS]
        if line != self._status and self._tell(f"STATUS={line}"):
            self._status = line

    async def follow(self, healthy: Callable[[], bool], status: Callable[[], str]) -> None:
        """For ever: say that the server is well while ``healthy`` says so, and how it does.

        As a task of the server's own event loop it falls silent, too, when that no longer turns.
        """
        if self._socket is None:
            return
        while True:
            if not self._ready:
                self.ready()
            if self.watchdog is not None:
                if healthy():
                    self._tell("WATCHDOG=1")
                else:
                    log.error(
                        "a part of the server has ended by itself; the service manager will start it anew"
                    )
            self.status(status())
            # Half of the time, as sd_watchdog_enabled(3) advises.
            await asyncio.sleep(min(STATUS_EVERY, (self.watchdog or 2 * STATUS_EVERY) / 2))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _tell(self, *lines: str) -> bool:
        """Whether it was taken; false, too, while the manager reads nothing."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address or "")
        except BlockingIOError:
            return False
        except OSError as error:
            if not self._failed:
                log.warning("the service manager can't be told anything", problem=error.strerror)
            self._failed = True
            return False
        return True
