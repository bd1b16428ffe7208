"""Adding, replacing, listing, removing and searching; keywords alone, so that no model is needed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gevent
import numpy as np
import pytest

from controller.dialogue.knowledge.base import KnowledgeBase
from controller.dialogue.knowledge.errors import OtherEmbedder, UnknownSource
from controller.dialogue.knowledge.model import Added, Section
from controller.dialogue.knowledge.splitting import MAX_WEIGHT, split
from controller.dialogue.knowledge.words import terms
from media.pool import EnginePool


class Letters:
    """An embedder whose vectors say which letters a text has."""

    dimensions = 26

    def __init__(self, name: str = "letters") -> None:
        self.name = name

    def embed(self, texts):
        rows = np.array(
            [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32
        )
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def test_a_path_is_stored_under_its_own_name(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("Umbrellas are behind the counter.", "utf-8")
    base = KnowledgeBase(tmp_path / "kb")
    assert base.add(file) == Added("notes.txt", 1)
    (source,) = base.list()
    assert (source.name, source.snippets, source.embedder) == ("notes.txt", 1, "")
    assert source.added.tzinfo is not None


def test_adding_again_replaces(tmp_path):
    base = KnowledgeBase(tmp_path)
    base.add(b"Trams run until ten.", "trams.txt")
    base.add(b"Trams run until midnight.", "trams.txt")
    assert [hit.text for hit in base.search("until when do trams run")] == ["Trams run until midnight."]
    assert len(base.list()) == 1


def test_what_is_removed_is_not_found(tmp_path):
    base = KnowledgeBase(tmp_path, Letters())
    base.add(b"Trams run until ten.", "trams.txt")
    base.add(b"Dogs travel free.", "dogs.txt")
    base.remove("trams.txt")
    assert [hit.source for hit in base.search("trams run until ten")] in ([], ["dogs.txt"])
    assert [source.name for source in base.list()] == ["dogs.txt"]
    with pytest.raises(UnknownSource, match=r"trams\.txt"):
        base.remove("trams.txt")


def test_it_is_there_after_a_restart_and_for_another_process(tmp_path):
    early = KnowledgeBase(tmp_path, Letters())
    other = KnowledgeBase(tmp_path, Letters())
    other.add(b"Zebras graze.", "zoo.txt")
    assert [hit.source for hit in early.search("zebra grazes")] == ["zoo.txt"]
    assert [hit.source for hit in KnowledgeBase(tmp_path, Letters()).search("zebras")] == ["zoo.txt"]
    other.remove("zoo.txt")
    assert early.search("zebras") == []


def test_vectors_of_another_embedder_are_not_compared(tmp_path):
    KnowledgeBase(tmp_path, Letters("old")).add(b"Zebras graze.", "zoo.txt")
    with pytest.raises(OtherEmbedder, match=r"made with the embeddings of old, .* settings say new"):
        KnowledgeBase(tmp_path, Letters("new"))
    assert [hit.source for hit in KnowledgeBase(tmp_path).search("zebras")] == ["zoo.txt"]


def test_progress_reaches_the_number_of_snippets(tmp_path):
    rows = "\n".join(f"Question {n}?,Answer {n}." for n in range(200))
    told = []
    added = KnowledgeBase(tmp_path, Letters()).add(
        f"question,answer\n{rows}".encode(), "faq.csv", lambda done, total: told.append((done, total))
    )
    assert added.snippets == 200
    assert told[-1] == (200, 200)
    assert told == sorted(told)
    assert len(told) > 1


def test_eight_threads_search_while_sources_come_and_go(tmp_path):
    base = KnowledgeBase(tmp_path, Letters())
    base.add(b"Umbrellas are behind the counter.", "kept.txt")

    def seek(_: int) -> bool:
        return "kept.txt" in [hit.source for hit in base.search("where are the umbrellas")]

    def churn(number: int) -> None:
        base.add(f"Number {number} comes and goes.".encode(), f"{number}.txt")
        base.remove(f"{number}.txt")

    with ThreadPoolExecutor(8) as threads:
        churning = [threads.submit(churn, number) for number in range(6)]
        assert all(threads.map(seek, range(150)))
        for done in churning:
            done.result(timeout=30)
    assert [source.name for source in base.list()] == ["kept.txt"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I return the parcels?", ["return", "parcel"]),
        ("It doesn't WORK — working, worked!", ["work", "work", "work"]),
        ("Ｒ２ 路由器", ["r2", "路由", "路由器", "路", "由", "器"]),
        ("请问怎么退货", ["退货", "退", "货"]),
        ("請問怎麼退貨", ["退货", "退", "货"]),
        ("the of and 的 了 吗", []),
        ("", []),
    ],
)
def test_terms(text, expected):
    assert sorted(terms(text)) == sorted(expected)


def test_a_snippet_keeps_to_its_section_and_its_size():
    long = " ".join(f"Sentence number {n} is here." for n in range(100))
    chinese = "这是一句话。" * 200
    sections = [
        Section("A", "One.\n\nTwo."),
        Section("B", long),
        Section("C", chinese),
        Section("D", "x" * 2000),
    ]
    snippets = list(split(sections))
    assert [s.text for s in snippets if s.section == "A"] == ["One.\nTwo."]
    assert all(len(s.text) <= MAX_WEIGHT for s in snippets)
    assert all(len(s.text) <= MAX_WEIGHT // 2 for s in snippets if s.section == "C")
    assert all(
        s.text.endswith(".") and s.text.startswith("Sentence") for s in snippets if s.section == "B"
    )
    for section in sections:
        kept = "".join(s.text for s in snippets if s.section == section.title)
        assert kept.replace("\n", "").replace(" ", "") == section.text.replace("\n", "").replace(" ", "")


def test_a_pool_thread_may_add_and_search(tmp_path):
    base = KnowledgeBase(tmp_path)
    pool = EnginePool(workers=2)
    with gevent.Timeout(30):
        assert pool.run(lambda: base.add(b"Dogs travel free.", "dogs.txt")) == Added("dogs.txt", 1)
        assert pool.run(lambda: base.search("dogs"))[0].source == "dogs.txt"
    pool.close()


def test_control_characters_and_direction_marks_are_dropped():
    (snippet,) = split([Section("a\u202eb", "c\u200bd\x1be")])
    assert (snippet.section, snippet.text) == ("ab", "cde")


def test_the_store_is_one_file(tmp_path: Path):
    base = KnowledgeBase(tmp_path)
    base.add(b"Some words.", "a.txt")
    assert {path.name for path in tmp_path.iterdir()} == {"knowledge.sqlite"}
