"""Whole conversations in Chinese, as the caller hears them. Now is Wednesday the 18th of March 2026."""

from __future__ import annotations

from tests.unit.dialogue.conversation import Conversation

CHECK = "帮您约在{}，姓名{}。对吗？"


def test_appointment() -> None:
    caller = Conversation("appointment", "zh").hears("您好，这里是自动预约热线。请问您叫什么名字？")
    caller.says("我叫李伟。").hears("谢谢您。您想约哪天几点？")
    caller.says("下周二上午10点半。").hears("好的。" + CHECK.format("二十四号星期二上午十点半", "李伟"))
    caller.says("是的。").hears("请您稍等。已经约好了。我们二十四号星期二上午十点半见。再见。")
    assert caller.hung_up == "booked"
    assert caller.tools[0].arguments["params"] == {
        "name": "李伟",
        "when": "二十四号星期二上午十点半",
        "at": "2026-03-24T10:30",
    }


def test_only_what_is_missing_is_asked() -> None:
    caller = (
        Conversation("appointment", "zh").says("我是王小明").says("明天早上").hears("请问上午几点？")
    )
    caller.says("十点").hears("好的。" + CHECK.format("十九号星期四上午十点", "王小明"))


def test_change_of_mind() -> None:
    caller = Conversation("appointment", "zh").says("我姓张").says("星期四下午三点")
    caller.says("不对，我是说星期五").hears("没问题。" + CHECK.format("二十号星期五下午三点", "张"))
    caller.says("我想改一下预约时间").hears("没问题。您想约哪天几点？")
    caller.says("七月四号").hears("请问几点钟？")
    caller.says("下午两点").hears("好的。" + CHECK.format("七月四号星期六下午两点", "张"))
    caller.says("不是").hears("要改时间还是名字？")
    caller.says("名字").hears("请问您叫什么名字？")
    caller.says("我叫张伟").hears("谢谢您。" + CHECK.format("七月四号星期六下午两点", "张伟"))
    caller.says("没错")
    assert caller.hung_up == "booked"


def test_interjections_lead_back_to_the_question() -> None:
    caller = Conversation("appointment", "zh")
    caller.says("喂，你好").hears("您好，我在听。请问您叫什么名字？")
    caller.says("我想预约").hears("好的，我来帮您。请问您叫什么名字？")
    caller.says("请再说一遍").hears("请问您叫什么名字？")
    caller.says("你们星期六几点开门").hears("我们周一到周六八点到六点营业。请问您叫什么名字？")
    caller.says("我叫李伟")
    caller.says("等一等").hears("好的，不着急。您想约哪天几点？")
    caller.says("停一下").hears("好的，不着急。您想约哪天几点？")
    caller.says("不好意思打断一下").hears("好的，您请说。")
    caller.says("这个多少钱").hears("费用会由同事提前告诉您。您想约哪天几点？")
    caller.says("我的订单到哪里了").hears("抱歉，这个我不清楚。您想约哪天几点？")
    assert caller.memory.tries == 0


def test_goodbye_cancel_and_a_person_at_any_point() -> None:
    for said, reason in (
        ("再见", "goodbye"),
        ("谢谢没有别的了", "goodbye"),
        ("我要取消我的预约", "cancelled"),
        ("请帮我转人工客服", "call_back"),
    ):
        for before in ([], ["我叫李伟"], ["我叫李伟", "周五上午十点"]):
            caller = Conversation("appointment", "zh")
            for line in before:
                caller.says(line)
            caller.says(said)
            assert caller.hung_up == reason
            assert caller.last.endswith("再见。")


def test_gibberish_silence_and_refusals() -> None:
    caller = Conversation("appointment", "zh").says("天上的云").hears("抱歉，我没听清。请问您贵姓？")
    caller.is_silent().hears("您还在听吗？请问您贵姓？")
    caller.says("李伟").says("昨天上午十点").hears("抱歉，这个时间已经过了。您看换个什么时间？")
    caller.says("周日十点").hears("抱歉，那天我们休息。您看换个什么时间？")
    caller.says("周一").hears("好的。" + CHECK.format("二十三号星期一上午十点", "李伟"))


def test_survey() -> None:
    caller = Conversation("survey", "zh").hears("您好，这里是自动满意度回访。可以问您两个问题吗？")
    caller.says("好的可以").hears("谢谢您。请用一到五分评价这次服务。五分最好。")
    caller.says("我给四分").hears("您觉得我们哪里可以改进？")
    caller.says("等待时间太长了").hears("非常感谢您。您的意见对我们很有帮助。再见。")
    assert caller.hung_up == "completed"
    assert caller.tools[0].arguments["params"] == {"score": "4", "comment": "等待时间太长了"}


def test_survey_by_words_of_satisfaction_and_without_a_comment() -> None:
    caller = (
        Conversation("survey", "zh")
        .says("可以")
        .says("非常满意")
        .hears("很高兴您满意。您觉得我们哪里可以改进？")
    )
    caller.says("没有")
    assert caller.tools[0].arguments["params"] == {"score": "5", "comment": ""}


def test_survey_by_keys_alone() -> None:
    caller = (
        Conversation("survey", "zh")
        .presses("1")
        .presses("1")
        .hears("很抱歉没让您满意。您觉得我们哪里可以改进？")
    )
    caller.presses("#")
    assert caller.hung_up == "completed"


def test_survey_declined() -> None:
    caller = Conversation("survey", "zh").says("不用了谢谢").hears("没关系。打扰您了。再见。")
    assert caller.hung_up == "declined"
