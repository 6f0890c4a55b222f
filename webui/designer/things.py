"""The parts of a form or of a file of decisions, whichever it is."""

from webui.designer.changes import NotComparable, Thing
from webui.designer.form_things import form_things
from webui.designer.table_things import table_things


def things(path: str, content: bytes) -> dict[str, Thing]:
    """By id, in the order of the file. Raises NotComparable."""
    return form_things(content) if path.endswith(".json") else table_things(content, path)


def named(path: str, content: bytes) -> dict[str, str]:
    """What each part is called, by id; those without a name, and of what cannot be read, are left out."""
    try:
        return {key: thing.name for key, thing in things(path, content).items() if thing.name}
    except NotComparable:
        return {}
