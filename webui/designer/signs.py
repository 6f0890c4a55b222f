"""What BPMN draws into its shapes: kinds of gateways and events, marks of activities; for pictures without a script."""

from collections.abc import Iterator

from engine.bpmn.parser.xml import Element, local_name

GATEWAYS = {
    "exclusiveGateway": "M-8,-8L8,8M8,-8L-8,8", "parallelGateway": "M0,-12V12M-12,0H12",
    "inclusiveGateway": "M11,0A11,11 0 1 1 -11,0A11,11 0 1 1 11,0",
    "complexGateway": "M0,-12V12M-12,0H12M-8,-8L8,8M8,-8L-8,8",
    "eventBasedGateway": "M14,0A14,14 0 1 1 -14,0A14,14 0 1 1 14,0M0,-9L8.6,-2.8L5.3,7.3H-5.3L-8.6,-2.8Z",
}  # fmt: skip
EVENTS = {
    "message": "M-9,-6H9V6H-9ZL0,1L9,-6", "signal": "M0,-9L9,7H-9Z", "error": "M-8,8L-3,-7L2,2L8,-8L3,8L-2,0Z",
    "timer": "M10,0A10,10 0 1 1 -10,0A10,10 0 1 1 10,0M0,-7V0L5,3", "escalation": "M0,-9L7,8L0,2L-7,8Z",
    "link": "M-9,-3H2V-8L10,0L2,8V3H-9Z", "compensate": "M0,-7L-9,0L0,7ZM9,-7L0,0L9,7Z",
    "cancel": "M-8,-6L-6,-8L0,-2L6,-8L8,-6L2,0L8,6L6,8L0,2L-6,8L-8,6L-2,0Z",
    "conditional": "M-7,-9H7V9H-7ZM-4,-5H4M-4,0H4M-4,5H4",
    "terminate": "M9,0A9,9 0 1 1 -9,0A9,9 0 1 1 9,0",
}  # fmt: skip
SEVERAL, TOGETHER = "M0,-9L8.6,-2.8L5.3,7.3H-5.3L-8.6,-2.8Z", "M-3,-9H3V-3H9V3H3V9H-3V3H-9V-3H-3Z"
LOOPS = {"loop": "M-3,5.2A6,6 0 1 1 3,5.2L-1,2M3,5.2L0,8", "parallel": "M-5,-6V6M0,-6V6M5,-6V6",
         "sequential": "M-6,-5H6M-6,0H6M-6,5H6"}  # fmt: skip
UNDOES, AD_HOC = "M0,-6L-8,0L0,6ZM8,-6L0,0L8,6Z", "M-8,2Q-4,-6 0,0T8,-2"
THROWING = ("intermediateThrowEvent", "endEvent")
_APART = 20.0


def inside(node: Element, box: tuple[float, float, float, float]) -> str:
    """The signs of an element that is drawn as `box` (x, y, width, height), "" where it has none."""
    x, y, width, height = box
    kind = local_name(node)
    if kind.endswith("Gateway"):
        return _sign(GATEWAYS.get(kind, ""), x + width / 2, y + height / 2)
    if kind.endswith("Event"):
        return _event(node, kind, x + width / 2, y + height / 2, width / 2)
    marks = list(_marks(node, kind))
    first = x + width / 2 - _APART * (len(marks) - 1) / 2
    return "".join(_sign(mark, first + place * _APART, y + height - 12) for place, mark in enumerate(marks))


def dashed(node: Element) -> bool:
    """Whether its border is: an event that interrupts nothing, and a sub-process that an event begins."""
    return "false" in (node.get("cancelActivity"), node.get("isInterrupting")) or node.get("triggeredByEvent") == "true"


def _event(node: Element, kind: str, x: float, y: float, radius: float) -> str:
    inner = kind.startswith(("intermediate", "boundary"))
    line = ' stroke-dasharray="4 3"' if dashed(node) else ""
    ring = f'<circle cx="{x:g}" cy="{y:g}" r="{radius - 3:g}"{line}/>' if inner else ""
    caught = [local_name(child).removesuffix("EventDefinition") for child in node if _is_definition(child)]
    if not caught:
        return ring
    if len(caught) > 1:
        path = TOGETHER if node.get("parallelMultiple") == "true" else SEVERAL
    else:
        path = EVENTS.get(caught[0], "")
    return ring + _sign(path, x, y, full=kind in THROWING)


def _is_definition(child: Element) -> bool:
    return isinstance(child.tag, str) and local_name(child).endswith("EventDefinition")


def _marks(node: Element, kind: str) -> Iterator[str]:
    for child in node.iterchildren("{*}standardLoopCharacteristics", "{*}multiInstanceLoopCharacteristics"):
        several = "sequential" if child.get("isSequential") == "true" else "parallel"
        yield LOOPS[several if local_name(child).startswith("multi") else "loop"]
    if node.get("isForCompensation") == "true":
        yield UNDOES
    if kind == "adHocSubProcess":
        yield AD_HOC


def _sign(path: str, x: float, y: float, *, full: bool = False) -> str:
    if not path:
        return ""
    kind = "tk-sign tk-full" if full else "tk-sign"
    return f'<path class="{kind}" transform="translate({x:g} {y:g})" d="{path}"/>'
