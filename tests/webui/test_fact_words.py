"""The history of the cockpit speaks in words: each kind that the engine records has some, in both languages."""

import ast
import re
from pathlib import Path

import pytest

from engine import notices, outbox
from engine.bpmn import steps
from engine.jobs import running
from webui import languages, node
from webui.cockpit import facts, handlers

ROOT = Path(__file__).parents[2] / "engine"
SILENT = (
    "fact", "compensation", "flow.taken", "job.closed", "job.opened", "migrated", "node.entered", "scope.closed",
    "subscription.closed", "timer.disarmed", "work.closed", "work.opened",
)  # fmt: skip
"""Facts of a step that are recorded under another name, or not at all."""


def recorded() -> set[str]:
    """Kinds that the engine writes literally into a chain."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
            if name in ("record", "act", "_record"):
                texts = [part for part in ast.walk(call) if isinstance(part, ast.Constant)]
                found |= {part.value for part in texts if isinstance(part.value, str) and _is_kind(part.value)}
    return found


def _is_kind(text: str) -> bool:
    return text == "deployed" or (
        text.count(".") == 1 and not text.endswith(".") and text.replace(".", "").replace("_", "").isalpha()
    )


def test_every_kind_that_is_recorded_has_words():
    thrown = {fact.kind for fact in vars(steps).values() if isinstance(fact, type) and issubclass(fact, steps.Fact)}
    kinds = recorded()

    assert {"task.decided", "instance.started", "operation.performed"} <= kinds
    assert (kinds | thrown) - set(SILENT) - facts.KINDS.keys() == set()


@pytest.mark.parametrize(("language", "words"), [("zh", "任务已办理"), ("en", "Task decided")])
def test_words_are_in_the_readers_language_and_an_unknown_kind_is_its_code(app, language, words):
    with app.test_request_context(), languages.speaking(language):
        assert facts.said("task.decided") == words
        assert facts.said("of.tomorrow") == "of.tomorrow"


def test_every_job_of_the_engine_says_what_it_does(app):
    asked = {
        getattr(getattr(running, one.value.id), one.attr) if isinstance(one, ast.Attribute) else one.value
        for test in ast.walk(ast.parse(Path(running.__file__).read_text(encoding="utf-8")))
        if isinstance(test, ast.Compare) and getattr(test.left, "attr", "") == "handler"
        for side in test.comparators
        for one in (side.elts if isinstance(side, ast.Tuple) else [side])
        if not isinstance(one, ast.Name)
    } - {notices.SENT_OUTSIDE}
    put = {
        call.args[2].value
        for path in ROOT.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "put" and len(call.args) > 2
        and isinstance(call.args[2], ast.Constant)
    }  # fmt: skip

    asked |= set(running.UPSTAIRS)
    assert {"retention.due", "policy.recheck", "scenarios.play"} <= asked
    assert {"timer", "round", "publish"} <= put
    operations = {"notification.notify"}
    assert (asked | put | set(notices.SENT_OUTSIDE) | {outbox.HANDLER}) - operations - handlers.HANDLERS.keys() == set()
    with app.test_request_context(), languages.speaking("zh"):
        assert handlers.said("retention.due") == "请人放行保存期已满的申请"
        assert handlers.said("timeout/3/x") == "按任务的时限规则处理"
        assert handlers.said("hook1") == "hook1"


NO_WORDS = {
    "NoValue": "types of FEEL, which are translated as such", "WrongSetting": "who starts the site reads it",
    "UnsafeForProduction": "the same", "AnchorKeyUnsafe": "the same", "WrongLevels": "words of a file",
    "add": "a report of the command line", "say": "words of a file",
}  # fmt: skip
"""by what is called: why its facts are said as they stand"""
ENGLISH = re.compile("[A-Za-z]{2}")


def test_errors_say_what_they_expected_and_found_in_words_that_are_translated():
    plain = []
    for path in sorted([*ROOT.rglob("*.py"), *(node.WEBUI.glob("*.py")), *(node.WEBUI.glob("[b-z]*/*.py"))]):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", getattr(call.func, "attr", "")) in NO_WORDS:
                continue
            for said in call.keywords:
                if said.arg in ("expected", "found") and ENGLISH.search("".join(_literals(said.value))):
                    plain.append(f"{path.name}:{call.lineno} {ast.unparse(said.value)}")

    assert plain == [], "N_, or a Phrase of N_, says it in the reader's language"


def _literals(value: ast.expr) -> list[str]:
    """What is written there and shown as it stands."""
    match value:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            return [text for part in parts for text in _literals(part)]
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            return [*_literals(left), *_literals(right)]
    return []


def test_acts_about_groups_name_the_group(sign_in):
    page = sign_in("root").get("/cockpit/audit").text

    assert re.search(r"Member added.*?<div>Managers</div>", page, re.DOTALL)
