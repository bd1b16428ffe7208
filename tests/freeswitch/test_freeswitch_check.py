"""`switchtalk freeswitch-check` against a real FreeSWITCH: all well, and each thing wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.doctor import Finding, Verdict
from controller.freeswitch_check import examine_freeswitch
from controller.settings import Settings
from tests.freeswitch.switch import SECRETS, FreeSwitch, free_ports

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(120)]


def _examined(switch: FreeSwitch, var_dir: Path, **given: object) -> dict[str, Finding]:
    usual = {
        "host": "127.0.0.1",
        "port": switch.ports["ESL_PORT"],
        "password": SECRETS["ESL_PASSWORD"],
        "socket_port": switch.ports["controller"],
    }
    bots = {"demo": {"number": 42, "record": True}}
    settings = Settings.model_validate({"var_dir": var_dir, "freeswitch": usual | given, "bots": bots})
    return {finding.what: finding for finding in examine_freeswitch(settings)}


def test_the_check_finds_all_well(freeswitch: FreeSwitch, tmp_path: Path) -> None:
    findings = _examined(freeswitch, tmp_path)
    assert {f.verdict for f in findings.values()} == {Verdict.GOOD}, findings
    assert {"modules", "numbers", "SIP internal", "audio files", "recordings"} <= findings.keys()
    assert "7042" in findings["numbers"].says
    assert not list(tmp_path.rglob("switchtalk-check-*")), "nothing is left behind"


def test_the_check_says_what_is_wrong(freeswitch: FreeSwitch, tmp_path: Path) -> None:
    findings = _examined(
        freeswitch,
        tmp_path,
        socket_port=1,
        audio_dir_there="/not/shared",
        recordings_dir_there="/not/shared",
        outbound={"domain": "nowhere.example", "gateway": "trunk"},
    )
    bad = {what for what, finding in findings.items() if finding.verdict is Verdict.BAD}
    assert bad == {"numbers", "users", "gateway", "audio files", "recordings"}
    assert "FS_CONTROLLERS=127.0.0.1:1" in findings["numbers"].remedy

    (wrong,) = _examined(freeswitch, tmp_path, password="wrong").values()
    assert wrong.verdict is Verdict.BAD
    assert "ESL_PASSWORD" in wrong.remedy
    (absent,) = _examined(freeswitch, tmp_path, port=free_ports(1)[0]).values()
    assert absent.verdict is Verdict.BAD
    assert "refused" in absent.says
