"""seal_former(): rows of before, of which chains do not tell whole, put on record once as they are found."""

import itertools

from sqlalchemy import select

from engine import history
from engine.audit import checking, verifier
from engine.db.audit import audit
from engine.unit_of_work import UnitOfWork

SCOPE, KIND = "record", verifier.SEALED_LATER.decode()
_AT_ONCE = 500


def seal_former(uow: UnitOfWork) -> bool:
    """Whether it was done now: once for each database and kind of row, after the upgrade that brought it.

    From then on no row of these kinds may claim to be of before that these acts do not tell of.
    """
    uow.alone("record")
    done = uow.execute(select(audit.c.data).where(audit.c.scope == SCOPE, audit.c.kind == KIND)).scalars()
    kinds = sorted({*verifier.SEALED, verifier.UNTOLD} - {kind for told in done for kind in told.get("kinds", ())})
    if not kinds:
        return False
    unsealed = checking.unsealed(uow)
    rows = [(kind, key, digest) for kind in kinds for key, digest in unsealed.get(kind, {}).items()]
    for part in [rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE)] or [[]]:
        by_kind = itertools.groupby(part, key=lambda row: row[0])
        told = {kind: {key: digest for _, key, digest in found} for kind, found in by_kind}
        history.act(uow, SCOPE, KIND, {"kinds": kinds, "rows": told})
    return True
