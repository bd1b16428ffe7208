"""The tools of this installation, put together from the settings once; a runner for each session."""

from __future__ import annotations

from controller.session.profile import Profile
from controller.settings import BotSettings, Settings
from controller.tools.base import ToolContext
from controller.tools.channels.base import Channel
from controller.tools.channels.log import LogChannel
from controller.tools.channels.webhook import Endpoint, WebhookChannel
from controller.tools.registry import DEFAULT_TEMPLATES, load_tools
from controller.tools.runner import Runner
from controller.tools.transfer_to_human import Transfer, no_phone


class Toolbox:
    """Raises what the tools' registry raises: errors that say which tool or template is wrong."""

    def __init__(self, settings: Settings, transfer: Transfer = no_phone) -> None:
        notifications = settings.notifications
        endpoints = {
            name: Endpoint(url, notifications.webhook_secret, allow_private=notifications.allow_private)
            for name, url in notifications.webhooks.items()
        }
        channels: dict[str, Channel] = {"log": LogChannel(), "webhook": WebhookChannel(endpoints)}
        self._tools = load_tools(channels, notifications.templates or DEFAULT_TEMPLATES, transfer)

    def runner(self, session_id: str, profile: Profile, bot: BotSettings) -> Runner:
        """A runner for one session of `bot`."""
        return Runner(self._tools, bot.tools, ToolContext(session_id, profile.language))
