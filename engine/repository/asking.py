"""Whom the approvals of drawings ask, worked out on the directory of today by the words that open a real round."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any
from uuid import UUID

from engine import dmn, feel, identity, workdays
from engine.approvals import automatic, candidates, choices, rounds
from engine.approvals.automatic import Automatic
from engine.approvals.candidates import Candidate
from engine.bpmn import chosen, quorum
from engine.bpmn.program import Human, Node, Program, Slot
from engine.bpmn.steps import Assignment, Capability, Work
from engine.db import rows
from engine.dmn import model as tables
from engine.errors import N_, EngineError, InvalidValue, Listed, Phrase, Title
from engine.feel import nodes as syntax
from engine.identity import Everybody, User
from engine.policy import Asked, Asking, Depends, Quorum, Way
from engine.unit_of_work import UnitOfWork

Decisions = Callable[[str], dmn.Model | None]
Context = Mapping[str, Any]
"""the requester as FEEL sees him, `process.initiator`"""

BY_ORGANISATION = ("initiator", "initiatorManager", "initiatorDeptLeader", "managerChain", "deptLeaderChain")
"""strategies that ask for the requester's place in the organisation"""
BY_FIELD = ("formUser", "formUserManager", "formUserDeptLeader", "formDept")
_REQUESTER = ("process", "initiator")
_LISTS = ("users", "groups")
_OF_PLACE = frozenset(("department", "department_name", "manager"))
"""what people of one department and one manager share"""
_ANYBODY = UUID(int=0)

_FIELD = N_("field {field} of the form")
_CHOICE = N_("whom somebody selects")
_EARLIER = N_("who decided an earlier task")
_TABLE = N_("the answers of decision table {table}")
_CASE = N_("where “{task}” asks {named}")
_NOBODY = N_("nobody")


@dataclass(frozen=True, slots=True)
class _Told:
    """What a strategy is told: values of its parameters. `named`: which of several answers it is, in words."""

    values: Mapping[str, Any]
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    """A value that an expression may have. `reads`: what of the requester it hangs on."""

    value: Any
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Asks:
    """Whom a task asks, in which case of several. `quorum`: where one of them does not decide."""

    case: Phrase | None
    people: Asked
    quorum: Quorum | None = None


class _OnData(Exception):
    """What of the data decides, in words."""

    def __init__(self, data: str) -> None:
        super().__init__(data)
        self.data = data


def askings(
    uow: UnitOfWork, everybody: Everybody, programs: Iterable[Program], decisions: Decisions
) -> list[Asking]:  # fmt: skip
    """Those of these processes that provide an approval. `decisions`: the model that has a decision."""
    company = _Company(uow, everybody, decisions)
    return [_Process(company, one, tasks).asking() for one in programs if (tasks := _providing(one))]


def decided_by(program: Program, decisions: Collection[str]) -> set[str]:
    """The approvals that a process asks of people whom one of these decisions names."""
    return {
        str(human.provides) for _, human in _providing(program)
        if human.strategy == "decision" and any(
            name == "decisionId" and slot.text in decisions for name, slot in human.parameters)
    }  # fmt: skip


def _providing(program: Program) -> list[tuple[Node, Human]]:
    found = {node.id: (node, human) for node in program.nodes.values() if (human := chosen.inner(node).human)}
    return [(node, human) for node, human in found.values() if human.provides]


@dataclass(slots=True)
class _Company:
    """Today's people as requesters."""

    uow: UnitOfWork
    everybody: Everybody
    decisions: Decisions
    leading: frozenset[UUID] = field(init=False)
    """accounts that lead somebody: each has a line above him of his own"""
    of_person: dict[UUID, User] = field(init=False)
    _names: dict[str, Title] = field(init=False)
    """what is named by logins, keys and ids"""
    _models: dict[str, dmn.Model | None] = field(default_factory=dict)
    _members: dict[UUID, frozenset[UUID]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        identity.remember(self.uow, self.everybody)
        heads = {unit.leader_id for unit in self.everybody.units.values()}
        managers = {user.manager_id for user in self.everybody.people}
        self.leading = frozenset(one for one in heads | managers if one is not None)
        people = self.everybody.people
        self._names = {
            **{one.position: Title.english(one.position, one.position_en) for one in people},
            **{one.key: one.title for one in self.everybody.units.values()},
            **{one.key: one.title for one in identity.groups(self.uow)},
            **{text: one.title for one in people for text in (one.login, str(one.id))},
        }
        self.of_person = {user.person_id: user for user in self.everybody.people if user.person_id is not None}

    def model(self, decision: str) -> dmn.Model | None:
        """That has this decision, looked for once."""
        if decision not in self._models:
            self._models[decision] = self.decisions(decision)
        return self._models[decision]

    def members(self, group: UUID) -> frozenset[UUID]:
        """Accounts in it, looked for once."""
        if group not in self._members:
            self._members[group] = frozenset(one.id for one in identity.members_of(self.uow, [group]))
        return self._members[group]

    def called(self, value: Any) -> list[str]:
        """Whom a value names, in words."""
        words = [identity.reference_text(one) or str(one) for one in _flat(value)]
        return [self._names.get(word, word) for word in words] or [Phrase(_NOBODY)]

    def classes(self, reads: frozenset[str]) -> list[list[User]]:
        """People who need not be told apart as requesters, where `reads` is what is asked of them."""
        found: dict[tuple[Any, ...], list[User]] = {}
        for user in self.of_person.values():
            alone = user.id in self.leading or reads - _OF_PLACE - {"position"}
            place = (user.manager_id, user.org_unit_id, user.position if "position" in reads else "")
            found.setdefault((user.id,) if alone else place, []).append(user)
        return list(found.values())


class _Process:
    """One process, for the classes of requesters that it tells apart."""

    def __init__(self, company: _Company, program: Program, tasks: Sequence[tuple[Node, Human]]) -> None:
        self.company = company
        self.program = program
        self.tasks = [_Task(company, program, node, human) for node, human in tasks]

    def asking(self) -> Asking:
        """All that may be."""
        reads = frozenset[str]().union(*(task.reads for task in self.tasks))
        ways = list(self._by_class(reads)) if reads else []
        ways = ways or self._ways(None)
        depends = [Depends(str(one.human.provides), one.node.id, one.title, one.data)
                   for one in self.tasks if one.data is not None]  # fmt: skip
        name = Title(self.program.name or self.program.process_id, self.program.labels)
        return Asking(self.program.process_id, name, tuple(ways), tuple(depends), self.program.category or "")

    def _by_class(self, reads: frozenset[str]) -> Iterator[Way]:
        """Classes of which all is the same are one."""
        found: dict[tuple[Any, ...], tuple[Way, set[UUID]]] = {}
        for members in self.company.classes(reads):
            for way in self._ways(members[0]):
                key = (tuple(way.people.items()), tuple(way.quorums.items()), way.case)
                found.setdefault(key, (way, set()))[1].update(one.id for one in members)
        for way, requesters in found.values():
            yield replace(way, requesters=frozenset(requesters))

    def _ways(self, requester: User | None) -> list[Way]:
        """Of each task that may ask one or others, each alone beside all that the others may ask."""
        asked = [task.asked(requester) for task in self.tasks]
        several = [place for place, answers in enumerate(asked) if len(answers) > 1]
        answers: list[tuple[int, int] | None] = [
            (place, number) for place in several for number in range(len(asked[place]))
        ]
        return [self._way(asked, one, requester) for one in answers or [None]]

    def _way(
        self, asked: Sequence[list[_Asks]], place: tuple[int, int] | None, requester: User | None
    ) -> Way:  # fmt: skip
        people: dict[str, Asked] = {}
        quorums: dict[str, Quorum | None] = {}
        case: Phrase | None = None
        for number, (task, answers) in enumerate(zip(self.tasks, asked, strict=True)):
            if place is not None and place[0] == number:
                answers = [answers[place[1]]]
                case = answers[0].case
            approval = str(task.human.provides)
            quorums[approval] = answers[0].quorum if approval not in people and len(answers) == 1 else None
            for one in answers:
                known = people.get(approval, frozenset())
                people[approval] = None if known is None or one.people is None else known | one.people
        several = {approval: one for approval, one in quorums.items() if one is not None}
        return Way(people, None, case, lambda person: self._instead(person, place, requester), several)

    def _instead(self, person: UUID, place: tuple[int, int] | None, requester: User | None) -> Way | None:
        """How it asks when this person asks; None: his class is looked at anyhow."""
        user = self.company.of_person.get(person)
        if user is None or (requester is not None and user.id in self.company.leading):
            return None
        asked = [task.asked(user) for task in self.tasks]
        if place is not None and len(asked[place[0]]) <= place[1]:
            return None
        return self._way(asked, place, user)


class _Task:
    """A task that provides an approval."""

    def __init__(self, company: _Company, program: Program, node: Node, human: Human) -> None:
        self.company, self.program, self.node, self.human = company, program, node, human
        self.title = Title(node.name or node.id, node.labels)
        self.data: str | None = None
        self.reads = frozenset[str]()
        self._fixed: list[tuple[_Told, list[Candidate]]] | None = None
        try:
            self.reads = self._reads(node, human, ())
        except _OnData as found:
            self.data = found.data

    def asked(self, requester: User | None) -> list[_Asks]:
        """Each answer that it may have for this requester, with the words for it where there are several."""
        if self.data is not None:
            return [_Asks(None, None)]
        if self.reads or self._fixed is None:
            found = [(told, self._resolved(self.node, self.human, told, requester))
                     for told in self._told(self.human, requester)]  # fmt: skip
            self._fixed = None if self.reads else found
        else:
            found = self._fixed
        asks: dict[_Asks, list[str]] = {}
        for told, people in found:
            asks.setdefault(self._asks(told, people, requester), []).extend(told.named)
        if len(asks) == 1:
            return list(asks)
        return [replace(one, case=Phrase(_CASE, task=self.title, named=Listed(dict.fromkeys(named))))
                for one, named in asks.items()]  # fmt: skip

    def _asks(self, told: _Told, found: list[Candidate], requester: User | None) -> _Asks:
        """After what happens without a click: himself, and nobody to ask."""
        asking = self._asking(self.human, told.values, requester)
        try:
            answer = automatic.handle(asking, found)
        except EngineError:  # nobody is left: the round would not open
            answer = []
        if isinstance(answer, Automatic):
            answer = []
        voting = {one: self._voting(one) for one in answer}
        people = frozenset[UUID]().union(*voting.values())
        if not voting or self.human.strategy in (*choices.SELECTS, "nodeApprover"):  # who it is, is chosen later
            return _Asks(None, people)
        mode, weigh = rounds.mode_of(asking.work), rounds.weights(asking.work)
        try:
            weights = quorum.counted(mode, map(weigh, voting))
            wanted = quorum.needed(mode, weights, rounds.parameters_of(asking.work))
        except InvalidValue:  # the round could not be counted
            return _Asks(None, frozenset())
        if wanted is None:
            return _Asks(None, people)
        votes = tuple(zip(voting.values(), weights, strict=True))
        return _Asks(None, people, Quorum(votes, wanted, mode == "weight", mode in ("ratio", "weight")))

    def _voting(self, one: Candidate) -> frozenset[UUID]:
        """Accounts that may give the vote of a candidate."""
        if not one.group:
            return frozenset((one.id,))
        return self.company.members(one.id)

    def _resolved(self, node: Node, human: Human, told: _Told, requester: User | None) -> list[Candidate]:
        asking = self._asking(human, told.values, requester)
        if human.strategy == "nodeApprover":
            other = _human_of(self.program, str(told.values["element"]))
            assert other is not None  # noqa: S101 - `_reads` has looked
            ones = [self._resolved(*other, one, requester) for one in self._told(other[1], requester)]
            return list({one.id: one for found in ones for one in found}.values())
        try:
            if human.strategy in choices.SELECTS:
                selection = choices.selection_of(node.id, node.name, human)
                return candidates.people(choices.eligible(asking.uow, asking.instance, selection), "may be selected")
            return candidates.resolve(asking)
        except EngineError:  # what it names is not there: the round would not open
            return []

    def _asking(self, human: Human, values: Mapping[str, Any], requester: User | None) -> candidates.Asking:
        uow = self.company.uow
        work = Work(
            self.node.name, Assignment(human.strategy, dict(values)), human.approval, on_empty=human.on_empty,
            on_self=human.on_self, managers=list(human.managers),
            capability=Capability(str(human.provides), None, human.subject_type),
        )  # fmt: skip
        starter = None if requester is None else requester.id
        instance = rows.born(_ANYBODY, _ANYBODY, self.program.process_id, starter, uow.now)
        return candidates.Asking(uow, instance, work, dict, self.node.id)

    # ------------------------------------------------ what it is told

    def _reads(self, node: Node, human: Human, passed: tuple[str, ...]) -> frozenset[str]:
        """What of the requester decides whom it asks. Raises _OnData."""
        strategy, slots = human.strategy, dict(human.parameters)
        if strategy in BY_FIELD:
            raise _OnData(Phrase(_FIELD, field=slots["field"].text if "field" in slots else ""))
        if strategy in choices.SELECTS:
            found = choices.selection_of(node.id, node.name, human).range
            if found == "all":
                raise _OnData(Phrase(_CHOICE))
            return frozenset(("department",)) if found == "dept" else frozenset()
        reads = frozenset(("manager",)) if strategy in BY_ORGANISATION else frozenset[str]()
        for slot in slots.values():
            reads = reads.union(*(one.reads for one in self._answers(slot, None)))
        if strategy == "decision":
            reads = reads.union(*(one.reads for one in self._decided(slots, None)))
        if strategy == "nodeApprover":
            element = slots["element"].text if "element" in slots else ""
            other = None if element in passed else _human_of(self.program, element)
            if other is None:
                raise _OnData(Phrase(_EARLIER))
            reads |= self._reads(*other, (*passed, node.id))
        return reads

    def _told(self, human: Human, requester: User | None) -> list[_Told]:
        """Each set of values that the parameters may have."""
        who = None if requester is None else identity.context_of(self.company.uow, requester.id)
        given = [(name, self._answers(slot, who)) for name, slot in human.parameters]
        if human.strategy == "decision":
            given.append(("decided", self._decided(dict(human.parameters), who)))
        found = []
        for answers in product(*(answers for _, answers in given)):
            values: dict[str, Any] = {}
            for (name, _), one in zip(given, answers, strict=True):
                value = one.value if name not in _LISTS or isinstance(one.value, str | list) else [one.value]
                values[name] = [*_flat(values[name]), *_flat(value)] if name in values else value
            several = [one.value for (_, every), one in zip(given, answers, strict=True) if len(every) > 1]
            found.append(_Told(values, tuple(word for value in several for word in self.company.called(value))))
        return found

    def _answers(self, slot: Slot, who: Context | None) -> list[_Answer]:
        """The values that a parameter may have. Raises _OnData."""
        return [_Answer(slot.text)] if slot.expression is None else self._values(slot.expression.code, who)

    def _values(self, code: feel.Compiled, who: Context | None) -> list[_Answer]:
        if not code.names and not code.asks:
            return [_Answer(code.evaluate({}).value)]
        if self._of_requester(code):
            reads = frozenset(path[2] if len(path) > 2 else "login" for path in chosen.read(code.tree)
                              if path[:2] == _REQUESTER)  # fmt: skip
            value = code.evaluate({"process": {"initiator": who}}, **self._around()).value if who else None
            return [_Answer(value, reads)]
        if isinstance(code.tree, syntax.If):
            parts = (feel.compile(code.excerpt(part)) for part in (code.tree.yes, code.tree.no))
            return [answer for part in parts for answer in self._values(part, who)]
        values = chosen.constants(code)
        if values is None:
            raise _OnData(Listed(sorted(code.names) or [code.text]))
        return [_Answer([one for one in values if one is not None])]

    def _of_requester(self, code: feel.Compiled) -> bool:
        """Whether it hangs on who asks, and on nothing else."""
        paths = list(chosen.read(code.tree))
        own = all(path[:2] == _REQUESTER for path in paths if path[0] in code.names)
        return bool(code.names) and own and not code.asks - {"people"}

    def _around(self) -> dict[str, Any]:
        uow = self.company.uow
        return {
            "now": uow.now, "zone": uow.settings.timezone, "people": identity.Directory(uow),
            "calendar": workdays.Asked(uow),
        }  # fmt: skip

    def _decided(self, slots: Mapping[str, Slot], who: Context | None) -> list[_Answer]:
        """What a decision may answer with: one rule alone, and with it those that always hold. Raises _OnData."""
        slot = slots.get("decisionId")
        key = "" if slot is None or slot.expression is not None else slot.text
        model = self.company.model(key) if key else None
        logic = getattr(model.find(key), "logic", None) if model is not None else None
        unknown = _OnData(Phrase(_TABLE, table=key))
        if model is None or logic is None:
            raise unknown
        fields = dmn.inputs(model, key)
        if fields and all(tuple(one.name.split("."))[:2] == _REQUESTER for one in fields):
            reads = frozenset((*one.name.split("."), "login")[2] for one in fields)
            if who is None:
                return [_Answer(None, reads)]
            try:
                decided = dmn.decide(model, key, {"process": {"initiator": who}}, **self._around())
            except dmn.DecisionFailed:
                return [_Answer(None, reads)]
            return [_Answer(decided.value, reads)]
        try:
            if isinstance(logic, tables.Literal):
                return self._values(feel.compile(logic.text), who)
            if isinstance(logic, tables.DecisionTable) and logic.aggregation is None:
                return self._of_rules(logic, who)
        except (_OnData, feel.FeelSyntaxError):
            raise unknown from None
        raise unknown

    def _of_rules(self, table: tables.DecisionTable, who: Context | None) -> list[_Answer]:
        named = [one.name for one in table.outputs]
        rules = [(rule.tests, [self._constant(text, who) for text in rule.outputs]) for rule in table.rules]
        if any(one.default for one in table.outputs):
            rules.append((("default",), [self._constant(one.default or "", who) for one in table.outputs]))
        answers = [row[0] if len(row) == 1 else dict(zip(named, row, strict=True)) for _, row in rules]
        if table.hit_policy in tables.SINGLE_HIT:
            return [_Answer(one) for one in answers]
        always = [one for one, (tests, _) in zip(answers, rules, strict=True) if not any(t.strip("- ") for t in tests)]
        return [_Answer([*_flat(one), *(more for other in always for more in _flat(other))]) for one in answers]

    def _constant(self, text: str, who: Context | None) -> Any:
        """The value of a cell that is the same whatever is asked. Raises _OnData."""
        if not text.strip():
            return None
        answers = self._values(feel.compile(text), who)
        if len(answers) > 1 or answers[0].reads:
            raise _OnData(text)
        return answers[0].value


def _human_of(program: Program, element: str) -> tuple[Node, Human] | None:
    node = program.nodes.get(element)
    human = None if node is None else chosen.inner(node).human
    return None if node is None or human is None else (node, human)


def _flat(value: Any) -> list[Any]:
    """A collected answer: `users` and `groups` of several contexts are asked alike."""
    return [one for part in value.values() for one in candidates.listed(part)] if isinstance(value, dict) else (
        candidates.listed(value)
    )  # fmt: skip
