"""Embeddings of an OpenAI-compatible server: used, refused when they don't fit, done without in time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import gevent
import pytest

from controller.dialogue.knowledge.base import KnowledgeBase
from controller.dialogue.knowledge.errors import EmbedderDown, OtherEmbedder
from controller.dialogue.knowledge.openai_embedder import InTime, OpenAiEmbedder
from controller.dialogue.knowledge.searcher import Searcher
from controller.knowledge_settings import KnowledgeSettings
from media.pool import EnginePool
from tests.simulator.llm_server import Answer, LlmServer, embeds

MANUAL = b"# Fares\n\nDogs travel free.\n\n# Nights\n\nThe last tram leaves at midnight.\n"
ALIKE = {"hound": "dogs", "ride": "travel", "nothing": "free", "cost": "free"}
SIZE = 26


def by_letters(text: str) -> list[float]:
    """Letters counted, of words that mean the same alike: enough to tell a hound from a tram."""
    words = " ".join(ALIKE.get(word, word) for word in text.lower().replace("?", "").split())
    counted = Counter(words)
    return [3.0 * counted[chr(97 + i)] for i in range(SIZE)]


def answers(body: dict[str, Any]) -> Answer:
    """A server that works."""
    return embeds(body, by_letters)


def embedder(server: LlmServer, dimensions: int = SIZE) -> OpenAiEmbedder:
    """One for that server."""
    return OpenAiEmbedder(server.url, "letters", "secret", dimensions, timeout_s=2.0)


@pytest.fixture
def pool() -> Iterator[EnginePool]:
    """Workers as the application has them."""
    pool = EnginePool(workers=2)
    yield pool
    pool.close()


def test_vectors_come_in_order_with_length_one() -> None:
    with LlmServer(answers) as server:
        vectors = embedder(server).embed(["aab", "b", ""])
    assert vectors.shape == (3, SIZE)
    assert vectors[0][:2] == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5)])
    assert vectors[1][:2] == pytest.approx([0, 1])
    assert not vectors[2].any()
    assert server.paths == ["/v1/embeddings"]
    assert server.keys == ["Bearer secret"]
    assert server.requests[0]["input"] == ["aab", "b", ""]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer(status=401, message="no such key"),
        Answer(body={"data": []}),
        Answer(body={"data": "no"}),
        Answer(body={"data": [{"index": 0, "embedding": ["a"]}]}),
        Answer(body={"data": [{"index": 0, "embedding": [1.0, 2.0]}]}),
        Answer(body={"data": [{"index": 0, "embedding": [float("inf")] * SIZE}]}),
        Answer(body={}),
    ],
)
def test_whatever_else_comes_is_one_error(answer: Answer) -> None:
    with LlmServer([answer]) as server, pytest.raises(EmbedderDown, match=r"127\.0\.0\.1"):
        embedder(server).embed(["one"])


def test_a_wrong_size_says_what_to_set() -> None:
    with LlmServer(answers) as server, pytest.raises(EmbedderDown, match=r"26 numbers; expected 300"):
        embedder(server, 300).embed(["one"])


def test_meaning_finds_what_words_do_not(tmp_path: Path, pool: EnginePool) -> None:
    with LlmServer(answers) as server:
        base = KnowledgeBase(tmp_path, embedder(server))
        base.add(MANUAL, "trams.md")
        assert base.list()[0].embedder == "openai:letters/26"
        found = Searcher(base, pool, meaning=InTime(embedder(server), 2.0)).search("hound ride nothing")
    assert found[0].text == "Dogs travel free."


def test_a_document_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    with LlmServer([Answer(status=500)]) as server:
        base = KnowledgeBase(tmp_path, embedder(server))
        with pytest.raises(EmbedderDown):
            base.add(MANUAL, "trams.md")
    assert base.list() == []


def test_embedders_do_not_mix(tmp_path: Path) -> None:
    with LlmServer(answers) as server:
        KnowledgeBase(tmp_path, embedder(server)).add(MANUAL, "trams.md")
        other = OpenAiEmbedder(server.url, "other", "", SIZE)
        with pytest.raises(
            OtherEmbedder, match=r"made with .* openai:letters/26, .*say openai:other/26"
        ):
            KnowledgeBase(tmp_path, other)
        KnowledgeBase(tmp_path).remove("trams.md")  # which is what the message asks for
        late = KnowledgeBase(tmp_path, other)
        KnowledgeBase(tmp_path, embedder(server)).add(MANUAL, "trams.md")
        with pytest.raises(OtherEmbedder):
            late.add(MANUAL, "buses.md")


@pytest.mark.parametrize(
    "bad",
    [
        lambda _body: Answer(status=500),
        lambda _body: Answer(status=200, delay_s=30.0),
        lambda body: embeds(body, lambda _text: [1.0, 2.0]),
    ],
    ids=["500", "slow", "wrong size"],
)
def test_keywords_do_when_the_server_does_not(
    bad: Callable[[dict[str, Any]], Answer], tmp_path: Path, pool: EnginePool
) -> None:
    healthy = True

    def script(body: dict[str, Any]) -> Answer:
        return answers(body) if healthy else bad(body)

    with LlmServer(script) as server:
        base = KnowledgeBase(tmp_path, embedder(server))
        base.add(MANUAL, "trams.md")
        healthy = False
        searcher = Searcher(base, pool, meaning=InTime(embedder(server), 0.2))
        began = monotonic()
        hits = searcher.search("do dogs travel free")
        assert monotonic() - began < 3.0  # the server would take 30
        assert [hit.text for hit in hits] == ["Dogs travel free."]
        assert server.idle(kept=2)


def test_a_server_that_is_down_is_left_alone_for_a_while() -> None:
    with LlmServer(lambda _body: Answer(status=500)) as server:
        meaning = InTime(embedder(server), 2.0)
        assert [meaning("hello") for _ in range(6)] == [None] * 6
        assert len(server.requests) == 3


def test_a_time_limit_of_somebody_else_is_not_swallowed() -> None:
    with LlmServer(lambda _body: Answer(delay_s=30.0)) as server:
        meaning = InTime(embedder(server), 5.0)
        with pytest.raises(gevent.Timeout), gevent.Timeout(0.1):
            meaning("hello")
        assert server.idle(kept=1)


def test_the_settings_choose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMBEDDINGS_API_KEY", "from the environment")
    assert KnowledgeSettings().remote is False
    settings = KnowledgeSettings(base_url="http://localhost:1/v1", model="m", dimensions=32)
    made = settings.embedder(tmp_path)
    assert (made.name, made.dimensions) == ("openai:m/32", 32)
    assert settings.in_time(made) is not None
    assert KnowledgeSettings().in_time(made) is None
    with pytest.raises(ValueError, match="belong together"):
        KnowledgeSettings(base_url="http://localhost:1/v1")
    with pytest.raises(ValueError, match="expected http"):
        KnowledgeSettings(base_url="localhost", model="m")
