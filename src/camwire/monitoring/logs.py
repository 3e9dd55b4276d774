"""Log lines: structlog's and everybody else's through one handler to standard error, with secrets masked.

Every value of every event passes through ``redact_event`` after tracebacks have become text, so neither an
exception's message nor a library's own log line shows a camera's password.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from camwire.config.secrets import SECRETS, SecretUrl

LEVELS = ("debug", "info", "warning", "error")

_PLAIN = (int, float, bool, type(None))


def setup_logging(level: str, json: bool = False) -> None:
    """Send log lines of ``level`` and above to standard error; call it once, when the process starts.

    ``json``: one JSON object a line; else lines for people, in colours on a terminal. Uncaught exceptions of
    any thread become log lines too. Raises ValueError for an unknown level.
    """
    if level not in LEVELS:
        raise ValueError(f"no log level is called {level!r}; known: {', '.join(LEVELS)}")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact_event,
                _renderer(json),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    _log_uncaught_exceptions()


def _renderer(json: bool) -> Processor:
    if json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def redact_event(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001
    """A structlog processor: masks secrets in every key and value; goes behind ``format_exc_info``."""
    return {SECRETS.redact(key): _redacted(value) for key, value in event.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return SECRETS.redact(value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, MutableMapping):
        return {SECRETS.redact(str(key)): _redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item) for item in value]
    return SECRETS.redact(str(value) if isinstance(value, SecretUrl | Exception) else repr(value))


def _log_uncaught_exceptions() -> None:
    """Python prints uncaught exceptions by itself, past every handler; log them instead."""
    logger = logging.getLogger("camwire")

    def of_main_thread(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            logger.critical("uncaught exception", exc_info=(kind, error, where))

    def of_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            name = arguments.thread.name if arguments.thread is not None else "gone"
            information = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
            logger.critical("uncaught exception in thread %s", name, exc_info=information)

    sys.excepthook = of_main_thread
    threading.excepthook = of_thread
