"""One phone call: its channel, its conversation, and the end of both.

    FreeSWITCH ──socket──► serve ─► answer ─► session + audio fork ─► … ─► hang up, or handed over

Responsible for the call's life: whoever ends it (the caller, the bot, an operator, a broken
connection), everything is released once, and the others are told. What is said is the session's
business, how it sounds that of the audio ports. Each call is one greenlet, that of its socket.
"""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from time import monotonic

import gevent
import structlog
from gevent.event import Event as Flag

from controller.session.happenings import Happening, SessionEnded
from controller.session.registry import LiveSession, SessionRefused
from controller.telephony.audio_fork import FORK_EVENTS, AudioFork
from controller.telephony.audio_in import PhoneAudioIn
from controller.telephony.call_kit import CallKit
from controller.telephony.call_line import CallLine
from controller.telephony.commands import (
    Api,
    App,
    Command,
    HangupCause,
    execute,
    uuid_audio_stop,
    uuid_break,
    uuid_kill,
)
from controller.telephony.esl.errors import EslError
from controller.telephony.esl.event import Event
from controller.telephony.esl.outbound import CallSocket
from controller.telephony.playback import PLAYBACK_EVENTS, PhoneAudioOut
from controller.telephony.routing import Route

ANSWER_S = 5.0
"""Answering a SIP call takes some 20 ms, a WebRTC leg waits for ICE and DTLS."""
LAST_WORDS_S = 5.0
"""A session that is told that the caller is gone ends at once; longer is a fault."""
HANGUP_S = 3.0
"""From our hang-up to FreeSWITCH's word that the channel is gone: a second when media sockets lag."""
DIGITS = frozenset("0123456789*#ABCD")
CAUSES = {"error": HangupCause.NORMAL_TEMPORARY_FAILURE}
"""Hang-up cause by the reason of the session's end, where it is not a normal one."""

log = structlog.get_logger(__name__)


class Phase(Enum):
    """How far a call is."""

    ARRIVING = auto()
    TALKING = auto()
    HANDED_OVER = auto()  # the channel goes on without us
    OVER = auto()


class Call:
    """`ended` is told once, with the hang-up cause, when everything is released."""

    def __init__(self, uuid: str, route: Route, kit: CallKit) -> None:
        self.uuid = uuid
        self.route = route
        self.phase = Phase.ARRIVING
        self.cause = ""
        self.end_reason = ""
        self.live: LiveSession | None = None
        self.leaving = Flag()  # the conversation is ending, by whomever
        self.over = Flag()
        self.answered_at: float | None = None
        self._kit = kit
        self._line = CallLine(kit.grace_s)
        self._answered = Flag()
        self._hung_up = Flag()
        self.recording: Path | None = None
        self.audio_in = PhoneAudioIn()
        self.audio_out = PhoneAudioOut(uuid, self._line, kit.delivery(self.audio_in))
        self._fork: AudioFork | None = AudioFork(  # None: somebody else has our ears
            uuid, self._line, kit.door, self.audio_in, grace_s=kit.grace_s, on_lost=self._deaf
        )
        self._log = log.bind(call=uuid, entry=route.entry)

    # --- a call that we make, before its socket ---------------------------------------------

    def listen_from_answer(self, within_s: float) -> str:
        """Where FreeSWITCH shall bring the audio of itself; what is said before the conversation begins
        waits for it."""
        assert self._fork is not None
        return self._fork.expect(within_s)

    def never_came(self) -> None:
        """Nobody answered, or they were gone before they were handed over: there is nothing to end."""
        self.phase, self.end_reason = Phase.OVER, "not_answered"
        self._release()

    # --- the call's socket -------------------------------------------------------------------

    def serve(self, socket: CallSocket) -> None:
        """Handle the call on this socket until it is over or the socket is; the first socket begins
        the call. Raises nothing that a caller or FreeSWITCH causes."""
        self._line.attach(socket)
        socket.on_event = self.on_event
        try:
            if self.phase is Phase.ARRIVING:
                self._begin(socket.data)
            else:
                self._log.warning("FreeSWITCH handed the call over again")
        except EslError as error:
            self._log.warning("the call could not be taken", error=str(error))
            self._lose("line_lost")
        gevent.wait([self.over, socket.ended], count=1)
        self._line.lost(socket)
        if self.over.is_set():
            return
        if not self._hung_up.is_set():
            if self.phase is Phase.TALKING:
                self._stop_playing()
            if self._line.wait_back():
                return  # the greenlet of the new socket serves the call now
            self._log.warning("FreeSWITCH no longer controls the call with us", why=socket.why)
            self._lose("line_lost")
        if not self.over.wait(LAST_WORDS_S + HANGUP_S):
            self._finish("error")

    def _stop_playing(self) -> None:
        """The socket broke: the dialplan goes on, and hands us the call again, only once nothing plays.
        What has not been heard is queued anew, and sent when we have the call again."""
        self.audio_out.replay()
        try:
            self._kit.ask(uuid_break(self.uuid))
        except EslError as error:
            self._log.info("playback could not be stopped", error=str(error))

    def _begin(self, channel: Event) -> None:
        try:
            self._kit.opener.check_room(self.route.bot)
            if channel.get("Answer-State") != "answered":
                self._line.command(execute(App.ANSWER))
                if not self._answered.wait(ANSWER_S) or self._hung_up.is_set():
                    self._finish("not_answered", HangupCause.NO_ANSWER)
                    return
            self.answered_at = monotonic()
            self._line.command(execute(App.SET, "playback_terminators=none"))
            self._open()
        except SessionRefused as error:
            self._log.info("call refused", why=error.code)
            self._finish(error.code, HangupCause.USER_BUSY)

    def _open(self) -> None:
        """The conversation begins. Raises SessionRefused."""
        self.phase = Phase.TALKING
        self.live = self._kit.opener.open_session(
            entry=self.route.entry,
            bot=self.route.bot,
            audio_in=self.audio_in,
            audio_out=self.audio_out,
            variables=self.route.variables,
            watchers=[self._watch],
            entry_records=True,
            prepare=self.route.prepare,
        )
        self._log.info("call connected", session_id=self.live.session_id, bot=self.live.bot)
        if self._hung_up.is_set():
            self.live.hang_up("hangup")
            return
        if self._fork is not None:
            self._fork.start()
        self.recording = self._kit.recordings.begin(self._line, self.uuid, self.live)

    # --- what FreeSWITCH says ----------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """On a connection's reading greenlet: nothing here blocks. The audio fork's may come before
        there is a socket, and twice."""
        match event.name:
            case name if name in PLAYBACK_EVENTS:
                self.audio_out.on_event(event)
            case "DTMF":
                digit = event.get("DTMF-Digit").upper()
                if self.live is not None and digit in DIGITS:
                    self.live.dtmf(digit)
            case "CHANNEL_ANSWER":
                self._answered.set()
            case "CHANNEL_HANGUP" | "CHANNEL_HANGUP_COMPLETE":
                self.hung_up(event.get("Hangup-Cause"))
            case "CUSTOM" if event.subclass in FORK_EVENTS:
                if self._fork is not None:
                    self._fork.on_event(event)
            case "CUSTOM" if event.subclass == "mod_audio_stream::play":
                self.audio_out.on_event(event)

    def hung_up(self, cause: str) -> None:
        """The channel is gone (FreeSWITCH says so)."""
        if not self._hung_up.is_set():
            self.cause = cause or "UNKNOWN"
            self._hung_up.set()
            self._answered.set()  # nobody needs to wait
            self._lose("hangup")

    # --- the end -----------------------------------------------------------------------------

    def _lose(self, reason: str) -> None:
        """The caller, or the way to them, is gone."""
        if self.live is not None and self.phase is Phase.TALKING:
            self.live.hang_up(reason)
        elif self.phase is not Phase.OVER:
            self._finish(reason)

    def _deaf(self) -> None:
        """The caller's audio is gone for good, but they can hear us: a polite end."""
        if self.live is not None and self.phase is Phase.TALKING:
            self.live.say_goodbye("media_lost")

    def _watch(self, _session_id: str, happening: Happening) -> None:
        if isinstance(happening, SessionEnded):
            self.leaving.set()
            gevent.spawn(self._finish, happening.reason, CAUSES.get(happening.reason))

    def _finish(self, reason: str, cause: HangupCause | None = None) -> None:
        """Hang up unless the channel goes on without us, and release everything, once."""
        if self.phase is Phase.OVER:
            return
        handed_over = self.phase is Phase.HANDED_OVER
        self.phase = Phase.OVER
        self.end_reason = reason
        try:
            if handed_over:  # the call's own socket may be gone by now
                if self._fork is not None:
                    self._kit.ask(uuid_audio_stop(self.uuid))
                if self.recording is not None:
                    self._kit.recordings.stop(self._kit.ask, self.uuid, self.recording)
            elif not self._hung_up.is_set():
                # not the application, which would wait for what is playing
                self._line.api(uuid_kill(self.uuid, cause or HangupCause.NORMAL_CLEARING))
                self._hung_up.wait(HANGUP_S)
        except EslError as error:
            self._log.info("the channel could not be hung up", error=str(error))
        finally:
            self._release()

    def _release(self) -> None:
        if self._fork is not None:
            self._fork.close()
        self.audio_in.close()
        self.audio_out.close()
        self._line.give_up()
        if self.live is not None and self.recording is not None:
            self._kit.recordings.end(self.live.session_id, self.recording)
        self._log.info("call over", reason=self.end_reason, cause=self.cause)
        self.over.set()

    @property
    def controlled(self) -> bool:
        """FreeSWITCH is connected to us for this call."""
        return self._line.there

    # --- for transfers and operators ---------------------------------------------------------

    def hang_up(self, reason: str) -> None:
        """End the call now."""
        self._lose(reason)

    def tell(self, command: Command) -> None:
        """Say something to FreeSWITCH about this call. Raises EslError."""
        self._line.command(command)

    def ask(self, api: Api) -> str:
        """Ask FreeSWITCH something about this call. Raises EslError."""
        return self._line.api(api)

    def hand_over(self, how: Api) -> None:
        """The channel goes on without us (a transfer, a bridge); the session ends, the call does not.

        Raises EslError when FreeSWITCH refuses: then the conversation goes on.
        """
        before, self.phase = self.phase, Phase.HANDED_OVER
        try:
            self._line.api(how)
        except EslError:
            self.phase = before
            raise
        if self.live is not None:
            self.live.hang_up("transferred")

    def give_ears(self) -> AudioFork | None:
        """After `hand_over`: the fork, the asker's to hand on and to close; None: all is over."""
        if self.phase is not Phase.HANDED_OVER:
            return None
        fork, self._fork = self._fork, None
        return fork
