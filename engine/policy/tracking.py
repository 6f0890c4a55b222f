"""The variables of a process that its conditions and decisions tell apart: what is known of them, and what changes it.

Only variables of the process itself are tracked, where nothing hides them. All others, and what called processes read,
are unknown.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from engine import feel
from engine.bpmn.data import copies
from engine.bpmn.model import CalledDecision, Flow, Process
from engine.errors import EngineError
from engine.policy.abstraction import Place, System
from engine.policy.beside import Beside
from engine.policy.entering import entered, limits
from engine.policy.regions import (
    ANY,
    RESERVED,
    UNSURE,
    Answers,
    Masks,
    Regions,
    Term,
    cases,
    is_ever_true,
    is_number,
    judged,
    merged,
    term,
    told_by,
    truth,
)
from engine.policy.rulings import Asked, Ruling, ruling
from engine.policy.subjects import Subjects

Decisions = Callable[[Process, CalledDecision], Any]
"""(process that asks, what it asks) -> model; raises LookupError or an EngineError for one that is not there"""
Judgement = tuple[list[tuple[bool | None, Masks]], bool]
"""(what a condition may say, each with what is known then; whether the machine may get stuck at it)"""

DOING, LEAVING, WAITING = range(3)
"""by what a variable is read at a place"""
VARIABLES = 24
WAYS = 64
"""A condition or decision that cuts what is known into more pieces leaves it whole."""


class Tracking:
    """Of one system. `paths`: the variables by number; `reads`, `writes`: place -> numbers; `repaired`: those
    that may be written where it is stuck; `certain`: scripts at which nothing gets stuck."""

    def __init__(self, system: System, subjects: Subjects, decisions: Decisions | None = None) -> None:
        self._system, self._subjects = system, subjects
        self._conditions = {
            (place.id, flow.id): term(_plain(flow.condition), condition=True)
            for place in system.places.values() for flow, _ in place.outgoing
            if flow.condition is not None and not flow.is_default
        }  # fmt: skip
        self._never = {of for of, condition in self._conditions.items() if not is_ever_true(condition)}
        self._events = {
            place.id: condition for place in system.places.values()
            if (text := self._awaited(place)) is not None and not (condition := term(text, condition=True)).asks_outcome
        }  # fmt: skip
        plain = [place for place in system.places.values() if self._is_plain(place)]
        self._scripts = {
            place.id: (script.result_variable, term(_plain(script.expression)))
            for place in plain if (script := place.node.extensions.script) is not None
        }  # fmt: skip
        self.certain = {name for name, (_, script) in self._scripts.items() if script.is_read}
        self._rulings = {
            place.id: (called.result_variable, found)
            for place in plain if (called := place.node.extensions.decision) is not None
            if (found := _ruling(model_at(system, place, decisions), called)) is not None
        }  # fmt: skip
        self._about: dict[str, frozenset[str]] = {}
        """question -> the variables that it is about"""
        constants = self._gather()
        self.paths = sorted(constants, key=lambda path: path in self._about)[:VARIABLES]
        self._number = {path: number for number, path in enumerate(self.paths)}
        self.regions = [Answers() if path in self._about else Regions(constants[path]) for path in self.paths]
        for path, regions in zip(self.paths, self.regions, strict=True):
            regions.tied = frozenset(
                at for at, other in enumerate(self.paths) if self._heads(path) & self._heads(other)
            )
        self.everything: Masks = tuple(one.everything for one in self.regions)
        self.writes = {
            name: tuple(
                number for number, path in enumerate(self.paths)
                if any(subjects.writes(name, head) for head in self._heads(path))
            )
            for name in system.places
        }  # fmt: skip
        self._asked = {
            name: Asked(
                found, {path: self._at(name)(path) for path in found.reads}, self.regions, partial(self._given, result)
            )
            for name, (result, found) in self._rulings.items()
        }
        self.repaired = {name: self._read_at(name) for name in system.places}
        self.reads = {name: found | self._read_by_event(name) for name, found in self.repaired.items()}
        self._outcomes: dict[tuple[str, Masks], list[Masks]] = {}
        self._sure: dict[tuple[str, Masks], bool] = {}
        self._telling: dict[str, bool] = {}
        self._staying: dict[str, bool] = {}

    # ------------------------------------------------------------ what is tracked

    def _is_plain(self, place: Place) -> bool:
        """Whether what it computes is written once, as it is, into the scope around it."""
        node = place.node
        local = {line.target.partition(".")[0] for line in node.extensions.inputs}
        found = node.extensions.script or node.extensions.decision
        return (
            found is not None and found.result_variable not in local and not node.loop and not node.for_compensation
            and not (node.extensions.outputs or node.data_out or node.data_in or node.data)
        )  # fmt: skip

    def _awaited(self, place: Place) -> str | None:
        """The condition of an event that waits for nothing else and reads no data of the step that it stands at."""
        node, host = place.node, self._system.places.get(f"{place.prefix}{place.node.attached_to}")
        if node.type not in ("startEvent", "boundaryEvent", "intermediateCatchEvent") or len(node.events) != 1:
            return None
        if node.type == "startEvent" and (place.parent is None or len(place.parent.starts) != 1):
            return None
        if host is not None and (host.node.extensions.inputs or host.node.data or host.node.data_in or host.node.loop):
            return None
        return _plain(node.events[0].condition) or None

    def _watching(self, name: str) -> str:
        """Where an event waits: that which begins an event sub-process, around it."""
        place = self._system.places[name]
        above = place.parent
        begins = place.node.type == "startEvent" and above is not None and above.node.triggered_by_event
        return above.id if begins and above is not None else name

    def _gather(self) -> dict[str, list[Any]]:
        """Path -> what it is compared with, of every variable that tells something apart."""
        found: dict[str, dict[tuple[bool, Any], Any]] = {}

        def add(
            name: str, path: str, constants: Iterable[Any], about: frozenset[str] = frozenset(), *, by: int = DOING
        ) -> int:
            if about:
                self._about[path] = frozenset(map(_head, about))
            actual = self._actual(name, path, by)
            if actual is None:
                return 0
            known = found.setdefault(actual, {})
            before = len(known)
            known.update({(isinstance(one, bool), one): one for one in constants})
            return len(known) - before

        for (name, _), condition in self._conditions.items():
            for leaf in condition.leaves():
                add(name, leaf.path, leaf.constants, leaf.about, by=LEAVING)
        for name, condition in self._events.items():
            for leaf in condition.leaves():
                add(self._watching(name), leaf.path, leaf.constants, leaf.about, by=WAITING)
        asked: dict[str, list[tuple[str, str, Iterable[Any]]]] = {}
        for name, (_, tables) in self._rulings.items():
            for path, constants in tables.reads.items():
                actual = self._actual(name, path, DOING)
                if actual is not None:
                    asked.setdefault(actual, []).append((name, path, constants))
        for places in asked.values():
            for place in places if len(places) > 1 else ():  # where the one got stuck the other would have, too
                add(*place)
        more = -1
        while more:  # until no constant is handed on from a variable to the one that it comes from
            before, more = len(found), 0
            for name, (result, script) in self._scripts.items():
                wanted = [one for path, values in found.items() if _head(path) == result for one in values.values()]
                if any(_head(path) == result for path in found):
                    more += sum(add(name, leaf.path, leaf.constants, leaf.about) for leaf in script.leaves())
                    more += sum(add(name, path, wanted) for path in script.taken())
            for name, (result, tables) in self._rulings.items():
                if any(_head(path) == result for path in found):
                    more += sum(add(name, path, constants) for path, constants in tables.reads.items())
            more += len(found) - before
        for starts in self._system.starts:
            for path, (asked_for, _) in self._subjects.asked_at(starts[0]).items() if len(starts) == 1 else ():
                if path in found:
                    found[path] |= {(False, one): one for one in limits(asked_for).values()}
        undone = [place for place in self._system.places.values() if self._undoes(place)]
        return {
            path: list(values.values()) for path, values in found.items()
            if not any(self._subjects.writes(place.id, head) for place in undone for head in self._heads(path))
        }  # fmt: skip

    def begun(self, starts: Sequence[str]) -> Masks:
        """What is known when it begins at these places: what the form there lets through."""
        fields = self._subjects.asked_at(starts[0]) if len(starts) == 1 else {}
        return tuple(
            entered(*fields[path], regions) if path in fields else regions.everything
            for path, regions in zip(self.paths, self.regions, strict=True)
        )

    def _heads(self, path: str) -> frozenset[str]:
        """The variables that it is, or asks about."""
        return self._about.get(path) or frozenset((_head(path),))

    def _undoes(self, place: Place) -> bool:
        """Whether it is, or stands in, a handler of compensation: those run at any time."""
        here: Place | None = place
        while here is not None:
            if here.node.for_compensation:
                return True
            here = here.parent
        return False

    def _actual(self, name: str, path: str, by: int) -> str | None:
        """The variable of the process that is read under this path: `by` what a place does, by the flows that leave it,
        or by the event that waits there; None: it is not known."""
        if path in self._about:
            plain = all(self._actual(name, head, by) == head for head in self._about[path])
            return path if plain else None
        head, _, rest = path.partition(".")
        node = self._system.places[name].node
        lines = [line for line in node.extensions.inputs if line.target.partition(".")[0] == head]
        kept = by == LEAVING and self._keeps(self._system.places[name], head)
        if kept:
            if not self._is_plain(self._system.places[name]):
                return None
            by = DOING  # judged in the step in which it was given what they see, unless it gets stuck there
        if by == DOING and (lines or node.data_in or node.data or node.loop is not None):
            if len(lines) != 1 or lines[0].target != head or node.data_in or node.data or node.loop is not None:
                return None
            source = term(_plain(lines[0].source)) if lines[0].source.strip().startswith("=") else None
            if source is None or source.operator != "reads" or source.tree is not None:
                return None
            head, _, more = source.path.partition(".")
            rest = ".".join(part for part in (more, rest) if part)
        if head in RESERVED or self._system.places[name].prefix or not self._subjects.shared(name, head):
            return None
        if kept and self._subjects.writes(name, head):  # it was given what was there before it wrote
            return None
        return f"{head}.{rest}" if rest else head

    def _keeps(self, place: Place, name: str) -> bool:
        """Whether the flows that leave a place see what it was given under a name, or what its event brought."""
        node = place.node
        local = {line.target.partition(".")[0] for line in (*copies(node.data_in), *node.extensions.inputs)}
        brought = bool(node.events) and bool(node.extensions.outputs or node.data_out)
        return not place.holds_inside and (brought or name in local | {item.name for item in node.data})

    def _at(self, name: str, by: int = DOING) -> Callable[[str], int | None]:
        def resolve(path: str) -> int | None:
            actual = self._actual(name, path, by)
            return None if actual is None else self._number.get(actual)

        return resolve

    def _read_at(self, name: str) -> frozenset[int]:
        place, at, outside = self._system.places[name], self._at(name), self._at(name, LEAVING)
        found = {outside(leaf.path) for flow, _ in place.outgoing if (condition := self._condition(place, flow))
                 for leaf in condition.leaves()}  # fmt: skip
        if name in self._scripts and self.writes[name]:
            found |= {at(leaf.path) for leaf in self._scripts[name][1].leaves()}
        if name in self._asked and (self.writes[name] or self.learns(name)):
            found |= set(self._asked[name].reads)
        return frozenset(number for number in found if number is not None)

    def _read_by_event(self, name: str) -> frozenset[int]:
        at, condition = self._at(self._watching(name), WAITING), self._events.get(name)
        found = {at(leaf.path) for leaf in condition.leaves()} if condition is not None else set()
        return frozenset(number for number in found if number is not None)

    def _condition(self, place: Place, flow: Flow) -> Term | None:
        return None if place.node.type == "complexGateway" else self._conditions.get((place.id, flow.id))

    def learns(self, name: str) -> bool:
        """Whether a decision that is passed says something of what it reads."""
        return name in self._asked and None not in self._asked[name].reads

    def tells_others(self, name: str) -> bool:
        """Whether what somebody writes who helps a place on may be read where nothing gets stuck at what was there."""
        if name not in self._telling:
            self._telling[name] = self._is_told_others(name)
        return self._telling[name]

    def _is_told_others(self, name: str) -> bool:
        if len(self.repaired[name]) != 1 or name in self._scripts or name in self._asked:
            return bool(self.repaired[name])
        (number,) = self.repaired[name]
        flows = [flow for flow, _ in self._system.places[name].outgoing]
        answered, true = self.everything[number], 0
        for flow in flows:
            if (name, flow.id) in self._conditions:
                said, yes = self._told_at(name, flow, number)
                answered, true = answered & said, true | yes
        if not any(flow.is_default or flow.condition is None for flow in flows):
            answered &= true
        stuck = self.everything[number] & ~answered
        return any(number in read and other != name and self._reads_of(other, number, stuck)
                   for other, read in self.reads.items())  # fmt: skip

    def _told_at(self, name: str, flow: Flow, number: int) -> tuple[int, int]:
        """The regions of a variable for which a condition may say something, and may be true."""
        said = true = 0
        at = self._at(name, LEAVING)
        for value, of in cases(self._conditions[name, flow.id], told_by({}), at, self.regions, self.everything):
            if value is True or value is False or value is UNSURE or value is ANY:
                said |= of[number]
                true |= of[number] if value is not False else 0
        return said, true

    def _reads_of(self, name: str, number: int, mask: int) -> bool:
        """Whether a place may go on with a variable in these regions, as far as that is plain."""
        if name in self._scripts or name in self._asked or name in self._events or self.repaired[name] != {number}:
            return True
        asking = [flow for flow, _ in self._system.places[name].outgoing if (name, flow.id) in self._conditions]
        return any(
            self._conditions[name, flow.id].asks_outcome or self._told_at(name, flow, number)[0] & mask
            for flow in asking
        )

    # ------------------------------------------------------------ what happens

    def judge(
        self, place: Place, flow: Flow, outcomes: Mapping[str, str], known: Masks, *, stuck: bool = False
    ) -> Judgement:  # fmt: skip
        """What the condition of a flow says: true, false or (None) either. `stuck`: the place has been so before, and
        what it was given may be no more what is outside."""
        condition = self._condition(place, flow)
        if condition is None:
            return [(truth(flow.condition, outcomes), known)], False
        if stuck and any(self._keeps(place, _head(leaf.path)) for leaf in condition.leaves()):
            return [(None, known)], True
        at = self._at(place.id, LEAVING)
        if (place.id, flow.id) in self._never and any(at(leaf.path) is None for leaf in condition.leaves()):
            return [(False, known)], True
        found, unsure = judged(condition, told_by(outcomes), at, self.regions, known)
        if len(found) <= WAYS:
            return found, unsure
        return [(None, self._forgotten(known, self.reads[place.id]))], True

    def follows(self, name: str) -> bool:
        """Whether something is known of the condition that an event waits for."""
        return name in self._events

    def stays(self, name: str, host: Place) -> bool:
        """Whether the condition that an event at a step waits for says the same while the step is active: nothing
        writes what it reads."""
        if name not in self._staying:
            self._staying[name] = self._is_staying(name, host)
        return self._staying[name]

    def _is_staying(self, name: str, host: Place) -> bool:
        condition = self._events.get(name)
        if condition is None or not condition.is_read:
            return False
        at = self._at(self._watching(name), WAITING)
        read = {at(leaf.path) for leaf in condition.leaves()}
        beside, inside = Beside(self._system), {host, *self._system.inside(host)}
        return None not in read and not any(
            self.regions[number].tied & read and (place in inside or beside.may(host, place))
            for place in self._system.places.values() for number in (*self.writes[place.id], *self.repaired[place.id])
        )  # fmt: skip

    def happens(self, name: str, known: Masks) -> tuple[list[Masks], list[Masks]]:
        """What is known when an event on a condition happens, and while it does not: null counts as false."""
        if name not in self._events:
            return [known], [known]
        at, yes, no = self._at(self._watching(name), WAITING), list[Masks](), list[Masks]()
        for value, of in cases(self._events[name], _anything, at, self.regions, known):
            if value is True or value is ANY or value is UNSURE:
                yes.append(of)
            if value is not True:
                no.append(of)
        return merged(yes), merged(no)

    def after(self, name: str, known: Masks) -> list[Masks]:
        """What is known when a place is done: what it computes, and that it may have written anything else."""
        if not self.writes[name] and not self.learns(name):
            return [known]
        key = (name, known)
        if key not in self._outcomes:
            self._outcomes[key] = list(self._computed(name, known))
        return self._outcomes[key]

    def is_decided(self, name: str, known: Masks) -> bool:
        """Whether a decision is asked there that surely gives something."""
        if name not in self._asked or not (self.writes[name] or self.learns(name)):
            return False
        key = (name, known)
        if key not in self._sure:
            answers = self._asked[name].answers(known)
            self._sure[key] = answers is not None and not any(answer.stuck for answer, _ in answers)
        return self._sure[key]

    def may_give_nothing(self, name: str, known: Masks) -> bool:
        """Whether a decision is asked there that may get stuck."""
        tells = name in self._asked and bool(self.writes[name] or self.learns(name))
        return tells and not self.is_decided(name, known)

    def repaired_at(self, name: str, known: Masks) -> Masks:
        """What is known when somebody has repaired what a place is stuck at."""
        return self._forgotten(known, self.repaired[name])

    def forgotten(self, name: str, known: Masks) -> Masks:
        """What is known when a place has written whatever it may write."""
        return self._forgotten(known, self.writes[name]) if self.writes[name] else known

    def _computed(self, name: str, known: Masks) -> Iterator[Masks]:
        writes = self.writes[name]
        found = self._decided(name, known) if name in self._asked else self._scripted(name, known)
        if not found or len(found) > WAYS:
            yield self._forgotten(known, writes)
            return
        yield from merged(self._placed(of, writes, given) for given, of in found)

    def _decided(self, name: str, known: Masks) -> list[tuple[Masks, Masks]]:
        """(the regions of what a decision gives, what is known then); none: anything.

        Where it gets stuck, whoever repairs that may write what it reads, and it is asked again.
        """
        found = self._asked[name].answers(known)
        if found is not None and any(answer.stuck for answer, _ in found):
            again = self._asked[name].answers(self._forgotten(known, self.reads[name]))
            found = None if again is None else [*found, *again]
        return [(answer.given, of) for answer, of in found or () if answer.given is not None]

    def _scripted(self, name: str, known: Masks) -> list[tuple[Masks, Masks]]:
        if name not in self._scripts:
            return []
        result, script = self._scripts[name]
        return [
            (self._given(result, ANY if value is UNSURE else value, sample=True), of)
            for value, of in cases(script, _anything, self._at(name), self.regions, known)
        ]

    def _given(self, result: str, value: Any, *, sample: bool = False) -> Masks:
        """The regions of all variables under the name of a result, when it is this value. `sample`: a context stands
        for anything that is neither number nor text, true, false or null."""
        found = []
        for number, path in enumerate(self.paths):
            if path in self._about:
                if result in self._about[path]:
                    found.append(self.regions[number].everything)
            elif _head(path) == result:
                rest = path.partition(".")[2]
                unknown = value is ANY or (sample and rest and isinstance(value, dict))
                found.append(self._lying(number, ANY if unknown else value, rest))
        return tuple(found)

    def _lying(self, number: int, value: Any, rest: str) -> int:
        """The regions of a variable that is the member `rest` of a value."""
        for part in rest.split(".") if rest else ():
            if isinstance(value, Mapping):
                value = value.get(part)
            elif value is not ANY:  # a list has what its members have, a date its year
                value = None if value is None or isinstance(value, bool | str) or is_number(value) else ANY
        return self.regions[number].everything if value is ANY else self.regions[number].locate(value)

    def _placed(self, known: Masks, numbers: Sequence[int], masks: Masks) -> Masks:
        changed = list(known)
        for number, mask in zip(numbers, masks, strict=True):
            changed[number] = mask
        return tuple(changed)

    def _forgotten(self, known: Masks, numbers: Iterable[int]) -> Masks:
        changed = list(known)
        for number in numbers:
            changed[number] = self.regions[number].everything
        return tuple(changed)

    def _answered(self, number: int, question: str, values: Mapping[str, Any]) -> int:
        if _ZONED.search(question):
            return self.regions[number].everything
        return self.regions[number].locate(feel.evaluate(question, values).value)

    def located(self, values: Mapping[str, Any]) -> Masks:
        """The regions in which the variables of a running instance lie."""
        return tuple(
            self._answered(number, path, values)
            if path in self._about
            else self._lying(number, values.get(_head(path)), path.partition(".")[2])
            for number, path in enumerate(self.paths)
        )


_ZONED = re.compile(r"@|\b(date|time)\b")
"""what may depend on where one is"""


def model_at(system: System, place: Place, decisions: Decisions | None) -> Any:
    """The model of the decision that is asked there; None where there is none, or nobody knows it beforehand."""
    called = place.node.extensions.decision
    if called is None or called.decision_id.startswith("=") or decisions is None:
        return None
    try:
        return decisions(system.processes[place.prefix], called)
    except (LookupError, EngineError):
        return None


def _ruling(model: Any, called: CalledDecision) -> Ruling | None:
    return None if model is None else ruling(model, called.decision_id)


def _anything(asked: Term) -> Any:
    return UNSURE


def _head(path: str) -> str:
    return path.partition(".")[0]


def _plain(text: str | None) -> str:
    return (text or "").strip().removeprefix("=").strip()
