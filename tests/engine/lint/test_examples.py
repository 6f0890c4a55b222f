"""Every finding that an analyst meets is explained, and its two drawings are what they say."""

import ast
import re
from pathlib import Path

import pytest

from engine import bpmn, dmn, lint, operations, policy
from engine.lint import KnownThings
from engine.lint.examples import EXAMPLES, UNEXPLAINED, example_for, notation
from tests.engine.lint.test_rules import FORM, POST, RESERVING

ENGINE = Path(bpmn.__file__).parents[1]
READERS = (
    "bpmn/parser", "bpmn/compiler.py", "bpmn/element_templates.py", "dmn/reader.py", "dmn/checks.py", "forms/reader.py",
    "forms/layout.py", "lint/rules", "pickers.py", "policy/absent.py", "policy/checker.py", "policy/showing.py",
    "repository/manning.py", "repository/pinning.py", "repository/providing.py", "repository/reading.py",
    "repository/templates.py",
)  # fmt: skip
CODE = re.compile(r"[a-z]+(-[a-z]+)+")
NO_CODES = {"decode": "encodings", "encode": "encodings"}
BESIDE = {
    "ad-hoc-content": {"standard-ad-hoc"},
    "boundary-leads-nowhere": {"end-event-required"},
    "duplicate-flow": {"sound"},
    "event-gateway-alone": {"superfluous-gateway"},
    "event-sub-process-flow": {"standard-flow-ends"},
    "event-sub-process-start": {"start-event-required"},
    "flow-dangling": {"end-event-required"},
    "link-unmatched": {"end-event-required"},
    "multiple-event-not-executed": {"multiple-event"},
    "nothing-starts": {"start-event-required", "end-event-required"},
    "parallel-multiple-not-executed": {"multiple-event"},
}
"""what cannot be wrong without this being wrong, too"""


@pytest.fixture(scope="module")
def judge():
    """The whole check of a drawing: reader, compiler, rules, constraints, and the proof of approve before pay."""
    operations.load()
    catalog = {**operations.catalog(), POST.name: POST}
    policies = policy.read((ENGINE.parent / "processes" / "policies.yml").read_text(encoding="utf-8"))
    known = KnownThings(
        processes=frozenset(("payment",)), decisions=frozenset(("limit",)), group=lambda key: key != "finanse",
        members=lambda key: 201 if key == "everybody" else 3, template={"reserve": RESERVING}.get,
        host=lambda name: name == "partner.example", receiver=lambda name: name == "partner",
        begun_by=lambda message: {"other": "另一个"} if message == "shared" else {},
        banks=frozenset(("bank.example",)),
    )  # fmt: skip

    def judged(drawing: bytes) -> list:
        found = lint.check({"p.bpmn": drawing, "forms/oa/claim.json": FORM}, catalog, known=known)
        found = [one for one in found if one.resource == "p.bpmn"]
        definition = bpmn.read(drawing).definition
        if definition is not None and not any(one.level == "error" for one in found):
            found += policy.prove(definition, catalog, policies=policies)
        return found

    return judged


@pytest.mark.parametrize("key", EXAMPLES)
def test_the_wrong_drawing_is_found_where_it_is_marked_and_the_right_one_is_not(judge, key):
    example = EXAMPLES[key]
    wrong, right = example.drawings

    found = judge(wrong)

    (finding,) = [one for one in found if one.rule == example.rule]
    assert finding.element_id == example.at
    assert example_for(finding) is example
    assert {one.rule for one in found} - {example.rule} == BESIDE.get(key, set())
    assert [str(one) for one in judge(right)] == []


def test_every_code_is_explained_or_stands_among_those_that_need_no_picture():
    said = {"schema", "element-not-executed"} | set(lint.discovered()) | set(bpmn.CONSTRAINTS) | set(dmn.ANALYSIS)
    for folder in READERS:
        place = ENGINE / folder
        for file in [place] if place.suffix else place.rglob("*.py"):
            said |= set(_codes(ast.parse(file.read_text(encoding="utf-8"))))

    listed = [code for codes in UNEXPLAINED.values() for code in codes]
    explained = {example.rule for example in EXAMPLES.values()}

    assert said - explained - set(listed) == set()
    assert (explained | set(listed)) - said == set()
    assert explained & set(listed) == set()
    assert len(listed) == len(set(listed))


def _codes(tree):
    for node in ast.walk(tree):
        texts = []
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            texts = [] if called in NO_CODES else [*node.args, *(word.value for word in node.keywords)]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RULE":
            texts = [node.value]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            texts = node.value.elts
        for text in texts:
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and CODE.fullmatch(text.value):
                yield text.value


def test_a_finding_of_a_kind_that_nobody_explains_has_no_example():
    (finding,) = lint.check({"p.bpmn": EXAMPLES["label-required"].drawings[0]}, {})

    assert example_for(finding) is EXAMPLES["label-required"]
    assert example_for(type(finding)("nowhere", finding.level, None, "")) is None
    assert example_for(type(finding)("sound", finding.level, None, "something else")) is None


def test_lines_that_one_side_has_alone_are_left_out_of_the_other():
    text = "  start a 始|Begin\n- end b 终|End\n+ end c 终|End\n- a > b\n+ a > c : 是|Yes ? x > 1\n"

    wrong, right = (notation.drawing(text, side).decode() for side in (notation.WRONG, notation.RIGHT))

    assert ('id="b"' in wrong, 'id="c"' in wrong) == (True, False)
    assert '<troika:label lang="en">Yes</troika:label>' in right
    assert "<conditionExpression>= x &gt; 1</conditionExpression>" in right
    assert 'bpmnElement="a_c"' in right


@pytest.mark.parametrize("line", ["robot a 名|Name", "a -> b", "start"])
def test_a_line_that_means_nothing_is_refused(line):
    with pytest.raises(notation.WrongNotation, match=re.escape(line)):
        notation.drawing(f"  start a 始|Begin\n  {line}", notation.WRONG)
