"""The simple view: which drawings become cards, and that edits of cards are edits of the file."""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from lxml import etree

from engine import bpmn
from engine.bpmn.imports.layout.drawn import Drawn, bounds, waypoints
from engine.bpmn.outline import editing, outline
from engine.bpmn.outline import settings as words
from engine.bpmn.outline.editing import NotEditable, Sheet
from engine.bpmn.parser import read
from engine.findings import errors_of
from tests.engine.bpmn.block_trees import to_bpmn, tree_of, trees
from tests.examples import examples

LIBRARY = Path(__file__).parents[3] / "processes"
LEAVE = (LIBRARY / "oa" / "leave_request.bpmn").read_bytes()
EXPENSE = (LIBRARY / "oa" / "expense_claim.bpmn").read_bytes()
PATIENT = examples(15, suppress_health_check=list(HealthCheck))
ALPHABET = "abcdefghij"
SHIPPED_AS_CARDS = (
    "direct_payment", "expense_claim", "leave_request", "payee_account_change", "contract_approval",
    "onboarding", "seal_request", "after_sales_return", "service_ticket",
)  # fmt: skip
SHIPPED_AS_FLOWCHARTS = {"travel_declaration", "order_to_cash", "procure_to_pay"}


def cards(xml):
    return outline(read(xml).definition)


def edited(xml, act, *arguments, letters="xyzxyz"):
    """The file after one edit."""
    sheet = Sheet(xml, letters)
    act(sheet, *arguments)
    return sheet.written()


def ids(xml):
    return {element.get("id") for element in etree.fromstring(xml).iter("*") if element.get("id")}


def flows_to_grow(drawn):
    """Every arrow that carries a "+"."""
    own = [path.flow for path in drawn.paths() if path.leads != "below"]
    return own + [card.after for card in drawn.cards() if card.after and card.kind != "request"]


def kinds(drawn):
    return [card.kind for card in drawn.path.cards]


# ---------------------------------------------------------------- which drawings are cards


def test_the_shipped_leave_request_is_a_list_of_cards():
    drawn = cards(LEAVE)

    assert kinds(drawn) == ["start", "service", "check", "decision", "approval", "condition", "service", "end"]
    manager = drawn.card("manager")
    assert (manager.gateway, manager.rejected.leads, manager.after) == (
        "manager_agrees", "end", "manager_agrees_to_second",
    )  # fmt: skip
    assert [side.event for side in manager.sides] == ["manager_late"]
    assert [(card.id, card.gateway, card.rejected.leads) for card in drawn.requests] == [("correct", "resubmit", "end")]


def test_a_rejected_expense_claim_goes_back_to_the_requester_and_an_error_back_to_its_card():
    drawn = cards(EXPENSE)

    assert drawn.card("manager").rejected.leads == "back"
    assert [card.id for card in drawn.card("finance").rejected.cards] == ["cancel_request", "cancel_claim"]
    assert [(side.event, side.path.leads) for side in drawn.card("request").sides] == [("no_account", "host")]


@pytest.mark.parametrize(
    ("file", "element", "reason"),
    [
        ("order_to_cash/order_to_cash", "wait_supply", "'{name}' is a gateway that the cards do not know."),
        ("oa/travel_declaration", "submit", "The gateway '{name}' joins and splits at once."),
        ("procure_to_pay/procure_to_pay", "shortage", "Expected one start event, found {count}."),
    ],
)
def test_what_is_in_the_way_is_named(file, element, reason):
    drawn = cards((LIBRARY / f"{file}.bpmn").read_bytes())

    assert drawn.path is None
    assert (drawn.obstacles[0].element_id, drawn.obstacles[0].message) == (element, reason)


@PATIENT
@given(trees())
def test_every_block_structured_process_becomes_the_tree_that_it_was_drawn_from(tree):
    assert tree_of(cards(to_bpmn(tree))) == tree


@PATIENT
@given(trees(), st.data())
def test_an_arrow_across_the_blocks_is_refused_and_named(tree, data):
    xml = to_bpmn(tree).decode()
    gates = [card.id for card in cards(xml.encode()).cards() if card.branches]
    if not gates:
        return
    gate = data.draw(st.sampled_from(gates))
    across = f'<bpmn:sequenceFlow id="across" sourceRef="{gate}" targetRef="task_1"/></bpmn:process>'

    drawn = cards(xml.replace("</bpmn:process>", across).encode())

    assert drawn.path is None
    assert [found.element_id for found in drawn.obstacles] == ["task_1"]


# ---------------------------------------------------------------- edits


def test_an_edit_that_changes_nothing_leaves_the_file_letter_by_letter():
    sheet = Sheet(LEAVE, "xyzxyz")
    editing.rename(sheet, "manager", "经理审批", "Manager approves")

    assert sheet.written() == LEAVE


def test_every_shipped_process_that_is_cards_is_the_same_bytes_after_an_edit_that_changes_nothing():
    files = sorted([*LIBRARY.glob("*/*.bpmn"), *LIBRARY.parent.glob("templates/processes/*/*.bpmn")])
    as_cards = {}
    for file in files:
        xml = file.read_bytes()
        drawn = cards(xml)
        if drawn.path is None:
            continue
        sheet = Sheet(xml, "xyzxyz")
        for node in sheet.process.all_nodes():
            editing.rename(sheet, node.id, node.name, node.labels.get("en", ""))
        as_cards[file.stem] = sheet.written() == xml

    assert as_cards == dict.fromkeys(SHIPPED_AS_CARDS, True)
    assert {file.stem for file in files} - as_cards.keys() == SHIPPED_AS_FLOWCHARTS


def test_a_new_card_changes_only_what_is_about_it():
    before, after = LEAVE.decode().splitlines(), edited(LEAVE, editing.add, "book_to_booked", "task").decode()

    gone = [
        line for line in before if line not in after.splitlines() and "Bounds" not in line and "waypoint" not in line
    ]
    assert [line.strip() for line in gone] == [
        '<bpmn:sequenceFlow id="book_to_booked" sourceRef="book" targetRef="booked"/>',
    ]
    assert kinds(cards(after.encode()))[-3:] == ["service", "task", "end"]


@PATIENT
@given(trees(2), st.data())
def test_a_card_that_is_added_and_removed_again_leaves_the_same_cards(tree, data):
    xml = to_bpmn(tree)
    before = cards(xml)
    flow = data.draw(st.sampled_from(flows_to_grow(before)))
    kind = data.draw(st.sampled_from(sorted(editing.KINDS)))

    grown = edited(xml, editing.add, flow, kind)
    (new,) = [card for card in cards(grown).cards() if card.id == f"{kind}_xyzxyz"]
    again = edited(grown, editing.remove, new.id, letters="ijkijk")

    assert new.kind == kind
    assert (cards(again).path, cards(again).requests) == (before.path, before.requests)


@PATIENT
@given(trees(2), st.data())
def test_a_card_that_is_moved_takes_everything_inside_with_it(tree, data):
    xml = to_bpmn(tree)
    before = cards(xml)
    movable = [card for card in before.cards() if editing.places(before, card) and card.kind != "check"]
    assume(movable)
    card = data.draw(st.sampled_from(movable))
    offered = editing.places(before, card)
    flow = data.draw(st.sampled_from(flows_to_grow(before)))
    if flow not in offered:
        with suppress(NotEditable):
            assert cards(edited(xml, editing.move, card.id, flow)).path == before.path
        return
    moved = edited(xml, editing.move, card.id, flow)

    after = cards(moved)
    assert sorted(found.id for found in after.cards()) == sorted(found.id for found in before.cards())
    assert after.card(card.id).branches == card.branches
    assert ids(xml) <= ids(moved)


@examples(10, suppress_health_check=list(HealthCheck))
@given(trees(2), st.data())
def test_whatever_is_done_to_cards_the_file_stays_a_drawing_that_can_be_compiled(tree, data):
    xml = to_bpmn(tree)
    xml = edited(xml, editing.add, flows_to_grow(cards(xml))[0], "task")  # the first card that is added draws the rest
    for _ in range(6):
        xml = _any_edit(xml, data)
        drawn = cards(xml)
        assert drawn.path is not None, drawn.obstacles
        for kept in (b"<!-- kept -->", b'<other:word meaning="unknown">', b"<other:inner/>", b"what it is for"):
            assert kept in xml
        _is_drawn(xml)

    complete = _set_everything(xml)
    reading = read(complete)
    assert [str(found) for found in errors_of(reading.findings)] == []
    assert bpmn.compile(reading.definition, "tree").process_id == "tree"


def _any_edit(xml, data):
    drawn = cards(xml)
    inner = [card for card in drawn.cards() if card.kind not in ("start", "end", "request")]
    blocks = [card for card in drawn.cards() if card.branches]
    approvals = [card.id for card in inner if card.kind == "approval"]
    sheet = Sheet(xml, data.draw(st.text(ALPHABET, min_size=6, max_size=6)))
    flows = flows_to_grow(drawn)
    act = data.draw(st.sampled_from(["add", "add", "remove", "move", "branch", "less", "order", "reject"]))
    try:
        if act == "add":
            added = ["approval", "task", "copy", "condition", "parallel", "timer"]
            editing.add(sheet, data.draw(st.sampled_from(flows)), data.draw(st.sampled_from(added)))
        elif act == "remove" and inner:
            editing.remove(sheet, data.draw(st.sampled_from(inner)).id)
        elif act == "move" and inner:
            editing.move(sheet, data.draw(st.sampled_from(inner)).id, data.draw(st.sampled_from(flows)))
        elif act == "branch" and blocks:
            editing.add_branch(sheet, data.draw(st.sampled_from(blocks)).id)
        elif act in ("less", "order") and blocks:
            card = data.draw(st.sampled_from(blocks))
            flow = data.draw(st.sampled_from(card.branches)).flow
            if act == "less":
                editing.remove_branch(sheet, card.id, flow)
            else:
                editing.move_branch(sheet, card.id, flow, data.draw(st.sampled_from([-1, 1])))
        elif act == "reject" and approvals:
            editing.when_rejected(
                sheet, data.draw(st.sampled_from(approvals)), data.draw(st.sampled_from(["end", "request"]))
            )
    except NotEditable:
        return xml
    return sheet.written()


def _set_everything(xml):
    """Say what every card and branch leaves open."""
    drawn = cards(xml)
    sheet = Sheet(xml, "zzzzzz")
    for card in drawn.cards():
        element = sheet.file.element(card.id)
        if card.kind in ("approval", "task"):
            words.assignment(element, {"assignee": "= process.initiator"}, {})
        elif card.kind == "timer":
            words.wait(element, "duration", "PT1H")
        elif card.kind == "copy":
            words.operation(element, "notification.notify", words.TELL)
        for path in card.branches if card.kind in ("condition", "check", "inclusive") else ():
            flow = sheet.file.element(path.flow)
            if element.get("default") != path.flow and flow.find("{*}conditionExpression") is None:
                words.condition(flow, "= 1 = 1")
    return sheet.written()


def _is_drawn(xml):
    """Every node has a place of its own, every line runs level or upright from border to border."""
    root = etree.fromstring(xml)
    drawn = Drawn(root)
    assert drawn.missing() == []
    hosts = [element.get("id") for element in root.iter("{*}boundaryEvent")]
    places = {key: bounds(shape) for key, shape in drawn.shapes.items() if key not in hosts}
    keys = sorted(places)
    for number, one in enumerate(keys):
        for other in keys[number + 1 :]:
            assert not _overlap(places[one], places[other]), (one, other)
    for flow in root.iter("{*}sequenceFlow"):
        points = waypoints(drawn.edges[flow.get("id")])
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points)), flow.get("id")
        for end, point in (("sourceRef", points[0]), ("targetRef", points[-1])):
            assert _touches(bounds(drawn.shapes[flow.get(end)]), point), (flow.get("id"), end)


def _overlap(one, other):
    return all(one[a] < other[a] + other[a + 2] and other[a] < one[a] + one[a + 2] for a in (0, 1))


def _touches(rect, point):
    x, y, width, height = rect
    inside = x - 2 <= point[0] <= x + width + 2 and y - 2 <= point[1] <= y + height + 2
    return inside and (min(abs(point[0] - x), abs(point[0] - x - width)) < 3
                       or min(abs(point[1] - y), abs(point[1] - y - height)) < 3)  # fmt: skip


# ---------------------------------------------------------------- single edits


def test_what_was_rejected_can_go_back_to_a_requester_who_had_no_step_yet():
    xml = edited(to_bpmn([("approval", "end")]), editing.when_rejected, "approval_2", "request")

    drawn = cards(xml)
    assert tree_of(drawn) == [("approval", "request")]
    assert [(card.id, card.after) for card in drawn.requests] == [("request_xyzxyz", "request_to_task_1_xyzxyz")]
    assert tree_of(cards(edited(xml, editing.when_rejected, "approval_2", "end", letters="q"))) == [("approval", "end")]


def test_the_first_card_is_where_a_corrected_request_begins_again():
    start = next(flow for flow in flows_to_grow(cards(EXPENSE)) if flow == "submitted_to_authority")
    drawn = cards(edited(EXPENSE, editing.add, start, "task"))

    flow = next(flow for flow in drawn.process.flows if flow.id == drawn.requests[0].after)
    assert flow.target == "task_xyzxyz"


def test_branches_are_tried_in_another_order_and_the_default_stays_last():
    drawn = cards(edited(LEAVE, editing.move_branch, "second", "second_to_hr", -1))

    assert [path.flow for path in drawn.card("second").branches] == [
        "second_to_hr", "second_to_director", "second_to_approved",
    ]  # fmt: skip
    with pytest.raises(NotEditable):
        edited(LEAVE, editing.move_branch, "second", "second_to_approved", -1)


def test_the_last_but_one_branch_takes_the_split_with_it():
    fewer = edited(LEAVE, editing.remove_branch, "second", "second_to_hr")
    none = edited(fewer, editing.remove_branch, "second", "second_to_approved")

    assert [path.flow for path in cards(fewer).card("second").branches] == ["second_to_director", "second_to_approved"]
    assert cards(none).card("second") is None
    assert "hr" not in ids(fewer)
    assert kinds(cards(none))[4:7] == ["approval", "approval", "service"]


def test_the_settings_of_an_approval_are_words_of_the_drawing_and_the_rest_stays():
    sheet = Sheet(EXPENSE, "xyzxyz")
    manager = sheet.file.element("manager")
    words.assignment(manager, {"candidateGroups": '= ["finance"]'}, {})
    words.approval(manager, {"mode": "all"})
    words.due(manager, "")
    words.fields(manager, {"cost_center": "", "amount": "hidden", "next": "hidden"})

    node = cards(sheet.written()).process.node("manager")
    assert (node.extensions.strategy, node.extensions.assignees.groups) == (None, '= ["finance"]')
    assert (node.extensions.approval.mode, node.extensions.approval.on_reject) == ("all", "flow")
    assert node.extensions.due is None
    assert [(found.id, found.permission) for found in node.extensions.fields] == [
        ("next", "hidden"),
        ("amount", "hidden"),
    ]
    assert (node.extensions.form, node.extensions.opinion, node.extensions.on_self) == (
        "oa/expense_claim", "onReject", "manager",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        (editing.remove, ("submitted",)), (editing.remove, ("correct",)), (editing.remove, ("nothing",)),
        (editing.add, ("nothing", "task")), (editing.add, ("check_to_bookable", "gateway")),
        (editing.add, ("resubmit_to_check", "task")), (editing.move, ("second", "second_to_hr")),
        (editing.move, ("submitted", "book_to_booked")), (editing.add_branch, ("manager",)),
        (editing.remove_branch, ("second", "check_to_bookable")),
        (editing.remove_branch, ("bookable", "bookable_to_rule")),
    ],
)  # fmt: skip
def test_what_cards_cannot_do_is_refused_with_the_reason(act, arguments):
    with pytest.raises(NotEditable) as refused:
        edited(LEAVE, act, *arguments)

    assert refused.value.facts["reason"]
    assert refused.value.status == 422


def test_a_drawing_that_is_only_read_is_not_edited():
    with pytest.raises(NotEditable):
        Sheet((LIBRARY / "order_to_cash" / "order_to_cash.bpmn").read_bytes(), "xyzxyz")


def test_a_card_stays_inside_its_sub_process_and_what_stands_outside_does_not_come_in():
    drawing = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:t">
      <process id="p" isExecutable="true"><startEvent id="s"/><task id="a"/>
      <subProcess id="sub"><startEvent id="si"/><task id="b"/><task id="c"/><endEvent id="ei"/>
        <sequenceFlow id="si_b" sourceRef="si" targetRef="b"/><sequenceFlow id="b_c" sourceRef="b" targetRef="c"/>
        <sequenceFlow id="c_ei" sourceRef="c" targetRef="ei"/></subProcess><endEvent id="e"/>
      <sequenceFlow id="s_a" sourceRef="s" targetRef="a"/><sequenceFlow id="a_sub" sourceRef="a" targetRef="sub"/>
      <sequenceFlow id="sub_e" sourceRef="sub" targetRef="e"/></process></definitions>"""
    drawn = cards(drawing)

    found = {card.id: editing.places(drawn, card) for card in drawn.cards()}

    assert found == {"s": [], "a": ["sub_e"], "sub": ["s_a"], "si": [], "b": ["c_ei"], "c": ["si_b"], "e": [], "ei": []}
    for card, flow in (("a", "b_c"), ("b", "s_a")):
        with pytest.raises(NotEditable):
            edited(drawing, editing.move, card, flow)


def test_running_requests_follow_an_edit_that_removes_none_of_their_steps():
    changed = edited(edited(LEAVE, editing.add, "rule_to_manager", "timer"), editing.move, "rule", "book_to_booked")
    sheet = Sheet(changed, "q")
    words.wait(sheet.file.element("timer_xyzxyz"), "duration", "PT1H")

    old, new = (bpmn.compile(read(xml).definition, "leave_request") for xml in (LEAVE, sheet.written()))

    pairs = bpmn.compare(old, new)
    assert (pairs.lost, pairs.added) == ((), ("timer_xyzxyz",))
    assert all(one == other for one, other in pairs.nodes.items())
