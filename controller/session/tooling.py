"""Actions of a reply's tools, and the step after anything that a reply waited for."""

from __future__ import annotations

import json

from controller.session import ending, replying, speaking
from controller.session import events as ev
from controller.session.core import Core, State, Unfinished
from controller.session.effects import AskStrategy, CancelTool, RunTool
from controller.session.events import TimerKind
from controller.session.happenings import ToolRan
from controller.session.ports import Cause, Entry, ReplyRequest, Role, ToolOutcome
from controller.session.reply import Reply

MAX_TOOLS = 8
"""Tools one reply may run; a strategy that proposes more is going round in circles."""


def tool_requested(core: Core, event: ev.ToolRequested) -> None:
    """A proposal: it waits its turn, and while the reply is a guess."""
    if core.reply is not None:
        core.cancel_timer(TimerKind.FILLER, TimerKind.REPLY)
        core.reply.proposals.append(event)
        advance(core)


def tool_done(core: Core, event: ev.ToolDone) -> None:
    """A tool has run: into the history with it; the strategy goes on."""
    reply = core.reply
    outcome = event.outcome
    if outcome.call.call_id in core.unfinished:
        finished_late(core, event)
        return
    if reply is None:
        return
    took_ms = round((core.now - reply.tool_started_at) * 1000, 1)
    reply.running = None
    reply.outcome = outcome
    speaking.hold(core, reply)  # what was done can't be unsaid
    core.untold = outcome
    core.history.append(Entry(Role.TOOL, _outcome_text(outcome)))
    core.tell(ToolRan(reply.turn, outcome, took_ms))
    core.enter(State.THINKING if reply.all_heard else State.SPEAKING)
    if outcome.ok and outcome.hang_up:
        reply.outcome = None
        core.dispatch(ev.HangupRequested(outcome.hang_up))
    advance(core)


def give_up(core: Core, reply: Reply, proposal: ev.ToolRequested) -> None:
    """Nobody waits for this tool any more: cancel it, or let it finish where it must."""
    call_id = proposal.call.call_id
    if proposal.must_finish:
        core.unfinished[call_id] = Unfinished(reply.turn, reply.tool_started_at)
    else:
        core.do(CancelTool(call_id))


def finished_late(core: Core, event: ev.ToolDone) -> None:
    """It did happen: the strategy and the records are to know, though nobody hears of it."""
    outcome = event.outcome
    late = core.unfinished.pop(outcome.call.call_id, None)
    if late is None:  # of the reply that ends the session, and waits for nothing
        return
    core.untold = outcome
    core.history.append(Entry(Role.TOOL, _outcome_text(outcome)))
    core.tell(ToolRan(late.turn, outcome, round((core.now - late.started_at) * 1000, 1)))
    if core.leaving and not core.unfinished:
        core.finish(core.leaving)


def unfinished_too_long(core: Core, _: ev.TimerFired) -> None:
    """A tool that doesn't even keep its own limit."""
    for call_id in core.unfinished:
        core.do(CancelTool(call_id))
    core.unfinished.clear()
    core.finish(core.leaving)


def _outcome_text(outcome: ToolOutcome) -> str:
    told = f"{outcome.code}: {outcome.say}"
    if outcome.ok:
        told = json.dumps(dict(outcome.data), ensure_ascii=False, default=str)
    return f"{outcome.call.name} -> {told}"


def advance(core: Core) -> None:
    """After anything that may have been the last thing a reply waited for: the next step."""
    reply = core.reply
    if reply is None or reply.speculative or core.state is State.ENDED:
        return
    if reply.running is None and reply.proposals:
        _run_tool(core, reply)
    elif reply.outcome is not None and not reply.streaming and reply.running is None:
        _tell_outcome(core, reply)
    elif reply.finished:
        ending.reply_finished(core)


def _run_tool(core: Core, reply: Reply) -> None:
    proposal = reply.proposals.pop(0)
    reply.tools_run += 1
    if reply.tools_run > MAX_TOOLS:
        reply.proposals.clear()
        replying.reply_failed(core, ev.ReplyFailed(reply.id, "too many tools in one reply"))
        return
    reply.running = proposal
    reply.tool_started_at = core.now
    if core.state is not State.ENDING:
        core.enter(State.TOOL_RUNNING)
    core.do(RunTool(proposal.call))


def _tell_outcome(core: Core, reply: Reply) -> None:
    request = replying.build_request(core, Cause.TOOL, "")
    outcome, reply.outcome = reply.outcome, None
    memory = reply.memory_or(core.memory)
    request = ReplyRequest(
        Cause.TOOL, "", request.history, memory, core.variables, core.silence_count, outcome
    )
    reply.streaming = True
    replying.expect_words_soon(core)
    core.do(AskStrategy(reply.id, request))
