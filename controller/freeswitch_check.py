"""`switchtalk freeswitch-check`: does the FreeSWITCH we are told of have what we need?

Asks over the event socket, leaves nothing behind, and says how to mend what is wrong. Must never need
a running controller. Each check is one small function that gives findings.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from xml.etree import ElementTree

import gevent

from controller.doctor import Finding, Verdict
from controller.settings import Settings
from controller.telephony.checks import BadArgument, check_name, check_path
from controller.telephony.commands import Api, module_exists
from controller.telephony.esl.connection import EslConnection
from controller.telephony.esl.errors import AuthRefused, EslError, EslRefused

MODULES = (
    "mod_event_socket",
    "mod_commands",
    "mod_dptools",
    "mod_dialplan_xml",
    "mod_sndfile",
    "mod_tone_stream",
    "mod_opus",
    "mod_sofia",
    "mod_rtc",
    "mod_verto",
    "mod_db",
    "mod_audio_stream",
)
"""What calls need; freeswitch_conf/autoload_configs/modules.conf.xml loads them."""
OLDEST = (1, 10)
CONNECT_S = 3.0
WELL_KNOWN = "ClueCon"
CONFIGURATION = "use freeswitch_conf, or take over what it says there"
PROFILE = re.compile(r"^\s*(\S+)\s+profile\s+sip:mod_sofia@(\[[^]]+\]|[^:\s]+):(\d+)\S*\s+(\w+)", re.M)

Check = Callable[[EslConnection, Settings], Iterator[Finding]]


def examine_freeswitch(settings: Settings) -> Iterator[Finding]:
    """Everything that is worth knowing, in the order in which it is needed; raises nothing."""
    given = settings.freeswitch
    if not given.host:
        yield _bad("event socket", "no FreeSWITCH is configured", "set freeswitch.host and .password")
        return
    where = f"{given.host}:{given.port}"
    try:
        with _logged_in(settings) as line:
            yield _good("event socket", f"{where}, logged in")
            for check in CHECKS:
                yield from _guarded(check, line, settings)
    except AuthRefused as error:
        yield _bad(
            "event socket",
            f"{where}: {error}",
            "freeswitch.password must be FreeSWITCH's ESL_PASSWORD, and its ACL must allow this address",
        )
    except (EslError, OSError) as error:
        yield _bad(
            "event socket", f"{where}: {error}", "start FreeSWITCH, or check listen-ip and listen-port"
        )


@contextmanager
def _logged_in(settings: Settings) -> Iterator[EslConnection]:
    given = settings.freeswitch
    sock = socket.create_connection((given.host, given.port), timeout=CONNECT_S)
    line = EslConnection(sock, lambda _event: None, name="check")
    reader = gevent.spawn(line.run)
    try:
        line.authenticate(given.password)
        yield line
    finally:
        line.close()
        reader.join()


def _guarded(check: Check, line: EslConnection, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(line, settings)
    except (EslError, OSError, BadArgument, ElementTree.ParseError) as error:
        yield _bad(check.__name__.strip("_").replace("_", " "), str(error) or type(error).__name__, "")


# --- the checks ----------------------------------------------------------------------------------


def _password(_: EslConnection, settings: Settings) -> Iterator[Finding]:
    if settings.freeswitch.password == WELL_KNOWN:
        yield _bad("password", "everybody knows it", "start FreeSWITCH with an ESL_PASSWORD of your own")


def _version(line: EslConnection, _: Settings) -> Iterator[Finding]:
    version = line.api(Api("version short")).strip()
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) >= OLDEST:
        yield _good("version", version)
    else:
        yield Finding("version", Verdict.NOTE, version, "tried with 1.11; 1.10 is the least to expect")


def _modules(line: EslConnection, _: Settings) -> Iterator[Finding]:
    missing = [name for name in MODULES if line.api(module_exists(name)).strip() != "true"]
    if missing:
        remedy = f"install and load them; {CONFIGURATION}"
        yield _bad("modules", f"not loaded: {', '.join(missing)}", remedy)
    else:
        yield _good("modules", f"all {len(MODULES)} are loaded")


def _audio_stream(line: EslConnection, _: Settings) -> Iterator[Finding]:
    """Without arguments it says how it is used, which is refused as an answer."""
    try:
        usage = line.api(Api("uuid_audio_stream"))
    except EslRefused as refused:
        usage = refused.reply
    if "start" in usage and "metadata" in usage:
        yield _good("audio stream", "uuid_audio_stream takes calls' audio to us, metadata included")
    else:
        yield _bad("audio stream", usage, "install mod_audio_stream (amigniter); others differ")


def _profiles(line: EslConnection, _: Settings) -> Iterator[Finding]:
    profiles = PROFILE.findall(line.api(Api("sofia status")))
    if not profiles:
        yield _bad("SIP", "no profile", CONFIGURATION)
    for name, host, port, state in profiles:
        what, says = f"SIP {name}", f"{host}:{port} {state.lower()}"
        if state != "RUNNING":
            yield _bad(what, says, "look into FreeSWITCH's log; is the port taken?")
        elif _is_loopback(host):
            yield _good(what, f"{says}, loopback")
        else:
            remedy = "let a firewall admit only your phones and trunks"
            yield Finding(what, Verdict.NOTE, f"{says}, reachable from the network", remedy)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _numbers(line: EslConnection, settings: Settings) -> Iterator[Finding]:
    """Do the bots' numbers lead to our socket?"""
    given = settings.freeswitch
    ours = given.socket_address or f"{given.socket_host}:{given.socket_port}"
    text = line.api(Api(f"xml_locate dialplan context name {check_name(given.context)}"))
    if not text.lstrip().startswith("<"):
        yield _bad("numbers", f"there is no dialplan context {given.context!r}", CONFIGURATION)
        return
    context = ElementTree.fromstring(text)  # noqa: S314 - from the FreeSWITCH we have the password of
    wanted = ["7000", *(f"70{b.number:02}" for b in settings.bots.values() if b.number is not None)]
    targets = {number: _socket_of(context, number) for number in dict.fromkeys(wanted)}
    lost = [number for number, hosts in targets.items() if not hosts]
    astray = {number: hosts for number, hosts in targets.items() if hosts and ours not in hosts}
    if lost:
        yield _bad("numbers", f"no socket for {', '.join(lost)}", f"{CONFIGURATION} (dialplans/)")
    if astray:
        number, hosts = next(iter(astray.items()))
        yield _bad(
            "numbers",
            f"{number} goes to {'|'.join(hosts)}, but we listen on {ours}",
            f"start FreeSWITCH with FS_CONTROLLERS={ours}, or set freeswitch.socket_address",
        )
    if not lost and not astray:
        yield _good("numbers", f"{', '.join(targets)} lead to {ours}")


def _socket_of(context: ElementTree.Element, number: str) -> list[str]:
    """host:port of each controller that a call to this number is given to, first first."""
    for condition in context.iterfind("extension/condition[@field='destination_number']"):
        try:
            matches = re.search(condition.get("expression", ""), number)
        except re.error:  # Perl's expressions know more than Python's
            continue
        if matches:
            for action in condition.iterfind("action[@application='socket']"):
                return action.get("data", "").split(" ")[0].split("|")
    return []


def _people(line: EslConnection, settings: Settings) -> Iterator[Finding]:
    """Transfers ring users of this domain, and numbers over this gateway."""
    out = settings.freeswitch.outbound
    if line.api(Api(f"domain_exists {check_name(out.domain)}")).strip() == "true":
        yield _good("users", f"domain {out.domain}")
    else:
        remedy = "set freeswitch.outbound.domain to FreeSWITCH's, see `fs_cli -x 'global_getvar domain'`"
        yield _bad("users", f"there is no SIP domain {out.domain!r}", remedy)
    if not out.gateway:
        return
    state = line.api(Api(f"sofia status gateway {check_name(out.gateway)}"))
    if "Invalid Gateway" in state:
        yield _bad("gateway", f"there is no gateway {out.gateway!r}", "see freeswitch_conf/README.md")
        return
    found = re.search(r"^Status\s+(\S+)", state, re.M)
    status = found[1] if found else "unknown"
    good = status.startswith("UP")
    yield (
        _good("gateway", f"{out.gateway} is up")
        if good
        else Finding(
            "gateway",
            Verdict.NOTE,
            f"{out.gateway}: {status}",
            "look at `fs_cli -x 'sofia status gateway'`",
        )
    )


def _audio_files(line: EslConnection, settings: Settings) -> Iterator[Finding]:
    """Speech goes through files of ours that FreeSWITCH must be able to read."""
    given = settings.freeswitch
    if given.playback != "files":
        return
    ours = (given.audio_dir or settings.var_dir / "spool").absolute()
    token = secrets.token_hex(16)
    probe = _probe(ours)
    try:
        probe.write_text(token)
        probe.chmod(0o640)  # as the files of calls have it
        theirs = check_path(f"{(given.audio_dir_there or str(ours)).rstrip('/')}/{probe.name}")
        read = _run(line, f"cat {theirs}")
    finally:
        probe.unlink(missing_ok=True)
    if read == token:
        yield _good("audio files", f"FreeSWITCH reads {ours}")
    else:
        remedy = (
            "run both as one user or group, or share the directory and set freeswitch.audio_dir_there, "
            "or set freeswitch.playback=socket"
        )
        yield _bad("audio files", f"FreeSWITCH can't read {theirs}", remedy)


def _recordings(line: EslConnection, settings: Settings) -> Iterator[Finding]:
    """FreeSWITCH writes recordings, if a bot wants any."""
    if not any(bot.record for bot in settings.bots.values()):
        return
    given = settings.freeswitch
    ours = (given.recordings_dir or settings.var_dir / "recordings").absolute()
    probe = _probe(ours)
    theirs = check_path(f"{(given.recordings_dir_there or str(ours)).rstrip('/')}/{probe.name}")
    _run(line, f"touch {theirs}")
    written = probe.exists()
    probe.unlink(missing_ok=True)
    if written:
        yield _good("recordings", f"FreeSWITCH writes to {ours}")
    else:
        remedy = "let FreeSWITCH's user write there, or set freeswitch.recordings_dir_there"
        yield _bad("recordings", f"FreeSWITCH can't write {theirs}", remedy)


def _probe(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True, mode=0o750)
    return directory / f"switchtalk-check-{secrets.token_hex(4)}"


def _run(line: EslConnection, command: str) -> str:
    """What a program prints that FreeSWITCH runs, as its own user and without a shell."""
    try:
        return line.api(Api(f"spawn_stream {command}"))
    except EslRefused:  # it printed nothing
        return ""


def _good(what: str, says: str) -> Finding:
    return Finding(what, Verdict.GOOD, says)


def _bad(what: str, says: str, remedy: str) -> Finding:
    return Finding(what, Verdict.BAD, says, remedy)


CHECKS: tuple[Check, ...] = (
    _password,
    _version,
    _modules,
    _audio_stream,
    _profiles,
    _numbers,
    _people,
    _audio_files,
    _recordings,
)
