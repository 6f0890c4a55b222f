"""The words of a scenario file: YAML in, plain data out. Numbers are Decimals, dates are dates, `= …` is FEEL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import yaml

from engine.errors import N_, EngineError, NotFound, Title
from engine.values import Values

ACTS = ("complete", "agree", "reject", "return", "recall")
_STEP = frozenset(("task", "as", "group", "in", "sign", *ACTS, "withdraw", "submit again", "refused", "operation",
                   "called with", "returns", "fails with", "raises", "times", "message", "key", "with", "after",
                   "meanwhile", "cancel", "signal", "set"))  # fmt: skip
_VERBS = ("task", "message", "signal", "set", "after", "meanwhile", "cancel", "withdraw", "submit again")
_RETURN = frozenset(("to", "resubmit", "opinion"))
_LANGUAGES = frozenset(("zh", "en"))
_SCENARIO = frozenset(("name", "as", "given", "start", "steps", "variables", "called", "not called", "incidents",
                       "records", "tasks", "refused", "ends in"))  # fmt: skip
_FILE = frozenset(("process", "now", "as", "background", "scenarios"))


class WrongScenario(EngineError):
    """A scenario file that cannot be read."""

    message = N_("Scenario file {file}, {place}: expected {expected}, found {found}.")
    status = 422


@dataclass(frozen=True, slots=True)
class Stub:
    """What an operation answers instead of being run, and what it must be called with."""

    operation: str
    called_with: Values | None
    returns: Values | None = None
    fails_with: tuple[str, Values] | None = None
    raises: str | None = None
    times: int = 1

    @property
    def answers(self) -> bool:
        """False: the operation is really run, only its call is compared."""
        return self.returns is not None or self.fails_with is not None or self.raises is not None


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody does, the outside world says, or time brings. `verb`: task, message, signal, set (variables, as an
    administrator does), after, meanwhile, cancel, withdraw, submit again (the person's draft of the request).

    `act`: complete, agree, reject, return or recall; a return says in `fields` where `to` and how to `resubmit`.
    `refused`: code of the error that the act must meet. `stubs`: for what follows. `signs`: with his typed name, where
    the task requires a signature.
    """

    verb: str
    name: str
    person: str | None = None
    group: str | None = None
    process: str | None = None
    act: str = ""
    fields: Values | None = None
    opinion: str = ""
    key: Any = None
    refused: str | None = None
    stubs: tuple[Stub, ...] = ()
    signs: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story with an expected end. `name`: with its other languages (a Title). `stubs`: for the start."""

    process: str
    name: Title
    now: datetime
    person: str | None
    given: Values
    start: Mapping[str, Any] | None
    steps: tuple[Step, ...]
    stubs: tuple[Stub, ...] = ()
    background: tuple[Step, ...] = ()
    refused: str | None = None
    ends_in: str | None = None
    variables: Values = field(default_factory=dict)
    called: tuple[str, ...] | None = None
    not_called: tuple[str, ...] = ()
    incidents: Mapping[str, str] | None = None
    records: Mapping[str, int] = field(default_factory=dict)
    tasks: tuple[str, ...] | None = None


NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Shanghai; a file may say `now`."""


def read(text: str | bytes, file: str, process: str) -> list[Scenario]:
    """The scenarios of a file. `process`: its stem, unless the file names another. Raises WrongScenario."""
    reader = _Reader(file)
    document = reader.document(text)
    listed = reader.of(document.get("scenarios"), list, "scenarios")
    return [reader.scenario(item, document, document.get("process", process)) for item in listed]


def told(item: Mapping[str, Any], file: Mapping[str, Any], process: str) -> Scenario:
    """One scenario that stands in no file yet, as `file`, the head of one, would have it. Raises WrongScenario."""
    return _Reader("scenarios").scenario(dict(item), dict(file), process)


def head(text: str | bytes, file: str) -> dict[str, Any]:
    """What a file says of all its scenarios: now, as, background, process. Raises WrongScenario."""
    document = _Reader(file).document(text)
    return {key: value for key, value in document.items() if key != "scenarios"}


def as_told(text: str | bytes, file: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(head, one scenario) as they stand in the file, for `told`. Raises WrongScenario, NotFound."""
    reader = _Reader(file)
    document = reader.document(text)
    for item in reader.of(document.get("scenarios"), list, "scenarios"):
        if str(reader.name(item.get("name"), "scenarios")) == name:
            return {key: value for key, value in document.items() if key != "scenarios"}, item
    raise NotFound(kind="scenario", key=name)


def acts_of(steps: Sequence[Mapping[str, Any]], acts: int) -> list[Mapping[str, Any]]:
    """The first `acts` steps, with what operations are told to answer in them and at the start."""
    seen, kept = 0, []
    for step in steps:
        seen += "operation" not in step
        if seen > acts:
            break
        kept.append(step)
    return kept


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file

    def document(self, text: str | bytes) -> dict[str, Any]:
        try:
            document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with numbers as Decimal
        except (yaml.YAMLError, ValueError) as error:
            told = str(error).replace("\n", " ")
            raise WrongScenario(file=self.file, place="top", expected=N_("YAML"), found=told) from None
        self.keys(document, _FILE, "top")
        found: dict[str, Any] = document
        return found

    def wrong(self, place: str, expected: str, found: Any) -> WrongScenario:
        return WrongScenario(file=self.file, place=place, expected=expected, found=repr(found)[:80])

    def of(self, value: Any, kind: type, place: str) -> Any:
        if not isinstance(value, kind):
            raise self.wrong(place, f"a {kind.__name__}", value)
        return value

    def keys(self, value: Any, known: frozenset[str], place: str) -> None:
        for key in self.of(value, dict, place):
            if key not in known:
                raise self.wrong(place, "one of " + ", ".join(sorted(known)), key)

    def scenario(self, item: Any, document: dict[str, Any], process: str) -> Scenario:
        place = f"scenario '{item.get('name', '?') if isinstance(item, dict) else '?'}'"
        self.keys(item, _SCENARIO, place)
        name = self.name(item.get("name"), place)
        stubs, steps = self.steps(item.get("steps") or [], place)
        _, background = self.steps(document.get("background") or [], "background")
        called = item.get("called")
        return Scenario(
            process=process, name=name, now=document.get("now", NOW), person=item.get("as", document.get("as")),
            given=dict(item.get("given") or {}), start=item.get("start"), steps=steps, stubs=stubs,
            background=background, refused=item.get("refused"), ends_in=item.get("ends in"),
            variables=dict(item.get("variables") or {}), called=None if called is None else tuple(called),
            not_called=tuple(item.get("not called") or ()), incidents=item.get("incidents"),
            records={table: int(n) for table, n in (item.get("records") or {}).items()},
            tasks=None if item.get("tasks") is None else tuple(item["tasks"]),
        )  # fmt: skip

    def name(self, told: Any, place: str) -> Title:
        """A text, or one for each language; what is English, else the first one, tells it apart from the others."""
        if not isinstance(told, dict):
            return Title(self.of(told, str, place), {})
        self.keys(told, _LANGUAGES, place)
        labels = {language: self.of(text, str, place) for language, text in told.items()}
        if not labels:
            raise self.wrong(place, "a name", told)
        return Title(labels.get("en") or next(iter(labels.values())), labels)

    def steps(self, listed: Any, place: str) -> tuple[tuple[Stub, ...], tuple[Step, ...]]:
        """Operations stand after the step that calls them; those before the first step belong to the start."""
        first: list[Stub] = []
        steps: list[tuple[dict[str, Any], list[Stub]]] = []
        for number, item in enumerate(self.of(listed, list, place), 1):
            where = f"{place}, step {number}"
            self.keys(item, _STEP, where)
            if "operation" in item:
                (steps[-1][1] if steps else first).append(self.stub(item, where))
            else:
                steps.append((item, []))
        return tuple(first), tuple(self.step(item, tuple(stubs), place) for item, stubs in steps)

    def stub(self, item: dict[str, Any], place: str) -> Stub:
        failing = item.get("fails with")
        if isinstance(failing, str):
            failing = {"code": failing}
        if failing is not None:
            self.of(self.of(failing, dict, place).get("code"), str, place)
        times = item.get("times", 1)
        if isinstance(times, bool) or not isinstance(times, int | Decimal):
            raise self.wrong(place, "a number", times)
        return Stub(
            self.of(item["operation"], str, place), self.given(item, "called with", place),
            self.given(item, "returns", place),
            None if failing is None else (failing["code"], {key: failing[key] for key in failing if key != "code"}),
            item.get("raises"), int(times),
        )  # fmt: skip

    def given(self, item: dict[str, Any], key: str, place: str) -> Values | None:
        value = item.get(key)
        return None if value is None else dict(self.of(value, dict, place))

    def step(self, item: dict[str, Any], stubs: tuple[Stub, ...], place: str) -> Step:
        verbs = [verb for verb in _VERBS if verb in item]
        if len(verbs) != 1:
            raise self.wrong(place, f"a step with one of {', '.join(_VERBS)}, operation", item)
        verb = verbs[0]
        if item.get("as") is not None:
            self.of(item["as"], str, place)
        if verb == "set":
            return Step(verb, "", fields=dict(self.of(item["set"], dict, place)), stubs=stubs)
        if verb == "submit again":
            changed = {} if item[verb] is True else dict(self.of(item[verb], dict, place))
            return Step(verb, "", item.get("as"), fields=changed, refused=item.get("refused"), stubs=stubs)
        acts = [act for act in ACTS if act in item]
        if verb == "task" and len(acts) != 1:
            raise self.wrong(place, "one of " + ", ".join(ACTS), item)
        if acts == ["return"]:
            self.keys(item["return"], _RETURN, place)
        fields, opinion = _said(item.get(acts[0]), acts[0]) if acts else (self.given(item, "with", place), "")
        return Step(
            verb, str(item[verb]), item.get("as"), item.get("group"), item.get("in"), acts[0] if acts else "",
            fields, opinion, item.get("key"), item.get("refused"), stubs, self.of(item.get("sign", True), bool, place),
        )  # fmt: skip


def _said(value: Any, act: str) -> tuple[Values | None, str]:
    """`reject: no receipt`, `agree: {opinion: fine, amount: 3}`, `complete: {amount: 3}`."""
    if isinstance(value, str):
        return None, value
    if not isinstance(value, dict):
        return None, ""
    if act == "complete":
        return dict(value), ""
    fields = {key: item for key, item in value.items() if key != "opinion"}
    return fields or None, str(value.get("opinion", ""))


_OURS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float")


class _Loader(yaml.SafeLoader):
    """Numbers become Decimal; everything else as in YAML 1.1, but `on`, `off`, `yes`, `no` stay words."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OURS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}  # fmt: skip
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(str(node.value)))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: Decimal(str(node.value)))
