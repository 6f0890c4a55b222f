"""Damaged decision files: sound models with one thing broken, each break named; and what has to become of them."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine import dmn
from engine.findings import Finding, errors_of
from tests.engine.dmn import written as w

LIBRARY = Path(__file__).parents[3] / "processes"
TAG = re.compile(rb"<(/?)(\w+)([^<>]*?)(/?)>")
WORDS = (
    "12",
    '"x"',
    "1..",
    "((",
    "not(",
    "for",
    "amount",
    "]1..2[",
    "\x00",
    "＞5",
    "{a:",
    "@",
    "if a then",
    "1e99999999",
    "-",
)
ELEMENTS = {
    "decision", "decisionTable", "input", "output", "rule", "inputEntry", "outputEntry", "inputExpression", "text",
    "inputData", "literalExpression", "businessKnowledgeModel", "encapsulatedLogic", "invocation", "binding", "context",
    "contextEntry", "variable", "relation", "column", "row", "list", "conditional", "if", "then", "else", "filter",
    "in",
    "match", "for", "return", "some", "every", "satisfies", "informationRequirement", "knowledgeRequirement",
    "requiredInput", "requiredDecision", "requiredKnowledge", "decisionService", "outputDecision", "itemDefinition",
    "typeRef", "allowedValues", "formalParameter", "functionDefinition",
}  # fmt: skip


@dataclass(frozen=True)
class Damaged:
    """A file with one break. `must`: whether nothing else than an error may be said about it."""

    kind: str
    xml: bytes
    must: bool


def sound() -> list[bytes]:
    """Shipped tables, and one small model of every boxed expression and element."""
    return [*(path.read_bytes() for path in sorted(LIBRARY.glob("*/*.dmn"))), _everything()]


def damage(chance: random.Random, xml: bytes) -> Damaged:
    """One break of a random kind."""
    kind, break_, must = chance.choice(_KINDS)
    for _ in range(20):
        made = break_(chance, xml)
        if made is not None and made != xml:
            return Damaged(kind, made, must)
        kind, break_, must = chance.choice(_KINDS)
    return Damaged("cut", xml[: len(xml) // 2], True)


def judge(damaged: Damaged) -> list[Finding]:
    """Read, analyse and decide it all; raises whatever a file may not cause. Gives what was said."""
    reading = dmn.read(damaged.xml, "damaged.dmn")
    found = list(reading.findings)
    assert all(str(finding) for finding in found)
    if damaged.must:
        assert errors_of(found), f"{damaged.kind}: nothing was said about\n{damaged.xml.decode('utf-8', 'replace')}"
    if reading.model is not None:
        found += dmn.analyse(reading.model)
        for element in (*reading.model.decisions, *reading.model.services):
            dmn.inputs(reading.model, element.id)
            try:
                decided = dmn.decide(reading.model, element.id, {"amount": 700, "n": 3, "items": [1, 2, 3], "x": "a"})
            except dmn.DecisionFailed:
                continue
            dmn.explain(reading.model, decided)
    return found


def many(count: int, seed: int) -> Iterator[Damaged]:
    """`count` damaged files, the same for the same seed."""
    chance = random.Random(seed)
    models = sound()
    for _ in range(count):
        yield damage(chance, chance.choice(models))


# ---------------------------------------------------------------- kinds of damage


def _cut(chance: random.Random, xml: bytes) -> bytes:
    return xml[: chance.randrange(1, len(xml) - 20)]


def _byte(chance: random.Random, xml: bytes) -> bytes:
    place = chance.randrange(len(xml))
    return xml[:place] + bytes([chance.randrange(256)]) + xml[place + 1 :]


def _namespace(chance: random.Random, xml: bytes) -> bytes:
    return xml.replace(b"omg.org/spec/DMN", chance.choice((b"omg.org/spec/BPMN", b"omg.org/spec/DMN/9")), 1)


def _doctype(chance: random.Random, xml: bytes) -> bytes:
    del chance
    head, _, rest = xml.rpartition(b"<definitions")
    return head + b'<!DOCTYPE x [<!ENTITY a "b">]><definitions' + rest


def _reference(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb'href="#?[^"]*"', b'href="#nowhere"')


def _type(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb'typeRef="[^"]*"', b'typeRef="tNowhere"')


def _policy(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb'hitPolicy="[^"]*"', b'hitPolicy="BEST"')


def _language(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb"<inputExpression", b'<inputExpression expressionLanguage="javascript"')


def _element(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb"</decision>", b"</decision><decisionMaker2/>")


def _cell(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb"<inputEntry[^>]*><text>[^<]*</text></inputEntry>", b"")


def _syntax(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb"<text>[^<]+</text>", b"<text>1 + + (</text>")


def _text(chance: random.Random, xml: bytes) -> bytes | None:
    word = chance.choice(WORDS).encode()
    return _replaced(chance, xml, rb"<text>[^<]*</text>", b"<text>" + word + b"</text>")


def _rename(chance: random.Random, xml: bytes) -> bytes | None:
    return _replaced(chance, xml, rb' (id|name|typeRef|isCollection|hitPolicy|aggregation)="', b' other="')


def _swap(chance: random.Random, xml: bytes) -> bytes | None:
    one, other = (chance.choice(sorted(ELEMENTS)).encode() for _ in range(2))
    return xml.replace(b"<" + one, b"<" + other).replace(b"</" + one, b"</" + other)


def _remove(chance: random.Random, xml: bytes) -> bytes | None:
    name = chance.choice(sorted(ELEMENTS)).encode()
    return _replaced(chance, xml, rb"<" + name + rb"\b[^<>]*?(/>|>.*?</" + name + rb">)", b"")


def _double(chance: random.Random, xml: bytes) -> bytes | None:
    name = chance.choice(sorted(ELEMENTS)).encode()
    found = list(re.finditer(rb"<" + name + rb"\b[^<>]*?(/>|>.*?</" + name + rb">)", xml, re.DOTALL))
    if not found:
        return None
    hit = chance.choice(found)
    return xml[: hit.end()] + hit[0] + xml[hit.end() :]


def _deep(chance: random.Random, xml: bytes) -> bytes | None:
    depth = chance.choice((50, 200, 3000))
    return _replaced(chance, xml, rb"<text>[^<]*</text>", b"<text>" + b"(" * depth + b"1" + b")" * depth + b"</text>")


def _nested(chance: random.Random, xml: bytes) -> bytes | None:
    depth = chance.choice((50, 150, 400))
    inner = b"<list>" * depth + b"</list>" * depth
    return _replaced(
        chance, xml, rb"</decision>", b"</decision><decision id='deep' name='deep'>" + inner + b"</decision>"
    )


def _circle(chance: random.Random, xml: bytes) -> bytes | None:
    found = re.findall(rb'<decision id="([^"]+)"', xml)
    if not found:
        return None
    mine = chance.choice(found)
    requirement = b'<informationRequirement><requiredDecision href="#' + mine + b'"/></informationRequirement>'
    return re.sub(rb'(<decision id="' + mine + rb'"[^>]*>)', lambda hit: hit[1] + requirement, xml, count=1)


def _replaced(chance: random.Random, xml: bytes, pattern: bytes, by: bytes) -> bytes | None:
    found = list(re.finditer(pattern, xml, re.DOTALL))
    if not found:
        return None
    hit = chance.choice(found)
    return xml[: hit.start()] + by + xml[hit.end() :]


_KINDS: tuple[tuple[str, Callable[[random.Random, bytes], bytes | None], bool], ...] = (
    ("cut", _cut, True), ("namespace", _namespace, True), ("doctype", _doctype, True), ("reference", _reference, True),
    ("type", _type, True), ("policy", _policy, True), ("language", _language, True), ("element", _element, True),
    ("cell", _cell, True), ("syntax", _syntax, True), ("circle", _circle, True),
    ("byte", _byte, False), ("text", _text, False), ("rename", _rename, False), ("swap", _swap, False),
    ("remove", _remove, False), ("double", _double, False), ("deep", _deep, False), ("nested", _nested, False),
)  # fmt: skip


def _everything() -> bytes:
    items = "for i in items return i * n"
    boxed = [
        w.boxed("conditional", [("if", "n > 1"), ("then", '"a"'), ("else", '"b"')]),
        w.boxed("filter", [("in", "items"), ("match", "item > 1")]),
        w.boxed("for", [("in", "1..n"), ("return", "i")], 'iteratorVariable="i"'),
        w.boxed("some", [("in", "items"), ("satisfies", "i > 1")], 'iteratorVariable="i"'),
        w.boxed("every", [("in", "items"), ("satisfies", "i > 1")], 'iteratorVariable="i"'),
        f"<list>{w.literal('n')}{w.literal(items)}</list>",
        f'<relation><column name="a"/><column name="b"/><row>{w.literal("1")}{w.literal("n")}</row></relation>',
        f'<context><contextEntry><variable name="c"/>{w.literal("n")}</contextEntry><contextEntry>{w.literal("c + 1")}'
        "</contextEntry></context>",
        f'<invocation>{w.literal("twice")}<binding><parameter name="v"/>{w.literal("n")}</binding></invocation>',
        w.table(
            "PRIORITY", [("n", "number", "[0..9]"), ("x", "word", "")], [("o", "string", '"hi", "lo"', None)],
            [["< 5", '"a", "b"', '"lo"'], ["[3..9]", "-", '"hi"'], ["not(1, 2)", "null", '"lo"']],
        ),
    ]  # fmt: skip
    needs = w.needs("in_n", "in_items", "in_x", "f:twice")
    decisions = "".join(w.decision(f"d{number}", logic, needs=needs) for number, logic in enumerate(boxed))
    return w.xml(
        w.item("word", "string", allowed='"a", "b", "c"')
        + w.data("n", "number")
        + w.data("items")
        + w.data("x", "word")
        + w.knowledge("twice", [("v", "number")], w.literal("v * 2"), "number")
        + decisions
        + '<decisionService id="s" name="s"><outputDecision href="#d0"/><inputData href="#in_n"/></decisionService>'
    )
