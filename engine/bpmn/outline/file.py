"""The XML of a drawing as the edits of the simple view see it: nodes, flows and their ends, nothing else touched."""

import re

from engine.bpmn.imports.writing import bpmn, extensions, insert, remove, same_prefix, to_bytes
from engine.bpmn.model import FLOW_NODES
from engine.bpmn.outline.placing import Canvas
from engine.bpmn.parser.xml import Element, local_name, parse, text_of

_HEAD = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")
_BEFORE_ENDS = frozenset(("documentation", "extensionElements", "auditing", "monitoring"))


class File:
    """One drawing that is being changed. `letters` make the ids of what is new; ids are never used again."""

    def __init__(self, xml: bytes, letters: str) -> None:
        self._xml = xml
        self._letters = letters
        self.root = parse(xml, "", keep_comments=True)
        self.canvas = Canvas(self.root)

    def element(self, key: str) -> Element:
        """The BPMN element with that id. Raises KeyError."""
        for found in self.root.iter("*"):
            if found.get("id") == key and found.tag.startswith(bpmn("")):
                return found
        raise KeyError(key)

    def free(self, kind: str) -> str:
        """An id that nothing has: `approval_kqwzvb`."""
        taken = {found.get("id") for found in self.root.iter("*")}
        key, number = f"{kind}_{self._letters}", 1
        while key in taken:
            number += 1
            key = f"{kind}_{self._letters}{number}"
        return key

    def written(self) -> bytes:
        """The file; with the declaration and the last line that it had."""
        self.canvas.finish()
        body = to_bytes(self.root)
        head = _HEAD.match(self._xml)
        if head is not None and b"encoding" in head[0].lower() and b"utf-8" in head[0].lower():
            body = head[0] + body[_HEAD.match(body).end() :]  # type: ignore[union-attr]
        return body.rstrip() + self._xml[len(self._xml.rstrip()) :]

    # ------------------------------------------------------------ nodes and flows

    def node(self, scope: Element, tag: str, key: str, after: Element) -> Element:
        """A new flow node behind the element `after`."""
        made = same_prefix(scope, tag)
        made.set("id", key)
        insert(scope, scope.index(after) + 1, made)
        return made

    def flow(self, source: str, target: str, after: Element) -> Element:
        """A new flow behind the element `after`; the ends of both nodes know it."""
        made = same_prefix(after, "sequenceFlow")
        made.set("id", self.free(f"{source}_to_{target}".replace(f"_{self._letters}", "")))
        made.set("sourceRef", source)
        made.set("targetRef", target)
        insert(after.getparent(), after.getparent().index(after) + 1, made)
        self._tell(source, "outgoing", made.get("id"))
        self._tell(target, "incoming", made.get("id"))
        return made

    def lead(self, flow: Element, target: str) -> None:
        """Let `flow` lead to another node."""
        self._forget(flow.get("targetRef"), "incoming", flow.get("id"))
        flow.set("targetRef", target)
        self._tell(target, "incoming", flow.get("id"))

    def drop_flow(self, flow: Element) -> None:
        """Take a flow away."""
        key, source = flow.get("id"), self._known(flow.get("sourceRef"))
        self._forget(flow.get("sourceRef"), "outgoing", key)
        self._forget(flow.get("targetRef"), "incoming", key)
        if source is not None and source.get("default") == key:
            del source.attrib["default"]
        self.canvas.erase(key)
        remove(flow)

    def drop_node(self, node: Element) -> None:
        """Take a node away with its flows and what stands inside it."""
        key, scope = node.get("id"), node.getparent()
        for flow in self.flows(scope):
            if key in (flow.get("sourceRef"), flow.get("targetRef")):
                self.drop_flow(flow)
        for arrow in list(scope.iterchildren(bpmn("association"))):
            if key in (arrow.get("sourceRef"), arrow.get("targetRef")):
                self.canvas.erase(arrow.get("id"))
                remove(arrow)
        for reference in [found for found in self.root.iter(bpmn("flowNodeRef")) if text_of(found) == key]:
            remove(reference)
        for inner in node.iter("*"):
            if inner.get("id"):
                self.canvas.erase(inner.get("id"))
        remove(node)

    def flows(self, scope: Element) -> list[Element]:
        """Sequence flows of one scope."""
        return list(scope.iterchildren(bpmn("sequenceFlow")))

    def leaving(self, node: Element) -> list[Element]:
        """Flows that begin at `node`, in the order in which they are tried."""
        found = {
            flow.get("id"): flow for flow in self.flows(node.getparent()) if flow.get("sourceRef") == node.get("id")
        }
        listed = [text_of(child) for child in node.iterchildren(bpmn("outgoing"))]
        return [found[key] for key in listed if key] if sorted(map(str, listed)) == sorted(found) else [*found.values()]

    def coming(self, node: Element) -> list[Element]:
        """Flows that lead to `node`."""
        return [flow for flow in self.flows(node.getparent()) if flow.get("targetRef") == node.get("id")]

    def order(self, node: Element, flows: list[Element]) -> None:
        """Let conditions be tried in this order."""
        for child in list(node.iterchildren(bpmn("outgoing"))):
            remove(child)
        for flow in flows:
            self._tell(node.get("id"), "outgoing", flow.get("id"), always=True)

    def sweep(self, scope: Element) -> list[str]:
        """Take away what nothing leads to any more; the ids of those nodes."""
        nodes = {node.get("id"): node for node in scope.iterchildren("*") if local_name(node) in FLOW_NODES}
        todo = [key for key, node in nodes.items() if local_name(node) == "startEvent"]
        reached = set(todo)
        while todo:
            key = todo.pop()
            hosted = [other for other, node in nodes.items() if node.get("attachedToRef") == key]
            ahead = [flow.get("targetRef") for flow in self.flows(scope) if flow.get("sourceRef") == key]
            todo.extend(found for found in (*hosted, *ahead) if found not in reached)
            reached.update(hosted, ahead)
        gone = [key for key in nodes if key not in reached]
        for key in gone:
            self.drop_node(nodes[key])
        return gone

    def same_lane(self, key: str, like: str) -> None:
        """Put a new node into the lane of another."""
        for reference in self.root.iter(bpmn("flowNodeRef")):
            if text_of(reference) == like:
                made = same_prefix(reference, "flowNodeRef")
                made.text = key
                insert(reference.getparent(), reference.getparent().index(reference) + 1, made)
                return

    def extended(self, owner: Element) -> Element:
        """Its extensionElements, made when there are none."""
        return extensions(owner)

    # ------------------------------------------------------------ ends

    def _known(self, key: str | None) -> Element | None:
        return next((found for found in self.root.iter("*") if found.get("id") == key), None)

    def _tell(self, node_id: str | None, word: str, flow_id: str, always: bool = False) -> None:
        """List `flow_id` at the node; a node of another tool that lists none of its flows stays so."""
        node = self._known(node_id)
        if node is None:
            return
        listed = list(node.iterchildren(bpmn(word)))
        end = "sourceRef" if word == "outgoing" else "targetRef"
        others = [
            flow for flow in self.flows(node.getparent()) if flow.get(end) == node_id and flow.get("id") != flow_id
        ]
        if not always and len(listed) < len(others):
            return
        made = same_prefix(node, word)
        made.text = flow_id
        before = {*_BEFORE_ENDS, "incoming"} | ({"outgoing"} if word == "outgoing" else set())
        children = list(node)
        place = max((index + 1 for index, child in enumerate(children)
                     if isinstance(child.tag, str) and local_name(child) in before), default=0)  # fmt: skip
        insert(node, place, made)

    def _forget(self, node_id: str | None, word: str, flow_id: str) -> None:
        node = self._known(node_id)
        for child in list(node.iterchildren(bpmn(word))) if node is not None else []:
            if text_of(child) == flow_id:
                remove(child)
