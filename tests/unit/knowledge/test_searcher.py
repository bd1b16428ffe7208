"""Searching from the hub: off it, begun on partials, asked once."""

from collections.abc import Sequence
from threading import get_ident

import gevent
import pytest

from controller.dialogue.knowledge.base import KnowledgeBase
from controller.dialogue.knowledge.errors import StoreBroken
from controller.dialogue.knowledge.model import Hit
from controller.dialogue.knowledge.searcher import FRESH_S, Searcher
from media.pool import EnginePool, PoolFull


class Recorded:
    """Remembers who asked what, on which thread."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.error: Exception | None = None

    def search(self, query: str, limit: int, sources: Sequence[str], meaning=None) -> list[Hit]:
        self.asked.append(query)
        self.threads.add(get_ident())
        if self.error:
            raise self.error
        return [Hit("a.md", "", query, 1.0)]


@pytest.fixture
def pool():
    pool = EnginePool(workers=2)
    yield pool
    pool.close()


def test_it_searches_on_another_thread(pool):
    base = Recorded()
    with gevent.Timeout(10):
        assert Searcher(base, pool).search("opening hours")[0].text == "opening hours"
    assert get_ident() not in base.threads


def test_a_partial_that_became_the_final_was_asked_once(pool):
    base = Recorded()
    searcher = Searcher(base, pool)
    searcher.ahead("what are your")
    with gevent.Timeout(10):
        searcher.search("what are your")
        searcher.ahead("what are your opening hours")
        hits = searcher.search("What are your opening hours?")
    assert base.asked == ["what are your", "what are your opening hours"]
    assert hits[0].text == "what are your opening hours"


@pytest.mark.parametrize(
    ("partial", "final", "searches"),
    [
        ("what are your opening hours on Sunday", "What are the opening hours on Sunday, please?", 1),
        ("opening hours", "Opening hours on Sunday?", 2),
        ("do you have it in nine", "Do you have it in ten?", 2),
        ("请问周日几点开门", "请问你们周日几点开门呢？", 1),
        ("几点开门", "周日几点开门？", 2),
        ("嗯", "嗯。", 2),
    ],
)
def test_a_final_that_asks_for_the_same_terms_finds_the_search_done(pool, partial, final, searches):
    base = Recorded()
    searcher = Searcher(base, pool)
    with gevent.Timeout(10):
        searcher.ahead(partial)
        searcher.search(final)
    assert len(base.asked) == searches


def test_an_old_answer_is_asked_again(pool):
    base = Recorded()
    now = [0.0]
    searcher = Searcher(base, pool, clock=lambda: now[0])
    with gevent.Timeout(10):
        searcher.search("hours")
        now[0] = FRESH_S + 0.1
        searcher.search("hours")
    assert base.asked == ["hours", "hours"]


def test_a_failure_is_raised_and_not_kept(pool):
    base = Recorded()
    base.error = StoreBroken("damaged")
    searcher = Searcher(base, pool)
    with gevent.Timeout(10):
        with pytest.raises(StoreBroken):
            searcher.search("hours")
        base.error = None
        assert searcher.search("hours")


def test_a_full_pool_costs_only_what_was_ahead():
    pool = EnginePool(workers=1, max_waiting=0)
    searcher = Searcher(Recorded(), pool)
    searcher.ahead("what are")
    with pytest.raises(PoolFull):
        searcher.search("what are your hours")
    pool.close()


def test_a_bot_finds_only_what_its_sources_hold(tmp_path, pool):
    base = KnowledgeBase(tmp_path)
    for name in ("shoes_en.md", "shoes_zh.md", "staff.md"):
        base.add(b"The shop opens at nine in the morning.", name)
    with gevent.Timeout(20):
        for sources, found in (
            ((), {"shoes_en.md", "shoes_zh.md", "staff.md"}),
            (["shoes_*.md"], {"shoes_en.md", "shoes_zh.md"}),
            (["staff.md", "none.md"], {"staff.md"}),
            (["none.md"], set()),
        ):
            searcher = Searcher(base, pool, sources=sources)
            assert {hit.source for hit in searcher.search("When does the shop open?")} == found


def test_a_real_base_answers_many_greenlets(tmp_path, pool):
    base = KnowledgeBase(tmp_path)
    base.add("我们周一到周五营业。".encode(), "时间.txt")
    searcher = Searcher(base, pool)
    with gevent.Timeout(20):
        jobs = [gevent.spawn(searcher.search, f"营业时间{number}") for number in range(20)]
        gevent.joinall(jobs, raise_error=True)
    assert all(job.value[0].source == "时间.txt" for job in jobs)
