"""How a flow's helper is set up: plain values, made from the settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from controller.dialogue.agent.options import Endpoint


@dataclass(frozen=True, slots=True)
class HelpOptions:
    """What the model may do, and how long it may take, in ms; 0 means that it may not.

    The times are waits of a caller: those of `polish_ms` come before every sentence that is not in the
    cache, those of the others only where nothing was understood.
    """

    endpoint: Endpoint
    polish_ms: int = 0
    understand_ms: int = 0
    explain_ms: int = 0
