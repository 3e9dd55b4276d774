"""What is wrong with a source, in words for people."""

from __future__ import annotations

import errno

import av


class SourceError(Exception):
    """A source can't be opened or read. Its text is for people and holds no secret."""


class LoginRefusedError(SourceError):
    """User name or password is missing or wrong. Cameras lock accounts that are tried too often."""


def opening_fault(error: Exception, place: str, *, local: bool, seconds: float, timeout: float) -> str:
    """Why opening failed.

    ``error`` came from ``av.open`` after ``seconds``; its own text is never used, since it holds the URL.
    ``local``: a file or a device. A timeout shows in ``seconds`` rather than in the error, because FFmpeg
    reports an interrupted RTSP answer as invalid data.
    """
    if seconds >= timeout * 0.98 or isinstance(error, (av.error.ExitError, TimeoutError)):
        return f"no answer from {place} within {timeout:g} s"
    if isinstance(error, av.FFmpegError):
        return _local_fault(error, place) if local else _network_fault(error, place)
    if isinstance(error, RuntimeError):
        return f"the device that is to decode can't decode the video of {place}"
    return f"{place} can't be opened ({type(error).__name__})"


def lookup_fault(host: str, seconds: float) -> str:
    """No name server answered."""
    return f"the host name {host} could not be looked up in {seconds:.0f} s: does the DNS server answer?"


def reading_fault(error: Exception, place: str, *, timeout: float) -> str:
    """Why reading failed; ``error`` came from FFmpeg's demuxer."""
    if isinstance(error, (av.error.ExitError, TimeoutError)):
        return silence(place, timeout)
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return f"{place} broke the connection off"
    if getattr(error, "errno", None) == errno.ENODEV:
        return f"{place} was unplugged"
    return f"reading from {place} failed: {_words(error)}"


def silence(place: str, timeout: float) -> str:
    """Nothing came for ``timeout`` seconds."""
    return f"{place} has gone silent: nothing came for {timeout:g} s"


def _network_fault(error: av.FFmpegError, place: str) -> str:
    for kind, words in _NETWORK_FAULTS:
        if isinstance(error, kind):
            return words.format(place=place)
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN):
        return f"{place} can't be reached from here: check network and address"
    if error.errno == errno.EPROTONOSUPPORT:
        return f"{place} does not offer this transport: try the other of tcp and udp"
    if error.errno == errno.EIO:
        return f"{place} gave no answer that makes sense"
    return f"{place} can't be opened: {_words(error)}"


_NETWORK_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (ConnectionRefusedError, "{place} refuses the connection: is the camera on, is the port right?"),
    (av.error.HTTPUnauthorizedError, "{place} answers 401: user name or password is missing or wrong"),
    (av.error.HTTPForbiddenError, "{place} answers 403: this user may not see this stream"),
    (av.error.HTTPNotFoundError, "{place} answers 404: it has no such stream; check the URL's path"),
    (av.error.HTTPTooManyRequestsError, "{place} answers 429: too many requests"),
    (av.error.HTTPClientError, "{place} does not accept the request (an answer of 4xx)"),
    (av.error.HTTPError, "{place} reports an error of its own (an answer of 5xx)"),
    (ConnectionResetError, "{place} broke the connection off"),
    (BrokenPipeError, "{place} broke the connection off"),
    (av.error.EOFError, "{place} closed the connection without an answer"),
    (av.error.InvalidDataError, "{place} answers, but not with a video stream"),
    (av.error.DecoderNotFoundError, "the codec of {place} is not supported"),
)


def _local_fault(error: av.FFmpegError, place: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no {place}"
    if isinstance(error, PermissionError):
        return f"{place} may not be read: permission denied"
    if isinstance(error, IsADirectoryError):
        return f"{place} is a folder"
    if isinstance(error, (av.error.InvalidDataError, av.error.EOFError)):
        return f"{place} is not a video or an image that can be read"
    return f"{place} can't be opened: {_words(error)}"


def _words(error: Exception) -> str:
    """FFmpeg's short description, which never holds the URL."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
