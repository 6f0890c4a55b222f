"""文档: a process as a document for those who approve, audit or run it: what its files say, in the words of pages."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from flask import Response, g, request
from flask_babel import gettext

from engine import bpmn, forms, identity, policy, repository, scenarios
from engine.bpmn import outline
from engine.bpmn.model import GATEWAYS, Node, Process
from engine.dmn.model import Decision, DecisionTable, Model
from engine.errors import N_, NotFound
from engine.findings import Level
from engine.forms.model import Form, FormField, leaves
from engine.repository import DefinitionInfo, Judged
from engine.scenarios import Scenario, WrongScenario, lasting
from webui import languages, operation_names, policy_names, policy_words, serving
from webui.designer import cell_words, elements, form_things, play_words, results, table_things
from webui.designer.asking import field_of, form_of, named_fields, title_of
from webui.designer.blueprint import designer
from webui.designer.cards import Deck
from webui.designer.conditions import Field, words_of
from webui.designer.decision_files import drawn_models
from webui.designer.elements import KINDS
from webui.designer.filing import File, file_of
from webui.designer.library import opened_drawing
from webui.designer.reviewing import edited
from webui.designer.scenario_files import told_in
from webui.designer.scenarios import trial
from webui.designer.simple import NoCards
from webui.designer.thumbnail import thumbnail
from webui.designer.vocabulary import PERMISSIONS
from webui.printing import booklet
from webui.printing.booklet import Block, Booklet, Facts, Grid, Heading, Picture, Words
from webui.rendering import area, label, moment, person

_TYPES = {
    "string": N_("Words"), "number": N_("Numeric value"), "boolean": N_("Yes or no"), "list": N_("List"),
    "date": N_("Date or time"), "date and time": N_("Date or time"), "time": N_("Date or time"),
}  # fmt: skip
_ENDS = {"withdrawn": N_("withdrawn"), "rejected": N_("rejected"), "terminated": N_("terminated")}
_SYSTEM = ("process", "approval")


@designer.get("/document/<key>.pdf")
def document(key: str) -> Response:
    """As it is drawn, or of `version`; in the reader's language, or in another `language`."""
    wanted = request.args.get("language", "")
    language = wanted if wanted in languages.LANGUAGES else languages.language()
    with languages.speaking(language):
        made = _Author(key, request.args.get("version", "")).booklet()
        content = booklet.pdf(made, g.uow.settings.print_font)
    return serving.file(content, f"{made.title}.pdf", "application/pdf", inline=True)


class _Author:
    """What is known of one version, or of what is drawn. Raises NotFound, NoCards for a file that cannot be read."""

    def __init__(self, key: str, version: str) -> None:
        self.file: File = file_of("process", key)
        self.info = _version(self.file, version)
        if self.info is not None:
            self.content = repository.source(g.uow, self.info.id)
        else:
            self.content = opened_drawing(key).xml
            self.info = self.file.latest if self.file.draft is None else None
        definition = bpmn.read(self.content, self.file.path).definition
        if definition is None or not definition.executable:
            raise NoCards
        self.process: Process = definition.executable[0]
        self.deck = Deck(outline.outline(definition), [])
        self.names = self.deck.names | {key: name for key, name in elements.names(self.content).items() if name}
        self.drawn = drawn_models() if self.info is None else {}
        self.forms = _known(self._form, dict.fromkeys(definition.forms))
        self.fields = {
            path: field for form in self.forms.values() for path, field in self._fields(form)
        } | self.deck.asked
        self.answers = play_words.given_in(self.process)
        given = {name: Field(name, words, "", {}) for name, words in self.answers.items()}
        self.said = given | self._outcomes() | self.fields

    def booklet(self) -> Booklet:
        """All chapters that have something to say."""
        made = gettext("Made by %(who)s, %(at)s", who=person(g.reader), at=moment(g.now))
        state = gettext("Version %(n)s", n=self.info.version) if self.info is not None else gettext("Draft")
        drawn = str(thumbnail(self.content, labelled=True))
        blocks = self._head()
        if drawn:
            blocks.append(Picture(gettext("Flowchart"), drawn))
        for chapter in (self._steps, self._decisions, self._policies, self._examples, self._glossary):
            blocks += chapter()
        return Booklet(self.file.name, f"{self.file.key} · {state}", made, blocks)

    # ------------------------------------------------------------ chapters

    def _head(self) -> list[Block]:
        own = self.process.extensions
        pairs = [(gettext("Area"), area(self.file.path.split("/")[1]))]
        owners = [self.deck.groups.get(key, key) for key in own.managers]
        pairs.append((gettext("Groups that look after its requests"), _listed(owners) or gettext("operators")))
        if self.info is not None:
            origin = repository.origins(g.uow, [self.info.id])[self.info.id]
            who = person(identity.user(g.uow, origin.by)) if origin.by is not None else gettext("the installation")
            pairs += [
                (gettext("Version"), str(self.info.version)),
                (gettext("Published"), f"{moment(self.info.deployed_at)} · {who}"),
                (gettext("What has changed"), origin.note or "–"),
            ]
        elif self.file.draft is not None:
            saved = self.file.draft.saved_by
            who = f" · {person(identity.user(g.uow, saved))}" if saved is not None else ""
            pairs += [
                (gettext("Version"), gettext("Draft, not published")),
                (gettext("Saved"), f"{moment(self.file.draft.saved_at)}{who}"),
            ]
        starters = [
            *(self.deck.groups.get(key, key) for key in own.starters.get("groups", ())),
            *(self.deck.departments.get(key, key) for key in own.starters.get("departments", ())),
        ]
        pairs.append((gettext("Who may start it"), _listed(starters) or gettext("everybody")))
        said: list[Block] = [Words(self.process.documentation)] if self.process.documentation else []
        return [*said, Facts(pairs)]

    def _steps(self) -> list[Block]:
        found: list[Block] = [Heading(gettext("Steps"))]
        for number, node in enumerate(_in_order(self.process), 1):
            found += self._step(number, node)
        return found

    def _step(self, number: int, node: Node) -> list[Block]:
        kind = gettext(KINDS[node.type]) if node.type in KINDS else node.type
        name = label(node.labels, node.name)
        pairs = [(gettext("Kind of element"), kind)]
        if node.type not in GATEWAYS:
            pairs.append((gettext("In short"), self.deck.summary(outline.Card(node.id, outline.kind_of(node)), node)))
        if node.extensions.skip_when:
            condition = words_of(node.extensions.skip_when, self.said, self.names, self.deck.memberships)
            pairs.append((gettext("Skipped when"), condition))
        pairs.append((gettext("Goes on"), "\n".join(self._ways(node))))
        pairs += [
            (gettext("Meanwhile: %(event)s", event=self.names[event]), "\n".join(self._ways(self.deck.nodes[event])))
            for event in node.boundaries
        ]
        found: list[Block] = [Heading(f"{number}. {name or kind}", 2)]
        if node.documentation:
            found.append(Words(node.documentation))
        found.append(Facts([(word, text) for word, text in pairs if text]))
        form = self.forms.get(node.extensions.form or "")
        return [*found, *self._form_of(node, form)] if form is not None else found

    def _ways(self, node: Node) -> Iterator[str]:
        for flow in node.outgoing:
            named = label(flow.labels, flow.name)
            condition = words_of(flow.condition, self.said, self.names, self.deck.memberships)
            if flow.id == node.default or flow.is_default:
                condition = gettext("otherwise")
            before = named + gettext(": ") if named else ""
            after = f" ({condition})" if condition else ""
            yield f"{before}→ {self._after(flow.target)}{after}"

    def _after(self, key: str) -> str:
        """What it is called; what only joins ways has no name, and what comes then stands for it."""
        node = self.deck.nodes.get(key)
        for _ in self.deck.nodes:
            if node is None or node.name or node.type not in GATEWAYS or len(node.outgoing) != 1:
                break
            node = self.deck.nodes.get(node.outgoing[0].target)
        return key if node is None else self.names[node.id]

    def _form_of(self, node: Node, form: Form) -> list[Block]:
        own, whole = node.extensions, self.process.extensions
        default = own.default_permission or whole.default_permission or "write"
        rights = forms.permissions.of(SimpleNamespace(fields=own.fields, default_permission=default))
        if node.type == "startEvent":  # whoever begins fills it in
            rights = forms.WRITE_ALL
        words = dict(PERMISSIONS)
        rows = []
        for one in leaves(form.components):
            if not one.path:
                continue
            right = "read" if one.read_only and rights.on(one.path) == "write" else rights.on(one.path)
            demanded = rights.required(one.path)
            needed = right == "write" and (one.required if demanded is None else demanded)
            rows.append(
                [_called(one), _kind(one), gettext("yes") if needed else "", gettext(words.get(right, right)), one.path]
            )
        columns = [gettext("Field"), gettext("Kind of field"), gettext("Required"), gettext("Permission"),
                   gettext("Name of the value")]  # fmt: skip
        return [
            Words(gettext("Form “%(name)s”", name=title_of(form, form.id)), small=True),
            Grid(columns, rows, (3, 2, 1, 2, 2.4)),
        ]

    def _decisions(self) -> list[Block]:
        asked = dict.fromkeys(key for node in self.process.all_nodes() for key in node.asked_decisions())
        found: list[Block] = []
        for key, model in _known(self._model, asked).items():
            decision = model.find(key)
            name = label(dict(decision.labels), decision.name) if isinstance(decision, Decision) else key
            found.append(Heading(name, 2))
            logic = decision.logic if isinstance(decision, Decision) else None
            if isinstance(logic, DecisionTable):
                found += [Words(table_things.hit_policy(logic), small=True), _grid(logic, name, self._inputs(key))]
            else:
                found.append(Words(gettext("It is no table; it is read where decisions are edited."), small=True))
        return [Heading(gettext("Decision tables")), *found] if found else []

    def _policies(self) -> list[Block]:
        heading = Heading(gettext("Policies"))
        judged = self._judged()
        if judged is None:
            return [
                heading,
                Words(gettext("The draft has errors: what policies say of it is known once they are gone.")),
            ]
        found: list[Block] = [heading]
        for one in policy.in_force(g.uow):
            if one.on in judged.classes:
                *_, verdict = policy_names.VERDICTS[policy_names.verdict(judged, one)]
                found += [
                    Heading(f"{policy_names.policy_(one.id)} ({one.id})", 2),
                    Facts([(gettext("Proof"), gettext(verdict))]),
                    *(Words(f"· {text}") for text in policy_words.sentences(one)),
                ]
        if len(found) == 1:
            return [heading, Words(gettext("No policy speaks about what it does."))]
        return [*found, *(Words(text, small=True) for text in policy_words.limits())]

    def _examples(self) -> list[Block]:
        opened = opened_drawing(self.file.key)
        text = told_in(opened) if self.info is None else lasting.deployed(g.uow, self.file.path)
        try:
            stories = scenarios.read(text, "scenarios", self.file.key) if text else []
        except WrongScenario:
            stories = []
        run = lasting.of(g.uow, self.file.key).get(self.info.version if self.info is not None else lasting.DRAFT)
        if run is not None and self.info is None and run.digest != trial(self.file.key).digest:
            run = None  # of what was drawn before
        passed = {str(one.name): one.passed for one in run.results} if run is not None else {}
        telling = play_words.Words(self.names, self.fields, self.answers)
        found: list[Block] = [Heading(gettext("Scenarios as examples"))] if stories else []
        for one in stories:
            found += [Heading(label(one.name.labels, one.name), 2), Facts(_told(one, passed, telling))]
        return found

    def _glossary(self) -> list[Block]:
        files = {self.file.path: self.content}
        known = repository.variables(g.uow, files).get(self.process.id)
        rows = [
            [name, self._word(name, known.origins.get(name, "")), gettext(_TYPES[of.kind])
             if of.kind in _TYPES else "–", self.names.get(known.origins.get(name, ""), "–")]
            for name, of in sorted(known.types.items()) if name not in _SYSTEM
        ] if known is not None else []  # fmt: skip
        columns = [gettext("Name of the value"), gettext("Name"), gettext("Type"), gettext("Written by")]
        return [Heading(gettext("Glossary of values")), Grid(columns, rows, (2.4, 3, 1.5, 3))] if rows else []

    def _word(self, name: str, origin: str) -> str:
        """What a value is called: by its form, its decision, or the operation of the step that writes it."""
        if name in self.said:
            return self.said[name].label
        node = self.deck.nodes.get(origin)
        task = node.extensions.task if node is not None else None
        word = operation_names.item(task.type, name) if task is not None else name
        return word if word != name else ""

    def _outcomes(self) -> dict[str, Field]:
        """How approvals end, as conditions ask for it among others."""
        words = {"agree": gettext("agreed"), "reject": gettext("rejected")}
        keys = {f"approval.{key}.outcome": name for key, name in self.names.items()}
        return {key: Field(key, name, "", words) for key, name in keys.items()}

    def _inputs(self, decision: str) -> dict[str, Field]:
        """What the columns of a decision ask for: fields, also those that a step hands on by another name."""
        asking = [node for node in self.process.all_nodes() if decision in node.asked_decisions()]
        handed = {one.target: one.source.removeprefix("=").strip() for node in asking for one in node.extensions.inputs}
        return self.fields | {name: self.fields[of] for name, of in handed.items() if of in self.fields}

    # ------------------------------------------------------------ what it goes with

    def _form(self, key: str) -> Form | None:
        return form_of(key) if self.info is None else repository.known_form(g.uow, key, self.info.id)

    def _model(self, key: str) -> Model | None:
        if self.info is None:
            return results.model_of(key, self.drawn)
        try:
            return repository.decision(g.uow, key, self.info.id)
        except NotFound:
            return None

    def _fields(self, form: Form) -> Iterator[tuple[str, Field]]:
        named = {"person": self.deck.people, "department": self.deck.departments}
        yield from ((path, field_of(one, named)) for path, one in named_fields(form))

    def _judged(self) -> Judged | None:
        """None: nobody can say while it has errors."""
        if self.info is not None:
            return repository.proof(g.uow, self.info.id)
        files = edited(self.file).files
        if any(finding.level is Level.ERROR for finding in repository.check(g.uow, files)):
            return None
        candidate = repository.foresee(g.uow, files).candidates.get(self.file.key)
        if candidate is not None:
            return repository.proof_of(g.uow, candidate)
        return repository.proof(g.uow, self.file.latest.id) if self.file.latest is not None else None


def _version(file: File, text: str) -> DefinitionInfo | None:
    """None: what is drawn. Raises NotFound."""
    if not text:
        return None
    found = next((one for one in file.versions if str(one.id) == text), None)
    if found is None:
        raise NotFound(kind="version", key=f"{file.key} {text[:80]}")
    return found


def _known(find: Callable[[str], Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: found for key in keys if (found := find(key)) is not None}


def _grid(table: DecisionTable, name: str, fields: Mapping[str, Field]) -> Grid:
    """A line for each rule: conditions in the words of the fields that they ask, results in those of the table."""
    columns = [label(dict(column.labels), column.label) or column.text for column in table.inputs]
    columns += [label(column.labels, column.label) or column.name or name for column in table.outputs]
    asked = [fields[column.text].options if column.text in fields else {} for column in table.inputs]
    given = [
        {text: label(words, words.get("", text)) for text, words in column.words.items()} for column in table.outputs
    ]
    rows = [
        [
            str(place), *map(cell_words.test, rule.tests, asked), *map(cell_words.result, rule.outputs, given),
        ]
        for place, rule in enumerate(table.rules, 1)
    ]  # fmt: skip
    return Grid(["#", *columns], rows, (0.4, *[2] * len(columns)))


def _in_order(process: Process) -> list[Node]:
    """As people go through it, what lies in a sub-process behind it; ends and what only joins ways say nothing."""
    found: dict[str, Node] = {}
    for scope in process.all_scopes():
        todo = [node for node in scope.nodes.values() if not node.incoming and node.attached_to is None]
        while todo:
            node = todo.pop(0)
            if node.id not in found:
                found[node.id] = node
                leads = [flow.target for one in (node.id, *node.boundaries) for flow in scope.nodes[one].outgoing]
                todo += [scope.nodes[key] for key in leads if key in scope.nodes]
        found |= {node.id: node for node in scope.nodes.values() if node.id not in found}
    return [node for node in found.values() if node.attached_to is None and not _quiet(node)]


def _quiet(node: Node) -> bool:
    return not node.documentation and (
        node.type == "endEvent" or (node.type in GATEWAYS and len(node.outgoing) < 2 and not node.name)
    )


def _told(one: Scenario, passed: dict[str, bool], telling: play_words.Words) -> list[tuple[str, str]]:
    colon = gettext(": ")

    def data(values: dict[str, object]) -> str:
        return "\n".join((found.label or found.name) + colon + found.value for found in telling.data(values))

    lines = []
    for step in one.steps:
        title, who = play_words.title_of(step, telling)
        by = play_words.called(who) + colon if who else ""
        filled = data(step.fields or {}) if step.act != "return" else ""
        said = [line for line in (step.opinion, filled, gettext("refused") if step.refused else "") if line]
        lines.append(f"{by}{title}" + (f" ({'; '.join(said)})".replace("\n", "; ") if said else ""))
    ends = _ENDS.get(one.ends_in or "", "")
    ends = (
        gettext("refused")
        if one.refused
        else gettext(ends)
        if ends
        else telling.of(one.ends_in)
        if one.ends_in
        else _listed([telling.of(key) for key in one.tasks or ()])
    )
    verdict = {True: gettext("passed"), False: gettext("failed"), None: gettext("not run")}[passed.get(str(one.name))]
    pairs = [
        (gettext("Begun by"), play_words.called(one.person or "")), (gettext("Filled in"), data(one.given)),
        (gettext("What happens"), "\n".join(lines)), (gettext("Ends at"), ends), (gettext("Result"), verdict),
    ]  # fmt: skip
    return [(word, text) for word, text in pairs if text]


def _called(field: FormField) -> str:
    return label(field.labels, field.label) or field.path


def _kind(field: FormField) -> str:
    return gettext(form_things.KINDS[field.type]) if field.type in form_things.KINDS else field.type


def _listed(names: list[str]) -> str:
    return ("、" if languages.language() == "zh" else ", ").join(names)
