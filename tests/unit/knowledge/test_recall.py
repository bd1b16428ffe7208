"""How well questions find their section, on a small product manual and questions as callers put them."""

from pathlib import Path

import pytest

from controller.dialogue.knowledge.base import KnowledgeBase

pytestmark = pytest.mark.engines

HERE = Path(__file__).parent
LANGUAGES = ("en", "zh")
MIN_RECALL = 0.9


@pytest.fixture(scope="module")
def base(minilm, tmp_path_factory) -> KnowledgeBase:
    """Both manuals in one base: each language has to find its own."""
    base = KnowledgeBase(tmp_path_factory.mktemp("knowledge"), minilm)
    for language in LANGUAGES:
        assert base.add(HERE / f"manual_{language}.md").snippets > 25
    return base


def questions(language: str) -> list[tuple[str, str]]:
    lines = (HERE / f"questions_{language}.tsv").read_text("utf-8").splitlines()
    return [(question, section) for question, section in (line.split("\t") for line in lines)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_find_their_section_among_the_first_five(base, language):
    asked = questions(language)
    assert len(asked) >= 20
    missed = [
        question
        for question, section in asked
        if not any(
            hit.source == f"manual_{language}.md" and hit.section.endswith(section)
            for hit in base.search(question, limit=5)
        )
    ]
    recall = 1 - len(missed) / len(asked)
    assert recall >= MIN_RECALL, f"recall@5 is {recall:.2f}; missed: {missed}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_about_something_else_find_nothing(base, language):
    asked = (HERE / f"off_topic_{language}.txt").read_text("utf-8").splitlines()
    found = {question: hits for question in asked if (hits := base.search(question))}
    assert len(asked) == 10
    assert not found


def test_a_hit_says_where_it_stands(base):
    best = base.search("how much does shipping cost")[0]
    assert best.citation == "manual_en.md, Linden R2 home router › Delivery › Shipping cost"
    assert best.text == "Delivery is free above 50 euros; below that it costs 4.90 euros."
    assert 0.5 < best.score <= 1


def test_meaning_finds_what_shares_no_word(base):
    assert base.search("how long is the guarantee")[0].section.endswith("Warranty period")


def test_the_model_leaves_what_it_does_not_know_to_keywords(minilm):
    english, chinese, empty = minilm.embed(["Where is my parcel?", "我的包裹在哪里？", ""])
    assert english @ english == pytest.approx(1, abs=1e-5)
    assert not chinese.any()
    assert not empty.any()


def test_texts_embed_alike_alone_and_among_others(minilm):
    texts = [
        "Short.",
        "A sentence of quite a few words about nothing in particular.",
        "你好",
        "word " * 400,
    ]
    together = minilm.embed(texts)
    for row, text in zip(together, texts, strict=True):
        # int8 activations are scaled by what shares the batch
        assert abs(row - minilm.embed([text])[0]).max() < 0.03
