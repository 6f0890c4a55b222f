"""FEEL of policies: over a document and a person, with `authority(decision, actor, facts)` asked of DMN."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import bindparam, select

from engine import dmn, feel, identity, workdays
from engine.db.definition import Kind, definition, resource
from engine.feel.values import Function
from engine.identity import User
from engine.operations import Facts
from engine.policy import statement
from engine.unit_of_work import UnitOfWork

Traces = list[dict[str, Any]]
"""decisions about authority that were asked: decision, definition, version, rules, inputs, result"""

OF_ACTOR = frozenset(("id", "login", "position", "roles"))
"""what a condition may ask of a person"""
NAMES = ("facts", "actor", "authority")
"""what a condition may read"""
_TRIED = (f"{__name__}.tried",)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ACTOR = re.compile(r"\bactor\b(?:\s*\.\s*(\w+))?")
_CALLED = re.compile(r"\bauthority\b")
_ASKED = re.compile(r'\bauthority\s*\(\s*"([^"\\]*)"\s*,\s*actor\s*,')
_newest = (
    select(definition.c.id, definition.c.version, resource.c.path, resource.c.content, resource.c.deployment_id)
    .join(resource, resource.c.id == definition.c.resource_id)
    .where(definition.c.kind == int(Kind.DECISION), definition.c.key == bindparam("of"))
    .order_by(definition.c.version.desc())
    .limit(1)
)
_beside = select(resource.c.path, resource.c.content).where(
    resource.c.deployment_id == bindparam("of"), resource.c.kind == int(Kind.DECISION)
)


def holds(
    uow: UnitOfWork, on: str, expression: str | None, facts: Facts, *, actor: Mapping[str, Any] | None = None,
    sums: Mapping[str, Any] | None = None, traces: Traces | None = None,
) -> bool | None:  # fmt: skip
    """A condition of class `on`: True, False, or None when it cannot be told. Absent: True.

    `sums`: what aggregates come to. `traces`: gets the decisions that were asked.
    """
    if expression is None:
        return True
    known = statement.numbers(on, {**facts.values, **facts.state}) | dict(sums or {})
    context = {
        "facts": known, "actor": dict(actor or {}), "authority": _authority(uow, [] if traces is None else traces),
    }  # fmt: skip
    value = feel.compile(expression, names=NAMES).evaluate(context, **_around(uow)).value
    return value if isinstance(value, bool) else None


def model_of(uow: UnitOfWork, decision: str) -> dmn.Model | None:
    """The table that `authority` asks; None without one."""
    found = _model(uow, decision)
    return None if found is None else found[0]


@contextmanager
def trying(uow: UnitOfWork, models: Mapping[str, dmn.Model]) -> Iterator[None]:
    """Within it `authority` asks these, by decision, in the place of what is deployed."""
    uow.cache[_TRIED] = models
    try:
        yield
    finally:
        del uow.cache[_TRIED]


def tables(expression: str | None) -> frozenset[str]:
    """The decisions that a condition asks by name."""
    return frozenset(_ASKED.findall(expression or ""))


def is_deployed(uow: UnitOfWork, decision: str) -> bool:
    """Whether there is a table that `authority` could ask."""
    return uow.read_one(_newest, {"of": decision}) is not None


def actor_context(uow: UnitOfWork, user_id: Any) -> dict[str, Any]:
    """A person as policies see him: login, position, roles (keys of his groups)."""
    return context_of(identity.user(uow, user_id), [group.key for group in identity.groups_of(uow, user_id)])


def context_of(person: User, roles: Sequence[str]) -> dict[str, Any]:
    """As `actor_context`."""
    return {"id": str(person.id), "login": person.login, "position": person.position, "roles": list(roles)}


def reads_of_actor(uow: UnitOfWork, expression: str | None) -> frozenset[str]:
    """What of a person the answer of a condition may depend on: names of `actor_context`."""
    if expression is None:
        return frozenset()
    plain = _QUOTED.sub('""', expression)
    asked = _ASKED.findall(expression)
    if len(asked) != len(_CALLED.findall(plain)):
        return OF_ACTOR
    found = _read_in(_ASKED.sub("", expression))
    for decision in asked:
        row = uow.read_one(_newest, {"of": decision})
        if decision in uow.cache.get(_TRIED, ()):
            return OF_ACTOR
        if row is not None and dmn.missing_imports({row.path: bytes(row.content)}):
            return OF_ACTOR
        for text in dmn.texts(bytes(row.content)) if row is not None else ():
            found |= _read_in(text)
    return found


def _read_in(text: str) -> frozenset[str]:
    names = [named[1] for named in _ACTOR.finditer(_QUOTED.sub('""', text))]
    return frozenset(names) if OF_ACTOR.issuperset(names) else OF_ACTOR


def _authority(uow: UnitOfWork, traces: Traces) -> Function:
    """Null where nothing is deployed or decided: who is entitled to nothing may not."""

    def call(arguments: Sequence[Any], run: Any) -> Any:
        decision, actor, facts = arguments
        found = _model(uow, decision) if isinstance(decision, str) else None
        if found is None:
            traces.append({"decision": str(decision), "failed": "not deployed"})
            return None
        model, key, version = found
        trace = {"decision": decision, "definition": key, "version": version}
        try:
            decided = dmn.decide(model, decision, {"actor": actor, "facts": facts}, **_around(uow))
        except dmn.DecisionFailed as error:
            traces.append({**trace, "failed": str(error)})
            return None
        traces.append(
            {**trace, "rules": list(decided.rules), "inputs": decided.inputs, "result": decided.value}
        )  # fmt: skip
        return decided.value

    return Function("authority", ("decision", "actor", "facts"), call)


def _around(uow: UnitOfWork) -> dict[str, Any]:
    """What FEEL may ask: clock, directory and calendar."""
    return {
        "now": uow.now, "zone": uow.settings.timezone, "people": identity.Directory(uow),
        "calendar": workdays.Asked(uow),
    }  # fmt: skip


def _model(uow: UnitOfWork, decision: str) -> tuple[dmn.Model, str, int] | None:
    tried: dmn.Model | None = uow.cache.get(_TRIED, {}).get(decision)
    if tried is not None:
        return tried, "", 0
    row = uow.read_one(_newest, {"of": decision})
    if row is None:
        return None
    cached: dmn.Model | None = uow.shared.get(("decision", row.id))
    if cached is None:
        files = {row.path: bytes(row.content)}
        if dmn.missing_imports(files):
            files |= {one.path: bytes(one.content) for one in uow.read(_beside, {"of": row.deployment_id})}
        cached = uow.shared["decision", row.id] = dmn.read_all(files)[row.path].model
    return None if cached is None else (cached, str(row.id), row.version)
