"""Who is asked: one function per assignment strategy. Resolved once, when the round opens, with a reason per person.

Each takes an `Asking` and returns the people, or the groups whose members may claim.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from engine import identity
from engine.bpmn.steps import Work
from engine.db.instance import Instance
from engine.db.task import ItemStatus, Source, user_task, work_item
from engine.errors import TooManyCandidates, UnknownStrategy
from engine.identity import User
from engine.unit_of_work import UnitOfWork
from engine.values import Values

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

    def value(self, name: str) -> Any:
        """An evaluated parameter of the strategy."""
        return self.work.assignment.values.get(name)

    def number(self, name: str, default: int) -> int:
        """A parameter as a whole number of levels."""
        value = self.value(name)
        return min(max(int(value), 1), LEVELS) if value not in (None, "") else default

    @property
    def requester(self) -> User | None:
        """Who started the instance; None when the engine did."""
        starter = self.instance.starter_id
        return None if starter is None else identity.user(self.uow, starter)


def resolve(asking: Asking) -> list[Candidate]:
    """Everybody who is to be asked, active, each once, in order. Raises UnknownStrategy, TooManyCandidates."""
    strategy = asking.work.assignment.strategy
    if strategy not in STRATEGIES:
        raise UnknownStrategy(task=asking.work.name, found=strategy, known=", ".join(sorted(STRATEGIES)))
    found = {candidate.id: candidate for candidate in reversed(STRATEGIES[strategy](asking))}
    if len(found) > LIMIT:
        raise TooManyCandidates(task=asking.work.name, limit=LIMIT, found=len(found))
    return list(reversed(found.values()))


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
    return people(_line(asking, asking.requester)[level - 1 : level], f"manager {level} of the requester")


def _initiator_leader(asking: Asking) -> list[Candidate]:
    level = asking.number("level", 1)
    leaders = _leaders(asking, asking.requester)
    return people(leaders[level - 1 : level] or leaders[-1:], f"leader {level} of the requester's department")


def _manager_chain(asking: Asking) -> list[Candidate]:
    return people(_range(asking, _line(asking, asking.requester)), "management line of the requester")


def _leader_chain(asking: Asking) -> list[Candidate]:
    return people(_range(asking, _leaders(asking, asking.requester)), "department line of the requester")


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
    return people(_in_form(asking), f"named in field {asking.value('field')}")


def _form_user_manager(asking: Asking) -> list[Candidate]:
    managers = [identity.manager_of(asking.uow, user.id) for user in _in_form(asking)]
    return people([user for user in managers if user], f"manager of the person in field {asking.value('field')}")


def _form_user_leader(asking: Asking) -> list[Candidate]:
    found = [user for named in _in_form(asking) for user in _leaders(asking, named)[:1]]
    return people(found, f"department leader of the person in field {asking.value('field')}")


def _form_dept(asking: Asking) -> list[Candidate]:
    found: list[User] = []
    for key in listed(_field(asking)):
        found += identity.leaders_of(asking.uow, identity.find_org_unit(asking.uow, str(key)).id)[:1]
    return people(found, f"leader of the department in field {asking.value('field')}")


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
    return people(identity.find(asking.uow, list(rows)), f"decided {element}")


STRATEGIES: dict[str, Callable[[Asking], list[Candidate]]] = {
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
    "managerChain": _manager_chain,
    "nodeApprover": _node_approver,
    "open": _nobody,
    "position": _position,
    "role": _members,
    "user": _users,
    "userGroup": _members,
    "users": _users,
}


def _line(asking: Asking, person: User | None) -> list[User]:
    """Managers upwards; a vacant level is climbed over by the line itself."""
    return [] if person is None else identity.management_line(asking.uow, person.id)


def _leaders(asking: Asking, person: User | None) -> list[User]:
    """Department leaders upwards; whoever leads his own department is judged one level up."""
    if person is None:
        return []
    return [leader for leader in identity.leaders_of(asking.uow, person.org_unit_id) if leader.id != person.id]


def _range(asking: Asking, line: list[User]) -> list[User]:
    chosen = line[asking.number("from", 1) - 1 : asking.number("to", LEVELS)]
    return list(reversed(chosen)) if asking.value("direction") == "topDown" else chosen


def _field(asking: Asking) -> Any:
    value: Any = asking.variables()
    for part in str(asking.value("field") or "").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _in_form(asking: Asking) -> list[User]:
    return identity.find(asking.uow, listed(_field(asking)))
