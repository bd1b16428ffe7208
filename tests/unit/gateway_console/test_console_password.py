"""The console's password and its file."""

from __future__ import annotations

import pytest

from controller.gateway.console.password import console_password


def test_the_one_that_is_set_makes_no_file(tmp_path):
    assert console_password("secret", tmp_path / "var") == "secret"
    assert not (tmp_path / "var").exists()


def test_one_is_made_once_and_kept(tmp_path):
    var = tmp_path / "var"
    made = console_password("", var)
    assert len(made) >= 32
    path = var / "console-password"
    assert path.read_text() == made + "\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert console_password("", var) == made
    assert console_password("", tmp_path / "other") != made


def test_an_empty_file_is_filled_and_closed_to_others(tmp_path):
    path = tmp_path / "console-password"
    path.touch(mode=0o644)
    made = console_password("", tmp_path)
    assert path.read_text().strip() == made != ""
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("bad", ["two\nlines", " blank", "blank ", "x" * 128, "\x00", "密" * 43])
def test_passwords_that_cannot_be_sent(tmp_path, bad):
    with pytest.raises(ValueError, match="one line of at most 127 bytes"):
        console_password(bad, tmp_path)


def test_a_broken_file_is_told_by_its_name(tmp_path):
    (tmp_path / "console-password").write_text("a\nb")
    with pytest.raises(ValueError, match="console-password"):
        console_password("", tmp_path)
