"""The web application: routes, and the server that answers them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import uvicorn
from fastapi import FastAPI, Response, WebSocket

from camwire.config.server import ServerConfig
from camwire.server import wire
from camwire.server.api import PREFIX, Services, create_api
from camwire.server.api.error_answers import add_error_answers
from camwire.server.auth.gate import Gate
from camwire.server.auth.security import secured
from camwire.server.connections import LARGEST_HEADERS, Limits, bounded_http, limits_of
from camwire.server.hub import Hub
from camwire.server.metrics import CONTENT_TYPE
from camwire.server.session import Delivered, serve_client
from camwire.server.tls import Certificate
from camwire.server.viewer import SecurityHeaders, Viewer, viewer_files
from camwire.server.websocket import BoundedWebSocket

PING_INTERVAL = 20.0
"""Seconds between pings, and until a missing answer ends the connection."""
ASKING = ["GET", "HEAD"]
"""How monitors ask."""
DEFAULT_LIMITS = limits_of(ServerConfig())


def create_app(
    hub: Hub, delivered: Delivered, not_ready: Callable[[], str | None], services: Services | None = None
) -> FastAPI:
    """``delivered`` hears of every picture sent; ``not_ready`` says why no pictures can come.

    Without ``services`` there are no REST API, no metrics and no accounts: then it answers on this machine.
    """
    security = services.security if services is not None else secured(ServerConfig(), None)
    app = FastAPI(title="camwire", docs_url=None, redoc_url=None, openapi_url=None)
    # The last one is the outermost.
    app.add_middleware(Gate, access=security.access, names=security.names, viewer_files=viewer_files())
    app.add_middleware(SecurityHeaders)
    add_error_answers(app)

    @app.api_route("/healthz", methods=ASKING)
    async def healthz() -> dict[str, str]:
        """The server answers."""
        return {"status": "ok"}

    @app.api_route("/readyz", methods=ASKING)
    async def readyz(response: Response) -> dict[str, str]:
        """A worker runs, which gets the others' cameras if they don't; 503 with the reason otherwise."""
        reason = not_ready()
        if reason is None:
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready", "reason": reason}

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await serve_client(socket, hub, delivered)

    if services is not None:
        reporter = services.reporter

        @app.get("/metrics")
        async def metrics() -> Response:
            """Everything that is measured, for Prometheus."""
            return Response(reporter.metrics(security.access.refusals), media_type=CONTENT_TYPE)

        app.mount(PREFIX, create_api(services))
    app.mount("/", Viewer())
    return app


class HttpServer(uvicorn.Server):
    """uvicorn's server without its signal handlers: the process has its own."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


def http_server(
    app: FastAPI,
    websocket: type[BoundedWebSocket] = BoundedWebSocket,
    *,
    limits: Limits = DEFAULT_LIMITS,
    certificate: Certificate | None = None,
    refused: Counter[str] | None = None,
) -> HttpServer:
    """uvicorn, with everything bounded and without compression: JPEG doesn't get smaller.

    ``refused`` counts connections that were ended, by cause.
    """
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=bounded_http(limits, Counter() if refused is None else refused),
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        # A proxy on this machine says who its clients are and whether they speak TLS.
        forwarded_allow_ips=["127.0.0.1", "::1", "::ffff:127.0.0.1"],
        ssl_context_factory=(lambda *_: certificate.context) if certificate is not None else None,
        ws=websocket,
        ws_max_size=wire.LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_INTERVAL,
        ws_ping_timeout=PING_INTERVAL,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return HttpServer(config)
