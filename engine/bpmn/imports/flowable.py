"""Flowable and Activiti: built-in task types, variables that a called process inherits, skipped tasks."""

from engine.bpmn.imports.activiti import OPERATION, Activiti
from engine.bpmn.imports.writing import extension
from engine.bpmn.parser.xml import Element, local_name
from engine.errors import N_

FLOWABLE = "http://flowable.org/bpmn"
ACTIVITI = frozenset(("http://activiti.org/bpmn", "http://activiti.com/modeler", "http://www.activiti.org/bpmn"))

_SUGGESTED = {
    "mail": N_("Choose the operation notification.mail and map its inputs."),
    "http": N_("Ask for an operation that calls this address, then choose it."),
    "dmn": N_("Use a business rule task and choose the decision."),
    "shell": OPERATION,
}


class Flowable(Activiti):
    """`flowable:` and `activiti:`."""

    def user_task(self, task: Element) -> None:
        """As in Activiti; a task that may be skipped is a gateway here."""
        self._skip(task)
        super().user_task(task)

    def job_task(self, task: Element) -> None:
        """Built-in types have a counterpart that a person chooses."""
        self._skip(task)
        kind = self._get(task, "type")
        if kind in _SUGGESTED:
            fields = ", ".join(word.get("name") or "?" for word in self._words(task, "field"))
            self.report.decide(task, f'{self.prefix}:type="{kind}" ({fields})', _SUGGESTED[kind])
            self._tell(task, "type")
            self.told.update((task, word.tag) for word in self._words(task, "field"))
        else:
            super().job_task(task)

    def call_activity(self, call: Element) -> None:
        """`inheritVariables` passes everything in."""
        inherits = self._get(call, "inheritVariables") == "true"
        super().call_activity(call)
        if inherits and call.get("calledElement") is None:
            extension(call, "zeebe:calledElement", propagateAllParentVariables="true")
            self.report.translated(call, self._shown(call, "inheritVariables"), 'propagateAllParentVariables="true"')
            self._drop(call, "inheritVariables")

    def _skip(self, task: Element) -> None:
        if self._get(task, "skipExpression") is not None and local_name(task) != "callActivity":
            self._decide(task, "skipExpression", N_("Draw an exclusive gateway that leads past the task."))
