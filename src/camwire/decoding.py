"""msgspec's decoders, with errors of one kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

Data = TypeVar("Data")
Result = TypeVar("Result")


def decoded(decode: Callable[[Data], Result], data: Data) -> Result:
    """What ``decode`` makes of ``data``. Raises msgspec.DecodeError (msgspec.ValidationError among them), for
    text that isn't UTF-8, too, for which msgspec itself raises UnicodeDecodeError."""
    try:
        return decode(data)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from None
