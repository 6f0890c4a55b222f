"""The difference of two drawings: every word of the file counts, both directions say the same, layout is apart."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from engine.bpmn.comparing import Changes, Property, compare_drawings
from engine.bpmn.imports.writing import BPMNDI
from engine.bpmn.parser.xml import BPMN, Unreadable, local_name, namespace
from tests.examples import examples

LIBRARY = Path(__file__).parents[3] / "processes"
LEAVE = (LIBRARY / "oa" / "leave_request.bpmn").read_bytes()
CLAIM = (LIBRARY / "oa" / "expense_claim.bpmn").read_bytes()


def told(before, after):
    """(added, removed, {element: [(path, before, after)]}, moved)"""
    found = compare_drawings(before, after)
    said = {
        key: [(".".join(one.path), one.before, one.after) for one in changed.properties]
        for key, changed in found.changed.items()
    }
    return list(found.added), list(found.removed), said, list(found.moved)


def mirrored(found):
    changed = {
        key: (one.after, one.before, tuple(Property(p.path, p.after, p.before) for p in one.properties))
        for key, one in found.changed.items()
    }
    return found.removed, found.added, changed, set(found.moved)


def plain(found):
    changed = {key: (one.before, one.after, one.properties) for key, one in found.changed.items()}
    return found.added, found.removed, changed, set(found.moved)


@st.composite
def edited(draw):
    """The leave request after some edits that nobody planned."""
    root = etree.fromstring(LEAVE)
    for _ in range(draw(st.integers(0, 6))):
        nodes = [one for one in root.iter("*") if one is not root]
        node = nodes[draw(st.integers(0, len(nodes) - 1))]
        match draw(st.sampled_from(("word", "text", "gone", "turned", "new"))):
            case "word" if node.attrib:
                name = draw(st.sampled_from(sorted(node.attrib)))
                node.set(name, draw(st.sampled_from(("x", "y", "1", "true"))))
            case "text":
                node.text = draw(st.sampled_from(("", "= a", "b")))
            case "gone":
                node.getparent().remove(node)
            case "turned":
                node[:] = list(reversed(node))
            case _:
                etree.SubElement(node, f"{{{BPMN}}}documentation").text = "new"
    return etree.tostring(root)


@given(edited(), edited())
@examples(15)
def test_a_drawing_does_not_differ_from_itself_and_both_directions_say_the_same(one, other):
    assert not compare_drawings(one, one)
    assert plain(compare_drawings(other, one)) == mirrored(compare_drawings(one, other))


def test_what_was_edited_is_told_by_element_and_property():
    text = LEAVE.decode()
    after = text.replace('name="经理审批"', 'name="直属领导审批"', 1).replace(
        '<troika:label lang="en">Manager approves<', '<troika:label lang="en">Line manager approves<', 1
    )

    assert told(LEAVE, after.encode()) == (
        [], [],
        {"manager": [
            ("name", "经理审批", "直属领导审批"),
            ("troika:label[en]", "Manager approves", "Line manager approves"),
        ]},
        [],
    )  # fmt: skip


def test_no_attribute_and_no_text_of_a_file_can_change_unseen():
    root = etree.fromstring(CLAIM)
    wanted = Counter()
    for element in root.iter("*"):
        space, kind = namespace(element), local_name(element)
        if element is root or kind in ("incoming", "outgoing", "label") or "/DD/" in space or space == BPMNDI:
            continue
        for name, value in list(element.attrib.items()):
            if name not in ("id", "target") and not name.endswith("}type"):
                element.set(name, f"{value} anew")
                wanted[f"{value} anew"] += 1
        if (element.text or "").strip():
            element.text = f"{element.text.strip()} anew"
            wanted[element.text] += 1

    found = compare_drawings(CLAIM, etree.tostring(root)).changed.values()

    assert wanted.total() > 100
    assert wanted - Counter(one.after for changed in found for one in changed.properties) == Counter()


def test_an_element_that_is_only_dragged_is_moved_and_nothing_else():
    root = etree.fromstring(LEAVE)
    shape = next(one for one in root.iter(f"{{{BPMNDI}}}BPMNShape") if one.get("bpmnElement") == "manager")
    shape[0].set("x", "777")

    assert told(LEAVE, etree.tostring(root)) == ([], [], {}, ["manager"])


def test_the_order_in_which_a_gateway_tries_its_flows_counts_and_another_flow_does_not_disturb_it():
    root = etree.fromstring(CLAIM)
    gateway = next(
        one for one in root.iter(f"{{{BPMN}}}exclusiveGateway") if len(one.findall(f"{{{BPMN}}}outgoing")) > 1
    )
    first, second = gateway.findall(f"{{{BPMN}}}outgoing")[:2]
    first.text, second.text = second.text, first.text
    _, _, changed, _ = told(CLAIM, etree.tostring(root))
    assert [path for path, *_ in changed[gateway.get("id")]] == ["outgoing"]

    fresh = etree.fromstring(CLAIM)
    gateway = next(one for one in fresh.iter(f"{{{BPMN}}}exclusiveGateway") if one.get("id") == gateway.get("id"))
    etree.SubElement(gateway, f"{{{BPMN}}}outgoing").text = "another"
    assert not compare_drawings(CLAIM, etree.tostring(fresh))


def test_an_element_of_another_kind_keeps_its_id_and_is_changed():
    root = etree.fromstring(LEAVE)
    node = next(one for one in root.iter("*") if one.get("id") == "manager")
    node.tag = f"{{{BPMN}}}serviceTask"

    _, _, changed, _ = told(LEAVE, etree.tostring(root))

    assert changed["manager"] == [("kind", "userTask", "serviceTask")]


def test_two_drawings_without_a_common_element_are_all_new_and_all_gone():
    found = compare_drawings(LEAVE, CLAIM)

    assert isinstance(found, Changes)
    assert "leave_request" in found.removed
    assert "expense_claim" in found.added


def test_what_is_no_drawing_is_refused():
    with pytest.raises(Unreadable):
        compare_drawings(LEAVE, b"<html/>")
