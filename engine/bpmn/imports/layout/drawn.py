"""What a file already draws, and what it does not."""

from engine.bpmn.imports.writing import BPMNDI, DC, DI, bpmn, remove
from engine.bpmn.model import FLOW_NODES, SCOPES
from engine.bpmn.parser.xml import BPMN, Element, local_name, namespace

ARTIFACTS = frozenset(("dataObjectReference", "dataStoreReference", "textAnnotation"))
CONNECTIONS = frozenset(("sequenceFlow", "messageFlow", "association"))


class Drawn:
    """The shapes, edges and planes of a file; broken ones are taken out."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.shapes: dict[str, Element] = {}
        self.edges: dict[str, Element] = {}
        self.planes: dict[str, Element] = {}
        for element in list(root.iter(f"{{{BPMNDI}}}BPMNShape", f"{{{BPMNDI}}}BPMNEdge", f"{{{BPMNDI}}}BPMNPlane")):
            kind, of = local_name(element), element.get("bpmnElement")
            if kind == "BPMNPlane":
                self.planes.setdefault(of, element)
            elif kind == "BPMNShape" and bounds(element) is not None:
                self.shapes.setdefault(of, element)
            elif kind == "BPMNEdge" and len(waypoints(element)) > 1:
                self.edges.setdefault(of, element)
            else:
                remove(element)
        self._nodes = [node for node in root.iter("*") if namespace(node) == BPMN and local_name(node) in FLOW_NODES]
        self._mend_planes()
        self.nodes_drawn = any(node.get("id") in self.shapes for node in self._nodes)

    def missing(self) -> list[str]:
        """Ids of pools and flow nodes that should be visible and have no shape."""
        found = [node.get("id") for node in self._nodes if self._visible(node) and node.get("id") not in self.shapes]
        collaboration = self.root.find(bpmn("collaboration"))
        if collaboration is not None and collaboration.get("id") in self.planes:
            pools = [part.get("id") for part in collaboration.iterchildren(bpmn("participant"))]
            found += [key for key in pools if key not in self.shapes]
        return found

    def hidden(self) -> list[Element]:
        """Collapsed sub-processes whose content is drawn nowhere."""
        found = []
        for node in self._nodes:
            inner = [child for child in node.iterchildren("*") if local_name(child) in FLOW_NODES]
            closed = local_name(node) in SCOPES and node.get("id") not in self.planes and self.collapsed(node)
            if closed and inner and not any(child.get("id") in self.shapes for child in inner):
                found.append(node)
        return found

    def collapsed(self, node: Element) -> bool:
        """Whether a sub-process hides its content."""
        shape = self.shapes.get(node.get("id"))
        return shape is None or shape.get("isExpanded") != "true"

    def planes_of_whole_drawings(self) -> list[Element]:
        """Planes that are no inside of a sub-process."""
        inner = {node.get("id") for node in self._nodes}
        return [plane for key, plane in self.planes.items() if key not in inner]

    def _visible(self, node: Element) -> bool:
        """Not inside a collapsed sub-process."""
        parent = node.getparent()
        while parent is not None and local_name(parent) in SCOPES:
            if self.collapsed(parent) and not any(child.get("id") in self.shapes for child in parent.iterchildren("*")):
                return False
            parent = parent.getparent()
        return True

    def _mend_planes(self) -> None:
        """A plane must say what it shows."""
        known = {element.get("id") for element in self.root.iter("*") if namespace(element) == BPMN}
        for key, plane in list(self.planes.items()):
            if key in known:
                continue
            target = self.root.find(bpmn("collaboration"))
            target = target if target is not None else self.root.find(bpmn("process"))
            del self.planes[key]
            if target is None:  # nothing is left that it could show
                continue
            plane.set("bpmnElement", target.get("id"))
            self.planes.setdefault(target.get("id"), plane)


def bounds(shape: Element) -> "tuple[float, float, float, float] | None":
    """x, y, width, height; None when they are not all numbers or the shape has no size."""
    found = shape.find(f"{{{DC}}}Bounds")
    if found is None:
        return None
    try:
        x, y, width, height = (float(found.get(name, "nan")) for name in ("x", "y", "width", "height"))
    except ValueError:
        return None
    usable = width > 0 and height > 0 and all(abs(value) < 1e7 for value in (x, y, width, height))
    return (x, y, width, height) if usable else None


def waypoints(edge: Element) -> list[tuple[float, float]]:
    """Its points; none when one of them is no number."""
    try:
        points = [
            (float(point.get("x", "nan")), float(point.get("y", "nan"))) for point in edge.iter(f"{{{DI}}}waypoint")
        ]
    except ValueError:
        return []
    return points if all(abs(x) < 1e7 and abs(y) < 1e7 for x, y in points) else []
