"""freeswitch_conf and dialplans as text: they are complete, consistent, and hold no secret."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from xml.etree import ElementTree

import pytest

from controller.freeswitch_check import MODULES
from controller.settings import Settings
from controller.telephony.applications import App

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "freeswitch_conf"
DIALPLANS = ROOT / "dialplans"
FILES = sorted([*CONFIGURATION.rglob("*.xml*"), *DIALPLANS.glob("*.xml")])
SECRETS = ("ESL_PASSWORD", "DEFAULT_PASSWORD", "VERTO_PASSWORD", "TRUNK_PASSWORD")
BUILT_IN = {"conf_dir", "certs_dir"}
"""Variables that FreeSWITCH itself sets before it reads a configuration."""

PROVIDES = {
    "mod_console": {"console.conf"},
    "mod_logfile": {"logfile.conf"},
    "mod_event_socket": {"socket", "event_socket.conf"},
    "mod_commands": {"uuid_break", "originate", "show", "status"},
    "mod_dptools": {str(app) for app in App} | {"sched_hangup", "set_profile_var", "user/"},
    "mod_dialplan_xml": {"XML"},
    "mod_sndfile": {".wav", ".r16"},
    "mod_tone_stream": {"tone_stream://", "silence_stream://"},
    "mod_opus": {"OPUS", "opus.conf"},
    "mod_sofia": {"sofia/gateway/", "sofia_contact", "sofia.conf"},
    "mod_rtc": {"verto.rtc"},
    "mod_verto": {"verto_contact", "verto.conf"},
    "mod_db": {"db", "db.conf"},
    "mod_audio_stream": {"uuid_audio_stream"},
}
"""What each module is loaded for. Taken from the modules themselves; tests/freeswitch asks real ones."""


def parsed(path: Path) -> ElementTree.Element:
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))


def instructions() -> list[tuple[Path, str, str]]:
    """(file, command, data) of every X-PRE-PROCESS, in the order of each file."""
    return [
        (path, node.get("cmd", ""), node.get("data", ""))
        for path in FILES
        for node in parsed(path).iter("X-PRE-PROCESS")
    ]


def defaults() -> dict[str, str]:
    data = (data for path, cmd, data in instructions() if cmd == "set" and path.name == "vars.xml")
    return dict(each.split("=", 1) for each in data)


def loaded() -> list[str]:
    modules = parsed(CONFIGURATION / "autoload_configs/modules.conf.xml")
    return [node.get("module", "") for node in modules.iter("load")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_is_xml(path: Path) -> None:
    assert parsed(path).tag in ("include", "document", "configuration", "profile")


def test_what_is_included_exists() -> None:
    included = [(path, data) for path, cmd, data in instructions() if cmd == "include"]
    assert len(included) >= 5
    for path, data in included:
        if path.name == "external.xml":
            continue  # gateways: none until an operator adds one
        folder, pattern = (path.parent / data).parent.resolve(), Path(data).name
        assert list(folder.glob(pattern)), f"{path.name} includes nothing by {data}"


def test_every_variable_is_set_before_it_is_used() -> None:
    known = set(BUILT_IN)
    for _, cmd, data in instructions():
        if cmd in ("set", "env-set", "exec-set"):
            known.add(data.split("=")[0])
    for path in FILES:
        # comments don't count: they show what an operator may write
        text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.S)
        assert not set(re.findall(r"\$\$\{(\w+)\}", text)) - known, path.name


def test_only_the_environment_knows_secrets() -> None:
    env = dict(data.split("=") for _, cmd, data in instructions() if cmd == "env-set")
    assert {env[name.lower()] for name in SECRETS} == {f"${name}" for name in SECRETS}
    assert not [name for name in defaults() if "password" in name], "no secret has a default"
    for path in FILES:
        for node in parsed(path).iter("param"):
            if "password" in node.get("name", "") and node.get("name") != "allow-empty-password":
                assert re.fullmatch(r"\$\$\{\w+_password\}", node.get("value", "")), path.name
    script = (CONFIGURATION / "check-secrets.sh").read_text()
    assert set(re.findall(r"\w+_PASSWORD", script)) == set(SECRETS) - {"TRUNK_PASSWORD"}
    for path in (p for p in CONFIGURATION.rglob("*") if p.suffix not in (".wav", "")):
        text = path.read_text(encoding="utf-8")
        assert "ClueCon" not in text, f"{path.name}: the password that everybody knows"


def test_empty_passwords_never_count() -> None:
    directory = parsed(CONFIGURATION / "directory/default.xml")
    values = {node.get("name"): node.get("value") for node in directory.iter("param")}
    assert values["allow-empty-password"] == "false"
    acl = parsed(CONFIGURATION / "autoload_configs/acl.conf.xml")
    assert "esl-checked" in {node.get("name") for node in acl.iter("list")}
    socket = parsed(CONFIGURATION / "autoload_configs/event_socket.conf.xml")
    values = {node.get("name"): node.get("value") for node in socket.iter("param")}
    assert values["apply-inbound-acl"] == "esl-$${secrets}"
    assert all(node.get("default") == "deny" for node in acl.iter("list"))


def test_the_modules_are_those_that_are_needed() -> None:
    assert set(loaded()) == set(PROVIDES)
    assert set(MODULES) <= set(loaded())
    configured = {parsed(p).get("name", "") for p in (CONFIGURATION / "autoload_configs").glob("*.xml")}
    of_modules = set().union(*PROVIDES.values())
    assert configured <= of_modules | {"modules.conf", "switch.conf", "acl.conf"}


def test_every_application_comes_with_a_loaded_module() -> None:
    used = {
        node.get("application")
        for path in DIALPLANS.glob("*.xml")
        for node in parsed(path).iter("action")
    }
    provided = set().union(*(PROVIDES[module] for module in loaded()))
    assert used <= provided
    assert {str(app) for app in App} <= provided


def test_conditions_are_expressions() -> None:
    checked = 0
    for path in DIALPLANS.glob("*.xml"):
        for node in parsed(path).iter("condition"):
            if expression := node.get("expression"):
                assert re.compile(expression)
                assert expression.startswith("^"), "must not match in the middle of a number"
                assert expression.endswith("$")
                checked += 1
    assert checked >= 4


@pytest.mark.parametrize(
    ("context", "number", "extension"),
    [
        ("default", "7000", "bots"),
        ("default", "7042", "bots"),
        ("default", "1001", "users"),
        ("default", "17000", "no_such_number"),
        ("default", "70001", "no_such_number"),
        ("public", "+12025550102", "did_bots"),
        ("public", "12025550102", "did_bots"),
        ("public", "7000", None),
        ("public", "1001", None),
        ("public", "120255501021", None),
    ],
)
def test_where_numbers_go(context: str, number: str, extension: str | None) -> None:
    found = None
    for node in parsed(DIALPLANS / f"{context}.xml").iter("extension"):
        condition = node.find("condition")
        assert condition is not None
        if condition.get("field") not in (None, "destination_number"):
            continue
        if re.search(condition.get("expression", ""), number):
            found = node.get("name")
            break
    assert found == extension


def test_ports_and_addresses_agree_with_the_controller() -> None:
    settings, given = Settings(), defaults()
    freeswitch = settings.freeswitch
    assert given["controllers"] == f"{freeswitch.socket_host}:{freeswitch.socket_port}"
    assert int(given["esl_port"]) == freeswitch.port
    ports = {
        name: given[name] for name in ("sip_port", "trunk_sip_port", "verto_port", "verto_secure_port")
    }
    assert list(ports.values()) == ["5060", "5080", "8081", "8082"]
    for name in ("esl_ip", "sip_ip", "verto_ip"):
        assert given[name] == "127.0.0.1", "loopback unless told otherwise"
    assert given["hold_music"] == freeswitch.hold_music
    assert freeswitch.outbound.domain == given["sip_ip"], "the domain is the address unless set"
    assert int(given["max_sessions"]) >= 2 * settings.max_sessions, "a transfer has two legs"
    assert 2 * int(given["max_sessions"]) <= int(given["rtp_last_port"]) - int(given["rtp_first_port"])


def test_every_variable_may_come_from_the_environment() -> None:
    """What differs between two instances on one machine."""
    env = {data.split("=")[0] for path, cmd, data in instructions() if cmd == "env-set"}
    shared = {"codecs", "hold_music", "ringback", "secrets"}
    assert set(defaults()) - shared <= env


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_apology_is_a_telephone_recording(language: str) -> None:
    with wave.open(str(CONFIGURATION / f"sounds/unavailable-{language}.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert 3 < sound.getnframes() / 8000 < 12
    assert f"unavailable-{language}.wav" in (DIALPLANS / "default.xml").read_text(encoding="utf-8")
