"""An embedder behind an OpenAI-compatible server, through the `openai` package.

Responsible for the wire: what is sent, what must come back, and turning whatever goes wrong into
EmbedderDown. Under gevent's monkey patching it waits cooperatively. Knows nothing of documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import gevent
import numpy as np
import openai
import structlog

from controller.dialogue.agent.circuit import Circuit
from controller.dialogue.knowledge.embedding import Embedder, Vectors
from controller.dialogue.knowledge.errors import EmbedderDown

CONNECT_S = 2.0
PATIENT_S = 60.0
"""For the documents a person adds: a batch of 64 snippets on a busy machine."""

log = structlog.get_logger(__name__)


class OpenAiEmbedder:
    """An Embedder. Thread-safe."""

    def __init__(
        self, base_url: str, model: str, api_key: str, dimensions: int, timeout_s: float = PATIENT_S
    ) -> None:
        """Nothing is sent yet. `dimensions`: how long the model's vectors are."""
        self.name = f"openai:{model}/{dimensions}"
        self.dimensions = dimensions
        self._model = model
        self._where = base_url
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key or "none",  # local servers want none, the package wants one
            max_retries=0,
            timeout=openai.Timeout(timeout_s, connect=CONNECT_S),
        )
        _ = self._client.embeddings  # imports a lot, which must not happen in a call

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimensions) float32. Raises EmbedderDown."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        try:
            answer = self._client.embeddings.create(
                model=self._model, input=list(texts), encoding_format="float"
            )
            rows = {item.index: item.embedding for item in answer.data}
            vectors = np.array([rows[index] for index in range(len(texts))], np.float32)
        except (openai.OpenAIError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise EmbedderDown(f"{self._where} gave no embeddings: {error}") from error
        if (size := vectors.shape[-1]) != self.dimensions or vectors.ndim != 2:
            raise EmbedderDown(
                f"{self._where} gave vectors of {size} numbers; expected {self.dimensions}, "
                "as knowledge.dimensions says: set it to what the model gives"
            )
        if not np.isfinite(vectors).all():
            raise EmbedderDown(f"{self._where} gave vectors that are no numbers")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        return unit


class InTime:
    """A question's vector within a time limit, or None: the search then goes by keywords. A server that
    fails again and again is left alone for a while. Use it on one hub."""

    def __init__(self, embedder: Embedder, limit_s: float) -> None:
        self._embedder = embedder
        self._limit_s = limit_s
        self._circuit = Circuit()

    def __call__(self, question: str) -> Vectors | None:
        """Blocks its greenlet, at most `limit_s`."""
        if not self._circuit.admits(monotonic()):
            return None
        limit = gevent.Timeout(self._limit_s)
        try:
            with limit:
                vector: Vectors = self._embedder.embed([question])[0]
        except EmbedderDown as error:
            self._failed(str(error))
            return None
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            self._failed(f"no answer within {self._limit_s:g} s")
            return None
        self._circuit.succeeded()
        return vector

    def _failed(self, why: str) -> None:
        self._circuit.failed(monotonic())
        log.warning("searching_by_keywords_alone", detail=why)
