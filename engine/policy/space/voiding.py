"""Which decisions going back makes void, though what they had made final stands: that may be taken back again then.

Somebody decides behind a decision, and so makes it final. What he has decided is void when he had been asked in a
branch that nothing holds together with another one, and that is taken or sent back; or when a time limit sends back
what was decided before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from engine.policy.abstraction import Place, System
from engine.policy.beside import comes_beside, forks
from engine.policy.space.layout import beside, scopes_around
from engine.policy.space.states import Need
from engine.policy.space.undoing import Undoing
from engine.policy.subjects import Subjects

TOLD_APART = 5
"""branches of a fork of which it is known by which of them a place is reached; of more, rather too many"""


class Voiding(Undoing):
    """`may_be_void`: task that is taken back -> the tasks whose decisions make it final, but may become void."""

    def __init__(self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects) -> None:
        super().__init__(system, needs, subjects)
        self._tasks = [place for place in system.places.values() if place.node.type == "userTask"]
        takes = [place.id for place in self._tasks if may_be_taken_back(place)]
        by_people = [
            (place, frozenset(self.behind(target))) for place in self._tasks for target in self._ways_back(place)
        ]
        by_people += [(system.places[name], frozenset(self.behind(name)) - {name}) for name in takes]
        by_rule = [
            (frozenset(self.behind(target)), self._without_passing(place, target))
            for place in self._tasks for target in self.back_by_rule(place)
        ]  # fmt: skip
        self._meanwhile: dict[str, frozenset[str]] = {}
        self._forked, self._again = self._told_apart()
        self.may_be_void = {name: self._voided(system.places[name], by_people, by_rule) for name in takes}

    def _voided(
        self, task: Place, by_people: Iterable[tuple[Place, frozenset[str]]],
        by_rule: Iterable[tuple[frozenset[str], set[str]]],
    ) -> frozenset[str]:  # fmt: skip
        """Whoever goes back must have been asked before `task` was decided, or his own decision makes that final; and
        what was decided behind it, before he went back."""
        found = {name for region, passed in by_rule if task.id not in region for name in passed}
        for place, region in by_people:
            if place is task or task.id in region or not self._may_be_asked(place, task):
                continue
            found |= {
                other.id for other in self._tasks
                if other.id in region and other is not place and self._may_be_asked(other, place)
            }  # fmt: skip
        return frozenset(place.id for place in self._tasks if place.id in found)

    def _may_be_asked(self, one: Place, before: Place) -> bool:
        """Whether people may be asked at a task while another one is asked that has not decided yet."""
        around = [before, *scopes_around(before)]
        its = [one, *scopes_around(one)]
        if any(map(comes_beside, (*around, *its))) or any(map(_holds_any_number, set(around) & set(its))):
            return True
        if before.id not in self._meanwhile:
            begins = [*(name for way in self.system.starts for name in way), *(it.id for it in self._root_handlers())]
            self._meanwhile[before.id] = self._got_to(begins, before)
        if one.id not in self._meanwhile[before.id] and self._again.isdisjoint(place.id for place in around):
            return False
        return any(
            (one.id in first and before.id in second) or (one.id in second and before.id in first)
            for first, second in self._forked
        )  # fmt: skip

    def _told_apart(self) -> tuple[list[tuple[frozenset[str], frozenset[str]]], set[str]]:
        """Where the tokens of one fork get to, some of them and the others, each with nothing else; and where one may
        be while another one is there, or has been, as no join holds together what comes of a fork."""
        parted, again = [], set[str]()
        for scope in (None, *(place for place in self.system.places.values() if place.holds_inside)):
            for fork, branches in forks(self.system, scope):
                for some, others in _splits(branches):
                    both = self._got_to(some), self._got_to(others)
                    parted.append(both)
                    again |= both[0] & both[1]
                    again = again.union(*(one for one in both if fork in one))
        return parted, again

    def _got_to(self, origins: Iterable[str], before: Place | None = None) -> frozenset[str]:
        """Where tokens get to from here with nothing else, and before a task is passed: no join lets them on that waits
        for more."""
        seen: set[str] = set()
        todo = list(origins)
        arrived: dict[str, set[str]] = {}
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            place = self.system.places[name]
            todo += beside(self.system, place) - {place.parent.id if place.parent is not None else ""}
            for flow, target in place.outgoing if place is not before else ():
                join = self.system.places[target]
                if self._joins(join):
                    arrived.setdefault(target, set()).add(flow.id)
                    if not self._lets_on(join, arrived[target], before):
                        continue
                todo.append(target)
        return frozenset(seen)

    def _lets_on(self, join: Place, arrived: set[str], before: Place | None) -> bool:
        """Whether a join fires when tokens have come by these flows; an inclusive one waits for what may still come."""
        if join.node.type == "parallelGateway":
            return len(arrived) == len(join.incoming)
        if before is None:
            return True
        expected = next(
            (self._flows_to(join).get(one.id) for one in (before, *scopes_around(before)) if one.parent is join.parent),
            None,
        )
        return not expected or not arrived.isdisjoint(expected)

    # ------------------------------------------------------------ by rule

    def _without_passing(self, task: Place, origin: str) -> set[str]:
        """What may have been done since `origin` while a task is open, that one but in a loop."""
        seen: set[str] = set()
        todo = [origin]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen |= {name, *self.inner.get(name, ())}
                place = self.system.places[name]
                todo += place.boundaries
                todo += [target for _, target in place.outgoing] if place is not task else []
        return seen if task.id in self._within[task.id] else seen - {task.id}

    def back_by_rule(self, task: Place) -> list[str]:
        """Where a time limit sends it back to, or rejects it; a rejection where nobody is to ask is the end."""
        found, approval = task.node.extensions, task.node.extensions.approval
        back = self._meant_by(task, [step.to or "previous" for step in found.timeout if step.do == "return"])
        rejects = any(step.do == "reject" for step in found.timeout)
        on_reject = (approval.on_reject if approval is not None else None) or "flow"
        return back + (self._back(task, on_reject) if rejects and on_reject not in ("flow", "end") else [])


def _splits(branches: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Each way to tell some branches from the others; of too many, all that leave one out each."""
    if len(branches) > TOLD_APART:
        for one, other in combinations(range(len(branches)), 2):
            yield [*branches[:one], *branches[one + 1 :]], [*branches[:other], *branches[other + 1 :]]
        return
    for chosen in range(1, (1 << len(branches)) // 2):
        yield (
            [name for at, name in enumerate(branches) if chosen >> at & 1],
            [name for at, name in enumerate(branches) if not chosen >> at & 1],
        )


def _holds_any_number(place: Place) -> bool:
    """Whether tokens in it are there beside each other, whatever joins are drawn."""
    return place.runs_beside_itself or place.node.ad_hoc is not None


def may_be_taken_back(place: Place) -> bool:
    """Whether the drawing lets people take back what they decide there."""
    return place.node.type == "userTask" and place.node.extensions.recall != "never" and not place.repeats
