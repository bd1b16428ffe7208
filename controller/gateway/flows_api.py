"""`/api/v1/flows`: which version of its flow each bot plays, and taking up changed files now.

Responsible for the form of the answers (documented in `openapi_flows`). It knows no flow.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from controller.gateway.ports import FlowDesk, FlowState


def flows_blueprint(desk: FlowDesk | None) -> Blueprint:
    """The routes about flows; without a desk there are none."""
    api = Blueprint("flows", __name__, url_prefix="/api/v1/flows")

    @api.get("")
    def flows() -> Response:
        return jsonify(flows=[flow_json(state) for state in desk.status()] if desk else [])

    @api.post("/reload")
    def reload() -> Response:
        return jsonify(flows=[flow_json(state) for state in desk.reload()] if desk else [])

    return api


def flow_json(state: FlowState) -> dict[str, Any]:
    """A bot and its flow."""
    return {
        "bot": state.bot,
        "flow": state.flow,
        "file": state.file,
        "version": state.version,
        "since": state.since.isoformat(),
        "problems": list(state.problems),
    }
