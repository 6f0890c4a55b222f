"""The versions of a file: who deployed each when and why, what runs on it, whether it proves, and the draft."""

from dataclasses import dataclass

from flask import g
from flask.typing import ResponseReturnValue

from engine import batches, drafts, identity, policy, repository
from engine.errors import NotFound
from engine.repository import DefinitionInfo
from webui import policy_names
from webui.designer import impact, reviewing
from webui.designer.blueprint import designer
from webui.designer.filing import KINDS, File, file_of
from webui.designer.library import draft_of
from webui.designer.scenarios import trial
from webui.designer.used_files import DRAFT
from webui.rendering import page, person
from webui.scenario_runs import of_versions


@dataclass(frozen=True)
class Line:
    """A version on the page. `who`: empty when the installation deployed it.

    `proof`: the worst that a policy says of it, of policy_names.VERDICTS; "nothing" when it reaches no guarded
    operation, empty when it was not asked, because nothing begins or runs by it.
    """

    info: DefinitionInfo
    who: str
    note: str
    running: int
    proof: str


@designer.get("/versions/<key>", defaults={"kind": "process"})
@designer.get(f"/versions/{KINDS}")
def versions(kind: str, key: str) -> ResponseReturnValue:
    """What was deployed, newest first, after the draft."""
    file = file_of(kind, key)
    if not file.versions and draft_of(key, kind) is None:
        raise NotFound(kind=kind, key=key)
    draft = file.draft
    tried = trial(key) if kind == "process" else None
    runs = of_versions(key, tried.digest) if tried is not None else {}
    files = reviewing.edited(file).files if tried is not None and (file.versions or draft is not None) else {}
    saved_by = identity.user(g.uow, draft.saved_by) if draft is not None and draft.saved_by else None
    return page(
        "designer/versions.html", block="content", file=file, versions=_lines(file),
        kept=draft is not None or bool(drafts.revisions.list_(g.uow, file.path)),
        saved_by=person(saved_by) if saved_by is not None else "", draft_value=DRAFT, played=runs,
        beside=draft is None and tried is not None and bool(tried.edited & set(files)),
        apart=impact.apart(file, files) if files else [],
    )  # fmt: skip


def _lines(file: File) -> list[Line]:
    told = repository.origins(g.uow, [one.id for one in file.versions])
    drawn = file.kind == "process"
    going = batches.running_by_version(g.uow, file.key) if drawn else {}
    people = {user.id: user for user in identity.find(g.uow, {one.by for one in told.values()} - {None})}
    lines = []
    for place, info in enumerate(file.versions):
        origin = told[info.id]
        who = person(people[origin.by]) if origin.by is not None else ""
        number = going.get(info.id, 0)
        proof = _proof(info) if drawn and (number or place == 0) else ""
        lines.append(Line(info, who, origin.note, number, proof))
    return lines


def _proof(info: DefinitionInfo) -> str:
    proof = repository.proof(g.uow, info.id)
    if not proof.classes:
        return "nothing"
    return policy_names.worst(proof, policy.in_force(g.uow))
