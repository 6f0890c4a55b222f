"""Who somebody is, by the directory that the environment of the evaluation provides.

The directory has `belongs(person, department)` and `has_role(person, role)`, as `engine.identity.Directory`; what it
does not know is a NotFound.
"""

from typing import Any

from engine.errors import N_, NotFound
from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue


@builtin("belongs to(person: any, department: string) -> boolean", asks="people", extra=True)
def belongs_to(person: Any, department: str, *, run: Any) -> bool:
    """Whether somebody works in the department or in one below it."""
    return _asked(run, "belongs to", "belongs", person, department)


@builtin("has role(person: any, role: string) -> boolean", asks="people", extra=True)
def has_role(person: Any, role: str, *, run: Any) -> bool:
    """Whether somebody is in the group."""
    return _asked(run, "has role", "has_role", person, role)


def _asked(run: Any, function: str, verb: str, person: Any, key: str) -> bool:
    """Nobody is nowhere; a person, department or group that does not exist is a mistake that shows."""
    if run.people is None:
        raise NoValue("no-environment", function=function, missing=N_("the people of the company"))
    if person is None or person == "":
        return False
    try:
        known: bool = getattr(run.people, verb)(person, key)
    except NotFound as error:
        raise NoValue("not-in-directory", function=function, **error.facts) from None
    return known
