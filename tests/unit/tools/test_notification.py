"""send_notification: checked parameters, recipients by name only; tools of third parties."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.session.ports import ToolOutcome
from controller.toolbox import phone_number
from controller.tools import registry
from controller.tools.base import ToolContext
from controller.tools.channels.base import Message
from controller.tools.channels.webhook import Endpoint
from controller.tools.runner import Runner
from controller.tools.send_notification import SendNotification
from controller.tools.templates import TemplateError, load_templates
from tests.unit.tools.fakes import EN, ZH, FakeTool, call

TEMPLATES = load_templates(registry.DEFAULT_TEMPLATES)
BOOKED = {"name": "Sarah", "when": "Tuesday at ten", "at": "2026-03-24T10:00"}


class Kept:
    """A channel that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Message]] = []

    def check(self, to: str) -> None:
        pass

    def send(self, to: str, message: Message) -> None:
        self.sent.append((to, message))


def _send(kept: Kept, context: ToolContext = EN, **arguments: Any) -> ToolOutcome:
    given = {"channel": "kept", "to": "desk", "template_id": "appointment_confirmed", "params": BOOKED}
    tool = SendNotification({"kept": kept}, TEMPLATES)
    return Runner([tool], [tool.name], context).run(call("send_notification", **{**given, **arguments}))


def test_a_template_is_filled_in_the_sessions_language() -> None:
    channel = Kept()
    assert _send(channel).ok
    assert _send(channel, ZH).ok
    assert [message.text for _, message in channel.sent] == [
        "Appointment for Sarah on Tuesday at ten (2026-03-24T10:00).",
        "预约：Sarah，Tuesday at ten（2026-03-24T10:00）。",
    ]


def test_a_subject_is_one_line_in_the_sessions_language() -> None:
    channel = Kept()
    _send(channel, params={**BOOKED, "name": "Li\r\nBcc: x"})
    _send(channel, ZH)
    assert [message.subject for _, message in channel.sent] == [
        "Appointment: Li Bcc: x, Tuesday at ten",
        "预约：Sarah，Tuesday at ten",
    ]
    assert all(template.subject.keys() == template.text.keys() for template in TEMPLATES.values())


def test_the_same_notification_has_the_same_id() -> None:
    channel = Kept()
    for to in ("desk", "desk", "other"):
        _send(channel, to=to)
    first, again, other = (message.message_id for _, message in channel.sent)
    assert first == again != other


def test_values_are_never_run() -> None:
    channel = Kept()
    _send(channel, params={**BOOKED, "name": "$when {{7*7}} {0} ${at}"})
    assert "$when {{7*7}} {0} ${at}" in channel.sent[0][1].text


@pytest.mark.parametrize(
    "arguments",
    [
        {"channel": "smtp"},
        {"to": "https://evil.example/"},
        {"to": "desk\nBcc: x"},
        {"to": ""},
        {"template_id": "../../etc/passwd"},
        {"params": {"name": "Sarah"}},
        {"params": {**BOOKED, "more": "x"}},
        {"params": {**BOOKED, "name": ""}},
        {"params": {**BOOKED, "name": "x" * 101}},
        {"params": {**BOOKED, "name": 5}},
        {"params": {**BOOKED, "name": {"a": "b"}}},
    ],
)
def test_bad_arguments_send_nothing(arguments: dict[str, Any]) -> None:
    channel = Kept()
    assert _send(channel, **arguments).code == "bad_arguments"
    assert channel.sent == []


def test_the_log_channel_logs() -> None:
    tools = registry.load_tools()
    with capture_logs() as logs:
        arguments = {
            "channel": "log",
            "to": "front_desk",
            "template_id": "call_back",
            "params": {"name": "Li"},
        }
        assert Runner(tools, ["send_notification"], EN).run(call("send_notification", **arguments)).ok
    assert logs[0]["text"] == "A caller asks to be called back. Name: Li"
    assert logs[0]["to"] == "front_desk"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {text: {en: 'Hi $who'}}", "no such parameter: who"),
        ("a: {text: {en: '5$'}}", "begins no name"),
        ("a: {text: {en: x}, subject: {en: $who}}", "subject.en: no such parameter: who"),
        ("a: {text: {}}", "a.text"),
        ("a: {txt: {en: x}}", "a.txt"),
        ("a: [", "while parsing"),
        ("- a", "valid dictionary"),
    ],
)
def test_bad_template_files(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=message):
        load_templates(path)
    with pytest.raises(TemplateError):
        load_templates(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://x/", "s" * 16),
        ("https://", "s" * 16),
        ("https://u:p@x/", "s" * 16),
        ("https://x/", "short"),
    ],
)
def test_bad_endpoints(url: str, secret: str) -> None:
    with pytest.raises(ValueError, match="webhook"):
        Endpoint(url, secret)


def test_secrets_are_not_shown() -> None:
    assert "sesame" not in repr(Endpoint("https://x/", "open-sesame-open-sesame"))


def _with_third_party(monkeypatch: pytest.MonkeyPatch, made: Any) -> None:
    class Third(EntryPoint):
        def load(self) -> Any:
            return made

    found = EntryPoints([Third("theirs", "theirs:Tool", registry.ENTRY_POINTS)])
    monkeypatch.setattr(registry, "entry_points", lambda group: found.select(group=group))


def test_a_third_party_adds_a_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_third_party(monkeypatch, lambda: FakeTool(name="theirs"))
    names = [tool.name for tool in registry.load_tools()]
    assert names == ["hangup", "send_notification", "transfer_to_human", "theirs"]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (object, "doesn't keep the protocol"),
        (lambda: FakeTool(name="hangup"), "several tools are called hangup"),
        (lambda: FakeTool(name="Bad Name"), "snake case"),
        (lambda: FakeTool(timeout_s=0), "timeout_s"),
        (lambda: 1 / 0, "can't be loaded"),
    ],
)
def test_a_bad_third_party_tool_is_an_error_at_start(
    made: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_third_party(monkeypatch, made)
    with pytest.raises(registry.BadTool, match=message):
        registry.load_tools()


def to_the_caller(
    context: ToolContext, to: str = "caller", channel: str = "sms"
) -> tuple[ToolOutcome, Kept]:
    kept = Kept()
    tool = SendNotification({"sms": kept, "email": kept}, TEMPLATES)
    given = {"channel": channel, "to": to, "template_id": "appointment_confirmed", "params": BOOKED}
    return Runner([tool], [tool.name], context).run(call(tool.name, **given)), kept


def test_a_text_message_to_the_number_on_the_line() -> None:
    outcome, kept = to_the_caller(replace(EN, phone_number="+4930123456"))
    assert [to for to, _ in kept.sent] == ["tel:+4930123456"]
    assert outcome.data["to"] == "caller"  # the model needn't see the number


@pytest.mark.parametrize(
    ("number", "to", "channel", "code"),
    [
        ("", "caller", "sms", "no_number"),
        ("+4930123456", "caller", "email", "no_number"),
        ("+4930123456", "tel:+1900555", "sms", "bad_arguments"),
        ("+4930123456", "+1900555", "sms", "bad_arguments"),
    ],
)
def test_no_other_number_can_be_named(number: str, to: str, channel: str, code: str) -> None:
    outcome, kept = to_the_caller(replace(EN, phone_number=number), to, channel)
    assert (outcome.code, kept.sent) == (code, [])


@pytest.mark.parametrize(
    ("entry", "variables", "number"),
    [
        ("inbound", {"caller_number": "+49 (30) 123-456"}, "+4930123456"),
        ("inbound", {"caller_number": "13800138000", "called_number": "70012345"}, "13800138000"),
        ("outbound", {"called_number": "+15551234567", "caller_number": "9"}, "+15551234567"),
        ("inbound", {"caller_number": "anonymous"}, ""),
        ("inbound", {"caller_number": "1001"}, ""),
        ("inbound", {"caller_number": "+12345678901234567"}, ""),
        ("inbound", {"caller_number": "１３８００１３８０００"}, ""),
        ("inbound", {}, ""),
        ("web", {"caller_number": "+15551234567"}, ""),
    ],
)
def test_which_number_is_on_the_line(entry: str, variables: dict[str, str], number: str) -> None:
    assert phone_number(entry, variables) == number
