"""Real voice detectors and the segmenter on recorded speech, on noise, and on what is no speech."""

from collections.abc import Iterator

import numpy as np
import pytest

from media.pcm import SILENCE
from media.vad.factory import UnknownDetector, create
from media.vad.segmenter import Segmenter, Voice
from media.vad.silero import SileroDetector
from tests.unit.media_audio.speech import (
    Samples,
    Spoken,
    acoustic_span_ms,
    clip,
    frames,
    noise,
    silence,
    spoken,
    to_pcm,
    tone,
    with_noise,
)

pytestmark = pytest.mark.engines
LEAD_MS, TAIL_MS = 1500, 1000
BURSTS = 8


def listen(pcm: bytes, detector: str = "silero") -> list[Voice | None]:
    segmenter = Segmenter(create(detector))
    return [segmenter.feed(frame) for frame in frames(pcm)]


class Measured:
    """Errors in ms over many clips: what the segmenter said minus the acoustic truth."""

    def __init__(self, clips: list[Spoken], snr_db: float | None) -> None:
        self.onset: list[float] = []
        self.end: list[float] = []
        self.noticed: list[float] = []
        self.inner_silence: list[float] = []
        self.unheard: list[str] = []
        for each in clips:
            self._measure(each, snr_db)

    def _measure(self, each: Spoken, snr_db: float | None) -> None:
        start, end = (LEAD_MS + ms for ms in acoustic_span_ms(each.pcm))
        pcm = silence(LEAD_MS) + each.pcm + silence(TAIL_MS)
        if snr_db is not None:
            pcm = with_noise(pcm, each.pcm, snr_db)
        voices = [voice for voice in listen(pcm) if voice]
        if not voices:
            self.unheard.append(each.file)
            return
        last = voices[-1]
        self.onset.append(last.onset_ms - start)
        self.end.append(last.end_ms - end)
        inside = [voice.silence_ms for voice in voices if voice.at_ms <= end]
        self.inner_silence.append(max(inside, default=0))
        speaking = [voice.at_ms for voice in voices if voice.speaking]
        self.noticed.append(speaking[-1] + 20 - end)


@pytest.fixture(scope="module")
def clips() -> list[Spoken]:
    return [*spoken("en")[::3], *spoken("zh")[::3]]


def test_edges_of_clean_speech(clips: list[Spoken]) -> None:
    seen = Measured(clips, snr_db=None)
    assert seen.unheard == []
    assert abs(np.median(seen.onset)) <= 10
    assert abs(np.median(seen.end)) <= 15
    assert np.percentile(np.abs(seen.onset), 95) <= 50
    assert np.percentile(np.abs(seen.end), 95) <= 60
    assert np.percentile(seen.noticed, 95) <= 60  # `speaking` is False by then
    assert max(seen.inner_silence) < 250  # an endpoint of 300 ms cuts none of them


def test_edges_of_speech_in_noise(clips: list[Spoken]) -> None:
    seen = Measured(clips, snr_db=20)
    assert seen.unheard == []
    assert abs(np.median(seen.onset)) <= 20
    assert abs(np.median(seen.end)) <= 40
    assert np.percentile(np.abs(seen.onset), 95) <= 100
    assert np.percentile(np.abs(seen.end), 95) <= 160
    assert np.percentile(seen.noticed, 95) <= 60
    assert np.percentile(seen.inner_silence, 95) < 250


def dtmf(key: str, dbfs: float, ms: int) -> Samples:
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    row, column = divmod("123A456B789C*0#D".index(key), 4)
    return tone([rows[row], columns[column]], dbfs, ms)


def gap(ms: int) -> Samples:
    return np.zeros(ms * 16)


def repeated(sound: Samples, gap_ms: int, times: int) -> Samples:
    return np.tile(np.concatenate([gap(gap_ms), sound]), times)


def not_speech() -> Iterator[tuple[str, Samples]]:
    for dbfs in (-30, -20, -12):
        yield f"white noise {dbfs}", noise(dbfs, 4000)
        for ms in (50, 150):
            yield f"burst {ms} {dbfs}", repeated(noise(dbfs, ms), 1000, BURSTS)
    for dbfs in (-20, -12, -6, -3):
        for hz in (350, 440, 1000, 2000):
            yield f"tone {hz} {dbfs}", tone([hz], dbfs, 2000)
        keys = [np.concatenate([dtmf(key, dbfs, 120), gap(80)]) for key in "0123456789*#ABCD"]
        yield f"dtmf {dbfs}", np.concatenate(keys)
    yield "ringing", repeated(tone([440, 480], -12, 2000), 1000, 2)
    yield "busy", repeated(tone([480, 620], -12, 500), 500, 4)
    click = np.zeros(160)
    click[:2] = 1, -1
    yield "clicks", repeated(click, 240, 16)
    knock = noise(-6, 10) * np.exp(-np.arange(160) / 40)
    yield "knocks", repeated(knock, 490, 8)


SOUNDS = dict(not_speech())


@pytest.mark.parametrize("name", SOUNDS)
def test_what_is_no_speech_opens_nothing(name: str) -> None:
    heard = listen(silence(1000) + to_pcm(SOUNDS[name]) + silence(500))
    assert not any(heard)


def test_speech_over_moderate_noise_is_heard() -> None:
    for name in ("en/free_03_slt", "zh/free_02_baker"):
        pcm = clip(name).pcm
        noisy = with_noise(silence(1500) + pcm + silence(800), pcm, snr_db=10)
        voices = [voice for voice in listen(noisy) if voice]
        assert voices[0].at_ms < 2000
        assert not voices[-1].speaking


def test_webrtc_hears_speech() -> None:
    pcm = clip("en/free_00_slt").pcm
    voices = [v for v in listen(silence(1000) + pcm + silence(800), "webrtc") if v]
    start, end = (1000 + ms for ms in acoustic_span_ms(pcm))
    assert abs(voices[-1].onset_ms - start) <= 60
    assert abs(voices[-1].end_ms - end) <= 60


def test_digital_silence_costs_nothing_and_changes_nothing() -> None:
    speech = frames(silence(640) + clip("en/free_00_slt").pcm)
    fresh, waited = SileroDetector(), SileroDetector()
    runs = []
    session = waited._session

    class Counting:
        def run(self, *args: object) -> object:
            runs.append(1)
            return session.run(*args)

    waited._session = Counting()
    for _ in range(64):  # 1.28 s: a whole number of windows, so both see the same ones
        assert waited.probability(SILENCE) == 0.0
    assert runs == []
    assert [waited.probability(f) for f in speech] == [fresh.probability(f) for f in speech]
    assert runs


def test_what_was_put_off_while_quiet_is_heard_before_what_is_loud() -> None:
    before = frames(to_pcm(noise(-60, 400)))
    speech = frames(clip("en/free_02_slt").pcm)
    attentive, lazy = SileroDetector(), SileroDetector()
    for frame in before:
        attentive.probability(frame)
        assert lazy.probability(frame, quiet=True) == 0
    heard = [attentive.probability(frame) for frame in speech]
    assert [lazy.probability(frame) for frame in speech] == heard
    assert max(heard) > 0.9


def test_a_long_quiet_is_not_kept() -> None:
    detector = SileroDetector()
    sizes = []
    for frame in frames(to_pcm(noise(-60, 5000))):
        detector.probability(frame, quiet=True)
        sizes.append(len(detector._waiting))
    assert max(sizes) < 0.6 * 32_000  # bytes: what it may still have to hear, and a frame


def test_sessions_share_the_model_and_not_their_state() -> None:
    pcm = frames(clip("en/free_00_slt").pcm)
    alone = SileroDetector()
    expected = [alone.probability(frame) for frame in pcm]
    one, other = SileroDetector(), SileroDetector()
    assert one._session is other._session
    mixed = []
    for number, frame in enumerate(pcm):
        mixed.append(one.probability(frame))
        other.probability(pcm[-number])
    assert mixed == expected
    one.reset()
    assert [one.probability(frame) for frame in pcm] == expected


def test_unknown_detectors_are_refused() -> None:
    with pytest.raises(UnknownDetector, match="silero, webrtc"):
        create("energy")
    with pytest.raises(UnknownDetector):
        create("silero", mode=1)
    with pytest.raises(ValueError, match="0, 1, 2 or 3"):
        create("webrtc", mode=7)
