"""Whom a task or a process names is there: accounts, groups and departments of the organisation.

Wrong: `candidateGroups="finanse"`, a group that nobody has made; nobody would ever see the task. Right: the key of a
group that exists, or an expression. Before the organisation has any department nothing is judged.
"""

from collections.abc import Iterator

from engine.bpmn.model import Extensions, Node, Process
from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR
USERS, GROUPS, DEPARTMENTS = "user", "group", "department"
_PARAMETERS = {
    "user": {"users": USERS, "user": USERS, "id": USERS, "ids": USERS},
    "role": dict.fromkeys(("role", "roles", "group", "groups", "id", "ids"), GROUPS),
    "userGroup": dict.fromkeys(("userGroup", "group", "groups", "id", "ids"), GROUPS),
    "deptMember": {"dept": DEPARTMENTS},
    "deptLeader": {"dept": DEPARTMENTS},
}


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each name that leads to nobody."""
    named: list[tuple[Node | Process, Iterator[tuple[str, str]]]] = [
        (node, _named(node.extensions)) for node in drawn.nodes("userTask")
    ]
    named.append((drawn.process, _of_process(drawn.process.extensions)))
    for node, found in named:
        for kind, text in dict.fromkeys(found):
            for key in text.split(","):
                if key.strip() and not _known(library, kind, key.strip()):
                    yield Remark(
                        node, N_("'{name}' names the {kind} '{key}', which the organisation does not have."),
                        N_("Choose one that exists, or add it to the organisation first."),
                        {"kind": kind, "key": key.strip()},
                    )  # fmt: skip


def _known(library: Library, kind: str, key: str) -> bool:
    known = library.known
    return {USERS: known.user, GROUPS: known.group, DEPARTMENTS: known.department}[kind](key)


def _of_process(found: Extensions) -> Iterator[tuple[str, str]]:
    """Who may start it, who looks after it, who releases what is to be erased."""
    starters = {word: ",".join(found.starters.get(word, ())) for word in ("users", "groups", "departments")}
    yield USERS, starters["users"]
    yield GROUPS, starters["groups"]
    yield DEPARTMENTS, starters["departments"]
    yield GROUPS, ",".join(found.managers)
    yield GROUPS, (found.retention.legal if found.retention is not None else None) or ""


def _named(found: Extensions) -> Iterator[tuple[str, str]]:
    """(kind, keys) of everything that is written literally."""
    texts: list[tuple[str, str | None]] = []
    if found.strategy is not None:
        kinds = _PARAMETERS.get(found.strategy.name, {})
        texts += [(kinds[item.name], item.value) for item in found.strategy.parameters if item.name in kinds]
    elif found.assignees is not None:
        texts += [
            (USERS, found.assignees.assignee), (USERS, found.assignees.users), (GROUPS, found.assignees.groups)
        ]  # fmt: skip
    rule, _, users = (found.on_empty or "").partition(":")
    if rule == "users":
        texts.append((USERS, users))
    texts += [(USERS, step.to) for step in found.timeout if step.do == "transfer" and step.to != "manager"]
    texts += [(USERS, ",".join(line.users)) for line in found.copies]
    texts += [(GROUPS, ",".join(line.groups)) for line in found.copies]
    for kind, text in texts:
        if text and not text.strip().startswith("="):
            yield kind, text
