"""What people do to cards, as changes of the file: ids stay, what is not touched stays letter by letter.

Each function takes a `Sheet` and changes it; `Sheet.written` is the new file. They raise NotEditable for what the cards
cannot do, and nothing has then been changed that anybody keeps.
"""

from engine.bpmn.model import Flow, Process
from engine.bpmn.outline import settings
from engine.bpmn.outline.cards import BACK, Card, Outline, Path, paths_of
from engine.bpmn.outline.file import File
from engine.bpmn.outline.reading import outline
from engine.bpmn.parser import read
from engine.bpmn.parser.xml import Element, local_name
from engine.errors import N_, EngineError, Phrase

KINDS = {
    "approval": "userTask", "task": "userTask", "copy": "serviceTask", "condition": "exclusiveGateway",
    "parallel": "parallelGateway", "timer": "intermediateCatchEvent", "service": "serviceTask", "call": "callActivity",
}  # fmt: skip
"""What may be added, and its element."""
BLOCKS = frozenset(("condition", "inclusive", "parallel"))
FIXED = frozenset(("start", "end", "request"))
"""cards that stay where they are"""
NAMES = {
    "approval": ("审批", "Approve"), "task": ("办理", "Handle"), "copy": ("抄送", "Copy to"),
    "condition": ("条件？", "Which?"), "timer": ("等待", "Wait"), "service": ("自动操作", "Automatic step"),
    "call": ("子流程", "Called process"), "branch": ("条件", "Condition"), "default": ("其他情况", "Otherwise"),
    "agrees": ("同意？", "Agreed?"), "agreed": ("同意", "Agreed"), "rejected": ("不同意", "Rejected"),
    "request": ("修改申请", "Correct the request"), "ended": ("已办结", "Done"),
}  # fmt: skip
"""What new elements are called, in Chinese and in English."""


class NotEditable(EngineError):
    """The cards cannot do this to this drawing."""

    message = N_("This cannot be done here: {reason}")
    hint = N_("Do it in the flowchart.")
    status = 422


class Sheet:
    """One file open for one edit. `letters`: for the ids of what is new."""

    def __init__(self, xml: bytes, letters: str) -> None:
        reading = read(xml)
        if reading.definition is None or not reading.definition.executable:
            raise NotEditable(reason=Phrase(N_("The file cannot be read.")))
        self.outline: Outline = outline(reading.definition)
        if self.outline.path is None:
            first = self.outline.obstacles[0]
            raise NotEditable(reason=Phrase(first.message, **first.facts))
        self.file = File(xml, letters)

    @property
    def process(self) -> Process:
        """As it was before the edit."""
        return self.outline.process

    def written(self) -> bytes:
        """The new file."""
        return self.file.written()

    def card(self, key: str) -> Card:
        """Raises NotEditable."""
        found = next((card for card in self.outline.cards() if card.id == key), None)
        if found is None:
            raise NotEditable(reason=Phrase(N_("There is no card '{card}'."), card=key))
        return found

    def flow(self, key: str) -> Element:
        """Raises NotEditable."""
        try:
            found = self.file.element(key)
        except KeyError:
            found = None
        if found is None or local_name(found) != "sequenceFlow":
            raise NotEditable(reason=Phrase(N_("There is no arrow '{flow}'."), flow=key))
        return found


def add(sheet: Sheet, flow_id: str, kind: str) -> str:
    """A new card upon a flow; its id. `kind` is one of KINDS."""
    if kind not in KINDS:
        raise NotEditable(reason=Phrase(N_("'{kind}' is no kind of card."), kind=kind))
    flow = sheet.flow(flow_id)
    _may_grow(sheet, flow)
    return _add_block(sheet, flow, kind) if kind in BLOCKS else _add_step(sheet, flow, kind)


def remove(sheet: Sheet, card_id: str) -> None:
    """Take a card away with everything inside it; what came before leads to what comes behind."""
    card = sheet.card(card_id)
    if card.kind in FIXED:
        raise NotEditable(reason=Phrase(N_("Start, ends and the requester's step stay.")))
    file, node = sheet.file, sheet.file.element(card_id)
    scope = node.getparent()
    entry = _entry(sheet, card)
    if card.after is None:
        _end_at(sheet, entry, node)
    else:
        behind = file.element(card.after)
        target = behind.get("targetRef")
        _take_over(sheet, card_id, target)
        file.lead(entry, target)
        file.canvas.joined(entry.get("id"), card.after)
        file.drop_flow(behind)
    file.sweep(scope)


def places(drawn: Outline, card: Card) -> list[str]:
    """Arrows upon which a card may be put: of its own scope, outside itself, not where it stands already."""
    before = _before(drawn, card)
    if card.kind in FIXED or card.after is None or len(before) != 1:
        return []
    own = {before[0].id, card.after} | _flows_inside(drawn, card)
    scope = next(found for found in drawn.process.all_scopes() if card.id in found.nodes)
    here = {flow.id for flow in scope.flows} - own
    return [flow for flow in _growing(drawn) if flow in here]


def move(sheet: Sheet, card_id: str, flow_id: str) -> None:
    """Put a card with everything inside it upon another flow."""
    card, flow = sheet.card(card_id), sheet.flow(flow_id)
    if card.kind in FIXED or card.after is None:
        raise NotEditable(reason=Phrase(N_("This card cannot be moved.")))
    if flow_id in _flows_inside(sheet.outline, card):
        raise NotEditable(reason=Phrase(N_("A card cannot be moved into itself.")))
    file = sheet.file
    entry, behind = _entry(sheet, card), file.element(card.after)
    if flow_id in (entry.get("id"), behind.get("id")):
        return
    if flow_id not in places(sheet.outline, card):
        raise NotEditable(reason=Phrase(N_("No card can stand upon this arrow.")))
    file.canvas.anew = True
    out = behind.get("targetRef")
    _take_over(sheet, card_id, out)
    file.lead(entry, out)
    target = flow.get("targetRef")
    if _is_first(sheet, flow):
        _take_over(sheet, target, card_id)
    file.lead(flow, card_id)
    file.lead(behind, target)


def rename(sheet: Sheet, element_id: str, name: str, english: str) -> None:
    """Name a card or a flow in the main language and in English; an empty text takes the name away."""
    settings.name(sheet.file.element(element_id), name, english)


def add_branch(sheet: Sheet, gateway_id: str) -> str:
    """One more branch, before the one that is taken otherwise; the id of its flow."""
    card = sheet.card(gateway_id)
    if not card.branches:
        raise NotEditable(reason=Phrase(N_("This card has no branches.")))
    file, gate = sheet.file, sheet.file.element(gateway_id)
    before = file.leaving(gate)
    inside = [key for key in _nodes_inside(card) if key != gateway_id]
    join = card.join
    if join is None:
        target = _new_end(sheet, gate)
        flow = file.flow(gateway_id, target, before[-1])
        file.canvas.anew = True
    elif card.kind == "parallel":
        step = _new_node(sheet, gate, "approval", file.free("approval"))
        flow = file.flow(gateway_id, step.get("id"), before[-1])
        rest = file.flow(step.get("id"), join, flow)
        boxes = [(step.get("id"), "userTask")]
        file.canvas.under(gateway_id, join, flow.get("id"), inside, boxes, rest.get("id"))
    else:
        flow = file.flow(gateway_id, join, before[-1])
        file.canvas.under(gateway_id, join, flow.get("id"), inside, [], "")
    if card.kind != "parallel":
        count = sum(1 for other in before if other.get("id") != gate.get("default")) + 1
        _name(flow, "branch", f" {count}")
    otherwise = [other for other in before if other.get("id") == gate.get("default")]
    file.order(gate, [*(other for other in before if other not in otherwise), flow, *otherwise])
    return str(flow.get("id"))


def remove_branch(sheet: Sheet, gateway_id: str, flow_id: str) -> None:
    """Take a branch away; with one left the split goes too."""
    card = sheet.card(gateway_id)
    if flow_id not in [path.flow for path in card.branches]:
        raise NotEditable(reason=Phrase(N_("There is no branch '{flow}'."), flow=flow_id))
    file, gate = sheet.file, sheet.file.element(gateway_id)
    if any(path.flow == flow_id and path.leads == "below" for path in card.branches):
        raise NotEditable(reason=Phrase(N_("Everything below belongs to this branch.")))
    was_default = gate.get("default") == flow_id
    file.drop_flow(sheet.flow(flow_id))
    file.sweep(gate.getparent())
    left = file.leaving(gate)
    if len(left) == 1:
        _dissolve(sheet, gate, left[0], card.join)
    elif was_default and card.kind != "parallel":
        settings.otherwise(gate, left[-1])
    if card.join is not None and len(left) > 1:
        join = file.element(card.join)
        if len(file.coming(join)) == 1:
            _dissolve(sheet, join, file.leaving(join)[0], None)


def move_branch(sheet: Sheet, gateway_id: str, flow_id: str, by: int) -> None:
    """Let a branch be tried earlier (-1) or later (+1); the one that is taken otherwise stays last."""
    sheet.card(gateway_id)
    file, gate = sheet.file, sheet.file.element(gateway_id)
    otherwise = [flow for flow in file.leaving(gate) if flow.get("id") == gate.get("default")]
    asked = [flow for flow in file.leaving(gate) if flow not in otherwise]
    place = next((index for index, flow in enumerate(asked) if flow.get("id") == flow_id), None)
    if place is None:
        raise NotEditable(reason=Phrase(N_("This branch stays where it is.")))
    to = min(max(place + by, 0), len(asked) - 1)
    if to != place:
        asked.insert(to, asked.pop(place))
        file.order(gate, [*asked, *otherwise])


def when_rejected(sheet: Sheet, card_id: str, what: str) -> None:
    """What a rejection does: `end` the request, or `request`: back to the requester, who corrects it."""
    card = sheet.card(card_id)
    file, node = sheet.file, sheet.file.element(card_id)
    leads = BACK if card.rejected is not None and card.rejected.leads == BACK else "end"
    if what == ("request" if leads == BACK else "end"):
        if card.gateway is None:
            settings.approval(node, {"onReject": "end"})
        return
    scope = node.getparent()
    if what == "end":
        gate, agreed = file.element(str(card.gateway)), file.element(str(card.after))
        into = file.coming(gate)[0]
        file.lead(into, agreed.get("targetRef"))
        file.canvas.joined(into.get("id"), agreed.get("id"))
        file.drop_flow(agreed)
        file.sweep(scope)
        settings.approval(node, {"onReject": "end"})
        return
    if card.gateway is not None:
        _lead_back(sheet, file.element(str(card.rejected.flow if card.rejected else "")))
    else:
        _ask(sheet, card)
    file.sweep(scope)
    settings.approval(node, {"onReject": "flow"})


# ---------------------------------------------------------------- adding


def _add_step(sheet: Sheet, flow: Element, kind: str) -> str:
    file = sheet.file
    key, target = file.free(kind), flow.get("targetRef")
    node = _new_node(sheet, file.element(flow.get("sourceRef")), kind, key)
    rest = file.flow(key, target, flow)
    file.canvas.between(flow.get("id"), rest.get("id"), [(key, KINDS[kind])])
    if _is_first(sheet, flow):
        _take_over(sheet, target, key)
    file.lead(flow, key)
    return str(node.get("id"))


def _add_block(sheet: Sheet, flow: Element, kind: str) -> str:
    file, tag = sheet.file, KINDS[kind]
    key, target = file.free(kind), flow.get("targetRef")
    source = file.element(flow.get("sourceRef"))
    gate = file.node(source.getparent(), tag, key, _last_of(source))
    if kind == "condition":
        _name(gate, kind)
    file.node(source.getparent(), tag, f"{key}_join", gate)
    file.same_lane(key, source.get("id"))
    file.same_lane(f"{key}_join", source.get("id"))
    boxes, canvas = [(key, tag), (f"{key}_join", tag)], file.canvas
    rest = file.flow(f"{key}_join", target, flow)
    if kind == "parallel":
        steps = [_new_node(sheet, gate, "approval", file.free("approval")).get("id") for _ in range(2)]
        canvas.between(flow.get("id"), rest.get("id"), [boxes[0], (steps[0], "userTask"), boxes[1]])
        ways = [(file.flow(key, step, rest), step) for step in steps]
        outs = [file.flow(step, f"{key}_join", way) for way, step in ways]
        canvas.straight(key, steps[0], ways[0][0].get("id"))
        canvas.straight(steps[0], f"{key}_join", outs[0].get("id"))
        way, out = ways[1][0].get("id"), outs[1].get("id")
        canvas.under(key, f"{key}_join", way, [steps[0]], [(steps[1], "userTask")], out)
    else:
        canvas.between(flow.get("id"), rest.get("id"), boxes)
        branch, otherwise = (file.flow(key, f"{key}_join", rest) for _ in range(2))
        _name(branch, "branch", " 1")
        _name(otherwise, "default")
        gate.set("default", otherwise.get("id"))
        canvas.straight(key, f"{key}_join", branch.get("id"))
        canvas.under(key, f"{key}_join", otherwise.get("id"), [], [], "")
        file.order(gate, [branch, otherwise])
    if _is_first(sheet, flow):
        _take_over(sheet, target, key)
    file.lead(flow, key)
    return key


def _new_node(sheet: Sheet, beside: Element, kind: str, key: str) -> Element:
    node = sheet.file.node(beside.getparent(), KINDS[kind], key, _last_of(beside))
    _name(node, kind)
    sheet.file.same_lane(key, beside.get("id"))
    settings.blank(node, kind, _start_form(sheet))
    return node


def _name(element: Element, what: str, number: str = "") -> None:
    main, english = NAMES[what]
    settings.name(element, main + number, english + number)


def _last_of(node: Element) -> Element:
    """The node, or its last boundary event, which stands behind it in files that people read."""
    last = node
    for following in node.itersiblings("*"):
        if following.get("attachedToRef") != node.get("id"):
            break
        last = following
    return last


def _start_form(sheet: Sheet) -> str | None:
    start = next(node for node in sheet.process.nodes.values() if node.type == "startEvent")
    return start.extensions.form


def _may_grow(sheet: Sheet, flow: Element) -> None:
    if flow.get("id") not in _growing(sheet.outline):
        raise NotEditable(reason=Phrase(N_("No card can stand upon this arrow.")))


def _growing(drawn: Outline) -> list[str]:
    """Arrows that have a place for a card: one that leads back has none."""
    behind = [card.after for card in drawn.cards() if card.kind != "request" and card.after is not None]
    return [*dict.fromkeys([*(path.flow for path in drawn.paths()), *behind])]


# ---------------------------------------------------------------- ways


def _entry(sheet: Sheet, card: Card) -> Element:
    """The flow by which a card is reached from above."""
    outside = _before(sheet.outline, card)
    if len(outside) != 1:
        raise NotEditable(reason=Phrase(N_("Several arrows lead to this card.")))
    return sheet.file.element(outside[0].id)


def _before(drawn: Outline, card: Card) -> list[Flow]:
    """Flows by which a card is reached from above: neither from inside itself nor from the requester's step."""
    again = {found.after for found in drawn.requests}
    inner = set(_nodes_inside(card)) - {card.id}
    node = next(found for found in drawn.process.all_nodes() if found.id == card.id)
    return [flow for flow in node.incoming if flow.id not in again and flow.source not in inner]


def _is_first(sheet: Sheet, flow: Element) -> bool:
    start = sheet.outline.path.cards[0] if sheet.outline.path else None
    return start is not None and flow.get("sourceRef") == start.id


def _take_over(sheet: Sheet, old: str, new: str) -> None:
    """What the requester sends again begins at the first card, whichever that is."""
    for request in sheet.outline.requests:
        flow = sheet.file.element(str(request.after))
        if flow.get("targetRef") == old and old != new:
            sheet.file.lead(flow, new)
            sheet.file.canvas.reroute(flow.get("id"), flow.get("sourceRef"), new)


def _nodes_inside(card: Card) -> list[str]:
    """Ids of the nodes that go with a card."""
    found = [card.id, *(key for key in (card.gateway, card.join) if key), *(side.event for side in card.sides)]
    for path in paths_of(card):
        found += [key for inner in path.cards for key in _nodes_inside(inner)]
    return found


def _flows_inside(drawn: Outline, card: Card) -> set[str]:
    inside = set(_nodes_inside(card))
    flows = [flow for node in drawn.process.all_nodes() if node.id in inside for flow in node.outgoing]
    return {flow.id for flow in flows if flow.id != card.after}


def _dissolve(sheet: Sheet, gate: Element, left: Element, join: str | None) -> None:
    """A gateway with one way in and one way out goes, and so does the join that is then none."""
    file = sheet.file
    into = file.coming(gate)
    target = left.get("targetRef")
    for flow in into:
        file.lead(flow, target)
        file.canvas.joined(flow.get("id"), left.get("id"))
    file.drop_flow(left)
    file.drop_node(gate)
    if join is not None:
        meeting = file.element(join)
        _dissolve(sheet, meeting, file.leaving(meeting)[0], None)


def _end_at(sheet: Sheet, entry: Element, beside: Element) -> None:
    end = _new_end(sheet, beside)
    sheet.file.lead(entry, end)
    sheet.file.canvas.anew = True


def _new_end(sheet: Sheet, beside: Element) -> str:
    key = sheet.file.free("end")
    _name(sheet.file.node(beside.getparent(), "endEvent", key, _last_of(beside)), "ended")
    sheet.file.same_lane(key, beside.get("id"))
    return key


def _ask(sheet: Sheet, card: Card) -> None:
    """A gateway behind an approval that asks for its outcome."""
    file, node = sheet.file, sheet.file.element(card.id)
    out = file.element(str(card.after))
    key, target = file.free("agrees"), out.get("targetRef")
    gate = file.node(node.getparent(), "exclusiveGateway", key, _last_of(node))
    _name(gate, "agrees")
    file.same_lane(key, card.id)
    agreed = file.flow(key, target, out)
    file.canvas.between(out.get("id"), agreed.get("id"), [(key, "exclusiveGateway")])
    file.lead(out, key)
    _name(agreed, "agreed")
    settings.condition(agreed, f'= approval.{card.id}.outcome = "agree"')
    rejected = file.flow(key, _request_step(sheet, gate), agreed)
    _name(rejected, "rejected")
    gate.set("default", rejected.get("id"))
    file.canvas.straight(key, rejected.get("targetRef"), rejected.get("id"))


def _lead_back(sheet: Sheet, rejected: Element) -> None:
    """What was an end of its own becomes the way to the requester."""
    path = next((path for path in sheet.outline.paths() if path.flow == rejected.get("id")), None)
    last = _last_flow(path) if path is not None else rejected.get("id")
    flow = sheet.file.element(last)
    sheet.file.lead(flow, _request_step(sheet, sheet.file.element(flow.get("sourceRef"))))
    sheet.file.canvas.anew = True


def _last_flow(path: Path) -> str:
    cards = [card for card in path.cards if card.after is not None]
    return str(cards[-1].after) if cards else path.flow


def _request_step(sheet: Sheet, beside: Element) -> str:
    """The requester's step of the process, made if there is none."""
    if sheet.outline.requests:
        return sheet.outline.requests[0].id
    file = sheet.file
    start = next(node for node in sheet.process.nodes.values() if node.type == "startEvent")
    first = file.element(start.outgoing[0].id).get("targetRef")
    key = file.free("request")
    step = file.node(beside.getparent(), "userTask", key, _last_of(beside))
    _name(step, "request")
    file.same_lane(key, beside.get("id"))
    settings.request(step, start.extensions.form)
    file.flow(key, first, file.element(start.outgoing[0].id))
    file.canvas.anew = True
    return key
