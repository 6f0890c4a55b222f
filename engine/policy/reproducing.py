"""A counter-example on the real machine: the answers that people, jobs and the outside world would have to give.

The machine is led along the way that the search has found, with values that its branches ask for, until the guarded
operation is called without its approvals. What it does not repeat within the budget may still be so: the way stays
possible.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from operator import itemgetter
from time import perf_counter
from typing import Any

from engine import bpmn, dmn, feel
from engine.bpmn import steps
from engine.bpmn.model import Definition
from engine.bpmn.program import pin
from engine.bpmn.state import State, Token
from engine.errors import CannotCompile, EngineError
from engine.policy.abstraction import Place
from engine.policy.retaking import Decision, beside, made, made_final, open_still, void_again, waiting
from engine.policy.search import Violation
from engine.policy.space import Move, Space
from engine.policy.subjects import ANYTHING, read_by
from engine.policy.tracking import Decisions, model_at

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
VERBS = 200
"""acts on the machine that are tried for one way"""
VALUES = 6
"""sets of values that are tried, those that fit the branches first"""
ROUNDS = 2
SECONDS = 2.0
"""of all ways of one process together: the designer asks while somebody draws"""
DOCUMENT, OTHER = "document-1", "document-2"
PERSON = ("id", "login", "name", "email", "org_unit", "position")
Yes = tuple[str, str, str]
"""(capability, document, place)"""
_APPROVALS = {"agree": "agree", "passes": "agree", "reject": "reject", "handled": "handled"}
_LITERAL = re.compile(r'-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|\b(?:true|false)\b')
_PATH = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


_Meant = tuple[dict[str, tuple[str, bpmn.Program]], dict[str, Any]]
"""programs, each with its id, and models, by what references name"""


class Machine:
    """The programs of a drawing and what it calls."""

    def __init__(self, space: Space, definition: Definition, decisions: Decisions) -> None:
        self.space, self._definition, self._decisions = space, definition, decisions
        self.by_id: dict[str, bpmn.Program] = {}
        latest: _Meant = {}, {}
        self.root = self._program("", latest)
        about = {
            "id": self.root.process_id, "key": self.root.process_id, "instance_id": "instance-1", "business_key": "1",
            "number": "1", "version": 1, "started_at": NOW, "initiator": dict.fromkeys(PERSON, "requester"),
        }  # fmt: skip
        self.env = bpmn.Env(programs=latest[0].__getitem__, decisions=latest[1].__getitem__, process=about)

    def _program(self, prefix: str, latest: _Meant) -> bpmn.Program:
        """With what its pinned references mean; those to the newest version go to `latest`. What nobody knows is not
        there: the machine gets stuck, and the way stays possible."""
        system = self.space.system
        pinned: _Meant = {}, {}
        for place in [one for one in system.places.values() if one.prefix == prefix]:
            call, asked, below = place.node.call, place.node.extensions.decision, f"{place.id}/"
            if call is not None and below in system.processes:
                programs, _ = latest if call.binding == "latest" else pinned
                programs[pin(call.process_id, call.binding, call.version_tag)] = below, self._program(below, latest)
            if asked is not None and (model := model_at(system, place, self._decisions)) is not None:
                _, models = latest if asked.binding == "latest" else pinned
                models[pin(asked.decision_id, asked.binding, asked.version_tag)] = model
        process = system.processes[prefix]
        own = self._definition if prefix == "" else Definition("", [process])
        bound = self.by_id[prefix] = bpmn.compile(own, process.id, accepted=True).bind(*pinned)
        return bound


@dataclass(frozen=True)
class _At:
    """A state at rest, stored, how far on the way it is, what was asked, what lives and what may be taken back. `by`:
    the token at which somebody decides now; `written`: what was written so that it goes on, by move."""

    stored: str
    index: int
    live: frozenset[Yes] = frozenset()
    asked: tuple[tuple[int, tuple[str, str]], ...] = ()
    passed: tuple[tuple[str, int], ...] = ()
    decided: tuple[Decision, ...] = ()
    by: int | None = None
    written: tuple[tuple[int, dict[str, Any]], ...] = ()


Act = tuple[Callable[[State], steps.Step], _At]
"""(what is done, from where)"""


def reproduce(
    space: Space, name: str, violation: Violation, definition: Definition, decisions: Decisions, until: float
) -> list[dict[str, Any]] | None:  # fmt: skip
    """The values with which the machine calls the operation at `name` without its approvals, first and after
    each move of the way; None: it did not.

    `until`: of `perf_counter`, when it gives up.
    """
    if perf_counter() > until:
        return None
    try:
        machine = Machine(space, definition, decisions)
    except CannotCompile:
        return None
    left = VERBS
    guess = _Guess(space, violation, decisions, until)
    for values in islice(guess.sets(), VALUES):
        run = _Run(machine, name, violation, guess, values, left, until)
        if run.succeeds():
            return run.values_at_moves()
        left = run.left
    return None


def paths_in(text: str) -> list[str]:
    """The variables that a condition reads, each with the members that it reads of it; no outcomes of approvals."""
    plain = _plain_text(text)
    heads = read_by(plain) - {"approval"}
    found = _PATH.findall(re.sub(r'"(?:[^"\\]|\\.)*"', '""', plain))
    return [path for path in dict.fromkeys(found) if path.partition(".")[0] in heads]


class _Run:
    def __init__(
        self, machine: Machine, name: str, violation: Violation, guess: "_Guess", values: dict[str, Any], left: int,
        until: float,
    ) -> None:  # fmt: skip
        self.machine, self.space, self.goal, self.moves = machine, machine.space, name, violation.moves
        self.values, self.missing, self.left, self.until = values, violation.missing, left, until
        self.origin, self.guess = violation.origin, guess
        self._written: tuple[tuple[int, dict[str, Any]], ...] = ()
        self.documents = {
            head for place in self.space.system.places.values() if (mark := place.node.extensions.policy) is not None
            for head in read_by(_plain_text(mark.subject))
        }  # fmt: skip

    def succeeds(self) -> bool:
        start = self._start()
        given = {**self.values, **dict.fromkeys(self.documents, DOCUMENT)}
        try:
            step = bpmn.begin(self.machine.root, "proof", given, now=NOW, env=self.machine.env, start=start)
        except EngineError:  # begun by an event-based gateway, whose message is not known, or with what no value is
            return False
        return self._go(self._after(_At("", 0), step))

    def values_at_moves(self) -> list[dict[str, Any]]:
        """Of the way that has succeeded."""
        found = [self.values]
        for number in range(len(self.moves)):
            found.append(
                found[-1] | dict(pair for at, values in self._written if at == number for pair in values.items())
            )
        return found

    def _start(self) -> str | None:
        """The start event at which it begins, when it is not the plain one."""
        for names in self.space.system.starts:
            if self.space.begun_at(names) == self.origin and len(names) == 1:
                node = self.space.system.places[names[0]].node
                return node.id if node.events or node.instantiate else None
        return None

    def _go(self, at: _At) -> bool:
        state = self._load(at)
        if self._paid(state, at):
            self._written = at.written
            return True
        for index in range(at.index, len(self.moves)):
            for act, origin in self._acts(state, replace(at, index=index), self.moves[index]):
                if self._try(replace(origin, index=index + 1), act):
                    return True
            for token in list(state.tokens.values()):
                place = self._place(state, token)
                if place is not None and self.space.hands_on(place.id):
                    for act, origin in self._handed_on(place, token, replace(at, index=index)):
                        if self._try(replace(origin, index=index), act):
                            return True
        return False

    def _try(self, at: _At, act: Callable[[State], steps.Step]) -> bool:
        if self.left <= 0 or perf_counter() > self.until:
            return False
        self.left -= 1
        try:
            step = act(self._load(at))
        except EngineError:  # the machine refuses it: this is no way
            return False
        return not step.stale and self._go(self._after(at, step))

    # ------------------------------------------------------------ what is done

    def _acts(self, state: State, at: _At, move: Move) -> Iterator[Act]:
        """Each way in which the machine can be made to do what the move says."""
        if move.word == "begins":  # the machine does it by itself
            return
        goal = self.space.system.places[move.via]
        if move.word == "recall":
            yield from self._taken_back(state, at, goal)
            return
        host = goal.prefix + goal.node.attached_to if goal.node.attached_to else None
        kinds = {event.kind: event.code for event in goal.node.events}
        if goal.node.triggered_by_event:
            host = goal.parent.id if goal.parent is not None else ""
            starts = [self.space.system.places[name].node for name in goal.starts]
            kinds = {event.kind: event.code for start in starts for event in start.events}
        for token in list(state.tokens.values()):
            place = self._place(state, token)
            if place is None:
                continue
            if token.wait in ("timer", "message", "signal") and (place is goal or place.parent is goal):
                for values in self._brought(place, at):
                    yield self._fire(token.id, token.wait, values), _having_written(at, values)
            elif token.wait in ("work", "job"):
                if place is goal:
                    yield from self._answered(place, token, at, move.word)
                elif host == "" or host in (place.id, *(above.id for above in _above(place))):
                    yield from ((act, at) for act in self._thrown(token.id, kinds))
        if move.word == "starts":
            for choice in bpmn.choices(state):
                for activity, _ in choice.activities if choice.element == goal.node.id else ():
                    yield self._activated(choice.scope, activity), at

    def _answered(self, place: Place, token: Token, at: _At, word: str) -> Iterator[Act]:
        if word == "return" or (word == "reject" and self._sends_back(token)):
            targets, by_rule = self.space.sent_back(place, word), self.space.back_by_rule(place)
            for element, seq in sorted(at.passed, key=lambda item: -item[1]):
                target = place.prefix + element
                decided = [open_still(at.decided, token.id)] if target in targets else []
                for kept in [*decided, *([at.decided] if target in by_rule else [])]:
                    before = replace(at, decided=kept)
                    yield self._returned([token.id], element, seq), self._without(before, place, element, seq)
            return
        approval = token.node.human.approval if token.node.human is not None else None
        if word == "reject" and approval is not None and approval.on_reject == "end":
            yield (lambda state: bpmn.reject(state, token.id, now=NOW, env=self.machine.env)), at
            return
        yield from self._plain(place, token, at, word)

    def _handed_on(self, place: Place, token: Token, at: _At) -> Iterator[Act]:
        """What no move tells happens where nothing but that matters."""
        if token.wait in ("work", "job"):
            yield from self._plain(place, token, at)
        elif place.node.type == "intermediateCatchEvent" and token.wait in ("timer", "message", "signal"):
            yield self._fire(token.id, token.wait, {}), at

    def _plain(self, place: Place, token: Token, at: _At, word: str = "") -> Iterator[Act]:
        """It is completed, with each of the documents that it may name."""
        live, outcome = at.live, None
        about = dict(at.asked).get(token.id)
        said = _APPROVALS.get(word or "handled")
        if token.node.human is not None and token.node.human.approval is not None and said is not None:
            outcome = {"outcome": said}
            if word == "agree" and about is not None:
                live = live | {(*about, place.id)}
            elif word == "reject" and about is not None:
                alike = self.space.subjects.of_type(place.id)
                live = frozenset(one for one in live if one[1] != about[1] or one[2] not in alike)
        decided, by = at.decided, None
        if token.node.human is not None and word != "passes":
            by = token.id
        elif self.space.subjects.lasts(place.id) or place.id in self.space.needs:
            decided = beside(decided, self._load(at), token.node.id)
        if place.id in self.space.needs:
            document = self._document(place, token)
            live = frozenset(one for one in live if document not in (None, one[1]))
        then = replace(at, live=live, decided=decided)
        for document in (DOCUMENT, OTHER) if self._names(place) & {*self.documents, ANYTHING} else (DOCUMENT,):
            names, ahead = self._names(place), self.guess.ahead(at.index)
            first = self._answer(place, document, {} if ANYTHING in names else self.values)
            other = self._answer(place, document, ahead)
            told = {name: value for name, value in ahead.items() if names & {name, ANYTHING}}
            for who in (by, None) if word == "reject" and self.space.decides_by_rule(place, word) else (by,):
                decides = replace(then, by=who)
                yield self._completed(token.id, first, outcome), decides
                if other != first:
                    yield self._completed(token.id, other, outcome), _having_written(decides, told)

    def _answer(self, place: Place, document: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is filled in or answered there, of these values."""
        known = {**values, **dict.fromkeys(self.documents, document)}
        outputs = place.node.extensions.outputs
        if outputs:
            return {
                name: known[head] for line in outputs if (head := line.target.partition(".")[0]) in known
                for name in read_by(_plain_text(line.source))
            }  # fmt: skip
        names = self._names(place)
        if ANYTHING in names:
            return known
        return {name: known[name] for name in names if name in known}

    def _names(self, place: Place) -> set[str]:
        return self.space.subjects.written(place.id)

    def _completed(self, token: int, values: dict[str, Any], outcome: Any) -> Callable[[State], steps.Step]:
        return lambda state: bpmn.complete(state, token, values, now=NOW, env=self.machine.env, outcome=outcome)

    def _brought(self, place: Place, at: _At) -> list[dict[str, Any]]:
        """What may come with a message: nothing, another document, or what leads on along the way."""
        if ANYTHING not in self._names(place):
            return [{}]
        return [{}, dict.fromkeys(self.documents, OTHER), *filter(None, (self.guess.ahead(at.index),))]

    def _fire(self, token: int, kind: str, values: dict[str, Any]) -> Callable[[State], steps.Step]:
        if kind == "timer":
            return lambda state: bpmn.elapse(state, token, now=NOW, env=self.machine.env)
        return lambda state: bpmn.deliver(state, token, values, now=NOW, env=self.machine.env)

    def _thrown(self, token: int, kinds: Mapping[str, str | None]) -> Iterator[Callable[[State], steps.Step]]:
        for kind, verb in (("error", bpmn.throw_error), ("escalation", bpmn.escalate)):
            if kind in kinds:
                code = kinds[kind] or "any"
                yield partial(verb, token=token, code=code, now=NOW, env=self.machine.env)

    def _activated(self, scope: int, activity: str) -> Callable[[State], steps.Step]:
        return lambda state: bpmn.activate(state, scope, activity, now=NOW, env=self.machine.env)

    def _returned(self, tokens: list[int], target: str, passed: int) -> Callable[[State], steps.Step]:
        return lambda state: bpmn.goto(state, tokens, target, passed, now=NOW, env=self.machine.env)

    def _taken_back(self, state: State, at: _At, task: Place) -> Iterator[Act]:
        """Whoever has decided at a task takes it back."""
        for one in at.decided:
            if one.node == task.node.id and not one.final and (tokens := waiting(one, state)):
                yield self._returned(tokens, one.node, one.seq), self._without(at, task, one.node, one.seq + 1)

    def _without(self, at: _At, place: Place, target: str, since: int) -> _At:
        """What lives, and may be taken back, when it is sent back: nothing that lies behind the target. `since`: number
        of the first fact that does not stand; whoever takes his own decision back has decided all the same."""
        gone = {place.prefix + target, *self.space.behind(place.prefix + target)}
        names = {name.removeprefix(place.prefix) for name in gone}
        return replace(
            at, live=frozenset(one for one in at.live if one[2] not in gone),
            decided=tuple(void_again((one for one in at.decided if one.node not in names), gone, since)),
        )  # fmt: skip

    def _sends_back(self, token: Token) -> bool:
        approval = token.node.human.approval if token.node.human is not None else None
        return approval is not None and approval.on_reject not in ("flow", "end")

    # ------------------------------------------------------------ what is so

    def _paid(self, state: State, at: _At) -> bool:
        """Whether the operation is called now without what has to be approved."""
        for token in state.tokens.values():
            place = self._place(state, token)
            if place is not None and place.id == self.goal and token.wait == "job":
                document = self._document(place, token)
                live = {one for one in at.live if document in (None, one[1])}
                need = self.space.needs[self.goal][self.missing]
                people = sum(self.space.people(where) for what, _, where in live if need.capability in ("", what))
                if people < need.people:
                    return True
        return False

    def _document(self, place: Place, token: Token) -> str | None:
        """The document that a call is about; None when its operation names none."""
        argument = self.space.subjects.argument(place.id)
        return None if argument is None else str((token.vars or {}).get(argument))

    def _place(self, state: State, token: Token) -> Place | None:
        return self.space.system.places.get(_prefix(state, token) + token.node.id)

    def _after(self, at: _At, step: steps.Step) -> _At:
        asked, passed, decided = dict(at.asked), dict(at.passed), list(at.decided)
        for fact in step.facts:
            match fact:
                case steps.WorkClosed(token=token, node=node, outcome="completed"):
                    passed[node] = fact.seq
                    decided = decided if token != at.by else self._decided(at, token, fact.seq)
                case steps.WorkOpened(token=token, work=work) if work.capability is not None:
                    asked[token] = (work.capability.provides, str(work.capability.subject))
        open_ = tuple(sorted((token, about) for token, about in asked.items() if token in step.state.tokens))
        stored = json.dumps(bpmn.dump(step.state))
        return replace(
            at, stored=stored, asked=open_, passed=tuple(sorted(passed.items())), decided=tuple(decided), by=None
        )  # fmt: skip

    def _decided(self, at: _At, token: int, seq: int) -> list[Decision]:
        """What may be taken back, now or later, when somebody has decided at a token."""
        state = self._load(at)
        place = self._place(state, state.tokens[token])
        found = list(made_final(at.decided, token, place.id if place is not None else "", seq))
        one = made(state.tokens[token], seq, (key for key, other in state.tokens.items() if other.wait == "work"))
        return found if one is None else [*found, one]

    def _load(self, at: _At) -> State:
        root = self.machine.root
        known = {**self.machine.by_id, "proof": root}
        return bpmn.load(json.loads(at.stored), known.__getitem__)


def _having_written(at: _At, values: dict[str, Any]) -> _At:
    return replace(at, written=(*at.written, (at.index, values))) if values else at


# ---------------------------------------------------------------- values


class _Guess:
    """Values of what conditions, decisions and loops read: those that lead along the way, as far as one can see."""

    def __init__(self, space: Space, violation: Violation, decisions: Decisions, until: float) -> None:
        self.space, self.until, self._way = space, until, violation
        self.moves = space.walk(violation.origin, violation.moves)
        self.models = {place.id: model for place in space.system.places.values()
                       if (model := model_at(space.system, place, decisions)) is not None}  # fmt: skip
        self.found_out = {
            found.result_variable for place in space.system.places.values()
            for found in (place.node.extensions.decision, place.node.extensions.script) if found is not None
        }  # fmt: skip
        known: dict[str, dict[tuple[type, Any], Any]] = {}
        for place in space.system.places.values():
            for text in (
                *(flow.condition for flow, _ in place.outgoing),
                *(one.condition for one in place.node.events),
            ):
                self._add(known, _compared(text or ""))
            if place.id in self.models:
                self._add(known, _decided(place, self.models[place.id]))
        self.tried = {path: list(values.values()) for path, values in known.items()}
        self._ahead: dict[int, dict[str, Any]] = {}
        read = {name for place in space.system.places.values() for name in _read_plainly(place)}
        self.plain = dict.fromkeys(read - {"approval", "process"}, "other")
        self.lists = {
            name: ["1", "2"] for place in space.system.places.values() if place.node.loop is not None
            for name in read_by(_plain_text(place.node.loop.collection))
        }  # fmt: skip

    def _add(self, known: dict[str, dict[tuple[type, Any], Any]], found: Iterator[tuple[str, list[Any]]]) -> None:
        """1 and true are two values, 1 and 1.0 are one."""
        for path, constants in found:
            if path.partition(".")[0] not in self.found_out:
                values = known.setdefault(path, {})
                for one in constants:
                    values.setdefault((type(one), one), one)

    def sets(self) -> Iterator[dict[str, Any]]:
        """The best that is found by changing one value after the other, then those with one value changed."""
        chosen = self._best(self.moves)
        yield self._whole(chosen)
        for _, other in sorted(self._ranked(chosen, list(self.tried), self.moves), key=itemgetter(0)):
            if other != chosen:
                yield self._whole(other)

    def ahead(self, index: int) -> dict[str, Any]:
        """What is compared on the way from its move `index` on, as it would have to be from there: somebody may write
        it between two branches."""
        if index not in self._ahead:
            left = self.space.walk(self._way.origin, self._way.moves[index:])
            self._ahead[index] = _nested(self._best(left).items())
        return self._ahead[index]

    def _best(self, moves: Sequence[Move]) -> dict[str, Any]:
        chosen = {path: values[0] for path, values in self.tried.items()}
        for _ in range(ROUNDS):
            for path in self.tried:
                chosen = min(self._ranked(chosen, [path], moves), key=itemgetter(0), default=(0, chosen))[1]
        return chosen

    def _ranked(
        self, chosen: dict[str, Any], paths: Sequence[str], moves: Sequence[Move]
    ) -> Iterator[tuple[int, dict[str, Any]]]:  # fmt: skip
        """With one value of these paths changed, as many as there is time for: (branches that are not met, all)."""
        for path in paths:
            for value in self.tried[path]:
                if perf_counter() > self.until:
                    return
                other = {**chosen, path: value}
                yield self._unmet(other, moves), other

    def _whole(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.plain, **self.lists, **_nested(chosen.items())}

    def _unmet(self, chosen: Mapping[str, Any], moves: Sequence[Move]) -> int:
        """How many branches on the way these values do not lead to."""
        known, approvals, unmet = self._whole(chosen), dict[str, Any](), 0
        for move in moves:
            place = self.space.system.places[move.via]
            node = place.node
            if move.word in _APPROVALS and node.extensions.approval is not None:
                approvals[node.id] = {"outcome": _APPROVALS[move.word]}
            if place.id in self.models and node.extensions.decision is not None:
                called = node.extensions.decision
                given = {line.target: _value(line.source, known) for line in node.extensions.inputs}
                try:
                    told = dmn.decide(self.models[place.id], called.decision_id, {**known, **given}, now=NOW).value
                except dmn.DecisionFailed:
                    unmet, told = unmet + 1, None
                known = {**known, called.result_variable: told}
            if node.extensions.script is not None:
                script = node.extensions.script
                known = {**known, script.result_variable: _value(script.expression, known)}
            unmet += _astray(place, move, {**known, "approval": approvals})
            unmet += sum(_value(one.condition, known) is not True for one in node.events if one.condition is not None)
        return unmet


def _astray(place: Place, move: Move, known: Mapping[str, Any]) -> int:
    if len(place.outgoing) < 2 or len(move.ways) != 1:
        return 0
    taken, unmet = move.ways[0][0], 0
    for flow, _ in place.outgoing:
        if flow.condition is not None:
            unmet += _value(flow.condition, known) is not (flow is taken)
            if flow is taken:
                break
    return unmet


def _read_plainly(place: Place) -> Iterator[str]:
    """What scripts and mappings read, whatever it is."""
    found = place.node.extensions
    texts = [line.source for line in found.inputs] + ([found.script.expression] if found.script is not None else [])
    for text in texts:
        yield from read_by(_plain_text(text)) if text.startswith("=") or found.script is not None else ()


def _decided(place: Place, model: Any) -> Iterator[tuple[str, list[Any]]]:
    """What a decision reads, with values round the constants of its tables."""
    called = place.node.extensions.decision
    sources = {line.target: _plain_text(line.source) for line in place.node.extensions.inputs}
    cells = " ".join(_cells(model))
    for field in dmn.inputs(model, called.decision_id if called is not None else ""):
        kinds = {"number": (Decimal, int), "boolean": (bool,), "string": (str,)}.get(field.type)
        values = [one for one in _constants(cells) if kinds is None or isinstance(one, kinds)]
        values = [one for one in values if isinstance(one, bool) is (field.type == "boolean") or kinds is None]
        path = sources.get(field.name, field.name)
        if _PATH.fullmatch(path):
            yield path, values or [Decimal(1)]


def _cells(model: Any) -> Iterator[str]:
    for element in model.elements.values():
        logic = getattr(element, "logic", None)
        for rule in getattr(logic, "rules", ()):
            yield from rule.tests


def _compared(text: str) -> Iterator[tuple[str, list[Any]]]:
    """Each variable of a condition with values round the constants that the condition names."""
    constants = _constants(text)
    for path in paths_in(text):
        yield path, constants


def _constants(text: str) -> list[Any]:
    found: list[Any] = []
    for literal in dict.fromkeys(_LITERAL.findall(text)):
        value = feel.evaluate(literal, {}).value
        found += [value] if isinstance(value, bool | str) else [value - 1, value, value + 1]
    return [*found, True, False, "other"]


def _value(text: str, known: Mapping[str, Any]) -> Any:
    try:
        return feel.evaluate(_plain_text(text), dict(known)).value
    except feel.FeelSyntaxError:
        return None


def _plain_text(text: str | None) -> str:
    return (text or "").strip().removeprefix("=").strip()


def _nested(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in pairs:
        *above, last = path.split(".")
        here = found
        for name in above:
            here = here.setdefault(name, {})
            if not isinstance(here, dict):
                break
        else:
            here[last] = value
    return found


def _above(place: Place) -> Iterator[Place]:
    above = place.parent
    while above is not None:
        yield above
        above = above.parent


def _prefix(state: State, token: Token) -> str:
    scope, found = token.scope, ""
    while scope.parent is not None:
        if scope.kind == "call" and scope.token in state.tokens:
            found = f"{state.tokens[scope.token].node.id}/{found}"
        scope = scope.parent
    return found
