"""From the settings to what telephony is given."""

from __future__ import annotations

from controller.number_screen import number_screen
from controller.settings import Settings
from controller.telephony.endpoints import Endpoints
from controller.telephony.routing import Numbers
from controller.telephony.service import TelephonyOptions


def telephony_options(settings: Settings) -> TelephonyOptions:
    """What the settings say about phone calls."""
    given, out = settings.freeswitch, settings.freeswitch.outbound
    extensions = {bot.number: name for name, bot in settings.bots.items() if bot.number is not None}
    return TelephonyOptions(
        host=given.host,
        port=given.port,
        password=given.password,
        socket_host=given.socket_host,
        socket_port=given.socket_port,
        socket_address=given.socket_address,
        playback=given.playback,
        audio_dir=given.audio_dir or settings.var_dir / "spool",
        audio_dir_there=given.audio_dir_there,
        recordings_dir=given.recordings_dir or settings.var_dir / "recordings",
        recordings_dir_there=given.recordings_dir_there,
        context=given.context,
        hold_music=given.hold_music,
        max_calls=given.max_calls,
        numbers=Numbers(extensions, given.numbers),
        endpoints=Endpoints(
            users=out.users,
            domain=out.domain,
            gateway=out.gateway,
            caller_id=out.caller_id,
            caller_name=out.caller_name,
            ring_s=out.ring_s,
        ),
        allowed=out.allowed,
        per_second=out.per_second,
        burst=out.burst,
        max_outgoing=out.max_calls,
        screen=number_screen(settings).check,
    )


def media_url(settings: Settings, port: int) -> str:
    """Where FreeSWITCH finds the gateway, which listens on `port`."""
    if settings.freeswitch.media_url:
        return settings.freeswitch.media_url.rstrip("/")
    host = settings.http.host
    return f"ws://{'127.0.0.1' if host in ('localhost', '0.0.0.0', '::', '::1') else host}:{port}"
