"""Camunda 7: decisions, forms by reference, decided bindings. The rest is what Activiti had: `activiti.py`."""

from engine.bpmn.imports.activiti import FORM, Activiti
from engine.bpmn.imports.expressions import Uncertain
from engine.bpmn.imports.report import Collector
from engine.bpmn.imports.writing import extension
from engine.bpmn.parser.xml import Element
from engine.errors import N_

NAMESPACES = frozenset(
    ("http://camunda.org/schema/1.0/bpmn", "http://www.camunda.com/fox", "http://operaton.org/schema/1.0/bpmn")
)
"""Its own, that of its first releases, and that of the fork that goes on."""

_SINGLE = frozenset(("singleEntry", "singleResult"))
_SEVERAL = N_("Every match used to be a list of contexts; now it is what the hit policy of the table gives.")
_DEPLOYED = "camunda-forms:deployment:"


class Camunda7(Activiti):
    """`camunda:` and `fox:`."""

    def __init__(self, report: Collector) -> None:
        super().__init__(NAMESPACES, "camunda", report)

    def job_task(self, task: Element) -> None:
        """A decision, else as in Activiti."""
        key = self._get(task, "decisionRef")
        if key is None:
            super().job_task(task)
            return
        try:
            target = self._slot(key)
        except Uncertain as why:
            self.report.uncertain(task, self._shown(task, "decisionRef"), why)
            self._tell(task, "decisionRef")
            return
        known, binding, tag = self._binding(task, "decisionRef")
        if not known:
            self._decide(task, "decisionRefBinding", N_("Choose which version is called."))
        result = self._get(task, "resultVariable")
        extension(
            task, "zeebe:calledDecision", decisionId=target, resultVariable=result or "decision_result",
            bindingType=binding, versionTag=tag,
        )  # fmt: skip
        now = f'zeebe:calledDecision decisionId="{target}" resultVariable="{result or "decision_result"}"'
        exact = result is not None and self._get(task, "mapDecisionResult") in _SINGLE
        self._say(task, self._shown(task, "decisionRef"), now, () if exact else (_SEVERAL,))
        self._drop(task, "decisionRef", "resultVariable", "mapDecisionResult")

    def form(self, owner: Element) -> None:
        """`formRef`, or a form that was deployed beside the drawing."""
        key = self._get(owner, "formKey") or ""
        reference = self._get(owner, "formRef")
        if reference is not None:
            binding = self._get(owner, "formRefBinding") or "latest"
            if binding == "version":
                self._decide(owner, "formRef", FORM)
                return
            self._move(owner, "formRef", "zeebe:formDefinition", "formId", hint=FORM)
            if self._get(owner, "formRef") is None:
                if binding == "deployment":
                    extension(owner, "zeebe:formDefinition", bindingType=binding)
                self._drop(owner, "formRefBinding")
        elif key.startswith(_DEPLOYED):
            stem = key.removeprefix(_DEPLOYED).rpartition("/")[2].partition(".")[0]
            self._replace(owner, "formKey", "zeebe:formDefinition", "formId", stem, hint=FORM)
        else:
            super().form(owner)
