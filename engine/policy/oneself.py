"""Who could approve what he asks for himself: by role or place, as a substitute, by a second account, handed a task."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from uuid import UUID

from engine import identity
from engine.errors import N_, Listed, Phrase, Term
from engine.identity import Everybody, Substitution, User
from engine.policy.asking import Asking, anywhere
from engine.policy.statement import Policy, Requirement
from engine.policy.weakening import Sentence
from engine.unit_of_work import UnitOfWork

MOST_ALONE = 20
"""people who are named one by one"""
MOST_NAMED = 3
"""of more than those"""

Said = tuple[Sentence, tuple[UUID, ...]]
"""with the accounts that it is about"""
Entitled = Mapping[Requirement, frozenset[UUID]]
"""each approval, with the accounts whose yes would count in some case"""


def by_himself(
    uow: UnitOfWork, policy: Policy, everybody: Everybody, askings: Sequence[Asking], entitled: Entitled
) -> Iterator[Said]:  # fmt: skip
    """Sentences about `policy`. `askings`: the processes that provide what it asks for; without any, anybody may be."""
    people = {user.id: user for user in everybody.people if user.person_id is not None}
    asked = _Asked(askings)
    direct = {user.id for user in people.values() if any(
        user.id in found and asked.of(need, user.id) for need, found in entitled.items())}  # fmt: skip
    persons = {people[one].person_id for one in direct}
    proxies = {
        (account, rule.principal_id) for account, rules in identity.acting(uow).items() for rule in rules
        if account in people and rule.principal_id in people and people[account].person_id not in persons
        and any(_may_stand_in(need, found, rule) and asked.through(need, rule) for need, found in entitled.items())
    }  # fmt: skip
    if "requester" not in policy.apart:
        yield from _alone(policy, people, asked, direct)
        yield from _as_substitutes(policy, people, proxies)
        yield from _handed_over(policy, entitled)
    yield from _twice(policy, people, direct | {substitute for substitute, _ in proxies})


class _Asked:
    """Whom processes ask; without any, anybody may be."""

    def __init__(self, askings: Sequence[Asking]) -> None:
        self.askings = askings
        self._anywhere = {need: anywhere(askings, need) for one in askings for need in one.approvals}
        self._whoever = {
            (approval, account) for one in askings for way in one.ways if way.requesters is None
            for approval, accounts in way.people.items() for account in accounts or ()
        }  # fmt: skip

    def of(self, need: Requirement, account: UUID) -> bool:
        """Whether it may be asked."""
        found = self._anywhere.get(need.approval)
        return found is None or account in found

    def through(self, need: Requirement, rule: Substitution) -> bool:
        """Whether the principal may be asked in a process that the substitution covers."""
        within = [one for one in self.askings if need.approval in one.approvals]
        return not within or any(
            rule.covers(one.key, one.category) and _asks(one, need.approval, rule.principal_id) for one in within
        )

    def by_line_only(self, entitled_to: Iterable[str], account: UUID) -> bool:
        """Whether only his place above requesters has him asked."""
        found = {name: self._anywhere.get(name) for name in entitled_to}
        return None not in found.values() and not any((name, account) in self._whoever for name in found)


def _asks(process: Asking, approval: str, account: UUID) -> bool:
    found = anywhere([process], approval)
    return found is None or account in found


def _may_stand_in(need: Requirement, entitled: frozenset[UUID], rule: Substitution) -> bool:
    """Whether those are entitled who must be when a substitute decides."""
    both = (rule.substitute_id, rule.principal_id)
    wanted = {"both": both, "actor": both[:1], "principal": both[1:]}
    return entitled.issuperset(wanted[need.effective_actor])


def _alone(policy: Policy, people: Mapping[UUID, User], asked: _Asked, direct: set[UUID]) -> Iterator[Said]:
    by_role = N_("{policy}: {who} may approve what he asks for himself, by his role.")
    by_line = N_("{policy}: {who} may approve what he asks for himself, as manager of those who ask.")
    about = {"policy": Term("policy", policy.id)}
    if len(direct) > MOST_ALONE:
        many = N_("{policy}: {n} people may approve what they ask for themselves, by their roles, {names} among them.")
        listed = [user for user in people.values() if user.id in direct]
        named = about | {"n": len(listed), "names": Listed(user.title for user in listed[:MOST_NAMED])}
        yield (many, named), ()
        return
    approvals = [need.approval for need in policy.approvals]
    for user in (one for one in people.values() if one.id in direct):
        text = by_line if asked.by_line_only(approvals, user.id) else by_role
        yield (text, about | {"who": user.title}), (user.id,)


def _as_substitutes(
    policy: Policy, people: Mapping[UUID, User], proxies: Iterable[tuple[UUID, UUID]]
) -> Iterator[Said]:  # fmt: skip
    text = N_("{policy}: {who} may approve what he asks for himself, as the substitute of {principal}.")
    for substitute, principal in sorted(proxies, key=lambda pair: [people[one].login for one in pair]):
        named = {"who": people[substitute].title, "principal": people[principal].title}
        yield (text, {"policy": Term("policy", policy.id), **named}), (substitute, principal)


def _handed_over(policy: Policy, entitled: Entitled) -> Iterator[Said]:
    text = N_("{policy} does not say who may give {approval}: whoever is asked may hand it to the person who asks.")
    for need in entitled:
        if need.eligible is None:
            yield (text, {"policy": Term("policy", policy.id), "approval": Term("capability", need.approval)}), ()


def _twice(policy: Policy, people: Mapping[UUID, User], able: set[UUID]) -> Iterator[Said]:
    """Accounts that may be one human being, and are recorded as two: nothing keeps them apart from each other."""
    text = N_("{policy}: {who} and {other} share an e-mail address but count as two: one may approve for the other.")
    shared: dict[str, list[User]] = {}
    for user in people.values():
        if address := user.email.strip().casefold():
            shared.setdefault(address, []).append(user)
    for users in shared.values():
        for one, other in combinations(users, 2):
            if one.person_id != other.person_id and not able.isdisjoint((one.id, other.id)):
                named = {"who": _with_login(one), "other": _with_login(other)}
                yield (text, {"policy": Term("policy", policy.id), **named}), (one.id, other.id)


def _with_login(user: User) -> Phrase:
    return Phrase(N_("{name} ({login})"), name=user.title, login=user.login)
