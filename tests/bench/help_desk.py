"""A help desk that works on a clean machine: sample data, and a language model with a script.

Responsible for what the server needs to offer support_en and support_zh without anybody's language
model, and for what the scripted one answers. It is a real HTTP server; what is found, looked up and
written down is done by the product alone, and the script only says it. It must never know the
conversation that is held.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller import samples
from controller.dialogue.knowledge.base import KnowledgeBase
from controller.dialogue.knowledge.minilm import MiniLm
from controller.dialogue.languages import language_of
from tests.simulator.llm_server import Answer, LlmServer, calls, done, says, speaks

BOTS = ("support_en", "support_zh")
_DOCUMENTS = re.compile(r"<documents>\n(.*?)\n</documents>\n", re.DOTALL)
_SERIAL = re.compile(r"MR1\d{6}", re.IGNORECASE)
_LEAVES = re.compile(r"good ?bye|that is all|that's all|再见|没有别的", re.IGNORECASE)
_WANTS_TICKET = re.compile(r"ticket|工单", re.IGNORECASE)
_ASKS_ORDER = re.compile(r"\border\b|[订定]单|快递", re.IGNORECASE)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SENTENCE = re.compile(r"[^.。！!]+[.。！!]")
SENTENCES = 2


@contextmanager
def help_desk(var_dir: Path) -> Iterator[Mapping[str, str]]:
    """Environment of a server that offers the help desk; its own data are in `var_dir`.

    A model that the environment already names is used instead of the scripted one.
    """
    samples.make_database(var_dir)
    place = var_dir / "knowledge"
    samples.add_documents(KnowledgeBase(place, MiniLm(place / "models")))
    settings = {
        "SWITCHTALK_VAR_DIR": str(var_dir),
        "SWITCHTALK_TOOLS__LOOKUP": json.dumps(samples.lookups(var_dir)),
    }
    agents = [f"SWITCHTALK_BOTS__{bot.upper()}__AGENT__" for bot in BOTS]
    if any(f"{agent}BASE_URL" in os.environ for agent in agents):
        yield settings
        return
    with LlmServer(script) as model:
        for agent in agents:
            settings |= {f"{agent}BASE_URL": model.url, f"{agent}MODEL": "scripted"}
        yield settings


def script(body: dict[str, Any]) -> Answer:
    """The scripted model's answer to one request."""
    last = body["messages"][-1]
    said = str(last["content"])
    chinese = bool(_CHINESE.search(body["messages"][0]["content"]))  # the instructions
    if last["role"] == "tool":
        return speaks(_told(said, chinese=chinese))
    passages, words = _taken_apart(said)
    if _LEAVES.search(words):
        farewell = "感谢您的来电，再见。" if chinese else "Thank you for calling. Goodbye."
        return _calls("hangup", {"reason": "done"}, farewell)
    if _WANTS_TICKET.search(words):
        subject = "麦洛 R1 需要更换" if chinese else "Marlow R1 to be exchanged"
        return _calls("create_ticket", {"subject": subject, "body": words, "priority": "high"})
    if serial := _SERIAL.search(words):
        return _look_up("warranty", serial=serial[0].upper())
    number = language_of("zh" if chinese else "en").digits(words)
    if len(number) == 5:
        return _look_up("order", number=number)
    if _ASKS_ORDER.search(words):
        return speaks("请说一下五位数字的订单号。" if chinese else "What is your order number, please?")
    return speaks(_from_documents(passages, chinese=chinese))


def _taken_apart(said: str) -> tuple[list[dict[str, str]], str]:
    """The passages before the caller's words, and those words."""
    found = _DOCUMENTS.match(said)
    return (json.loads(found[1]), said[found.end() :]) if found else ([], said)


def _from_documents(passages: list[dict[str, str]], *, chinese: bool) -> str:
    """The beginning of the best passage: nothing that is not in the documents."""
    if not passages:
        return "这个我在手册里没有找到。" if chinese else "I can't find that in the manual."
    text = " ".join(passages[0]["text"].replace(" | ", ", ").split())
    return "".join(_SENTENCE.findall(text)[:SENTENCES]).strip() or text[:200]


def _calls(name: str, arguments: Mapping[str, str], words: str = "") -> Answer:
    call = calls(0, "c1", name, json.dumps(arguments, ensure_ascii=False))
    return Answer([*([says(words)] if words else ()), call, done("tool_calls")])


def _look_up(query: str, **params: str) -> Answer:
    call = {"query": query, "params": params}
    return Answer([calls(0, "c1", "lookup_record", json.dumps(call)), done("tool_calls")])


def _told(outcome: str, *, chinese: bool) -> str:
    """A tool's outcome ("name -> {…}", a Python literal) in words."""
    data = json.loads(outcome[outcome.find("{") :]) if "{" in outcome else {}
    row = data.get("first") or {}
    if ticket := data.get("ticket_id"):
        number = " ".join(str(ticket)[-4:])
        if chinese:
            return f"工单已经创建，工单号最后四位是 {number}。还有什么可以帮您？"
        return f"I've opened a ticket; its number ends in {number}. Is there anything else?"
    if "expected" in row:
        if chinese:
            return f"您的{row['item_zh']}{row['status_zh']}，预计 {row['expected']} 到达。"
        return (
            f"Your {row['item_en']} is {row['status_en']}. It should be with you on {row['expected']}."
        )
    if "ends" in row:
        return f"保修到 {row['ends']}。" if chinese else f"It is under warranty until {row['ends']}."
    return "没有查到这个号码。" if chinese else "I'm sorry, I can't find that number."
