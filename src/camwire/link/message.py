"""The base of all messages between the server and its workers."""

from __future__ import annotations

import msgspec

LARGEST_MESSAGE = 128 << 20
"""Bytes; the server closes the connection on which a larger one comes. More than any that is meant: a
camera's video (``sources.packets.LARGEST``), the heat maps of a hundred cameras."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """Base of all messages: immutable, told apart by their class name."""
