"""The `switchtalk` command as a person meets it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from gevent import monkey

from tests.simulator.server_process import ServerProcess, var_dir

pytestmark = pytest.mark.engines
COMMAND = [sys.executable, "-m", "controller.cli"]


def switchtalk(*args: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command and collect what it prints."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SWITCHTALK_")}
    return subprocess.run(
        [*COMMAND, *args],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**env, "COLUMNS": "200"},
    )


def test_help_names_every_command():
    text = switchtalk("--help").stdout
    for command in ("run", "doctor", "models", "settings"):
        assert command in text


def test_a_wrong_setting_stops_the_start():
    done = switchtalk("run", "--set", "bots.demo.language=fr")
    assert done.returncode == 2
    assert "bots.demo.language = 'fr'" in done.stderr
    assert "'en' or 'zh'" in done.stderr


def test_a_taken_port_is_told():
    with monkey.get_original("socket", "socket")() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = switchtalk("run", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "doctor" in done.stderr


def test_an_unknown_flow_is_told():
    done = switchtalk("run", "--set", "bots.demo.flow=nonsense")
    assert done.returncode == 1
    assert "no flow 'nonsense'" in done.stderr
    assert "appointment" in done.stderr


def test_doctor_finds_a_sound_installation_and_what_is_wrong():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = switchtalk("doctor", "--set", f"http.port={port}")
    assert done.returncode == 0, done.stdout
    assert "All is well." in done.stdout
    assert "whisper" in done.stdout
    done = switchtalk(
        "doctor",
        "--set",
        f"http.port={port}",
        "--set",
        "freeswitch.host=127.0.0.1",
        "--set",
        "freeswitch.port=1",
        "--set",
        "freeswitch.password=secret",
    )
    assert done.returncode == 1
    assert "mod_event_socket" in done.stdout


def test_an_audio_directory_that_is_none_stops_the_start_with_a_word(tmp_path):
    (tmp_path / "spool").touch()
    given = {
        "var_dir": var_dir(), "database.url": f"sqlite:///{tmp_path}/calls.db",
        "http.port": 0, "console.port": 0, "freeswitch.host": "127.0.0.1",
        "freeswitch.password": "secret", "freeswitch.socket_port": 0,
        "freeswitch.audio_dir": tmp_path / "spool",
    }  # fmt: skip
    done = switchtalk("run", *(word for name in given for word in ("--set", f"{name}={given[name]}")))
    assert done.returncode == 1, done.stderr
    assert "audio directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_are_printed_with_their_meaning():
    text = switchtalk("settings", "--set", "http.port=9999").stdout
    assert "http.port" in text
    assert "9999" in text
    assert "bots.demo.barge_in.min_ms" in text


def test_start_is_ready_quickly_and_sigterm_ends_with_0():
    with ServerProcess() as server:
        assert server.get("/healthz").status_code == 200
        assert server.sessions() == []
        assert "is ready" in server.log_tail()
