"""No drawing names the host of a bank: money leaves through an operation of a payment class, never a plain call.

Wrong: a service task whose input is `https://pay.bank.example/transfers`, with `bank.example` in TROIKA_BANK_HOSTS.
Right: a service task of `erp.execute_payment`.
"""

from collections.abc import Iterator

from engine.errors import N_
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.ERROR


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for each task that calls the outside and is given such a host."""
    for node in drawn.nodes():
        task = node.extensions.task
        operation = library.catalog.get(task.type) if task is not None else None
        if operation is None or not operation.external:
            continue
        given = " ".join(line.source for line in node.extensions.inputs).lower()
        for bank in sorted(bank for bank in library.known.banks if bank in given):
            yield Remark(
                node, N_("'{name}' calls '{host}', the host of a bank, past the approval of a payment."),
                N_("Let an operation of class payment.execute pay."), {"host": bank},
            )  # fmt: skip
