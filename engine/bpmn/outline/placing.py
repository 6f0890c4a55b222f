"""The drawing follows the edits of the simple view: what is new finds room, what is there keeps its place.

Room is made as with the space tool of a modeler: everything beyond a line moves. Where that gives no clear picture, and
in files that are not wholly drawn, everything is set out anew.
"""

from itertools import pairwise

from engine.bpmn.imports.layout.diagram import Diagram, text_size
from engine.bpmn.imports.layout.drawn import Drawn, bounds, waypoints
from engine.bpmn.imports.writing import BPMNDI, bpmn, insert, new, remove
from engine.bpmn.model import FLOW_NODES
from engine.bpmn.parser.xml import Element, local_name

GAP = 50.0
SIZES = {"Gateway": (50.0, 50.0), "Event": (36.0, 36.0)}
TASK = (100.0, 80.0)
LINE = 12.0
"""px by which a point may miss the border that it belongs to"""
LABEL = (90.0, 14.0)

Point = tuple[float, float]
Rect = tuple[float, float, float, float]


class Canvas:
    """Shapes and edges of one file. Once something could not be placed, `finish` sets everything out anew."""

    def __init__(self, root: Element) -> None:
        self._root = root
        drawn = Drawn(root)
        self._shapes, self._edges = dict(drawn.shapes), dict(drawn.edges)
        self.anew = not drawn.planes or bool(drawn.missing())
        self._names = {found.get("id"): local_name(found) for found in root.iter("*") if found.get("id")}

    def erase(self, key: str) -> None:
        """Take away what shows an element."""
        for shown in (self._shapes.pop(key, None), self._edges.pop(key, None)):
            if shown is not None and shown.getparent() is not None:
                remove(shown)

    def between(self, flow: str, rest: str, boxes: list[tuple[str, str]]) -> None:
        """Put nodes (id, tag) in a row upon the line of `flow`, which then ends at the first; `rest` goes on from the
        last to where `flow` led.
        """
        sizes = [size_of(tag) for _, tag in boxes]
        along = sum(width for width, _ in sizes) + GAP * (len(sizes) - 1)
        points = self._points(flow)
        found = _longest(points)
        if found is None or self.anew:
            self.anew = True
            return
        place, flat = found
        axis = 0 if flat else 1
        if not flat:
            along = sum(height for _, height in sizes) + GAP * (len(sizes) - 1)
        begin, end = points[place], points[place + 1]
        lack = along + 2 * GAP - abs(end[axis] - begin[axis])
        if lack > 0:
            self._open(axis, max(begin[axis], end[axis]), lack)
            points = self._points(flow)
            begin, end = points[place], points[place + 1]
        sign = 1.0 if end[axis] > begin[axis] else -1.0
        at = (begin[axis] + end[axis]) / 2 - sign * along / 2
        level = begin[1 - axis]
        rects = []
        for width, height in sizes:
            length = width if flat else height
            low = at if sign > 0 else at - length
            rects.append((low, level - height / 2, width, height) if flat else (level - width / 2, low, width, height))
            at += sign * (length + GAP)
        if any(self._hits(rect) for rect in rects):
            self.anew = True
            return
        plane = self._edges[flow].getparent()
        for (key, tag), rect in zip(boxes, rects, strict=True):
            self._shape(plane, key, tag, rect)
        entry, leave = _border(rects[0], begin, flat), _border(rects[-1], end, flat)
        self._write(flow, [*points[: place + 1], entry])
        self._edge(plane, rest, [leave, *points[place + 1 :]])

    def straight(self, source: str, target: str, flow: str) -> None:
        """A line from one node to another on its right, on one level."""
        if self.anew or source not in self._shapes or target not in self._shapes:
            self.anew = True
            return
        left, right = self._rect(source), self._rect(target)
        self._edge(self._shapes[source].getparent(), flow, self._route(left, right))

    def under(self, source: str, target: str, flow: str, inside: list[str], boxes: list[tuple[str, str]],
              rest: str) -> None:  # fmt: skip
        """A branch below everything in a block: from gateway to gateway, with nodes in a row upon it."""
        known = [key for key in (source, target, *inside) if key in self._shapes]
        if self.anew or len(known) < len(inside) + 2:
            self.anew = True
            return
        sizes = [size_of(tag) for _, tag in boxes]
        left, right = self._rect(source), self._rect(target)
        if right[0] < left[0] + left[2]:
            self.anew = True
            return
        lack = sum(width for width, _ in sizes) + GAP * (len(sizes) + 1) - (right[0] - left[0] - left[2])
        if lack > 0:
            self._open(0, right[0] + right[2] / 2, lack)
            right = self._rect(target)
        lines = [
            self._points(key) for key, edge in self._edges.items() if edge is not None and key in self._inner(known)
        ]
        low = max(self._rect(key)[1] + self._rect(key)[3] + 20 for key in known)
        low = max([low, *(y for points in lines for _, y in points)])
        level = low + GAP / 2 + max([20.0, *(height / 2 for _, height in sizes)])
        tall = max([20.0, *(height for _, height in sizes)])
        room: Rect = (left[0] + left[2], level - tall / 2, right[0] - left[0] - left[2], tall)
        if self._hits(room):
            self._open(1, low + 1, tall + GAP)
            if self._hits(room):
                self.anew = True
                return
        start, end = (left[0] + left[2] / 2, left[1] + left[3]), (right[0] + right[2] / 2, right[1] + right[3])
        plane = self._shapes[source].getparent()
        at = room[0] + (room[2] - sum(width for width, _ in sizes) - GAP * max(0, len(sizes) - 1)) / 2
        rects = []
        for (key, tag), (width, height) in zip(boxes, sizes, strict=True):
            rects.append((at, level - height / 2, width, height))
            self._shape(plane, key, tag, rects[-1])
            at += width + GAP
        down, up = (start[0], level), (end[0], level)
        if not rects:
            self._edge(plane, flow, [start, down, up, end])
            return
        self._edge(plane, flow, [start, down, (rects[0][0], level)])
        self._edge(plane, rest, [(rects[-1][0] + rects[-1][2], level), up, end])

    def joined(self, flow: str, gone: str) -> None:
        """`flow` takes the way that `gone` went after what stood between them."""
        if flow in self._edges and gone in self._edges:
            self._write(flow, _corners([*self._points(flow)[:-1], *self._points(gone)[1:]]))
        else:
            self.anew = True

    def reroute(self, flow: str, source: str, target: str) -> None:
        """A new way for a flow whose end has changed."""
        if flow not in self._edges or source not in self._shapes or target not in self._shapes:
            self.anew = True
            return
        self._write(flow, self._route(self._rect(source), self._rect(target)))

    def behind(self, source: str, key: str, tag: str, flow: str) -> None:
        """A node on the right of another, or below it where there is no room."""
        if self.anew or source not in self._shapes:
            self.anew = True
            return
        x, y, width, height = self._rect(source)
        wide, tall = size_of(tag)
        for rect in ((x + width + GAP, y + height / 2 - tall / 2, wide, tall),
                     (x + width / 2 - wide / 2, y + height + GAP, wide, tall)):  # fmt: skip
            if not self._hits(rect):
                plane = self._shapes[source].getparent()
                self._shape(plane, key, tag, rect)
                self._edge(plane, flow, self._route(self._rect(source), rect))
                return
        self.anew = True

    def finish(self) -> None:
        """Everything is drawn: as it was and what is new, or all anew."""
        drawn = Drawn(self._root)
        if not self.anew and not drawn.missing():
            Diagram(self._root).missing_parts(drawn)
            return
        for diagram in list(self._root.iterchildren(f"{{{BPMNDI}}}BPMNDiagram")):
            remove(diagram)
        Diagram(self._root).whole()

    # ------------------------------------------------------------ room

    def _open(self, axis: int, at: float, by: float) -> None:
        """Move everything beyond `at` by `by`; what lies across grows, lines keep to their nodes."""
        moved = set()
        for key, shape in self._shapes.items():
            rect = bounds(shape)
            if rect is None:
                continue
            if self._holds(key) and rect[axis] < at - 1 < rect[axis] + rect[axis + 2]:
                x, y, width, height = rect
                _set_bounds(shape, (x, y, width + by, height) if axis == 0 else (x, y, width, height + by))
            elif rect[axis] + rect[axis + 2] / 2 >= at - 1:
                moved.add(key)
        for event in self._root.iter(bpmn("boundaryEvent")):
            (moved.add if event.get("attachedToRef") in moved else moved.discard)(event.get("id"))
        for key in moved:
            _shift(self._shapes[key], axis, by)
        ends = {found.get("id"): (found.get("sourceRef"), found.get("targetRef")) for found in self._root.iter("*")
                if found.get("sourceRef")}  # fmt: skip
        for key, edge in self._edges.items():
            source, target = ends.get(key, (None, None))
            points = [list(point) for point in waypoints(edge)]
            last = len(points) - 1
            for index, point in enumerate(points):
                end = source if index == 0 else target if index == last else None
                if (end in moved) if end in self._shapes else point[axis] >= at - 1:
                    point[axis] += by
            self._write(key, _corners([(x, y) for x, y in points]))
            label = edge.find(f"{{{BPMNDI}}}BPMNLabel")
            place = bounds(label) if label is not None else None
            if place is not None and place[axis] + place[axis + 2] / 2 >= at - 1:
                _set_bounds(label, _moved(place, axis, by))

    def _holds(self, key: str) -> bool:
        return self._names.get(key) in ("participant", "lane", "subProcess", "transaction", "adHocSubProcess", "group")

    def _hits(self, rect: Rect) -> bool:
        x, y, width, height = rect
        for key, shape in self._shapes.items():
            other = bounds(shape)
            if other is None or self._holds(key):
                continue
            if x < other[0] + other[2] + 8 and other[0] < x + width + 8 and y < other[1] + other[3] + 8 and (
                other[1] < y + height + 8
            ):  # fmt: skip
                return True
        return False

    def _inner(self, known: list[str]) -> set[str]:
        return {flow.get("id") for flow in self._root.iter(bpmn("sequenceFlow"))
                if flow.get("sourceRef") in known and flow.get("targetRef") in known}  # fmt: skip

    # ------------------------------------------------------------ shapes and edges

    def _rect(self, key: str) -> Rect:
        return bounds(self._shapes[key]) or (0.0, 0.0, 0.0, 0.0)

    def _points(self, key: str) -> list[Point]:
        return waypoints(self._edges[key]) if key in self._edges else []

    def _shape(self, plane: Element, key: str, tag: str, rect: Rect) -> None:
        marked = "true" if tag == "exclusiveGateway" else None
        words = {"id": self._free(f"{key}_di"), "bpmnElement": key, "isMarkerVisible": marked}
        shape = new("bpmndi:BPMNShape", words)
        insert(plane, len(plane), shape)
        insert(shape, 0, _bounds(rect))
        name = next((found.get("name") for found in self._root.iter("*") if found.get("id") == key), None)
        if name and not tag.endswith(("Task", "Activity", "subProcess", "task")):
            wide, tall = text_size(name, LABEL[0])
            label = new("bpmndi:BPMNLabel")
            insert(shape, 1, label)
            above = tag.endswith("Gateway")
            top = rect[1] - tall - 4 if above else rect[1] + rect[3] + 4
            insert(label, 0, _bounds((rect[0] + rect[2] / 2 - wide / 2, top, wide, tall)))
        self._shapes[key] = shape

    def _edge(self, plane: Element, key: str, points: list[Point]) -> None:
        if key not in self._edges:
            edge = new("bpmndi:BPMNEdge", {"id": self._free(f"{key}_di"), "bpmnElement": key})
            insert(plane, len(plane), edge)
            self._edges[key] = edge
        self._write(key, _corners(points))

    def _write(self, key: str, points: list[Point]) -> None:
        edge = self._edges[key]
        if waypoints(edge) == [(float(round(x)), float(round(y))) for x, y in points]:
            return
        for old in [child for child in edge if local_name(child) == "waypoint"]:
            remove(old)
        for index, (x, y) in enumerate(points):
            insert(edge, index, new("di:waypoint", {"x": str(round(x)), "y": str(round(y))}))

    def _route(self, source: Rect, target: Rect) -> list[Point]:
        """Straight to the right; otherwise below everything and up again."""
        begin, end = (source[0] + source[2], source[1] + source[3] / 2), (target[0], target[1] + target[3] / 2)
        if end[0] > begin[0] + 10:
            if abs(begin[1] - end[1]) < LINE:
                return [begin, (end[0], begin[1])]
            middle = (begin[0] + end[0]) / 2
            return [begin, (middle, begin[1]), (middle, end[1]), end]
        low = max(rect[1] + rect[3] for shape in self._shapes.values() if (rect := bounds(shape)) is not None)
        under = min(low, max(source[1] + source[3], target[1] + target[3]) + 3 * GAP) + GAP / 2
        down, up = source[0] + source[2] / 2, target[0] + target[2] / 2
        return [(down, source[1] + source[3]), (down, under), (up, under), (up, target[1] + target[3])]

    def _free(self, key: str) -> str:
        taken = {found.get("id") for found in self._root.iter("*")}
        number, found = 1, key
        while found in taken:
            number += 1
            found = f"{key}_{number}"
        return found


def size_of(tag: str) -> tuple[float, float]:
    """Width and height of a node."""
    return next((size for ending, size in SIZES.items() if tag.endswith(ending)), TASK) if tag in FLOW_NODES else TASK


def _longest(points: list[Point]) -> tuple[int, bool] | None:
    """(its number, whether it is level) of the longest level part of a line; an upright one if there is no other."""
    level = [
        (abs(x2 - x1), place) for place, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)) if y1 == y2 and x1 != x2
    ]
    upright = [
        (abs(y2 - y1), place) for place, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)) if x1 == x2 and y1 != y2
    ]
    if level and max(level)[0] >= 20:
        return max(level)[1], True
    return (max(upright)[1], False) if upright else (max(level)[1], True) if level else None


def _border(rect: Rect, towards: Point, flat: bool) -> Point:
    """Where a line from `towards` meets the border."""
    x, y, width, height = rect
    if flat:
        return (x if towards[0] < x + width / 2 else x + width, y + height / 2)
    return (x + width / 2, y if towards[1] < y + height / 2 else y + height)


def _corners(points: list[Point]) -> list[Point]:
    """Without points on the way, with a corner where a line would run aslant."""
    found: list[Point] = []
    for point in points:
        if found and point[0] != found[-1][0] and point[1] != found[-1][1]:
            before = found[-2] if len(found) > 1 else None
            upright = before is not None and before[0] == found[-1][0]
            found.append((found[-1][0], point[1]) if upright else (point[0], found[-1][1]))
        if not found or point != found[-1]:
            found.append(point)
    return [
        point for place, point in enumerate(found)
        if place in (0, len(found) - 1) or not _on_line(found[place - 1], point, found[place + 1])
    ]  # fmt: skip


def _on_line(before: Point, point: Point, after: Point) -> bool:
    return any(before[axis] == point[axis] == after[axis] for axis in (0, 1))


def _shift(shape: Element, axis: int, by: float) -> None:
    for carrier in (shape, *shape.iterchildren(f"{{{BPMNDI}}}BPMNLabel")):
        rect = bounds(carrier)
        if rect is not None:
            _set_bounds(carrier, _moved(rect, axis, by))


def _moved(rect: Rect, axis: int, by: float) -> Rect:
    return (rect[0] + by, *rect[1:]) if axis == 0 else (rect[0], rect[1] + by, rect[2], rect[3])


def _set_bounds(carrier: Element, rect: Rect) -> None:
    found = next(child for child in carrier.iterchildren("*") if local_name(child) == "Bounds")
    for name, value in zip(("x", "y", "width", "height"), rect, strict=True):
        found.set(name, str(round(value)))


def _bounds(rect: Rect) -> Element:
    x, y, width, height = (str(round(value)) for value in rect)
    return new("dc:Bounds", {"x": x, "y": y, "width": width, "height": height})
