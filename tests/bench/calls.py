"""Scenarios: who calls, how often, how long; and what each call measured.

Responsible for running simulated callers against a server that runs already. It must never start
servers, nor judge or print what it measured.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gevent
import numpy as np

from tests.simulator.audio import FRAME_MS, texts_of_kind
from tests.simulator.caller import Caller, CallFailed, WebCaller
from tests.simulator.line import Refused
from tests.simulator.persona import converse, english
from tests.simulator.turns import Turn
from tests.simulator.wire import HandshakeRefused

VOICES = ("slt", "awb")
BOTS = ("appointment_en", "survey_en")
STAGGER_MS = 731.0
"""Callers arrive one after another, and no two on the same 20 ms beat."""
SOAK_LISTEN_MS = 1500.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """`callers` at the same time, each makes `calls_each` calls of at most `turns` turns."""

    name: str
    callers: int
    calls_each: int
    turns: int
    interruptions: int = 2
    """Barge-ins that each call tries."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the caller measured it."""

    bot: str
    voice: str
    minutes: float
    turns: tuple[Turn, ...]
    gaps_ms: tuple[float, ...]
    late_p99_ms: float
    """How late the simulator's own clock was: numbers of a starved simulator mean nothing."""
    end_reason: str | None
    failure: str | None


Finished = Callable[[], None]
NewCaller = Callable[[str, str, int], Caller[Any]]
"""Bot, voice, and which of the callers (0, 1, …): whoever is about to call."""


def web_callers(ws_url: str) -> NewCaller:
    """All of them on the web."""
    return lambda bot, voice, index: WebCaller(ws_url, bot=bot, voice=voice)


def run_scenario(new_caller: NewCaller, scenario: Scenario, finished: Finished) -> list[Call]:
    """All calls of the scenario, in real time; `finished` is called after each."""
    callers = [
        gevent.spawn(_caller, new_caller, scenario, index, finished) for index in range(scenario.callers)
    ]
    gevent.joinall(callers, raise_error=True)
    return [call for caller in callers for call in caller.value]


def run_soak(new_caller: NewCaller, sessions: int, at_once: int, finished: Finished) -> list[Call]:
    """Many short sessions, `at_once` at a time: listen, say one thing, hang up."""
    numbers = iter(range(sessions))
    callers = [
        gevent.spawn(_short_calls, new_caller, numbers, index, finished) for index in range(at_once)
    ]
    gevent.joinall(callers, raise_error=True)
    return [call for caller in callers for call in caller.value]


def _caller(new_caller: NewCaller, scenario: Scenario, index: int, finished: Finished) -> list[Call]:
    dice = random.Random(index)
    voice = VOICES[index % len(VOICES)]
    words = itertools.cycle(texts_of_kind("bargein", voice))
    gevent.sleep(index * STAGGER_MS / 1000)
    calls = []
    for number in range(scenario.calls_each):
        bot = BOTS[(index // len(VOICES) + number) % len(BOTS)]
        talk = partial(
            converse,
            persona=english(changes_mind=bool(number % 2)),
            most_turns=scenario.turns,
            interruptions=list(itertools.islice(words, scenario.interruptions)),
            chance=dice,
        )
        calls.append(_measured(new_caller(bot, voice, index), bot, talk))
        finished()
    return calls


def _short_calls(
    new_caller: NewCaller, numbers: Iterator[int], index: int, finished: Finished
) -> list[Call]:
    calls = []
    for number in numbers:
        bot, voice = BOTS[number % len(BOTS)], VOICES[number % len(VOICES)]
        calls.append(_measured(new_caller(bot, voice, index), bot, _say_one_thing))
        finished()
    return calls


def _say_one_thing(caller: Caller[Any]) -> None:
    caller.waits(SOAK_LISTEN_MS)
    caller.says("hold on please")
    caller.waits(SOAK_LISTEN_MS)


def _measured(caller: Caller[Any], bot: str, talk: Callable[[Caller[Any]], object]) -> Call:
    failure = None
    try:
        with caller:
            talk(caller)
    except (CallFailed, Refused, HandshakeRefused, OSError) as exc:
        failure = f"{type(exc).__name__}: {exc}"
    errors = [error.body for error in caller.of_type("error")]
    if errors and failure is None:
        failure = f"the server sent {errors[0]}"
    late = caller.line.late_ms
    return Call(
        bot=bot,
        voice=caller.voice,
        minutes=len(late) * FRAME_MS / 60_000,
        turns=tuple(caller.turns),
        gaps_ms=tuple(gap.ms for gap in caller.line.gaps),
        late_p99_ms=float(np.percentile(late, 99)) if late else 0.0,
        end_reason=caller.end_reason,
        failure=failure,
    )
