"""SpiffWorkflow's parser through its own hooks: two passes, no recursion along flows, and nothing is dropped.

The stock parser walks from start events only, sorts by position, loses flow ids, several event kinds and attributes,
and stops at the first surprise. These subclasses parse every direct child in document order, connect the flows
afterwards, and keep what the library drops in a `Node` beside its task spec.
"""

from collections.abc import Callable
from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec

from engine.bpmn.model import (
    EVENTS,
    FLOW_NODES,
    SCOPES,
    AdHoc,
    DataItem,
    Definition,
    EventDefinition,
    Extensions,
    Flow,
    Loop,
    Node,
    Process,
    Scope,
    Script,
    Timer,
)
from engine.bpmn.parser.data import INWARD, OUTWARD, DataReader
from engine.bpmn.parser.extensions import Reader
from engine.bpmn.parser.globals import unfold
from engine.bpmn.parser.structure import FEEL_LANGUAGES
from engine.bpmn.parser.xml import BPMN, Element, local_name, local_ref, namespace, text_of
from engine.errors import N_
from engine.findings import Finding, Level

TRUE = ("true", "1")  # xsd:boolean


class DrawnSpec(BpmnTaskSpec):  # type: ignore[misc]
    """A task spec that carries everything that was drawn."""

    drawn: Node


class FlowNodeParser(TaskParser):  # type: ignore[misc]
    """Builds one node and leaves its neighbours to the process parser."""

    @property
    def bpmn_attributes(self) -> dict[str, Any]:
        return {
            "description": local_name(self.node),
            "lane": self.lane,
            "bpmn_name": self.node.get("name"),
            "documentation": text_of(self.node.find(full_tag("documentation"))),
        }

    def parse_extensions(self, node: Element = None) -> Extensions:
        return self.process_parser.parser.reader.read(self.node if node is None else node)  # type: ignore[no-any-return]

    def parse_node(self) -> DrawnSpec:
        element = self.node
        self.task = DrawnSpec(self.spec, self.bpmn_id, **self.bpmn_attributes)
        self.task.extensions = self.parse_extensions()
        get = element.get
        self.task.drawn = drawn = Node(
            id=self.bpmn_id,
            type=local_name(element),
            name=get("name") or "",
            line=element.sourceline,
            scope=self.process_parser.bpmn_id,
            default=get("default"),
            events=self.process_parser.parser.event_definitions(element),
            attached_to=get("attachedToRef"),
            interrupting=get("cancelActivity", get("isInterrupting", "true")) in TRUE,
            together=get("parallelMultiple") in TRUE or get("eventGatewayType") == "Parallel",
            activation=text_of(element.find(full_tag("activationCondition"))),
            called_element=get("calledElement"),
            script=text_of(element.find(full_tag("script"))),
            script_format=get("scriptFormat"),
            message=self.process_parser.parser.message_of(element),
            instantiate=get("instantiate") in TRUE,
            for_compensation=get("isForCompensation") in TRUE,
            start_quantity=get("startQuantity", "1"),
            completion_quantity=get("completionQuantity", "1"),
            method=get("method", "##Compensate"),
            associated=self.process_parser.parser.associated(self.bpmn_id),
            triggered_by_event=get("triggeredByEvent") in TRUE,
            documentation=self.task.documentation or "",
            lane=self.lane,
            loop=self.process_parser.parser.loop_of(element),
            ad_hoc=_ad_hoc(element),
            data=self.process_parser.parser.data.of_node(element),
            data_in=self.process_parser.parser.data.associations(element, INWARD),
            data_out=self.process_parser.parser.data.associations(element, OUTWARD),
            extensions=self.task.extensions,
        )
        name_result(drawn, drawn.data)
        if drawn.type in SCOPES:
            drawn.inner = self.process_parser.parser.parse_inner(element, self.filename)
        return self.task


class ScopeParser(ProcessParser):  # type: ignore[misc]
    """A process or sub-process: nodes first, then the flows between them."""

    def create_spec(self) -> BpmnProcessSpec:
        spec = BpmnProcessSpec(name=self.bpmn_id, description=self.get_name(), filename=self.filename)
        spec.task_specs.clear()  # its own `Start` and `End` would take the place of elements with these ids
        return spec

    def _parse(self) -> None:
        self.spec = self.create_spec()
        self.scope = Scope(self.bpmn_id, data=self.parser.data.of_scope(self.node))
        self.add_tasks()

    def add_tasks(self) -> None:
        tags = self.parser.OVERRIDE_PARSER_CLASSES
        specs = {}
        for element in self.node.iterchildren("*"):
            if element.tag in tags:
                specs[element.get("id")] = self.parse_node(element)
        nodes = self.scope.nodes = {key: spec.drawn for key, spec in specs.items()}
        for number, element in enumerate(self.node.iterchildren(full_tag("sequenceFlow"))):
            self._connect(element, number, specs)
        for node in nodes.values():
            self._order_outgoing(node)
            if node.attached_to is not None and node.attached_to in nodes:
                nodes[node.attached_to].boundaries.append(node.id)

    def _connect(self, element: Element, number: int, specs: dict[str, DrawnSpec]) -> None:
        source, target = local_ref(element.get("sourceRef")), local_ref(element.get("targetRef"))
        condition, said = element.find(full_tag("conditionExpression")), self.parser.reader.read(element)
        flow = Flow(
            id=element.get("id") or f"{source}__{target}__{number}",
            source=source or "",
            target=target or "",
            name=element.get("name") or "",
            condition=text_of(condition),
            language=condition.get("language") if condition is not None else None,
            line=element.sourceline,
            labels=said.labels,
            translated=said.translated,
        )
        self.scope.flows.append(flow)
        if source not in specs or target not in specs:
            self.parser.report(
                Finding(
                    "flow-dangling", Level.ERROR, flow.id,
                    N_("Flow '{element}' leads from '{source}' to '{target}', but not both "
                       "stand in the scope '{scope}'."),
                    {"element": flow.id, "source": source, "target": target, "scope": self.bpmn_id},
                    N_("Draw the flow again inside one process or sub-process."),
                    line=flow.line, resource=self.filename or "",
                )
            )  # fmt: skip
            return
        specs[source].connect(specs[target])
        drawn = specs[source].drawn
        flow.is_default = drawn.default == flow.id
        drawn.outgoing.append(flow)
        specs[target].drawn.incoming.append(flow)

    def _order_outgoing(self, node: Node) -> None:
        """The order of <outgoing> is the order in which conditions are tried, when it names every flow."""
        element = self.nodes_by_id[node.id]
        listed = [local_ref(text_of(child)) for child in element.iterchildren(full_tag("outgoing"))]
        by_id = {flow.id: flow for flow in node.outgoing}
        if len(listed) == len(by_id) and set(listed) == set(by_id):
            node.outgoing = [by_id[flow] for flow in listed if flow is not None]


class DrawingParser(BpmnParser):  # type: ignore[misc]
    """One file -> Definition; collects findings and never stops at the first."""

    PROCESS_PARSER_CLASS = ScopeParser
    AD_HOC_PARSER_CLASS = ScopeParser
    OVERRIDE_PARSER_CLASSES = {full_tag(name): (FlowNodeParser, DrawnSpec) for name in FLOW_NODES}  # noqa: RUF012

    def __init__(self, resource: str, report: Callable[[Finding], None]) -> None:
        super().__init__()
        self.resource = resource
        self.report = report
        self.reader = Reader(resource, report)
        self.definition = Definition(resource)
        self._roots: dict[str, Element] = {}
        self._keys: dict[str, str | None] = {}
        self.data: DataReader
        self._associations: dict[str, list[str]] = {}

    def parse(self, root: Element) -> Definition:
        """Every process of the file; a global task becomes a process with one node."""
        tasks = unfold(root)
        for element in root.iterchildren("*"):
            if namespace(element) == BPMN and element.get("id"):
                self._roots[element.get("id")] = element
        self.data = DataReader(root, self.reader)
        for association in root.iter(full_tag("association")):
            source, target = (
                local_ref(association.get("sourceRef")) or "",
                local_ref(association.get("targetRef")) or "",
            )
            self._associations.setdefault(source, []).append(target)
            self._associations.setdefault(target, []).append(source)
        self._name_roots()
        self._add_diagram_indexes(root)
        self._add_processes(root, self.resource)
        pools = {local_ref(part.get("processRef")): part.get("name") for part in root.iter(full_tag("participant"))}
        for element in root.iterchildren(full_tag("process")):
            scope_parser = self.process_parsers[element.get("id")]
            scope_parser.get_spec()
            scope = scope_parser.scope
            self.definition.processes.append(
                Process(
                    id=scope.id, nodes=scope.nodes, flows=scope.flows, data=scope.data, name=element.get("name") or "",
                    executable=element.get("isExecutable") in TRUE, is_task=scope.id in tasks,
                    specified=any(item.kind in ("input", "output") for item in scope.data),
                    documentation=text_of(element.find(full_tag("documentation"))) or "",
                    line=element.sourceline, pool=pools.get(scope.id), extensions=self.reader.read(element),
                )
            )  # fmt: skip
        for process in self.definition.processes:
            if process.is_task:
                node = process.nodes[process.id]
                process.extensions.labels.update(node.labels)
                name_result(node, process.data)
        return self.definition

    def parse_inner(self, element: Element, filename: str | None) -> Scope:
        """The scope of a sub-process."""
        self.create_parser(element, filename)
        parser = self.process_parsers[element.get("id")]
        parser.get_spec()
        return parser.scope  # type: ignore[no-any-return]

    def event_definitions(self, owner: Element) -> list[EventDefinition]:
        """Direct children `*EventDefinition`, and those at the root that an `eventDefinitionRef` names."""
        return self._definitions(owner, owner) if local_name(owner) in EVENTS else []

    def _definitions(self, owner: Element, holder: Element) -> list[EventDefinition]:
        found = []
        for child in holder.iterchildren("*"):
            name = local_name(child)
            if name == "eventDefinitionRef":
                target = self._roots.get(local_ref(child.text) or "")
                if target is None:
                    self._unresolved(owner, child, name, child.text)
                else:
                    found.append(self._event_definition(owner, target))
            elif name.endswith("EventDefinition"):
                found.append(self._event_definition(owner, child))
        return found

    def associated(self, key: str) -> list[str]:
        """What associations connect with element `key`, in either direction."""
        return self._associations.get(key, [])

    def message_of(self, owner: Element) -> EventDefinition | None:
        """What a send or receive task is about."""
        if local_name(owner) not in ("sendTask", "receiveTask") or not owner.get("messageRef"):
            return None
        return self._event_definition(owner, owner, "message")

    def loop_of(self, owner: Element) -> Loop | None:
        """The loop marker of an activity."""
        standard = owner.find(full_tag("standardLoopCharacteristics"))
        if standard is not None:
            return Loop(
                "standard",
                condition=text_of(standard.find(full_tag("loopCondition"))),
                test_before=standard.get("testBefore") in ("true", "1"),
                maximum=standard.get("loopMaximum"),
                languages=_languages(standard),
                line=standard.sourceline,
            )
        multiple = owner.find(full_tag("multiInstanceLoopCharacteristics"))
        if multiple is None:
            return None
        found = Loop(
            "sequential" if multiple.get("isSequential") in ("true", "1") else "parallel",
            cardinality=text_of(multiple.find(full_tag("loopCardinality"))),
            completion=text_of(multiple.find(full_tag("completionCondition"))),
            behavior=multiple.get("behavior", "All"),
            languages=_languages(multiple),
            line=multiple.sourceline,
        )
        self._go_through(owner, multiple, found)
        found.events = self._behaviour(owner, multiple, found.behavior)
        return found

    # ------------------------------------------------------------ SpiffWorkflow's own reading that is too strict

    def _add_diagram_indexes(self, bpmn: Element) -> None:
        lanes: dict[str, str] = {}
        for reference in bpmn.iter(full_tag("flowNodeRef")):
            if reference.text:
                lanes[reference.text.strip()] = reference.getparent().get("name") or ""
        self.document_lanes[id(bpmn)] = lanes
        self.document_positions[id(bpmn)] = {}

    def _add_processes(self, bpmn: Element, filename: str | None = None) -> None:
        for process in bpmn.iterchildren(full_tag("process")):
            self.create_parser(process, filename)

    # ------------------------------------------------------------ loops

    def _go_through(self, owner: Element, marker: Element, loop: Loop) -> None:
        """The collection of a multi-instance activity: zeebe:loopCharacteristics, or the standard's own references."""
        given = self.reader.read(owner, marker).loop
        if given is not None:
            loop.collection, loop.item = given.collection, given.item
            loop.result, loop.element = given.result, given.element
            return
        source, target = marker.find(full_tag("loopDataInputRef")), marker.find(full_tag("loopDataOutputRef"))
        item, element = marker.find(full_tag("inputDataItem")), marker.find(full_tag("outputDataItem"))
        if source is not None:
            loop.collection = self._collection(owner, local_ref(source.text) or "")
            loop.item = self.data.name(item) if item is not None else None
        if target is not None and element is not None:
            loop.result = self._outside(owner, local_ref(target.text) or "")
            loop.element = self.data.name(element)

    def _collection(self, owner: Element, ref: str) -> str:
        """Where a data input of an activity comes from; any other data is a variable of its own."""
        for association in owner.iterchildren(full_tag("dataInputAssociation")):
            if local_ref(text_of(association.find(full_tag("targetRef")))) == ref:
                transformation = text_of(association.find(full_tag("transformation")))
                source = local_ref(text_of(association.find(full_tag("sourceRef"))))
                return transformation or self.data.variable(source or ref)
        return self.data.variable(ref)

    def _outside(self, owner: Element, ref: str) -> str:
        """Where a data output of an activity goes to."""
        for association in owner.iterchildren(full_tag("dataOutputAssociation")):
            if ref in [local_ref(text_of(part)) for part in association.iterchildren(full_tag("sourceRef"))]:
                return self.data.variable(local_ref(text_of(association.find(full_tag("targetRef")))) or ref)
        return self.data.variable(ref)

    def _behaviour(
        self, owner: Element, marker: Element, behavior: str
    ) -> list[tuple[str | None, EventDefinition]]:  # fmt: skip
        """What the completion of one child throws."""
        if behavior in ("None", "One"):
            attribute = f"{behavior.lower()}BehaviorEventRef"
            ref = local_ref(marker.get(attribute))
            if ref is None:
                return []
            target = self._roots.get(ref)
            if target is None:
                self._unresolved(owner, marker, attribute, ref)
                return []
            return [(None, self._event_definition(owner, target))]
        found: list[tuple[str | None, EventDefinition]] = []
        if behavior == "Complex":
            for definition in marker.iterchildren(full_tag("complexBehaviorDefinition")):
                condition = text_of(definition.find(full_tag("condition")))
                for event in definition.iterchildren(full_tag("event")):
                    found.extend((condition, thrown) for thrown in self._definitions(owner, event))
        return found

    # ------------------------------------------------------------ events

    def _name_roots(self) -> None:
        for key, element in self._roots.items():
            match local_name(element):
                case "message":
                    self.definition.messages[key] = element.get("name") or ""
                    self._keys[key] = self.reader.read(element).correlation_key
                case "signal":
                    self.definition.signals[key] = element.get("name") or ""
                case "error":
                    self.definition.errors[key] = element.get("errorCode") or element.get("name") or key
                case "escalation":
                    self.definition.escalations[key] = element.get("escalationCode") or element.get("name") or key

    def _event_definition(self, owner: Element, element: Element, kind: str | None = None) -> EventDefinition:
        kind = kind or local_name(element).removesuffix("EventDefinition")
        found = EventDefinition(kind, element.get("id"), line=element.sourceline)
        attribute = {"compensate": "activityRef"}.get(kind, f"{kind}Ref")
        found.ref = local_ref(element.get(attribute))
        match kind:
            case "message":
                found.name = self._named(owner, element, attribute, found.ref, self.definition.messages)
                found.correlation_key = self._keys.get(found.ref or "")
            case "signal":
                found.name = self._named(owner, element, attribute, found.ref, self.definition.signals)
            case "error":
                found.code = self._code(owner, element, attribute, found.ref, self.definition.errors)
            case "escalation":
                found.code = self._code(owner, element, attribute, found.ref, self.definition.escalations)
            case "link":
                found.name = element.get("name")
            case "conditional":
                found.condition = text_of(element.find(full_tag("condition")))
            case "timer":
                found.timer = self._timer(owner, element)
            case "compensate":
                found.wait = element.get("waitForCompletion", "true") in ("true", "1")
        return found

    def _timer(self, owner: Element, element: Element) -> Timer | None:
        for tag, kind in (("timeDate", "date"), ("timeDuration", "duration"), ("timeCycle", "cycle")):
            text = text_of(element.find(full_tag(tag)))
            if text is not None:
                return Timer(kind, text)
        self.report(
            Finding(
                "timer-empty", Level.ERROR, owner.get("id"),
                N_("Expected timer event '{element}' to have a date, a duration or a cycle, but it has none."),
                {"element": owner.get("id")}, N_("Enter one, e.g. P3D or R3/PT1H, or an expression after '='."),
                line=element.sourceline, resource=self.resource,
            )
        )  # fmt: skip
        return None

    def _named(
        self, owner: Element, element: Element, attribute: str, ref: str | None, known: dict[str, str]
    ) -> str | None:
        if ref is None or ref not in known:
            self._unresolved(owner, element, attribute, ref)
            return None
        if not known[ref]:
            self._unresolved(owner, element, "name", ref)
        return known[ref] or None

    def _code(
        self, owner: Element, element: Element, attribute: str, ref: str | None, known: dict[str, str | None]
    ) -> str | None:
        if ref is None:
            return None
        if ref not in known:
            self._unresolved(owner, element, attribute, ref)
        return known.get(ref)

    def _unresolved(self, owner: Element, element: Element, attribute: str, ref: str | None) -> None:
        self.report(
            Finding(
                "reference-unresolved" if ref else "reference-missing", Level.ERROR, owner.get("id"),
                N_("'{element}': expected {attribute} to name something that this file declares, found '{found}'."),
                {"element": owner.get("id"), "attribute": attribute, "found": ref or ""},
                N_("Choose the message, signal, error or escalation in the properties of the event, and name it."),
                line=element.sourceline, resource=self.resource,
            )
        )  # fmt: skip


def name_result(drawn: Node, data: list[DataItem]) -> None:
    """The result of a script in FEEL that names no variable is the one data output."""
    outputs = [item.name for item in data if item.kind == "output"]
    feel = (drawn.script_format or "-").lower() in FEEL_LANGUAGES
    if feel and drawn.script is not None and drawn.extensions.script is None and len(outputs) == 1:
        drawn.extensions.script = Script(drawn.script, outputs[0])


def _ad_hoc(element: Element) -> AdHoc | None:
    if local_name(element) != "adHocSubProcess":
        return None
    completion = element.find(full_tag("completionCondition"))
    return AdHoc(
        element.get("ordering", "Parallel"),
        element.get("cancelRemainingInstances", "true") in TRUE,
        text_of(completion),
        completion.get("language", "") if completion is not None else "",
    )


def _languages(marker: Element) -> list[str]:
    return [found for child in marker.iter("*") if (found := child.get("language")) is not None]
