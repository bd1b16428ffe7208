"""A recorded web session: caller left, bot right, both where they were in time."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from media.pcm import samples
from tests.simulator.caller import WebCaller
from tests.simulator.server_process import ServerProcess, var_dir

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]


def loud_ms(leg: np.ndarray, rate: int) -> np.ndarray:
    """Start times (ms) of the 20 ms pieces of a leg that hold speech."""
    size = rate // 50
    pieces = leg[: len(leg) // size * size].reshape(-1, size).astype(float)
    return np.flatnonzero(np.sqrt((pieces**2).mean(axis=1)) > 300) * 20


def test_both_legs_are_recorded_in_their_places(tmp_path: Path):
    cache = var_dir() / "cache"  # the prompts need not be made again
    cache.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache").symlink_to(cache)
    settings = {"SWITCHTALK_VAR_DIR": str(tmp_path), "SWITCHTALK_BOTS__DEMO__RECORD": "true"}
    with ServerProcess(settings=settings) as server:
        with WebCaller(server.ws_url, bot="demo", rate=48000) as caller:
            caller.waits_for_reply()
            said = caller.says("my name is Sarah Johnson")
            caller.waits_for_reply()
            session_id = caller.line.session_id
        answer = server.get(f"/api/v1/sessions/{session_id}")
    assert answer.status_code == 200
    (file,) = (tmp_path / "recordings").glob("*.wav")
    assert file.stem == session_id
    with wave.open(str(file)) as wav:
        assert wav.getnchannels() == 2
        rate = wav.getframerate()
        pcm = wav.readframes(wav.getnframes())
    left, right = samples(pcm).reshape(-1, 2).T
    caller_ms, bot_ms = loud_ms(left, rate), loud_ms(right, rate)
    assert bot_ms[0] < caller_ms[0], "the bot greets first"
    assert bot_ms[-1] > caller_ms[-1], "and answers at last"
    length = caller_ms[-1] - caller_ms[0]
    assert abs(length - (said.end_ms - said.start_ms)) <= 100
    over_each_other = np.intersect1d(caller_ms, bot_ms)
    assert len(over_each_other) <= 2
