"""What an operator can do: the commands of the console, each a line in and a text out.

Responsible for reading arguments and for the words of answers. It acts through `ConsoleDeps` only and
must never know a socket or the event-socket dialect. Answers that say no begin with `-ERR`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import structlog

from controller.gateway.campaign_ports import CampaignRefused
from controller.gateway.console import campaign_commands, details
from controller.gateway.console.ports import ConsoleDeps
from controller.gateway.console.screen import duration, plain, table
from controller.gateway.console.watch import EVERY, Watching
from controller.gateway.phone_ports import CallRequest, PhoneDesk, PhoneRefused
from controller.session.registry import LiveSession

NAME = "switchtalk"
MAX_VARIABLES = 32
MAX_CALLS = 50

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

log = structlog.get_logger(__name__)


class CommandError(Exception):
    """The operator asked for what can't be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is typed, what it does, and the function that does it."""

    usage: str
    does: str
    run: Callable[[str], str]


class Commands:
    """The commands of one console; `who` (its address) is logged with each action."""

    def __init__(self, deps: ConsoleDeps, watching: Watching, who: str) -> None:
        self._deps = deps
        self._watching = watching
        self._log = log.bind(console=who)
        self.listed: Mapping[str, Command] = {
            "sessions": Command("sessions", "live sessions", self._sessions),
            "session": Command("session <id>", "one session and its transcript so far", self._session),
            "watch": Command("watch <id>|all", "show a transcript as it is spoken", self._watch),
            "unwatch": Command("unwatch [<id>|all]", "stop showing it", self._unwatch),
            "hangup": Command("hangup <id>", "end a session, or a call that rings", self._hangup),
            "call": Command("call <number> [bot] [name=value ...]", "call somebody", self._call),
            "calls": Command("calls", "calls that were made, newest first", self._calls),
            "flow": Command("flow [reload]", "flows that bots play; take up changed files", self._flow),
            "campaign": Command(campaign_commands.USAGE, "outbound lists", self._campaign),
            "stats": Command("stats", "numbers of this process", self._stats),
            "drain": Command("drain", "no new sessions; stop when the live ones are over", self._drain),
            "help": Command("help", "this list", self._help),
        }
        # What fs_cli asks for by itself, or on its function keys.
        self._unlisted: Mapping[str, Callable[[str], str]] = {
            "switchname": lambda _: NAME,
            "hostname": lambda _: NAME,
            "status": self._stats,
            "show": self._sessions,
            "console": lambda _: "+OK",  # `console loglevel …`: fs_cli has sent `log …` before it
        }

    def run(self, line: str) -> str:
        """The answer to one command. Never raises: what fails is logged and answered with `-ERR`."""
        name, _, rest = line.strip().partition(" ")
        listed = self.listed.get(name.lower())
        command = listed.run if listed else self._unlisted.get(name.lower())
        try:
            if command is None:
                raise CommandError(self._hint(name))
            return command(rest.strip())
        except CommandError as error:
            return f"-ERR {error}"
        except (PhoneRefused, CampaignRefused) as refusal:
            return f"-ERR {plain(refusal)}"
        except self._deps.records_unavailable:
            return "-ERR the records can't be read right now"
        except Exception:  # noqa: BLE001 - an operator keeps the console, whatever a command met
            self._log.exception("a console command failed", command=name)
            return "-ERR this failed unexpectedly; the log says why"

    def candidates(self, before: str) -> list[str]:
        """What the word after `before` (the words typed so far) may be."""
        if not before:
            return sorted(self.listed)
        name, _, words = before.partition(" ")
        if name == "campaign" and self._deps.campaigns is not None:
            return campaign_commands.candidates(self._deps.campaigns, words)
        return sorted(self._live_ids()) if before in ("session", "watch", "unwatch", "hangup") else []

    # --- looking -----------------------------------------------------------------------------

    def _sessions(self, _rest: str) -> str:
        live = sorted(self._deps.registry, key=lambda session: -session.age_s)
        if not live:
            return "no live sessions"
        rows = [
            (s.session_id, s.entry, s.bot, s.state, duration(s.age_s), self._caller(s)) for s in live
        ]
        count = f"{len(live)} live, room for {self._deps.registry.max_sessions}"
        return table(("id", "entry", "bot", "state", "age", "caller"), rows) + f"\n\n{count}"

    def _caller(self, session: LiveSession) -> str:
        transcript = self._deps.transcripts.transcript(session.session_id)
        return transcript.caller if transcript else ""

    def _session(self, rest: str) -> str:
        known = [*self._live_ids(), *self._deps.transcripts.ended()]
        session_id = self._find(rest, known, "session <id>", unknown_is_error=False)
        live = self._deps.registry.get(session_id)
        transcript = self._deps.transcripts.transcript(session_id)
        if live or transcript:
            return details.remembered(session_id, live, transcript)
        recorded = self._deps.records.session_detail(session_id) if self._deps.records else None
        if recorded is None:
            raise CommandError(f"no such session: {session_id}; `sessions` lists the live ones")
        return details.recorded(recorded)

    def _stats(self, _rest: str) -> str:
        return table(("what", "value"), list(self._deps.stats().items()), max_cells=60)

    def _help(self, _rest: str) -> str:
        rows = [(command.usage, command.does) for command in self.listed.values()]
        words = "An id may be cut short while it is unambiguous. /quit leaves; /log notice shows less."
        return table(("command", ""), rows, max_cells=60) + f"\n\n{words}"

    # --- watching ----------------------------------------------------------------------------

    def _watch(self, rest: str) -> str:
        if rest == "all":
            began = self._watching.watch(EVERY)
            return "+OK watching all sessions" if began else "+OK watching all sessions already"
        session_id = self._find(rest, self._live_ids(), "watch <id>|all")
        if not self._watching.watch(session_id):
            return f"+OK watching {session_id} already"
        muted = "" if self._watching.level is not None else "; /log debug shows what is said"
        transcript = self._deps.transcripts.transcript(session_id)
        so_far = details.lines(transcript) if transcript else []
        return "\n".join([f"+OK watching {session_id}{muted}", *so_far])

    def _unwatch(self, rest: str) -> str:
        if rest in ("", "all"):
            return "+OK watching nothing" if self._watching.close() else "-ERR nothing was watched"
        session_id = self._find(rest, self._watching.watched(), "unwatch [<id>|all]")
        self._watching.unwatch(session_id)
        return f"+OK no longer watching {session_id}"

    # --- acting ------------------------------------------------------------------------------

    def _hangup(self, rest: str) -> str:
        found = self._find(rest, [*self._live_ids(), *self._dialling_ids()], "hangup <id>")
        session = self._deps.registry.get(found)
        self._log.info("an operator hangs up", id=found)
        if session is not None:
            session.hang_up("operator")
        else:
            self._phone().hang_up(found)
        return f"+OK hanging up {found}"

    def _call(self, rest: str) -> str:
        phone = self._phone()
        number, bot, variables = _call_arguments(rest)
        self._log.info("an operator places a call", bot=bot, variables=sorted(variables))
        return f"+OK {plain(phone.place(CallRequest(number, bot, variables))['call_id'])}"

    def _calls(self, _rest: str) -> str:
        names = ("call_id", "number", "bot", "state", "disposition", "session_id")
        rows = [[call[name] or "" for name in names] for call in self._phone().recent()[:MAX_CALLS]]
        return table(names, rows, max_cells=36) if rows else "no calls were made"

    def _flow(self, rest: str) -> str:
        if rest not in ("", "reload"):
            raise CommandError("usage: flow [reload]")
        if self._deps.flows is None:
            raise CommandError("there are no flows here")
        if rest:
            self._log.info("an operator reloads the flows")
        flows = self._deps.flows.reload() if rest else self._deps.flows.status()
        rows = [(f.bot, f.flow, f.version, f"{f.since:%Y-%m-%d %H:%M:%S} UTC") for f in flows]
        problems = [f"-ERR {plain(problem)}" for flow in flows for problem in flow.problems]
        return "\n".join([table(("bot", "flow", "version", "since"), rows), *problems])

    def _campaign(self, rest: str) -> str:
        if self._deps.campaigns is None:
            raise CommandError("there are no campaigns here: they need a FreeSWITCH and a database")
        if rest.partition(" ")[0] not in ("", "list", "show"):
            self._log.info("an operator moves a campaign", what=rest)
        return campaign_commands.run(self._deps.campaigns, rest)

    def _drain(self, _rest: str) -> str:
        live = len(self._deps.registry)
        if self._deps.registry.draining:
            return f"+OK draining already, {live} live"
        self._log.warning("an operator drains the process")
        self._deps.drain()
        return f"+OK draining: no new sessions, {live} live"

    # --- arguments ---------------------------------------------------------------------------

    def _phone(self) -> PhoneDesk:
        if self._deps.phone is None:
            raise CommandError("no FreeSWITCH is configured: set freeswitch.host to make calls")
        return self._deps.phone

    def _dialling_ids(self) -> list[str]:
        calls = self._deps.phone.recent() if self._deps.phone else ()
        return [str(call["call_id"]) for call in calls if call["state"] != "ended"]

    def _live_ids(self) -> list[str]:
        return [session.session_id for session in self._deps.registry]

    def _find(self, wanted: str, ids: list[str], usage: str, *, unknown_is_error: bool = True) -> str:
        """The one id of `ids` that `wanted` begins; exactly that id always wins."""
        if not _ID.fullmatch(wanted):
            raise CommandError(f"usage: {usage}")
        found = [wanted] if wanted in ids else [known for known in ids if known.startswith(wanted)]
        if len(found) > 1:
            some = ", ".join(found[:5])
            raise CommandError(f"{len(found)} sessions begin with {wanted}: {some}; give more of the id")
        if not found and unknown_is_error:
            raise CommandError(f"no such session: {wanted}; `sessions` lists the live ones")
        return found[0] if found else wanted

    def _hint(self, name: str) -> str:
        if name.lower() in ("exit", "quit", "bye"):
            return "type /quit to leave"
        close = get_close_matches(name.lower()[:32], self.listed, n=1)
        meant = f"did you mean `{close[0]}`? " if close else ""
        return f"{plain(name, 40)}: unknown command; {meant}`help` lists them all"


def _call_arguments(rest: str) -> tuple[str, str | None, dict[str, str]]:
    """`+14155550100 demo name="Sarah Johnson"` → its parts."""
    usage = "usage: call <number> [bot] [name=value ...]"
    try:
        number, *words = shlex.split(rest)
    except ValueError as error:  # nothing at all, or an open quote
        raise CommandError(f"{usage} (a value with blanks needs quotes)") from error
    bot = words.pop(0) if words and "=" not in words[0] else None
    variables: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not _VARIABLE.fullmatch(name) or name in variables:
            raise CommandError(f"{plain(word, 40)} is no name=value of its own; {usage}")
        variables[name] = value
    if len(variables) > MAX_VARIABLES:
        raise CommandError(f"at most {MAX_VARIABLES} variables")
    return number, bot, variables
