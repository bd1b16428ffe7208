"""Questions: read back, not understood, not answered."""

from __future__ import annotations

from controller.dialogue.flow.memory import Phase
from tests.unit.dialogue.tiny_flow import talk

ASK = """\
one:
  kind: ask
  slot: name
  prompt: Who are you?
  next: two
two:
  kind: ask
  slot: when
  prompt: When?
  reprompts: [Say a day., Say a day and an hour.]
  thanks: Thank you.
  confirm: always
  {more}
  next: end
"""


def test_an_answer_is_read_back() -> None:
    caller = talk(ASK.format(more="")).says("it's David").says("Friday at ten")
    caller.hears("Friday the 20th at ten. Is that right?")
    assert caller.memory.phase is Phase.READBACK
    assert caller.expect is not None
    assert caller.expect.completes is not None
    assert caller.expect.completes("yes")
    caller.says("yes").hears("Thank you. So David, Friday the 20th at ten. Goodbye.")


def test_a_new_value_is_read_back_in_its_own_words() -> None:
    caller = talk(ASK.format(more="readback: 'I have {{ when }}, yes or no?'"))
    caller.says("it's David").says("Friday at ten").hears("I have Friday the 20th at ten, yes or no?")
    caller.says("no, Thursday").hears("No problem. I have Thursday the 19th at ten, yes or no?")
    caller.says("what").hears("I have Thursday the 19th at ten, yes or no?")
    caller.says("Thursday at ten").hears("Thank you. So David, Thursday the 19th at ten. Goodbye.")


def test_a_no_asks_again_and_three_are_enough() -> None:
    caller = talk(ASK.format(more="")).says("it's David").says("Friday at ten")
    caller.says("no").hears("No problem. Say a day.")
    assert "when" not in caller.memory.slots
    caller.says("Friday at ten").says("no that's wrong").hears("No problem. Say a day and an hour.")
    caller.says("Friday at ten").says("no")
    assert caller.hung_up == "lost"


def test_endless_new_values_come_to_an_end() -> None:
    caller = talk(ASK.format(more="")).says("it's David").says("Friday at ten")
    for turn in range(6):
        if caller.hung_up is None:
            caller.says(("Thursday at ten", "Friday at ten")[turn % 2])
    assert caller.hung_up == "lost"


def test_what_was_said_ahead_is_read_back_when_its_turn_comes() -> None:
    caller = talk(ASK.format(more="")).says("I'm David, Tuesday at ten")
    caller.hears("Tuesday the 24th at ten. Is that right?").says("yes")
    assert caller.hung_up == "done"


def test_a_corrected_answer_is_read_back_too() -> None:
    caller = talk(
        ASK.format(more="").replace("  next: end", "  next: three")
        + "three: {kind: ask, slot: score, prompt: A mark?, next: end}\n"
    )
    caller.says("it's David").says("Friday at ten").says("yes").hears("Thank you. A mark?")
    caller.says("sorry, I meant Thursday at ten")
    caller.hears("No problem. Thursday the 19th at ten. Is that right?")
    caller.says("yes").hears("Thank you. A mark?")


def test_only_what_is_unsure_is_read_back() -> None:
    flow = """\
    one:
      kind: ask
      slot: score
      prompt: A mark?
      confirm: {policy}
      next: end
    """
    assert talk(flow.format(policy="unsure")).says("four").hung_up == "done"
    assert talk(flow.format(policy="never")).says("four").hung_up == "done"
    assert talk(flow.format(policy="always")).says("four").hung_up is None


def test_keys_answer_what_is_read_back() -> None:
    caller = talk(ASK.format(more="")).says("it's David").says("Friday at ten").presses("2")
    caller.hears("No problem. Say a day.")
    assert caller.says("Friday at ten").presses("1").hung_up == "done"


# --- ask: nothing came ------------------------------------------------------------------------


def test_no_match_and_no_input_have_their_own_words_and_ways() -> None:
    nodes = """\
    one:
      kind: ask
      slot: sure
      prompt: Are you sure?
      reprompts: ["Yes or no?", "Really, yes or no?"]
      no_match: {say: Pardon me., next: other}
      no_input: {say: Anybody there?, next: alone}
      next: end
    other: {kind: hangup, say: Another way. Goodbye., reason: other}
    alone: {kind: hangup, say: All alone. Goodbye., reason: alone}
    """
    caller = talk(nodes)
    caller.says("purple").hears("Pardon me. Yes or no?")
    caller.says("purple").hears("Pardon me. Really, yes or no?")
    assert caller.says("purple").hung_up == "other"
    caller = talk(nodes)
    caller.is_silent().hears("Anybody there? Are you sure?")
    assert caller.is_silent().hung_up == "alone"


def test_several_slots_from_one_answer_are_thanked_once() -> None:
    caller = talk(
        """\
        one: {kind: ask, slot: name, prompt: Who?, thanks: Thank you., next: two}
        two: {kind: ask, slot: when, prompt: When?, thanks: Thank you., next: end}
        """
    )
    caller.says("Li Wei, Tuesday at ten")
    caller.hears("Thank you. So Li Wei, Tuesday the 24th at ten. Goodbye.")
