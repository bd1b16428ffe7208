"""`switchtalk knowledge` as a person types it."""

import pytest
from click.testing import CliRunner

from controller import knowledge_command
from controller.knowledge_command import knowledge


@pytest.fixture
def run(tmp_path, monkeypatch):
    from rich.console import Console

    def run(*words: str, keywords_only: bool = True) -> tuple[int, str]:
        options = ["--directory", str(tmp_path / "kb"), *(["--keywords-only"] if keywords_only else [])]
        with monkeypatch.context() as patched:
            runner = CliRunner()
            with runner.isolation() as streams:
                patched.setattr(knowledge_command, "console", Console(width=200))
                patched.setattr(knowledge_command, "problems", Console(width=200))
                try:
                    knowledge.main([*options, *words], prog_name="knowledge", standalone_mode=False)
                    code = 0
                except SystemExit as error:
                    code = int(error.code or 0)
                return code, streams[0].getvalue().decode()

    return run


def test_a_document_comes_is_found_and_goes(run, tmp_path):
    file = tmp_path / "trams[1].md"
    file.write_text("# Fares\n\nDogs travel free.\n", "utf-8")
    assert run("list") == (
        0,
        "Nothing has been added yet; `switchtalk knowledge add FILE` adds a document.\n",
    )
    code, said = run("add", str(file))
    assert code == 0
    assert "Added trams[1].md: 1 snippets." in said
    code, said = run("list")
    assert code == 0
    assert "trams[1].md" in said
    code, said = run("search", "do dogs travel free")
    assert code == 0
    assert "trams[1].md, Fares" in said
    assert "Dogs travel free." in said
    assert run("remove", "trams[1].md") == (0, "Removed trams[1].md.\n")
    assert run("search", "do dogs travel free") == (1, "Nothing found.\n")


def test_a_bad_file_is_told_and_the_others_are_added(run, tmp_path):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.pdf"
    good.write_text("Dogs travel free.", "utf-8")
    bad.write_bytes(b"hello")
    code, said = run("add", str(bad), str(good))
    assert code == 1
    assert "bad.pdf: the PDF is damaged" in said
    assert "Added good.txt" in said
    assert "1 of 2 files were not added." in said


def test_an_unknown_name_is_told(run):
    code, said = run("remove", "none.md")
    assert code == 1
    assert "no source 'none.md'" in said


@pytest.mark.engines
def test_with_the_model_a_paraphrase_is_found(run, tmp_path):
    file = tmp_path / "terms.md"
    file.write_text("# Warranty\n\nThe warranty lasts three years.\n", "utf-8")
    assert run("add", str(file), keywords_only=False)[0] == 0
    code, said = run("search", "how long is the guarantee", keywords_only=False)
    assert code == 0
    assert "terms.md, Warranty" in said
