"""Translations: `python -m webui.catalogues` collects the texts and compiles; `--check` fails on a missing one."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from engine.operations import brief

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "webui" / "translations"
SOURCES = (
    ("engine", "**.py", "python"), ("webui", "**.py", "python"), ("webui/templates", "**.html", "jinja2"),
)  # fmt: skip
KEYWORDS = {"_": None, "gettext": None, "N_": None}
MADE_OF_FACTS = (
    "service", "timer", "continuation", "message", "event", "maintenance", "batch item", "timeout", "retries spent",
    "outcome unknown", "policy hold", "expression", "poison", "live", "dead", "suspended", "operation",
)  # fmt: skip
"""words that stand in facts and enumerations, where no tool finds them"""


_OFFERS = frozenset(("operation", "external_operation"))


def compile_all(folder: Path = FOLDER) -> list[Path]:
    """Make the .mo of each .po that changed since; returns what was made."""
    made = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        fresh = target.with_suffix(f".mo.{os.getpid()}")  # several processes may start at once
        with fresh.open("wb") as file:
            write_mo(file, _read(source))
        fresh.replace(target)
        made.append(target)
    return made


def texts() -> set[str]:
    """Every text that can appear on a page, as it stands in the sources."""
    return set(_found()) | set(MADE_OF_FACTS)


def missing(source: Path) -> tuple[list[str], list[str]]:
    """(texts without a translation in `source`, translations that nothing uses any more)."""
    catalogue, wanted = _read(source), texts()
    done = {str(message.id) for message in catalogue if message.id and message.string and not message.fuzzy}
    return sorted(wanted - done), sorted(done - wanted)


def translated(language: str) -> dict[str, str]:
    """The translations into `language` by text."""
    catalogue = _read(FOLDER / language / "LC_MESSAGES" / "messages.po")
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


def update(source: Path) -> None:
    """Add new texts, drop unused ones, keep translations; sorted, so that two people's changes merge."""
    old = _read(source)
    new = Catalog(locale=old.locale, project="Troika", version="1", charset="utf-8", fuzzy=False)
    new.creation_date, new.revision_date = old.creation_date, old.revision_date
    for text in texts():
        known = old.get(text)
        new.add(text, known.string if isinstance(known, Message) else "")
    with source.open("wb") as file:
        write_po(file, new, width=0, no_location=True, sort_output=True)


def main(arguments: list[str]) -> int:
    """Exit code 1 when `--check` finds something."""
    wrong = 0
    for source in sorted(FOLDER.glob("*/LC_MESSAGES/*.po")):
        if "--check" not in arguments:
            update(source)
        lacking, unused = missing(source)
        wrong += len(lacking) + len(unused)
        for word, found in (("missing", lacking), ("unused", unused)):
            for text in found:
                sys.stdout.write(f"{source.parent.parent.name}: {word}: {text!r}\n")
    compile_all()
    if wrong:
        sys.stdout.write("Run: python -m webui.catalogues, then translate what is empty in the .po file.\n")
    return 1 if wrong else 0


def _found() -> Iterator[str]:
    for folder, pattern, method in SOURCES:
        where = extract_from_dir(ROOT / folder, [(pattern, method)], {pattern: {"trimmed": "true"}}, KEYWORDS)
        for _, _, text, _, _ in where:
            yield text if isinstance(text, str) else text[0]
    yield from _operations()
    yield from kinds()


def kinds() -> set[str]:
    """What there may not be: the kind that every NotFound names."""
    found = set()
    for path in sorted(one for folder in ("engine", "webui") for one in (ROOT / folder).rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _named(node.func) == "NotFound":
                found |= {
                    str(one.value.value) for one in node.keywords
                    if one.arg == "kind" and isinstance(one.value, ast.Constant)
                }  # fmt: skip
    return found


def _operations() -> Iterator[str]:
    """What operations say of themselves to analysts."""
    for path in sorted((ROOT / "engine" / "modules").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and _OFFERS & {_called(one) for one in node.decorator_list}:
                yield brief(ast.get_docstring(node) or "")


def _called(decorator: ast.expr) -> str:
    return _named(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _named(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else ""


def _read(source: Path) -> Catalog:
    with source.open("rb") as file:
        return read_po(file, locale=source.parent.parent.name, abort_invalid=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
