"""What a model is told of a history, whatever the history: always in a form that servers take."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.dialogue.agent.memory import Call, Memory, Round
from controller.dialogue.agent.messages import conversation, estimated_tokens
from controller.dialogue.agent.ports import AskedCall, ChatMessage
from controller.session.ports import Cause, Entry, ReplyRequest, Role

ENTRIES = st.builds(
    Entry, st.sampled_from(Role), st.text("ab 你<>", min_size=1, max_size=30), st.booleans()
)
CALLS = st.builds(
    Call,
    st.builds(AskedCall, st.just("t"), st.sampled_from(["{}", "{x", '{"a": 1}'])),
    st.integers(0, 9),
)
MEMORIES = st.builds(
    Memory,
    rounds=st.lists(
        st.builds(Round, st.text(max_size=5), st.lists(CALLS, min_size=1, max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
    tools_before=st.integers(0, 5),
    calls=st.lists(CALLS, max_size=5).map(tuple),
    summarised=st.integers(0, 5),
)


def check_form(messages: list[ChatMessage]) -> None:
    """The rules of chat completions, and the alternation that models' templates want."""
    assert messages[0]["role"] == "user"
    waiting: list[str] = []
    seen: set[str] = set()
    before = ""
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == waiting.pop(0)
            continue
        assert waiting == []
        assert message["role"] != before or "tool_calls" in message or before == "assistant"
        waiting = [call["id"] for call in message.get("tool_calls", [])]
        assert not seen & set(waiting)
        seen |= set(waiting)
        before = message["role"]
    assert waiting == []
    assert messages[-1]["role"] in ("user", "tool")


@given(st.lists(ENTRIES, max_size=12).map(tuple), MEMORIES, st.integers(0, 200))
def test_any_history_is_told_in_good_form(
    history: tuple[Entry, ...], memory: Memory, budget: int
) -> None:
    check_form(conversation(ReplyRequest(Cause.TEXT, "", history), memory, budget, "(begin)"))


@given(st.lists(ENTRIES, min_size=1, max_size=12).map(tuple), st.integers(0, 60))
def test_the_budget_cuts_the_old_end_only(history: tuple[Entry, ...], budget: int) -> None:
    told = conversation(ReplyRequest(Cause.TEXT, "", history), Memory(), budget, "(begin)")
    everything = str(conversation(ReplyRequest(Cause.TEXT, "", history), Memory(), 10**6, "(begin)"))
    if history[-1].role is Role.CALLER:
        assert told[-1]["content"].endswith(history[-1].text + "…" * history[-1].interrupted)
    assert len(str(told)) <= len(everything) + len("(begin)") + 60


def test_turns_of_one_side_become_one() -> None:
    history = (
        Entry(Role.BOT, "Hello."),
        Entry(Role.BOT, "Are you still there?"),
        Entry(Role.CALLER, "Yes."),
        Entry(Role.CALLER, "Sorry."),
    )
    told = conversation(ReplyRequest(Cause.TEXT, "Sorry.", history), Memory(), 1000, "(begin)")
    assert told == [
        {"role": "user", "content": "(begin)"},
        {"role": "assistant", "content": "Hello.\nAre you still there?"},
        {"role": "user", "content": "Yes.\nSorry."},
    ]


def test_tokens_are_estimated_for_both_scripts() -> None:
    assert estimated_tokens("a" * 35) == 10
    assert estimated_tokens("你好吗") == 3
