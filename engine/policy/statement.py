"""A policy as plain data, and its YAML. Whatever we would not enforce is refused when it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import yaml

from engine import feel
from engine.errors import InvalidPolicy
from engine.feel import FeelSyntaxError

MUST_BE_POLICED = frozenset(("payment.execute", "payee.confirm", "refund.execute"))
"""Classes that hold every call while no policy is in force: fail closed."""

ROLES = frozenset(("requester", "editors", "payee_bank_editor", "approver", "executor", "beneficiary"))
VALID_FOR = timedelta(days=30)

_POLICY_KEYS = frozenset(("id", "title", "owner", "on", "when", "require", "distinct", "binds", "elsewhere"))
_APPROVAL_KEYS = frozenset(("approval", "people", "when", "eligible", "valid_for"))


@dataclass(frozen=True, slots=True)
class Requirement:
    """An approval by `people` distinct natural persons. `when`, `eligible`: FEEL over `facts` (and `actor`)."""

    approval: str
    people: int = 1
    when: str | None = None
    eligible: str | None = None
    valid_for: timedelta = VALID_FOR


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must be true of the facts now. Anything but true is not fulfilled."""

    kind: str
    """evidence | state"""
    expression: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold before an operation of class `on` runs."""

    id: str
    title: str
    on: str
    owner: str = ""
    when: str | None = None
    approvals: tuple[Requirement, ...] = ()
    conditions: tuple[Condition, ...] = ()
    distinct: frozenset[str] = frozenset()
    binds: tuple[str, ...] = ()
    elsewhere: bool = True
    """whether the approval may stem from another process"""
    text: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """the statement as it was read; what `policy_version` stores"""


def read(text: str) -> list[Policy]:
    """The policies of a YAML file. Raises InvalidPolicy naming the policy and what was expected."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidPolicy(policy="?", expected="readable YAML", found=str(error).splitlines()[0]) from None
    if not isinstance(document, list):
        raise InvalidPolicy(policy="?", expected="a list of policies", found=type(document).__name__)
    policies = [parse(item) for item in document]
    names = [policy.id for policy in policies]
    for name in names:
        if names.count(name) > 1:
            raise InvalidPolicy(policy=name, expected="every id once", found="it stands twice")
    return policies


def parse(statement: Any) -> Policy:
    """One policy from plain data. Raises InvalidPolicy."""
    if not isinstance(statement, dict):
        raise InvalidPolicy(policy="?", expected="a mapping", found=type(statement).__name__)
    # YAML 1.1 reads the key `on` as true
    plain = {"on" if key is True else str(key): value for key, value in statement.items()}
    name = str(plain.get("id", "?"))
    _only(name, plain, _POLICY_KEYS)
    for key in ("id", "title", "on"):
        if not isinstance(plain.get(key), str) or not plain[key]:
            raise InvalidPolicy(policy=name, expected=f"a text under '{key}'", found=repr(plain.get(key)))
    distinct = plain.get("distinct", [])
    if not isinstance(distinct, list) or not set(distinct) <= ROLES:
        raise InvalidPolicy(policy=name, expected="distinct: some of " + ", ".join(sorted(ROLES)), found=repr(distinct))
    if plain.get("elsewhere", "allowed") not in ("allowed", "forbidden"):
        raise InvalidPolicy(policy=name, expected="elsewhere: allowed | forbidden", found=repr(plain["elsewhere"]))
    requirements = plain.get("require")
    if not isinstance(requirements, list) or not requirements:
        raise InvalidPolicy(policy=name, expected="a list under 'require'", found=repr(requirements))
    approvals = tuple(_approval(name, item) for item in requirements if isinstance(item, dict) and "approval" in item)
    conditions = tuple(
        _condition(name, item) for item in requirements if not (isinstance(item, dict) and "approval" in item)
    )
    return Policy(
        id=name, title=plain["title"], on=plain["on"], owner=str(plain.get("owner", "")),
        when=_feel(name, plain.get("when")), approvals=approvals, conditions=conditions,
        distinct=frozenset(distinct), binds=tuple(str(fact) for fact in plain.get("binds", [])),
        elsewhere=plain.get("elsewhere", "allowed") == "allowed", text=plain,
    )  # fmt: skip


def _approval(policy: str, item: dict[str, Any]) -> Requirement:
    _only(policy, item, _APPROVAL_KEYS)
    people = item.get("people", 1)
    if not isinstance(people, int) or isinstance(people, bool) or people < 1:
        raise InvalidPolicy(policy=policy, expected="people: a whole number from 1", found=repr(people))
    return Requirement(
        approval=str(item["approval"]),
        people=people,
        when=_feel(policy, item.get("when")),
        eligible=_feel(policy, item.get("eligible")),
        valid_for=_duration(policy, item["valid_for"]) if "valid_for" in item else VALID_FOR,
    )


def _condition(policy: str, item: Any) -> Condition:
    if isinstance(item, dict) and len(item) == 1:
        kind, expression = next(iter(item.items()))
        if kind in ("evidence", "state"):
            text = _feel(policy, expression)
            if text is not None:
                return Condition(kind, text)
    raise InvalidPolicy(policy=policy, expected="approval, evidence or state", found=repr(item))


def _only(policy: str, item: Mapping[str, Any], known: frozenset[str]) -> None:
    for key in item:
        if key not in known:
            raise InvalidPolicy(policy=policy, expected="one of " + ", ".join(sorted(known)), found=f"key '{key}'")


def _feel(policy: str, text: Any) -> str | None:
    """The expression without its `=`. A text that FEEL cannot read is refused."""
    if text is None:
        return None
    if not isinstance(text, str) or not text.startswith("="):
        raise InvalidPolicy(policy=policy, expected="a FEEL expression after '='", found=repr(text))
    try:
        feel.compile(text[1:].strip(), names=("facts", "actor"))
    except FeelSyntaxError as error:
        raise InvalidPolicy(policy=policy, expected="a FEEL expression", found=f"{text}: {error}") from None
    return text[1:].strip()


def _duration(policy: str, text: Any) -> timedelta:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", str(text))
    if found is None or not any(found.groups()):
        raise InvalidPolicy(policy=policy, expected="a duration such as P30D or PT24H", found=repr(text))
    days, hours, minutes = (int(number or 0) for number in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
