"""发布: what stands against the draft, what it would change, what runs and could follow; then the new version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import batches, bpmn, drafts, identity, migration, policy, repository, scenarios
from engine.bpmn.comparison import kind_of
from engine.db.definition import Kind
from engine.db.job import ItemState
from engine.errors import N_, EngineError
from engine.findings import Level
from engine.migration import Outline, Plan
from engine.repository import Candidate, DefinitionInfo
from engine.scenarios import lasting
from webui import errors, policy_names
from webui.access import works
from webui.designer import impact, together
from webui.designer.addresses import page_of
from webui.designer.blueprint import designer
from webui.designer.checked import findings_of
from webui.designer.filing import KINDS, File, changed_by, file_of
from webui.designer.library import name_of
from webui.designer.scenarios import Trial, outcomes_of, played, trial
from webui.rendering import label, page, person
from webui.transaction import own_transactions, shows_again

TRIED = 200
"""running requests of one version that a dry run looks at"""
ALL, NEW = "all", "new"
"""which requests follow: those that run too, or only new ones"""
_READ = 1000
"""results of a migration of which the page gives the reasons"""
_CHOICE = "to:"
_WITH = "with"


class NothingToPublish(EngineError):
    """The draft says what is deployed, or there is none."""

    message = N_("There is nothing to publish: what is deployed is the same.")
    hint = N_("Change the drawing or one of its forms first.")
    status = 409


class OthersChanged(EngineError):
    """What would be published along is not what the page has shown."""

    message = N_("A form, a decision table or the scenarios that are published too have changed since you looked.")
    hint = N_("The page shows them as they are now: look at it, then publish.")
    status = 409


class NoteMissing(EngineError):
    """A version that nobody can explain later."""

    message = N_("Expected a note that says what has changed, found none.")
    status = 422


@dataclass(frozen=True)
class Lost:
    """An element without a counterpart. `choices`: what it may become, (id, name); `chosen`: by the reader."""

    id: str
    name: str
    choices: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class Running:
    """Requests that run by an older version, tried on the draft. `reasons`: (why some cannot, how many)."""

    info: DefinitionInfo
    number: int
    can: int
    blocked: int
    reasons: list[tuple[str, int]]
    lost: list[Lost]

    @property
    def untried(self) -> int:
        """More than a page can wait for."""
        return self.number - self.can - self.blocked


@designer.get("/publish/<key>", defaults={"kind": "process"})
@designer.get(f"/publish/{KINDS}")
@works
def publish(kind: str, key: str) -> ResponseReturnValue:
    """Everything that whoever publishes should know before he does."""
    return _shown(file_of(kind, key), request.args)


def _again(error: EngineError, kind: str, key: str) -> ResponseReturnValue:
    return _shown(file_of(kind, key), request.form, error)


@designer.post("/publish/<key>", defaults={"kind": "process"})
@designer.post(f"/publish/{KINDS}")
@shows_again(_again)
def do_publish(kind: str, key: str) -> ResponseReturnValue:
    """Deploy the draft that the page showed; then carry over what runs, if that was chosen."""
    note = request.form.get("note", "").strip()
    made = publish_draft(kind, key, request.form.get("etag", ""), note, request.form.get("seen", ""), _along())
    if kind != "process":
        flash(gettext("Version %(n)s is published.", n=max(one.version for one in made.new)), "success")
        return redirect(page_of("versions", kind, key), 303)
    versions = {info.key: info for info in made.new if info.kind is Kind.PROCESS and info.key in (key, *_along())}
    for version in versions.values() if request.form.get("follow") == ALL else ():
        for source in batches.running_by_version(g.uow, version.key):
            if source != version.id:
                batches.create(g.uow, _plan(source, version.id, request.form), reason=note)
    shown = versions.get(key) or next(iter(versions.values()), None) or repository.latest(g.uow, key)
    return redirect(url_for(".published", definition_id=shown.id), 303)


@designer.post("/publish/<key>/scenarios")
@own_transactions
def publish_scenarios(key: str) -> ResponseReturnValue:
    """All scenarios of the draft, run now beside the other drawings that are published with it: a part of the page."""
    outcomes = outcomes_of(played(key, _along()).results)
    failed = [one for one in outcomes if not one.passed]
    return page("designer/publish_scenarios.html", block="content", key=key, outcomes=outcomes, failed=failed)


@designer.get("/publish/<key>/running")
def publish_running(key: str) -> ResponseReturnValue:
    """A dry run of everything that runs by a drawing, with what was chosen: a part of the page."""
    candidate = repository.foresee(g.uow, _files(file_of("process", key), _along())).candidates.get(key)
    running = _running(candidate, request.args) if candidate is not None else []
    return page("designer/publish_running.html", block="content", key=key, running=running, choice=_CHOICE)


@designer.get("/published/<uuid:definition_id>")
def published(definition_id: UUID) -> ResponseReturnValue:
    """The new version, and how far the requests are that follow it."""
    info = repository.definition(g.uow, definition_id)
    found = [one for one in batches.list_(g.uow, info.key) if one.plan.target == definition_id]
    numbers = {one.id: one.version for one in repository.versions(g.uow, info.key)}
    reasons: dict[UUID, list[tuple[str, int]]] = {
        one.id: _refusals(one.id) for one in found if one.counts.get(ItemState.REFUSED)
    }
    return page(
        "designer/published.html", block="pane", info=info, name=name_of(info.key), batches=found, numbers=numbers,
        reasons=reasons, states=ItemState, beside=repository.deployed_with(g.uow, info),
        moving=any(not one.done for one in found),
    )  # fmt: skip


def publish_draft(
    kind: str, key: str, etag: str, note: str, seen: str, along: Sequence[str] = ()
) -> repository.Deployment:
    """Deploy the draft that the page has shown, with what is published with it. `seen`: the digest of all of it;
    `along`: keys of the other drawings among it.

    Raises ReviewMissing, NoteMissing, DraftChangedMeanwhile, OthersChanged, NothingToPublish, DeploymentRefused.
    """
    drafts.alone(g.uow, _files(file_of(kind, key), along))
    file = file_of(kind, key)
    if etag != file.etag:
        raise changed_by(file, etag)
    if not note:
        raise NoteMissing
    found = together.chosen(file, along)
    files = together.files_of(found)
    if seen != drafts.reviewing.digest_of(files):
        raise OthersChanged
    told = _new_scenarios(files)
    drawn = file.kind == "process"
    for one, edited in found:
        drafts.reviewing.require(g.uow, one.path, edited.files)
    tried = [trial(one.key, [other.key for other, _ in found if other is not one]) for one, _ in found if drawn]
    made = repository.deploy(g.uow, files, note)
    if not made.new and not told:
        raise NothingToPublish
    for before in tried:
        _keep_results(before, files)
    return made


# ---------------------------------------------------------------- private


def _along() -> list[str]:
    """Keys of the drawings that are to be published with this one."""
    return request.values.getlist(_WITH)


def _files(file: File, along: Sequence[str]) -> dict[str, bytes]:
    return together.files_of(together.chosen(file, along))


def _keep_results(before: Trial, files: Mapping[str, bytes]) -> None:
    """What the scenarios of a draft gave is true of its version, unless something was tried that is not published."""
    now = trial(before.opened.key)
    lasting.published(
        g.uow, before.opened.key, before.digest if before.edited <= set(files) else "", now.version, now.digest
    )


def _new_scenarios(files: Mapping[str, bytes]) -> bool:
    """Whether there are others than those that were deployed last."""
    found = {path: content for path, content in files.items() if path.endswith(scenarios.SUFFIX)}
    return any(content != repository.scenarios_at(g.uow, path) for path, content in found.items())


def _shown(file: File, sent: Mapping[str, str], error: EngineError | None = None) -> ResponseReturnValue:
    found = together.chosen(file, _along())
    files, edited = together.files_of(found), found[0][1]
    findings = repository.check(g.uow, files)
    broken = any(finding.level is Level.ERROR for finding in findings)
    foreseen = None if broken else repository.foresee(g.uow, files)
    members = together.members(found, foreseen)
    drawn = file.kind == "process"
    saved_by = edited.saved.saved_by if edited.saved is not None else None
    return page(
        "designer/publish.html", block="content", file=file, edited=edited, seen=drafts.reviewing.digest_of(files),
        error=error, broken=broken, saved_by=person(identity.user(g.uow, saved_by)) if saved_by is not None else "",
        told=_new_scenarios(files), members=members, along=impact.along(file, edited.files),
        apart=impact.apart(file, edited.files),
        chosen=[one.key for one, _ in found[1:]], findings=findings_of(file, files, findings), foreseen=foreseen,
        kinds=Kind, proof=_worst([one.candidate for one in members if one.candidate is not None]),
        concerned=[] if drawn else impact.concerned(file, edited.content), missed=impact.missed(file, edited.content),
        together=impact.together(file), note=sent.get("note", ""), follow=sent.get("follow", NEW),
        reassign=sent.get("reassign") == "1", recompute=sent.get("recompute") == "1",
        sent={k: v for k, v in sent.items() if k.startswith(_CHOICE)},
    )  # fmt: skip


def _worst(candidates: Sequence[Candidate]) -> str:
    """The verdict that counts of what is published together, "" when no drawing is."""
    return min((_verdict(one) for one in candidates), key=[*policy_names.VERDICTS, "nothing"].index, default="")


def _verdict(candidate: Candidate) -> str:
    judged = repository.proof_of(g.uow, candidate)
    if not judged.classes:
        return "nothing"
    return policy_names.worst(judged, policy.in_force(g.uow))


def _running(candidate: Candidate, sent: Mapping[str, str]) -> list[Running]:
    """Oldest version first."""
    found = []
    for source, number in batches.running_by_version(g.uow, candidate.key).items():
        wanted = _plan(source, candidate.id, sent)
        outline = migration.plan(g.uow, wanted, candidate)
        told = [
            migration.rehearse(g.uow, instance, wanted, candidate) for instance in batches.running(g.uow, source, TRIED)
        ]
        reasons: Counter[str] = Counter()
        for findings in told:
            reasons.update({errors.words(one.message, one.facts) for one in findings})
        blocked = sum(1 for findings in told if findings)
        found.append(
            Running(outline.source, number, len(told) - blocked, blocked, reasons.most_common(), _lost(outline, wanted))
        )
    return sorted(found, key=lambda one: one.info.version)


def _lost(outline: Outline, wanted: Plan) -> list[Lost]:
    """What would have no counterpart unless somebody names one."""
    return [
        Lost(
            key, label(node.labels, node.name) or key,
            tuple(
                (other.id, label(other.labels, other.name) or other.id) for other in outline.new.nodes.values()
                if kind_of(other) == kind_of(node)
            ),
            wanted.choices.get(key) or "",
        )
        for key in bpmn.compare(outline.old, outline.new).lost if (node := outline.old.nodes.get(key)) is not None
    ]  # fmt: skip


def _plan(source: UUID, target: UUID, sent: Mapping[str, str]) -> Plan:
    """What the page says about the requests of one version."""
    mine = f"{_CHOICE}{source}:"
    choices: dict[str, str | None] = {
        name.removeprefix(mine): value for name, value in sent.items() if name.startswith(mine) and value
    }
    return Plan(source, target, choices, sent.get("reassign") == "1", sent.get("recompute") == "1")


def _refusals(batch_id: UUID) -> list[tuple[str, int]]:
    """Why requests did not follow, and how many for that reason."""
    counted: Counter[str] = Counter()
    for item in batches.items(g.uow, batch_id, limit=_READ):
        counted.update({errors.words(message, facts) for message, facts in item.findings})
    return counted.most_common()
