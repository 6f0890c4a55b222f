"""What the flows of a process ask about: an approval after which a rejection goes on by them; else it is the end."""

from engine import feel
from engine.bpmn.model import Process
from engine.feel import nodes as n
from engine.feel import trees


def asked_about(process: Process) -> frozenset[str]:
    """The elements of which a condition reads something that was decided there, `approval.x`."""
    texts = {flow.condition for scope in process.all_scopes() for flow in scope.flows if flow.condition is not None}
    return frozenset(name for text in texts for name in read_in(text))


def read_in(text: str) -> list[str]:
    """The elements of which one condition reads that, as it is run; none of what is no expression."""
    try:
        tree = feel.compile(text.strip().removeprefix("=").strip()).tree
    except feel.FeelSyntaxError:  # the compiler says so
        return []
    return [
        part.name for part in trees.every(tree)
        if isinstance(part, n.Path) and isinstance(part.source, n.Name) and part.source.name == "approval"
    ]  # fmt: skip
