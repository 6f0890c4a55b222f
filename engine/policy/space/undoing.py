"""Compensation: which handler undoes what, and the log of what has completed."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.errors import N_
from engine.policy.abstraction import Place, System
from engine.policy.space.layout import scopes_around, within
from engine.policy.space.monitor import Monitor
from engine.policy.space.states import LOGGED, MANY, Need, Slots, State
from engine.policy.subjects import Subjects

ROUNDS = N_("what it undoes runs in a loop, each round of which keeps the data that it had")
CALLED = N_("what it undoes belongs to a called process, which is undone after its end with the data that it had then")
OF_EVENTS = N_("what it undoes stands in an event sub-process, which keeps the data that its event brought")
COPIES = N_("what it undoes stands behind an input mapping, which keeps copies")
OWN = N_("its document is named by data that are not the process' own")
NESTED = N_("what it undoes itself undoes something")
SHARED = N_("it undoes several steps")
SENT_BACK = N_("a task sends requests back and undoes what lies between")
UNTIED = N_("no step is connected with it")


class Undoing(Monitor):
    """`handlers`: activity -> the handler that undoes it, of those that are followed; `left`: handler -> why it is not,
    of those that matter."""

    def __init__(self, system: System, needs: Mapping[str, list[Need]], subjects: Subjects) -> None:
        super().__init__(system, needs, subjects)
        places = self.system.places
        drawn = {
            place.id: handler for place in places.values() if (handler := self._handler_of(place)) is not None
        }  # fmt: skip
        self._compensates = any(place.node.extensions.compensates for place in places.values())
        self._undoing_all = [handler.id for handler in drawn.values()]
        self._throwers = [place for place in places.values() if _kinds(place) & {"compensate", "cancel"}]
        why = {name: self._why_not(places[name], handler) for name, handler in drawn.items() if self.matters(handler)}
        self.handlers = {name: drawn[name].id for name, reason in why.items() if reason is None}
        self.left = {
            place.id: UNTIED for place in places.values() if place.node.for_compensation and self.matters(place)
        }
        self.left |= {drawn[name].id: reason for name, reason in why.items() if reason is not None}
        self.left = {name: reason for name, reason in self.left.items() if name not in self.handlers.values()}
        self._undone_in = {handler: places[name] for name, handler in self.handlers.items()}
        self._undoing_at = {
            name for handler in self.handlers.values() for name in (handler, *self.inner.get(handler, ()))
        }  # fmt: skip
        self._undone_at_once = set(drawn) == set(self.handlers)
        self._undone_by_themselves = set(drawn)
        throwing = [place.id for place in places.values() if self._throws_back(place)]
        if self.handlers:
            more: dict[str, set[str]] = {name: set() for name in places}
            for name, undoes in self.handlers.items():
                self._before[undoes] |= {name, *throwing}
                for one in (name, *throwing):
                    more[one].add(undoes)
            self._within = within(self.system, more)

    def matters(self, handler: Place) -> bool:
        """Whether a handler of compensation does something that policies speak about."""
        return any(
            place.id in self.needs or place.node.extensions.approval is not None or self._undone[place.id]
            for place in (handler, *self.system.inside(handler))
        )

    def _handler_of(self, host: Place) -> Place | None:
        """What undoes an activity."""
        for name in host.boundaries:
            boundary = self.system.places[name]
            if any(event.kind == "compensate" for event in boundary.node.events):
                for place in self.system.places.values():
                    tied = place.node.id in boundary.node.associated or boundary.node.id in place.node.associated
                    if place.node.for_compensation and place.prefix == host.prefix and tied:
                        return place
        return None

    def _why_not(self, host: Place, handler: Place) -> str | None:
        """Why a handler is not followed; None: it handles the document of the process as it is when it runs, not a copy
        of what was, and the log says what it undoes."""
        around = list(scopes_around(host))
        copies = [one for one in around if one.node.type != "callActivity"]
        if self._compensates:
            return SENT_BACK
        if self._undoing_all.count(handler.id) > 1:
            return SHARED
        if host.repeats or handler.repeats or any(one.repeats for one in around):
            return ROUNDS
        if host.node.for_compensation or any(one.node.for_compensation for one in around):
            return NESTED
        if any(one.node.triggered_by_event for one in around):
            return OF_EVENTS
        if any(one.node.extensions.inputs or one.node.data for one in copies):
            return COPIES
        if any(self._undoes_a_call(thrower, [host, *around]) for thrower in self._throwers):
            return CALLED
        if not all(self.subjects.is_shared(one.id) for one in (handler, *self.system.inside(handler))):
            return OWN
        return None

    def _undoes_a_call(self, thrower: Place, around: list[Place]) -> bool:
        """Whether a throw reaches what is called within a called process that it does not stand in."""
        host = around[0]
        inner = host.prefix != thrower.prefix and host.prefix.startswith(thrower.prefix)
        meant = {thrower.prefix + event.ref for event in thrower.node.events if event.ref}
        return inner and (not meant or any(one.id in meant for one in around))

    def _throws_back(self, place: Place) -> bool:
        """Whether a token that comes there undoes what has completed, which may take its time, or throw something."""
        return bool(self._undoing_all) and place in self._throwers

    def _reaches(self, state: State, thrower: Place, handler: Place) -> bool:
        """Whether a throw undoes what a handler is for: something that has completed in the scope around the throw."""
        host, owner = self._undone_in[handler.id], thrower.parent
        if owner is not None and owner.node.triggered_by_event:
            owner = owner.parent
        meant = {
            thrower.prefix + event.ref for event in thrower.node.events if event.kind == "compensate" and event.ref
        }
        around = [host, *scopes_around(host)]
        if thrower.prefix != host.prefix or (owner is not None and owner not in around):
            return False
        if meant and meant.isdisjoint(one.id for one in around):
            return False
        between = around[1:] if owner is None else around[1 : around.index(owner)]
        return all(not self._is_alive(state, one) or self._are_several(state, one) for one in between)

    # ------------------------------------------------------------ the log

    def _logged(self, tokens: Slots, place: Place) -> Slots:
        """An activity has completed and can be undone: by its own handler, else by those of what is in it."""
        inside, handler = self.inner.get(place.id, frozenset()), self.handlers.get(place.id)
        if place.node.type == "callActivity":  # nothing around it undoes what was done in it
            tokens = self._not_logged(tokens, inside)
        log = sorted((self._rank(slot), self.slots[slot][0].id) for slot in tokens if self._is_logged(slot))
        if handler is None and not any(name in inside for _, name in log):
            return tokens
        names = [name for rank, name in log if rank and name not in inside]
        many = [name for rank, name in log if not rank]
        if place.id in self._undone_by_themselves:
            many = [name for name in many if name not in inside]
        else:
            names += [name for rank, name in log if rank and name in inside]
        if handler is not None and handler not in many:
            names.append(handler)
            if names.count(handler) > MANY:
                names = [name for name in names if name != handler]
                many += [handler] * MANY
        return self._with_log(tokens, names, many)

    def _not_logged(self, tokens: Slots, places: Collection[str]) -> Slots:
        """Without entries for what is in these places."""
        log = sorted((self._rank(slot), self.slots[slot][0].id) for slot in tokens if self._is_logged(slot))
        if not any(name in places for _, name in log):
            return tokens
        left = [(rank, name) for rank, name in log if name not in places]
        return self._with_log(tokens, [name for rank, name in left if rank], [name for rank, name in left if not rank])

    def _with_log(self, tokens: Slots, names: list[str], many: Iterable[str]) -> Slots:
        """`names`: in the order in which they have completed."""
        ranked = [self.slot(name, f"{LOGGED}{rank}") for rank, name in enumerate(names, 1)]
        kept = [slot for slot in tokens if not self._is_logged(slot)]
        return tuple(sorted([*kept, *ranked, *(self.slot(name, LOGGED) for name in many)]))

    def _rank(self, slot: int) -> int:
        """Place in the log; 0: anywhere."""
        return int(self.slots[slot][1].removeprefix(LOGGED) or 0)

    def _begun_to_undo(self, tokens: Slots, slot: int) -> Iterator[Slots]:
        """Without an entry of the log that is undone now."""
        log = sorted((self._rank(one), self.slots[one][0].id) for one in tokens if self._is_logged(one) and one != slot)
        names = [name for rank, name in log if rank]
        many = [name for rank, name in log if not rank]
        yield self._with_log(tokens, names, many)
        if not self._rank(slot):  # of many there may be more
            yield tokens


def _kinds(place: Place) -> set[str]:
    """What a throw or end event throws."""
    thrown = place.node.type in ("intermediateThrowEvent", "endEvent")
    return {event.kind for event in place.node.events} if thrown else set()
