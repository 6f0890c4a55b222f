"""SpiffWorkflow 3.2 as its documentation runs it: parser, executor, JSON serialiser."""

import time
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer import DEFAULT_CONFIG
from SpiffWorkflow.util.task import TaskState

from benchmarks.drawings import MINI_SPIFF


class _Services(TaskDataEnvironment):
    def call_service(self, context: Any, operation_name: str, operation_params: Any) -> str:
        return '{"touched": true}'


def milliseconds(xml: str, variables: dict[str, Any]) -> float:
    """CPU of one instance of process `p`, from the parsed drawing to its end."""
    parser = SpiffBpmnParser()
    parser.add_bpmn_str(xml.encode())
    workflow_of = parser.get_spec("p")
    began = time.process_time()
    workflow = BpmnWorkflow(workflow_of, script_engine=PythonScriptEngine())
    next(iter(workflow.get_tasks(state=TaskState.READY))).data.update(variables)
    workflow.do_engine_steps()
    if not workflow.is_completed():
        raise RuntimeError("it stops without an end")
    return (time.process_time() - began) * 1000


class Peer:
    """The mini process in Spiff's dialect (its conditions are Python)."""

    def __init__(self) -> None:
        parser = SpiffBpmnParser()
        parser.add_bpmn_str(MINI_SPIFF)
        self.spec = parser.get_spec("mini")
        self.scripts = PythonScriptEngine(environment=_Services())
        self.serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(DEFAULT_CONFIG))

    def start(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Run to the user task; the state as a dict."""
        workflow = BpmnWorkflow(self.spec, script_engine=self.scripts)
        next(iter(workflow.get_tasks(state=TaskState.READY))).data.update(variables)
        workflow.do_engine_steps()
        return self.serializer.to_dict(workflow)

    def complete(self, state: dict[str, Any]) -> dict[str, Any]:
        """Restore, complete the user task, run to the end; the state as a dict."""
        workflow = self.serializer.from_dict(state)
        workflow.script_engine = self.scripts
        next(iter(workflow.get_tasks(state=TaskState.READY, manual=True))).run()
        workflow.do_engine_steps()
        assert workflow.is_completed()
        return self.serializer.to_dict(workflow)
