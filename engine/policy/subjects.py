"""Which document an approval is about, and which one a guarded operation handles: are they the same for sure?

A document is named by an expression, and by where the variables in it live: a sub-process or call may have one of the
same name. A yes counts for an operation only when both read the same variables, and until one of them is written.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine import feel
from engine.bpmn.data import copies
from engine.bpmn.model import Mapping as Line
from engine.bpmn.model import Node, Process
from engine.errors import Title
from engine.forms import Form, FormField, Permissions
from engine.forms.model import CONTAINERS, PICKERS
from engine.policy.abstraction import Place, System
from engine.policy.beside import Beside
from engine.policy.regions import RESERVED, never_gives, spaced

Forms = Callable[[Process, str], Form | None]
"""(process that shows it, id) -> the form; None when it is not known"""
Variable = tuple[str, str]
"""(place whose scope it lives in, name); "" for the process itself"""

ANYTHING = "*"
"""among the names that a node writes: all of them"""
_PATH = re.compile(r"[^\W\d]\w*( ?\. ?[^\W\d]\w*)*")
_FLEETING = RESERVED - {"process", "loopCounter"}
"""what the machine changes by itself"""
_BRINGS = frozenset(("message", "signal"))
_CARRIES = frozenset(("error", "escalation"))
_CATCHES = frozenset(("intermediateCatchEvent", "boundaryEvent", "startEvent"))


class Subjects:
    """Of one system. `undone`: place -> approvals that end when it is done, `replaced`: those of them that may be about
    another document than the one which is named then, `apart`: those that surely are; `owned`: place with an inner life
    -> approvals about a variable that begins and ends with it."""

    def __init__(self, system: System, catalog: Mapping[str, Any], forms: Forms | None) -> None:
        self._system, self._catalog, self._forms = system, catalog, forms
        self._thrown = [
            (event.kind, event.code, names) for place in system.places.values() for event in place.node.events
            if event.kind in _CARRIES and place.node.type not in _CATCHES and (names := _given(place.node))
        ]  # fmt: skip
        self._names = {place.id: self._written(place) for place in system.places.values()}
        self._beside = Beside(system)
        self._outdated: dict[str, set[str]] = {}
        """call -> the variables of which it brings back a copy that may have been written meanwhile outside"""
        self._find_outdated()
        self._passed: dict[tuple[str, str], bool] = {}
        for place in reversed(system.places.values()):  # what is called in a called process first
            if place.node.type == "callActivity" and not place.repeats:
                self._names[place.id] = {name for name in self._names[place.id] if not self._gives_back(place, name)}
        self._handed_on = {pair for place in system.places.values() for pair in _handed_on(place.node)}
        self._about = {
            place.id: self._variables(place, _text(place.node.extensions.policy.subject))
            for place in system.places.values()
            if place.node.extensions.policy is not None
        }
        self._perhaps_about = {
            name: frozenset(self._perhaps(system.places[name], about)) for name, about in self._about.items()
        }
        self.replaced = {place.id: self._replaced_by(place) for place in system.places.values()}
        self.apart = {
            place.id: {approval for approval in self.replaced[place.id] if self._surely_replaces(place, approval)}
            for place in system.places.values()
        }
        self.undone = {place.id: self.replaced[place.id] | self._changed(place) for place in system.places.values()}
        self.owned: dict[str, set[str]] = {}
        for approval, about in self._about.items():
            for owner, _ in about:
                self.owned.setdefault(owner, set()).add(approval)

    def counts(self, name: str, approvals: Iterable[str]) -> list[str]:
        """The approvals that are about the document that a guarded place handles."""
        place = self._system.places[name]
        task = place.node.extensions.task
        subject = getattr(self._catalog.get(task.type) if task is not None else None, "subject", None)
        if subject is None:  # an operation without one holds at its gate
            return list(approvals)
        text = self._handled(name)
        about = self._variables(place, text)
        return [
            approval for approval in approvals
            if text and self._asks(approval) == (text, subject.type) and self._about[approval] == about
            and not _changes(text)
        ]  # fmt: skip

    def perhaps_uses(self, name: str, approvals: Iterable[str]) -> list[str]:
        """The approvals that may be about the document that a guarded place handles: it may be named by another
        variable that the drawing copies, or lie in another scope."""
        place = self._system.places[name]
        task = place.node.extensions.task
        subject = getattr(self._catalog.get(task.type) if task is not None else None, "subject", None)
        if subject is None:
            return []
        read = self._copies(read_by(self._handled(name)))
        return [
            approval for approval in approvals
            if self._asks(approval)[1] == subject.type
            and (not read or not read.isdisjoint(self._copies(read_by(self._asks(approval)[0]))))
        ]  # fmt: skip

    def _copies(self, names: Iterable[str]) -> frozenset[str]:
        """These variables and all that may have the value of one of them, or give it one."""
        found = set(names)
        while True:
            more = found.union(*(pair for pair in self._handed_on if not found.isdisjoint(pair)))
            if more == found:
                return frozenset(found)
            found = more

    def is_about(self, name: str, source: str | None) -> bool:
        """Whether an expression names the document that a guarded place handles."""
        return self._handled(name) == _text(source) != ""

    def is_shared(self, name: str) -> bool:
        """Whether the document that is approved or handled at a place is named by variables of the process itself."""
        about = self._about.get(name) or self._variables(self._system.places[name], self._handled(name))
        return all(owner == "" for owner, _ in about)

    def reads_at_once(self, name: str) -> bool:
        """Whether a guarded place surely knows its document as soon as a token has come: variables are read, which does
        not get stuck as a computation may."""
        node = self._system.places[name].node
        lines = [_text(line.source) for line in node.extensions.inputs]
        return bool(self._handled(name)) and not (node.data or node.data_in) and all(map(_PATH.fullmatch, lines))

    def _handled(self, name: str) -> str:
        """What names its document: the last line that writes the argument; "" where none does, or only a part of it."""
        argument = self.argument(name)
        lines = [line for line in _given_to(self._system.places[name].node) if _head(line.target) == argument]
        return _text(lines[-1].source) if lines and lines[-1].target == argument else ""

    def written(self, name: str) -> set[str]:
        """The variables that a place writes when it is done."""
        return self._names[name]

    def shared(self, name: str, variable: str) -> bool:
        """Whether what a place reads under this name is the variable of the process itself, as it is now."""
        above = self._system.places[name].parent
        while above is not None:
            inputs = {_head(line.target) for line in above.node.extensions.inputs}
            if above.node.type == "callActivity" or variable in inputs or self._declares(above, variable):
                return False
            if above.node.triggered_by_event and _carries(self._system, above):
                return False
            above = above.parent
        return True

    def writes(self, name: str, variable: str) -> bool:
        """Whether a place may write this variable of the process itself when it is done. An operation that nobody
        knows may answer anything; an error and an escalation bring what their thrower says."""
        place = self._system.places[name]
        names, extensions = self._all_written(place), place.node.extensions
        unknown = extensions.task is not None and self._catalog.get(extensions.task.type) is None
        carries = place.node.type in _CATCHES and any(event.kind in _CARRIES for event in place.node.events)
        if (unknown or carries) and not (extensions.outputs or place.node.data_out):
            names = names | {ANYTHING}
        return bool(names & {variable, ANYTHING}) and self._gets_out(place, variable)

    def _gets_out(self, place: Place, variable: str) -> bool:
        """Whether nothing around a place surely has a variable of its own under this name."""
        above = place.parent
        while above is not None:
            inputs = {_head(line.target) for line in above.node.extensions.inputs}
            if above.node.type == "callActivity" or variable in _declared(above.node) | inputs:
                return False
            above = above.parent
        return True

    def documents(self) -> set[str]:
        """The variables that say which document an approval is about."""
        return {name for about in self._about.values() for owner, name in about if owner == ""}

    def lasts(self, name: str) -> bool:
        """Whether what is called there leaves something behind that going back does not undo."""
        task = self._system.places[name].node.extensions.task
        return bool(getattr(self._catalog.get(task.type) if task is not None else None, "lasts", False))

    def argument(self, name: str) -> str | None:
        """The input of a guarded place that names its document."""
        task = self._system.places[name].node.extensions.task
        subject = getattr(self._catalog.get(task.type) if task is not None else None, "subject", None)
        return None if subject is None else str(subject.argument)

    def asked_at(self, start: str) -> dict[str, tuple[FormField, bool]]:
        """The fields with values of their own that are filled in where a process begins, by path, and whether each is
        always shown; none where nobody fills in a form."""
        place = self._system.places[start]
        form = self._form(place) if place.node.type == "startEvent" and not place.node.events else None
        return {} if form is None else dict(_shown(form.components, shown=True))

    @property
    def labels(self) -> dict[str, Title]:
        """What forms call the variables that are filled in there."""
        found: dict[str, Title] = {}
        for field in self._fields():
            found.setdefault(field.path, Title(field.label or field.path, field.labels))
        return found

    @property
    def choices(self) -> dict[str, dict[Any, Title]]:
        """What forms call the values that are chosen there, by variable."""
        found: dict[str, dict[Any, Title]] = {}
        for field in self._fields():
            for option in field.options or ():
                if isinstance(option.value, list | dict):
                    continue
                called = Title(option.labels.get("", str(option.value)), option.labels)
                found.setdefault(field.path, {}).setdefault(option.value, called)
        return found

    @property
    def picked(self) -> dict[str, FormField]:
        """The pickers of forms, by variable."""
        return {field.path: field for field in self._fields() if field.type in PICKERS}

    def _fields(self) -> Iterator[FormField]:
        for place in self._system.places.values():
            form = self._form(place)
            yield from form.fields if form is not None else ()

    def alike(self, approval: str) -> list[str]:
        """Approvals that surely name their document by the same variable."""
        return [
            other
            for other, about in self._about.items()
            if about == self._about[approval] and self._asks(other) == self._asks(approval)
        ]

    def of_type(self, approval: str) -> list[str]:
        """Approvals of documents of the same type: those of others are surely about something else."""
        return [other for other in self._about if self._asks(other)[1] == self._asks(approval)[1]]

    def _asks(self, approval: str) -> tuple[str, str]:
        mark = self._system.places[approval].node.extensions.policy
        return (_text(mark.subject), mark.subject_type) if mark is not None else ("", "")

    # ------------------------------------------------------------ where a variable lives

    def _variables(self, place: Place, text: str) -> frozenset[Variable]:
        return frozenset((self._owner(place, name), name) for name in read_by(text))

    def _owner(self, place: Place, name: str) -> str:
        """The place with an inner life, or the task itself, that a name belongs to where `place` reads it."""
        if not place.holds_inside and name in _declared(place.node):
            return place.id
        return self._owner_around(place, name)

    def _owner_around(self, place: Place, name: str) -> str:
        above = place.parent
        while above is not None:
            if above.node.type == "callActivity":
                if not self._is_handed_on(above, name):
                    return above.id
            elif self._declares(above, name):
                return above.id
            above = above.parent
        return ""

    def _perhaps(self, place: Place, about: Iterable[Variable]) -> Iterator[Variable]:
        """What a place may read under these names: a message may have brought some, or not."""
        for owner, name in about:
            yield owner, name
            if owner != place.id:
                yield from ((one, name) for one in self._owners_around(place, name))

    def _owners_around(self, place: Place, name: str) -> list[str]:
        """Every place that a name may belong to around `place`: that of `_owner_around`, and where that is the handler
        of a message, which need not have brought it, or a loop that collects under it, those around it."""
        owner = self._owner_around(place, name)
        handler = self._system.places[owner] if owner else None
        if handler is None or name in _declared(handler.node):
            return [owner]
        if not (self._may_bring(handler, name) or _collects(handler.node, name)):
            return [owner]
        return [owner, *self._owners_around(handler, name)]

    def _declares(self, place: Place, name: str) -> bool:
        """Whether the inside of a sub-process has a variable of its own: also a copy that is written there."""
        if name in _declared(place.node) or self._may_bring(place, name) or _collects(place.node, name):
            return True
        return any(_head(line.target) == name for line in place.node.extensions.inputs) and self._parts(place, name)

    def _is_handed_on(self, call: Place, name: str) -> bool:
        """Whether a called process has the caller's value under the same name, and never another one."""
        key = (call.id, name)
        if key not in self._passed:
            called, inner = call.node.call, self._system.processes.get(f"{call.id}/")
            lines = [line for line in call.node.extensions.inputs if _head(line.target) == name]
            given = called is not None and (called.propagate_parent or bool(lines)) and not call.node.data_in
            given = given and name not in _declared(call.node) and not _collects(call.node, name)
            if inner is not None and inner.specified:
                given = given and any(item.kind == "input" and item.name == name for item in inner.data)
            same = given and all(_is_same(line.source, name) for line in lines)
            self._passed[key] = same and not self._parts(call, name)
        return self._passed[key]

    def _parts(self, container: Place, name: str) -> bool:
        """Whether a copy that is made where the inside of a place begins may come to differ from what it is a copy of:
        it is written inside, or the other one meanwhile."""
        inside = {inner.id for inner in self._system.inside(container)}
        writing = [
            place for place in self._system.places.values()
            if f"{container.id}/".startswith(place.prefix)  # what else is called writes into a scope of its own
            and self._all_written(place) & {name, ANYTHING}
        ]  # fmt: skip
        return any(place.id in inside or self._beside.may(container, place) for place in writing)

    def _gives_back(self, call: Place, name: str) -> bool:
        """Whether a call writes under this name the value that it was given under it."""
        lines = [line for line in call.node.extensions.outputs if _head(line.target) == name]
        same = bool(lines) and all(line.target == name and _is_same(line.source, name) for line in lines)
        return same and not call.node.data_out and self._is_handed_on(call, name)

    # ------------------------------------------------------------ what is written

    def _replaced_by(self, place: Place) -> set[str]:
        names = self._all_written(place)
        if ANYTHING in names:
            names = {name for about in self._about.values() for _, name in about}
        written = {(owner, name) for name in names for owner in self._owners_around(place, name)}
        return {approval for approval, about in self._perhaps_about.items() if about & written}

    def _surely_replaces(self, place: Place, approval: str) -> bool:
        """Whether what a place writes is never the document that an approval was about just before."""
        name, extensions = self._asks(approval)[0], place.node.extensions
        owners = self._owners_around(place, name)
        if len(owners) > 1 or self._perhaps_about[approval] != {(owners[0], name)}:
            return False
        if any(_head(line.target) == name for line in extensions.inputs) or place.repeats or place.node.data_out:
            return False
        lines, script = extensions.outputs, extensions.script
        if not lines:
            return script is not None and script.result_variable == name and never_gives(_text(script.expression), name)
        operation = self._catalog.get(extensions.task.type) if extensions.task is not None else None
        if operation is None or name in operation.outputs:  # what it answers may hide the variable
            return False
        written = [line for line in lines if _head(line.target) == name]
        return [line.target for line in written] == [name] and never_gives(_text(written[0].source), name)

    def _all_written(self, place: Place) -> set[str]:
        """The variables that a place writes when it is done, also those that a called process gives back."""
        names = self._names[place.id]
        return names | self._brought_back(place) if place.node.type == "callActivity" else names

    def _changed(self, place: Place) -> set[str]:
        """Approvals of a document whose facts an operation changes: their grants are revoked before it runs."""
        task = place.node.extensions.task
        subject = getattr(self._catalog.get(task.type) if task is not None else None, "changes_subject", None)
        if subject is None:
            return set()
        return {approval for approval in self._about if self._asks(approval)[1] == subject.type}

    def _brought_back(self, call: Place) -> set[str]:
        if not _brings_back_all(call.node):
            return set()
        inside = {name for inner in self._system.inside(call) for name in self._names[inner.id]}
        called = self._system.processes.get(f"{call.id}/")
        if called is not None and called.specified:  # what nothing inside has written is null
            inside |= {item.name for item in called.data if item.kind == "output"}
        return inside | self._outdated.get(call.id, set()) | {
            _head(line.target) for line in call.node.extensions.inputs if not _is_same(line.source, _head(line.target))
        }  # fmt: skip

    def _find_outdated(self) -> None:
        """What is written beside a call is written again at its end, as it was at its beginning: also by another call
        that ends beside it."""
        places = self._system.places.values()
        calls = {place.id: place for place in places if _brings_back_all(place.node)}
        beside = {
            name: [
                place for place in places
                if place.prefix == call.prefix and place is not call and self._beside.may(call, place)
            ]
            for name, call in calls.items()
        }  # fmt: skip
        more = True
        while more:
            before = dict(self._outdated)
            for name, call in calls.items():
                written = {one for place in beside[name] for one in self._all_written(place)}
                self._outdated[name] = _handed_over(call.node, written)
            more = before != self._outdated

    def _written(self, place: Place) -> set[str]:
        """The variables that a node writes when it is done: by form, message, script, decision, mapping, data
        association or operation."""
        node, extensions = place.node, place.node.extensions
        mapped = {_head(line.target) for line in extensions.outputs}
        mapped |= {association.target for association in node.data_out}
        results = {node.loop.result} if node.loop is not None and node.loop.result else set()
        if mapped:
            return mapped | results
        if extensions.script is not None:
            results.add(extensions.script.result_variable)
        if extensions.decision is not None:
            results.add(extensions.decision.result_variable)
        operation = self._catalog.get(extensions.task.type) if extensions.task is not None else None
        results |= set(operation.outputs if operation is not None else ())
        if node.type == "userTask" and extensions.form:
            results |= self._filled_in(place)
        if node.type == "receiveTask":
            results.add(ANYTHING)
        elif node.type in _CATCHES and not (node.type == "startEvent" and place.parent is not None):
            results |= self._brought(node)  # what begins an event sub-process brings it data of its own
        return results

    def _brought(self, node: Node) -> set[str]:
        """What an event brings whose outputs are not mapped: a message anything, an error and an escalation what the
        drawing gives to their throwers; the facts of an operation that refuses name no document."""
        found: set[str] = set()
        for event in node.events:
            if event.kind in _BRINGS:
                found.add(ANYTHING)
            for kind, code, names in self._thrown if event.kind in _CARRIES else ():
                if kind == event.kind and event.code in (None, code):
                    found |= names
        return found

    def _may_bring(self, handler: Place, name: str) -> bool:
        """Whether an event sub-process may have what its event brought as a variable of its own."""
        if not handler.node.triggered_by_event:
            return False
        starts = [self._system.places[start].node for start in handler.starts]
        return any({name, ANYTHING} & self._brought(start) for start in starts if not start.extensions.outputs)

    def _form(self, place: Place) -> Form | None:
        """The one that is shown there; None when there is none, or nobody knows it beforehand."""
        key = place.node.extensions.form
        if not key or key.startswith("=") or self._forms is None:
            return None
        return self._forms(self._system.processes[place.prefix], key)

    def _filled_in(self, place: Place) -> set[str]:
        extensions = place.node.extensions
        default = extensions.default_permission or self._system.processes[place.prefix].extensions.default_permission
        allowed = Permissions(
            default or "write",  # type: ignore[arg-type]  # the reader has checked it, and those of the fields
            {rule.id: rule.permission for rule in extensions.fields},  # type: ignore[misc]
        )
        form = self._form(place)
        if form is None:
            written = {_head(rule.id) for rule in extensions.fields if rule.permission == "write"}
            return written if default in ("read", "hidden") else {ANYTHING}
        return {
            _head(field.path) for field in form.fields
            if field.computed is not None or (allowed.on(field.path) == "write" and not field.read_only)
        }  # fmt: skip


def read_by(text: str) -> frozenset[str]:
    """The variables in an expression; none in one that cannot be read: the compiler says so."""
    try:
        return feel.compile(text).names if text else frozenset()
    except feel.FeelSyntaxError:
        return frozenset()


def _changes(text: str) -> bool:
    """Whether an expression may name another document though no step writes one of its variables."""
    try:
        found = feel.compile(text) if text else None
        return found is not None and (bool(found.asks) or not found.names.isdisjoint(_FLEETING))
    except feel.FeelSyntaxError:
        return False


def read_texts(source: str) -> list[str] | None:
    """A list of texts, drawn as one or with commas; None when it is found out at run time."""
    if not source.strip().startswith("="):
        return [part.strip() for part in source.split(",") if part.strip()]
    try:
        found = feel.compile(source.strip()[1:])
    except feel.FeelSyntaxError:
        return None
    value = None if found.names or found.asks else feel.evaluate(source.strip()[1:], {}).value
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _brings_back_all(node: Node) -> bool:
    """Whether a call writes back every variable that the called process has, copies of what is outside as well."""
    return (
        node.call is not None and node.call.propagate_children and not (node.extensions.outputs or node.data_out)
    )  # fmt: skip


def _handed_over(node: Node, names: set[str]) -> set[str]:
    """Those of these variables that a called process is given."""
    if node.call is not None and node.call.propagate_parent:
        return names
    given = {_head(line.target) for line in node.extensions.inputs}
    return given if ANYTHING in names else given & names


def _text(source: str | None) -> str:
    """An expression as it is compared, without its sign; a literal keeps its quotes."""
    plain = (source or "").strip()
    return spaced(plain[1:]) if plain.startswith("=") else repr(plain) if plain else ""


def _is_same(source: str, name: str) -> bool:
    return _text(source) == name


def _head(target: str) -> str:
    return target.partition(".")[0].strip()


def _declared(node: Node) -> set[str]:
    """Names that belong to the inside of a sub-process, or to a task, alone."""
    found = {_head(line.target) for line in node.extensions.inputs if not _is_same(line.source, _head(line.target))}
    found |= {item.name for item in node.data}
    if node.inner is not None:
        found |= {item.name for item in node.inner.data}
    if node.loop is not None:
        found |= {"loopCounter", node.loop.item or "loopCounter"}
    return found


def _collects(node: Node, name: str) -> bool:
    """Whether the inside of a loop reads what it has collected so far under this name."""
    return node.loop is not None and node.loop.result == name


def _given_to(node: Node) -> list[Line]:
    """What fills the variables of a task, each line seeing those before it."""
    return [*copies(node.data_in), *node.extensions.inputs]


def _handed_on(node: Node) -> Iterator[frozenset[str]]:
    """A variable that is written with the names in its expression."""
    extensions = node.extensions
    lines = [(line.target, line.source) for line in (*extensions.inputs, *extensions.outputs)]
    if extensions.script is not None:
        lines.append((extensions.script.result_variable, extensions.script.expression))
    for target, source in lines:
        yield frozenset((_head(target), *read_by(_text(source))))


def _shown(components: Iterable[FormField], *, shown: bool) -> Iterator[tuple[str, tuple[FormField, bool]]]:
    for one in components:
        always = shown and one.hide is None
        if one.type in CONTAINERS:
            yield from _shown(one.children, shown=always)
        elif one.holds_value:
            yield one.path, (one, always)


def _carries(system: System, place: Place) -> bool:
    """An event sub-process that may have what an error or an escalation says as variables of its own."""
    return any(event.kind in _CARRIES for start in place.starts for event in system.places[start].node.events)


def _given(node: Node) -> frozenset[str]:
    """The variables that an event throws with."""
    lines = {_head(line.target) for line in node.extensions.inputs}
    return frozenset(lines | {association.target for association in node.data_in})
