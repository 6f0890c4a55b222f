"""Writes BPMNDI: shapes and edges of a whole file, of one sub-process, or of single parts that were forgotten."""

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from lxml import etree

from engine.bpmn.imports.layout.arrange import Area, Box, Line, Point, arrange
from engine.bpmn.imports.layout.drawn import ARTIFACTS, CONNECTIONS, Drawn, bounds
from engine.bpmn.imports.writing import bpmn, new
from engine.bpmn.model import FLOW_NODES, SCOPES
from engine.bpmn.parser.xml import Element, local_name, local_ref

TASK = (100.0, 80.0)
EVENT = 36.0
GATEWAY = 50.0
BOUNDARY_ROOM = 42.0
INNER = (30.0, 44.0)
"""px between the border of a sub-process and its content: sides, top"""
HEADER = 30.0
POOL_MARGIN = 30.0
POOL_GAP = 50.0
BLACK_BOX = 60.0
ORIGIN = (160.0, 80.0)
LABEL = 90.0
LETTER = 14.0
SIZES = {"dataObjectReference": (36.0, 50.0), "dataStoreReference": (50.0, 50.0), "textAnnotation": (140.0, 44.0)}


@dataclass(slots=True)
class _Scope:
    """A process or sub-process, set out from (0, 0)."""

    owner: Element
    boxes: dict[str, Box]
    lines: list[Line]
    elements: dict[str, Element]
    area: Area
    inner: "dict[str, _Scope]" = field(default_factory=dict)
    artifacts: dict[str, Box] = field(default_factory=dict)


class Diagram:
    """One new BPMNDiagram, and edges for a drawing that lacks some."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.places: dict[str, tuple[float, float, float, float]] = {}
        self._taken = {element.get("id") for element in root.iter("*") if element.get("id")}
        self._plane: Element = None

    def whole(self) -> None:
        """Everything in the file on one plane."""
        collaboration = self.root.find(bpmn("collaboration"))
        if collaboration is not None and collaboration.find(bpmn("participant")) is not None:
            self._begin(collaboration.get("id"))
            self._pools(collaboration)
        else:
            process = self.root.find(bpmn("process"))
            process = process if process is not None else collaboration
            self._begin(process.get("id"))
            self._draw(self._scope(process, []), *ORIGIN)
        self._end()

    def plane_of(self, scope: Element) -> None:
        """The content of a collapsed sub-process on a plane of its own."""
        self._begin(scope.get("id"))
        self._draw(self._scope(scope, []), *ORIGIN)
        self._end()

    def pool_around(self, participant: Element, process: Element, drawn: Drawn) -> None:
        """A pool behind what is drawn of `process`."""
        inner = [
            bounds(drawn.shapes[key]) for element in process.iter("*") if (key := element.get("id")) in drawn.shapes
        ]
        places = [place for place in inner if place is not None]
        left, top = min(x for x, _, _, _ in places), min(y for _, y, _, _ in places)
        right, bottom = max(x + w for x, _, w, _ in places), max(y + h for _, y, _, h in places)
        self._plane = _plane(next(shape for shape in drawn.shapes.values()))
        margin = POOL_MARGIN
        self._shape(
            participant, left - HEADER - margin, top - margin, right - left + HEADER + 2 * margin,
            bottom - top + 2 * margin, horizontal=True,
        )  # fmt: skip
        self._plane.insert(0, self._plane[-1])

    def missing_parts(self, drawn: Drawn) -> None:
        """Flows, data and notes that a drawing has forgotten, between and below what it shows."""
        self.places.update((key, found) for key, shape in drawn.shapes.items() if (found := bounds(shape)) is not None)
        if not self.places:
            return
        plane_of = {key: _plane(shape) for key, shape in drawn.shapes.items()}
        first = next(iter(drawn.planes.values()), None)
        for element in self.root.iter(*(bpmn(name) for name in ARTIFACTS)):
            if element.get("id") in drawn.shapes or not _in_drawn_scope(element, drawn):
                continue
            owner = element.getparent()
            self._plane = plane_of.get(owner.get("id"), first) if local_name(owner) in SCOPES else first
            x = min(place[0] for place in self.places.values())
            y = max(place[1] + place[3] for place in self.places.values())
            width, height = SIZES[local_name(element)]
            self._shape(element, x, y + POOL_GAP, width, height)
        for element in self.root.iter(*(bpmn(name) for name in CONNECTIONS)):
            ends = (element.get("sourceRef"), element.get("targetRef"))
            if element.get("id") not in drawn.edges and ends[0] in self.places and ends[1] in self.places:
                self._plane = plane_of.get(ends[0], first)
                self._edge(element.get("id"), self._direct(*ends))
        for host, arrow in _data_arrows(self.root):
            source, target = _arrow_ends(host, arrow)
            if arrow.get("id") and arrow.get("id") not in drawn.edges and {source, target} <= self.places.keys():
                self._plane = plane_of.get(host.get("id"), first)
                self._edge(arrow.get("id"), self._direct(source, target))

    # ------------------------------------------------------------ pools and lanes

    def _pools(self, collaboration: Element) -> None:
        processes = {process.get("id"): process for process in self.root.iterchildren(bpmn("process"))}
        pools = []
        for participant in collaboration.iterchildren(bpmn("participant")):
            process = processes.pop(participant.get("processRef"), None)
            filled = process is not None and any(local_name(child) in FLOW_NODES for child in process.iterchildren("*"))
            lanes = _leaf_lanes(process) if filled else []
            pools.append((participant, self._scope(process, lanes) if filled else None, lanes))
        width = max((_pool_width(scope, lanes) for _, scope, lanes in pools if scope is not None), default=600.0)
        flows = list(collaboration.iterchildren(bpmn("messageFlow")))
        x, y = ORIGIN
        pool_of: dict[str, int] = {}
        tops = []
        for number, (participant, scope, lanes) in enumerate(pools):
            height = BLACK_BOX if scope is None else scope.area.height + (0 if lanes else 2 * POOL_MARGIN)
            self._shape(participant, x, y, width, height, horizontal=True)
            tops.append((y, y + height))
            pool_of[participant.get("id")] = number
            if scope is not None:
                if lanes:
                    self._lanes(scope, lanes, x, y, width)
                depth = max((level for _, level in lanes), default=-1) + 1
                left = x + HEADER * (1 + depth) + POOL_MARGIN
                self._draw(scope, left, y + (0 if lanes else POOL_MARGIN))
                pool_of.update((key, number) for key in _all_ids(scope))
            y += height + POOL_GAP + 6 * len(flows)
        for number, flow in enumerate(flows):
            self._message(flow, pool_of, tops, number)

    def _lanes(self, scope: _Scope, lanes: list[tuple[Element, int]], x: float, y: float, width: float) -> None:
        """Leaf lanes are the bands; a lane around others spans theirs."""
        spans: dict[str, list[float]] = {}
        for (lane, _), (top, height) in zip(lanes, scope.area.lanes, strict=False):
            part: Element = lane
            while local_name(part) in ("lane", "childLaneSet"):
                if local_name(part) == "lane":
                    span = spans.setdefault(part.get("id"), [top, top + height])
                    span[0], span[1] = min(span[0], top), max(span[1], top + height)
                part = part.getparent()
        for lane in scope.owner.iter(bpmn("lane")):
            if lane.get("id") in spans:
                top, bottom = spans[lane.get("id")]
                indent = HEADER * (1 + _lane_depth(lane))
                self._shape(lane, x + indent, y + top, width - indent, bottom - top, horizontal=True)

    def _message(self, flow: Element, pool_of: dict[str, int], tops: list[tuple[float, float]], number: int) -> None:
        """Out of the upper pool downwards or the other way, turning in the gap between them."""
        source, target = flow.get("sourceRef"), flow.get("targetRef")
        if source not in self.places or target not in self.places:
            return
        (sx, sy, sw, sh), (tx, ty, tw, th) = self.places[source], self.places[target]
        above = pool_of.get(source, 0) < pool_of.get(target, 0)
        x1 = sx + sw / 2
        x2 = tx + tw / 2
        if _is_pool(source, self.root):
            x1 = x2
        elif _is_pool(target, self.root):
            x2 = x1
        start, end = (sy + sh if above else sy), (ty if above else ty + th)
        pool = tops[pool_of.get(source, 0)]
        turn = pool[1] + 20 + 6 * number if above else pool[0] - 20 - 6 * number
        points = [(x1, start), (x1, end)] if x1 == x2 else [(x1, start), (x1, turn), (x2, turn), (x2, end)]
        self._edge(flow.get("id"), points, flow.get("name"))

    # ------------------------------------------------------------ one scope

    def _scope(self, owner: Element, lanes: list[tuple[Element, int]]) -> _Scope:
        lane_of = {
            (reference.text or "").strip(): number
            for number, (lane, _) in enumerate(lanes) for reference in lane.iterchildren(bpmn("flowNodeRef"))
        }  # fmt: skip
        elements = {
            child.get("id"): child for child in owner.iterchildren("*")
            if local_name(child) in FLOW_NODES and child.get("id")
        }  # fmt: skip
        attached: dict[str, list[Box]] = defaultdict(list)
        inner: dict[str, _Scope] = {}
        boxes: dict[str, Box] = {}
        for key, element in elements.items():
            host = element.get("attachedToRef")
            if local_name(element) == "boundaryEvent" and host in elements:
                attached[host].append(Box(key, EVENT, EVENT))
        for key, element in elements.items():
            if any(guest.id == key for guest in attached.get(element.get("attachedToRef"), [])):
                continue
            if local_name(element) in SCOPES and any(local_name(child) in FLOW_NODES for child in element):
                inner[key] = self._scope(element, [])
            boxes[key] = _box(element, inner.get(key), lane_of.get(key, 0), attached.get(key, []), elements)
        lines = _lines(owner, attached)
        area = arrange(list(boxes.values()), lines, attached, len(lanes))
        for guests in attached.values():
            boxes.update((guest.id, guest) for guest in guests)
        found = _Scope(owner, boxes, lines, elements, area, inner)
        _add_artifacts(found)
        return found

    def _draw(self, scope: _Scope, dx: float, dy: float) -> None:
        for key, box in scope.boxes.items():
            element = scope.elements[key]
            content = scope.inner.get(key)
            expanded = None if local_name(element) not in SCOPES else content is not None
            self._shape(element, box.x + dx, box.y + dy, box.width, box.height, expanded=expanded)
            if content is not None:
                self._draw(content, box.x + dx + INNER[0], box.y + dy + INNER[1])
        known = {flow.get("id"): flow for flow in scope.owner.iterchildren(bpmn("sequenceFlow"))}
        for line in scope.lines:
            if line.points and line.id in known:
                points = [(x + dx, y + dy) for x, y in line.points]
                self._edge(line.id, points, known[line.id].get("name"))
        by_id = {child.get("id"): child for child in scope.owner.iterchildren("*")}
        for key, box in scope.artifacts.items():
            self._shape(by_id[key], box.x + dx, box.y + dy, box.width, box.height)
        for arrow in scope.owner.iterchildren(bpmn("association")):
            ends = (arrow.get("sourceRef"), arrow.get("targetRef"))
            if ends[0] in self.places and ends[1] in self.places:
                self._edge(arrow.get("id"), self._direct(*ends))
        for host, arrow in _data_arrows(scope.owner):
            source, target = _arrow_ends(host, arrow)
            if host.getparent() is scope.owner and source in self.places and target in self.places:
                if not arrow.get("id"):
                    arrow.set("id", self._id(f"{local_name(arrow)}_{source}_{target}"))
                self._edge(arrow.get("id"), self._direct(source, target))

    # ------------------------------------------------------------ BPMNDI

    def _begin(self, of: str) -> None:
        diagram = new("bpmndi:BPMNDiagram", {"id": self._id(f"diagram_{of}")})
        self._plane = new("bpmndi:BPMNPlane", {"id": self._id(f"plane_{of}"), "bpmnElement": of})
        diagram.append(self._plane)
        last = self.root[-1] if len(self.root) else None
        if last is not None:
            last.tail = "\n  "
        diagram.tail = "\n"
        self.root.append(diagram)

    def _end(self) -> None:
        etree.indent(self._plane.getparent(), space="  ", level=1)

    def _shape(
        self, element: Element, x: float, y: float, width: float, height: float,
        expanded: bool | None = None, horizontal: bool = False,
    ) -> None:  # fmt: skip
        key = element.get("id")
        self.places[key] = (x, y, width, height)
        shape = new(
            "bpmndi:BPMNShape",
            {
                "id": self._id(f"{key}_shape"), "bpmnElement": key,
                "isHorizontal": "true" if horizontal else None,
                "isMarkerVisible": "true" if local_name(element) == "exclusiveGateway" else None,
                "isExpanded": None if expanded is None else str(expanded).lower(),
            },
        )  # fmt: skip
        shape.append(_bounds(x, y, width, height))
        name, tag = element.get("name"), local_name(element)
        if name and tag.endswith("Gateway"):
            self._label(shape, x + width / 2 - 4 - text_size(name, LABEL)[0], y - 6, name, above=True, left=True)
        elif name and tag == "boundaryEvent":
            self._label(shape, x + width / 2 + 8, y + height - 4, name, left=True)
        elif name and (tag.endswith("Event") or tag in ("dataObjectReference", "dataStoreReference")):
            self._label(shape, x + width / 2 - LABEL / 2, y + height + 6, name)
        self._plane.append(shape)

    def _edge(self, key: str, points: list[Point], name: str | None = None) -> None:
        edge = new("bpmndi:BPMNEdge", {"id": self._id(f"{key}_edge"), "bpmnElement": key})
        for x, y in points:
            edge.append(new("di:waypoint", {"x": _number(x), "y": _number(y)}))
        if name:
            x, y = _label_place(points)
            self._label(edge, x, y, name, above=True, left=True)
        self._plane.append(edge)

    def _label(self, owner: Element, x: float, y: float, name: str, *, above: bool = False, left: bool = False) -> None:
        """`x`, `y`: the left end of the label's place, at its top, or at its bottom when it stands above."""
        width, height = text_size(name, LABEL)
        label = new("bpmndi:BPMNLabel")
        indent = 0 if left else (LABEL - width) / 2
        label.append(_bounds(x + indent, y - (height if above else 0), width, height))
        owner.append(label)

    def _direct(self, source: str | None, target: str | None) -> list[Point]:
        """From border to border: along the longer way, with a turn in the middle."""
        sx, sy, sw, sh = self.places[source or ""]
        tx, ty, tw, th = self.places[target or ""]
        if source == target:
            right, top = sx + sw, sy
            return [(right, sy + sh / 2), (right + 24, sy + sh / 2), (right + 24, top - 24), (sx + sw / 2, top - 24),
                    (sx + sw / 2, top)]  # fmt: skip
        middle = ((sx + sw / 2, sy + sh / 2), (tx + tw / 2, ty + th / 2))
        if tx >= sx + sw or sx >= tx + tw:
            rightwards = tx >= sx + sw
            x1, x2 = (sx + sw, tx) if rightwards else (sx, tx + tw)
            turn = (x1 + x2) / 2
            points = [(x1, middle[0][1]), (turn, middle[0][1]), (turn, middle[1][1]), (x2, middle[1][1])]
            return [points[0], points[3]] if middle[0][1] == middle[1][1] else points
        downwards = ty >= sy + sh
        y1, y2 = (sy + sh, ty) if downwards else (sy, ty + th)
        turn = (y1 + y2) / 2
        points = [(middle[0][0], y1), (middle[0][0], turn), (middle[1][0], turn), (middle[1][0], y2)]
        return [points[0], points[3]] if middle[0][0] == middle[1][0] else points

    def _id(self, wanted: str) -> str:
        number = 0
        found = wanted
        while found in self._taken:
            number += 1
            found = f"{wanted}_{number}"
        self._taken.add(found)
        return found


# ---------------------------------------------------------------- sizes


def text_size(text: str, widest: float) -> tuple[float, float]:
    """Px that a label of 11 px letters takes when it is broken at `widest`."""
    width = sum(11.5 if unicodedata.east_asian_width(char) in "WF" else 6.2 for char in text) + 8
    rows = max(1, -(-int(width) // int(widest)))
    return float(round(min(width, widest))), rows * LETTER


def _box(element: Element, content: "_Scope | None", lane: int, guests: list[Box], elements: dict[str, Element]) -> Box:
    name, tag = element.get("name") or "", local_name(element)
    label = text_size(name, LABEL)[1] + 8 if name else 0.0
    if tag.endswith("Gateway"):
        return Box(element.get("id"), GATEWAY, GATEWAY, lane, above=label, corners=True)
    if tag.endswith("Event"):
        return Box(element.get("id"), EVENT, EVENT, lane, below=label)
    width, height = TASK
    if content is not None:
        width = max(160.0, content.area.width + 2 * INNER[0])
        height = max(100.0, content.area.height + INNER[1] + INNER[0])
    elif sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in name) > 48:
        width = 140.0
    width = max(width, BOUNDARY_ROOM * (len(guests) + 1))
    names = [text_size(elements[guest.id].get("name") or "", LABEL)[1] for guest in guests]
    return Box(element.get("id"), width, height, lane, below=(EVENT / 2 + max(names)) if guests else 0.0)


def _lines(owner: Element, attached: dict[str, list[Box]]) -> list[Line]:
    host_of = {guest.id: host for host, guests in attached.items() for guest in guests}
    found = []
    for flow in owner.iterchildren(bpmn("sequenceFlow")):
        source, target = flow.get("sourceRef"), flow.get("targetRef")
        if source and target and flow.get("id"):
            label = text_size(flow.get("name"), LABEL)[0] if flow.get("name") else 0.0
            boundary = source if source in host_of else None
            found.append(
                Line(flow.get("id"), host_of.get(source, source), host_of.get(target, target), boundary, label)
            )
    for arrow in owner.iterchildren(bpmn("association")):  # a compensation event leads to its handler
        source, target = arrow.get("sourceRef"), arrow.get("targetRef")
        if source in host_of and target:
            found.append(Line(arrow.get("id") or source, host_of[source], target, source))
    return found


def _add_artifacts(scope: _Scope) -> None:
    """Data and notes in a row below, each under what it belongs to."""
    anchors: dict[str, str] = {}
    for arrow in scope.owner.iterchildren(bpmn("association")):
        ends = (arrow.get("sourceRef"), arrow.get("targetRef"))
        for one, other in (ends, ends[::-1]):
            if other in scope.boxes:
                anchors.setdefault(one, other)
    for host, arrow in _data_arrows(scope.owner):
        for end in _arrow_ends(host, arrow):
            if end != host.get("id") and host.get("id") in scope.boxes:
                anchors.setdefault(str(end), host.get("id"))
    found = [child for child in scope.owner.iterchildren("*") if local_name(child) in ARTIFACTS and child.get("id")]
    if not found:
        return

    def wished(child: Element) -> float:
        anchor = scope.boxes.get(anchors.get(child.get("id"), ""))
        return anchor.middle[0] - SIZES[local_name(child)][0] / 2 if anchor is not None else 0.0

    y = scope.area.height + 40
    x = 0.0
    lowest = y
    for child in sorted(found, key=wished):
        width, height = SIZES[local_name(child)]
        x = max(x, wished(child))
        text = text_of_note(child)
        if local_name(child) == "textAnnotation" and text:
            height = max(height, text_size(text, width - 10)[1] + 12)
        scope.artifacts[child.get("id")] = Box(child.get("id"), width, height, x=x, y=y)
        label = text_size(child.get("name") or "", LABEL)[1] + 8 if child.get("name") else 0
        lowest = max(lowest, y + height + label)
        x += max(width, LABEL if child.get("name") else 0) + 24
    scope.area.width = max(scope.area.width, x)
    top, height = scope.area.lanes[-1]
    scope.area.lanes[-1] = (top, lowest + 16 - top)
    scope.area.height = lowest + 16


def text_of_note(element: Element) -> str:
    """What a text annotation says."""
    text = element.find(bpmn("text"))
    return " ".join("".join(text.itertext()).split()) if text is not None else ""


# ---------------------------------------------------------------- lanes


def _leaf_lanes(process: Element) -> list[tuple[Element, int]]:
    """Lanes that hold no others, with their depth, from top to bottom."""
    return [
        (lane, _lane_depth(lane)) for lane in process.iter(bpmn("lane"))
        if lane.find(f"{bpmn('childLaneSet')}/{bpmn('lane')}") is None and _belongs(lane, process)
    ]  # fmt: skip


def _belongs(lane: Element, process: Element) -> bool:
    part = lane.getparent()
    while part is not None and local_name(part) in ("laneSet", "childLaneSet", "lane"):
        part = part.getparent()
    return part is process


def _lane_depth(lane: Element) -> int:
    depth = 0
    part = lane.getparent()
    while part is not None and local_name(part) != "process":
        depth += local_name(part) == "lane"
        part = part.getparent()
    return depth


def _pool_width(scope: _Scope, lanes: list[tuple[Element, int]]) -> float:
    depth = max((level for _, level in lanes), default=-1) + 1
    return scope.area.width + HEADER * (1 + depth) + 2 * POOL_MARGIN


# ---------------------------------------------------------------- helpers


def _data_arrows(owner: Element) -> list[tuple[Element, Element]]:
    return [
        (arrow.getparent(), arrow) for arrow in owner.iter(bpmn("dataInputAssociation"), bpmn("dataOutputAssociation"))
    ]


def _arrow_ends(host: Element, arrow: Element) -> tuple[str | None, str | None]:
    """An arrow of data runs between the data and the activity; what the activity calls them inside is not drawn."""
    reads = local_name(arrow) == "dataInputAssociation"
    end = arrow.find(bpmn("sourceRef" if reads else "targetRef"))
    data = local_ref(end.text) if end is not None else None
    return (data, host.get("id")) if reads else (host.get("id"), data)


def _all_ids(scope: _Scope) -> list[str]:
    return [*scope.boxes, *(key for inner in scope.inner.values() for key in _all_ids(inner))]


def _is_pool(key: str, root: Element) -> bool:
    return any(part.get("id") == key for part in root.iter(bpmn("participant")))


def _plane(shape: Element) -> Element:
    return shape.getparent()


def _in_drawn_scope(element: Element, drawn: Drawn) -> bool:
    owner = element.getparent()
    return local_name(owner) not in SCOPES or (owner.get("id") in drawn.shapes and not drawn.collapsed(owner))


def _bounds(x: float, y: float, width: float, height: float) -> Element:
    return new("dc:Bounds", {"x": _number(x), "y": _number(y), "width": _number(width), "height": _number(height)})


def _number(value: float) -> str:
    return str(round(value))


def _label_place(points: list[Point]) -> Point:
    """Over the first part of the line that runs to the right or left, else beside its beginning."""
    for (x1, y1), (x2, y2) in pairwise(points):
        if y1 == y2 and abs(x2 - x1) > 24:
            return min(x1, x2) + 6, y1 - 4
    return points[0][0] + 6, (points[0][1] + points[1][1]) / 2
