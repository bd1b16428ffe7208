"""The agent against a real OpenAI-compatible HTTP server: right words, right tools, nothing leaked."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from statistics import median
from time import monotonic, thread_time

import gevent
import pytest

from controller.dialogue.agent.factory import agent_strategy
from controller.dialogue.agent.options import AgentOptions, Endpoint, Limits
from controller.dialogue.agent.ports import Fault, ModelError, ToolCard
from controller.dialogue.agent.strategy import AgentStrategy
from controller.session.ports import Cause, Entry, Propose, ReplyItem, ReplyRequest, Role, Say
from tests.simulator.llm_server import (
    CUT,
    Answer,
    LlmServer,
    calls,
    done,
    for_ever,
    says,
    speaks,
)

pytestmark = pytest.mark.timeout(30)
NOTIFY = ToolCard("send_notification", "Send a message.", {"type": "object"})
HANGUP = ToolCard("hangup", "End the call.", {"type": "object"})
QUICK = Limits(first_token_s=0.4, total_s=1.5)


def agent(
    server: LlmServer,
    *models: str,
    limits: Limits = QUICK,
    tools: tuple[ToolCard, ...] = (NOTIFY, HANGUP),
) -> AgentStrategy:
    endpoint = Endpoint(server.url, models or ("main",), api_key="k-123")
    return agent_strategy(options=AgentOptions(endpoint, "en", "Be kind.", limits=limits), tools=tools)


def asked(text: str = "Hello?") -> ReplyRequest:
    return ReplyRequest(Cause.SPEECH, text, (Entry(Role.CALLER, text),))


def said(items: Iterator[ReplyItem] | list[ReplyItem]) -> str:
    return "".join(item.text for item in items if isinstance(item, Say))


def fault_of(strategy: AgentStrategy) -> tuple[Fault, str]:
    """How a reply fails, and what was said before."""
    heard: list[ReplyItem] = []
    with pytest.raises(ModelError) as caught:
        heard.extend(strategy.reply(asked()))
    return caught.value.fault, said(heard)


def test_words_stream_and_the_request_is_as_the_protocol_has_it() -> None:
    with LlmServer([speaks("We open at nine.")]) as server:
        items = list(agent(server).reply(asked("When do you open?")))
        assert said(items) == "We open at nine."
        body = server.requests[0]
        assert server.paths == ["/v1/chat/completions"]
        assert server.keys == ["Bearer k-123"]
        assert body["stream"] is True
        assert body["model"] == "main"
        assert [t["function"]["name"] for t in body["tools"]] == ["send_notification", "hangup"]
        assert body["messages"][-1] == {"role": "user", "content": "When do you open?"}
        assert server.idle(kept=1)


def test_chinese_cut_in_the_middle_of_a_character() -> None:
    line = 'data: {"choices":[{"index":0,"delta":{"content":"您好"},"finish_reason":null}]}\n\n'.encode()
    at = line.index("好".encode()) + 1

    with LlmServer([Answer([line[:at], 0.05, line[at:], done()])]) as server:
        assert said(agent(server).reply(asked("你好"))) == "您好"


def test_tool_calls_in_pieces_several_in_one_answer() -> None:
    pieces = [
        says("One moment. "),
        calls(0, "a", "send_notification", ""),
        calls(0, arguments='{"to": "An'),
        0.05,
        calls(1, "b", "send_notification", '{"to"'),
        calls(0, arguments='n"}'),
        calls(1, arguments=': "Bo"}'),
        done("tool_calls"),
    ]
    with LlmServer([Answer(pieces)]) as server:
        items = list(agent(server).reply(asked()))
        assert said(items) == "One moment. "
        assert [i.arguments for i in items if isinstance(i, Propose)] == [{"to": "Ann"}, {"to": "Bo"}]
        assert server.idle(kept=1)


def test_a_cut_stream_proposes_nothing() -> None:
    pieces = [says("I'll send it."), calls(0, "a", "send_notification", '{"to": "Ann"}'), CUT]
    with LlmServer([Answer(pieces)]) as server:
        fault, heard = fault_of(agent(server))
        assert (fault, heard) == (Fault.UNREACHABLE, "I'll send it.")
        assert len(server.requests) == 1  # words were said: not asked again
        assert server.idle()


def test_a_stream_that_ends_early_in_good_form_is_cut_too() -> None:
    with LlmServer([Answer([says("We open at")])]) as server:
        assert fault_of(agent(server)) == (Fault.BROKEN, "We open at")


@pytest.mark.parametrize(
    "bad",
    [
        Answer(status=500),
        Answer(status=429, headers={"Retry-After": "0.1"}),
        Answer([CUT]),
        Answer(["data: {broken\n\n", done()]),
        Answer(['data: {"error": {"message": "overloaded"}}\n\n']),
        Answer(['data: {"choices": "none"}\n\n', "data: [1]\n\n", "data: null\n\n"]),
    ],
    ids=["500", "429", "cut", "malformed", "error", "nonsense"],
)
def test_a_failure_before_words_is_tried_again(bad: Answer) -> None:
    with LlmServer([bad, speaks("Here I am.")]) as server:
        assert said(agent(server).reply(asked())) == "Here I am."
        assert len(server.requests) == 2
        assert server.idle(kept=1)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    with LlmServer([Answer(status=status)]) as server:
        assert fault_of(agent(server)) == (Fault.REFUSED, "")


def test_a_long_pause_that_a_server_asks_for_is_not_waited_for() -> None:
    with LlmServer([Answer(status=429, headers={"Retry-After": "30"})]) as server:
        start = monotonic()
        assert fault_of(agent(server))[0] is Fault.BUSY
        assert monotonic() - start < 1


@pytest.mark.parametrize("slow", [Answer(delay_s=10.0), Answer([says(""), 10.0])], ids=["head", "words"])
def test_a_slow_model_is_left_for_the_fallback_model(slow: Answer) -> None:
    def script(body: dict[str, object]) -> Answer:
        return slow if body["model"] == "main" else speaks("From the other one.")

    with LlmServer(script) as server:
        start = monotonic()
        assert said(agent(server, "main", "spare").reply(asked())) == "From the other one."
        assert 0.35 < monotonic() - start < 1.5
        assert server.idle(kept=1)


def test_a_dead_server_is_soon_not_asked_any_more() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        endpoint = Endpoint(url, ("main",))
        strategy = agent_strategy(options=AgentOptions(endpoint, "en", "", limits=QUICK))
        assert [fault_of(strategy)[0] for _ in range(3)] == [
            Fault.UNREACHABLE,  # two attempts each, and three failures open the circuit
            Fault.UNREACHABLE,
            Fault.OPEN_CIRCUIT,
        ]
        start = monotonic()
        fault_of(strategy)
        assert monotonic() - start < 0.1


def test_an_answer_that_stops_half_way_ends_in_time() -> None:
    with LlmServer([Answer([says("We open at nine."), 20.0])]) as server:
        start = monotonic()
        assert fault_of(agent(server)) == (Fault.TOO_LONG, "We open at nine.")
        assert 1.2 < monotonic() - start < 3
        assert server.idle()


@pytest.mark.parametrize(
    ("endless", "heard"),
    [(says("On and on. "), True), (says(""), False), (says("<think>"), False)],
    ids=["words", "nothing", "thinking"],
)
def test_endless_output_ends_and_keeps_nobody_else_waiting(
    endless: dict[str, object], heard: bool
) -> None:
    """A hog would show in the hub's own work between two ticks, whatever else the machine does; one
    that sleeps instead would show in the median wait."""
    waits: list[float] = []
    worked: list[float] = []

    def tick() -> None:
        while True:
            start, work = monotonic(), thread_time()
            gevent.sleep(0.01)
            waits.append(monotonic() - start)
            worked.append(thread_time() - work)

    with LlmServer([speaks("Warm."), *[Answer(for_ever(endless))] * 2]) as server:
        strategy = agent(server)
        said(strategy.reply(asked()))  # what is slow once is no hog
        ticking = gevent.spawn(tick)
        try:
            text = said(strategy.reply(asked()))
        except ModelError:
            text = ""
        ticking.kill()
        assert bool(text) is heard
        assert len(text) <= 1500
        assert server.idle()
        assert heard or len(waits) > 5
        assert max(worked, default=0) < 0.3  # the hub went round all the time
        assert median(waits or [0]) < 0.3


def test_endless_arguments_end() -> None:
    flood = Answer(for_ever(calls(0, "a", "send_notification", "x" * 500)))
    with LlmServer([flood, flood]) as server:
        assert fault_of(agent(server)) == (Fault.BROKEN, "")
        assert server.idle()


@pytest.mark.parametrize(
    "answer", [Answer(delay_s=20.0), Answer([says("We open "), 20.0])], ids=["head", "words"]
)
def test_a_cancelled_reply_closes_its_connection(answer: Answer) -> None:
    patient = Limits(first_token_s=20, total_s=20)
    with LlmServer([answer]) as server:
        strategy = agent(server, limits=patient)
        talking = gevent.spawn(lambda: list(strategy.reply(asked())))
        while not server.requests:
            gevent.sleep(0.01)
        if not answer.delay_s:
            assert server.streaming.wait(3)
        talking.kill()
        assert server.idle()


def test_a_reply_that_is_thrown_away_half_way_closes_its_connection() -> None:
    with LlmServer([Answer([says("We open "), 20.0])]) as server:
        items = agent(server, limits=Limits(total_s=20)).reply(asked())
        assert any(isinstance(item, Say) for item in items)  # stops at the first words
        items.close()  # type: ignore[attr-defined]
        assert server.idle()


def test_the_first_words_come_when_they_are_sent_and_many_talk_at_once() -> None:
    """Time from the server's first clause to the kernel's having it, 20 replies at once."""

    def script(_body: object) -> Answer:
        return Answer([says("Well, we open at nine,"), 0.4, says(" every day."), done()])

    with LlmServer(script) as server:
        strategy = agent(server, limits=Limits())
        start = monotonic()

        def first_words() -> float:
            items = strategy.reply(asked())
            next(item for item in items if isinstance(item, Say))
            took = monotonic() - start
            assert said(items) == " every day."
            return took

        talks = [gevent.spawn(first_words) for _ in range(20)]
        took = sorted(talk.get(timeout=10) for talk in talks)
        assert took[-1] < 0.4  # every one before the second clause was sent
        assert server.idle(kept=20)


def test_several_turns_share_one_connection_when_each_was_read_to_its_end() -> None:
    tools = Answer([says("One moment."), calls(0, "a", "hangup", "{}"), done("tool_calls")])
    with LlmServer([speaks("At nine."), tools, Answer(status=400), speaks("At ten.")]) as server:
        strategy = agent(server)
        assert said(strategy.reply(asked())) == "At nine."
        assert said(strategy.reply(asked())) == "One moment."
        assert fault_of(strategy)[0] is Fault.REFUSED
        assert said(strategy.reply(asked())) == "At ten."
        assert (server.connections, server.open) == (1, 1)


def test_a_server_that_keeps_its_answer_open_after_the_end_is_not_waited_for() -> None:
    with LlmServer(
        [Answer([says("At nine."), done(), "data: [DONE]\n\n", 20.0]), speaks("Ten.")]
    ) as server:
        strategy = agent(server)
        start = monotonic()
        assert said(strategy.reply(asked())) == "At nine."
        assert monotonic() - start < 3
        assert server.idle()
        assert said(strategy.reply(asked())) == "Ten."
        assert server.connections == 2


def test_parameters_that_a_model_refuses_are_not_sent_again() -> None:
    def script(body: dict[str, object]) -> Answer:
        if "max_tokens" in body:
            hint = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return Answer(status=400, message=hint)
        if "temperature" in body:
            return Answer(status=400, message="Unsupported value: 'temperature' must be 1.")
        return speaks("At nine.")

    with LlmServer(script) as server:
        strategy = agent(server)
        assert [said(strategy.reply(asked())) for _ in range(2)] == ["At nine."] * 2
        assert len(server.requests) == 4  # two lessons, once
        assert server.requests[-1]["max_completion_tokens"] == 300


def test_a_model_that_refuses_whatever_is_sent_is_not_asked_for_ever() -> None:
    refusal = Answer(status=400, message="'max_tokens' and 'temperature' are no good")
    with LlmServer(lambda _body: refusal) as server:
        assert fault_of(agent(server))[0] is Fault.REFUSED
        assert len(server.requests) == 2
