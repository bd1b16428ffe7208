"""The agent's small policies: circuit breaker, failover, calls in pieces, what is spoken, settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.agent_settings import AgentSettings
from controller.dialogue.agent.calls import MAX_ARGUMENT_CHARS, CallAssembler
from controller.dialogue.agent.circuit import Circuit, CircuitState
from controller.dialogue.agent.client import connect
from controller.dialogue.agent.failover import Failover
from controller.dialogue.agent.ports import AskedCall, ChatRequest, Fault, ModelError, Piece, Words
from controller.dialogue.agent.spoken import SpokenFilter

# --- circuit ----------------------------------------------------------------------------------


def test_a_circuit_opens_after_three_failures_in_a_row() -> None:
    circuit = Circuit()
    circuit.failed(1)
    circuit.failed(2)
    circuit.succeeded()
    circuit.failed(3)
    circuit.failed(4)
    assert circuit.admits(4)
    circuit.failed(5)
    assert not circuit.admits(34.9)


def test_one_trial_decides() -> None:
    circuit = Circuit(failures=1)
    circuit.failed(0)
    assert circuit.admits(30)
    assert not circuit.admits(30)  # the trial is on its way
    circuit.failed(31)
    assert not circuit.admits(60)
    assert circuit.admits(61)
    circuit.succeeded()
    assert circuit.state is CircuitState.CLOSED


def test_an_abandoned_trial_lets_the_next_one_try() -> None:
    circuit = Circuit(failures=1)
    circuit.failed(0)
    assert circuit.admits(30)
    circuit.abandoned(31)
    assert circuit.admits(31)


# --- failover ---------------------------------------------------------------------------------


class Scripted:
    """A model that answers words, or fails before or after them."""

    def __init__(self, name: str, *outcomes: str | Fault | tuple[str, Fault]) -> None:
        self.name = name
        self.outcomes = list(outcomes)
        self.asked = 0

    def stream(self, request: ChatRequest) -> Iterator[Piece]:
        self.asked += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Fault):
            raise ModelError(outcome, "x")
        if isinstance(outcome, tuple):
            yield Words(outcome[0])
            raise ModelError(outcome[1], "x")
        yield Words(outcome)


class World:
    """A clock that only sleeping moves."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def failover(*models: Scripted) -> tuple[Failover, World]:
    world = World()
    return Failover(models, clock=lambda: world.now, sleep=world.sleep), world


def answer(model: Failover) -> str:
    return "".join(p.text for p in model.stream(ChatRequest([])) if isinstance(p, Words))


def test_the_fallback_model_answers_when_the_first_can_not() -> None:
    model, _ = failover(Scripted("a", Fault.SLOW_START), Scripted("b", "yes"))
    assert answer(model) == "yes"


def test_a_lone_model_is_asked_again_once_where_that_may_help() -> None:
    model, world = failover(Scripted("a", Fault.BUSY, "yes"))
    assert answer(model) == "yes"
    assert world.now == 0.25
    lone = Scripted("a", Fault.REFUSED)
    with pytest.raises(ModelError):
        answer(failover(lone)[0])
    assert lone.asked == 1


def test_after_words_nothing_is_asked_again() -> None:
    second = Scripted("b", "again")
    model, _ = failover(Scripted("a", ("We open", Fault.BROKEN)), second)
    heard = []
    with pytest.raises(ModelError):
        heard.extend(model.stream(ChatRequest([])))
    assert second.asked == 0


def test_an_open_circuit_is_not_waited_for() -> None:
    first = Scripted("a", *[Fault.SLOW_START] * 3, "well again")
    model, world = failover(first, Scripted("b", *["yes"] * 5))
    assert [answer(model) for _ in range(5)] == ["yes"] * 5
    assert first.asked == 3
    world.now = 31
    assert answer(model) == "well again"


def test_all_circuits_open_is_told_at_once() -> None:
    model, _ = failover(Scripted("a", *[Fault.REFUSED] * 3))
    for _ in range(3):
        with pytest.raises(ModelError):
            answer(model)
    with pytest.raises(ModelError) as caught:
        answer(model)
    assert caught.value.fault is Fault.OPEN_CIRCUIT


# --- calls in pieces --------------------------------------------------------------------------


@given(st.lists(st.text(max_size=4), max_size=8), st.lists(st.text(max_size=4), max_size=8))
def test_interleaved_pieces_come_together(one: list[str], two: list[str]) -> None:
    calls = CallAssembler()
    calls.add(0, "a", "x", "")
    calls.add(1, "b", "y", "")
    for n in range(8):
        calls.add(0, "", "", "".join(one[n : n + 1]))
        calls.add(1, "", "", "".join(two[n : n + 1]))
    assert calls.calls() == (
        AskedCall("x", "".join(one) or "{}"),
        AskedCall("y", "".join(two) or "{}"),
    )


def test_whole_calls_under_one_index_are_told_apart_by_their_ids() -> None:
    calls = CallAssembler()
    calls.add(0, "a", "x", "{}")
    calls.add(0, "b", "y", "{}")
    assert [c.name for c in calls.calls()] == ["x", "y"]


def test_arguments_without_end_are_refused() -> None:
    calls = CallAssembler()
    calls.add(0, "a", "x", "y" * MAX_ARGUMENT_CHARS)
    with pytest.raises(ModelError):
        calls.add(0, "", "", "y")


# --- what is spoken ---------------------------------------------------------------------------


@given(st.integers(1, 9))
def test_thinking_aloud_is_not_spoken_however_it_is_cut(size: int) -> None:
    text = "<think>He is < 18. Hm.</think>One < two. <thin air> <think>x</think>Bye."
    spoken = SpokenFilter(1000)
    said = "".join(spoken.feed(text[i : i + size]) for i in range(0, len(text), size))
    assert said + spoken.flush() == "One < two. <thin air> Bye."


@given(st.lists(st.sampled_from(["word ", "end. ", "句子。", "no space"]), max_size=200))
def test_never_more_than_a_quarter_over_the_bound(pieces: list[str]) -> None:
    spoken = SpokenFilter(80)
    said = "".join(map(spoken.feed, pieces)) + spoken.flush()
    assert "".join(pieces).startswith(said)
    assert len(said) <= 100
    assert spoken.full or said == "".join(pieces)


# --- settings ---------------------------------------------------------------------------------


def test_settings_become_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", "from the environment")
    settings = AgentSettings(base_url="http://127.0.0.1:1/v1", model="a", fallback_model="b")
    options = settings.options("zh")
    assert options.endpoint.models == ("a", "b")
    assert options.endpoint.api_key == "from the environment"
    assert options.greeting == "您好，请问有什么可以帮您？"
    assert "environment" not in repr(options) + repr(settings)


@pytest.mark.parametrize(("url", "model"), [("", "m"), ("127.0.0.1:80", "m"), ("http://x/v1", "")])
def test_an_endpoint_that_is_not_set_up_is_told_at_the_start(url: str, model: str) -> None:
    with pytest.raises(ValueError, match=r"agent\.(base_url|model)"):
        connect(AgentSettings(base_url=url, model=model).options("en").endpoint)
