"""A drawing as a small picture that needs no script: what stands in its diagram, without the words or with them."""

from collections.abc import Mapping
from html import escape

from markupsafe import Markup

from engine.bpmn.imports.layout.drawn import Drawn, bounds, waypoints
from engine.bpmn.parser.xml import Element, local_name, parse
from webui.rendering import label

_EDGE = 24.0
_SIGNS = {"added": "+", "removed": "−", "changed": "✎", "moved": "↔"}
_BADGE = 11.0


def thumbnail(
    xml: bytes, labelled: bool = False, marks: Mapping[str, str] | None = None, prefix: str = ""
) -> Markup:  # fmt: skip
    """An SVG of the first page of a drawing; empty when nothing is drawn. `labelled`: with names on tasks.

    `marks`: element -> added, removed, changed or moved; those have a badge, and `prefix` before their id as anchor.
    """
    root = parse(xml, "")
    drawn = Drawn(root)
    nodes = {found.get("id"): found for found in root.iter("*") if found.get("id")}
    placed = [(nodes[key], bounds(shape)) for key, shape in drawn.shapes.items() if key in nodes]
    shapes = [(node, box) for node, box in placed if box is not None]
    if not shapes:
        return Markup("")
    paths = {key: waypoints(edge) for key, edge in drawn.edges.items()}
    lines = list(paths.values())
    points = [point for line in lines for point in line]
    corners = [corner for _, (x, y, width, height) in shapes for corner in ((x, y), (x + width, y + height))]
    left, top = (min(point[axis] for point in (*corners, *points)) - _EDGE for axis in (0, 1))
    right, bottom = (max(point[axis] for point in (*corners, *points)) + _EDGE for axis in (0, 1))
    marked = marks or {}
    parts = [_marked(key, _line(line), _middle(line), marked, prefix) for key, line in paths.items() if len(line) > 1]
    parts += [
        _marked(node.get("id"), _shape(node, box, labelled), (box[0] + box[2], box[1]), marked, prefix)
        for node, box in shapes
    ]
    body = "".join(parts)
    return Markup(  # noqa: S704 - numbers, and names that are escaped
        f'<svg class="tk-thumbnail" viewBox="{left:g} {top:g} {right - left:g} {bottom - top:g}" aria-hidden="true" '
        f'preserveAspectRatio="xMidYMid meet">{body}</svg>'
    )


def _line(line: list[tuple[float, float]]) -> str:
    return f'<polyline points="{" ".join(f"{x:g},{y:g}" for x, y in line)}"/>'


def _middle(line: list[tuple[float, float]]) -> tuple[float, float]:
    """The middle of the segment in the middle."""
    (x, y), (other_x, other_y) = line[(len(line) - 1) // 2], line[(len(line) - 1) // 2 + 1]
    return (x + other_x) / 2, (y + other_y) / 2


def _marked(key: str, picture: str, corner: tuple[float, float], marks: Mapping[str, str], prefix: str) -> str:
    """`picture` with the badge of its element at `corner`."""
    state = marks.get(key)
    if state is None:
        return picture
    x, y = corner
    badge = (
        f'<circle class="tk-badge" cx="{x:g}" cy="{y:g}" r="{_BADGE:g}"/><text class="tk-badge" x="{x:g}" y="{y:g}">'
    )
    return f'<g class="tk-is-{state}" id="{escape(prefix + key)}">{picture}{badge}{_SIGNS[state]}</text></g>'


def _shape(node: Element, box: tuple[float, float, float, float], labelled: bool) -> str:
    x, y, width, height = box
    kind = local_name(node)
    if kind.endswith("Event"):
        return f'<circle class="tk-t-{kind}" cx="{x + width / 2:g}" cy="{y + height / 2:g}" r="{width / 2:g}"/>'
    if kind.endswith("Gateway"):
        middle, half = (x + width / 2, y + height / 2), (width / 2, height / 2)
        corners = ((0, -1), (1, 0), (0, 1), (-1, 0))
        listed = " ".join(f"{middle[0] + a * half[0]:g},{middle[1] + b * half[1]:g}" for a, b in corners)
        return f'<polygon points="{listed}"/>'
    found = f'<rect class="tk-t-{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10"/>'
    if not labelled or not kind.endswith(("Task", "task", "Activity")):
        return found
    english = next((one.text for one in node.iter("{urn:troika:bpmn:1.0}label") if one.get("lang") == "en"), None)
    name = label({"en": english} if english else {}, node.get("name") or "")
    rows = _rows(name)
    first = y + height / 2 - (len(rows) - 1) * 8
    center = x + width / 2
    texts = [f'<text x="{center:g}" y="{first + place * 16:g}">{escape(row)}</text>' for place, row in enumerate(rows)]
    return found + "".join(texts)


def _rows(name: str) -> list[str]:
    """A name in lines that a task has room for: Chinese by letters, other languages by words."""
    if " " not in name:
        return [name[place : place + 6] for place in range(0, len(name), 6)][:3]
    rows = [""]
    for word in name.split():
        rows = [*rows[:-1], f"{rows[-1]} {word}".strip()] if len(rows[-1]) + len(word) < 14 else [*rows, word]
    return rows[:4]
