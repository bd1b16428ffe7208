"""Scripted conversations: a YAML file of nodes, slots and texts, played turn by turn."""

from __future__ import annotations

from controller.dialogue.flow.loader import FlowError, load_flow
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.strategy import FlowStrategy

__all__ = ["Flow", "FlowError", "FlowStrategy", "load_flow"]
