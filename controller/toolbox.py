"""The tools of this installation, put together from the settings once; a runner for each session."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

import gevent

from controller.dialer.do_not_call import DoNotCall
from controller.dialer.numbers import NumberReader
from controller.dialer.screening import Kind
from controller.dialogue.agent.ports import ToolCard
from controller.session.profile import Profile
from controller.settings import BotSettings, NotificationSettings, Settings
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.engine import DatabaseUnavailable
from controller.storage.lookup import LookupStore, NamedQuery
from controller.storage.outbox import OutboxItem, OutboxState, OutboxStore
from controller.storage.tickets import Telling, Ticket, TicketStore
from controller.tool_settings import LookupSettings, OutboxSettings, ToolSettings
from controller.tools.base import Tool, ToolContext
from controller.tools.channels.base import Channel, Message
from controller.tools.channels.email import EmailChannel, MailSecurity, MailServer
from controller.tools.channels.log import LogChannel
from controller.tools.channels.sms import SmsChannel, SmsProvider
from controller.tools.channels.webhook import Endpoint, WebhookChannel
from controller.tools.create_ticket import CreateTicket, NewTicket
from controller.tools.do_not_call import DoNotCallTool
from controller.tools.hangup import Hangup
from controller.tools.lookup_record import LookupRecord, Question
from controller.tools.outbox.queued import QueuedChannel
from controller.tools.outbox.worker import Patience, Worker
from controller.tools.registry import DEFAULT_TEMPLATES, load_tools
from controller.tools.runner import Runner
from controller.tools.transfer_to_human import Transfer, no_phone

TICKET_TEMPLATE = "ticket_created"
COUNT_S = 1.0
_NUMBER_OF = {"inbound": "caller_number", "outbound": "called_number"}
_SHOWN = {OutboxState.DUE: "pending", OutboxState.SENT: "delivered", OutboxState.DEAD: "dead"}


class Toolbox:
    """Tools, and the worker that delivers their notifications between `start` and `stop`.

    The database must have been migrated. Raises what the tools' registry raises, BadQuery and
    ValueError: errors that say which tool, template, query or channel is wrong.
    """

    def __init__(
        self,
        settings: Settings,
        transfer: Transfer = no_phone,
        tools: ToolSettings | None = None,
    ) -> None:
        tools = tools or ToolSettings()
        self._outbox = OutboxStore(settings.database_url)
        self._inbox = OutboxStore(settings.database_url)  # a tool never waits for the worker's thread
        self._tickets = TicketStore(settings.database_url)
        self._dialer = SqlDialerStore(settings.database_url)
        numbers = NumberReader(settings.dialer.region, kinds=tuple(Kind))  # whoever it is
        self._do_not_call = DoNotCall(self._dialer.do_not_call, numbers)
        self._lookup = _lookup_store(tools.lookup)
        channels = _channels(settings.notifications, tools)
        self.worker: Worker[OutboxItem] = Worker(
            self._outbox,
            channels,
            unavailable=DatabaseUnavailable,
            patience=_patience(tools.outbox),
        )
        self._ticket_webhook = tools.tickets.webhook
        if self._ticket_webhook and self._ticket_webhook not in settings.notifications.webhooks:
            raise ValueError(f"tools.tickets.webhook {self._ticket_webhook!r} is no webhook")
        queued: dict[str, Channel] = {name: self._queued(name, c) for name, c in channels.items()}
        queued["log"] = LogChannel()  # a line in the log needs no outbox
        templates = settings.notifications.templates or DEFAULT_TEMPLATES
        self._tools = load_tools(queued, templates, transfer, self._own_tools(tools.lookup))

    def start(self) -> None:
        """Begin to deliver what is in the outbox, and what will be."""
        self.worker.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Deliveries under way may finish; the rest stays in the outbox. Let the threads go."""
        self.worker.stop(timeout_s)
        self._outbox.close()
        self._inbox.close()
        self._tickets.close()
        self._dialer.close()
        self._lookup.close()

    def outbox_counts(self) -> list[tuple[str, str, int]]:
        """(channel, state, messages) for metrics: pending, delivered, dead; nothing when the database
        doesn't tell within COUNT_S."""
        try:
            with gevent.Timeout(COUNT_S, TimeoutError()):
                counts = self._outbox.counts()
        except (DatabaseUnavailable, TimeoutError):
            return []
        return [(channel, _SHOWN[state], count) for channel, state, count in counts]

    def purge(self, older_than: datetime) -> int:
        """Forget notifications that were settled before then; how many. Tickets stay."""
        return self._outbox.purge(older_than)

    def runner(
        self,
        session_id: str,
        profile: Profile,
        bot: BotSettings,
        *,
        entry: str = "",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> Runner:
        """A runner for one session of `bot`. `entry`, `variables`: the session's."""
        number = phone_number(entry, variables)
        context = ToolContext(session_id, profile.language, variables, phone_number=number)
        # whom we call may be a machine, and is hung up on whatever the bot's tools are
        allowed = {*bot.tools, Hangup.name} if entry == "outbound" else bot.tools
        return Runner(self._tools, allowed, context)

    @property
    def names(self) -> tuple[str, ...]:
        """All tools of this installation."""
        return tuple(tool.name for tool in self._tools)

    def cards(self, names: Collection[str]) -> tuple[ToolCard, ...]:
        """The tools of these names, as a model is told of them."""
        chosen = (tool for tool in self._tools if tool.name in names)
        return tuple(ToolCard(tool.name, tool.description, tool.schema) for tool in chosen)

    def schemas(self, names: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """JSON Schema of the arguments of the tools of these names."""
        return {card.name: card.schema for card in self.cards(names)}

    def _queued(self, name: str, channel: Channel) -> QueuedChannel:
        nudge = self.worker.nudge
        return QueuedChannel(name, channel, self._inbox, nudge=nudge, unavailable=DatabaseUnavailable)

    def _own_tools(self, lookup: dict[str, LookupSettings]) -> list[Tool]:
        tools: list[Tool] = [
            CreateTicket(self._keep_ticket, DatabaseUnavailable),
            DoNotCallTool(self._do_not_call.add, DatabaseUnavailable),
        ]
        if lookup:
            questions = {name: Question(q.about, q.params) for name, q in lookup.items()}
            tools.append(LookupRecord(self._lookup, questions, DatabaseUnavailable))
        return tools

    def _keep_ticket(self, new: NewTicket) -> None:
        ticket = Ticket(new.id, new.session_id, new.subject, new.body, new.priority)
        telling = None
        if self._ticket_webhook:
            telling = Telling("webhook", self._ticket_webhook, asdict(_about(new)))
        self._tickets.create(ticket, telling)
        self.worker.nudge()


def phone_number(entry: str, variables: Mapping[str, str]) -> str:
    """Who is on the phone: 7 to 15 digits, perhaps with a "+"; "" without a phone call, for a number
    withheld, or one of this house. On the web anyone may claim any number."""
    shown = variables.get(_NUMBER_OF.get(entry, ""), "")
    digits = re.sub(r"[ ().\-]", "", shown)
    return digits if re.fullmatch(r"\+?[0-9]{7,15}", digits, re.ASCII) else ""


def _about(ticket: NewTicket) -> Message:
    values = {"subject": ticket.subject, "body": ticket.body, "priority": ticket.priority}
    return Message(
        ticket.id,
        ticket.session_id,
        TICKET_TEMPLATE,
        ticket.language,
        f"{ticket.subject}\n\n{ticket.body}",
        {"ticket_id": ticket.id, **values},
    )


def _channels(notifications: NotificationSettings, tools: ToolSettings) -> dict[str, Channel]:
    """Those that are configured; webhooks always, so that a wrong name is told as such."""
    endpoints = {
        name: Endpoint(url, notifications.webhook_secret, allow_private=notifications.allow_private)
        for name, url in notifications.webhooks.items()
    }
    channels: dict[str, Channel] = {"webhook": WebhookChannel(endpoints)}
    email, sms = tools.email, tools.sms
    if email.host:
        server = MailServer(
            email.host,
            email.port,
            email.sender,
            MailSecurity(email.security),
            email.user,
            email.password,
            email.ca_file,
        )
        channels["email"] = EmailChannel(server, email.recipients)
    if sms.url:
        provider = SmsProvider(sms.url, sms.body, sms.secret, sms.key_header, sms.allow_private)
        channels["sms"] = SmsChannel(provider, sms.recipients)
    return channels


def _patience(outbox: OutboxSettings) -> Patience:
    return Patience(
        max_tries=outbox.max_tries,
        first_s=outbox.first_retry_s,
        longest_s=outbox.longest_retry_s,
        at_once=outbox.at_once,
    )


def _lookup_store(lookup: dict[str, LookupSettings]) -> LookupStore:
    return LookupStore(
        {
            name: NamedQuery(q.url, q.sql, tuple(q.params), q.max_rows, q.timeout_s)
            for name, q in lookup.items()
        }
    )
