"""SpiffWorkflow: Python expressions and scripts, service task operators, pre- and post-scripts, form files."""

import re

from engine.bpmn.imports import python
from engine.bpmn.imports.expressions import Feel, Uncertain
from engine.bpmn.imports.report import Collector
from engine.bpmn.imports.tidy import shown_word
from engine.bpmn.imports.writing import bpmn, bpmn_elements, extension, insert, new, remove
from engine.bpmn.parser.xml import Element, local_name, text_of
from engine.errors import N_

NAMESPACE = "http://spiffworkflow.org/bpmn/schema/1.0/core"

_OPERATION = N_("Choose a service operation in its properties and map its results.")
_SCRIPT = N_("Only FEEL is executed: write it as FEEL, or call an operation.")
_FORM = N_("Build the form in the designer and choose it in the task.")
_RESULT = N_("The whole answer went into '{variable}'; here each result has a name: map what is needed.")
_DECIDED = N_("The results went into variables of their own; now they are in '{variable}'.")
_PAYLOAD = N_("Map what the message carries in the inputs and outputs of the event.")
_FORMULAS = frozenset(("conditionExpression", "condition", "completionCondition", "loopCardinality", "loopCondition"))
_TIMERS = frozenset(("timeDate", "timeDuration", "timeCycle"))
_LITERAL = re.compile(r"P\d|PT\d|R\d*/|\d{4}-")
"""How durations, cycles and dates begin that stand there without quotes."""
_MESSAGES = frozenset(
    ("messagePayload", "messageVariable", "processVariableCorrelation", "payloadExpression", "variableName")
)


class SpiffWorkflow:
    """`spiffworkflow:`, and the Python of its expressions."""

    def __init__(self, report: Collector) -> None:
        self.report = report
        self.told: set[tuple[Element, str]] = set()

    def translate(self, root: Element) -> set[tuple[Element, str]]:
        """Rewrite every element; what has been said about a word that stays: (owner, word)."""
        for element in list(bpmn_elements(root)):
            tag = local_name(element)
            if tag in _FORMULAS or tag in _TIMERS:
                self._expression(element, timer=tag in _TIMERS)
            elif tag == "scriptTask":
                self._script_task(element)
            for word in element.findall(f"{bpmn('extensionElements')}/{{{NAMESPACE}}}*"):
                self._word(element, tag, word)
        return self.told

    def _expression(self, element: Element, timer: bool) -> None:
        text = text_of(element)
        if text is None or text.startswith("=") or (timer and _LITERAL.match(text)):
            return
        owner = element.getparent()
        literal = python.literal_text(text) if timer else None
        if literal is not None:
            element.text = literal
            self.report.translated(owner, text, literal)
            return
        try:
            feel = python.translate(text)
        except Uncertain as why:
            self.report.uncertain(owner, text, why)
            return
        element.text = feel.slot
        self.report.expression(owner, text, feel)

    def _script_task(self, task: Element) -> None:
        script = task.find(bpmn("script"))
        text = text_of(script)
        if text is None or (task.get("scriptFormat") or "python").lower() not in ("python", "text/python"):
            return
        try:
            lines = python.assignments(text)
        except Uncertain as why:
            self.report.uncertain(task, text, why)
            return
        if len(lines) == 1:
            name, feel = lines[0]
            extension(task, "zeebe:script", expression=feel.slot, resultVariable=name)
        else:
            # a context sees its entries in order, as the lines of the script see theirs
            if len({name for name, _ in lines}) != len(lines) or not lines:
                self.report.decide(task, f"script: {text}", _SCRIPT)
                return
            entries = ", ".join(f"{name}: {feel.text}" for name, feel in lines)
            extension(task, "zeebe:script", expression=f"= {{{entries}}}", resultVariable="script_result")
            for name, _ in lines:
                self._line(task, "output", f"= script_result.{name}", name)
        self.report.translated(task, text, "; ".join(f"{name} = {feel.text}" for name, feel in lines))
        remove(script)
        task.attrib.pop("scriptFormat", None)

    def _word(self, owner: Element, tag: str, word: Element) -> None:
        match local_name(word):
            case "serviceTaskOperator" if tag == "serviceTask" and word.get("id"):
                self._operator(owner, word)
            case "preScript" | "postScript" as name:
                self._around(owner, word, "input" if name == "preScript" else "output")
            case "calledDecisionId" if tag == "businessRuleTask" and text_of(word):
                key = text_of(word) or ""
                extension(owner, "zeebe:calledDecision", decisionId=key, resultVariable="decision_result")
                self.report.approximated(
                    owner, f"calledDecisionId {key}", f'zeebe:calledDecision decisionId="{key}"', _DECIDED,
                    variable="decision_result",
                )  # fmt: skip
                remove(word)
            case "properties":
                for line in word.iterchildren("*"):
                    if line.get("name") == "formJsonSchemaFilename":
                        self._decide(owner, word, f'formJsonSchemaFilename "{line.get("value")}"', _FORM)
            case name if name in _MESSAGES:
                self._decide(owner, word, f"{name} {text_of(word) or ''}", _PAYLOAD)
            case _:
                pass

    def _operator(self, task: Element, word: Element) -> None:
        """An operation with its parameters; each value is a Python expression."""
        key, variable = word.get("id"), word.get("resultVariable")
        extension(task, "zeebe:taskDefinition", type=key)
        self.report.approximated(task, shown_word(word), f'zeebe:taskDefinition type="{key}"', _OPERATION)
        complete = True
        for parameter in list(word.iter(f"{{{NAMESPACE}}}parameter")):
            name, text = parameter.get("id"), parameter.get("value")
            if not name or text is None:
                continue
            try:
                feel = python.translate(text)
            except Uncertain as why:
                self.report.uncertain(task, f"{name}: {text}", why)
                complete = False
                continue
            self._line(task, "input", feel.slot, name)
            self.report.translated(task, f"{name}: {text}", f"{name}: {feel.slot}")
            remove(parameter)
        if variable:
            self._decide(task, word, shown_word(word), _RESULT, variable=variable)
        elif complete:
            remove(word)

    def _around(self, owner: Element, word: Element, direction: str) -> None:
        """Assignments before a task are its inputs; those after it its outputs."""
        text = text_of(word)
        if text is None:
            remove(word)
            return
        try:
            lines: list[tuple[str, Feel]] = python.assignments(text)
        except Uncertain as why:
            self.report.uncertain(owner, f"{local_name(word)}: {text}", why)
            self.told.add((owner, word.tag))
            return
        for name, feel in lines:
            self._line(owner, direction, feel.slot, name)
        hint = (
            N_("What it sets was seen by the tasks behind it too; now only by this one.") if direction == "input"
            else N_("With an output mapping only the mapped results leave the task.")
        )  # fmt: skip
        now = "; ".join(f"{name} = {feel.text}" for name, feel in lines)
        self.report.approximated(owner, f"{local_name(word)}: {text}", now, hint)
        remove(word)

    def _line(self, owner: Element, direction: str, source: str, target: str) -> None:
        lines = extension(owner, "zeebe:ioMapping")
        insert(lines, len(lines), new(f"zeebe:{direction}", {"source": source, "target": target}))

    def _decide(self, owner: Element, word: Element, found: str, hint: str, **facts: object) -> None:
        self.report.decide(owner, found, hint, **facts)
        self.told.add((owner, word.tag))
