"""Notifications as e-mail, over one SMTP server.

A message keeps its `Message-ID` when it is sent again (its answer was lost), so that mailboxes and mail
servers that look at it drop the double. SMTP itself promises nothing of the kind: where a server took a
message and its answer was lost, a mailbox that doesn't look may show it twice.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from enum import StrEnum
from pathlib import Path

from controller.tools.base import ToolError
from controller.tools.channels.base import Message, OutcomeUnknown, check_recipient

TIMEOUT_S = 10.0
DEFAULT_SUBJECTS = {"en": "Notification", "zh": "通知"}


class MailSecurity(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"  # plain at first, then TLS or nothing is sent
    TLS = "tls"  # from the first byte
    NONE = "none"  # for a server on this machine


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `ca_file`: whom to trust; None: the system's authorities."""

    host: str
    port: int
    sender: str
    security: MailSecurity = MailSecurity.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout_s: float = TIMEOUT_S


class EmailChannel:
    """`addresses` by recipient name. Raises OSError when `ca_file` can't be read."""

    repeatable = True  # the Message-ID stays

    def __init__(self, server: MailServer, addresses: Mapping[str, str]) -> None:
        self._server = server
        self._addresses = dict(addresses)
        self._tls = ssl.create_default_context(cafile=server.ca_file)  # once: it takes 40 ms

    def check(self, to: str) -> None:
        """Whether that recipient has an address."""
        check_recipient("email", to, self._addresses)

    def send(self, to: str, message: Message) -> None:
        """Hand it to the server; see Channel."""
        self.check(to)
        mail = self._mail(self._addresses[to], message)
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException) as error:  # nothing of the mail has been sent
            raise ToolError(f"email {to}: {_reason(error)}", retryable=True) from error
        try:
            connection.send_message(mail)
        except smtplib.SMTPServerDisconnected as error:
            raise OutcomeUnknown(f"email {to}: the server hung up") from error
        except smtplib.SMTPException as error:
            raise ToolError(f"email {to}: {_reason(error)}", retryable=not _lasting(error)) from error
        except OSError as error:
            raise OutcomeUnknown(f"email {to}: {type(error).__name__}") from error
        finally:
            connection.close()  # a goodbye could only turn a delivery into a failure

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security is MailSecurity.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout_s, context=self._tls
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        try:
            if server.security is MailSecurity.STARTTLS:
                connection.starttls(context=self._tls)
            if server.user:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _mail(self, address: str, message: Message) -> EmailMessage:
        """Raises ToolError for a header that would begin another one."""
        language = message.language.partition("-")[0].lower()
        mail = EmailMessage(policy=SMTP)
        try:
            mail["From"] = self._server.sender
            mail["To"] = address
            mail["Subject"] = message.subject or DEFAULT_SUBJECTS.get(language, DEFAULT_SUBJECTS["en"])
            mail["Date"] = formatdate()
            domain = self._server.sender.rpartition("@")[2]
            mail["Message-ID"] = f"<{message.message_id}@{domain}>"
        except ValueError as error:
            raise ToolError("email: a header with a line end in it", code="bad_arguments") from error
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text, cte="quoted-printable")  # for servers that know 7 bits only
        return mail


def _lasting(error: smtplib.SMTPException) -> bool:
    """Whether the server's refusal (5xx) will be the same later."""
    codes = [getattr(error, "smtp_code", 0)]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    return all(500 <= int(code) < 600 for code in codes)


def _reason(error: Exception) -> str:
    """For logs: the kind and code, never the server's words, which may repeat the mail."""
    code = getattr(error, "smtp_code", "")
    return f"{type(error).__name__} {code}".strip()
