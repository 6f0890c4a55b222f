"""troika process import: drawings of any product into drafts, with a report of what was done to them."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from flask_babel import gettext

from engine import drafts, repository
from engine.bpmn import element_templates, imports
from engine.bpmn.imports import ImportNote, Kind, Translation
from engine.findings import Finding, Level
from engine.scenarios import worlds
from engine.unit_of_work import UnitOfWork
from webui import errors, languages
from webui.cli import opening

AREA = "imported"
"""Where a drawing goes unless told."""
DRAWINGS = (".bpmn", ".xml")


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--area", default=AREA, show_default=True, help="Folder under processes/ or forms/ for single files.")
@click.option("--dry-run", is_flag=True, help="Only print the report.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the report.")
@with_appcontext
def import_(paths: tuple[Path, ...], area: str, dry_run: bool, language: str) -> None:
    """Put files of any product, or a whole library folder, into drafts, where the designer finds them.

    Drawings of Camunda, Flowable, Activiti, SpiffWorkflow and any other modeler are translated, and what was done is
    printed, one line per element. Exit 1 when a file cannot be read.
    """
    refused = count = 0
    with opening.engine().unit_of_work(opening.CLI, read_only=dry_run) as uow, languages.speaking(language):
        for path in paths:
            if path.is_dir():
                count += _library(uow, path, dry_run)
            elif path.name.endswith(DRAWINGS):
                found = _drawing(uow, path, area, dry_run)
                refused += found.xml is None
                count += 0 if found.xml is None else 1 + len(found.forms)
            else:
                count += _other(uow, path, area, dry_run)
    click.echo(f"{0 if dry_run else count} drafts")
    if refused:
        sys.exit(1)


def _library(uow: UnitOfWork, folder: Path, dry_run: bool) -> int:
    """Every file of a library of ours, as it is."""
    files = list(worlds.files_of(folder))
    if not dry_run:
        drafts.alone(uow, (path for path, _ in files))
        known = {info.path: info.version for info in drafts.list_(uow)}
        for path, content in files:
            _keep(uow, path, content, known)
    return len(files)


def _other(uow: UnitOfWork, path: Path, area: str, dry_run: bool) -> int:
    """A decision, a form or scenarios, as they are."""
    form = path.suffix == ".json" and not path.name.endswith(element_templates.ENDING)
    target = f"{'forms' if form else 'processes'}/{area}/{path.name}"
    drafts.place(target)
    if not dry_run:
        drafts.alone(uow, [target])
        known = {info.path: info.version for info in drafts.list_(uow)}
        _keep(uow, target, path.read_bytes(), known)
    return 1


def _keep(uow: UnitOfWork, path: str, content: bytes, known: dict[str, int]) -> None:
    """A draft; a step template runs nothing and is in force at once."""
    if path.endswith(element_templates.ENDING):
        repository.deploy(uow, {path: content})
    else:
        drafts.save(uow, path, content, version=known.get(path, 0))


def _drawing(uow: UnitOfWork, path: Path, area: str, dry_run: bool) -> Translation:
    content = path.read_bytes()
    if dry_run:
        found, target = imports.translate(content, path.name, area=area), path.name
    else:
        imported = drafts.import_drawing(uow, path.name, content, area, replace=True)
        found, target = imported.translation, imported.draft.path if imported.draft is not None else ""
    if found.refusal is not None:
        click.echo(f"{path.name}: {_said(found.refusal)}")
        return found
    click.echo(f"{path.name}: {found.dialect} → {', '.join((target, *found.forms))}")
    for line in imports.lines(found.notes):
        click.echo(f"  {_where(line)}{'; '.join(_note(note) for note in line.notes)}")
    counts = Counter(note.kind for note in found.notes)
    click.echo("  " + ", ".join(f"{gettext(imports.WORDS[kind])} {counts[kind]}" for kind in Kind))
    _findings(repository.check(uow, {f"processes/{area}/{path.stem}.bpmn": found.xml or b"", **found.forms}))
    return found


def _findings(findings: list[Finding]) -> None:
    """What would stop a deployment: that is for the designer, here it is only counted."""
    stopping = [finding for finding in findings if finding.level is Level.ERROR]
    if stopping:
        text = gettext(
            "Deploying it would be refused by %(count)s findings; the first: %(first)s",
            count=len(stopping), first=_said(stopping[0]),
        )  # fmt: skip
        click.echo(f"  {text}")


def _where(line: imports.Line) -> str:
    """Name, id and line of an element; nothing for the file itself."""
    if line.element_id is None:
        return ""
    name = line.name if line.name == line.element_id else f"{line.name} ({line.element_id})"
    place = gettext("line %(number)s", number=line.line) if line.line else ""
    return ", ".join(filter(None, (name, place))) + ": "


def _note(note: ImportNote) -> str:
    return f"{gettext(imports.WORDS[note.kind])}: {_filled(note.message, note.hint, note.facts)}"


def _said(finding: Finding) -> str:
    return _filled(finding.message, finding.hint, finding.facts)


def _filled(message: str, hint: str, facts: dict[str, Any]) -> str:
    return f"{errors.words(message, facts)} {errors.words(hint, facts)}".strip()
