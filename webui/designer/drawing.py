"""What the designer's script asks for: catalogue, check, save, deploy. JSON in, JSON out."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import bpmn, drafts, identity, operations, policy, repository, webhooks, workdays
from engine.bpmn.model import Process
from engine.dmn.model import Model
from engine.errors import N_, EngineError, NotFound
from engine.findings import Finding
from engine.forms.model import CONTAINERS, FormField, leaves
from engine.operations import Operation, Parameter
from engine.repository.reading import read
from engine.values import storable
from webui import errors, findings, operation_names, policy_names, refusals
from webui.designer import asking, conditions, elements, explaining, expressions, gateways, panel, ready_steps, results
from webui.designer.blueprint import designer
from webui.designer.cards import form_keys, levels, position_names
from webui.designer.decision_files import drawn_models
from webui.designer.filing import saved_by
from webui.designer.library import draft_of, etag_of, path_of
from webui.rendering import label, person
from webui.transaction import reads_only

_MANY = 500
_FEEL_TYPES = {
    "number": "number", "checkbox": "boolean", "checklist": "list<string>", "taglist": "list<string>",
    "dynamiclist": "list<context>", "filepicker": "list<string>", "datetime": "date", "expression": "any",
}  # fmt: skip


class NotAnObject(EngineError):
    """The script sent something else than it should."""

    message = N_("Expected a JSON object with '{field}' as text, found something else.")
    status = 422


@designer.get("/catalogue.json")
def catalogue() -> ResponseReturnValue:
    """What a drawing may name now, in the reader's language. `morePeople`: there are others, by their logins."""
    people = identity.users(g.uow, limit=_MANY + 1)
    return jsonify(
        operations=[_operation(found) for found in operations.catalog().values()],
        forms=_forms(),
        decisions=_decisions(),
        processes=_named(repository.latest_all(g.uow), _drawn_processes()),
        groups=[{"key": group.key, "name": person(group)} for group in identity.groups(g.uow)],
        departments=[{"key": unit.key, "name": person(unit)} for unit in identity.org_units(g.uow)],
        people=[{"login": user.login, "name": person(user)} for user in people[:_MANY]],
        morePeople=len(people) > _MANY,
        positions=[{"key": key, "name": name} for key, name in position_names()],
        levels=levels(),
        capabilities=_capabilities(),
        calendars=[{"key": key, "name": name} for key, name in workdays.calendars(g.uow)],
        receivers=[found.name for found in webhooks.list_(g.uow)],
        functions=expressions.functions(),
        choices=panel.choices(),
        templates=ready_steps.offered(),
    )


@designer.post("/lint")
@reads_only
def lint() -> ResponseReturnValue:
    """Everything that is wrong with the drawing as it stands on the canvas, and what its expressions may read.

    `variables` is null while the drawing cannot be read. `open`: asked again with `thorough`, it would say whether the
    machine goes the ways round an approval, and prove what takes longer. `gateways`: as `gateways.beside` says.
    """
    sent, thorough = body("key", "xml"), request.get_json().get("thorough") is True
    path = path_of_draft(sent["key"])
    content = sent["xml"].encode("utf-8")
    reading = bpmn.read(content, path)
    files, readings = with_forms(path, content, reading), {path: reading}
    found = repository.variables(g.uow, files, readings).get(sent["key"])
    judged = repository.check(g.uow, files, drawing=not thorough, readings=readings)
    told = [finding for finding in judged if finding.resource in ("", path)]
    more = not thorough and any(one.rule in ("policy-approval-missing", "policy-unproved") for one in told)
    drawn = reading.definition
    process = next((one for one in drawn.processes if one.id == sent["key"]), None) if drawn is not None else None
    ways = gateways.beside(process, found.types if found else {}, _required(process)) if process is not None else {}
    return jsonify(
        findings=findings_out(told, content),
        variables=expressions.names(found) if found else None,
        open=more,
        gateways=ways,
    )


@designer.post("/expression")
@reads_only
def expression() -> ResponseReturnValue:
    """What is wrong with one text in the drawing as it stands. `kind`: expression | condition | unary_tests."""
    sent = body("key", "xml", "text", "kind")
    found = repository.variables(g.uow, {path_of_draft(sent["key"]): sent["xml"].encode("utf-8")}).get(sent["key"])
    return jsonify(findings=expressions.findings(sent["text"], sent["kind"], found))


@designer.post("/expression/try")
@reads_only
def try_expression() -> ResponseReturnValue:
    """What one text in the drawing gives for `values`: name -> as typed."""
    sent = body("key", "xml", "text", "kind")
    values = typed_values(request.get_json())
    found = repository.variables(g.uow, {path_of_draft(sent["key"]): sent["xml"].encode("utf-8")}).get(sent["key"])
    return jsonify(expressions.tried(sent["text"], sent["kind"], found, values, g.uow))


def typed_values(sent: dict[str, Any]) -> dict[str, str]:
    """What somebody typed for names, to try a text with. Raises NotAnObject."""
    values = sent.get("values")
    if not isinstance(values, dict) or not all(isinstance(said, str) and storable(said) for said in values.values()):
        raise NotAnObject(field="values")
    return values


@designer.post("/condition")
@reads_only
def condition() -> ResponseReturnValue:
    """A condition as rows (`text` -> `rows`, null when it says more), or rows as one (`rows` -> `text`).

    `problems`: [group, row, what is wrong with its value]; then there is no text.
    """
    answer = request.get_json(silent=True)
    if isinstance(answer, dict) and "rows" not in answer:
        return jsonify(rows=conditions.shown(body("text")["text"]))
    groups = conditions.sent(answer.get("rows")) if isinstance(answer, dict) else None
    if groups is None:
        raise NotAnObject(field="rows")
    known = asking.memberships()
    wrong = [
        [at, place, errors.words(error.message, error.facts)]
        for at, group in enumerate(groups) for place, row in enumerate(group)
        if (error := conditions.misfit(row, known)) is not None
    ]  # fmt: skip
    return jsonify(text=None if wrong else conditions.feel_of_groups(groups), problems=wrong)


@designer.put("/drafts/<key>")
def save(key: str) -> ResponseReturnValue:
    """Store the drawing; `If-Match` carries the ETag that the page has seen, or * to write over anything."""
    xml = body("xml")["xml"].encode("utf-8")
    draft, seen = draft_of(key), request.headers.get("If-Match", "")
    if draft is None and not repository.versions(g.uow, key):
        raise NotFound(kind="process", key=key)
    if seen not in (etag_of(draft), "*"):
        raise saved_by(draft)
    saved = drafts.save(g.uow, path_of_draft(key), xml, version=draft.version if draft else 0, name=_name_in(key, xml))
    return jsonify(etag=etag_of(saved), saved_at=saved.saved_at.isoformat())


@designer.delete("/drafts/<key>")
def discard(key: str) -> ResponseReturnValue:
    """Forget the draft: the deployed version stands."""
    draft = draft_of(key)
    if draft is not None:
        drafts.discard(g.uow, draft.path)
    return "", 204


def _required(process: Process) -> set[str]:
    """Fields without which no request begins: every start has a form, and all of them ask for these."""
    found = [asking.form_of(node.extensions.form) for node in process.nodes.values() if node.type == "startEvent"]
    asked = [set(_always_required(form.components if form is not None else ())) for form in found]
    return set.intersection(*asked) if asked else set()


def _always_required(components: tuple[FormField, ...]) -> Iterator[str]:
    for component in components:
        if component.hide is None and component.type in CONTAINERS:
            yield from _always_required(component.children)
        elif component.hide is None and component.required:
            yield component.path


def with_forms(path: str, content: bytes, reading: bpmn.Reading | None = None) -> dict[str, bytes]:
    """A drawing with what is published with it: drafts of forms that it names, and of decisions that were never
    deployed. `reading`: of the drawing, from a caller that has read it already.
    """
    reading = reading or bpmn.read(content)
    files = {path: content} | drafts.forms_of(g.uow, content, reading)
    deployed = {info.key for info in repository.latest_all(g.uow, "decision")}
    decisions = drafts.decisions_of(g.uow, content, reading)
    return files | {place: made for place, (made, ids) in decisions.items() if not ids <= deployed}


def body(*fields: str) -> dict[str, str]:
    sent = request.get_json(silent=True)
    texts = {field: sent.get(field) for field in fields} if isinstance(sent, dict) else dict.fromkeys(fields)
    for field, text in texts.items():
        if not isinstance(text, str) or not storable(text):
            raise NotAnObject(field=field)
    return {field: str(text) for field, text in texts.items()}


def path_of_draft(key: str) -> str:
    """Where the drawing of a process stands in the library."""
    draft = draft_of(key)
    if draft is not None:
        return draft.path
    latest = next(iter(repository.versions(g.uow, key)), None)
    return path_of(latest.category if latest else "", key)


def _name_in(key: str, xml: bytes) -> str:
    """The name in a drawing that can be read; else the id."""
    reading = read({f"{key}.bpmn": xml})
    return next((found.name for found in reading.found if found.key == key), key)


def findings_out(told: list[Finding], drawing: bytes = b"") -> list[dict[str, Any]]:
    """`drawing`: whose elements are called by their names."""
    called = elements.names(drawing) if told and drawing else {}
    return [
        {"name": called.get(finding.element_id or "", ""), **_finding_out(finding, elements.facts(finding, called))}
        for finding in told
    ]


def _finding_out(finding: Finding, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "rule": finding.rule, "level": finding.level.value, "element": finding.element_id,
        "message": errors.words(finding.message, facts), "hint": errors.words(finding.hint, facts),
        "line": finding.line, "steps": findings.steps(finding), "fixes": findings.fixes(finding),
        "why": explaining.address_of(finding),
    }  # fmt: skip


def _operation(found: Operation) -> dict[str, Any]:
    return {
        "name": found.name, "module": found.module, "label": label(found.labels, found.name),
        "doc": gettext(found.brief), "parameters": [_parameter(parameter) for parameter in found.parameters],
        "outputs": found.outputs, "titles": _titles(found), "errors": list(found.errors),
        "refusals": [[code, refusals.refusal(code)] for code in found.errors], "guarded_by": found.guarded_by,
        "guard": found.guarded_by and policy_names.class_(found.guarded_by),
        "subject": found.subject and {"type": found.subject.type, "argument": found.subject.argument},
        "external": found.external, "undoneBy": found.compensated_by,
    }  # fmt: skip


def _titles(found: Operation) -> dict[str, str]:
    names = (*(parameter.name for parameter in found.parameters), *found.outputs)
    return {name: operation_names.item(found.name, name) for name in names}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    literal = str(get_origin(parameter.annotation)).endswith("Literal")
    choices = [str(choice) for choice in get_args(parameter.annotation)] if literal else None
    return {"name": parameter.name, "type": parameter.type, "required": parameter.required, "choices": choices}


def _forms() -> list[dict[str, Any]]:
    """Every form as it will be once drawings that name it are published, drafts included."""
    return [_form(key) for key in form_keys()]


def _form(key: str) -> dict[str, Any]:
    form = asking.form_of(key)
    fields = [
        {
            "key": field.path, "type": "list<string>" if field.many else _FEEL_TYPES.get(field.type, "string"),
            "label": label(field.labels, field.label),
            "options": [[str(one.value), label(one.labels, one.labels.get("", ""))] for one in field.options or ()],
            "kind": field.type, "money": asking.money_of(field),
        }
        for field in (leaves(form.components) if form is not None else ())
    ]  # fmt: skip
    return {"id": key, "name": asking.title_of(form, key), "fields": fields}


def _decisions() -> list[dict[str, Any]]:
    """Every decision as it will be once what is drawn is published; `results`: what it answers, by column."""
    drawn = drawn_models()
    names = {key: label(dict(model.elements[key].labels), model.elements[key].name) for key, model in drawn.items()}
    infos = _named(repository.latest_all(g.uow, "decision"), names)
    return [{**info, "results": _results(info["id"], results.model_of(info["id"], drawn))} for info in infos]


def _results(decision_id: str, model: Model | None) -> list[dict[str, Any]]:
    """`name`: what follows the name under which the decision answers, "" when it is the answer itself."""
    return [
        {"name": found.key, "label": found.label, "options": [[value, words] for value, words in found.options.items()]}
        for found in results.answers_of(model, decision_id, "")
    ]


def _named(infos: list[repository.DefinitionInfo], drawn: dict[str, str]) -> list[dict[str, str]]:
    """`drawn`: names of drafts by id."""
    names = drawn | {info.key: label(info.labels, info.name) for info in infos}
    return [{"id": key, "name": names[key]} for key in sorted(names)]


def _drawn_processes() -> dict[str, str]:
    return {draft.key: draft.name or draft.key for draft in drafts.list_(g.uow) if draft.kind == "process"}


def _capabilities() -> list[dict[str, str]]:
    """What an approval may permit: the approvals that the policies in force ask for, `on` a class of operations."""
    needed = {asked.approval: found.on for found in policy.in_force(g.uow) for asked in found.asked}
    return [{"id": name, "name": policy_names.capability(name), "on": needed[name]} for name in sorted(needed)]
