"""The segmenter's contract, with a detector that follows a script."""

from collections.abc import Sequence

from media.pcm import SILENCE
from media.vad.segmenter import Segmenter, SegmenterSettings, Voice
from tests.unit.media_audio.speech import noise, to_pcm

LOUD = to_pcm(noise(-20, 20))
HUSHED = to_pcm(noise(-47, 20))
LATE = 4  # frames by which the scripted detector is late, as Silero is


class Script:
    """A detector that says `probability` for each frame in turn, then 0."""

    name = "script"

    def __init__(self, probabilities: Sequence[float]) -> None:
        self._left = list(probabilities)

    def probability(self, frame: bytes, *, quiet: bool = False) -> float:
        return self._left.pop(0) if self._left else 0.0

    def reset(self) -> None:
        self._left.clear()


def play(
    frames: Sequence[bytes], probabilities: Sequence[float], max_pause_ms: int = 5000
) -> list[Voice | None]:
    settings = SegmenterSettings(max_pause_ms=max_pause_ms)
    segmenter = Segmenter(Script(probabilities), settings)
    return [segmenter.feed(frame) for frame in frames]


def late(pattern: str) -> tuple[list[bytes], list[float]]:
    """Of `_` silence and `#` voice: the audio, and what a detector LATE frames behind says of it."""
    frames = [LOUD if sign == "#" else SILENCE for sign in pattern]
    heard = [0.0] * LATE + [0.9 if sign == "#" else 0.0 for sign in pattern]
    return frames, heard[: len(pattern)]


def test_edges_are_acoustic_although_the_detector_is_late() -> None:
    heard = play(*late("_" * 20 + "#" * 25 + "_" * 30))
    voices = [voice for voice in heard if voice]
    assert heard[22] is None
    assert voices[0].at_ms == (20 + LATE + 3) * 20
    assert {voice.onset_ms for voice in voices} == {400}
    last = voices[-1]
    assert last.end_ms == 900
    assert last.voiced_ms == 500
    assert last.silence_ms == last.at_ms - 900
    assert [voice.speaking for voice in voices if voice.at_ms in (900, 920, 940)] == [
        True,
        True,
        False,
    ]
    assert not any(voice.speaking for voice in voices if voice.at_ms >= 940)


def test_a_pause_inside_is_one_stretch() -> None:
    heard = play(*late("_" * 10 + "#" * 20 + "_" * 8 + "#" * 20 + "_" * 10))
    voices = [voice for voice in heard if voice]
    assert {voice.onset_ms for voice in voices} == {200}
    assert any(not voice.speaking for voice in voices if 600 < voice.at_ms <= 760)
    assert max(voice.silence_ms for voice in voices if voice.at_ms <= 760) == 160
    assert all(voice.speaking for voice in voices if 780 <= voice.at_ms <= 1160)
    assert voices[-1].end_ms == 1160


def test_too_little_voice_opens_nothing() -> None:
    clicks = ([0.9, 0.9] + [0.0] * 5) * 10
    heard = play([LOUD] * 70, clicks)
    assert not any(heard)
    heard = play([LOUD] * 70, [0.45] * 70)
    assert not any(heard)


def test_after_close_the_next_voice_is_a_new_stretch() -> None:
    frames, probabilities = late("_" * 10 + "#" * 20 + "_" * 20 + "#" * 20)
    segmenter = Segmenter(Script(probabilities))
    seen: list[Voice | None] = []
    for number, frame in enumerate(frames):
        seen.append(segmenter.feed(frame))
        if number == 45:
            segmenter.close()
            segmenter.close()
    assert segmenter.at_ms == len(frames) * 20
    assert seen[47] is None
    first, second = seen[45], seen[-1]
    assert first
    assert second
    assert (first.onset_ms, first.end_ms) == (200, 600)
    assert (second.onset_ms, second.end_ms) == (1000, 1400)


def test_a_stretch_nobody_closes_closes_itself() -> None:
    frames, probabilities = late("_" * 10 + "#" * 20 + "_" * 60)
    heard = play(frames, probabilities, max_pause_ms=500)
    voices = [voice for voice in heard if voice]
    assert max(voice.silence_ms for voice in voices) == 480
    assert heard[-1] is None


def test_noise_after_the_voice_is_not_its_end() -> None:
    frames, probabilities = late("_" * 10 + "#" * 20 + "_" * 60)
    frames[45:] = [LOUD] * 45  # a door, a cough, traffic: loud, and the detector says no
    heard = play(frames, probabilities)
    assert heard[-1]
    assert heard[-1].end_ms == 600
    assert not heard[-1].speaking


def test_soft_voice_after_a_shout_is_believed() -> None:
    """Energy says no, the detector insists for longer than it is ever late."""
    frames = [SILENCE] * 10 + [to_pcm(noise(-6, 20))] * 10 + [HUSHED] * 40
    probabilities = [0.0] * 10 + [0.9] * 50
    heard = play(frames, probabilities)
    assert heard[-1]
    assert heard[-1].speaking
    assert heard[-1].end_ms == heard[-1].at_ms


def test_a_steady_noise_does_not_hide_the_end() -> None:
    """Noise 17 dB under the voice, there from the start."""
    quiet = [to_pcm(noise(-40, 20, seed)) for seed in range(60)]
    frames = [*quiet[:30], *([LOUD] * 25), *quiet[:30]]
    probabilities = [0.0] * 34 + [0.9] * 25 + [0.0] * 26
    heard = play(frames, probabilities)
    assert heard[-1]
    assert (heard[-1].onset_ms, heard[-1].end_ms) == (600, 1100)


def test_a_long_vowel_is_not_taken_for_noise() -> None:
    heard = play([SILENCE] * 50 + [LOUD] * 250, [0.0] * 50 + [0.9] * 250)
    voices = [voice for voice in heard if voice]
    assert all(voice.speaking for voice in voices)
