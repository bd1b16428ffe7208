"""Audio files in a shared directory: whole, unguessable, and none left behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.telephony.checks import BadArgument
from controller.telephony.spool import Spool, SpoolFailed


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_file_is_written_for_the_group_and_named_as_freeswitch_sees_it(
    tmp_path: Path, umask: None
) -> None:
    spool = Spool(tmp_path / "audio", "/srv/audio/")
    spool.clean_up()
    places: list[str] = []
    spool.put("4f-1", b"\1\2" * 320, places.append)
    assert places == ["/srv/audio/switchtalk-4f-1.r16"]
    file = tmp_path / "audio" / "switchtalk-4f-1.r16"
    assert file.read_bytes() == b"\1\2" * 320
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_remove_is_quiet_when_it_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("a", b"\0\0", lambda place: None)
    spool.remove("a")
    spool.remove("a")
    assert list(tmp_path.iterdir()) == []


def test_leftovers_go_and_strangers_stay(tmp_path: Path) -> None:
    Spool(tmp_path).put("crashed", b"\0\0", lambda place: None)
    stay = ["notes.txt", "switchtalk-x.wav", "switchtalk-..r16", "other.r16"]
    for name in stay:
        (tmp_path / name).write_text("mine")
    assert Spool(tmp_path).clean_up() == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "a.b", "ä", "x" * 65, "a\n"])
def test_only_plain_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadArgument):
        Spool(tmp_path).put(name, b"", lambda place: None)


@pytest.mark.parametrize("theirs", ["audio", "/a b", "/a'b", "/a;b", "/a{b}"])
def test_a_directory_that_cannot_be_told_to_freeswitch(tmp_path: Path, theirs: str) -> None:
    with pytest.raises(BadArgument):
        Spool(tmp_path, theirs)


def test_a_full_directory_is_a_clear_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    monkeypatch.setattr(Spool, "_path", lambda self, name: Path("/dev/full"))
    monkeypatch.setattr("controller.telephony.spool.os.O_EXCL", 0)
    monkeypatch.setattr("controller.telephony.spool.os.O_CREAT", 0)
    monkeypatch.setattr("controller.telephony.spool.os.fchmod", lambda fd, mode: None)
    removed: list[Path] = []
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: removed.append(self))
    with pytest.raises(SpoolFailed, match="No space left"):
        spool.put("a", b"\0\0", pytest.fail)
    assert removed == [Path("/dev/full")]


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "gone")
    with pytest.raises(SpoolFailed, match="No such file"):
        spool.put("a", b"\0\0", pytest.fail)


def test_a_name_is_used_once(tmp_path: Path) -> None:
    """Nobody can have put a file, or a link, there before."""
    spool = Spool(tmp_path)
    (tmp_path / "switchtalk-a.r16").symlink_to(tmp_path / "victim")
    with pytest.raises(SpoolFailed, match="exists"):
        spool.put("a", b"\0\0", pytest.fail)
    assert not (tmp_path / "victim").exists()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolFailed):
        Spool(tmp_path / "file" / "audio").clean_up()
