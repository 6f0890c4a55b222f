"""Who is asked: one function per assignment strategy. Resolved once, when the round opens, with a reason per person.

Each takes an `Asking` and returns the people, or the groups whose members may claim.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import identity, reasons
from engine.approvals import choices
from engine.bpmn.steps import Work
from engine.db.instance import Instance
from engine.db.task import ItemStatus, Source, user_task, work_item
from engine.errors import TooManyCandidates, UnknownStrategy
from engine.identity import User
from engine.unit_of_work import UnitOfWork
from engine.values import Values

Level = TypeVar("Level", User, User | None)
LIMIT = 2000
LEVELS = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person, or a group whose members may claim."""

    id: UUID
    name: str
    reason: str
    person_id: UUID | None = None
    login: str = ""
    group: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """What a strategy may look at. `variables`: those that the node sees, read when first needed."""

    uow: UnitOfWork
    instance: Instance
    work: Work
    variables: Callable[[], Values]
    node: str = ""

    def value(self, name: str) -> Any:
        """An evaluated parameter of the strategy."""
        return self.work.assignment.values.get(name)

    def word(self, name: str, default: str) -> str:
        """A parameter that is one of a few words."""
        return str(self.value(name) or default)

    def number(self, name: str, default: int) -> int:
        """A parameter as a whole number of levels."""
        value = self.value(name)
        return min(max(int(value), 1), LEVELS) if value not in (None, "") else default

    @property
    def requester(self) -> User | None:
        """Who started the instance; None when the engine did."""
        starter = self.instance.starter_id
        return None if starter is None else identity.user(self.uow, starter)

    @property
    def requester_unit(self) -> UUID | None:
        """The department for which the requester asks: the one that he chose at the start, else his own."""
        requester = self.requester
        return None if requester is None else choices.acting_unit(self.uow, self.instance, requester)


def resolve(asking: Asking) -> list[Candidate]:
    """Everybody who is to be asked, active, each once, in order. Raises UnknownStrategy, TooManyCandidates."""
    strategy = asking.work.assignment.strategy
    if strategy not in STRATEGIES:
        raise UnknownStrategy(task=asking.work.name, found=strategy, known=", ".join(sorted(STRATEGIES)))
    found: dict[UUID, Candidate] = {}
    for candidate in _asked(asking, strategy):
        found.setdefault(candidate.id, candidate)
    if len(found) > LIMIT:
        raise TooManyCandidates(task=asking.work.name, limit=LIMIT, found=len(found))
    return list(found.values())


def _asked(asking: Asking, strategy: str) -> list[Candidate]:
    """Whom the drawing asks, or whom somebody has named beforehand, beside them or in their place."""
    if not asking.work.chosen:
        return STRATEGIES[strategy](asking)
    named = choices.of(asking.uow, asking.instance.id, asking.node)
    if named is None:
        return STRATEGIES[strategy](asking)
    ahead = people(identity.find(asking.uow, named.user_ids), "chosen beforehand")
    return STRATEGIES[strategy](asking) + ahead if named.adds else ahead


def people(users: Iterable[User], reason: str) -> list[Candidate]:
    """Active users as candidates."""
    return [Candidate(user.id, user.name, reason, user.person_id, user.login) for user in users if user.active]


def listed(value: Any) -> list[Any]:
    """One reference, a list of them, or a text with commas, as a list."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


# ---------------------------------------------------------------- strategies


def _users(asking: Asking) -> list[Candidate]:
    references = [reference for name in ("users", "user", "ids") for reference in listed(asking.value(name))]
    return people(identity.find(asking.uow, references), "named")


def _groups(asking: Asking) -> list[Candidate]:
    references = [reference for name in ("groups", "group") for reference in listed(asking.value(name))]
    found = [
        Candidate(group.id, group.name, "group", group=True) for group in identity.find_groups(asking.uow, references)
    ]
    return found + _users(asking)


def _members(asking: Asking) -> list[Candidate]:
    references = [
        reference
        for name in ("groups", "group", "roles", "role", "userGroup", "id", "ids")
        for reference in listed(asking.value(name))
    ]
    groups = identity.find_groups(asking.uow, references)
    if not groups:
        return []
    members = identity.members_of(asking.uow, [group.id for group in groups])
    return people(members, ", ".join(group.name for group in groups))


def _position(asking: Asking) -> list[Candidate]:
    wanted = [str(name) for key in ("positions", "position", "id", "ids") for name in listed(asking.value(key))]
    return people(identity.holders_of(asking.uow, wanted), ", ".join(wanted))


def _nobody(asking: Asking) -> list[Candidate]:
    return []


def _initiator(asking: Asking) -> list[Candidate]:
    return people([asking.requester] if asking.requester else [], "requester")


def _initiator_manager(asking: Asking) -> list[Candidate]:
    level = asking.number("level", 1)
    return people(_line(asking)[level - 1 : level], reasons.text("manager", n=level))


def _initiator_leader(asking: Asking) -> list[Candidate]:
    level = asking.number("level", 1)
    leaders = _leaders(asking, asking.requester, asking.requester_unit)
    last = leaders[-1:] if asking.word("onMissingLevel", "climb") == "climb" else []
    return people(_known(leaders[level - 1 : level]) or _known(last), reasons.text("department-leader", n=level))


def _manager_chain(asking: Asking) -> list[Candidate]:
    return people(_range(asking, _line(asking)), "management line of the requester")


def _leader_chain(asking: Asking) -> list[Candidate]:
    leaders = _range(asking, _leaders(asking, asking.requester, asking.requester_unit))
    if asking.word("onMissingLevel", "climb") == "empty" and None in leaders:
        return []
    return people(_known(leaders), "department line of the requester")


def _dept_leader(asking: Asking) -> list[Candidate]:
    found: list[User] = []
    for key in listed(asking.value("dept")):
        found += identity.leaders_of(asking.uow, identity.find_org_unit(asking.uow, str(key)).id)[:1]
    return people(found, "leader of the department")


def _dept_member(asking: Asking) -> list[Candidate]:
    found: list[User] = []
    for key in listed(asking.value("dept")):
        found += identity.department_members(asking.uow, identity.find_org_unit(asking.uow, str(key)).id)
    return people(found, "member of the department")


def _form_user(asking: Asking) -> list[Candidate]:
    return people(_in_form(asking), reasons.text("in-field", field=asking.value("field")))


def _form_user_manager(asking: Asking) -> list[Candidate]:
    managers = [identity.manager_of(asking.uow, user.id) for user in _in_form(asking)]
    return people([user for user in managers if user], reasons.text("manager-of-field", field=asking.value("field")))


def _form_user_leader(asking: Asking) -> list[Candidate]:
    found = [user for named in _in_form(asking) for user in _known(_leaders(asking, named, named.org_unit_id)[:1])]
    return people(found, reasons.text("department-leader-of-field", field=asking.value("field")))


def _form_dept(asking: Asking) -> list[Candidate]:
    found: list[User] = []
    for key in listed(_field(asking)):
        found += identity.leaders_of(asking.uow, identity.find_org_unit(asking.uow, str(key)).id)[:1]
    return people(found, reasons.text("leader-of-department-in-field", field=asking.value("field")))


def _expression(asking: Asking) -> list[Candidate]:
    references = [reference for value in asking.work.assignment.values.values() for reference in listed(value)]
    return people(identity.find(asking.uow, references), "computed")


_deciders = (
    select(work_item.c.decided_by)
    .join(user_task, user_task.c.id == work_item.c.user_task_id)
    .where(
        user_task.c.instance_id == bindparam("of"),
        user_task.c.node == bindparam("at_node"),
        work_item.c.status == int(ItemStatus.DECIDED),
        work_item.c.decision_source == int(Source.HUMAN),
        work_item.c.voided_at.is_(None),
    )
    .order_by(work_item.c.decided_at.desc())
)


def _node_approver(asking: Asking) -> list[Candidate]:
    element = str(asking.value("element") or "")
    rows = asking.uow.execute(_deciders, {"of": asking.instance.id, "at_node": element}).scalars()
    return people(identity.find(asking.uow, list(rows)), reasons.text("decided-at", element=element))


def _decision(asking: Asking) -> list[Candidate]:
    """Users and groups (keys) that the decision gives, one or a list, or in a context with `users` and `groups`."""
    value = asking.value("decided")
    users = listed(value.get("users")) if isinstance(value, dict) and "id" not in value else listed(value)
    groups = listed(value.get("groups")) if isinstance(value, dict) else users
    reason = reasons.text("by-decision", name=asking.value("decisionId"))
    asked = people(identity.find(asking.uow, users), reason)
    known = identity.find_groups(asking.uow, [group for group in groups if isinstance(group, str | UUID)])
    return asked + people(identity.members_of(asking.uow, [group.id for group in known]) if known else [], reason)


STRATEGIES: dict[str, Callable[[Asking], list[Candidate]]] = {
    "decision": _decision,
    "deptLeader": _dept_leader,
    "deptLeaderChain": _leader_chain,
    "deptMember": _dept_member,
    "expression": _expression,
    "formDept": _form_dept,
    "formUser": _form_user,
    "formUserDeptLeader": _form_user_leader,
    "formUserManager": _form_user_manager,
    "groups": _groups,
    "initiator": _initiator,
    "initiatorDeptLeader": _initiator_leader,
    "initiatorManager": _initiator_manager,
    "initiatorSelect": _nobody,
    "managerChain": _manager_chain,
    "nodeApprover": _node_approver,
    "open": _nobody,
    "position": _position,
    "previousApproverSelect": _nobody,
    "role": _members,
    "user": _users,
    "userGroup": _members,
    "users": _users,
}


def _line(asking: Asking) -> list[User]:
    """Managers of the requester upwards. A missing or disabled one is climbed over, left out, or ends it all."""
    requester, missing = asking.requester, asking.word("onMissingLevel", "climb")
    if requester is None:
        return []
    if missing == "climb":
        return [user for user in identity.management_line(asking.uow, requester.id) if user.active]
    line, seen, above = [], {requester.id}, requester.manager_id
    while above is not None and above not in seen:
        seen.add(above)
        line.append(identity.user(asking.uow, above))
        above = line[-1].manager_id
    needed = asking.number("level", 1) if asking.value("level") else asking.number("to", LEVELS)
    if missing == "empty" and not all(user.active for user in line[:needed]):
        return []
    return line


def _leaders(asking: Asking, person: User | None, unit_id: UUID | None) -> list[User | None]:
    """Department leaders upwards, nobody twice; whoever leads his own department is judged one level up.

    A department without an active leader is climbed over, or stays in the line as None.
    """
    if person is None:
        return []
    found: list[User | None] = []
    for unit in identity.units_above(asking.uow, unit_id):
        leader = None if unit.leader_id is None else identity.user(asking.uow, unit.leader_id)
        own = leader is not None and leader.id == person.id and asking.word("selfIsLeader", "up") == "up"
        if own or (leader is not None and leader in found):
            continue
        if leader is not None and leader.active:
            found.append(leader)
        elif asking.word("onMissingLevel", "climb") != "climb":
            found.append(None)
    return found


def _known(users: Sequence[User | None]) -> list[User]:
    return [user for user in users if user is not None]


def _range(asking: Asking, line: Sequence[Level]) -> list[Level]:
    """The part of a line that is asked: from, to, and up to the first who holds `stopAt`; in the direction drawn."""
    chosen = list(line[asking.number("from", 1) - 1 : asking.number("to", LEVELS)])
    kind, _, wanted = asking.word("stopAt", "").partition(":")
    for place, user in enumerate(chosen, 1):
        if user is not None and _stops(asking, user, kind, wanted):
            chosen = chosen[:place]
            break
    return list(reversed(chosen)) if asking.value("direction") == "topDown" else chosen


def _stops(asking: Asking, user: User, kind: str, wanted: str) -> bool:
    if kind == "rank":
        return user.position == wanted
    if kind != "dept":
        return False
    return any(unit.leader_id == user.id and unit.key == wanted for unit in identity.org_units(asking.uow))


def _field(asking: Asking) -> Any:
    value: Any = asking.variables()
    for part in str(asking.value("field") or "").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _in_form(asking: Asking) -> list[User]:
    return identity.find(asking.uow, listed(_field(asking)))
