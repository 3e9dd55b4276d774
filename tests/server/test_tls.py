"""Certificates: used, used anew when their files change, and explained when they can't be."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from websockets.asyncio.client import ClientConnection, connect

from camwire.config.server import TlsConfig
from camwire.server import tls
from camwire.server.tls import Certificate, CertificateError
from camwire.server.websocket import BoundedWebSocket
from tests.server.auth.serving import TLS, serving, write_certificate
from tests.server.running import header, until

pytestmark = pytest.mark.integration

FILES = TlsConfig(certificate="cert.pem", key="key.pem")


def test_https_is_spoken_and_http_is_not(tmp_path: Path) -> None:
    async def test() -> None:
        async with serving(tmp_path, TLS, accounts=False) as served:
            assert served.address.startswith("https://127.0.0.1:")
            async with served.client() as client:
                answer = await client.get("/healthz")
                assert answer.status_code == 200
                assert answer.headers["strict-transport-security"].startswith("max-age=")
            port = int(served.address.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                assert b"HTTP" not in await asyncio.wait_for(reader.read(), 30)
            writer.close()

    asyncio.run(test())


def test_old_protocols_are_refused(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    assert Certificate(FILES, tmp_path).context.minimum_version == ssl.TLSVersion.TLSv1_2


async def issuer(port: int) -> object:
    """Whose certificate a new connection gets."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
    return certificate


def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LOOK_EVERY", 0.01)

    async def test() -> None:
        async with serving(tmp_path, TLS, accounts=False) as served:
            certificate = served.server.security.certificate
            assert certificate is not None
            following = asyncio.create_task(certificate.follow())
            port = int(served.address.rpartition(":")[2])
            first = await issuer(port)
            (tmp_path / "key.pem").write_text("half written")
            await asyncio.sleep(0.05)
            assert await issuer(port) == first
            write_certificate(tmp_path)
            async with asyncio.timeout(10):
                while await issuer(port) == first:
                    await asyncio.sleep(0.01)
            following.cancel()

    asyncio.run(test())


def test_what_is_wrong_is_said_with_the_file(tmp_path: Path) -> None:
    def problem() -> str:
        with pytest.raises(CertificateError) as caught:
            Certificate(FILES, tmp_path)
        return str(caught.value)

    assert f"server.tls.certificate: {tmp_path / 'cert.pem'} can't be read: No such file" in problem()
    write_certificate(tmp_path)
    good = (tmp_path / "key.pem").read_bytes()
    (tmp_path / "key.pem").unlink()
    assert f"server.tls.key: {tmp_path / 'key.pem'} can't be read" in problem()
    (tmp_path / "key.pem").write_text("no key")
    assert "no certificate and key as PEM" in problem()
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other)
    (tmp_path / "key.pem").write_bytes((other / "key.pem").read_bytes())
    assert f"{tmp_path / 'key.pem'} is not the key of" in problem()
    key = serialization.load_pem_private_key(good, None)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    assert "has a passphrase: take it off" in problem()


def test_following_goes_on_while_files_are_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "LOOK_EVERY", 0.005)

    async def test() -> None:
        write_certificate(tmp_path)
        certificate = Certificate(FILES, tmp_path)
        following = asyncio.create_task(certificate.follow())
        (tmp_path / "cert.pem").unlink()
        await until(lambda: certificate._seen[0] is None, "it is seen to be away")
        write_certificate(tmp_path)
        await until(lambda: certificate._seen[0] is not None, "it is back")
        assert not following.done()
        following.cancel()

    asyncio.run(test())


def test_files_that_go_while_they_are_read_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """load_cert_chain opens the files by itself, after they were found."""
    monkeypatch.setattr(tls, "LOOK_EVERY", 0.005)

    def away(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    async def test() -> None:
        write_certificate(tmp_path)
        certificate = Certificate(FILES, tmp_path)
        following = asyncio.create_task(certificate.follow())
        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", away)
        with pytest.raises(CertificateError, match="can't be read: No such file"):
            Certificate(FILES, tmp_path)
        before = certificate._seen
        (tmp_path / "cert.pem").write_text("longer" * 1000)
        await until(lambda: certificate._seen != before, "the change is seen")
        await asyncio.sleep(0)
        assert not following.done()
        following.cancel()

    asyncio.run(test())


def test_a_stalled_client_costs_little_and_is_cut_off_under_tls_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedWebSocket, "drain_timeout", 0.3)
    picture = bytes(200_000)

    async def test() -> None:
        async with serving(tmp_path, TLS, accounts=False) as served:
            hub = served.server.hub
            options = {"ssl": served.trusts, "max_queue": 1, "max_size": None, "compression": None}
            async with (
                connect(served.socket, **options) as stalled,
                connect(served.socket, **options) as reading,
            ):
                received = asyncio.create_task(read_on(reading))
                await until(lambda: len(hub.clients) == 2, "both are there")
                [slow, _] = hub.clients.values()
                async with asyncio.timeout(30):
                    while slow.id in hub.clients:
                        hub.publish(header("gate"), picture)
                        await asyncio.sleep(0.005)
                assert len(hub.clients) == 1, "the other goes on"
                assert slow.sent < 40, "what is sent to nobody is bounded by the sockets' buffers"
                stalled.transport.abort()
                received.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await received
            await until(lambda: not hub.clients, "nobody is left")

    asyncio.run(test())


async def read_on(socket: ClientConnection) -> None:
    async for _ in socket:
        pass
