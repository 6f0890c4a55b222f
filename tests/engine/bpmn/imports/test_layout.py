# ruff: noqa: E501 - drawings read better in one line
"""A drawing for files without one: everything has a place, nothing lies upon anything else, lines end at borders."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from engine.bpmn import imports
from engine.bpmn.imports.layout.arrange import LARGEST, Box, Line, arrange
from tests.engine.bpmn.imports.reading import BPMNDI, HEAD, file
from tests.examples import examples

BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
Place = tuple[float, float, float, float]


def drawn(data: bytes) -> tuple[dict[str, Place], dict[str, list[tuple[float, float]]]]:
    """Places of shapes and points of edges by element."""
    root = etree.fromstring(imports.translate(data).xml)
    shapes = {}
    for shape in root.iter(f"{{{BPMNDI}}}BPMNShape"):
        place = shape.find(BOUNDS)
        shapes[shape.get("bpmnElement")] = tuple(float(place.get(name)) for name in ("x", "y", "width", "height"))
    edges = {
        edge.get("bpmnElement"): [(float(point.get("x")), float(point.get("y"))) for point in edge.iter(WAYPOINT)]
        for edge in root.iter(f"{{{BPMNDI}}}BPMNEdge")
    }
    return shapes, edges


def flows(*pairs: str) -> str:
    parts = [pair.split() for pair in pairs]
    return "".join(f'<sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in parts)


def inside(inner: Place, outer: Place) -> bool:
    (x, y, w, h), (ox, oy, ow, oh) = inner, outer
    return ox <= x and oy <= y and x + w <= ox + ow and y + h <= oy + oh


def apart(one: Place, other: Place) -> bool:
    (x, y, w, h), (ox, oy, ow, oh) = one, other
    return x + w <= ox or ox + ow <= x or y + h <= oy or oy + oh <= y


def touches(point: tuple[float, float], place: Place) -> bool:
    (px, py), (x, y, w, h) = point, place
    within = x - 1 <= px <= x + w + 1 and y - 1 <= py <= y + h + 1
    return within and (min(abs(px - x), abs(px - x - w)) <= 1 or min(abs(py - y), abs(py - y - h)) <= 1)


def crosses(points: list[tuple[float, float]], place: Place) -> bool:
    """Whether a line runs through the inside of a box."""
    x, y, w, h = place
    for (ax, ay), (bx, by) in pairwise(points):
        low_x, high_x, low_y, high_y = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        if low_x < x + w - 2 and high_x > x + 2 and low_y < y + h - 2 and high_y > y + 2:
            return True
    return False


LOOP = (
    '<startEvent id="s" name="已提交"/><userTask id="a" name="审批"/><exclusiveGateway id="g" name="同意？"/><task id="fix"/>'
    '<task id="pay"/><endEvent id="e" name="已付款"/>' + flows("s a", "a g", "g pay", "g fix", "fix a", "pay e")
)
BOUNDARY = (
    '<startEvent id="s"/><serviceTask id="a"/><boundaryEvent id="late" attachedToRef="a"><timerEventDefinition/></boundaryEvent>'
    '<boundaryEvent id="wrong" attachedToRef="a"><errorEventDefinition/></boundaryEvent><task id="b"/><task id="warn"/>'
    '<task id="mend"/><endEvent id="e"/>' + flows("s a", "a b", "b e", "late warn", "wrong mend", "mend a")
)
NESTED = (
    '<startEvent id="s"/><subProcess id="outer"><task id="i1"/><subProcess id="inner"><task id="i2"/><task id="i3"/>'
    + flows("i2 i3")
    + "</subProcess>"
    + flows("i1 inner")
    + '</subProcess><subProcess id="handler" triggeredByEvent="true"><startEvent id="h"/></subProcess><endEvent id="e"/>'
    + flows("s outer", "outer e")
)
WIDE = '<parallelGateway id="f"/><parallelGateway id="j"/>' + "".join(f'<task id="t{n}"/>' for n in range(7)) + flows(
    *(f"f t{n}" for n in range(7)), *(f"t{n} j" for n in range(7)), "f j"
)  # fmt: skip


@pytest.mark.parametrize("body", [LOOP, BOUNDARY, WIDE], ids=["loop", "boundary", "wide"])
def test_nothing_lies_upon_anything_and_lines_end_at_their_boxes(body):
    shapes, edges = drawn(file(body))
    boundaries = {"late", "wrong"}
    boxes = {key: place for key, place in shapes.items() if key not in boundaries}
    for (_, one), (_, other) in combinations(boxes.items(), 2):
        assert apart(one, other)
    for key, points in edges.items():
        source, target = key.rsplit("_", 1)
        assert touches(points[0], shapes[source])
        assert touches(points[-1], shapes[target])
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))
        for other, place in boxes.items():
            if other not in (source, target):
                assert not crosses(points, place), (key, other)


def test_the_main_path_runs_straight_to_the_right():
    shapes, edges = drawn(file(LOOP))
    assert len({y + h / 2 for _, y, _, h in (shapes[key] for key in ("s", "a", "g"))}) == 1
    assert len(edges["s_a"]) == len(edges["a_g"]) == 2
    assert [key for key in sorted(shapes, key=lambda key: shapes[key][0]) if key != "fix"] == [
        "s",
        "a",
        "g",
        "pay",
        "e",
    ]


def test_boundary_events_sit_on_the_border_of_their_host():
    shapes, edges = drawn(file(BOUNDARY))
    x, y, w, h = shapes["a"]
    for key in ("late", "wrong"):
        ex, ey, ew, eh = shapes[key]
        assert ey + eh / 2 == y + h
        assert x <= ex + ew / 2 <= x + w
    assert apart(shapes["late"], shapes["wrong"])
    assert edges["late_warn"][0][1] == shapes["late"][1] + shapes["late"][3]


def test_a_sub_process_holds_what_is_in_it():
    shapes, _ = drawn(file(NESTED))
    assert all(inside(shapes[key], shapes["outer"]) for key in ("i1", "inner", "i2", "i3"))
    assert all(inside(shapes[key], shapes["inner"]) for key in ("i2", "i3"))
    assert inside(shapes["h"], shapes["handler"])
    assert apart(shapes["outer"], shapes["handler"])


POOLS = (
    HEAD
    + '<collaboration id="c"><participant id="customer" name="客户"/><participant id="shop" processRef="p"/><participant id="bank" processRef="q"/>'
    '<messageFlow id="m1" sourceRef="customer" targetRef="a"/><messageFlow id="m2" sourceRef="b" targetRef="x"/></collaboration>'
    '<process id="p"><laneSet id="ls"><lane id="sales"><flowNodeRef>s</flowNodeRef><flowNodeRef>a</flowNodeRef></lane>'
    '<lane id="store"><childLaneSet id="cl"><lane id="pick"><flowNodeRef>b</flowNodeRef></lane><lane id="pack"><flowNodeRef>e</flowNodeRef></lane></childLaneSet></lane></laneSet>'
    '<startEvent id="s"/><task id="a"/><task id="b"/><endEvent id="e"/>'
    + flows("s a", "a b", "b e")
    + '<dataObject id="do"/><dataObjectReference id="order" dataObjectRef="do" name="订单"/><textAnnotation id="note"><text>看</text></textAnnotation>'
    '<association id="as" sourceRef="a" targetRef="note"/></process><process id="q"><task id="x"/></process></definitions>'
).encode()


def test_pools_stand_below_each_other_and_lanes_hold_their_nodes():
    shapes, edges = drawn(POOLS)
    assert shapes["customer"][1] < shapes["shop"][1] < shapes["bank"][1]
    for one, other in combinations(("customer", "shop", "bank"), 2):
        assert apart(shapes[one], shapes[other])
        assert shapes[one][2] == shapes[other][2]
    for node, lane in (("s", "sales"), ("a", "sales"), ("b", "pick"), ("e", "pack")):
        assert inside(shapes[node], shapes[lane])
    assert inside(shapes["pick"], shapes["store"])
    assert inside(shapes["pack"], shapes["store"])
    assert inside(shapes["sales"], shapes["shop"])
    assert inside(shapes["order"], shapes["shop"])
    assert touches(edges["m1"][0], shapes["customer"])
    assert touches(edges["m1"][-1], shapes["a"])
    assert touches(edges["m2"][-1], shapes["x"])
    assert set(edges) == {"s_a", "a_b", "b_e", "m1", "m2", "as"}


def test_several_processes_without_pools_get_them():
    data = (
        HEAD + '<process id="p"><task id="a"/></process><process id="q"><task id="b"/></process></definitions>'
    ).encode()
    shapes, _ = drawn(data)
    assert set(shapes) == {"pool_p", "a", "pool_q", "b"}


DI = (
    f'<bpmndi:BPMNDiagram xmlns:bpmndi="{BPMNDI}" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="d"><bpmndi:BPMNPlane id="pl" bpmnElement="p">'
    '<bpmndi:BPMNShape id="a_di" bpmnElement="a"><dc:Bounds x="7" y="9" width="100" height="80"/></bpmndi:BPMNShape>'
    '<bpmndi:BPMNShape id="sub_di" bpmnElement="sub" isExpanded="false"><dc:Bounds x="200" y="9" width="100" height="80"/></bpmndi:BPMNShape>'
    "{more}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>"
)


def with_drawing(body: str, more: str = "") -> bytes:
    return file(body).replace(b"</definitions>", DI.replace("{more}", more).encode())


def test_what_is_drawn_stays_and_forgotten_flows_and_insides_are_added():
    body = '<task id="a"/><subProcess id="sub"><task id="in"/></subProcess><sequenceFlow id="f" sourceRef="a" targetRef="sub"/>'
    shapes, edges = drawn(with_drawing(body))
    assert shapes["a"] == (7, 9, 100, 80)
    assert edges["f"] == [(107, 49), (200, 49)]
    root = etree.fromstring(imports.translate(with_drawing(body)).xml)
    planes = {plane.get("bpmnElement"): plane for plane in root.iter(f"{{{BPMNDI}}}BPMNPlane")}
    assert [shape.get("bpmnElement") for shape in planes["sub"].iter(f"{{{BPMNDI}}}BPMNShape")] == ["in"]


def test_a_drawing_that_lacks_a_node_or_holds_nonsense_is_made_anew():
    broken = '<bpmndi:BPMNShape id="b_di" bpmnElement="b"><dc:Bounds x="left" y="9" width="100" height="80"/></bpmndi:BPMNShape>'
    body = '<task id="a"/><task id="b"/><subProcess id="sub"/>'
    for more in ("", broken):
        shapes, _ = drawn(with_drawing(body, more))
        assert shapes["a"] != (7, 9, 100, 80)
        assert apart(shapes["a"], shapes["b"])


@examples(25)
@given(st.integers(1, 14), st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=24), st.integers(0, 3))
def test_any_net_of_boxes_finds_room(count, pairs, lanes):
    boxes = [Box(str(n), 100, 80, n % lanes if lanes else 0, corners=n % 3 == 0) for n in range(count)]
    lines = [Line(f"l{n}", str(a % count), str(b % count)) for n, (a, b) in enumerate(pairs)]
    area = arrange(boxes, lines, {}, lanes)
    places = [(box.x, box.y, box.width, box.height) for box in boxes]
    for one, other in combinations(places, 2):
        assert apart(one, other)
    for box in boxes:
        top, height = area.lanes[box.lane]
        assert top <= box.y
        assert box.y + box.height <= top + height
    for line in lines:
        assert touches(line.points[0], places[int(line.source)])
        assert touches(line.points[-1], places[int(line.target)])


def test_a_drawing_that_nobody_could_read_is_set_out_in_rows_at_once():
    count = LARGEST
    boxes = [Box(str(n), 100, 80) for n in range(count)]
    lines = [Line(f"l{n}", "0", str(n)) for n in range(1, count)]
    arrange(boxes, lines, {}, 0)
    assert len({(box.x, box.y) for box in boxes}) == count
