"""Every format that can be added: its text, its sections, and nothing that a reader wouldn't see."""

import codecs

import pytest

from controller.dialogue.knowledge.reading.limits import Limits
from controller.dialogue.knowledge.reading.reader import read
from tests.unit.knowledge import files


def sections(data: bytes | str, name: str) -> dict[str, str]:
    raw = data.encode() if isinstance(data, str) else data
    return {section.title: section.text for section in read(raw, name, Limits())}


def test_markdown_by_headings_without_markup_or_scripts():
    found = sections(files.MARKDOWN, "rules.md")
    assert list(found) == ["House rules", "House rules › Quiet hours"]
    assert found["House rules"] == "Welcome to the house, see the map."
    assert found["House rules › Quiet hours"].split("\n\n") == [
        "No music after ten at night",
        "No drums ever",
        "Day | Laundry",
        "Monday | Floors one and two",
        "Bicycles stay outside.",
    ]


@pytest.mark.parametrize(
    "data",
    [
        "中文手册：请先关机。".encode(),
        codecs.BOM_UTF8 + "中文手册：请先关机。".encode(),
        "中文手册：请先关机。".encode("gb18030"),
        codecs.BOM_UTF16_LE + "中文手册：请先关机。".encode("utf-16-le"),
    ],
    ids=["utf-8", "utf-8 with mark", "gb18030", "utf-16"],
)
def test_text_in_the_encodings_people_have(data):
    assert sections(data, "手册.txt") == {"": "中文手册：请先关机。"}


def test_html_as_a_visitor_reads_it():
    found = sections(files.HTML, "shop.html")
    assert found == {
        "Opening hours": "We open at nine.\nWe close at six.",
        "Opening hours › Holidays": (
            "New Year\n\nLabour Day\n\nMonth | Closed on\n\nMay | the 1st\n\nunclosed end"
        ),
    }


def test_html_without_a_heading_goes_by_its_title():
    assert sections("<title>Fares</title><p>Two euros", "f.htm") == {"Fares": "Two euros"}


def test_pdf_by_pages():
    found = sections(files.pdf(["Trams run all night.", "Dogs travel free."]), "trams.pdf")
    assert {title: text.strip() for title, text in found.items()} == {
        "Page 1": "Trams run all night.",
        "Page 2": "Dogs travel free.",
    }


def test_docx_by_headings_with_tables():
    assert sections(files.docx(), "staff.docx") == {
        "Staff handbook": "Coffee is free for everybody.",
        "Staff handbook › Leave": "Grade | Days\n\nJunior | 25",
    }


def test_csv_of_questions_and_answers():
    assert sections(files.FAQ, "faq.csv") == {
        "How do I log in?": "Use your e-mail address.",
        "怎么注销？": "在设置里点击注销。",
    }


def test_csv_of_anything_else_keeps_the_columns_names():
    assert sections(files.PRICES, "prices.CSV") == {
        "Paris": "City: Paris\nPrice: 12\nNote: per day",
        "Rome": "City: Rome\nPrice: 9",
    }
