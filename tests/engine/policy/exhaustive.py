"""Everything that can happen to an instance, on the real machine: each answer of people, jobs and the outside world.

Beside it stand the approvals that live, kept as simply as they can be: a yes is about the document that its node named
when it was asked, a no about a document takes back what there was, a payment needs a yes of the capability that the
policy asks for, and uses up all about its document. Written without a look at the checker, to judge it.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from engine import bpmn
from engine.bpmn import steps
from engine.bpmn.state import Scope, State, Token
from engine.errors import MoveRefused
from tests.engine.policy.random_payments import CAPABILITY, PAY, WRITES

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DOCUMENT, OTHER = "A", "B"
Yes = tuple[str, str, str]
"""(capability, document, element that was approved at)"""
Asked = dict[int, tuple[str, str] | None]
"""open round -> (capability, document)"""


class Round(NamedTuple):
    """What was asked and decided, as `tasks.recall` looks at it. `opened`, `passed`: numbers of facts, the latter None
    where it does not stand as it was; `human`: a person has decided; `lasts`: what was done behind it lasts."""

    node: str
    scope: int
    opened: int
    passed: int | None
    human: bool
    lasts: bool = False


@dataclass(frozen=True)
class Situation:
    """A state at rest, stored, and what lives beside it. `passed`: element -> number of the fact that closed it last;
    `rounds`: those that are not void; `opened`: token at which people are asked -> number of the fact; `by`: the one at
    which somebody decides now."""

    stored: str
    live: frozenset[Yes] = frozenset()
    asked: tuple[tuple[int, tuple[str, str] | None], ...] = ()
    passed: tuple[tuple[str, int], ...] = ()
    rounds: tuple[Round, ...] = ()
    opened: tuple[tuple[int, int], ...] = ()
    by: int | None = None


class Surroundings:
    """The directory and the work calendar as one step finds them. `said`: the answers to the questions in the order in
    which they are asked; to what is asked beyond them it says yes."""

    def __init__(self, said: Sequence[bool] = ()) -> None:
        self.said = list(said)
        self._known: dict[Any, bool] = {}

    def has_role(self, person: Any, role: str) -> bool:
        return self._answer(role)

    def belongs(self, person: Any, department: str) -> bool:
        return self._answer(department)

    def is_workday(self, day: date) -> bool:
        return self._answer(day)

    def others(self) -> "Surroundings | None":
        """The next ones that this step could find; None after the last."""
        left = self.said
        while left and not left[-1]:
            left = left[:-1]
        return Surroundings([*left[:-1], False]) if left else None

    def _answer(self, question: Any) -> bool:
        if question not in self._known:
            if len(self._known) == len(self.said):
                self.said.append(True)
            self._known[question] = self.said[len(self._known)]
        return self._known[question]


@dataclass
class Explored:
    """`paid`: elements that paid for a document without a live yes; `complete`: nothing was left out; `path`: how the
    first of each came about."""

    paid: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = True
    situations: int = 0


class Explorer:
    """All that a drawing can do. `each`: is told every state at rest with the approvals that live. `samples`: what a
    variable may be set to; one that is not named there is true or false. `fleeting`: variables that a job answers anew
    at once before each use, so that between two acts nothing depends on them. `brought`: variables that a message may
    bring beside a document."""

    def __init__(
        self, programs: dict[str, bpmn.Program], *, states: int = 400, depth: int = 12,
        each: Callable[[State, frozenset[Yes], list[str]], None] | None = None,
        start: dict[str, Any] | None = None, decisions: Callable[[str], Any] | None = None,
        samples: dict[str, Sequence[Any]] | None = None, fleeting: frozenset[str] = frozenset(),
        brought: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.programs = programs
        self.env = bpmn.Env(programs=lambda key: (key, programs[key]), process={})
        if decisions is not None:
            self.env.decisions = decisions
        self.samples, self.fleeting, self.brought = samples or {}, fleeting, brought
        self.limit, self.depth, self.each = states, depth, each
        self.start = start or {}
        self.pays = frozenset()
        self.goes_back = any(
            node.human is not None and (node.human.returns or _sends_back(node.human.approval))
            for program in programs.values() for node in program.nodes.values()
        )  # fmt: skip
        """whether it matters in which order people's tasks were passed"""
        self.voids = any(
            node.human is not None and _goes_back_by_rule(node.human)
            for program in programs.values() for node in program.nodes.values()
        )  # fmt: skip
        """whether a decision may become void though nobody has decided anything"""
        if each is None:  # nothing is left to be found once each of them has paid
            self.pays = frozenset(
                node.id for program in programs.values() for node in program.nodes.values()
                if node.job is not None and node.job.type.text == PAY
            )  # fmt: skip

    def explore(self) -> Explored:
        found = Explored()
        program = self.programs["p"]
        seen: set[Any] = set()
        todo: deque[tuple[Situation, int, list[str]]] = deque()

        def meet(situation: Situation, state: State, depth: int, path: list[str]) -> None:
            passed = sorted(situation.passed, key=lambda item: item[1]) if self.goes_back else ()
            key = (
                _key(state, self.fleeting),
                situation.live,
                tuple(element for element, _ in passed),
                _open(situation),
                self._takeable(situation, state),
            )
            if key in seen:
                return
            seen.add(key)
            if self.each is not None:
                self.each(state, situation.live, path)
            todo.append((situation, depth, path))

        for values in self._values():
            for env in self._environments():
                step = bpmn.begin(program, "p", {"request_id": DOCUMENT, **values}, now=NOW, env=env)
                first = Situation("", passed=())
                meet(self._after(first, step), step.state, 0, ["start"])
        while todo and not (self.pays and self.pays <= set(found.paid)):
            if len(seen) > self.limit:
                found.complete = False
                break
            situation, depth, path = todo.popleft()
            if depth >= self.depth:
                found.complete = False
                continue
            for word, following, state, paid in self._acts(situation):
                if paid is not None and paid not in found.paid:
                    found.paid[paid] = [*path, word]
                if following is not None:
                    meet(following, state, depth + 1, [*path, word])
        found.situations = len(seen)
        return found

    def _values(self) -> Iterator[dict[str, Any]]:
        ways: list[dict[str, Any]] = [{}]
        for name, values in self.start.items():
            ways = [{**way, name: value} for way in ways for value in values]
        yield from ways

    # ------------------------------------------------------------ acts

    def _acts(self, situation: Situation) -> Iterator[tuple[str, Situation | None, State, str | None]]:
        state = self._load(situation)
        for token, node, kind in bpmn.waits(state):
            found = state.tokens[token]
            if found.wait == "work":
                yield from self._work(situation, found)
            elif found.wait == "job":
                yield from self._job(situation, found)
            elif kind == "timer":
                yield from self._do(situation, node, bpmn.elapse, token)
            elif kind in ("message", "signal"):
                yield from self._do(situation, node, bpmn.deliver, token)
                yield from self._do(situation, f"{node}: another", bpmn.deliver, token, {"request_id": OTHER})
                for one in self.brought:
                    for value in self.samples[one]:
                        yield from self._do(situation, f"{node}: {one}", bpmn.deliver, token, {one: value})
        for number, incident in state.incidents.items():
            if incident.code in ("condition-not-boolean", "no-outgoing-flow", "no-condition-true", "decision-failed"):
                for name in incident.detail.get("read", incident.detail.get("inputs", ())):
                    for value in () if name == "approval" else self.samples.get(name, (True, False)):
                        yield from self._do(situation, f"repair {name}", bpmn.resume, number, {name: value})
        for one in situation.rounds:
            if _may_be_recalled(one, situation.rounds):
                yield from self._recall(situation, state, one)
        for choice in bpmn.choices(state):
            for activity, _ in choice.activities:
                yield from self._do(situation, f"+{activity}", bpmn.activate, choice.scope, activity)
            yield from self._do(situation, f"finish {choice.element}", bpmn.finish, choice.scope)

    def _work(self, situation: Situation, token: Token) -> Iterator[tuple[str, Situation | None, State, str | None]]:
        human, node = token.node.human, token.node.id
        assert human is not None
        about = dict(situation.asked).get(token.id)
        yield from self._thrown(situation, token)
        yield from self._unasked(situation, token, about)
        situation = replace(situation, by=token.id)
        edits: list[dict[str, Any]] = [{}]
        if human.form is not None and human.form.text == WRITES:
            edits += [{"request_id": one} for one in (OTHER, DOCUMENT)]
        for values in edits:
            if human.approval is None:
                yield from self._do(situation, f"{node} {values}", bpmn.complete, token.id, values)
            else:
                yield from self._decide(situation, token, about, values)

    def _unasked(
        self, situation: Situation, token: Token, about: tuple[str, str] | None
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        """What rules do in place of people."""
        human, node = token.node.human, token.node.id
        assert human is not None
        does = {step["do"]: step.get("to") for step in human.timeout}
        if human.approval is not None and (human.on_empty == "autoPass" or "agree" in does):
            agreed = {"outcome": {"outcome": "agree"}}
            yield from self._do(situation, f"{node}: passes", bpmn.complete, token.id, **agreed)
        if human.approval is not None and human.on_empty == "autoReject" and human.approval.on_reject != "flow":
            yield from self._do(situation, f"{node}: nobody", bpmn.reject, token.id)
        elif human.approval is not None and (human.on_empty == "autoReject" or "reject" in does):
            yield from self._rejected(situation, token, about, {}, f"{node}: rejected")
        if "return" in does:
            yield from self._sent(situation, token, does["return"] or "previous")

    def _decide(
        self, situation: Situation, token: Token, about: tuple[str, str] | None, values: dict[str, Any]
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        human, node = token.node.human, token.node.id
        assert human is not None
        assert human.approval is not None
        agreed = {"outcome": {"outcome": "agree"}}
        yes = situation.live | {(*about, node)} if about is not None else situation.live
        yield from self._do(replace(situation, live=yes), f"{node}: agree", bpmn.complete, token.id, values, **agreed)
        yield from self._rejected(situation, token, about, values, f"{node}: reject")
        for word in human.returns:
            yield from self._sent(situation, token, word)

    def _rejected(
        self, situation: Situation, token: Token, about: tuple[str, str] | None, values: dict[str, Any], word: str
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        left = frozenset(one for one in situation.live if about is None or one[1] != about[1])
        refused = replace(situation, live=left)
        on_reject = token.node.human.approval.on_reject
        if on_reject == "flow":
            no = {"outcome": {"outcome": "reject"}}
            yield from self._do(refused, word, bpmn.complete, token.id, values, **no)
        elif on_reject == "end":
            yield from self._do(refused, word, bpmn.reject, token.id)
        else:
            yield from self._back(refused, token, on_reject.removeprefix("return:"), "reject")

    def _sent(
        self, situation: Situation, token: Token, word: str
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        node = token.node.id
        known = [element for element, _ in sorted(situation.passed, key=lambda item: -item[1]) if element != node]
        for target in known if word == "any" else known[:1] if word == "previous" else [word]:
            yield from self._back(situation, token, target, "return")

    def _job(self, situation: Situation, token: Token) -> Iterator[tuple[str, Situation | None, State, str | None]]:
        node, kind = token.node.id, str(dict(self._jobs(situation))[token.id])
        yield from self._thrown(situation, token)
        if kind.startswith("ask."):
            names = [name for name in kind.removeprefix("ask.").split(".") if name]
            answers: list[dict[str, bool | None]] = [{}]
            for name in names:
                answers = [{**answer, name: value} for answer in answers for value in (True, False, None)]
            for answer in answers:
                yield from self._do(situation, f"{node}: {answer}", bpmn.complete, token.id, answer)
        elif kind.startswith("fill."):
            name = kind.removeprefix("fill.")
            for value in self.samples[name]:
                yield from self._do(situation, f"{node}: {value}", bpmn.complete, token.id, {name: value})
        elif kind == PAY:
            document = str((token.vars or {}).get("request_id"))
            lives = any(one[:2] == (CAPABILITY, document) for one in situation.live)
            after = replace(
                situation, live=frozenset(one for one in situation.live if one[1] != document),
                rounds=self._lasting(situation, node),
            )  # fmt: skip
            for word, following, state, _ in self._do(after, node, bpmn.complete, token.id):
                yield word, following, state, None if lives else node
        else:
            yield from self._do(situation, node, bpmn.complete, token.id)

    def _thrown(
        self, situation: Situation, token: Token
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        """What a form or an operation may throw, where something catches it."""
        for kind, verb, code in (("error", bpmn.throw_error, "E1"), ("escalation", bpmn.escalate, "X")):
            if _catches(token, kind):
                yield from self._do(situation, f"{token.node.id}: {kind}", verb, token.id, code)

    def _back(
        self, situation: Situation, token: Token, target: str, word: str
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        seq = dict(situation.passed).get(target)
        if seq is not None:
            if situation.by is not None:
                opened = dict(situation.opened)[token.id]
                sent = Round(token.node.id, token.scope.id, opened, None, human=True)
                situation = replace(situation, rounds=(*situation.rounds, sent), by=None)
            yield from self._gone_back(situation, [token.id], target, seq, f"{token.node.id}: {word} to {target}")

    def _recall(
        self, situation: Situation, state: State, decided: Round
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        """Whoever has decided takes it back, while something waits behind it in its scope."""
        scope = state.scopes.get(decided.scope)
        node = scope.program.nodes.get(decided.node) if scope is not None else None
        if scope is None or node is None or node.scope is not scope.unit or node.human.recall == "never":
            return
        behind = scope.unit.routes.down[node.index]
        tokens = [
            token.id for token in state.tokens.values()
            if token.scope is scope and not token.host and behind >> token.node.index & 1
        ]  # fmt: skip
        if tokens and decided.passed is not None:
            rounds = tuple(one._replace(passed=None) if one == decided else one for one in situation.rounds)
            left = replace(situation, rounds=rounds)
            yield from self._gone_back(left, tokens, decided.node, decided.passed, f"{decided.node}: recall")

    def _lasting(self, situation: Situation, paid: str) -> tuple[Round, ...]:
        """When it has been paid at an element: it lasts behind all but what was decided in branches beside it."""
        state, found = self._load(situation), []
        for one in situation.rounds:
            scope = state.scopes.get(one.scope)
            place = _in(scope, paid) if scope is not None else None
            beside = scope is not None and place is not None and one.node in scope.program.nodes
            if beside and not scope.unit.routes.down.get(scope.program.nodes[one.node].index, 0) >> place & 1:
                found.append(one)
            else:
                found.append(one._replace(lasts=True))
        return tuple(found)

    def _gone_back(
        self, situation: Situation, tokens: list[int], target: str, seq: int, word: str
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:  # fmt: skip
        """What was decided behind the target and at it since then no longer stands."""
        state = self._load(situation)
        found = bpmn.returning(state, tokens, target, seq)
        if found.refused:
            return
        scope = state.scopes[found.scope]
        node = scope.program.nodes[found.node]
        after = scope.unit.routes.down[node.index] | 1 << node.index
        undone = {
            element for element, left in situation.passed
            if left >= seq and (behind := _in(scope, element)) is not None and after >> behind & 1
        }  # fmt: skip
        home = scope.home()
        home.approval = {key: told for key, told in home.approval.items() if key not in undone}
        kept = replace(
            situation, stored=json.dumps(bpmn.dump(state)),
            live=frozenset(one for one in situation.live if one[2] not in undone),
            passed=tuple(item for item in situation.passed if item[0] not in undone),
            rounds=tuple(
                one for one in situation.rounds if one.node not in undone or one.passed is None or one.passed < seq
            ),
        )  # fmt: skip
        try:
            yield from self._do(kept, word, bpmn.goto, tokens, target, seq)
        except MoveRefused:
            return

    def _do(
        self, situation: Situation, word: str, verb: Callable[..., steps.Step], *arguments: Any, **options: Any
    ) -> Iterator[tuple[str, Situation | None, State, str | None]]:
        for env in self._environments():
            step = verb(self._load(situation), *arguments, now=NOW, env=env, **options)
            if not step.stale:
                yield word, self._after(situation, step), step.state, None

    def _environments(self) -> Iterator[bpmn.Env]:
        """All that one step may find around it."""
        found: Surroundings | None = Surroundings()
        while found is not None:
            yield replace(self.env, people=found, calendar=found)
            found = found.others()

    # ------------------------------------------------------------ what is beside the state

    def _after(self, before: Situation, step: steps.Step) -> Situation:
        asked, passed = dict(before.asked), dict(before.passed)
        rounds, opened = list(before.rounds), dict(before.opened)
        for fact in step.facts:
            match fact:
                case steps.WorkClosed(token=token, node=node, outcome="completed"):
                    scope = self._load(before).tokens[token].scope.id
                    rounds.append(Round(node, scope, opened[token], fact.seq, token == before.by))
                    passed[node] = fact.seq
                case steps.WorkOpened(token=token, work=work):
                    about = work.capability
                    asked[token] = None if about is None else (about.provides, str(about.subject))
                    opened[token] = fact.seq
        open_ = {token: about for token, about in asked.items() if token in step.state.tokens}
        stored = json.dumps(bpmn.dump(step.state))
        waiting = tuple((token, seq) for token, seq in opened.items() if token in open_)
        return Situation(
            stored, before.live, tuple(sorted(open_.items())), tuple(sorted(passed.items())),
            self._standing(rounds, step.state, [seq for _, seq in waiting]), waiting,
        )  # fmt: skip

    def _standing(self, rounds: list[Round], state: State, asked: list[int]) -> tuple[Round, ...]:
        """Without those that nobody will take back, and make none final that somebody might."""
        human = [one for one in rounds if one.human]
        over = max((one.opened for one in human if one.passed is None), default=-1)
        kept = [one for one in human if (one.passed or 0) > over]
        if self.voids:
            return tuple(kept)

        def stays_final(one: Round, last: Round) -> bool:
            """Whether nobody who still may makes `last` void, which has made `one` final."""
            sends = self.goes_back and any(opened < (one.passed or 0) for opened in asked)
            return not sends and not any(_undoes(other, last, state) for other in perhaps if other is not one)

        perhaps = [one for one in kept if not one.lasts and one.scope in state.scopes]
        left: list[Round] = []
        while left != perhaps:
            left = perhaps
            perhaps = [
                one for one in left if not any(stays_final(one, last) for last in human if _makes_final(last, one))
            ]
        return tuple(one for one in kept if one in perhaps or any(_makes_final(one, other) for other in perhaps))

    def _takeable(self, situation: Situation, state: State) -> Any:
        """What may be taken back, now or once what makes it final is void."""
        known = [one for one in situation.rounds if one.scope in state.scopes or self.voids]
        ordered = self.voids or any(_makes_final(one, other) for one in situation.rounds for other in known)
        known = list(situation.rounds) if ordered else known
        numbers = sorted({seq for one in known for seq in (one.opened, one.passed or 0)})
        rank = {seq: place for place, seq in enumerate(numbers)}
        asked = sorted(
            (state.tokens[token].node.id, sum(seq > number for number in numbers)) for token, seq in situation.opened
        )
        rounds = [
            (one.node, _name(state.scopes[one.scope], state) if one.scope in state.scopes else "?",
             rank[one.opened] if ordered else 0, rank[one.passed or 0], one.human, one.lasts)
            for one in known
        ]  # fmt: skip
        return repr((sorted(rounds), asked if known else ()))

    def _load(self, situation: Situation) -> State:
        return bpmn.load(json.loads(situation.stored), self.programs.__getitem__)

    def _jobs(self, situation: Situation) -> Iterator[tuple[int, Any]]:
        for token in self._load(situation).tokens.values():
            if token.wait == "job" and token.node.job is not None:
                yield token.id, token.node.job.type.evaluate({}, now=NOW, zone="UTC")


def _sends_back(approval: Any) -> bool:
    return approval is not None and approval.on_reject.startswith("return:")


def _catches(token: Token, kind: str) -> bool:
    programs = [token.scope.program]
    scope = token.scope.parent
    while scope is not None:
        programs.append(scope.program)
        scope = scope.parent
    return any(
        event.kind == kind
        for program in programs
        for node in program.nodes.values()
        if node.type in ("boundaryEvent", "startEvent")
        for event in node.events
    )


def _in(scope: Scope, element: str) -> int | None:
    """Index of the node of `scope` that is or holds an element."""
    node = scope.program.nodes.get(element)
    while node is not None and node.scope is not scope.unit:
        node = node.scope.node
    return None if node is None else node.index


def _may_be_recalled(one: Round, rounds: Iterable[Round]) -> bool:
    """By what has been decided since (`tasks.recalling`): nothing by a person who was asked after it."""
    return (
        one.human and not one.lasts and one.passed is not None
        and not any(_makes_final(other, one) for other in rounds)
    )  # fmt: skip


def _makes_final(last: Round, one: Round) -> bool:
    return last.human and one.passed is not None and last.opened >= one.passed


def _undoes(one: Round, last: Round, state: State) -> bool:
    """Whether `last` is void when `one` is taken back."""
    scope = state.scopes.get(one.scope)
    if scope is None or last.passed is None or last.passed <= (one.passed or 0):
        return False
    place = _in(scope, last.node)
    return place is not None and bool(scope.unit.routes.down.get(scope.program.nodes[one.node].index, 0) >> place & 1)


def _goes_back_by_rule(human: Any) -> bool:
    does = {step["do"] for step in human.timeout}
    return "return" in does or ("reject" in does and _sends_back(human.approval))


def _open(situation: Situation) -> Any:
    return tuple(sorted(about or ("", "") for _, about in situation.asked))


def _key(state: State, fleeting: frozenset[str]) -> Any:
    """A state without the numbers of its tokens, and without what is answered anew unless something is stuck at it."""
    gone = frozenset() if state.incidents else fleeting
    names = {key: _name(scope, state) for key, scope in state.scopes.items()}
    scopes = sorted(
        (
            names[key], repr(sorted(item for item in scope.vars.items() if item[0] not in gone)),
            repr(sorted(scope.approval.items())),
            repr(sorted(scope.held.items())), scope.index, repr([entry.node.id for entry in scope.log]),
            repr(scope.progress.counters()) if scope.progress else "", repr(scope.pending), scope.closed,
            repr(sorted(scope.fired.items())),
        )
        for key, scope in state.scopes.items()
    )  # fmt: skip
    tokens = sorted(
        (
            names[token.scope.id], token.node.id, token.wait, token.host, token.definition, token.stage or "",
            token.by or "", repr(sorted((token.vars or {}).items())), token.left or 0,
        )
        if token.host <= 0
        else (
            names[token.scope.id], token.node.id, token.wait, 1, token.definition, "", "", "", token.left or 0,
        )
        for token in state.tokens.values()
    )  # fmt: skip
    return state.status, tuple(scopes), tuple(tokens)


def _name(scope: Scope, state: State) -> str:
    if scope.parent is None:
        return ""
    host = state.tokens[scope.token].node.id if scope.token in state.tokens else "?"
    return f"{_name(scope.parent, state)}/{host}:{scope.kind}:{scope.index}"
