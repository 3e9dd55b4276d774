"""The certificate: loaded with words for what is wrong with it, and again when its files change."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from camwire.config.server import TlsConfig

LOOK_EVERY = 5.0
"""Seconds between two looks at the files."""

log = structlog.get_logger()


class CertificateError(Exception):
    """The certificate or its key can't be used; the message names the file and says what to do."""


class Certificate:
    """``context`` is the one that connections use, now and after the files have changed."""

    def __init__(self, settings: TlsConfig, folder: Path) -> None:
        """``folder``: where relative paths begin. Raises CertificateError."""
        self._certificate = folder / Path(settings.certificate).expanduser()
        self._key = folder / Path(settings.key).expanduser()
        self._seen = self._stamps()
        self.context = _empty_context()
        self._load()

    def _load(self) -> None:
        # Into a context that nobody uses first: half a change must not reach any connection.
        for context in (_empty_context(), self.context):
            _load(context, self._certificate, self._key)

    async def follow(self) -> None:
        """Use the files' new content for new connections, for ever; what can't be used is said and left."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            stamps = self._stamps()
            if stamps == self._seen:
                continue
            self._seen = stamps
            try:
                self._load()
            except CertificateError as error:
                log.error("the new certificate is not used, the one before goes on", problem=str(error))
            else:
                log.info("the certificate was loaded again", file=str(self._certificate))

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in (self._certificate, self._key)]


def _empty_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for setting, path in (("server.tls.certificate", certificate), ("server.tls.key", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise CertificateError(f"{setting}: {path} can't be read: {error.strerror}") from None
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except CertificateError:
        raise CertificateError(
            f"server.tls.key: {key} has a passphrase: take it off and let camwire's user alone read the file"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(
                f"server.tls: {key} is not the key of {certificate}: give the two that belong together"
            ) from None
        raise CertificateError(
            f"server.tls: {certificate} and {key} are no certificate and key as PEM ({error.reason or error})"
        ) from None
    except OSError as error:  # it was there a moment ago
        raise CertificateError(
            f"server.tls: {certificate} and {key} can't be read: {error.strerror}"
        ) from None


def _no_passphrase() -> str:
    raise CertificateError


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
