"""The HTTP side as a whole: the Flask app with its routes, and the gevent server that runs it.

Responsible for putting the gateway's parts together, for probes and metrics, errors and the access
log. It is given what it needs (`ports.GatewayDeps`) and must never know settings or engines.
"""

from __future__ import annotations

import socket
from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from flask_sock import Sock
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from wsproto.utilities import ProtocolError as HandshakeError

from controller.access.ports import Unavailable
from controller.gateway.api import api_blueprint
from controller.gateway.campaign_api import campaigns_blueprint
from controller.gateway.campaign_pages import campaign_pages_blueprint
from controller.gateway.flows_api import flows_blueprint
from controller.gateway.freeswitch_audio import add_freeswitch_audio
from controller.gateway.guard import add_guard
from controller.gateway.login.api import login_api
from controller.gateway.login.gate import add_gate
from controller.gateway.login.pages import login_pages
from controller.gateway.login.stays import Stays
from controller.gateway.pages import page, pages_blueprint
from controller.gateway.phone_api import phone_blueprint
from controller.gateway.ports import GatewayDeps
from controller.gateway.verto_socket import add_verto_socket
from controller.gateway.web_audio import add_web_audio
from controller.gateway.wire import SOCK_SERVER_OPTIONS

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 65_536
MAX_CONNECTIONS = 512
"""Open at once; more wait in the kernel's backlog."""
IDLE_S = 30.0
"""A connection that sends no request for so long is closed."""


def create_app(deps: GatewayDeps) -> Flask:
    """The WSGI app: pages, API, probes, metrics, `/ws/audio` and FreeSWITCH's media sockets."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["SOCK_SERVER_OPTIONS"] = SOCK_SERVER_OPTIONS
    add_guard(app, deps.allowed_hosts, deps.allowed_origins)
    add_gate(app, deps.access)
    app.register_blueprint(login_pages(deps.access))
    app.register_blueprint(login_api(deps.access))
    app.register_blueprint(pages_blueprint(deps))
    app.register_blueprint(api_blueprint(deps))
    app.register_blueprint(phone_blueprint(deps.phone))
    app.register_blueprint(flows_blueprint(deps.flows))
    app.register_blueprint(campaign_pages_blueprint(deps))
    app.register_blueprint(campaigns_blueprint(deps.campaigns))
    stays = Stays(deps.access.standing)
    add_web_audio(Sock(app), deps.opener, deps.limits, stays)
    if deps.verto is not None:
        add_verto_socket(Sock(app), deps.verto, deps.limits, stays)
    if deps.media_sockets is not None:
        add_freeswitch_audio(app, deps.media_sockets, deps.limits)
    _add_probes(app, deps)
    _add_errors(app, deps)
    return app


def serve(app: Flask, host: str, port: int) -> GatewayServer:
    """Listen and serve on this hub, returning at once. Port 0 takes a free one, see `.port`.

    Raises OSError when the address can't be bound.
    """
    server = GatewayServer(
        (host, port), app, spawn=Pool(MAX_CONNECTIONS), handler_class=_Handler, log=None
    )
    server.start()
    log.info("listening", host=host, port=server.port)
    return server


class GatewayServer(WSGIServer):  # type: ignore[misc]  # gevent has no types
    """gevent's server. `stop(timeout=…)` closes the listener, lets requests (and web sessions) finish
    for so many seconds, then ends them with a goodbye."""

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self.server_port)


class _Handler(WSGIHandler):  # type: ignore[misc]  # gevent has no types
    def __init__(self, sock: socket.socket, address: Any, server: GatewayServer) -> None:
        sock.settimeout(IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server)

    def handle_one_response(self) -> None:
        """Serve a request. After a WebSocket the connection is closed: what still comes on it is no
        request, and FreeSWITCH waits for its end."""
        super().handle_one_response()
        if self.status is None:  # nothing of HTTP was answered
            self.close_connection = True

    def log_request(self) -> None:
        """The access log: quiet unless we failed."""
        status = str(self._orig_status or "101").split()[0]  # a WebSocket leaves none
        seconds = self.time_finish - self.time_start
        tell = log.warning if status >= "500" and self.path != "/readyz" else log.debug
        tell(
            "request",
            method=self.command,
            path=shown_path(str(self.path)),
            status=status,
            ms=round(seconds * 1000, 1),
        )


def shown_path(path: str) -> str:
    """What the log may hold: no query, no token of a one-time link."""
    path = path.partition("?")[0]
    return "/setup/…" if path.startswith("/setup/") else path


def _add_probes(app: Flask, deps: GatewayDeps) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        missing = list(deps.missing())
        return jsonify(ready=not missing, missing=missing), 503 if missing else 200

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(deps.render_metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _add_errors(app: Flask, deps: GatewayDeps) -> None:
    def answer(error: HTTPException) -> Response:
        code = error.code or 500
        if code < 400:  # redirects are exceptions too
            return Response(error.get_body(), code, error.get_headers())
        if request.path.startswith("/api/"):
            name = (error.name or "error").lower().replace(" ", "_")
            response = jsonify(error={"code": name, "message": error.description or ""})
        else:
            response = Response(
                page("base_error.html", code=code), content_type="text/html; charset=utf-8"
            )
        response.status_code = code
        for name, value in error.get_headers():
            if name in ("Allow", "WWW-Authenticate"):
                response.headers[name] = value
        return response

    def records_down(error: Exception) -> Response:
        log.error("records unavailable", why=str(error))
        return answer(ServiceUnavailable("the records can't be read right now"))

    def bad_handshake(error: Exception) -> tuple[str, int]:
        log.debug("bad WebSocket handshake", why=str(error))
        return "this is no WebSocket handshake\n", 400

    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(deps.records_unavailable, records_down)
    app.register_error_handler(Unavailable, records_down)
    app.register_error_handler(HandshakeError, bad_handshake)
