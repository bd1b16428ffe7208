"""The state machine, whole: which action answers which event in which state.

A cell that is not here is an event that nobody expects then: it is counted and logged, never a crash.
`nothing` marks one that is expected and needs no answer.

Three cells go further than the plain table one would draw first:
- speaking, but not a sample heard yet: `speech_start` means that the caller was not done
  (`voice_over_bot` goes on with the turn, as in thinking);
- speaking, `speech_end`: the bot has fallen silent already, so the words that are coming any moment
  decide between resuming and a new turn, instead of resuming at once and stopping again;
- a tool's result is told to the strategy within the same reply (same id), and the state is speaking
  again while earlier words are still being heard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.session import ending, interrupting, listening, replying, speaking, tooling
from controller.session import events as ev
from controller.session.core import Core, State
from controller.session.events import TimerKind

Action = Callable[[Core, Any], None]

LISTENING, THINKING, SPEAKING = State.LISTENING, State.THINKING, State.SPEAKING
TOOL_RUNNING, ENDING = State.TOOL_RUNNING, State.ENDING
LIVE = (LISTENING, THINKING, SPEAKING, TOOL_RUNNING)
ALL = (*LIVE, ENDING)


def nothing(_core: Core, _event: Any) -> None:
    """Expected, and needs no answer."""


def _row(*cells: tuple[State | tuple[State, ...], Action]) -> Mapping[State, Action]:
    row: dict[State, Action] = {}
    for states, action in cells:
        for state in states if isinstance(states, tuple) else (states,):
            row[state] = action
    return row


TABLE: Mapping[type | TimerKind, Mapping[State, Action]] = {
    ev.Started: _row((LISTENING, replying.start)),
    # the caller
    ev.SpeechStart: _row(
        (LISTENING, listening.open_turn),
        (THINKING, listening.go_on),
        (SPEAKING, interrupting.voice_over_bot),
        (TOOL_RUNNING, interrupting.begin),
        (ENDING, nothing),
    ),
    ev.Voice: _row(
        (LISTENING, listening.follow),
        ((THINKING, SPEAKING, TOOL_RUNNING), interrupting.follow),
        (ENDING, nothing),
    ),
    ev.SpeechEnd: _row(
        (LISTENING, listening.end_turn),
        ((THINKING, SPEAKING, TOOL_RUNNING), interrupting.over),
    ),
    ev.Partial: _row(
        (LISTENING, listening.show_partial),
        (THINKING, nothing),
        ((SPEAKING, TOOL_RUNNING), interrupting.partial),
        (ENDING, nothing),
    ),
    ev.Hypothesis: _row(
        (LISTENING, listening.guess),
        ((THINKING, TOOL_RUNNING), nothing),
        (SPEAKING, interrupting.hypothesis),
        (ENDING, nothing),
    ),
    ev.Final: _row(
        (LISTENING, nothing),  # the caller went on: the whole will be settled anew
        (THINKING, listening.settle),
        ((SPEAKING, TOOL_RUNNING), interrupting.final),
        (ENDING, nothing),
    ),
    ev.AsrFailed: _row(
        ((LISTENING, THINKING), listening.recogniser_failed),
        ((SPEAKING, TOOL_RUNNING), interrupting.recogniser_failed),
        (ENDING, nothing),
    ),
    ev.Dtmf: _row(
        (LISTENING, listening.press),
        (THINKING, listening.press_while_thinking),
        (SPEAKING, interrupting.press),
        (TOOL_RUNNING, interrupting.note),
        (ENDING, nothing),
    ),
    ev.Typed: _row(
        ((LISTENING, THINKING), listening.typed),
        (SPEAKING, interrupting.typed),
        (TOOL_RUNNING, interrupting.note),
        (ENDING, nothing),
    ),
    # the reply; while listening it can only be a guess
    ev.ReplyText: _row((ALL, replying.add_text)),
    ev.ReplyMemory: _row((ALL, replying.remember)),
    ev.ReplyExpects: _row((ALL, replying.expects)),
    ev.ReplyEnded: _row((ALL, replying.stream_ended)),
    ev.ReplyFailed: _row((LIVE, replying.reply_failed), (ENDING, ending.goodbye_failed)),
    ev.ToolRequested: _row((LIVE, tooling.tool_requested), (ENDING, nothing)),
    ev.ToolDone: _row(
        ((TOOL_RUNNING, THINKING, SPEAKING), tooling.tool_done),
        ((LISTENING, ENDING), tooling.finished_late),
    ),
    ev.AudioReady: _row((ALL, speaking.play)),
    ev.AudioFailed: _row((ALL, speaking.synthesis_failed)),
    ev.PlaybackStarted: _row(((THINKING, SPEAKING, TOOL_RUNNING, ENDING), speaking.chunk_started)),
    ev.PlaybackDone: _row(((THINKING, SPEAKING, TOOL_RUNNING, ENDING), speaking.chunk_done)),
    ev.PlaybackStopped: _row((ALL, speaking.playback_stopped)),
    # time
    TimerKind.SILENCE: _row((LISTENING, listening.silence)),
    TimerKind.DTMF: _row((LISTENING, listening.digits_done)),
    TimerKind.FINAL: _row((THINKING, listening.final_is_late)),
    TimerKind.RESUME: _row(((THINKING, SPEAKING, TOOL_RUNNING), interrupting.no_words_in_time)),
    TimerKind.STALL: _row((ALL, replying.stream_stalls)),
    TimerKind.FILLER: _row((LIVE, replying.filler)),
    TimerKind.REPLY: _row((LIVE, replying.reply_is_late)),
    TimerKind.LIMIT: _row((LIVE, ending.time_limit)),
    TimerKind.TOOLS: _row((ENDING, tooling.unfinished_too_long)),
    TimerKind.GOODBYE: _row((ENDING, ending.goodbye_unheard)),
    # endings
    ev.HangupRequested: _row((LIVE, ending.hangup_requested)),
    ev.GoodbyeRequested: _row((LIVE, ending.goodbye_requested), (ENDING, nothing)),
    ev.RemoteHangup: _row((ALL, ending.gone)),
    ev.MediaLost: _row((ALL, ending.gone)),
}
