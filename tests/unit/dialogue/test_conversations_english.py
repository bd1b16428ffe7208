"""Whole conversations in English, as the caller hears them. Now is Wednesday the 18th of March 2026."""

from __future__ import annotations

from tests.unit.dialogue.conversation import Conversation

HELLO = "Hello, this is the automated booking line. May I have your name?"
CHECK = "So that's {} for {}. Is that right?"


def test_appointment() -> None:
    caller = Conversation("appointment", "en").hears(HELLO)
    caller.says("My name is Sarah Johnson.").hears("Thank you. What day and time would suit you?")
    caller.says("Next Tuesday at 9.30.")
    caller.hears("Thank you. " + CHECK.format("Tuesday the 24th at half past nine", "Sarah Johnson"))
    caller.says("Yeah, that's right.").hears(
        "One moment, please. You're all booked. "
        "We'll see you on Tuesday the 24th at half past nine. Goodbye."
    )
    assert caller.hung_up == "booked"
    assert dict(caller.tools[0].arguments) == {
        "channel": "log",
        "to": "front_desk",
        "template_id": "appointment_confirmed",
        "params": {
            "name": "Sarah Johnson",
            "when": "Tuesday the 24th at half past nine",
            "at": "2026-03-24T09:30",
        },
    }


def test_only_what_is_missing_is_asked() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("tomorrow morning")
    caller.hears("What time in the morning?")
    caller.says("10.").hears("Thank you. " + CHECK.format("Thursday the 19th at ten", "David"))


def test_what_is_said_ahead_is_not_asked_again() -> None:
    caller = Conversation("appointment", "en")
    caller.says("I'd like to come on Thursday at ten").hears("Thank you. May I have your name?")
    caller.says("this is Michael Brown speaking")
    caller.hears("Thank you. " + CHECK.format("Thursday the 19th at ten", "Michael Brown"))


def test_change_of_mind() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Thursday at ten")
    caller.says("No, sorry, I meant Friday.").hears(
        "No problem. " + CHECK.format("Friday the 20th at ten", "David")
    )
    caller.says("I'd like to change my appointment please.")
    caller.hears("No problem. What day and time would suit you?")
    caller.says("the fourth of July").hears("And at what time?")
    caller.says("half past nine")
    caller.hears("Thank you. " + CHECK.format("Saturday the 4th of July at half past nine", "David"))
    caller.says("no that's wrong").hears("Should I change the time or the name?")
    caller.says("the name").hears("May I have your name?")
    caller.says("It's Daniel.")
    caller.hears("Thank you. " + CHECK.format("Saturday the 4th of July at half past nine", "Daniel"))
    caller.says("yes")
    assert caller.hung_up == "booked"


def test_a_correction_of_an_earlier_answer_while_another_is_asked() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Friday")
    caller.says("sorry, my name is Daniel")
    assert caller.slot("name") == "Daniel"
    caller.hears("No problem. And at what time?")


def test_yes_but_later() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Thursday at ten")
    caller.says("Yes, but at eleven.").hears(
        "No problem. " + CHECK.format("Thursday the 19th at eleven", "David")
    )
    caller.says("Thursday at eleven.")
    assert caller.hung_up == "booked"


def test_change_of_mind_during_the_goodbye() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Thursday at ten").says("yes")
    caller.says("wait").hears("Sure, take your time.")
    caller.says("I meant Friday").hears("No problem. " + CHECK.format("Friday the 20th at ten", "David"))
    caller.says("yes")
    assert [tool.arguments["params"]["at"] for tool in caller.tools if tool.name != "hangup"] == [
        "2026-03-19T10:00",
        "2026-03-20T10:00",
    ]


def test_interjections_lead_back_to_the_question() -> None:
    caller = Conversation("appointment", "en")
    caller.says("Hello?").hears("Hello, I'm listening. May I have your name?")
    caller.says("are you a robot").hears("Yes, I'm an automated assistant. May I have your name?")
    caller.says("can you repeat that please").hears("May I have your name?")
    caller.says("What time do you open on Saturday?")
    caller.hears("We're open from eight to six Monday to Saturday. May I have your name?")
    caller.says("it's David")
    for said in ("Wait a second.", "Stop.", "Hold on, please.", "Go hold on, please."):
        caller.says(said).hears("Sure, take your time. What day and time would suit you?")
    caller.says("sorry can I say something").hears("Of course, go ahead.")
    caller.says("where is my order").hears(
        "I'm afraid I can't answer that. What day and time would suit you?"
    )
    caller.says("how much does it cost")
    caller.hears("A colleague will tell you the price beforehand. What day and time would suit you?")
    caller.says("Thanks.").hears("You're welcome. What day and time would suit you?")
    assert caller.memory.tries == 0
    caller.says("what time do you open on Saturday")
    assert "when" not in caller.memory.slots


def test_impossible_times_are_refused_politely() -> None:
    caller = Conversation("appointment", "en").says("it's David")
    caller.says("yesterday at ten").hears(
        "I'm afraid that has already passed. What other day and time would suit you?"
    )
    caller.says("Monday at seven p.m.")
    caller.hears("I'm afraid we're closed at that time. What other day and time would suit you?")
    caller.says("at ten").hears("Thank you. " + CHECK.format("Monday the 23rd at ten", "David"))


def test_gibberish_is_asked_in_other_words_and_ends() -> None:
    caller = Conversation("appointment", "en")
    caller.says("blah the cat").hears("Sorry, I didn't catch that. What's your name, please?")
    caller.says("12 34").hears(
        "Sorry, I didn't catch that. Please tell me just your first and last name."
    )
    caller.says("the the").hears(
        "I'm sorry, I'm having trouble understanding you. One moment, please. "
        "A colleague will call you back soon. Thank you for calling. Goodbye."
    )
    assert caller.hung_up == "call_back"


def test_silence() -> None:
    caller = Conversation("appointment", "en")
    caller.is_silent().hears("Are you still there? May I have your name?")
    caller.is_silent().hears("Are you still there? May I have your name?")
    caller.is_silent().hears("I can't hear you at the moment. Please call again. Goodbye.")
    assert caller.hung_up == "silence"


def test_goodbye_cancel_and_a_person_at_any_point() -> None:
    for said, reason in (
        ("goodbye", "goodbye"),
        ("Thank you, that is all.", "goodbye"),
        ("I need to cancel my appointment.", "cancelled"),
        ("I want to speak to an agent.", "call_back"),
    ):
        for before in ([], ["it's David"], ["it's David", "Friday at ten"]):
            caller = Conversation("appointment", "en")
            for line in before:
                caller.says(line)
            caller.says(said)
            assert caller.hung_up == reason
            assert caller.last.endswith("Goodbye.")


def test_a_failing_tool_is_told_honestly() -> None:
    caller = Conversation("appointment", "en", tool=lambda proposal: {"ok": False, "code": "timeout"})
    caller.says("it's David").says("Friday at ten").says("yes")
    caller.hears(
        "One moment, please. I couldn't confirm that right now. Please call us again later. Goodbye."
    )
    assert caller.hung_up == "not_booked"


def test_keys_fill_a_day_and_a_time() -> None:
    caller = Conversation("appointment", "en").says("it's David")
    assert caller.expect is not None
    assert caller.expect.dtmf_digits == 4
    caller.presses("0707").hears("And at what time?")
    caller.presses("1430").hears(
        "Thank you. " + CHECK.format("Tuesday the 7th of July at half past two", "David")
    )
    caller.presses("2").hears("Should I change the time or the name?")
    caller.presses("1").hears("What day and time would suit you?")


def test_survey() -> None:
    caller = Conversation("survey", "en")
    caller.hears("Hello, this is a short automated survey. May I ask you two questions?")
    caller.says("yes please").hears(
        "Thank you. How satisfied were you with your visit from one to five?"
    )
    caller.says("I would give it a four").hears("What could we do better?")
    caller.says("The waiting time was too long.")
    caller.hears("Thank you very much. Your answers help us a lot. Goodbye.")
    assert caller.hung_up == "completed"
    assert caller.tools[0].arguments["params"] == {
        "score": "4",
        "comment": "The waiting time was too long.",
    }


def test_survey_by_keys_alone() -> None:
    caller = Conversation("survey", "en").presses("1").presses("2")
    caller.hears("I'm sorry to hear that. What could we do better?")
    caller.presses("#")
    assert caller.hung_up == "completed"
    assert caller.tools[0].arguments["params"] == {"score": "2", "comment": ""}


def test_survey_declined() -> None:
    for answer in ("no thank you", "not really", "No.", "I don't think so."):
        caller = Conversation("survey", "en").says(answer)
        caller.hears("No problem at all. Thank you for your time. Goodbye.")
        assert caller.hung_up == "declined"


def test_survey_not_understood() -> None:
    caller = Conversation("survey", "en").says("okay").says("purple")
    caller.hears(
        "Sorry, I didn't catch that. One means very unhappy and five means very happy. "
        "Which number would you give?"
    )
    caller.says("I'm very satisfied.").hears("I'm glad to hear that. What could we do better?")
    caller.says("No.").hears("Thank you very much. Your answers help us a lot. Goodbye.")


def test_a_comment_is_never_taken_for_a_command() -> None:
    for comment in (
        "I want to cancel my membership because it is slow",
        "you should stop calling people",
        "Not much.",
    ):
        caller = Conversation("survey", "en").says("yes").says("three").says(comment)
        assert caller.hung_up == "completed"
        assert caller.tools[0].arguments["params"]["comment"] == comment
