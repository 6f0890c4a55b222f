"""What a rule may look at: the drawings of this check, the operations, and what is deployed already."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.element_templates import ElementTemplate
from engine.bpmn.model import Flow, Node, Process
from engine.bpmn.program import Program
from engine.dmn import Model
from engine.errors import Title
from engine.findings import Fix, Level
from engine.forms.model import Form


@dataclass(frozen=True, slots=True)
class KnownThings:
    """Ids of what is deployed; `form` and `decision` look into one of them, None for what they do not have."""

    processes: frozenset[str] = frozenset()
    decisions: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    form: Callable[[str], Form | None] = lambda _: None
    decision: Callable[[str], Model | None] = lambda _: None
    user: Callable[[str], bool] = lambda _: True
    """whether an account has this login or id; without an organisation to ask every name is taken"""
    group: Callable[[str], bool] = lambda _: True
    department: Callable[[str], bool] = lambda _: True
    members: Callable[[str], int] = lambda _: 0
    """how many people a group has"""
    template: Callable[[str], ElementTemplate | None] = lambda _: None
    withdrawn: Callable[[str], ElementTemplate | None] = lambda _: None
    """a step template that is offered no longer"""
    host: Callable[[str], bool] = lambda _: True
    """whether calls to this host are allowed"""
    receiver: Callable[[str], bool] = lambda _: True
    """whether a webhook receiver has this name"""
    batch: Callable[[str], bool] = lambda _: False
    """whether the policies let a capability be given from a list"""
    leaves_open: Callable[[str], bool] = lambda _: False
    """whether a policy counts a capability without saying who may give it"""
    banks: frozenset[str] = frozenset()
    """hosts of banks"""
    called: Callable[[str], bool] = lambda _: False
    """whether a deployed process calls this one"""
    begun_by: Callable[[str], Mapping[str, str]] = lambda _: {}
    """process -> its title, of those that begin with a message of this name"""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says about an element. `facts` fill message and hint; `{element}` and `{name}` are given."""

    element: Node | Flow | Process
    message: str
    hint: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    level: Level | None = None
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """One executable process. `program` is None when it does not compile; then only the drawing is judged."""

    process: Process
    program: Program | None
    resource: str

    def nodes(self, *types: str) -> Iterator[Node]:
        """Its nodes of these types, at any depth; all without types."""
        return (node for node in self.process.all_nodes() if not types or node.type in types)

    def flows(self) -> dict[str, Flow]:
        """Its sequence flows at any depth, by id."""
        return {flow.id: flow for scope in self.process.all_scopes() for flow in scope.flows}


class Library:
    """Everything that references can point to."""

    def __init__(self, catalog: Mapping[str, Any], known: KnownThings) -> None:
        self.catalog = catalog
        self.known = known
        self.processes: dict[str, Drawn] = {}
        self.decisions: dict[str, Any] = {}
        self.forms: dict[str, Any] = {}

    def add_decision(self, model: Any) -> None:
        """Every decision and decision service of a model, by its id."""
        for decision in (*model.decisions, *model.services):
            self.decisions[decision.id] = model

    def add_form(self, path: str, form: Any) -> None:
        """A form, by area and stem."""
        key = path.removeprefix("forms/").removesuffix(".json")
        self.forms[key] = self.forms[form.id] = form

    def form(self, key: str) -> Form | None:
        """A form of this check, else the deployed one."""
        return self.forms.get(key) or self.known.form(key)

    def decision(self, key: str) -> Model | None:
        """The model of this check that holds the decision, else the deployed one."""
        return self.decisions.get(key) or self.known.decision(key)

    def begun_by(self, message: str) -> dict[str, str]:
        """Processes that begin with a message: those of this check, and the deployed ones that it does not replace."""
        mine = {
            key: Title(one.process.name, one.process.extensions.labels)
            for key, one in self.processes.items() if one.program is not None
            for start in one.program.starts if (start.kind, start.name) == ("message", message)
        }  # fmt: skip
        known = self.known.begun_by(message)
        return mine | {key: title for key, title in known.items() if key not in self.processes}

    def has_process(self, key: str) -> bool:
        """Deployed or in this check."""
        return key in self.processes or key in self.known.processes

    def has_decision(self, key: str) -> bool:
        """Deployed or in this check."""
        return key in self.decisions or key in self.known.decisions

    def has_form(self, key: str) -> bool:
        """Deployed or in this check."""
        return key in self.forms or key in self.known.forms
