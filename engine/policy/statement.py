"""A policy as plain data, and its YAML. Whatever we would not enforce is refused when it is read."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import yaml

from engine import feel, operations
from engine.errors import N_, InvalidPolicy, Phrase, Term, Title
from engine.feel import FeelSyntaxError
from engine.policy import comparing, written
from engine.values import to_decimal

MUST_BE_POLICED = frozenset(("payment.execute", "payee.confirm", "refund.execute"))
"""Classes that hold every call while no policy is in force: fail closed."""

OWN = frozenset(("policy.change", "identity.grant_role", "instance.modify"))
"""Classes of the engine's own acts, which no operation performs."""

_APART = {"payment.execute": frozenset(("requester", "executor", "payee_bank_editor"))}
ROLES = frozenset((
    "requester", "editors", "payee_bank_editor", "payee_bank_confirmer", "approver", "executor", "beneficiary",
))  # fmt: skip
VALID_FOR = timedelta(days=30)
GLASS_PEOPLE = 2

_MONEY = {"amount": "number", "amount_base": "number", "currency": "string", "entity": "string"}
_PAYEE = {"payee": "string", "payee_bank_version": "number", "kind": "string"}
_PAYEE_STATE = {"payee_bank_confirmed": "boolean", "payee_bank_hours": "number", "period_open": "boolean"}
CLASSES: dict[str, dict[str, str]] = {
    "payment.execute": {**_MONEY, **_PAYEE, "invoices": "list"},
    "payment.release_batch": {**_MONEY, "payments": "list"},
    "payee.confirm": {"payee": "string", "payee_bank_version": "number", "entity": "string", "account_name": "string",
                      "bank_name": "string", "bank_code": "string", "account_no": "string"},
    "invoice.release": {**_MONEY, "supplier": "string", "invoice": "string"},
    "purchase.commit": {**_MONEY, "supplier": "string", "order": "string"},
    "credit.release": {"amount": "number", "amount_base": "number", "currency": "string", "customer": "string",
                       "order": "string"},
    "refund.execute": {**_MONEY, **_PAYEE},
    "ledger.manual": {**_MONEY, "voucher": "string"},
    "period.close": {"entity": "string", "period": "string"},
    "period.reopen": {"entity": "string", "period": "string"},
    "stock.adjust": {"entity": "string", "warehouse": "string", "item": "string", "quantity": "number",
                     "amount": "number"},
    "seal.apply": {"entity": "string", "seal": "string", "document": "string"},
    "policy.change": {"policy": "string", "version": "number", "statement": "string", "weakens": "boolean"},
    "identity.grant_role": {"group": "string", "user": "string"},
    "instance.modify": {"instance": "string", "process": "string"},
}  # fmt: skip
"""Class of operations -> the facts that an approval may bind, with their FEEL types."""
STATE: dict[str, dict[str, str]] = {
    "payment.execute": {"match": "string", **_PAYEE_STATE},
    "payment.release_batch": {"period_open": "boolean"},
    "payee.confirm": {"payee_first": "boolean"},
    "refund.execute": _PAYEE_STATE,
}
"""Class of operations -> what is read with the facts, but not bound: it may change after the approval."""

_POLICY_KEYS = (
    "id", "title", "owner", "on", "when", "require", "distinct", "same", "binds", "aggregate", "batch", "elsewhere",
    "break_glass",
)  # fmt: skip
_APPROVAL_KEYS = (
    "approval", "name", "people", "when", "eligible", "effective_actor", "recheck", "valid_for", "uses",
    "respond_within",
)  # fmt: skip
_CONDITION_KEYS = ("evidence", "state", "or")
_GLASS_KEYS = ("people", "roles", "expires", "reason", "notify")
_AGGREGATE_KEYS = ("by", "window", "sum", "as")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")
_FACT = re.compile(r"\bfacts\.([A-Za-z_]\w*)")
_FACTS = ("facts",)
_PERSON = ("facts", "actor", "authority")


LANGUAGES = ("zh", "en")
"""in which a title and the name of an approval may be written"""
Names = tuple[tuple[str, str], ...]
"""(language, name), in the order of `LANGUAGES`"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """An approval by `people` distinct natural persons. `when`: FEEL over `facts`; `eligible`: and `actor`."""

    approval: str
    people: int = 1
    when: str | None = None
    eligible: str | None = None
    effective_actor: str = "both"
    """who must be eligible when a substitute decides: both | actor | principal"""
    recheck: str = "decision"
    """when eligibility is judged: decision | payment | both"""
    valid_for: timedelta = VALID_FOR
    uses: str = "once"
    """once | up_to_amount (instalments within the approved amount)"""
    respond_within: timedelta | None = None
    """watched, never proved: how soon somebody should have decided"""
    names: Names = ()
    """what people call the approval"""

    @property
    def unnamed(self) -> "Requirement":
        """As `Policy.unnamed`."""
        return replace(self, names=(), respond_within=None)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must be true of the facts now. Anything but true is not fulfilled."""

    kind: str
    """evidence | state"""
    expression: str
    otherwise: Requirement | None = None
    """an approval that may stand in the place of missing evidence"""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Sum of fact `total` over all cleared calls within `window` that agree in `by`, this one included: fact `name`."""

    by: tuple[str, ...]
    window: timedelta
    total: str
    name: str


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Two people with one of `roles` (keys of groups) may stand in for every approval of one document, for a while."""

    roles: tuple[str, ...]
    expires: timedelta
    notify: tuple[str, ...] = ("audit",)
    people: int = GLASS_PEOPLE


@dataclass(frozen=True, slots=True)
class Policy:
    """What must hold before an operation of class `on` runs."""

    id: str
    titles: Names
    on: str
    owner: str = ""
    when: str | None = None
    approvals: tuple[Requirement, ...] = ()
    conditions: tuple[Condition, ...] = ()
    distinct: frozenset[str] = frozenset()
    """the approver (and the executor) is nobody of these roles"""
    same: frozenset[str] = frozenset()
    """the approver is somebody of each of these roles"""
    binds: tuple[str, ...] = ()
    aggregate: Aggregate | None = None
    batch: bool = False
    """whether the approval may be given from a list"""
    elsewhere: bool = True
    """whether the approval may stem from another process"""
    break_glass: BreakGlass | None = None
    text: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """the statement as it was read; what `policy_version` stores"""

    @property
    def title(self) -> Title:
        """What people call it."""
        return Title(self.titles[0][1], dict(self.titles))

    @property
    def unnamed(self) -> "Policy":
        """What it asks, to compare: without what it and its approvals are called, who owns it and who should hurry."""
        conditions = (replace(one, otherwise=one.otherwise and one.otherwise.unnamed) for one in self.conditions)
        approvals = (need.unnamed for need in self.approvals)
        return replace(self, titles=(), owner="", approvals=tuple(approvals), conditions=tuple(conditions))

    @property
    def apart(self) -> frozenset[str]:
        """The roles whose people give it no approval that counts: those that it names, and of payments those that the
        database keeps apart whatever a policy says."""
        return self.distinct | _APART.get(self.on, frozenset())

    @property
    def asked(self) -> tuple[Requirement, ...]:
        """Every approval that may count, those in the place of evidence included."""
        return (*self.approvals, *(found.otherwise for found in self.conditions if found.otherwise is not None))

    @property
    def min_people(self) -> int:
        """How many persons it asks for whatever the facts are: what the database holds to."""
        if self.when is not None:
            return 0
        return max((need.people for need in self.approvals if need.when is None), default=0)


def read(text: str) -> list[Policy]:
    """The policies of a YAML file. Raises InvalidPolicy naming the policy and what was expected.

    Comparisons that mean nothing are refused here alone: statements that are stored, of before, stay what they are.
    """
    document = written.load(text)
    if not isinstance(document, list):
        raise InvalidPolicy(policy="?", expected=N_("a list of policies"), found=type(document).__name__)
    policies = [parse(item) for item in document]
    for one in policies:
        _check_comparisons(one)
    for name, times in Counter(policy.id for policy in policies).items():
        if times > 1:
            raise InvalidPolicy(policy=name, expected=N_("every id once"), found=N_("it stands twice"))
    return policies


def _check_comparisons(policy: Policy) -> None:
    types = {**CLASSES.get(policy.on, {}), **STATE.get(policy.on, {})}
    if policy.aggregate is not None:
        types[policy.aggregate.name] = "number"
    asked = [("when", policy.when), *((one.kind, one.expression) for one in policy.conditions)]
    for need in policy.asked:
        asked += [("when", need.when), ("eligible", need.eligible)]
    for key, text in asked:
        wanted = comparing.meaningless(text, _PERSON, types) if text is not None else None
        if wanted is not None:
            expected = Phrase(N_("{key}: {what}"), key=key, what=wanted)
            raise InvalidPolicy(policy=policy.id, expected=expected, found=text)


def write(policies: Iterable[Policy]) -> str:
    """The YAML from which `read` makes these policies again, in the order in which people read them."""
    listed = [_ordered(dict(policy.text), _POLICY_KEYS) for policy in policies]
    return yaml.safe_dump(listed, allow_unicode=True, sort_keys=False, width=120)


def _ordered(item: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(item, dict):
        return item
    inner = {"require": _APPROVAL_KEYS + _CONDITION_KEYS, "or": _APPROVAL_KEYS, "aggregate": _AGGREGATE_KEYS,
             "break_glass": _GLASS_KEYS}  # fmt: skip
    found = {}
    for key in sorted(item, key=lambda name: keys.index(name) if name in keys else len(keys)):
        value, below = item[key], inner.get(key, ())
        found[key] = [_ordered(one, below) for one in value] if isinstance(value, list) else _ordered(value, below)
    return found


def parse(statement: Any) -> Policy:
    """One policy from plain data. Raises InvalidPolicy."""
    if not isinstance(statement, dict):
        raise InvalidPolicy(policy="?", expected=N_("a mapping"), found=type(statement).__name__)
    # YAML 1.1 reads the key `on` as true
    plain = {"on" if key is True else str(key): value for key, value in statement.items()}
    name = plain.get("id")
    return _Reader(name if isinstance(name, str) else "?", plain).policy()


def approval_by(capability: str, people: int) -> str:
    """An approval as people read it, and by how many where one is not enough."""
    named = Term("capability", capability)
    return named if people == 1 else Phrase(N_("{capability} by {people} people"), capability=named, people=people)


def check_id(name: str) -> None:
    """Raise InvalidPolicy unless a policy may be called `name`."""
    if _NAME.fullmatch(name) is None:
        wanted = N_("an id of up to 60 letters, digits, '.', '-' and '_' that begins with a letter")
        raise InvalidPolicy(policy=name, expected=wanted, found=name)


def enforced() -> frozenset[str]:
    """Classes that something asks about before it acts: an operation, or an act of the engine's own."""
    return OWN | {found.guarded_by for found in operations.catalog().values() if found.guarded_by is not None}


def numbers(operation_class: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """`facts` as FEEL compares them: what the class calls a number comes as text with its scale, and leaves as one."""
    types = CLASSES.get(operation_class, {}) | STATE.get(operation_class, {})
    return {
        name: to_decimal(value) if types.get(name) == "number" and isinstance(value, str) else value
        for name, value in facts.items()
    }


class _Reader:
    """Reads one statement; every method raises InvalidPolicy for what it does not understand."""

    def __init__(self, name: str, plain: dict[str, Any]) -> None:
        self.name = name
        self.plain = plain
        self.bound: dict[str, str] | None = None
        self.facts: frozenset[str] | None = None

    def policy(self) -> Policy:
        """The whole statement."""
        plain = self.plain
        self._only(plain, _POLICY_KEYS)
        for key in ("id", "on"):
            if not isinstance(plain.get(key), str) or not plain[key].strip():
                raise self._wrong(Phrase(N_("a text under '{key}'"), key=key), plain.get(key))
        check_id(plain["id"])
        self._class(plain["on"])
        aggregate = self._aggregate(plain["aggregate"]) if "aggregate" in plain else None
        if self.bound is not None:
            known = {*self.bound, *STATE.get(plain["on"], {})}
            self.facts = frozenset(known | ({aggregate.name} if aggregate else set()))
        requirements = plain.get("require")
        if not isinstance(requirements, list) or not requirements:
            raise self._wrong(N_("a list under 'require'"), requirements)
        return Policy(
            id=self.name, titles=self._names("title", plain.get("title")), on=plain["on"],
            owner=self._owner(plain.get("owner", "")),
            when=self._feel("when", plain.get("when"), _FACTS),
            approvals=tuple(self._approval(item) for item in requirements if _is_approval(item)),
            conditions=tuple(self._condition(item) for item in requirements if not _is_approval(item)),
            distinct=self._roles("distinct"), same=self._same(), binds=self._binds(plain.get("binds", [])),
            aggregate=aggregate, batch=self._word("batch", "not_allowed", ("allowed", "not_allowed")) == "allowed",
            elsewhere=self._word("elsewhere", "allowed", ("allowed", "forbidden")) == "allowed",
            break_glass=self._glass(plain["break_glass"]) if "break_glass" in plain else None, text=plain,
        )  # fmt: skip

    def _class(self, on: str) -> None:
        self.bound = CLASSES.get(on)
        if self.bound is None and on not in _classes_of_operations():
            known = sorted({*CLASSES, *_classes_of_operations()})
            raise self._wrong(Phrase(N_("on: one of {known}"), known=", ".join(known)), on)

    def _names(self, key: str, found: Any) -> Names:
        """A text, or one in each language."""
        named = found if isinstance(found, dict) else {LANGUAGES[0]: found}
        if not named or not set(named) <= set(LANGUAGES) or not all(
            isinstance(text, str) and text.strip() for text in named.values()
        ):  # fmt: skip
            expected = Phrase(N_("{key}: a text, or a text for each of {known}"), key=key, known=", ".join(LANGUAGES))
            raise self._wrong(expected, found)
        return tuple((language, named[language]) for language in LANGUAGES if language in named)

    def _owner(self, owner: Any) -> str:
        if not isinstance(owner, str):
            raise self._wrong(N_("owner: a text"), owner)
        return owner

    def _approval(self, item: dict[str, Any]) -> Requirement:
        self._only(item, _APPROVAL_KEYS)
        if not isinstance(item["approval"], str) or _NAME.fullmatch(item["approval"]) is None:
            raise self._wrong(N_("approval: the name of a capability"), item["approval"])
        uses = self._word("uses", "once", ("once", "up_to_amount"), item)
        if uses == "up_to_amount" and self.bound is not None and "amount" not in self.bound:
            raise self._wrong(N_("uses: once, for a class without the fact 'amount'"), uses)
        within = item.get("respond_within")
        return Requirement(
            approval=item["approval"], people=self._people(item.get("people", 1)),
            when=self._feel("when", item.get("when"), _FACTS),
            eligible=self._feel("eligible", item.get("eligible"), _PERSON),
            effective_actor=self._word("effective_actor", "both", ("both", "actor", "principal"), item),
            recheck=self._word("recheck", "decision", ("decision", "payment", "both"), item),
            valid_for=self._duration("valid_for", item["valid_for"]) if "valid_for" in item else VALID_FOR, uses=uses,
            respond_within=None if within is None else self._duration("respond_within", within),
            names=self._names("name", item["name"]) if "name" in item else (),
        )  # fmt: skip

    def _condition(self, item: Any) -> Condition:
        kinds = [kind for kind in ("evidence", "state") if isinstance(item, dict) and kind in item]
        if len(kinds) != 1:
            raise self._wrong(N_("approval, evidence or state"), item)
        kind = kinds[0]
        self._only(item, (kind, "or") if kind == "evidence" else (kind,))
        text = self._feel(kind, item[kind], _FACTS)
        if text is None:
            raise self._wrong(Phrase(N_("{key}: a FEEL expression after '='"), key=kind), item[kind])
        otherwise = None
        if "or" in item:
            if not _is_approval(item["or"]):
                raise self._wrong(N_("or: an approval"), item["or"])
            otherwise = self._approval(item["or"])
        return Condition(kind, text, otherwise)

    def _binds(self, binds: Any) -> tuple[str, ...]:
        if not isinstance(binds, list) or not all(isinstance(fact, str) for fact in binds):
            raise self._wrong(N_("binds: a list of facts"), binds)
        if self.bound is not None and not set(binds) <= set(self.bound):
            unknown = ", ".join(sorted(set(binds) - set(self.bound)))
            raise self._wrong(
                Phrase(N_("{key}: some of {known}"), key="binds", known=", ".join(sorted(self.bound))), unknown
            )
        return tuple(dict.fromkeys(binds))

    def _roles(self, key: str) -> frozenset[str]:
        roles = self.plain.get(key, [])
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles) or not set(roles) <= ROLES:
            raise self._wrong(Phrase(N_("{key}: some of {known}"), key=key, known=", ".join(sorted(ROLES))), roles)
        return frozenset(roles)

    def _same(self) -> frozenset[str]:
        roles = self._roles("same")
        both = sorted((roles & self._roles("distinct")) - {"approver"})
        if both:
            raise self._wrong(N_("no role under 'distinct' and 'same'"), ", ".join(both))
        return roles

    def _aggregate(self, item: Any) -> Aggregate:
        if not isinstance(item, dict) or set(item) != set(_AGGREGATE_KEYS):
            raise self._wrong(N_("aggregate: by, window, sum and as"), item)
        by, total, name = item["by"], item["sum"], item["as"]
        if not isinstance(by, list) or not by or not all(isinstance(fact, str) for fact in by):
            raise self._wrong(N_("aggregate by: a list of facts"), by)
        if not isinstance(total, str) or not isinstance(name, str) or _FACT.fullmatch(f"facts.{name}") is None:
            raise self._wrong(N_("aggregate sum: a fact, as: a new name"), f"{total}, {name}")
        if self.bound is not None:
            unknown = [fact for fact in by if fact not in self.bound]
            if unknown or self.bound.get(total) != "number":
                raise self._wrong(
                    Phrase(
                        N_("aggregate by facts of the class, sum over a number ({known})"), known=", ".join(self.bound)
                    ),
                    ", ".join(unknown) or total,
                )
            if name in self.bound or name in STATE.get(self.plain["on"], {}):
                raise self._wrong(N_("aggregate as: a name that is no fact yet"), name)
        return Aggregate(tuple(by), self._duration("window", item["window"]), total, name)

    def _glass(self, item: Any) -> BreakGlass:
        if not isinstance(item, dict):
            raise self._wrong(N_("break_glass: people, roles, expires, reason, notify"), item)
        self._only(item, _GLASS_KEYS)
        if item.get("people", GLASS_PEOPLE) != GLASS_PEOPLE:
            raise self._wrong(N_("break_glass people: 2, no more and no fewer"), item["people"])
        if item.get("reason", "required") != "required":
            raise self._wrong(N_("break_glass reason: required"), item["reason"])
        roles, notify = item.get("roles"), item.get("notify", ["audit"])
        for key, words in (("roles", roles), ("notify", notify)):
            if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
                raise self._wrong(Phrase(N_("break_glass {key}: a list of groups"), key=key), words)
        return BreakGlass(tuple(roles or ()), self._duration("expires", item.get("expires", "PT24H")), tuple(notify))

    def _people(self, people: Any) -> int:
        if not isinstance(people, int) or isinstance(people, bool) or people < 1:
            raise self._wrong(N_("people: a whole number from 1"), people)
        return people

    def _word(self, key: str, default: str, words: tuple[str, ...], item: dict[str, Any] | None = None) -> str:
        found = (self.plain if item is None else item).get(key, default)
        if found not in words:
            raise self._wrong(Phrase(N_("{key}: {words}"), key=key, words=" | ".join(words)), found)
        return str(found)

    def _only(self, item: Mapping[str, Any], known: Collection[str]) -> None:
        for key in item:
            if key not in known:
                found = Phrase(N_("key '{key}'"), key=key)
                raise self._wrong(Phrase(N_("one of {known}"), known=", ".join(sorted(known))), found)

    def _feel(self, key: str, text: Any, names: tuple[str, ...]) -> str | None:
        """The expression without its `=`, which reads nothing but `names` and the facts of the class."""
        if text is None:
            return None
        if not isinstance(text, str) or not text.startswith("="):
            raise self._wrong(Phrase(N_("{key}: a FEEL expression after '='"), key=key), text)
        expression = text[1:].strip()
        try:
            read_names = feel.compile(expression, names=names).names
        except FeelSyntaxError as error:
            found = Phrase(error.message, **error.facts)
            raise self._wrong(Phrase(N_("{key}: a FEEL expression"), key=key), found) from None
        unknown = sorted(read_names - set(names))
        if unknown:
            raise self._wrong(
                Phrase(N_("{key}: FEEL over {names}"), key=key, names=", ".join(names)), ", ".join(unknown)
            )
        facts = [fact for fact in _FACT.findall(expression) if self.facts is not None and fact not in self.facts]
        if facts:
            expected = Phrase(
                N_("{key}: facts of {on} ({known})"),
                key=key,
                on=self.plain["on"],
                known=", ".join(sorted(self.facts or ())),
            )
            raise self._wrong(expected, ", ".join(facts))
        return expression

    def _duration(self, key: str, text: Any) -> timedelta:
        found = re.fullmatch(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?", str(text))
        if found is None or not any(found.groups()):
            raise self._wrong(Phrase(N_("{key}: a duration such as P30D or PT24H"), key=key), text)
        days, hours, minutes = (int(number or 0) for number in found.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes)
        if not length:
            raise self._wrong(Phrase(N_("{key}: a duration longer than nothing"), key=key), text)
        return length

    def _wrong(self, expected: str, found: Any) -> InvalidPolicy:
        shown = found if isinstance(found, str) and found else repr(found)
        return InvalidPolicy(policy=self.name, expected=expected, found=shown)


def _is_approval(item: Any) -> bool:
    return isinstance(item, dict) and "approval" in item


def _classes_of_operations() -> set[str]:
    """Of operations that modules offer beside the classes of the table."""
    return {found.guarded_by for found in operations.catalog().values() if found.guarded_by is not None}
