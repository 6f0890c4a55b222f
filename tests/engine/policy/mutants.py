"""Single faults in the shipped processes that pay, each with the verdict that it must get, and single changes that do
no harm. Where a fault stands is found by a look at the graph that knows nothing of the checker: an element that can be
reached without passing the approval."""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from lxml import etree

from engine import bpmn, forms, operations, policy
from engine.bpmn.model import Process
from engine.policy.checker import space_of
from engine.policy.search import Effort, search

LIBRARY = Path(__file__).parents[3]
SHIPPED = ("oa/direct_payment", "oa/expense_claim", "oa/travel_declaration", "procure_to_pay/procure_to_pay")
B = "http://www.omg.org/spec/BPMN/20100524/MODEL"
Z = "http://camunda.org/schema/zeebe/1.0"
T = "urn:troika:bpmn:1.0"
NAMES = {"b": B, "z": Z, "t": T}
PAYS = "erp.execute_payment"
ACTIVITIES = ("userTask", "serviceTask", "businessRuleTask", "subProcess", "callActivity")
VIOLATED, PROVED = ("violated",), ("proved",)
TRIGGERS = {
    "timer": "<b:timerEventDefinition><b:timeDuration>PT1H</b:timeDuration></b:timerEventDefinition>",
    "error": "<b:errorEventDefinition/>",
    "message": '<b:messageEventDefinition messageRef="mutant_message"/>',
    "escalation": "<b:escalationEventDefinition/>",
}


@dataclass(frozen=True)
class Mutant:
    """`source`: the drawing with one change."""

    process: str
    fault: str
    where: str
    source: bytes
    expected: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.process}: {self.fault} at {self.where}"

    def verdict(self, *, fuse: bool = True, whole: bool = False) -> str:
        """Violated | unknown | proved"""
        return verdict(self.source, fuse=fuse, whole=whole)


def verdict(source: bytes, *, fuse: bool = True, whole: bool = False) -> str:
    """What the proof says of a drawing, with the policies and forms of the library."""
    reading = bpmn.read(source, "mutant.bpmn")
    assert reading.definition is not None, [str(finding) for finding in reading.findings]
    policies, catalog = _policies(), _catalog()
    if fuse and not whole:
        findings = policy.prove(reading.definition, catalog, policies=policies, forms=_form)
        rules = {finding.rule for finding in findings}
        return "violated" if "policy-approval-missing" in rules else "unknown" if rules else "proved"
    (process,) = reading.definition.executable
    space = space_of(process, catalog, policies, lambda caller, node: None, _form, fuse=fuse, whole=whole)
    found = search(space, effort=Effort(200_000, 4_000_000))
    if found.violations:
        return "violated"
    return "unknown" if found.spent or space.system.unread else "proved"


def all_of_them(*paths: str) -> Iterator[Mutant]:
    """Every mutant of these processes, or of every shipped one."""
    for path in paths or SHIPPED:
        yield from _Faults(path).all_of_them()


# ---------------------------------------------------------------- the same drawing in other words


def renamed(source: bytes) -> bytes:
    """With other ids throughout."""
    root = etree.fromstring(source)
    ids = {str(element.get("id")) for element in root.iter() if isinstance(element.tag, str) and element.get("id")}
    names = {name: f"x{number}_{name}" for number, name in enumerate(sorted(ids))}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key in ("id", "sourceRef", "targetRef", "default", "attachedToRef", "bpmnElement") or key.endswith(
                "Ref"
            ):
                element.set(key, names.get(value, value))
        if isinstance(element.tag, str) and etree.QName(element).localname in ("incoming", "outgoing", "flowNodeRef"):
            element.text = names.get((element.text or "").strip(), element.text)
    text = etree.tostring(root).decode()
    for name, new in names.items():
        text = text.replace(f"approval.{name}.", f"approval.{new}.").replace(f"return:{name}&", f"return:{new}&")
    return text.encode()


def permuted(source: bytes, seed: int) -> bytes:
    """With flow elements in another order; those of a gateway's own flows stay in theirs."""
    root = etree.fromstring(source)
    chance = random.Random(seed)
    for scope in root.iter(f"{{{B}}}process", f"{{{B}}}subProcess"):
        nodes = [child for child in scope if _local(child) not in _HEADS and _local(child) != "sequenceFlow"]
        if not nodes:
            continue
        at = min(scope.index(node) for node in nodes)
        for node in nodes:
            scope.remove(node)
        chance.shuffle(nodes)
        for offset, node in enumerate(nodes):
            scope.insert(at + offset, node)
    return etree.tostring(root)


_HEADS = ("documentation", "extensionElements", "laneSet", "ioSpecification", "property", "dataObject",
          "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "incoming", "outgoing",
          "association")  # fmt: skip


# ---------------------------------------------------------------- faults


class _Faults:
    def __init__(self, path: str) -> None:
        self.path = path
        self.source = (LIBRARY / "processes" / f"{path}.bpmn").read_bytes()
        self.root = etree.fromstring(self.source)
        self.pay = self._of_type(PAYS)
        self.scope = self.pay.getparent()
        mark = next(iter(self.root.iter(f"{{{T}}}policy")))
        self.approval = mark.getparent().getparent()
        self.fin = str(self.approval.get("id"))
        self.before = self._without_passing(self.fin)

    def all_of_them(self) -> Iterator[Mutant]:
        yield from self._of_the_approval()
        yield from self._of_conditions()
        yield from self._of_boundaries()
        yield from self._of_flows()
        yield from self._of_the_payment()
        yield from self._of_event_sub_processes()
        yield from self._harmless()

    def _mutant(
        self, fault: str, where: str, change: Callable[[etree._Element], None], expected: tuple[str, ...] = VIOLATED
    ) -> Mutant:  # fmt: skip
        root = copy.deepcopy(self.root)
        change(root)
        return Mutant(self.path.rpartition("/")[2], fault, where, etree.tostring(root), expected)

    # ------------------------------------------------------------ what people do

    def _of_the_approval(self) -> Iterator[Mutant]:
        extras = {
            "passes when nobody is there": '<t:onEmpty do="autoPass"/>',
            "passes for whoever asked himself": '<t:onSelf do="skip"/>',
            "is skipped": '<t:skipWhen value="= true"/>',
            "passes when it is late": '<t:timeout><t:step after="P1D" do="agree"/></t:timeout>',
        }
        for fault, xml in extras.items():
            yield self._mutant(fault, self.fin, lambda root, xml=xml: self._extended(root, xml))
        yield self._mutant("has no capability", self.fin, lambda root: _drop(_one(root, ".//t:policy")))
        yield self._mutant(
            "has another capability", self.fin, lambda root: _one(root, ".//t:policy").set("provides", "stock_approval")
        )
        for other in ("= claim_id", "= other_request", '= "PR-1"'):
            yield self._mutant(
                f"is about {other}", self.fin, lambda root, other=other: _one(root, ".//t:policy").set("subject", other)
            )
        yield self._mutant("is only told, and nothing is paid", self.fin, self._told, PROVED)

    def _of_conditions(self) -> Iterator[Mutant]:
        asks = [
            flow for flow in self.root.iter(f"{{{B}}}sequenceFlow")
            if f"approval.{self.fin}.outcome" in "".join(flow.itertext())
        ]  # fmt: skip
        for flow in asks:
            key = str(flow.get("id"))
            outcome = f"approval.{self.fin}.outcome"
            for text in ("= true", f'= {outcome} = "reject"', f'= {outcome} != "no"', f'= {outcome} = "agree" or x',
                         "= amount < 100", "= x"):  # fmt: skip
                yield self._mutant(f"asks {text}", key, lambda root, key=key, text=text: _ask(root, key, text))

            def swap(root: etree._Element, key: str = key) -> None:
                flow = _by_id(root, key)
                gateway = _by_id(root, str(flow.get("sourceRef")))
                default = _by_id(root, str(gateway.get("default")))
                yes, no = flow.get("targetRef"), default.get("targetRef")
                flow.set("targetRef", no)
                default.set("targetRef", yes)

            yield self._mutant("its answers are swapped", key, swap)

    # ------------------------------------------------------------ ways round it

    def _of_boundaries(self) -> Iterator[Mutant]:
        for activity in self._activities():
            where = str(activity.get("id"))
            if where not in self.before:
                continue
            for kind, trigger in TRIGGERS.items():
                for stops in ("true", "false"):
                    if kind == "error" and stops == "false":
                        continue
                    yield self._mutant(
                        f"{kind} that {'stops' if stops == 'true' else 'does not stop'} it leads to the payment", where,
                        partial(self._boundary, where=where, trigger=trigger, stops=stops),
                    )  # fmt: skip

    def _of_flows(self) -> Iterator[Mutant]:
        for node in self.scope:
            where = str(node.get("id"))
            if where in self.before and _local(node) in (*ACTIVITIES, "parallelGateway", "intermediateCatchEvent"):
                yield self._mutant(
                    "leads to the payment as well", where,
                    lambda root, where=where: self._flow(root, where, str(self.pay.get("id"))),
                )  # fmt: skip
        for flow in self._flows_between():
            key = str(flow.get("id"))
            yield self._mutant(
                "another document is written", key, lambda root, key=key: self._insert(root, key, self._script())
            )
            yield self._mutant(
                "what has come may name another document", key,
                lambda root, key=key: self._insert(root, key, _CATCH),
            )  # fmt: skip

    def _of_the_payment(self) -> Iterator[Mutant]:
        markers = {
            "runs for each": '<b:multiInstanceLoopCharacteristics isSequential="true"><b:loopCardinality>= n'
                             "</b:loopCardinality></b:multiInstanceLoopCharacteristics>",
            "runs for all at once": '<b:multiInstanceLoopCharacteristics isSequential="false"><b:loopCardinality>= n'
                                    "</b:loopCardinality></b:multiInstanceLoopCharacteristics>",
            "runs again": "<b:standardLoopCharacteristics><b:loopCondition>= more</b:loopCondition>"
                          "</b:standardLoopCharacteristics>",
        }  # fmt: skip
        pay = str(self.pay.get("id"))
        for fault, marker in markers.items():
            yield self._mutant(fault, pay, lambda root, marker=marker: _by_id(root, pay).append(_made(marker)))

        def twice(root: etree._Element) -> None:
            second = copy.deepcopy(_by_id(root, pay))
            second.set("id", "pay_again")
            self._insert(root, str(_outgoing(root, pay)[0].get("id")), etree.tostring(second).decode())

        yield self._mutant("pays twice", pay, twice)
        for other in ("= claim_id", "= other_request", '= "PR-1"'):
            yield self._mutant(
                f"pays {other}", pay,
                lambda root, other=other: _one(_by_id(root, pay), _DOCUMENT).set("source", other),
            )  # fmt: skip
        yield self._mutant("begins with the payment", pay, self._from_the_start)

    def _of_event_sub_processes(self) -> Iterator[Mutant]:
        for kind, trigger in TRIGGERS.items():
            for stops in ("true", "false"):
                if kind == "error" and stops == "false":
                    continue

                def add(root: etree._Element, trigger: str = trigger, stops: str = stops) -> None:
                    pay = copy.deepcopy(_by_id(root, str(self.pay.get("id"))))
                    pay.set("id", "pay_beside")
                    for child in list(pay):
                        if _local(child) in ("incoming", "outgoing"):
                            pay.remove(child)
                    scope = _by_id(root, str(self.scope.get("id")))
                    _message(root)
                    scope.insert(_place(scope), _made(
                        f'<b:subProcess id="beside" triggeredByEvent="true"><b:startEvent id="beside_start" '
                        f'isInterrupting="{stops}">{trigger}</b:startEvent>{etree.tostring(pay).decode()}'
                        '<b:sequenceFlow id="beside_flow" sourceRef="beside_start" targetRef="pay_beside"/>'
                        "</b:subProcess>"
                    ))  # fmt: skip

                yield self._mutant(
                    f"{kind} that {'stops' if stops == 'true' else 'does not stop'} all pays", "beside", add
                )

    # ------------------------------------------------------------ what does no harm

    def _harmless(self) -> Iterator[Mutant]:
        note = '<b:task id="mutant_note"/>'
        for flow in self.root.iter(f"{{{B}}}sequenceFlow"):
            key = str(flow.get("id"))
            yield self._mutant(
                "a task that writes nothing", key, lambda root, key=key: self._insert(root, key, note), PROVED
            )
        for activity in self._activities():
            where = str(activity.get("id"))
            yield self._mutant(
                "a timer beside it that only tells", where, lambda root, where=where: self._tells(root, where), PROVED
            )

    # ------------------------------------------------------------ changing a drawing

    def _of_type(self, kind: str) -> etree._Element:
        found = _one(self.root, f".//z:taskDefinition[@type='{kind}']").getparent()
        assert found is not None
        parent = found.getparent()
        assert parent is not None
        return parent

    def _activities(self) -> list[etree._Element]:
        return [node for node in self.scope if _local(node) in ACTIVITIES and node.get("triggeredByEvent") != "true"]

    def _without_passing(self, barred: str) -> set[str]:
        """Elements that a token can come to, or be active in, without leaving the approval."""
        flows = [(flow.get("sourceRef"), flow.get("targetRef")) for flow in self.root.iter(f"{{{B}}}sequenceFlow")]
        events = [(event.get("attachedToRef"), event.get("id")) for event in self.root.iter(f"{{{B}}}boundaryEvent")]
        inside = [
            (scope.get("id"), start.get("id"))
            for scope in self.root.iter(f"{{{B}}}subProcess") for start in scope if _local(start) == "startEvent"
        ]  # fmt: skip
        scopes = {scope.get("id") for scope in self.root.iter(f"{{{B}}}subProcess")}
        ends = {
            end.get("id"): end.getparent().get("id") for end in self.root.iter(f"{{{B}}}endEvent")
            if not any(_local(child).endswith("EventDefinition") for child in end)
        }  # fmt: skip
        seen = {
            str(node.get("id"))
            for node in self.root.iter(f"{{{B}}}startEvent")
            if node.getparent().tag.endswith("}process")
        }
        todo = list(seen)
        while todo:
            here = todo.pop()
            ahead = [b for a, b in [*events, *inside] if a == here]
            if here != barred and here not in scopes:
                ahead += [b for a, b in flows if a == here]
            if here in ends:  # the sub-process is left
                ahead += [b for a, b in flows if a == ends[here]]
            for target in ahead:
                if target is not None and target not in seen:
                    seen.add(str(target))
                    todo.append(str(target))
        return seen

    def _flows_between(self) -> list[etree._Element]:
        """What leads into the payment."""
        pay = self.pay.get("id")
        return [flow for flow in self.scope if _local(flow) == "sequenceFlow" and flow.get("targetRef") == pay]

    def _extended(self, root: etree._Element, xml: str) -> None:
        node = _by_id(root, self.fin)
        made = _made(xml)
        for old in node.iter(made.tag):
            _drop(old)
            break
        _one(node, "b:extensionElements").append(made)

    def _told(self, root: etree._Element) -> None:
        _one(_by_id(root, self.fin), ".//t:approval").set("mode", "inform")

    def _boundary(self, root: etree._Element, where: str, trigger: str, stops: str) -> None:
        scope = _by_id(root, str(self.scope.get("id")))
        _message(root)
        scope.insert(_place(scope), _made(_EVENT.format(where, stops, trigger)))
        self._flow(root, "mutant_event", str(self.pay.get("id")))

    def _tells(self, root: etree._Element, where: str) -> None:
        scope = _by_id(root, str(self.scope.get("id")))
        for xml in ('<b:task id="mutant_tell"/>', _EVENT.format(where, "false", TRIGGERS["timer"])):
            scope.insert(_place(scope), _made(xml))
        self._flow(root, "mutant_event", "mutant_tell")

    def _flow(self, root: etree._Element, source: str, target: str) -> None:
        scope = _by_id(root, str(self.scope.get("id")))
        flow = f'<b:sequenceFlow id="mutant_flow" sourceRef="{source}" targetRef="{target}"/>'
        scope.insert(_place(scope), _made(flow))

    def _insert(self, root: etree._Element, key: str, xml: str) -> None:
        """A node on a flow."""
        flow = _by_id(root, key)
        _message(root)
        node = _made(xml)
        target = str(flow.get("targetRef"))
        flow.set("targetRef", str(node.get("id")))
        for child in list(node):
            if _local(child) in ("incoming", "outgoing"):
                node.remove(child)
        scope = flow.getparent()
        assert scope is not None
        scope.insert(_place(scope), node)
        scope.insert(
            _place(scope),
            _made(f'<b:sequenceFlow id="mutant_flow" sourceRef="{node.get("id")}" targetRef="{target}"/>'),
        )

    def _script(self) -> str:
        variable = str(_one(self.root, ".//t:policy").get("subject")).removeprefix("=").strip()
        return (
            '<b:scriptTask id="mutant_script"><b:extensionElements>'
            f'<z:script expression="= other" resultVariable="{variable}"/></b:extensionElements></b:scriptTask>'
        )

    def _from_the_start(self, root: etree._Element) -> None:
        start = next(node for node in self.root.iter(f"{{{B}}}startEvent") if node.getparent().tag.endswith("}process"))
        if _by_id(root, str(start.get("id"))).getparent().get("id") == self.scope.get("id"):
            self._flow(root, str(start.get("id")), str(self.pay.get("id")))
        else:
            raise AssertionError("the payment stands in another scope than the start")


_CATCH = f'<b:intermediateCatchEvent id="mutant_catch">{TRIGGERS["message"]}</b:intermediateCatchEvent>'
_EVENT = '<b:boundaryEvent id="mutant_event" attachedToRef="{}" cancelActivity="{}">{}</b:boundaryEvent>'
_DOCUMENT = ".//z:input[@target='request_id']"


def _made(xml: str) -> etree._Element:
    spaces = " ".join(f'xmlns:{key}="{value}"' for key, value in NAMES.items())
    return etree.fromstring(f"<root {spaces}>{xml}</root>")[0]


def _one(element: etree._Element, path: str) -> etree._Element:
    found = element.find(path, NAMES)
    assert found is not None, path
    return found


def _by_id(root: etree._Element, key: str) -> etree._Element:
    found = next((one for one in root.iter() if isinstance(one.tag, str) and one.get("id") == key), None)
    assert found is not None, key
    return found


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _place(scope: etree._Element) -> int:
    """Before the first flow element's end: behind the last one."""
    kinds = ("textAnnotation", "association", "group")
    return next((number for number, child in enumerate(scope) if _local(child) in kinds), len(scope))


def _message(root: etree._Element) -> None:
    root.insert(0, _made('<b:message id="mutant_message" name="mutant"/>'))


def _ask(root: etree._Element, key: str, text: str) -> None:
    _one(_by_id(root, key), "b:conditionExpression").text = text


def _outgoing(root: etree._Element, key: str) -> list[etree._Element]:
    return [flow for flow in root.iter(f"{{{B}}}sequenceFlow") if flow.get("sourceRef") == key]


@cache
def _policies() -> list[policy.Policy]:
    return policy.read((LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8"))


@cache
def _catalog() -> dict[str, operations.Operation]:
    operations.load()
    return operations.catalog()


def _form(process: Process, key: str) -> forms.Form | None:
    return _form_of(key)


@cache
def _form_of(key: str) -> forms.Form | None:
    path = LIBRARY / "forms" / f"{key}.json"
    return forms.read(path.read_bytes(), key).form if path.is_file() else None
