"""The shipped drawings, decisions and forms: they deploy without a finding, are readable and say both languages."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree

from engine import bpmn, dmn, forms, operations, policy
from engine.modules.oa import demo_people
from engine.policy import statement
from engine.process_engine import ProcessEngine
from engine.repository import check
from engine.scenarios import worlds
from engine.unit_of_work import ENGINE

LIBRARY = Path(__file__).parents[2]
DRAWINGS = sorted((LIBRARY / "processes").rglob("*.bpmn"))
DECISIONS = sorted((LIBRARY / "processes").rglob("*.dmn"))
FORMS = sorted((LIBRARY / "forms").rglob("*.json"))
NS = {
    "b": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "di": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "t": "urn:troika:bpmn:1.0",
}
CHINESE, LATIN = re.compile("[\u4e00-\u9fff]"), re.compile("^[A-Z][^\u4e00-\u9fff]+$")
NAMED = re.compile(r"(Task|Event|Gateway|subProcess|callActivity)$")


def named(path: Path) -> str:
    return path.stem


def test_the_library_deploys_without_an_error() -> None:
    engine = ProcessEngine.in_memory()
    with engine.unit_of_work(ENGINE) as uow:
        policy.ship(uow, (LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8"))
        findings = check(uow, dict(worlds.files_of(LIBRARY)))

    assert [str(finding) for finding in findings if finding.level == "error"] == []


@pytest.mark.parametrize("path", DRAWINGS, ids=named)
def test_a_drawing_is_named_after_its_file_and_has_scenarios_and_a_readme_line(path: Path) -> None:
    reading = bpmn.read(path.read_bytes(), path.name)
    assert reading.definition is not None
    process = reading.definition.processes[0]

    assert process.id == path.stem
    assert process.labels["en"]
    assert (path.parent / f"{path.stem}.scenarios.yml").is_file()
    assert f"`{path.stem}`" in (path.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DRAWINGS, ids=named)
def test_every_name_of_a_drawing_stands_in_both_languages(path: Path) -> None:
    tree = etree.parse(path)
    without = [
        element.get("id")
        for element in tree.xpath("//b:process//*[@name]", namespaces=NS)
        if not element.xpath("b:extensionElements/t:label[@lang='en']", namespaces=NS)
    ]

    assert without == []


def bounds(path: Path) -> dict[str, tuple[str, tuple[float, ...]]]:
    tree = etree.parse(path)
    kinds = {
        element.get("id"): etree.QName(element).localname
        for element in tree.xpath("//b:process//*[@id]", namespaces=NS)
    }
    found: dict[str, tuple[str, tuple[float, ...]]] = {}
    for shape in tree.xpath("//di:BPMNShape", namespaces=NS):
        node = shape.get("bpmnElement")
        for kind, box in (("node", shape.find("dc:Bounds", NS)), ("label", shape.find("di:BPMNLabel/dc:Bounds", NS))):
            if box is not None and kinds[node] != "subProcess":
                found[f"{kind} {node}"] = (
                    kinds[node],
                    tuple(float(box.get(side)) for side in ("x", "y", "width", "height")),
                )
    for edge in tree.xpath("//di:BPMNEdge", namespaces=NS):
        box = edge.find("di:BPMNLabel/dc:Bounds", NS)
        if box is not None:
            found[f"label {edge.get('bpmnElement')}"] = (
                "flow",
                tuple(float(box.get(side)) for side in ("x", "y", "width", "height")),
            )
    return found


@pytest.mark.parametrize("path", DRAWINGS, ids=named)
def test_a_drawing_places_every_element_and_nothing_overlaps(path: Path) -> None:
    tree = etree.parse(path)
    drawn = {shape.get("bpmnElement") for shape in tree.xpath("//di:BPMNShape | //di:BPMNEdge", namespaces=NS)}
    elements = {
        element.get("id")
        for element in tree.xpath("//b:process//*[@id]", namespaces=NS)
        if NAMED.search(etree.QName(element).localname) or etree.QName(element).localname == "sequenceFlow"
    }
    assert elements - drawn == set()

    boxes = sorted(bounds(path).items())
    overlapping = [
        (one, other)
        for index, (one, (kind, a)) in enumerate(boxes)
        for other, (other_kind, b) in boxes[index + 1 :]
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
        and not (one.startswith("node") and other.startswith("node") and "boundaryEvent" in (kind, other_kind))
    ]  # fmt: skip
    assert overlapping == []


@pytest.mark.parametrize("path", DRAWINGS, ids=named)
def test_exclusive_gateways_have_a_default(path: Path) -> None:
    reading = bpmn.read(path.read_bytes(), path.name)
    assert reading.definition is not None

    without = [
        node.id
        for node in reading.definition.processes[0].all_nodes()
        if node.type == "exclusiveGateway"
        and len(node.outgoing) > 1
        and not any(flow.is_default for flow in node.outgoing)
    ]

    assert without == []


@pytest.mark.parametrize("path", DRAWINGS, ids=named)
def test_no_amount_stands_in_a_gateway(path: Path) -> None:
    """Thresholds live in decision tables."""
    reading = bpmn.read(path.read_bytes(), path.name)
    assert reading.definition is not None

    literal = [
        flow.condition
        for scope in reading.definition.processes[0].all_scopes()
        for flow in scope.flows
        if flow.condition and re.search(r"[<>]=?\s*\d", flow.condition)
    ]

    assert literal == []


@pytest.mark.parametrize("path", DECISIONS, ids=named)
def test_a_decision_is_named_after_its_file(path: Path) -> None:
    reading = dmn.read(path.read_bytes(), path.name)

    assert [str(finding) for finding in reading.findings] == []
    assert reading.model is not None
    assert path.stem in [decision.id for decision in reading.model.decisions]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_form_is_named_after_its_place_and_speaks_both_languages(path: Path) -> None:
    reading = forms.read(path.read_bytes(), path.name)

    assert [str(finding) for finding in reading.findings] == []
    assert reading.form is not None
    assert reading.form.id == f"{path.parent.name}/{path.stem}"


def test_everything_in_the_library_is_called_something_in_both_languages() -> None:
    names = {}
    for path in chain(*(LIBRARY.glob(f"{part}processes/**/*.bpmn") for part in ("", "templates/"))):
        for process in etree.parse(path).xpath("//b:process", namespaces=NS):
            names[path] = process.get("name"), process.findtext("b:extensionElements/t:label[@lang='en']", "", NS)
    for path in chain(*(LIBRARY.glob(f"{part}processes/**/*.dmn") for part in ("", "templates/"))):
        for decision in dmn.read(path.read_bytes(), path.name).model.decisions:  # type: ignore[union-attr]
            names[path / decision.id] = decision.name, decision.labels.get("en")
    for path in chain(*(LIBRARY.glob(f"{part}forms/**/*.json") for part in ("", "templates/"))):
        title = json.loads(path.read_bytes()).get("properties", {})
        names[path] = title.get("troika:title"), title.get("troika:title.en")
    for one in yaml.safe_load((LIBRARY / "processes" / "policies.yml").read_bytes()):
        names[Path(one["id"])] = one["title"].get("zh"), one["title"].get("en")

    assert len(names) > 50
    assert [
        str(path) for path, (zh, en) in names.items() if not (CHINESE.search(zh or "") and LATIN.search(en or ""))
    ] == []
    in_forms = [pair for path, pair in names.items() if path.suffix == ".json" and "templates" not in path.parts]
    assert len({zh for zh, _ in in_forms}) == len({en for _, en in in_forms}) == len(FORMS), "told apart in a list"


def test_the_shipped_forms_say_which_of_their_numbers_are_money_and_which_of_it_is_decided_on() -> None:
    read = [forms.read(path.read_bytes(), path.name).form for path in FORMS]
    money = {f"{form.id} {one.path}": one.limited for form in read if form for one in form.fields if one.currency}

    assert money == {
        **{f"oa/{form} amount": True for form in ("direct_payment", "expense_claim", "expense_correction",
                                                  "payee_missing", "travel_declaration", "travel_payment")},
        "order_to_cash/check_receipt received_amount": True, "order_to_cash/check_receipt open_amount": False,
        "order_to_cash/credit_review gross": True, "order_to_cash/credit_review exposure": False,
        "order_to_cash/credit_review credit_limit": False, "order_to_cash/dunning open_amount": True,
        "procure_to_pay/payee_missing invoice_total": True, "procure_to_pay/payment_approval invoice_total": True,
        "procure_to_pay/requisition_review total": True,
    }  # fmt: skip


def test_every_form_and_decision_is_used() -> None:
    used: set[str] = set()
    for path in DRAWINGS:
        definition = bpmn.read(path.read_bytes(), path.name).definition
        assert definition is not None
        program: Any = bpmn.compile(definition)
        used |= set(program.forms()) | {reference.id for reference in program.decisions()}

    assert {f"{path.parent.name}/{path.stem}" for path in FORMS} - used == set()
    assert {path.stem for path in DECISIONS} - used == set()


def test_groups_that_start_and_work_are_known_to_the_demo() -> None:
    """A group that nobody is in makes a process that nobody can start, or a task that nobody sees."""
    known = {group.key for group in demo_people.demo_data().groups if group.members}
    named_groups: dict[str, set[str]] = {}
    for path in DRAWINGS:
        tree = etree.parse(path)
        texts = tree.xpath("//t:starters/@groups | //t:assignment/@groups", namespaces=NS)
        found = {key for text in texts for key in re.split(r"[ ,]+", text) if key}
        for text in tree.xpath("//@candidateGroups"):
            found |= set(re.findall(r'"(\w+)"', text))
        named_groups[path.stem] = found

    assert {stem: groups - known for stem, groups in named_groups.items() if groups - known} == {}
    assert any(named_groups.values())


@pytest.mark.parametrize("path", ["oa/expense_claim.bpmn", "procure_to_pay/payee_account_change.bpmn"])
def test_what_is_guarded_is_refused_at_deploy_without_its_approval(path: str) -> None:
    """The proposal of policies proves on the shipped drawings, and fails when the approval is taken off one."""
    operations.load()
    policies = statement.read((LIBRARY / "processes" / "policies.yml").read_text(encoding="utf-8"))
    source = (LIBRARY / "processes" / path).read_bytes()
    proven = bpmn.read(source, path).definition
    broken = bpmn.read(re.sub(rb"<troika:policy [^>]*/>", b"", source), path).definition
    assert proven is not None
    assert broken is not None

    assert policy.prove(proven, operations.catalog(), policies=policies) == []
    assert policy.prove(broken, operations.catalog(), policies=policies) != []
