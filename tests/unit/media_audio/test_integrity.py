"""Model files are checked, and only once."""

import hashlib
import os
from pathlib import Path

import pytest

from media.integrity import CACHE_FILE, ModelFileError, verify

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(CONTENT)
    return path


def replace_unseen(path: Path, content: bytes) -> None:
    """Same size, same mtime: only reading the file would tell."""
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_good_file_is_read_once(model: Path, tmp_path: Path) -> None:
    verify(model, DIGEST, tmp_path / "cache")
    replace_unseen(model, b"WEIGHTS" * 1000)
    verify(model, DIGEST, tmp_path / "cache")
    with pytest.raises(ModelFileError):
        verify(model, DIGEST)  # without a cache it is read


def test_a_changed_file_is_read_again(model: Path, tmp_path: Path) -> None:
    verify(model, DIGEST, tmp_path)
    model.write_bytes(b"WEIGHTS" * 1000)
    os.utime(model, ns=(1, 1))
    with pytest.raises(ModelFileError, match="damaged or was replaced") as caught:
        verify(model, DIGEST, tmp_path)
    assert str(model) in str(caught.value)
    assert DIGEST in str(caught.value)
    assert "reinstall" in str(caught.value)


def test_a_bad_file_is_never_remembered(model: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ModelFileError):
            verify(model, "0" * 64, tmp_path)
    assert not (tmp_path / CACHE_FILE).exists()


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="can't be read"):
        verify(tmp_path / "none.bin", DIGEST, tmp_path)


@pytest.mark.parametrize("junk", ["", "{", "[]", '{"x": 1}', "\x00"])
def test_a_broken_cache_is_only_slow(model: Path, tmp_path: Path, junk: str) -> None:
    (tmp_path / CACHE_FILE).write_text(junk)
    verify(model, DIGEST, tmp_path)
    replace_unseen(model, b"WEIGHTS" * 1000)
    verify(model, DIGEST, tmp_path)


def test_a_cache_that_cannot_be_written_is_only_slow(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    verify(model, DIGEST, tmp_path / "file" / "cache")
