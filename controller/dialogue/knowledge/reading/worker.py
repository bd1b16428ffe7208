"""The process that reads one file: `python -m controller.dialogue.knowledge.reading.worker FORMAT`.

The file comes on stdin, limits as JSON in the second argument; sections or an error go to stdout as
JSON. A parser that loops, leaks or crashes over a hostile file takes only this process with it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from importlib import import_module

from controller.dialogue.knowledge import errors
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.limits import Limits

READERS = {
    "markdown": ("text", "read_markdown"),
    "text": ("text", "read_text"),
    "html": ("html", "read_html"),
    "pdf": ("pdf", "read_pdf"),
    "docx": ("docx", "read_docx"),
    "csv": ("faq", "read_csv"),
}
"""Format → module beside this one, function. Imported on demand: a reader knows only its own library."""


WALL_FACTOR = 3
"""The process may last this many times its CPU limit (a busy machine)."""


def main(format_name: str, limits_json: str) -> None:
    """Answer on stdout; never raises for what is in the file."""
    limits = Limits(**json.loads(limits_json))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(WALL_FACTOR * limits.cpu_s)  # nobody handles it: it ends the process
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        sections = _read(format_name, sys.stdin.buffer.read(), limits)
        result: object = {"sections": [list(asdict(section).values()) for section in sections]}
    except errors.KnowledgeError as error:
        result = {"error": type(error).__name__, "message": str(error)}
    except (MemoryError, RecursionError) as error:
        result = {
            "error": "TooBig",
            "message": f"reading it takes too much memory ({type(error).__name__})",
        }
    except Exception as error:  # noqa: BLE001 - parsers meet damage with any error at all
        result = {"error": "Unreadable", "message": f"it is damaged: {type(error).__name__}: {error}"}
    with answer:
        json.dump(result, answer)


def _read(format_name: str, data: bytes, limits: Limits) -> list[Section]:
    module, function = READERS[format_name]
    read = getattr(import_module(f"controller.dialogue.knowledge.reading.{module}"), function)
    sections: list[Section] = read(data, limits)
    if not any(section.text.strip() for section in sections):
        raise errors.Empty("it holds no text")
    if sum(len(section.text) for section in sections) > limits.text_chars:
        raise errors.TooBig(f"it holds more than {limits.text_chars:,} characters; split it")
    return sections


if __name__ == "__main__":
    main(*sys.argv[1:3])
