"""What BPMN demands of data: inputs, outputs, their sets, and what messages and operations carry."""

from collections.abc import Iterator

from engine.bpmn.parser.constraints.drawing import Drawing, Violation, children, constraint, is_set, named, tag
from engine.bpmn.parser.xml import Element, local_name, local_ref
from engine.errors import N_
from engine.findings import Level

SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")


def _collection(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a data object for one invoice whose item is a list. Right: both say the same."""
    for data in drawing.all("dataObject", "dataInput", "dataOutput"):
        item = drawing.get(data.get("itemSubjectRef"), "itemDefinition")
        if item is not None and is_set(data, "isCollection") is not is_set(item, "isCollection"):
            yield Violation(
                data, N_("'{element}' and its item definition '{item}' do not agree whether it is a list."),
                N_("Set isCollection at both, or at neither."), {"item": item.get("id")},
            )  # fmt: skip


def _sub_processes(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: data inputs of a sub-process. Right: what is inside sees the data around it."""
    for scope in drawing.all(*SUB_PROCESSES):
        if children(scope, "ioSpecification"):
            yield Violation(
                scope, N_("Sub-process '{element}' has data inputs or outputs of its own, which BPMN does not allow."),
                N_("Use data objects; what is inside sees the data around it."),
            )  # fmt: skip


def _sets(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a data input in no set. Right: sets name every input, and what is optional among them."""
    for held, refs, optional, late, others, back in (
        ("inputSet", "dataInputRefs", "optionalInputRefs", "whileExecutingInputRefs", "outputSetRefs", "inputSetRefs"),
        ("outputSet", "dataOutputRefs", "optionalOutputRefs", "whileExecutingOutputRefs", "inputSetRefs",
         "outputSetRefs"),
    ):  # fmt: skip
        for group in drawing.all(held):
            outside = {*named(group, optional), *named(group, late)} - set(named(group, refs))
            unanswered = [
                ref for ref in named(group, others)
                if (other := drawing.get(ref)) is None or group.get("id") not in named(other, back)
            ]  # fmt: skip
            for ref in sorted(outside) + unanswered:
                yield Violation(
                    group, N_("A set of '{element}' names '{ref}' in one place, but not where it belongs."),
                    N_("Name it in the set itself, or in the set on the other side."), {"ref": ref},
                )  # fmt: skip


def _in_set(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a data output that no set names. Right: every one stands in a set."""
    for data, group, refs in (
        ("dataInput", "inputSet", "dataInputRefs"),
        ("dataOutput", "outputSet", "dataOutputRefs"),
    ):
        for element in drawing.all(data):
            holder = element.getparent()
            if not any(element.get("id") in named(found, refs) for found in children(holder, group)):
                yield Violation(
                    element, N_("No set of inputs or outputs names '{element}'."), N_("Name it in a set."),
                )  # fmt: skip


def _associations(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an arrow between data of two types. Right: one type, or a transformation."""
    for arrow in drawing.all("dataInputAssociation", "dataOutputAssociation"):
        if children(arrow, "transformation"):
            continue
        sources, targets = named(arrow, "sourceRef"), named(arrow, "targetRef")
        structures = {drawing.data_structure(ref) for ref in (*sources[:1], *targets[:1])} - {None}
        if len(sources) > 1 or len(structures) > 1:
            yield Violation(
                arrow, N_("Data association '{element}' connects data of different types, or more than two, without "
                          "saying how they become one."),
                N_("Give both ends the same item definition, or write a transformation."),
            )  # fmt: skip


def _unsourced(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an arrow from nowhere. Right: it names one source, or a transformation."""
    for arrow in drawing.all("dataInputAssociation", "dataOutputAssociation"):
        if not named(arrow, "sourceRef") and not children(arrow, "transformation"):
            yield Violation(
                arrow, N_("Data association '{element}' names no source."), N_("Draw it again from the data."),
            )  # fmt: skip


def _messages(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a send task with an input that its message does not carry. Right: one set, of the type of the message."""
    for name, held, group in (("sendTask", "dataInput", "inputSet"), ("receiveTask", "dataOutput", "outputSet")):
        for task in drawing.all(name):
            for holder in children(task, "ioSpecification"):
                message = drawing.get(task.get("messageRef"), "message")
                carried = drawing.structure(message.get("itemRef")) if message is not None else None
                types = [drawing.structure(found.get("itemSubjectRef")) for found in children(holder, held)]
                many = message is not None and max(len(types), len(children(holder, group))) > 1
                if many or (types and (carried is None or carried not in types)):
                    yield _unlike(task)


def _operations(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a service task with another input than its operation takes. Right: one set each, of the same types."""
    for task in drawing.all("serviceTask"):
        if task.get("operationRef") is None:
            continue
        operation = drawing.get(task.get("operationRef"), "operation")
        holder = task.find(tag("ioSpecification"))
        if holder is None or len(children(holder, "inputSet")) != 1 or len(children(holder, "outputSet")) > 1:
            yield _unlike(task)
        elif operation is not None:
            given = [drawing.structure(data.get("itemSubjectRef")) for data in children(holder, "dataInput")]
            taken = [drawing.structure(data.get("itemSubjectRef")) for data in children(holder, "dataOutput")]
            result = _carried(drawing, operation, "outMessageRef")
            answers = bool(named(operation, "outMessageRef"))
            if (given and _carried(drawing, operation, "inMessageRef") not in given) or (
                answers and result not in taken
            ):
                yield _unlike(task)


def _carried(drawing: Drawing, operation: Element, which: str) -> str | None:
    message = next((drawing.get(ref, "message") for ref in named(operation, which)), None)
    return drawing.structure(message.get("itemRef")) if message is not None else None


def _unlike(task: Element) -> Violation:
    return Violation(
        task, N_("The data of '{element}' are not those of the message or operation that it names."),
        N_("Give it one set with one input or output of the same item definition."),
    )  # fmt: skip


def _calls(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a call that gives two inputs to a process with one. Right: exactly those of what is called."""
    for call in drawing.all("callActivity"):
        called = drawing.get(call.get("calledElement"))
        if called is not None and _interface(drawing, call) != _interface(drawing, called):
            yield Violation(
                call, N_("The data inputs and outputs of '{element}' are not those of '{called}', which it calls."),
                N_("Draw the same inputs and outputs at both."), {"called": called.get("id")},
            )  # fmt: skip


def _interface(drawing: Drawing, element: Element) -> list[tuple[str, list[str], int, int]]:
    """Per side: the types of the data, the number of sets, and of what these name."""
    holders = children(element, "ioSpecification")
    found = []
    for side in ("Input", "Output"):
        data = [each for holder in holders for each in children(holder, f"data{side}")]
        groups = [each for holder in holders for each in children(holder, f"{side.lower()}Set")]
        types = sorted(drawing.structure(each.get("itemSubjectRef")) or "" for each in data)
        found.append((side, types, len(groups), sum(len(named(group, f"data{side}Refs")) for group in groups)))
    return found


def _bindings(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a process offered as a service without binding. Right: each operation binds one input and one output."""
    for service in drawing.all("process", "globalTask", "globalUserTask", "globalManualTask", "globalScriptTask",
                               "globalBusinessRuleTask"):  # fmt: skip
        bindings = children(service, "ioBinding")
        if not children(service, "supportedInterfaceRef"):
            continue
        if not bindings or not all(_binds(drawing, binding) for binding in bindings):
            yield Violation(
                service, N_("'{element}' is offered as a service, but not each of its operations is "
                            "bound to one of its "
                            "inputs and outputs of the same type."),
                N_("Bind each operation, or remove the interface."),
            )  # fmt: skip


def _binds(drawing: Drawing, binding: Element) -> bool:
    operation = drawing.get(binding.get("operationRef"), "operation")
    if operation is None:
        return ":" in (binding.get("operationRef") or "")
    return all(
        (data := drawing.get(local_ref(binding.get(ref)))) is not None
        and drawing.structure(data.get("itemSubjectRef")) == _carried(drawing, operation, message)
        for ref, message in (("inputDataRef", "inMessageRef"), ("outputDataRef", "outMessageRef"))
    )  # fmt: skip


def _formal(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: a condition that is only text. Right: `xsi:type="tFormalExpression"` says that it is to be evaluated."""
    for element in drawing.all(*EXPRESSIONS):
        if drawing.executable(element) and local_ref(element.get(_TYPE)) != "tFormalExpression":
            yield Violation(
                element, N_("The {word} of '{element}' is not marked as a formal expression."),
                N_("It is evaluated here all the same; other products want xsi:type=\"tFormalExpression\"."),
                {"word": local_name(element)},
            )  # fmt: skip


def _empty(drawing: Drawing) -> Iterator[Violation]:
    """Wrong: an expression without text. Right: it says something."""
    for element in drawing.all(*EXPRESSIONS, "dataPath", "messagePath", "transformation"):
        always = local_name(element) in ("dataPath", "messagePath", "transformation") or _of_behavior(element)
        formal = always or local_ref(element.get(_TYPE)) == "tFormalExpression"
        if formal and not "".join(element.itertext()).strip():
            yield Violation(
                element, N_("The {word} of '{element}' is empty."), N_("Write the expression."),
                {"word": local_name(element)},
            )  # fmt: skip


def _of_behavior(element: Element) -> bool:
    return local_name(element.getparent()) == "complexBehaviorDefinition"


EXPRESSIONS = (
    "conditionExpression", "condition", "completionCondition", "activationCondition", "loopCondition",
    "loopCardinality", "timeDate", "timeDuration", "timeCycle", "from", "to",
)  # fmt: skip
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

RULES = (
    constraint("standard-collection", Level.WARN)(_collection),
    constraint("standard-sub-process-data", Level.WARN, "io-specification-not-executed")(_sub_processes),
    constraint("standard-data-set", Level.WARN)(_sets),
    constraint("standard-data-in-set", None)(_in_set),
    constraint("standard-data-association", Level.WARN)(_associations),
    constraint("standard-data-source", None)(_unsourced),
    constraint("standard-message-data", Level.WARN)(_messages),
    constraint("standard-operation-data", Level.WARN)(_operations),
    constraint("standard-call-data", Level.WARN)(_calls),
    constraint("standard-binding", Level.WARN)(_bindings),
    constraint("standard-formal-expression", None)(_formal),
    constraint("standard-expression-empty", Level.WARN, "condition-missing", "timer-empty")(_empty),
)  # fmt: skip
