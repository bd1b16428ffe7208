"""Which recogniser is chosen, and what is said when none can be."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from media.asr import factory
from media.asr.errors import AsrError, BadModel, UnknownEngine, UnsupportedLanguage
from media.asr.vosk_models import find_vosk_model
from media.pool import EnginePool


@pytest.fixture
def pool() -> Iterator[EnginePool]:
    made = EnginePool(1)
    yield made
    made.close()


def model(directory: Path, *missing: str) -> Path:
    """A directory that looks like a whole Vosk model, but for what is `missing`."""
    for name in ("am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst"):
        if name not in missing:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(b"x")
    return directory


@pytest.mark.parametrize(
    ("language", "place"),
    [
        ("en", "vosk/en"),
        ("en", "vosk/en/vosk-model-small-en-us-0.15"),
        ("en", "vosk/vosk-model-small-en-us-0.15"),
        ("en", "vosk-model-en-us-0.22"),
        ("zh", "vosk-model-small-cn-0.22"),
        ("ko", "vosk/vosk-model-small-ko-0.22"),
    ],
)
def test_models_are_found_where_people_put_them(tmp_path: Path, language: str, place: str) -> None:
    whole = model(tmp_path / place)
    assert find_vosk_model(language, tmp_path) == whole
    assert find_vosk_model("fr", tmp_path) is None


def test_the_old_layout_is_known(tmp_path: Path) -> None:
    old = tmp_path / "vosk" / "en"
    old.mkdir(parents=True)
    for name in ("final.mdl", "mfcc.conf", "HCLG.fst"):
        (old / name).write_bytes(b"x")
    assert find_vosk_model("en", tmp_path) == old


@pytest.mark.parametrize("missing", ["am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst"])
@pytest.mark.parametrize("engine", ["auto", "vosk"])
def test_a_broken_model_is_said_not_skipped(
    tmp_path: Path, pool: EnginePool, missing: str, engine: str
) -> None:
    directory = model(tmp_path / "vosk" / "en", missing)
    with pytest.raises(BadModel) as caught:
        factory.create(engine, "en", pool, tmp_path, tmp_path)
    assert str(directory) in str(caught.value)
    assert Path(missing).name in str(caught.value)


def test_auto_takes_vosk_where_installed_else_whisper(tmp_path: Path, pool: EnginePool) -> None:
    model(tmp_path / "vosk" / "en")
    for language, name in (
        ("en", "vosk"),
        ("en-GB", "vosk"),
        ("zh", "whisper"),
        ("ZH_cn", "whisper"),
    ):
        made = factory.create("auto", language, pool, tmp_path, tmp_path)
        assert (made.name, made.language) == (name, language[:2].lower())
    assert factory.create("whisper", "en", pool, tmp_path, tmp_path).name == "whisper"


@pytest.mark.parametrize("engine", ["auto", "whisper", "vosk"])
def test_a_language_nobody_knows(tmp_path: Path, pool: EnginePool, engine: str) -> None:
    with pytest.raises(UnsupportedLanguage, match="'fr'"):
        factory.create(engine, "fr", pool, tmp_path, tmp_path)


def test_an_engine_nobody_knows(tmp_path: Path, pool: EnginePool) -> None:
    with pytest.raises(UnknownEngine, match="'siri'; use one of auto, vosk, whisper"):
        factory.create("siri", "en", pool, tmp_path, tmp_path)


def make_third_party(language: str, pool: EnginePool, models_dir: Path, cache_dir: Path) -> object:
    if language == "zh":
        raise RuntimeError("no licence")
    return (language, models_dir)


def test_third_parties_bring_engines(
    tmp_path: Path, pool: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("acme", f"{__name__}:make_third_party", factory.ENTRY_POINTS)

    def installed(*, group: str) -> list[EntryPoint]:
        return [point] if group == "switchtalk.asr" else []

    monkeypatch.setattr(factory, "entry_points", installed)
    assert factory.engines() == ["auto", "vosk", "whisper", "acme"]
    made: object = factory.create("acme", "en", pool, tmp_path, tmp_path)
    assert made == ("en", tmp_path)
    with pytest.raises(AsrError, match="'acme' can't be made: no licence"):
        factory.create("acme", "zh", pool, tmp_path, tmp_path)
    with pytest.raises(UnknownEngine, match="acme"):
        factory.create("other", "en", pool, tmp_path, tmp_path)
