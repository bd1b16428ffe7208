"""A file in a request: to a temporary file of its own, within a limit of its own.

Responsible for never holding it in memory, and for its end when the request is done. Must never know
what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

import gevent
from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.formparser import FormDataParser

MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_FIELD_BYTES = 256 * 1024
"""Of all other fields of the form together; more than the 64 KiB that Werkzeug reads at a time."""
MAX_PARTS = 32


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, and the form's other fields."""

    path: Path
    fields: Mapping[str, str]


@contextmanager
def uploaded(field: str = "file") -> Iterator[Upload]:
    """The file of the multipart form that this request is; gone when the context ends.

    Raises BadRequest, UnsupportedMediaType, RequestEntityTooLarge."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("send the file as multipart/form-data, in the field " + field)
    request.max_content_length = MAX_UPLOAD_BYTES + MAX_FIELD_BYTES
    with TemporaryDirectory(prefix="switchtalk-upload-") as folder:
        fields, file = _parse(Path(folder), field)
        try:
            yield Upload(Path(folder) / field, fields)
        finally:
            file.close()


def _parse(folder: Path, field: str) -> tuple[Mapping[str, str], FileStorage]:
    opened: list[IO[bytes]] = []

    def keep(*_: Any, **__: Any) -> IO[bytes]:
        # `field` is ours, never the name that was sent
        opened.append((folder / (field if not opened else f"{len(opened)}.rest")).open("w+b"))
        return opened[-1]

    parser = FormDataParser(
        keep,
        max_form_memory_size=MAX_FIELD_BYTES,
        max_content_length=request.max_content_length,
        max_form_parts=MAX_PARTS,
        silent=False,
    )
    try:
        _, fields, files = parser.parse(
            cast(IO[bytes], _Breathing(request.stream)),
            request.mimetype,
            request.content_length,
            request.mimetype_params,
        )
    except ValueError as error:
        _close(opened)
        raise BadRequest("the form can't be read") from error
    except BaseException:
        _close(opened)
        raise
    if len(opened) != 1 or field not in files:
        _close(opened)
        raise BadRequest(f"send one file, in the field {field}")
    opened[0].flush()
    return fields.to_dict(), files[field]


class _Breathing(RawIOBase):
    """A stream that lets others work before each read: data that has arrived is read without waiting."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""
        gevent.sleep(0)
        return self._stream.read(size)


def _close(files: list[IO[bytes]]) -> None:
    for file in files:
        file.close()
