"""Drawings that are not deployed, proved against the policies in force with what is deployed beside them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine import operations, policy
from engine.db.definition import Kind
from engine.errors import N_, EngineError, Phrase
from engine.findings import Finding, Level, errors_of
from engine.policy import Verdict
from engine.repository.deploying import with_imports
from engine.repository.pinning import References, unpinnable
from engine.repository.reading import kind_of, read
from engine.unit_of_work import UnitOfWork


class NothingToProve(EngineError):
    """Files without a drawing."""

    message = N_("Expected at least one drawing (.bpmn), found {found}.")
    status = 422


class NotProvable(EngineError):
    """Files that cannot be read, or name what there is not. `errors`: file -> what is wrong with it."""

    message = N_("Expected files without errors, found {count}; the first: {first}")
    hint = N_("Correct the files and send all of them again.")
    status = 422

    def __init__(self, wrong: list[Finding]) -> None:
        self.errors: dict[str, list[Phrase]] = {}
        for one in wrong:
            self.errors.setdefault(one.resource, []).append(Phrase(one.message, **one.facts))
        super().__init__(count=len(wrong), first=Phrase(wrong[0].message, **wrong[0].facts))


@dataclass(frozen=True, slots=True)
class Proved:
    """One process of a file."""

    file: str
    verdict: Verdict


def prove_files(uow: UnitOfWork, sent: Sequence[tuple[str, bytes]]) -> list[Proved]:
    """Every process of the drawings among `sent`, which may bring forms, decisions and called processes of their own.

    `sent`: (name, content) of each file. Raises NothingToProve, NotProvable.
    """
    files = dict(sent)
    if twice := [name for name, times in Counter(name for name, _ in sent).items() if times > 1]:
        said = N_("Several files are called {name}.")
        raise NotProvable(
            [Finding("name-taken", Level.ERROR, None, said, {"name": name}, resource=name) for name in twice]
        )
    if not any(kind_of(name) is Kind.PROCESS for name in files):
        raise NothingToProve(found=", ".join(sorted(files)) or "-")
    reading = read(with_imports(uow, files))
    if wrong := errors_of([*reading.findings, *unpinnable(uow, reading)]):
        raise NotProvable(wrong)
    meant = References(
        uow, [process for drawn in reading.drawings.values() for process in drawn.processes],
        forms={found.key: found.content for found in reading.of(Kind.FORM)},
        decisions={found.key: found.content for found in reading.of(Kind.DECISION)},
    )  # fmt: skip
    return [
        Proved(name, verdict)
        for name, drawn in reading.drawings.items()
        for verdict in policy.verdicts(
            drawn, operations.catalog(), policies=policy.in_force(uow), callees=meant.callee, forms=meant.form,
            decisions=meant.decision, names=meant.name,
        )
    ]  # fmt: skip
