"""E-mail to a real SMTP server: TLS or nothing, logins, refusals, lost answers, injection."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path

import gevent
import pytest

from controller.storage.engine import DatabaseUnavailable
from controller.storage.migrations import migrate
from controller.storage.outbox import OutboxState, OutboxStore
from controller.tools.base import ToolContext, ToolError
from controller.tools.channels.base import Message, OutcomeUnknown
from controller.tools.channels.email import EmailChannel, MailSecurity, MailServer
from controller.tools.outbox.queued import QueuedChannel
from controller.tools.outbox.worker import Patience, Worker
from controller.tools.send_notification import SendNotification
from controller.tools.templates import Template

TLS = Path(__file__).parents[1] / "data" / "tls"
LOGIN = "bot:open sesame"
MESSAGE = Message("id-1", "s", "call_back", "zh", "来电者请求回电。\n姓名：李伟", {}, "请回电：李伟")
NAMES = ("desk", "later", "never", "lost", "slow")


class Server:
    """The server's process."""

    def __init__(self, mode: str, login: str = "") -> None:
        script = Path(__file__).with_name("smtp_server.py")
        certificate = (TLS / "localhost.crt", TLS / "localhost.key")
        command = [sys.executable, script, mode, *certificate, login]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.mode = mode
        self.port = int(self._line())

    def mail(self):
        """The next mail it took."""
        return json.loads(self._line())

    def took_nothing_more(self) -> bool:
        """Stop it: whether no other mail came."""
        self.process.terminate()
        with gevent.Timeout(10):
            return self.process.stdout.read() == ""

    def channel(self, **changes):
        user, _, password = LOGIN.partition(":")
        given = {
            "host": "localhost",
            "port": self.port,
            "sender": "bot@example.org",
            "security": MailSecurity(self.mode),
            "user": "" if self.mode == "none" else user,
            "password": password,
            "ca_file": TLS / "localhost.crt",
            "timeout_s": 5.0,
        }
        addresses = {name: f"{name}@example.org" for name in NAMES}
        return EmailChannel(MailServer(**{**given, **changes}), addresses)

    def _line(self) -> str:
        with gevent.Timeout(20):
            return self.process.stdout.readline()


@pytest.fixture(scope="module", params=["starttls", "tls"])
def secured(request):
    server = Server(request.param, LOGIN)
    yield server
    server.process.terminate()
    server.process.wait(10)


@pytest.fixture
def plain():
    server = Server("none")
    yield server
    server.process.terminate()
    server.process.wait(10)


def test_it_arrives_encrypted_and_logged_in(secured):
    secured.channel().send("desk", MESSAGE)
    took = secured.mail()
    assert (took["tls"], took["login"]) == (True, True)
    assert (took["from"], took["to"]) == ("bot@example.org", ["desk@example.org"])
    mail = message_from_string(took["content"], policy=default)
    assert mail["Subject"] == "请回电：李伟"
    assert mail["Message-ID"] == "<id-1@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == MESSAGE.text.splitlines()


def test_a_server_that_nobody_vouches_for_gets_nothing(secured):
    with pytest.raises(ToolError, match="SSLCertVerificationError") as caught:
        secured.channel(ca_file=None).send("desk", MESSAGE)
    assert caught.value.retryable
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_wrong_password_is_told_without_it(secured):
    with pytest.raises(ToolError, match="SMTPAuthenticationError 535") as caught:
        secured.channel(password="hunter2").send("desk", MESSAGE)
    assert "hunter2" not in str(caught.value)


def test_a_server_without_tls_gets_no_mail_when_tls_is_wanted(plain):
    with pytest.raises(ToolError, match="SMTPNotSupportedError"):
        plain.channel(security=MailSecurity.STARTTLS).send("desk", MESSAGE)
    assert plain.took_nothing_more()


@pytest.mark.parametrize(("to", "retryable"), [("later", True), ("never", False)])
def test_refusals(plain, to, retryable):
    with pytest.raises(ToolError) as caught:
        plain.channel().send(to, MESSAGE)
    assert caught.value.retryable is retryable
    assert not isinstance(caught.value, OutcomeUnknown)
    assert plain.took_nothing_more()


@pytest.mark.parametrize("to", ["lost", "slow"])
def test_a_lost_answer_is_an_unknown_outcome_and_the_id_stays(plain, to):
    channel = plain.channel(timeout_s=0.5)
    ids = []
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            channel.send(to, MESSAGE)
        ids.append(message_from_string(plain.mail()["content"])["Message-ID"])
    assert ids == ["<id-1@example.org>"] * 2


def test_nobody_listens(plain):
    plain.process.terminate()
    plain.process.wait(10)
    with pytest.raises(ToolError, match="ConnectionRefusedError") as caught:
        plain.channel().send("desk", MESSAGE)
    assert caught.value.retryable


@pytest.mark.parametrize("subject", ["x\nBcc: evil@example.org", "x\r\n\r\nbody", "x\rBcc: e@e"])
def test_a_header_can_not_begin_another(plain, subject):
    message = Message("id-1", "s", "t", "en", "text", {}, subject)
    with pytest.raises(ToolError, match="header"):
        plain.channel().send("desk", message)
    assert plain.took_nothing_more()


def test_what_a_caller_says_stays_text_in_subject_and_body(plain):
    template = Template.model_validate(
        {"params": {"name": {}}, "text": {"en": "Call $name"}, "subject": {"en": "From $name"}}
    )
    said = "Li\r\nBcc: evil@example.org\r\n.\r\nQUIT\x00\ud800"
    arguments = {"channel": "email", "to": "desk", "template_id": "t", "params": {"name": said}}
    tool = SendNotification({"email": plain.channel()}, {"t": template})
    tool.run(arguments, ToolContext("s", "en", key="k"))
    mail = message_from_string(plain.mail()["content"], policy=default)
    assert mail["Subject"] == "From Li Bcc: evil@example.org . QUIT"
    assert mail["Bcc"] is None
    assert mail.get_content().strip() == "Call Li Bcc: evil@example.org . QUIT"
    assert plain.took_nothing_more()


def test_from_the_outbox_each_is_mailed_once(plain, tmp_path):
    url = f"sqlite:///{tmp_path}/records.db"
    migrate(url)
    store, real = OutboxStore(url), plain.channel()
    queued = QueuedChannel("email", real, store, nudge=list, unavailable=DatabaseUnavailable)
    for number in range(5):
        queued.send("desk", Message(f"id-{number % 4}", "s", "t", "en", "text", {}))
    patience = Patience(poll_s=0.02)
    worker = Worker(store, {"email": real}, unavailable=DatabaseUnavailable, patience=patience)
    worker.start()
    ids = sorted(message_from_string(plain.mail()["content"])["Message-ID"] for _ in range(4))
    with gevent.Timeout(10):
        while store.listed(OutboxState.DUE):
            gevent.sleep(0.01)
    worker.stop()
    store.close()
    assert ids == [f"<id-{number}@example.org>" for number in range(4)]
    assert plain.took_nothing_more()


def test_a_worker_killed_before_it_marks_loses_no_mail_and_the_double_has_its_id(plain, tmp_path):
    url = f"sqlite:///{tmp_path}/records.db"
    migrate(url)
    store = OutboxStore(url)
    for number in range(3):
        message = Message(f"id-{number}", "s", "t", "en", "text", {})
        assert store.put(message.message_id, "s", "email", "desk", asdict(message))
    script = Path(__file__).with_name("outbox") / "worker.py"
    killed = subprocess.Popen(
        [sys.executable, str(script), url, f"smtp://127.0.0.1:{plain.port}", "sent", "yes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(script.parents[2])},
    )
    with gevent.Timeout(30):
        killed.communicate("go\n")
    assert killed.returncode == -signal.SIGKILL
    later = OutboxStore(url, now=lambda: datetime.now(UTC) + timedelta(minutes=10))
    worker = Worker(
        later,
        {"email": plain.channel()},
        unavailable=DatabaseUnavailable,
        patience=Patience(poll_s=0.02),
    )
    worker.start()
    ids = [message_from_string(plain.mail()["content"])["Message-ID"] for _ in range(4)]
    with gevent.Timeout(10):
        while later.listed(OutboxState.DUE):
            gevent.sleep(0.01)
    worker.stop()
    assert len(later.listed(OutboxState.SENT)) == 3
    for each in (store, later):
        each.close()
    assert set(ids) == {f"<id-{number}@example.org>" for number in range(3)}
    assert plain.took_nothing_more()
