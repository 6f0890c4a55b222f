"""Global tasks: what stands beside the processes of a file and is called becomes a process of one node (10.3.6)."""

from typing import Any

from engine.bpmn.parser.xml import BPMN, Element, local_name

TASKS = {
    "globalTask": "task", "globalUserTask": "userTask", "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask", "globalBusinessRuleTask": "businessRuleTask",
}  # fmt: skip
"""Global tasks, and the task of a process that does the same."""
_OF_PROCESS = ("ioSpecification", "ioBinding", "supportedInterfaceRef")
_RENAMED = {"scriptLanguage": "scriptFormat"}


def unfold(root: Element) -> frozenset[str]:
    """Put an executable process with that one task in the place of each global task; their ids.

    Process and task both have the id of the global task. What it takes and gives is the process's, all else the task's.
    """
    found = []
    for element in list(root.iterchildren(*(f"{{{BPMN}}}{name}" for name in TASKS))):
        key = element.get("id")
        if key is None:
            continue  # nothing can call it; `refusals` says so
        shared = {"id": key, **({"name": element.get("name")} if element.get("name") else {})}
        process = _made(element, "process", {**shared, "isExecutable": "true"})
        task = _made(element, TASKS[local_name(element)], shared)
        for name, value in element.attrib.items():
            task.set(_RENAMED.get(name, name), value)
        for child in list(element):
            (process if local_name(child) in _OF_PROCESS else task).append(child)
        process.append(task)
        root.replace(element, process)
        found.append(key)
    return frozenset(found)


def _made(source: Element, tag: str, attributes: dict[str, Any]) -> Element:
    made: Element = source.makeelement(f"{{{BPMN}}}{tag}", attributes, nsmap=source.nsmap)
    made.sourceline = source.sourceline
    return made
