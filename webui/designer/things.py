"""The parts of a form, a file of decisions or a drawing, whichever it is."""

from webui.designer import elements
from webui.designer.changes import NotComparable, Thing
from webui.designer.form_things import form_things
from webui.designer.table_things import table_things


def things(path: str, content: bytes) -> dict[str, Thing]:
    """By id, in the order of the file. Raises NotComparable."""
    return form_things(content) if path.endswith(".json") else table_things(content, path)


def named(path: str, content: bytes) -> dict[str, str]:
    """What each part is called, by id; of forms and tables those without a name, and of what cannot be read, are left
    out.
    """
    if path.endswith(".bpmn"):
        return elements.names(content)
    try:
        return {key: thing.name for key, thing in things(path, content).items() if thing.name}
    except NotComparable:
        return {}
