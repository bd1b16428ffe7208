"""Ten thousand snippets: fast enough to be asked while the caller is still talking."""

import random
from statistics import quantiles
from time import perf_counter

import numpy as np
import pytest

from controller.dialogue.knowledge.base import KnowledgeBase

pytestmark = [pytest.mark.engines, pytest.mark.alone]

SNIPPETS = 10_000
QUESTIONS = 100
P95_MS = 50
BUSY_MACHINE = 5
"""The required p95 is for a quiet machine; a shared one may be this much slower."""


class QuicklyFilled:
    """The real embedder for questions; any vectors for the snippets, whose number alone costs time."""

    def __init__(self, real) -> None:
        self.name, self.dimensions = real.name, real.dimensions
        self._real = real
        self._random = np.random.default_rng(7)

    def embed(self, texts):
        if len(texts) == 1:
            return self._real.embed(texts)
        vectors = self._random.standard_normal((len(texts), self.dimensions), np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def table(rng: random.Random) -> str:
    """Questions and answers of common and rare words, in both languages."""
    nouns = [f"{kind}{number}" for kind in ("part", "order", "model") for number in range(900)]
    common = "router warranty delivery invoice password network refund support update cable".split()
    chinese = "路由器 保修 送货 发票 密码 网络 退款 客服 升级 网线 价格 会员 地址 包裹 时间".split()
    rows = ["question,answer"]
    for number in range(SNIPPETS):
        if number % 2:
            words = [*rng.choices(common, k=14), *rng.choices(nouns, k=8)]
            rows.append(f"{' '.join(words[:3])} {number},{' '.join(rng.sample(words, len(words)))}")
        else:
            words = rng.choices(chinese, k=16)
            rows.append(f"{''.join(words[:3])}{number},{''.join(words[3:])}{rng.choice(nouns)}")
    return "\n".join(rows)


def test_p95_over_ten_thousand_snippets(minilm, tmp_path):
    rng = random.Random(7)
    base = KnowledgeBase(tmp_path, QuicklyFilled(minilm))
    assert base.add(table(rng).encode(), "faq.csv").snippets == SNIPPETS
    asked = [
        rng.choice(
            [
                f"how long is the warranty of the router part{rng.randrange(900)} after delivery",
                "I forgot the password of my network and need support with an update",
                f"请问路由器的保修时间是多久订单order{rng.randrange(900)}",
                "退款的发票什么时候送货到我的地址",
            ]
        )
        for _ in range(QUESTIONS)
    ]
    title = table(random.Random(7)).splitlines()[4712].partition(",")[0]
    assert base.search(title)[0].section == title
    took_ms = []
    for question in asked:
        begun = perf_counter()
        base.search(question)
        took_ms.append((perf_counter() - begun) * 1000)
    cuts = quantiles(took_ms, n=20)
    print(f"\nknowledge search, {SNIPPETS} snippets: p50 {cuts[9]:.1f} ms, p95 {cuts[18]:.1f} ms")
    assert cuts[18] < P95_MS * BUSY_MACHINE
