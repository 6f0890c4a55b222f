"""How a drawing looks: what is not drawn at all, lies over something else, or has an unusual size."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from engine.bpmn.model import EVENTS, FLOW_NODES
from engine.bpmn.parser.constraints.drawing import Drawing, Violation, children, constraint, is_set
from engine.bpmn.parser.xml import Element, local_name, local_ref
from engine.errors import N_
from engine.findings import Level

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
SCOPES = ("process", "subProcess", "transaction", "adHocSubProcess")
SEEN = (
    *sorted(FLOW_NODES), "sequenceFlow", "dataObjectReference", "dataStoreReference", "participant", "messageFlow",
    "lane", "textAnnotation", "group", "association",
)  # fmt: skip
SIZES = {"task": (100, 80), "gateway": (50, 50), "event": (36, 36), "dataObjectReference": (36, 50),
         "dataStoreReference": (50, 50)}  # fmt: skip
NEIGHBOURS = 200
"""Shapes that begin at the right of another one and are compared with it; more stand in no drawing that can be read."""
POOL = 60
"""Breadth of a pool that shows nothing."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a shape lies."""

    x: float
    y: float
    width: float
    height: float
    shape: Element

    def meets(self, other: "Box") -> bool:
        """Whether the two touch or overlap."""
        across = self.x + self.width >= other.x and other.x + other.width >= self.x
        return across and self.y + self.height >= other.y and other.y + other.height >= self.y

    def holds(self, other: "Box") -> bool:
        """Whether the other lies inside."""
        across = self.x <= other.x and other.x + other.width <= self.x + self.width
        return across and self.y <= other.y and other.y + other.height <= self.y + self.height


def _boxes(drawing: Drawing) -> dict[str, Box]:
    found = {}
    for shape in drawing.root.iter(f"{DI}BPMNShape"):
        bounds = shape.find(f"{DC}Bounds")
        if bounds is None:
            continue
        try:
            x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
        except (TypeError, ValueError):  # the schema says so
            continue
        found[local_ref(shape.get("bpmnElement")) or ""] = Box(x, y, width, height, shape)
    return found


def _not_drawn(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a task without a shape in a file that is drawn. Right: everything has its place."""
    drawn = {
        local_ref(part.get("bpmnElement"))
        for kind in ("BPMNShape", "BPMNEdge", "BPMNPlane") for part in drawing.root.iter(f"{DI}{kind}")
    }  # fmt: skip
    if not drawn:  # laid out when it is opened
        return
    for element in drawing.all(*SEEN):
        if element.get("id") not in drawn and not _in_choreography(element):
            yield Violation(
                element, N_("'{element}' is not drawn: nobody can see it."), N_("Draw it again, or remove it."),
            )  # fmt: skip


def _in_choreography(element: Element) -> bool:
    return any(local_name(around) == "choreography" for around in element.iterancestors())


def _overlapping(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: two tasks that lie over each other. Right: each has its own place, inside what holds it."""
    boxes = _boxes(drawing)
    for collaboration in drawing.all("collaboration"):
        yield from _pairs(children(collaboration, "participant"), boxes)
    frames = {local_ref(pool.get("processRef")): boxes.get(pool.get("id")) for pool in drawing.all("participant")}
    for scope in drawing.all(*SCOPES):
        inside = [part for part in scope.iterchildren("*") if part.get("id") in boxes and local_name(part) != "lane"]
        yield from _pairs(inside, boxes)
        own = boxes.get(scope.get("id"))
        frame = own if own is not None and is_set(own.shape, "isExpanded") else frames.get(scope.get("id"))
        for part in inside:
            loose = local_name(part) not in FLOW_NODES and local_name(part) != "dataObjectReference"
            if frame is not None and not loose and not frame.holds(boxes[part.get("id")]):
                yield Violation(
                    part, N_("'{element}' lies outside of '{frame}', which holds it."), N_("Move it inside."),
                    {"frame": local_ref(frame.shape.get("bpmnElement"))},
                )  # fmt: skip


def _pairs(parts: list[Element], boxes: dict[str, Box]) -> Iterator[Violation]:
    drawn = [part for part in parts if part.get("id") in boxes and local_name(part) not in ("group", "textAnnotation")]
    drawn.sort(key=lambda part: boxes[part.get("id")].x)
    for number, one in enumerate(drawn):
        box = boxes[one.get("id")]
        for other in islice(drawn, number + 1, number + 1 + NEIGHBOURS):
            if boxes[other.get("id")].x > box.x + box.width:
                break
            attached = one.get("id") in _host(other) or other.get("id") in _host(one)
            if not attached and box.meets(boxes[other.get("id")]):
                yield Violation(
                    other, N_("'{element}' lies over '{other}'."), N_("Move one of them."), {"other": one.get("id")},
                )  # fmt: skip


def _host(part: Element) -> tuple[str, ...]:
    host = local_ref(part.get("attachedToRef"))
    return (host,) if host is not None else ()


def _sizes(drawing: Drawing) -> Iterator[Violation]:
    """Wrong, in a house that wants one size: a task of 120 x 100. Right: 100 x 80."""
    for key, box in _boxes(drawing).items():
        element = drawing.get(key)
        usual = _usual(element, box) if element is not None else None
        if usual is None:
            continue
        if (usual[0] and box.width != usual[0]) or (usual[1] and box.height != usual[1]):
            yield Violation(
                drawing.ids[key], N_("'{element}' is {width} x {height} large, where {usual} is usual."),
                N_("Draw it again, or drag it to that size."),
                {"width": f"{box.width:g}", "height": f"{box.height:g}",
                 "usual": " x ".join(str(side) if side else "…" for side in usual)},
            )  # fmt: skip


def _usual(element: Element, box: Box) -> tuple[int, int] | None:
    """Width and height, 0 for one that does not matter; None for what is as large as what it holds."""
    name = local_name(element)
    if name == "participant":
        across = is_set(box.shape, "isHorizontal", "true")
        return None if element.get("processRef") else (0, POOL) if across else (POOL, 0)
    if name in EVENTS:
        return SIZES["event"]
    if name.endswith("Gateway"):
        return SIZES["gateway"]
    if name in FLOW_NODES:
        return None if name in SCOPES and is_set(box.shape, "isExpanded") else SIZES["task"]
    return SIZES.get(name)


RULES = (
    constraint("not-drawn", Level.INFO)(_not_drawn),
    constraint("overlapping", Level.INFO)(_overlapping),
    constraint("unusual-size", None)(_sizes),
)
