"""Slots in English: what callers say, what a Whisper prints for it, and what is understood.

Now is Wednesday the 18th of March 2026, ten in the morning.
"""

from __future__ import annotations

import pytest

from controller.dialogue.languages import language_of
from tests.unit.dialogue.slot_cases import CONTEXT, NOTHING, understood

EN = language_of("en")

YES_NO = [
    ("yes", "yes"),
    ("Yes.", "yes"),
    ("no", "no"),
    ("No.", "no"),
    ("yes please", "yes"),
    ("Yes, please.", "yes"),
    ("no thank you", "no"),
    ("No, thank you.", "no"),
    ("yeah that's right", "yes"),
    ("Yeah, that's right.", "yes"),
    ("no that's wrong", "no"),
    ("No, that's wrong.", "no"),
    ("that is correct", "yes"),
    ("That is correct.", "yes"),
    ("not really", "no"),
    ("Not really.", "no"),
    ("okay", "yes"),
    ("Right.", "yes"),
    ("mm-hm", "yes"),
    ("Sure.", "yes"),
    ("Uh, yes.", "yes"),
    ("I guess so.", "yes"),
    ("Well, no.", "no"),
    ("Nope.", "no"),
    ("I don't think so.", "no"),
    ("Sounds good!", "yes"),
    ("Absolutely.", "yes"),
    ("I'd rather not.", "no"),
    ("Why not?", "yes"),
    ("That's not right.", "no"),
    ("Maybe later.", "no"),
    ("perhaps", NOTHING),
    ("the weather", NOTHING),
    ("", NOTHING),
    ("nobody knows", NOTHING),
    ("I would like to change the time", NOTHING),
]

CHOICE = [
    ("the first one", "red"),
    ("The first one.", "red"),
    ("the second one please", "green"),
    ("The 2nd one, please.", "green"),
    ("option three", "blue"),
    ("Option 3.", "blue"),
    ("3", "blue"),
    ("Three.", "blue"),
    ("number two", "green"),
    ("the last one", "blue"),
    ("blue", "blue"),
    ("I'd like blue.", "blue"),
    ("the colour of grass", "green"),
    ("grean", "green"),
    ("to", "green"),
    ("red or blue", "refused which_of_them"),
    ("the seventh one", NOTHING),
    ("I have no idea", NOTHING),
]

RATING = [
    ("I would give it a four", "4"),
    ("I would give it a 4.", "4"),
    ("I'd give it a four.", "4"),
    ("five", "5"),
    ("5.", "5"),
    ("a three I think", "3"),
    ("Four out of five.", "4"),
    ("five out of five", "5"),
    ("One.", "1"),
    ("to", "2"),
    ("Too.", "2"),
    ("For.", "4"),
    ("won", "1"),
    ("I am very satisfied", "5"),
    ("I'm very satisfied.", "5"),
    ("not satisfied", "2"),
    ("very unhappy", "1"),
    ("it was okay", "3"),
    ("satisfied", "4"),
    ("terrible", "1"),
    ("six", NOTHING),
    ("between two and three", NOTHING),
    ("I don't know", NOTHING),
    ("eleven", NOTHING),
    ("10:30", NOTHING),
]

NAME = [
    ("my name is Sarah Johnson", "Sarah Johnson"),
    ("My name is Sarah Johnson.", "Sarah Johnson"),
    ("this is Michael Brown speaking", "Michael Brown"),
    ("This is Michael Brown speaking.", "Michael Brown"),
    ("it's David", "David"),
    ("It's David.", "David"),
    ("David", "David"),
    ("Sarah Johnson.", "Sarah Johnson"),
    ("sarah johnson", "Sarah Johnson"),
    ("Hi, I'm Anne-Marie O'Neill.", "Anne-Marie O'Neill"),
    ("Uh, it's Peter.", "Peter"),
    ("You can call me Bob.", "Bob"),
    ("The name is Bond, James Bond.", "Bond"),
    ("My name is Sarah Johnson and I'd like Tuesday.", "Sarah Johnson"),
    ("MICHAEL BROWN", "Michael Brown"),
    ("José García", "José García"),
    ("I'm hungry", NOTHING),
    ("it's raining", NOTHING),
    ("four two seven", NOTHING),
    ("I want to speak to an agent", NOTHING),
    ("where is my order", NOTHING),
    ("my flight was delayed", NOTHING),
    ("yes", NOTHING),
    ("no", NOTHING),
    ("", NOTHING),
    ("next Tuesday", NOTHING),
    ("42", NOTHING),
]

MOMENT = [
    ("next Tuesday at half past nine", "2026-03-24T09:30"),
    ("Next Tuesday at 9.30.", "2026-03-24T09:30"),
    ("Next Tuesday at half past 9.", "2026-03-24T09:30"),
    ("next tuesday at 9:30", "2026-03-24T09:30"),
    ("tomorrow morning", "2026-03-19 … morning"),
    ("Tomorrow morning.", "2026-03-19 … morning"),
    ("Thursday at ten", "2026-03-19T10:00"),
    ("Thursday at 10.", "2026-03-19T10:00"),
    ("the fourth of July", "2026-07-04 …"),
    ("The 4th of July.", "2026-07-04 …"),
    ("July 4th", "2026-07-04 …"),
    ("no sorry I meant Friday", "2026-03-20 …"),
    ("No, sorry, I meant Friday.", "2026-03-20 …"),
    ("tomorrow at three", "2026-03-19T15:00"),
    ("Friday at 3 p.m.", "2026-03-20T15:00"),
    ("Friday at eleven a.m.", "2026-03-20T11:00"),
    ("the day after tomorrow at quarter to four", "2026-03-20T15:45"),
    ("quarter past ten on Monday", "2026-03-23T10:15"),
    ("today at noon", "2026-03-18T12:00"),
    ("Monday at twenty past two", "2026-03-23T14:20"),
    ("in two weeks at nine", "2026-04-01T09:00"),
    ("Tuesday the 24th at ten thirty", "2026-03-24T10:30"),
    ("this Friday at four in the afternoon", "2026-03-20T16:00"),
    ("on the 2nd at nine", "2026-04-02T09:00"),
    ("the twenty-first of April at 11", "2026-04-21T11:00"),
    ("half past nine", "… 09:30"),
    ("10.", "… 10:00"),
    ("three o'clock", "… 15:00"),
    ("At nine.", "… 09:00"),
    ("1030", "… 10:30"),
    ("15:00", "… 15:00"),
    ("in the afternoon", "… afternoon"),
    ("How about Thursday at ten?", "2026-03-19T10:00"),
    ("2026-07-06 at 9", "2026-07-06T09:00"),
    ("January the 5th at ten", "2027-01-05T10:00"),
    ("yesterday at ten", "refused day_passed"),
    ("today at nine", "refused day_passed"),
    ("Tuesday or Wednesday at ten", "refused which_of_them"),
    ("February 30th", "refused no_such_day"),
    ("Sunday at ten", "refused day_closed"),
    ("Monday at seven p.m.", "refused time_closed"),
    ("March 10th at nine", "refused day_passed"),
    ("I don't know", NOTHING),
    ("blue", NOTHING),
    ("my flight was delayed", NOTHING),
]

DIGITS = [
    ("four two seven nine", "4279"),
    ("4279.", "4279"),
    ("4 2 7 9", "4279"),
    ("zero eight three one five", "08315"),
    ("08315", "08315"),
    ("oh eight three one five", "08315"),
    ("555-0199", "5550199"),
    ("my number is five five five zero one nine nine", "5550199"),
    ("My number is 555-0199.", "5550199"),
    ("My number is 5550199.", "5550199"),
    ("double five five zero one double nine", "5550199"),
    ("+44 20 7946 0018", "442079460018"),
    ("one two", "12 …"),
    ("no idea", NOTHING),
]

FREE = [
    ("the waiting time was too long", "the waiting time was too long"),
    ("nothing", ""),
    ("No, thank you.", ""),
    ("No.", ""),
    ("That's all.", ""),
    ("", NOTHING),
]

TABLES = {
    "yes_no": YES_NO,
    "choice": CHOICE,
    "rating": RATING,
    "name": NAME,
    "moment": MOMENT,
    "digits": DIGITS,
    "free": FREE,
}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [(kind, text, expected) for kind, table in TABLES.items() for text, expected in table],
)
def test_understands(kind: str, text: str, expected: str) -> None:
    assert understood(kind, text, EN) == expected


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("next Tuesday at half past nine", "Tuesday the 24th at half past nine"),
        ("Thursday at ten", "Thursday the 19th at ten"),
        ("the fourth of July at quarter to three", "Saturday the 4th of July at quarter to three"),
        ("tomorrow at noon", "Thursday the 19th at noon"),
        ("Monday at ten past eleven", "Monday the 23rd at ten past eleven"),
        ("Monday at 9:17", "Monday the 23rd at nine 17"),
        ("Saturday the 21st at 9:40", "Saturday the 21st at twenty to ten"),
    ],
)
def test_reads_a_moment_back_as_people_say_it(raw: str, spoken: str) -> None:
    assert understood("moment", raw, EN, what="spoken") == spoken


@pytest.mark.parametrize(
    ("kind", "text", "certain"),
    [
        ("yes_no", "yes", True),
        ("yes_no", "no", True),
        ("yes_no", "yes but", False),
        ("yes_no", "no because", False),
        ("rating", "four", True),
        ("rating", "four or", False),
        ("rating", "to", False),
        ("moment", "Thursday at ten", True),
        ("moment", "Thursday at ten and", False),
        ("moment", "Thursday at ten um", False),
        ("moment", "Thursday", False),
        ("name", "My name is Sarah", False),
        ("free", "the waiting time", False),
        ("digits", "4279", False),
        ("choice", "the first one", True),
    ],
)
def test_only_a_whole_answer_is_certain(kind: str, text: str, certain: bool) -> None:
    assert (understood(kind, text, EN, what="certainty") == "certain") is certain


def test_a_time_adds_to_a_day_said_before() -> None:
    assert understood("moment", "ten", EN, before="Friday") == "2026-03-20T10:00"
    assert understood("moment", "Friday", EN, before="at ten") == "2026-03-20T10:00"
    assert (
        understood("moment", "no sorry I meant Friday", EN, before="Thursday at ten")
        == "2026-03-20T10:00"
    )
    assert (
        understood("moment", "in the afternoon", EN, before="Thursday at ten")
        == "2026-03-19 … afternoon"
    )
    assert understood("moment", "at nine", EN, before="Thursday at ten") == "2026-03-19T09:00"


def test_keys() -> None:
    assert understood("yes_no", "1", EN, keys=True) == "yes"
    assert understood("yes_no", "2", EN, keys=True) == "no"
    assert understood("yes_no", "3", EN, keys=True) == NOTHING
    assert understood("rating", "5", EN, keys=True) == "5"
    assert understood("rating", "9", EN, keys=True) == NOTHING
    assert understood("choice", "2", EN, keys=True) == "green"
    assert understood("moment", "0704", EN, keys=True) == "2026-07-04 …"
    assert understood("moment", "1430", EN, keys=True, before="Friday") == "2026-03-20T14:30"
    assert understood("moment", "9999", EN, keys=True) == "refused no_such_day"
    assert understood("digits", "4279", EN, keys=True) == "4279"
    assert understood("free", "#", EN, keys=True) == ""
    assert understood("name", "5", EN, keys=True) == NOTHING


def test_long_and_odd_input_is_harmless() -> None:
    for text in (
        "a " * 100_000,
        "9" * 100_000,
        "\x00\x01",
        "{name}",
        "%s %n",
        "١٢٣",
        "²",
        "🙂" * 500,
        "½ past nine",
    ):
        for kind in TABLES:
            understood(kind, text, EN)
            understood(kind, text, EN, keys=True)
    assert CONTEXT.known is None
