"""The kinds of nodes a flow is made of. A new one is a file here and a line in `Node`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from controller.dialogue.flow.nodes.agent import AgentNode
from controller.dialogue.flow.nodes.ask import AskNode
from controller.dialogue.flow.nodes.branch import BranchNode
from controller.dialogue.flow.nodes.confirm import ConfirmNode
from controller.dialogue.flow.nodes.hangup import HangupNode
from controller.dialogue.flow.nodes.say import SayNode
from controller.dialogue.flow.nodes.set import SetNode
from controller.dialogue.flow.nodes.tool import ToolNode
from controller.dialogue.flow.nodes.transfer import TransferNode

Node = Annotated[
    SayNode
    | AskNode
    | ConfirmNode
    | BranchNode
    | SetNode
    | ToolNode
    | AgentNode
    | TransferNode
    | HangupNode,
    Field(discriminator="kind"),
]
