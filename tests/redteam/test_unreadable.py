"""A reason that nobody can read is none, whatever it is made of."""

import re
from pathlib import Path

import pytest

import engine as troika
from engine import identity, policy, tasks
from engine.errors import BreakGlassRefused, EngineError, InvalidValue, WeakerPolicy
from engine.unit_of_work import ENGINE, Actor
from engine.values import blank, readable
from tests.engine.policy.test_emergency import WHY, ask, case, sign, who
from tests.engine.policy.test_gate import agree

__all__ = ["case", "who"]

pytestmark = pytest.mark.redteam
UNREADABLE = {
    "nothing": "",
    "blanks": " \t\r\n\x0b\x85",
    "blanks of other widths": "\xa0\u2003\u3000\u202f\u2028",
    "of no width": "\u200b\u200c\u200d\u2060\ufeff",
    "soft hyphens and directions": "\xad\u202e\u2066\u061c",
    "fillers of Hangul": "\u3164\u115f\u1160\uffa0",
    "Braille without a dot": "\u2800",
    "marks on nothing": "\u034f\u0301\u180b\ufe0f\U000e0100",
    "tags": "\U000e0041\U000e007f",
    "no note": "\U0001d159",
}
LONG = {name: text * 30 for name, text in UNREADABLE.items()}
READ = {
    "银行一小时后关门": "银行一小时后关门", "  a\u200bb  c ": "ab c", "한글": "한글", "👍\ufe0f": "👍", "é": "é",
    "\U00030edd": "\U00030edd",
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_nobody_can_read_is_blank(name):
    assert (blank(LONG[name]), readable(LONG[name])) == (True, "")
    assert readable("a" + UNREADABLE[name] + "b").replace(" ", "") == "ab"


@pytest.mark.parametrize("text", READ)
def test_what_somebody_can_read_is_not(text):
    assert (blank(text), readable(text)) == (False, READ[text])


@pytest.mark.parametrize("name", UNREADABLE)
def test_it_is_no_reason_for_an_emergency_and_no_review_of_one(engine, who, case, name):
    for reason in (LONG[name], "because" + LONG[name], "x" + LONG[name] + "y"):
        with pytest.raises(BreakGlassRefused, match="too short"):
            ask(engine, who["fay"], case, reason)
    asked = ask(engine, who["fay"], case, f"{WHY}{UNREADABLE[name]}")
    for login in ("carl", "ida"):
        sign(engine, who[login], asked)

    with pytest.raises(InvalidValue), engine.unit_of_work(who["aud"]) as uow:
        policy.review_emergency(uow, asked.id, LONG[name])


ACTS = {
    "opinion": lambda uow, item, text: tasks.reject(uow, item, text),
    "a reason is required": lambda uow, item, text: tasks.transfer(uow, item, "carl", text),
    "a question is required": lambda uow, item, text: tasks.delegate(uow, item, "carl", text),
    "comment": lambda uow, item, text: tasks.comment(uow, item, text),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_it_is_no_opinion_no_question_and_no_comment(engine, who, case, name):
    with engine.unit_of_work(who["fay"], read_only=True) as uow:
        (found,) = tasks.inbox(uow).items
    for told, act in ACTS.items():
        about = found.instance_id if told == "comment" else found.work_item_id
        with pytest.raises(EngineError, match=told), engine.unit_of_work(who["fay"]) as uow:
            act(uow, about, LONG[name])

    agree(engine, who["fay"])


def test_it_is_no_reason_to_ask_for_less(engine, who):
    with engine.unit_of_work(ENGINE) as uow:
        identity.create_group(uow, "controllers", "Controllers", capabilities="policy")
        kate = Actor(identity.create_user(uow, "kate", "Kate").id)
        identity.add_member(uow, "controllers", "kate")

    for name, text in LONG.items():
        with pytest.raises(WeakerPolicy), engine.unit_of_work(kate) as uow:
            policy.propose_retirement(uow, "REF-001", text)
        assert name


def test_nobody_else_judges_whether_something_was_written():
    root = Path(troika.__file__).parent
    asked = re.compile(
        r"not \(?(\w*(?:reason|opinion|question|review)\w*)(?: or \"\"\))?\.strip|len\((\w*reason\w*)\.strip"
    )

    assert [f"{file}: {found}" for file in (*root.rglob("*.py"), *(root.parent / "webui").rglob("*.py"))
            for found in asked.findall(file.read_text(encoding="utf-8"))] == []  # fmt: skip
