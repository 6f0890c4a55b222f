"""Drawings damaged at random, and what must hold for every one of them.

A mutant is named by a number: the same seeds and number give the same bytes, so a failure can be looked at again.
"""

import json
import random
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from engine import bpmn, lint
from engine.bpmn.machine import core
from engine.errors import CannotCompile
from engine.findings import Finding, Level

ROOT = Path(__file__).parents[3]
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CODES = ("E1", "X1", "rejected", "")
ACTS = 25
"""Acts of people, jobs and clocks that one instance of a mutant sees."""

TAGS = (
    *("task", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "manualTask", "businessRuleTask"),
    *("subProcess", "transaction", "adHocSubProcess", "callActivity", "globalTask", "process", "collaboration"),
    *("exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway"),
    *("startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent"),
    *("timerEventDefinition", "messageEventDefinition", "signalEventDefinition", "errorEventDefinition"),
    *("escalationEventDefinition", "conditionalEventDefinition", "linkEventDefinition", "compensateEventDefinition"),
    *("cancelEventDefinition", "terminateEventDefinition", "sequenceFlow", "association", "message", "signal", "error"),
    *("complexBehaviorDefinition", "activationCondition", "escalation", "inputDataItem", "loopDataInputRef", "source"),
    *("timeDate", "timeCycle", "timeDuration", "condition", "conditionExpression", "standardLoopCharacteristics"),
    *("multiInstanceLoopCharacteristics", "loopCardinality", "completionCondition", "ioSpecification", "dataObject"),
    *("dataInputAssociation", "dataOutputAssociation", "property", "laneSet", "extensionElements", "documentation"),
)  # fmt: skip
ATTRIBUTES = (
    *("id", "name", "sourceRef", "targetRef", "attachedToRef", "cancelActivity", "default", "isExecutable"),
    *("messageRef", "signalRef", "errorRef", "escalationRef", "activityRef", "isInterrupting", "triggeredByEvent"),
    *("parallelMultiple", "instantiate", "eventGatewayType", "isForCompensation", "startQuantity"),
    *("completionQuantity", "isSequential", "behavior", "testBefore", "loopMaximum", "ordering", "scriptFormat"),
    *("calledElement", "cancelRemainingInstances", "waitForCompletion", "isCollection", "processRef", "operationRef"),
)  # fmt: skip
TEXTS = (
    *("", " ", "=", "= ", "= 1/0", "= null", "= undefined_name.x", "true", "= true", "= false", "= {", "${a > b}"),
    *("= " + "(" * 400 + "1" + ")" * 400, "= " + "not(" * 120 + "true" + ")" * 120, "= 10 ** 999999", "= 1e999999999"),
    *('= "' + "x" * 20_000 + '"', "= for i in 1..100000000 return i", "= [1,2,3][999999999999]", "= -" * 300 + "1"),
    *("PT0S", "P1D", "-P1D", "P99999999999999999999D", "PT1E9S", "R/PT0S", "R0/PT1S", "R999999999999/PT1S"),
    *("2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "R3/2026-01-01T00:00:00Z/PT1S", "* * * * * *", "0 0 31 2 * ?"),
    *("0", "1", "2", "-1", "99999999999999999999", "1.5", "NaN", "{}", "{name}", "{0}", "%s"),
    *("\u202e\u4e2d\u6587", "]]>"),
    *("&", "<x>", "none", "None", "both", "All", "Exclusive", "tns:nobody", "a:b:c", "x" * 300),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant. `outcome`: refused, or how its instances stood at last; `seconds`: CPU time of what
    took longest: to read, to lint, to compile, or one act of an instance."""

    outcome: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Drawings to begin with; `playable`: those that can be deployed, which a small damage often leaves so."""

    drawings: list[bytes]
    playable: list[bytes]


def seeds(*further: Path) -> Seeds:
    """Every drawing of this tree, and of `further` folders, without doubles."""
    folders = [ROOT / "processes", ROOT / "tests", ROOT / "webui", *further]
    found = {}
    for folder in folders:
        for path in sorted([*folder.rglob("*.bpmn"), *folder.rglob("*.bpmn20.xml")]):
            if "node_modules" not in path.parts:
                found.setdefault(path.read_bytes(), None)
    return Seeds(list(found), [data for data in found if _is_playable(data)])


def _is_playable(data: bytes) -> bool:
    reading = bpmn.read(data)
    if reading.definition is None or any(finding.level is Level.ERROR for finding in reading.findings):
        return False
    try:
        for process in reading.definition.executable:
            bpmn.compile(reading.definition, process.id)
    except CannotCompile:
        return False
    return True


def mutant(sources: Seeds, number: int) -> bytes:
    """Mutant `number`: one of `sources`, damaged one to four times; every second one only where a designer could."""
    chance = random.Random(number)
    times = chance.choice((1, 1, 2, 3, 4))
    if chance.random() < 0.5:
        data = chance.choice(sources.playable)
        for _ in range(times):
            data = _mutate_tree(chance, data, DRAWN)
        return data
    data = chance.choice(sources.drawings)
    for _ in range(times):
        data = _mutate_tree(chance, data, TREES) if chance.random() < 0.75 else chance.choice(BYTES)(chance, data)
    if chance.random() < 0.03:
        data = chance.choice(SIZES)(chance, data)
    return data


class Watch:
    """Calls functions and keeps the longest time that one of them took."""

    def __init__(self) -> None:
        self.longest = 0.0

    def __call__(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        began = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            self.longest = max(self.longest, time.process_time() - began)


def trial(data: bytes, number: int) -> Verdict:
    """Read, compile, lint and play `data`; `problem` says which promise was broken, or nothing."""
    watch = Watch()
    try:
        outcome = _trial(data, random.Random(number), watch)
    except AssertionError as broken:
        return Verdict("broken", watch.longest, f"{broken} at {_place(broken)}")
    except Exception as crash:
        return Verdict("crashed", watch.longest, f"{type(crash).__name__} at {_place(crash)}: {crash}"[:300])
    return Verdict(outcome, watch.longest)


def _place(error: BaseException) -> str:
    """File and line where it was raised."""
    part = error.__traceback__
    assert part is not None
    while part.tb_next is not None:
        part = part.tb_next
    return f"{Path(part.tb_frame.f_code.co_filename).name}:{part.tb_lineno}"


# ---------------------------------------------------------------- the promises


def _trial(data: bytes, chance: random.Random, watch: Watch) -> str:
    reading = watch(bpmn.read, data, "mutant.bpmn")
    _say_where(reading.findings)
    if reading.definition is None:
        assert reading.findings, "no drawing and no word why"
        return "unreadable"
    _say_where(watch(lint.check, {"mutant.bpmn": data}, {}))
    programs = {}
    for process in reading.definition.executable:
        try:
            programs[process.id] = watch(bpmn.compile, reading.definition, process.id)
        except CannotCompile as refused:
            _say_where(refused.findings)
    if not programs:
        return "refused"
    return "/".join(sorted({play(program, programs, chance, watch) for program in programs.values()}))


def _say_where(findings: list[Finding]) -> None:
    """Every finding can be shown, and names an element or a line."""
    for finding in findings:
        assert str(finding)
        assert finding.element_id or finding.line, f"neither element nor line: {finding}"


def play(program: bpmn.Program, programs: dict[str, bpmn.Program], chance: random.Random, watch: Watch) -> str:
    """One instance with random completions: how it ended, or for what it waits."""
    now = MONDAY
    env = bpmn.Env(programs=lambda key: (key, programs[key]))
    known = {**programs, program.process_id: program}
    start = None
    if not program.starts:
        return "never starts"  # or is a global task, which is called
    if not program.root.starts:
        start = chance.choice(program.starts).node
    step = watch(bpmn.begin, program, program.process_id, {}, now=now, env=env, start=start, trigger=_values(chance))
    for _ in range(ACTS):
        assert bpmn.check(step.state) == []
        if step.state.status != "active":
            return step.state.status
        waits = bpmn.waits(step.state)
        assert waits or step.state.tokens, "alive, but waits for nothing"
        if not waits:
            return "waits"
        text = json.dumps(bpmn.dump(step.state))
        state = bpmn.load(json.loads(text), known.__getitem__)
        assert json.dumps(bpmn.dump(state)) == text, "the stored form is not the state"
        token, _, kind = chance.choice(waits)
        now += timedelta(seconds=chance.randrange(100_000))
        step = watch(_act, state, token, kind, chance, now, env)
    outcome = "incident" if step.state.incidents else "waits"
    if step.state.status == "active":
        assert watch(bpmn.cancel, step.state, "enough", now=now, env=env).ended == "cancelled"
    assert bpmn.check(step.state) == []
    return outcome if step.state.status == "cancelled" else step.state.status


def _act(
    state: bpmn.State, token: int, kind: str, chance: random.Random, now: datetime, env: bpmn.Env
) -> bpmn.steps.Step:
    incident = state.tokens[token].incident
    if incident:
        return bpmn.resume(state, incident, _values(chance), now=now, env=env)
    match kind:
        case "work" | "job":
            luck = chance.random()
            if luck < 0.1:
                return bpmn.fail(state, token, "failed", {"why": "chance"}, now=now, env=env)
            if luck < 0.2:
                return bpmn.throw_error(state, token, chance.choice(CODES), now=now, env=env)
            if luck < 0.25:
                return bpmn.escalate(state, token, chance.choice(CODES), now=now, env=env)
            return bpmn.complete(state, token, _values(chance), now=now, env=env)
        case "timer":
            return bpmn.elapse(state, token, now=max(now, _due(state, token, now)), env=env)
        case "message" | "signal":
            return bpmn.deliver(state, token, _values(chance), now=now, env=env)
    return bpmn.set_variables(state, 0, _values(chance), now=now, env=env)


def _due(state: bpmn.State, token: int, now: datetime) -> datetime:
    due = state.tokens[token].due
    return datetime.fromisoformat(due) if due is not None else now


def _values(chance: random.Random) -> dict[str, Any]:
    names = ("amount", "approved", "n", "x", "order", "test", "result", "integerVariable")
    values: tuple[Any, ...] = (True, False, 0, 7, 10**6, "ab", None, [1, 2], {"a": 1})
    return {name: chance.choice(values) for name in names if chance.random() < 0.6}


# ---------------------------------------------------------------- damage: trees


def _mutate_tree(chance: random.Random, data: bytes, damages: tuple[Any, ...]) -> bytes:
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, huge_tree=True))
    except (etree.XMLSyntaxError, ValueError):
        return chance.choice(BYTES)(chance, data)
    elements = [element for element in root.iter("*") if isinstance(element.tag, str)]
    inside = [element for element in elements if str(element.tag).startswith((f"{{{BPMN}}}", f"{{{ZEEBE}}}"))]
    chance.choice(damages)(chance, inside or elements)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return text


def _retag(chance: random.Random, elements: list[Any]) -> None:
    space = chance.choice((BPMN, BPMN, BPMN, BPMN, ZEEBE, "urn:else", "urn:troika:bpmn:1.0"))
    chance.choice(elements).tag = f"{{{space}}}{chance.choice(TAGS)}"


def _insert(chance: random.Random, elements: list[Any]) -> None:
    parent = chance.choice(elements)
    child = etree.SubElement(parent, f"{{{BPMN}}}{chance.choice(TAGS)}")
    if chance.random() < 0.7:
        child.set("id", f"new_{chance.randrange(50)}")
    for _ in range(chance.randrange(3)):
        child.set(chance.choice(ATTRIBUTES), _attribute_value(chance, elements))
    if chance.random() < 0.4:
        child.text = _xml_text(chance.choice(TEXTS))


def _drop(chance: random.Random, elements: list[Any]) -> None:
    element = chance.choice(elements)
    if element.getparent() is not None:
        element.getparent().remove(element)


def _move(chance: random.Random, elements: list[Any]) -> None:
    element, target = chance.choice(elements), chance.choice(elements)
    if element.getparent() is not None and element not in {target, *target.iterancestors()}:
        target.insert(chance.randrange(len(target) + 1), element)


def _repeat(chance: random.Random, elements: list[Any]) -> None:
    element = chance.choice(elements)
    if element.getparent() is None:
        return
    for copy in range(chance.choice((1, 1, 3, 40))):
        twin = etree.fromstring(etree.tostring(element))
        if chance.random() < 0.8:
            for part in twin.iter("*"):
                if part.get("id"):
                    part.set("id", f"{part.get('id')}_{copy}")
        element.addnext(twin)


def _shuffle(chance: random.Random, elements: list[Any]) -> None:
    parent = chance.choice([element for element in elements if len(element) > 1] or elements)
    children = list(parent)
    chance.shuffle(children)
    parent[:] = children


def _nest(chance: random.Random, elements: list[Any]) -> None:
    """Wrap an element in many of the same kind."""
    element = chance.choice(elements)
    parent = element.getparent()
    if parent is None:
        return
    tag = chance.choice(("subProcess", "subProcess", "laneSet", "transaction", "documentation", "extensionElements"))
    place = parent.index(element)
    outer = inner = etree.Element(f"{{{BPMN}}}{tag}", id="nest_0")
    for depth in range(1, chance.choice((2, 5, 30, 90, 150))):
        inner = etree.SubElement(inner, f"{{{BPMN}}}{tag}", id=f"nest_{depth}")
    inner.append(element)
    parent.insert(place, outer)


def _set(chance: random.Random, elements: list[Any]) -> None:
    element = chance.choice(elements)
    names = [*element.attrib] * 3 + [*ATTRIBUTES]
    element.set(chance.choice(names), _attribute_value(chance, elements))


def _unset(chance: random.Random, elements: list[Any]) -> None:
    element = chance.choice([element for element in elements if element.attrib] or elements)
    if element.attrib:
        del element.attrib[chance.choice(list(element.attrib))]


def _redirect(chance: random.Random, elements: list[Any]) -> None:
    """A reference names another element."""
    names = [name for name in ATTRIBUTES if name.endswith("Ref") or name == "default"]
    bearers = [(element, name) for element in elements for name in names if element.get(name)]
    if bearers:
        element, name = chance.choice(bearers)
        element.set(name, _id(chance, elements))


def _retext(chance: random.Random, elements: list[Any]) -> None:
    chance.choice([element for element in elements if not len(element)] or elements).text = _xml_text(
        chance.choice(TEXTS)
    )


def _rewire(chance: random.Random, elements: list[Any]) -> None:
    """A sequence flow begins or ends elsewhere in its scope."""
    drawn = [element for element in elements if element.tag == f"{{{BPMN}}}sequenceFlow"]
    if drawn:
        flow = chance.choice(drawn)
        beside = [element.get("id") for element in flow.getparent() if element.get("id") and element.tag != flow.tag]
        if beside:
            flow.set(chance.choice(("sourceRef", "targetRef")), chance.choice(beside))


def _add_flow(chance: random.Random, elements: list[Any]) -> None:
    drawn = [element for element in elements if element.tag == f"{{{BPMN}}}sequenceFlow"]
    if drawn:
        one, other = chance.choice(drawn), chance.choice(drawn)
        twin = etree.Element(one.tag, id=f"flow_{chance.randrange(10**6)}")
        twin.set("sourceRef", one.get("sourceRef", ""))
        twin.set("targetRef", other.get("targetRef", ""))
        if chance.random() < 0.5:
            etree.SubElement(twin, f"{{{BPMN}}}conditionExpression").text = chance.choice(
                ("= true", "= false", "= n > 1")
            )
        one.addnext(twin)


def _drop_drawn(chance: random.Random, elements: list[Any]) -> None:
    """A node or flow is gone, with the flows that it had."""
    drawn = [element for element in elements if element.get("id") and element.getparent() is not None]
    if drawn:
        element = chance.choice(drawn)
        for other in list(element.getparent()):
            if element.get("id") in (other.get("sourceRef"), other.get("targetRef"), other.get("attachedToRef")):
                element.getparent().remove(other)
        if element.getparent() is not None:
            element.getparent().remove(element)


def _other_kind(chance: random.Random, elements: list[Any]) -> None:
    """A gateway, task, event or trigger becomes another of its kind."""
    for ending in chance.sample(("Gateway", "Task", "Event", "EventDefinition", "ask", "Process"), 6):
        drawn = [element for element in elements if str(element.tag).endswith(ending)]
        if drawn:
            kinds = [tag for tag in TAGS if tag.endswith(ending)]
            chance.choice(drawn).tag = f"{{{BPMN}}}{chance.choice(kinds)}"
            return


def _flag(chance: random.Random, elements: list[Any]) -> None:
    names = ("cancelActivity", "isInterrupting", "isSequential", "testBefore", "waitForCompletion", "parallelMultiple")
    bearers = [(element, name) for element in elements for name in names if element.get(name)]
    if bearers:
        element, name = chance.choice(bearers)
        element.set(name, "false" if element.get(name) == "true" else "true")


def _reformulate(chance: random.Random, elements: list[Any]) -> None:
    """Another expression in the place of one."""
    spoken = [element for element in elements if (element.text or "").strip().startswith("=")]
    if spoken:
        chance.choice(spoken).text = chance.choice(TEXTS[3:14])


def _attribute_value(chance: random.Random, elements: list[Any]) -> str:
    luck = chance.random()
    if luck < 0.45:
        return _id(chance, elements)
    if luck < 0.6:
        return chance.choice(("true", "false", "1", "0", "TRUE", ""))
    return _xml_text(chance.choice(TEXTS))


def _id(chance: random.Random, elements: list[Any]) -> str:
    return chance.choice([element.get("id") for element in elements if element.get("id")] or ["nobody"])


def _xml_text(text: str) -> str:
    return "".join(char for char in text if char >= " ")


TREES = (
    _retag, _insert, _insert, _drop, _move, _move, _repeat, _shuffle, _nest, _set, _set, _set, _unset, _redirect,
    _redirect, _retext, _retext,
)  # fmt: skip
DRAWN = (
    _rewire,
    _rewire,
    _rewire,
    _add_flow,
    _drop_drawn,
    _drop_drawn,
    _other_kind,
    _other_kind,
    _flag,
    _reformulate,
    _redirect,
    _shuffle,
)


# ---------------------------------------------------------------- damage: bytes


def _flip(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 20))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: random.Random, data: bytes) -> bytes:
    start, stop = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    return data[:start] + data[stop:]


def _truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _splice(chance: random.Random, data: bytes) -> bytes:
    place = chance.randrange(len(data) + 1)
    noise = chance.choice(
        (
            b"\x00", b"\xff\xfe", b"<", b"&", b"&unknown;", b"&#0;", b"&#x1F600;", b"]]>", b"<![CDATA[", b"<!--",
            b"-->", b"<?xml version='1.0'?>", b"<?target data?>", b'"', b"xmlns:a=''", "\u4e2d\u6587".encode(),
            b"{name}{", b"%s",
        )
    )  # fmt: skip
    return data[:place] + noise + data[place:]


def _recode(chance: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    luck = chance.randrange(5)
    if luck == 0:
        return text.replace("UTF-8", "UTF-16", 1).encode("utf-16")
    if luck == 1:
        return b"\xef\xbb\xbf" + data
    if luck == 2:
        return text.replace("UTF-8", chance.choice(("GBK", "x-nothing", "UTF-7", "ascii")), 1).encode("gbk", "replace")
    if luck == 3:
        return text.encode("utf-32")
    return data.replace(b"\n", b"\r")


def _declare(chance: random.Random, data: bytes) -> bytes:
    """A document type with entities that grow, point elsewhere or into themselves."""
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(9))
    kind = chance.choice(
        (
            "<!DOCTYPE definitions>", f"<!DOCTYPE definitions [{bomb}]>", '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE d SYSTEM "http://localhost:1/nothing.dtd">', '<!DOCTYPE d [<!ENTITY e "&e;">]>',
            '<!DOCTYPE d [<!ATTLIST process isExecutable CDATA "true">]>',
        )
    ).encode()  # fmt: skip
    head, mark, rest = data.partition(b"?>")
    declared = head + mark + kind + rest if mark else kind + data
    reference = chance.choice((b"", b"&e8;", b"&e;"))
    return declared.replace(b"</", reference + b"</", 1) if chance.random() < 0.5 else declared


def _swap_words(chance: random.Random, data: bytes) -> bytes:
    """Two ids or words change places everywhere."""
    words = [word for word in data.replace(b'"', b" ").split() if 2 < len(word) < 40 and word.isalnum()]
    if len(words) < 2:
        return data
    one, other = chance.sample(words, 2)
    return data.replace(one, b"\x01").replace(other, one).replace(b"\x01", other)


BYTES = (_flip, _flip, _cut, _truncate, _splice, _splice, _recode, _declare, _swap_words)


# ---------------------------------------------------------------- damage: sizes


def _before_end(data: bytes, closing: bytes, what: Iterator[str]) -> bytes:
    place = data.rfind(b"</" + closing)
    return data if place < 0 else data[:place] + "".join(what).encode() + data[place:]


def _closing(data: bytes) -> bytes:
    """How the first process of a file is closed: `process` or `bpmn:process`."""
    for word in (b"bpmn:process", b"bpmn2:process", b"semantic:process", b"process"):
        if b"</" + word in data:
            return word
    return b"definitions"


def _many_nodes(chance: random.Random, data: bytes) -> bytes:
    count = chance.choice((300, 3_000, 60_000))
    return _before_end(data, _closing(data), (f'<task xmlns="{BPMN}" id="many_{n}"/>' for n in range(count)))


def _long_chain(chance: random.Random, data: bytes) -> bytes:
    count = chance.choice((500, 2_000))
    nodes = (f'<task xmlns="{BPMN}" id="chain_{n}"/>' for n in range(count))
    flows = (
        f'<sequenceFlow xmlns="{BPMN}" id="link_{n}" sourceRef="chain_{n}" targetRef="chain_{n + 1}"/>'
        for n in range(count - 1)
    )
    return _before_end(data, _closing(data), iter([*nodes, *flows]))


def _many_joins(chance: random.Random, data: bytes) -> bytes:
    """A net of inclusive gateways, each leading to many: reachability has work to do."""
    count = chance.choice((20, 120))
    nodes = (f'<inclusiveGateway xmlns="{BPMN}" id="join_{n}" default="net_{n}_{n}"/>' for n in range(count))
    flows = (
        f'<sequenceFlow xmlns="{BPMN}" id="net_{n}_{m}" sourceRef="join_{n}" targetRef="join_{m * 7 % count}">'
        + ("" if n == m else f'<conditionExpression>= x = {m}</conditionExpression>')
        + "</sequenceFlow>"
        for n in range(count)
        for m in range(n, n + min(count, 20))
    )  # fmt: skip
    return _before_end(data, _closing(data), iter([*nodes, *flows]))


def _long_texts(chance: random.Random, data: bytes) -> bytes:
    size = chance.choice((10_000, 1_000_000))
    text = "".join(chance.choices(string.ascii_letters, k=100)) * (size // 100)
    return data.replace(b'name="', f'name="{text}'.encode(), 1)


def _long_condition(chance: random.Random, data: bytes) -> bytes:
    count = chance.choice((200, 5_000))
    text = chance.choice((" and ".join(["x = 1"] * count), "+".join(["1"] * count), "if x then 1 else " * count + "2"))
    head, mark, rest = data.partition(b"onditionExpression>")
    return head + mark + b"= " + text.encode() + rest if mark else data


def _padded(chance: random.Random, data: bytes) -> bytes:
    return data + b" " * chance.choice((100_000, 5_000_001))


SIZES = (_many_nodes, _long_chain, _many_joins, _long_texts, _long_condition, _padded)


def small_budget() -> int:
    """How many node executions a step of a mutant may take; the machine's own limit is for real processes."""
    return min(core.STEP_BUDGET, 3_000)
