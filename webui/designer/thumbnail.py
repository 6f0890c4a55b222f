"""A drawing as a small picture that needs no script: what stands in its diagram, without the words or with them."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import hypot

from markupsafe import Markup

from engine.bpmn.imports.layout.diagram import text_size
from engine.bpmn.imports.layout.drawn import Drawn, bounds, waypoints
from engine.bpmn.parser.xml import Element, local_name, parse
from webui.designer import signs
from webui.rendering import label

_EDGE = 24.0
_SIGNS = {"added": "+", "removed": "−", "changed": "✎", "moved": "↔", "wrong": "!"}
_BADGE = 11.0
_ROW = 15.0
_ENDLESS = 1e6
_FRAMED = ("subProcess", "transaction", "adHocSubProcess")
Box = tuple[float, float, float, float]
"""x, y, width, height"""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Words:
    """Rows of a name; `anchor`: start, middle or end, of which `x` is the place. `y`: the middle of the first row."""

    rows: list[str]
    x: float
    y: float
    anchor: str = "middle"
    upright: bool = True

    def written(self) -> str:
        kind = f' class="tk-{self.anchor}"' if self.anchor != "middle" else ""
        kind += "" if self.upright else f' transform="rotate(-90 {self.x:g} {self.y:g})"'
        return "".join(
            f'<text{kind} x="{self.x:g}" y="{self.y + place * _ROW:g}">{escape(row)}</text>'
            for place, row in enumerate(self.rows)
        )

    def corners(self) -> Iterator[Point]:
        if not self.upright:
            return
        width = max(text_size(row, _ENDLESS)[0] for row in self.rows) * 1.15  # letters of 13 px, not of 11
        left = self.x - {"start": 0, "middle": width / 2, "end": width}[self.anchor]
        yield from ((left, self.y - _ROW / 2), (left + width, self.y + _ROW * (len(self.rows) - 0.5)))


def thumbnail(
    xml: bytes, labelled: bool = False, marks: Mapping[str, str] | None = None, prefix: str = ""
) -> Markup:  # fmt: skip
    """An SVG of the first page of a drawing; empty when nothing is drawn. `labelled`: with names and signs.

    `marks`: element -> added, removed, changed, moved or wrong; those have a badge, and `prefix` before their id as
    anchor. A process that is marked has a frame around everything.
    """
    root = parse(xml, "")
    drawn = Drawn(root)
    nodes = {found.get("id"): found for found in root.iter("*") if found.get("id")}
    placed = [(nodes[key], bounds(shape)) for key, shape in drawn.shapes.items() if key in nodes]
    shapes = [(node, box) for node, box in placed if box is not None]
    if not shapes:
        return Markup("")
    paths = _apart({key: line for key, edge in drawn.edges.items() if len(line := waypoints(edge)) > 1})
    words = _words(drawn, nodes, dict(paths), shapes) if labelled else {}
    corners = [corner for _, (x, y, width, height) in shapes for corner in ((x, y), (x + width, y + height))]
    corners += [point for line in paths.values() for point in line]
    corners += [corner for said in words.values() for corner in said.corners()]
    left, top = (min(corner[axis] for corner in corners) - _EDGE for axis in (0, 1))
    right, bottom = (max(corner[axis] for corner in corners) + _EDGE for axis in (0, 1))
    marked = marks or {}

    def picture(key: str, drawn_as: str, corner: Point) -> str:
        said = words[key].written() if key in words else ""
        return _marked(key, drawn_as + said, corner, marked, prefix)

    defaults = {node.get("default") for node, _ in shapes} if labelled else set()
    lines = {
        key: picture(key, _line(nodes.get(key), line, labelled, key in defaults), _on(line))
        for key, line in paths.items()
    }
    parts = [line for key, line in lines.items() if key not in marked]
    parts += [picture(node.get("id"), _shape(node, box, labelled), _corner(node, box)) for node, box in shapes]
    parts += [line for key, line in lines.items() if key in marked]
    around = (left + 3, top + 3, right - left - 6, bottom - top - 6)
    parts += [_frame(key, around, marked, prefix) for key in marked if key in nodes and _is_process(nodes[key])]
    return Markup(  # noqa: S704 - numbers, and names that are escaped
        f'<svg class="tk-thumbnail" viewBox="{left:g} {top:g} {right - left:g} {bottom - top:g}" '
        f'style="--natural: {right - left:g}px" aria-hidden="true" fill="none" '
        f'stroke="currentColor" preserveAspectRatio="xMidYMid meet">{"".join(parts)}</svg>'
    )


def _corner(node: Element, box: Box) -> Point:
    """Where a badge covers no name: what leads out of a gateway is named above the line."""
    x, y, width, height = box
    return (x + width - 8, y + height - 8) if local_name(node).endswith("Gateway") else (x + width, y)


def _is_process(node: Element) -> bool:
    return local_name(node) == "process"


def _frame(key: str, box: Box, marks: Mapping[str, str], prefix: str) -> str:
    x, y, width, height = box
    frame = f'<rect class="tk-t-process" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'
    return _marked(key, frame, (x + width - 14, y + 14), marks, prefix)


# ---------------------------------------------------------------- lines and shapes


def _line(node: Element, line: list[Point], labelled: bool, is_default: bool) -> str:
    kind = local_name(node) if node is not None else ""
    dots = ' stroke-dasharray="2 4"' if kind == "association" else ""
    drawn = f'<polyline{dots} points="{" ".join(f"{x:g},{y:g}" for x, y in line)}"/>'
    if not labelled or kind not in ("sequenceFlow", "messageFlow"):
        return drawn
    return drawn + _arrow(line[-2], line[-1]) + (_slash(line[0], line[1]) if is_default else "")


def _arrow(before: Point, end: Point) -> str:
    x, y = _direction(before, end)
    back, half = (end[0] - 9 * x, end[1] - 9 * y), 4.5
    points = (end, (back[0] - half * y, back[1] + half * x), (back[0] + half * y, back[1] - half * x))
    return f'<polygon class="tk-full" points="{" ".join(f"{a:g},{b:g}" for a, b in points)}"/>'


def _slash(start: Point, after: Point) -> str:
    """The sign of a default flow."""
    x, y = _direction(start, after)
    at = (start[0] + 8 * x, start[1] + 8 * y)
    ends = ((at[0] - 3 * x - 6 * y, at[1] - 3 * y + 6 * x), (at[0] + 3 * x + 6 * y, at[1] + 3 * y - 6 * x))
    return f'<polyline points="{" ".join(f"{a:g},{b:g}" for a, b in ends)}"/>'


def _direction(start: Point, end: Point) -> Point:
    length = hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    return (end[0] - start[0]) / length, (end[1] - start[1]) / length


def _apart(paths: dict[str, list[Point]]) -> dict[str, list[Point]]:
    """A line that lies on another one is drawn below it."""
    found: dict[str, list[Point]] = {}
    for key, line in paths.items():
        below = 18.0 * sum(other == line for other in found.values())
        found[key] = [(x, y + below) for x, y in line]
    return found


def _on(line: list[Point]) -> Point:
    """On the segment in the middle, behind the name."""
    (x, y), (other_x, other_y) = line[(len(line) - 1) // 2], line[(len(line) - 1) // 2 + 1]
    return x + (other_x - x) * 0.7, y + (other_y - y) * 0.7


def _marked(key: str, picture: str, corner: Point, marks: Mapping[str, str], prefix: str) -> str:
    """`picture` with the badge of its element at `corner`."""
    state = marks.get(key)
    if state is None:
        return picture
    x, y = corner
    badge = (
        f'<circle class="tk-badge" cx="{x:g}" cy="{y:g}" r="{_BADGE:g}"/><text class="tk-badge" x="{x:g}" y="{y:g}">'
    )
    return f'<g class="tk-is-{state}" id="{escape(prefix + key)}">{picture}{badge}{_SIGNS[state]}</text></g>'


def _shape(node: Element, box: Box, labelled: bool) -> str:
    x, y, width, height = box
    kind = local_name(node)
    inside = signs.inside(node, box) if labelled else ""
    line = ' stroke-dasharray="4 3"' if labelled and signs.dashed(node) else ""
    if kind.endswith("Event"):
        place = f'cx="{x + width / 2:g}" cy="{y + height / 2:g}" r="{width / 2:g}"'
        return f'<circle class="tk-t-{kind}" {place}{line}/>{inside}'
    if kind.endswith("Gateway"):
        middle, half = (x + width / 2, y + height / 2), (width / 2, height / 2)
        corners = ((0, -1), (1, 0), (0, 1), (-1, 0))
        listed = " ".join(f"{middle[0] + a * half[0]:g},{middle[1] + b * half[1]:g}" for a, b in corners)
        return f'<polygon points="{listed}"/>{inside}'
    return (
        f'<rect class="tk-t-{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10"{line}/>{inside}'
    )


# ---------------------------------------------------------------- names


def _words(
    drawn: Drawn, nodes: Mapping[str, Element], paths: Mapping[str, list[Point]], shapes: list[tuple[Element, Box]]
) -> dict[str, _Words]:  # fmt: skip
    """What stands on the picture, by element."""
    found = {key: _beside_line(nodes[key], drawn.edges[key], line) for key, line in paths.items() if key in nodes}
    found |= {node.get("id"): _of_shape(node, box, drawn.shapes[node.get("id")]) for node, box in shapes}
    return {key: words for key, words in found.items() if words is not None}


def _of_shape(node: Element, box: Box, shape: Element) -> _Words | None:
    name, kind = _name(node), local_name(node)
    x, y, width, height = box
    if not name:
        return None
    if kind in ("participant", "lane"):
        return _Words([name], x + 15, y + height / 2, upright=False)
    if kind.endswith(("Task", "task", "Activity")) or (kind in _FRAMED and shape.get("isExpanded") != "true"):
        rows = _rows(name)
        return _Words(rows, x + width / 2, y + height / 2 - (len(rows) - 1) * _ROW / 2)
    if kind in _FRAMED:
        return _Words([name], x + 12, y + 18, "start")
    if kind.endswith(("Event", "Gateway")):
        return _label(shape, _rows(name), box)
    return None


def _label(shape: Element, rows: list[str], box: Box) -> _Words:
    """Where the file places the name; it grows away from what it belongs to, else it stands below."""
    x, y, width, height = box
    place = _placed(shape)
    if place is None:
        return _Words(rows, x + width / 2, y + height + 14)
    first = place[1] + _ROW / 2
    if place[0] + place[2] <= x + width / 2:
        return _Words(rows, place[0] + place[2], place[1] + place[3] - _ROW * (len(rows) - 0.5), "end")
    if place[0] >= x + width / 2:
        return _Words(rows, place[0] + 5, first, "start")
    return _Words(rows, place[0] + place[2] / 2, first)


def _beside_line(node: Element, edge: Element, line: list[Point]) -> _Words | None:
    name = _name(node)
    if not name:
        return None
    place = _placed(edge)
    if place is not None:
        return _Words([name], place[0], place[1] + _ROW / 2, "start")
    x, y = _on(line)
    return _Words([name], x, y - 10)


def _placed(shape: Element) -> Box | None:
    found = next(shape.iterchildren("{*}BPMNLabel"), None)
    return bounds(found) if found is not None else None


def _name(node: Element) -> str:
    """In the reader's language; what a pool holds says what it is called in another one."""
    holder = node
    if node.get("processRef"):
        holder = next(
            (one for one in node.getroottree().iter("{*}process") if one.get("id") == node.get("processRef")), node
        )
    own = holder.iterfind("./{*}extensionElements/{urn:troika:bpmn:1.0}label")
    english = next((one.text for one in own if one.get("lang") == "en"), None)
    return label({"en": english} if english else {}, node.get("name") or "")


def _rows(name: str) -> list[str]:
    """A name in lines that a task has room for: Chinese by letters, other languages by words."""
    if any(unicodedata.east_asian_width(char) in "WF" for char in name) and " " not in name:
        return [name[place : place + 6] for place in range(0, len(name), 6)][:3]
    rows = [""]
    for word in name.split():
        rows = [*rows[:-1], f"{rows[-1]} {word}".strip()] if len(rows[-1]) + len(word) < 14 else [*rows, word]
    return rows[:4]
