"""A language model behind the flow's helper protocol: polish, understand, explain.

Responsible for what a model is asked and for what of its answer counts. It never decides where a
conversation goes: its answers are a sentence that says what the flow's says, texts for slots that the
flow waits for, or one of the flow's own explanations. Whatever goes wrong, the flow goes on as if it
weren't there. Holds nothing of a session; the cache is shared.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import rjieba
import structlog

from controller.dialogue.agent.client import connect
from controller.dialogue.agent.failover import Failover
from controller.dialogue.agent.ports import ChatModel
from controller.dialogue.flow.llm.asking import ask, json_object
from controller.dialogue.flow.llm.facts import refusal
from controller.dialogue.flow.llm.options import HelpOptions
from controller.dialogue.flow.llm.prompt_texts import help_texts
from controller.dialogue.languages import language_of
from controller.dialogue.normalise import plain

_log = structlog.get_logger(__name__)
CACHED = 1000
"""Sentences that are kept in their friendlier form; those with a name or an amount come and go."""
MAX_SLOTS = 10
MAX_TOPICS = 20
VALUE_CHARS = 200
ANSWER_CHARS = 1500
ANSWER_TOKENS = 300


class LlmHelper:
    """A `controller.dialogue.flow.helper.FlowHelper`. `model`: usually a Failover."""

    def __init__(self, options: HelpOptions, language: str, model: ChatModel | None = None) -> None:
        """Without `model` the endpoint's are used; nothing is sent yet. Raises ValueError for an
        endpoint that is not set up, LookupError for a language that is not known."""
        self._language = language_of(language)
        self._texts = help_texts(self._language.code)
        self._options = options
        self._model = model or Failover(connect(options.endpoint))
        self._polished: OrderedDict[str, str] = OrderedDict()
        if self._language.code == "zh":
            rjieba.tag("您好")  # its dictionary is loaded now, not in a call

    def polish(self, text: str, facts: Sequence[str], language: str) -> str:
        """A friendlier form of `text`, or `text`. `facts`: words that must survive besides the usual."""
        if not self._options.polish_ms or language != self._language.code or not text.strip():
            return text
        if (known := self._polished.get(text)) is not None:
            self._polished.move_to_end(text)
            return known
        answer = ask(
            self._model,
            self._texts.polish,
            {"text": text},
            limit_ms=self._options.polish_ms,
            max_chars=2 * len(text) + 100,
            max_tokens=ANSWER_TOKENS,
        )
        if answer is None:
            return text  # no answer says nothing of the next one
        self._keep(text, self._judged(text, answer, facts))
        return self._polished[text]

    def understand(self, question: str, heard: str, slots: Mapping[str, str]) -> Mapping[str, str]:
        """Slot name → plain text, for those of `slots` (name → what it is) that `heard` answers."""
        if not self._options.understand_ms or not slots or not heard.strip():
            return {}
        wanted = dict(list(slots.items())[:MAX_SLOTS])
        answer = ask(
            self._model,
            self._texts.understand,
            {"question": plain(question), "heard": plain(heard), "slots": wanted},
            limit_ms=self._options.understand_ms,
            max_chars=ANSWER_CHARS,
            max_tokens=ANSWER_TOKENS,
        )
        found = json_object(answer or "")
        texts = {name: _as_text(found.get(name)) for name in wanted}
        return {name: text for name, text in texts.items() if text}

    def explain(self, question: str, heard: str, topics: Mapping[str, str]) -> str | None:
        """The one of `topics` (name → text) that answers `heard`, maybe friendlier; or None."""
        if not self._options.explain_ms or not topics or not heard.strip():
            return None
        known = dict(list(topics.items())[:MAX_TOPICS])
        answer = ask(
            self._model,
            self._texts.explain,
            {"question": plain(question), "heard": plain(heard), "topics": known},
            limit_ms=self._options.explain_ms,
            max_chars=ANSWER_CHARS,
            max_tokens=ANSWER_TOKENS,
        )
        found = json_object(answer or "")
        topic, words = found.get("topic"), found.get("words")
        if not isinstance(topic, str) or topic not in known:
            return None
        return self._judged(known[topic], words if isinstance(words, str) else "", ())

    def _judged(self, text: str, answer: str, facts: Sequence[str]) -> str:
        """`answer` when it says what `text` says, else `text`."""
        answer = answer.strip().strip('"“”').strip()
        why = refusal(text, answer, facts, self._language)
        if why is None:
            return answer
        _log.info("flow_help_refused", why=why.value)
        return text

    def _keep(self, text: str, said: str) -> None:
        self._polished[text] = said
        if len(self._polished) > CACHED:
            self._polished.popitem(last=False)


def _as_text(value: object) -> str:
    """A value of the model's JSON as the text that a slot reads; "" for all but text and numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return plain(str(value)[:VALUE_CHARS])
