"""What the routes work with."""

from __future__ import annotations

from dataclasses import dataclass

from camwire.server.auth.security import Security
from camwire.server.configuration import Configuration
from camwire.server.desired import Desired
from camwire.server.events.parts import EventParts
from camwire.server.hub import Hub
from camwire.server.probing import Probing
from camwire.server.rehearsing import Rehearsing
from camwire.server.reporter import Reporter
from camwire.server.saver import Saver
from camwire.server.system import System
from camwire.server.workers import Workers


@dataclass(frozen=True, slots=True)
class Services:
    """The server's parts."""

    configuration: Configuration
    desired: Desired
    hub: Hub
    workers: Workers
    reporter: Reporter
    probing: Probing
    saver: Saver
    system: System
    events: EventParts
    rehearsing: Rehearsing
    security: Security
