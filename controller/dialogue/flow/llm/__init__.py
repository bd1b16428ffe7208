"""A language model as a flow's helper: it words and reads, never decides. Off by default."""

from controller.dialogue.flow.llm.helper import LlmHelper
from controller.dialogue.flow.llm.options import HelpOptions

__all__ = ["HelpOptions", "LlmHelper"]
