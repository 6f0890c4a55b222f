"""A picture of `webui.designer.thumbnail` on paper: its few elements of SVG, drawn by ReportLab."""

import re
from collections.abc import Iterator
from math import atan2, ceil, cos, pi, sin, sqrt, tan
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from reportlab.lib.colors import HexColor, white
from reportlab.platypus import Flowable

from webui.printing.paper import INK, Look

LETTERS = 13
"""height of the letters, in units of the picture"""
_TOKEN = re.compile(r"[MLHVZAQT]|-?\d*\.?\d+")
_NUMBERS = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_WIDE = ("endEvent", "callActivity")
_CLEAR = ("subProcess", "transaction", "adHocSubProcess", "participant", "lane")
_COLOURS = {"userTask": "#d9720a", "serviceTask": "#4a5fc1", "businessRuleTask": "#4a5fc1"}
"""as on the page: `thumbnail.css`"""
_LINE, _THICK = 1.4, 3.0
Point = tuple[float, float]


class Picture(Flowable):
    """As large as fits into `width` x `height` points, letters at most as large as those of the text."""

    def __init__(self, look: Look, svg: str, width: float, height: float) -> None:
        super().__init__()
        self._root, self._look = fromstring(svg), look  # noqa: S314 - made here
        self._left, self._top, across, down = map(float, self._root.attrib["viewBox"].split())
        self.scale = min(width / across, height / down, look.text.fontSize / LETTERS)
        self.width, self.height = across * self.scale, down * self.scale

    def draw(self) -> None:
        """From the upper left corner, y growing downwards."""
        canvas = self.canv
        canvas.translate(0, self.height)
        canvas.scale(self.scale, -self.scale)
        canvas.translate(-self._left, -self._top)
        canvas.setLineJoin(1)
        for element in self._root:
            canvas.saveState()
            self._element(element)
            canvas.restoreState()

    def _element(self, element: Element) -> None:
        canvas, given = self.canv, element.attrib
        kind = element.tag.rpartition("}")[2]
        classes = given.get("class", "").split()
        drawn = next((one.removeprefix("tk-t-") for one in classes if one.startswith("tk-t-")), "")
        canvas.setLineWidth(_THICK if drawn in _WIDE else _LINE)
        canvas.setStrokeColor(HexColor(_COLOURS[drawn]) if drawn in _COLOURS else INK)
        canvas.setFillColor(INK if "tk-full" in classes else white)
        if dashes := given.get("stroke-dasharray"):
            canvas.setDash([float(one) for one in dashes.split()])
        match kind:
            case "circle":
                canvas.circle(*(float(given[name]) for name in ("cx", "cy", "r")), fill=1)
            case "rect":
                x, y, width, height = (float(given[name]) for name in ("x", "y", "width", "height"))
                canvas.roundRect(x, y, width, height, float(given.get("rx", 0)), fill=int(drawn not in _CLEAR))
            case "polyline" | "polygon":
                path = canvas.beginPath()
                for place, point in enumerate(_points(given["points"])):
                    (path.lineTo if place else path.moveTo)(*point)
                if kind == "polygon":
                    path.close()
                canvas.drawPath(path, fill=int(kind == "polygon"))
            case "path":
                canvas.translate(*map(float, _NUMBERS.findall(given["transform"])[:2]))
                path = canvas.beginPath()
                for name, points in _segments(given["d"]):
                    {"M": path.moveTo, "L": path.lineTo, "C": path.curveTo, "Z": path.close}[name](*points)
                canvas.drawPath(path, fill=int("tk-full" in classes))
            case "text":
                self._text(element, classes)

    def _text(self, element: Element, classes: list[str]) -> None:
        canvas, text = self.canv, element.text or ""
        canvas.translate(float(element.attrib["x"]), float(element.attrib["y"]))
        if "transform" in element.attrib:
            canvas.rotate(-90)
        canvas.scale(1, -1)
        canvas.setFillColor(INK)
        canvas.setFont(self._look.font_of(text), LETTERS)
        write: Any = canvas.drawCentredString
        if "tk-start" in classes:
            write = canvas.drawString
        elif "tk-end" in classes:
            write = canvas.drawRightString
        write(0, -0.35 * LETTERS, text)


def _points(text: str) -> Iterator[Point]:
    for pair in text.split():
        x, y = pair.split(",")
        yield float(x), float(y)


def _segments(path: str) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Absolute commands of a path as moves, lines, cubic curves and ends."""
    tokens, name = _TOKEN.findall(path), ""
    at = start = bend = (0.0, 0.0)
    while tokens:
        if tokens[0].isalpha():
            name = tokens.pop(0)
        if name == "Z":
            at = start
            yield "Z", ()
            continue
        many = {"H": 1, "V": 1, "M": 2, "L": 2, "T": 2, "Q": 4, "A": 7}[name]
        given, tokens = [float(one) for one in tokens[:many]], tokens[many:]
        before, at = at, _end(name, at, given)
        match name:
            case "M":
                start = at
                yield "M", at
                name = "L"
            case "A":
                yield from _arc(before, at, given[0], large=given[3] == 1, sweep=given[4] == 1)
            case "Q" | "T":
                bend = (given[0], given[1]) if name == "Q" else (2 * before[0] - bend[0], 2 * before[1] - bend[1])
                yield "C", _cubic(before, bend, at)
            case _:
                yield "L", at


def _end(name: str, at: Point, given: list[float]) -> Point:
    if name == "H":
        return given[0], at[1]
    return (at[0], given[0]) if name == "V" else (given[-2], given[-1])


def _cubic(start: Point, bend: Point, end: Point) -> tuple[float, ...]:
    """A curve with one bend as one with two."""
    first, second = (tuple(end_[axis] + 2 / 3 * (bend[axis] - end_[axis]) for axis in (0, 1)) for end_ in (start, end))
    return (*first, *second, *end)


def _arc(
    start: Point, end: Point, radius: float, *, large: bool, sweep: bool
) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Part of a circle, a quarter at most for each curve. Cf. SVG 1.1, F.6.5."""
    half = ((start[0] - end[0]) / 2, (start[1] - end[1]) / 2)
    apart = half[0] ** 2 + half[1] ** 2
    away = sqrt(max(0.0, radius**2 / apart - 1)) * (-1 if large == sweep else 1)
    centre = ((start[0] + end[0]) / 2 + away * half[1], (start[1] + end[1]) / 2 - away * half[0])
    first, last = (atan2(point[1] - centre[1], point[0] - centre[0]) for point in (start, end))
    turn = last - first
    if sweep and turn < 0:
        turn += 2 * pi
    elif not sweep and turn > 0:
        turn -= 2 * pi
    steps = max(1, ceil(abs(turn) / (pi / 2) - 1e-6))
    reach = 4 / 3 * tan(turn / steps / 4) * radius
    for step in range(steps):
        a, b = (first + turn * (step + more) / steps for more in (0, 1))
        near, far = ((centre[0] + radius * cos(one), centre[1] + radius * sin(one)) for one in (a, b))
        yield "C", (
            near[0] - reach * sin(a), near[1] + reach * cos(a), far[0] + reach * sin(b), far[1] - reach * cos(b), *far,
        )  # fmt: skip
