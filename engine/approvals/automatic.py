"""What happens without a click: nobody to ask, or the requester himself. Recorded as `auto_*`, never as a person."""

from dataclasses import dataclass

from engine import identity
from engine.approvals.candidates import Asking, Candidate, listed, people
from engine.db.task import Source
from engine.errors import NobodyToAsk
from engine.identity import User

PROCESS_ADMINS = "process_admin"
"""Key of the group that is asked when nobody else is left."""


@dataclass(frozen=True, slots=True)
class Automatic:
    """A result that no person gave. `passed`: agreed or rejected; `reason`: a sentence for the timeline."""

    passed: bool
    source: Source
    reason: str


def handle(asking: Asking, found: list[Candidate]) -> list[Candidate] | Automatic:
    """Apply `troika:onSelf`, then `troika:onEmpty`. Raises NobodyToAsk when even the administrators are missing."""
    own = _on_self(asking, found)
    if isinstance(own, Automatic) or own:
        return own
    return _on_empty(asking)


def _on_self(asking: Asking, found: list[Candidate]) -> list[Candidate] | Automatic:
    rule = asking.work.on_self
    if rule == "ask":
        if asking.work.capability is None:
            return found
        rule = "manager"  # his own yes could never count for the policy
    requester = asking.requester
    if requester is None or requester.person_id is None:
        return found
    others = [candidate for candidate in found if candidate.person_id != requester.person_id]
    if len(others) == len(found):
        return found
    if rule == "skip":
        return others or Automatic(True, Source.AUTO_SELF, "the requester is the approver")
    if rule in ("manager", "deptLeader"):
        above = _above(asking, requester, rule)
        known = {candidate.id for candidate in others}
        return others + [one for one in people(above, "in place of the requester") if one.id not in known]
    return others if rule == "forbid" else found


def _above(asking: Asking, requester: User, rule: str) -> list[User]:
    if rule == "manager":
        return identity.management_line(asking.uow, requester.id, 1)
    leaders = identity.leaders_of(asking.uow, requester.org_unit_id)
    return [leader for leader in leaders if leader.id != requester.id][:1]


def _on_empty(asking: Asking) -> list[Candidate] | Automatic:
    rule, _, named = asking.work.on_empty.partition(":")
    if rule == "autoPass":
        return Automatic(True, Source.AUTO_EMPTY, "nobody to ask")
    if rule == "autoReject":
        return Automatic(False, Source.AUTO_EMPTY, "nobody to ask")
    if rule == "users":
        replacement = people(identity.find(asking.uow, listed(named)), "nobody else to ask")
        if replacement:
            return replacement
    admins = identity.find_groups(asking.uow, [PROCESS_ADMINS])
    if not admins or not identity.members_of(asking.uow, [admins[0].id]):
        raise NobodyToAsk(task=asking.work.name, group=PROCESS_ADMINS)
    return [Candidate(admins[0].id, admins[0].name, "nobody else to ask", group=True)]
