"""What the gateway and the console are given of a running process.

Responsible for naming, in one place each, the parts that pages, API and console may see.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from controller.bots import titles
from controller.gateway.console.ports import ConsoleDeps
from controller.gateway.limits import WebLimits
from controller.gateway.ports import BotInfo, GatewayDeps
from controller.storage.engine import DatabaseUnavailable

if TYPE_CHECKING:
    from controller.app import Controller


def gateway_deps(controller: Controller) -> GatewayDeps:
    """The gateway's view."""
    settings = controller.settings
    return GatewayDeps(
        opener=controller,
        registry=controller.registry,
        records=controller.records,
        bots=[BotInfo(*bot) for bot in titles(settings.bots)],
        default_bot=settings.default_bot,
        missing=controller.missing,
        render_metrics=controller.metrics.render,
        access=controller.access.access,
        records_unavailable=DatabaseUnavailable,
        allowed_hosts=settings.http.allowed_hosts,
        allowed_origins=settings.http.allowed_origins,
        limits=WebLimits(),
        media_sockets=controller.telephony.door if controller.telephony else None,
        phone=controller.desk,
        campaigns=controller.campaigns,
        flows=controller.flows,
        verto=controller.pages,
    )


def console_deps(controller: Controller) -> ConsoleDeps:
    """The console's view."""
    return ConsoleDeps(
        registry=controller.registry,
        transcripts=controller.transcripts,
        stats=controller.stats,
        drain=lambda: os.kill(os.getpid(), signal.SIGTERM),
        phone=controller.desk,
        campaigns=controller.campaigns,
        records=controller.records,
        records_unavailable=DatabaseUnavailable,
        flows=controller.flows,
    )
