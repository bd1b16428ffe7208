"""A phone call's voice: the session's AudioOut over files that FreeSWITCH plays.

Responsible for carrying out what `phone_playout` decides, in order and by one greenlet a call, and for
telling the session. Audio is brought by a `Delivery`, commands go over the call's control connection.
It must never know the session's states.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import gevent
import structlog
from gevent.event import Event as Flag

from controller.session.ports import AudioTap, PlaybackListener
from controller.telephony.commands import App, execute, uuid_break
from controller.telephony.control import CallControl
from controller.telephony.delivery import Delivery, DeliveryFailed
from controller.telephony.esl.errors import EslError, EslRefused
from controller.telephony.esl.event import Event
from controller.telephony.phone_items import (
    Break,
    Command,
    Deliver,
    Done,
    Forget,
    Outcome,
    Skipped,
    Start,
    Started,
    Stopped,
)
from controller.telephony.phone_playout import PhonePlayout
from controller.telephony.phone_slicing import FIRST_MS, LATER_MS
from media.clip_feed import ClipFeed
from media.pcm import RATE
from media.tts.base import Clip

PLAYBACK_EVENTS = frozenset(
    ("CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE", "PLAYBACK_START", "PLAYBACK_STOP")
)
"""What FreeSWITCH tells of playback."""
MAX_WAITING_AUDIO_MS = 300_000
"""Five minutes of speech are more than anybody listens to; a reply that long is a runaway model."""
OUTCOMES = {
    "FILE PLAYED": Outcome.PLAYED,
    "FILE NOT FOUND": Outcome.MISSING,
    "PLAYBACK ERROR": Outcome.FAILED,
}

log = structlog.get_logger(__name__)


class PhoneAudioOut:
    """One call's. Its events (CHANNEL_EXECUTE, CHANNEL_EXECUTE_COMPLETE, PLAYBACK_STOP,
    mod_audio_stream::play) come by `on_event`, on the hub."""

    def __init__(
        self,
        uuid: str,
        control: CallControl,
        delivery: Delivery,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._uuid = uuid
        self._control = control
        self._delivery = delivery
        delivery.watch(self.replay)
        self._clock = clock
        self._playout = PhonePlayout()
        self._feed = ClipFeed(RATE)
        self._listener: PlaybackListener | None = None
        self._tap: AudioTap | None = None
        self._sender: gevent.Greenlet | None = None
        self._wake = Flag()
        self._lying: set[str] = set()  # delivered and not removed
        self._broken = False  # the last playback to stop was cut
        self._closed = False
        self._log = log.bind(call=uuid)

    # --- the AudioOut port

    def bind(self, listener: PlaybackListener) -> None:
        """Whom to tell what is heard."""
        self._listener = listener

    def tap(self, tap: AudioTap) -> None:
        """Who else hears what goes out."""
        self._tap = tap

    def play(self, reply_id: str, chunk: int, clip: Clip) -> None:
        """Append audio at any rate of media.resample.RATES."""
        if self._closed:
            return
        if self._feed.waiting_ms > MAX_WAITING_AUDIO_MS:
            self._log.error("too much audio is queued; a clip is dropped", reply_id=reply_id)
            clip = Clip(b"", clip.rate, clip.last)  # the chunk still ends
        self._feed.add(reply_id, chunk, clip)
        if self._playout.unsliced_ms < FIRST_MS:
            self._refill()  # one step: so a stop finds something to tell
        self._turn()
        if self._sender is None:
            self._sender = gevent.spawn(self._run)

    def pause(self) -> None:
        """Silence now; what has not been heard is kept."""
        self._tap_out()
        self._playout.pause(self._clock())
        self._cut()

    def resume(self) -> None:
        """Go on where `pause` cut."""
        self._playout.resume()
        self._turn()

    def stop(self, reply_id: str) -> None:  # noqa: ARG002 - the port's; there is one queue
        """Silence now, drop all; `playback_stopped` follows once FreeSWITCH has said where."""
        self._tap_out()
        self._feed.clear()
        self._playout.stop(self._clock())
        self._cut()

    def replay(self) -> None:
        """FreeSWITCH's queue or its files may be gone: go on from what was heard. Keeps a pause."""
        self._playout.replay(self._clock())
        self._cut()

    def close(self) -> None:
        """The call is over: nothing is played or told any more, no file stays."""
        self._closed = True
        self._feed.clear()
        if self._sender is not None and self._sender is not gevent.getcurrent():
            self._sender.kill(block=False)
        for name in self._lying:
            self._delivery.remove(name)
        self._lying.clear()
        self._delivery.close()

    # --- what FreeSWITCH says

    def on_event(self, event: Event) -> None:
        """One event of this call. Does not block."""
        if self._closed:
            return
        now = self._clock()
        self._tap_out()
        match event.name:
            case "CHANNEL_EXECUTE":
                self._playout.executed(event.get("Application-UUID"), now)
            case "PLAYBACK_STOP":
                self._broken = event.get("Playback-Status") == "break"
            case "CHANNEL_EXECUTE_COMPLETE" if event.get("Application") == "playback":
                outcome = OUTCOMES.get(event.get("Application-Response"), Outcome.FAILED)
                if outcome is Outcome.PLAYED and self._broken:
                    outcome = Outcome.BROKEN
                self._broken = False
                uuid = event.get("Application-UUID")
                self._playout.completed(uuid, outcome, heard_ms(event), now)
            case _:
                self._delivery.on_event(event)
        self._turn()

    # --- the sending greenlet

    def _run(self) -> None:
        try:
            while not self._closed:
                self._wake.clear()
                self._step()
        except Exception:  # noqa: BLE001 - logged; the session goes on without a voice
            self._log.exception("playback failed; this call stays silent")

    def _step(self) -> None:
        now = self._clock()
        self._playout.settle(now)
        self._tell()
        self._tap_out()
        command = self._playout.next(now)
        if command is not None:
            self._carry_out(command)
        elif self._playout.unsliced_ms < LATER_MS and self._refill():
            gevent.sleep(0)  # a file is made in several turns of the hub
        else:
            due = self._playout.next_due(now, tapped=self._tap is not None)
            self._wake.wait(None if due is None else max(0.0, due - self._clock()))

    def _carry_out(self, command: Command) -> None:
        try:
            match command:
                case Break():
                    self._control.api(uuid_break(self._uuid))
                case Start(uuid, place):
                    self._control.command(execute(App.PLAYBACK, place, event_uuid=uuid))
                case Deliver(uuid, pcm):
                    self._lying.add(uuid)
                    self._delivery.put(uuid, pcm, lambda place: self._delivered(uuid, place))
                case Forget(uuid):
                    self._lying.discard(uuid)
                    self._delivery.remove(uuid)
        except DeliveryFailed as exc:
            self._give_up(command, str(exc))
        except EslRefused as exc:
            self._give_up(command, f"FreeSWITCH refused: {exc.reply.strip()}")
        except EslError as exc:  # it may have been heard: its event, or the time limit, tells
            self._log.warning("playback command unanswered", why=str(exc))

    def _give_up(self, command: Command, why: str) -> None:
        if isinstance(command, Start | Deliver):
            self._playout.undeliverable(command.uuid, why)
        else:
            self._log.info("playback not broken off", why=why)  # the channel has gone, as a rule

    def _delivered(self, uuid: str, place: str) -> None:
        self._playout.delivered(uuid, place)
        self._wake.set()

    def _refill(self) -> bool:
        """Resample one step; False when there is nothing."""
        piece = self._feed.next()
        if piece is None:
            return False
        self._playout.append(piece.reply_id, piece.chunk, piece.pcm, piece.last)
        return True

    # --- telling

    def _turn(self) -> None:
        """Something has changed."""
        self._tell()
        self._wake.set()

    def _cut(self) -> None:
        if self._tap is not None:
            self._tap.cut()
        self._turn()

    def _tap_out(self) -> None:
        if self._tap is not None and (pcm := self._playout.audible(self._clock())):
            self._tap.sent(pcm, RATE)

    def _tell(self) -> None:
        for mark in self._playout.take_marks():
            match mark:
                case Skipped(uuid, why, ms):
                    self._log.error("audio not played", why=why, ms=round(ms), item=uuid)
                case Started(reply_id, chunk) if self._listener is not None:
                    self._listener.playback_started(reply_id, chunk)
                case Done(reply_id, chunk) if self._listener is not None:
                    self._listener.playback_done(reply_id, chunk)
                case Stopped(reply_id, chunk, played_ms) if self._listener is not None:
                    self._listener.playback_stopped(reply_id, chunk, played_ms)


def heard_ms(event: Event) -> float | None:
    """How much of the file was sent to the caller, by a playback's CHANNEL_EXECUTE_COMPLETE; None when
    it does not say. (`playback_ms` is how far the file was read ahead.)"""
    samples, rate = event.var("playback_last_offset_pos"), event.get("Channel-Write-Codec-Rate")
    if not (samples.isdecimal() and rate.isdecimal() and len(samples) < 12 and len(rate) < 7):
        return None
    return int(samples) * 1000 / int(rate) if int(rate) else None
