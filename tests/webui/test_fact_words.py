"""The history of the cockpit speaks in words: each kind that the engine records has some, in both languages."""

import ast
from pathlib import Path

import pytest

from engine.bpmn import steps
from webui import languages
from webui.cockpit import facts

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


def test_modules_say_what_they_expected_and_found_in_words_that_are_translated():
    plain = []
    for path in sorted((ROOT / "modules").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for said in call.keywords if isinstance(call, ast.Call) else ():
                parts = said.value.values if isinstance(said.value, ast.JoinedStr) else [said.value]
                words = [one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                if said.arg in ("expected", "found") and any(map(str.isalpha, "".join(words))):
                    plain.append(f"{path.name}:{call.lineno} {words}")

    assert plain == [], "N_, or a Phrase of N_, says it in the reader's language"
