"""Where Vosk models lie, and whether they are whole.

Responsible for: finding the directory of a language and checking it before Vosk sees it, because
Vosk answers a bad directory with a line on stderr or by ending the process. Loads nothing.

    models/vosk/en/                        the model itself, or one directory with it
    models/vosk/vosk-model-small-en-us-0.15/   as unpacked from alphacephei.com
    models/vosk-model-cn-0.22/
"""

from __future__ import annotations

from pathlib import Path

from media.asr.errors import BadModel, UnsupportedLanguage

NAMES = {"zh": "cn"}
"""Language → what model names call it, where it differs."""

LAYOUTS = (("am/final.mdl", "conf/mfcc.conf", "graph"), ("final.mdl", "mfcc.conf", ""))
"""(acoustic model, features, folder of the graph) of the two kinds of model directory."""
GRAPHS = ("HCLG.fst", "HCLr.fst")


def find_vosk_model(language: str, models_dir: Path) -> Path | None:
    """The checked model directory of a language ("en", "zh", "ko", …), None when none is installed.

    Raises BadModel when there is one and it is incomplete.
    """
    own = models_dir / "vosk" / language
    if own.is_dir():
        inner = [entry for entry in own.iterdir() if entry.is_dir()]
        return check(inner[0] if len(inner) == 1 else own)
    code = NAMES.get(language, language)
    for folder in (models_dir / "vosk", models_dir):
        for name in (f"vosk-model-small-{code}", f"vosk-model-{code}"):
            found = [*folder.glob(name), *sorted(folder.glob(f"{name}-*"), reverse=True)]
            if found:
                return check(found[0])
    return None


def need_vosk_model(language: str, models_dir: Path) -> Path:
    """Like `find_vosk_model`; raises UnsupportedLanguage when none is installed."""
    found = find_vosk_model(language, models_dir)
    if found is None:
        raise UnsupportedLanguage(
            f"no Vosk model for {language!r}: unpack one as {models_dir / 'vosk' / language}"
        )
    return found


def check(directory: Path) -> Path:
    """Return `directory` when it holds a whole model, else raise BadModel."""
    for acoustic, features, graph in LAYOUTS:
        if not (directory / acoustic).is_file():
            continue
        if not (directory / features).is_file():
            raise BadModel(f"Vosk model {directory} lacks {features}; unpack it again")
        if not any((directory / graph / name).is_file() for name in GRAPHS):
            wanted = " or ".join(str(Path(graph) / name) for name in GRAPHS)
            raise BadModel(f"Vosk model {directory} lacks {wanted}; unpack it again")
        return directory
    raise BadModel(
        f"{directory} is not a Vosk model: neither {LAYOUTS[0][0]} nor {LAYOUTS[1][0]} is in it"
    )
