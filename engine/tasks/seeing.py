"""What somebody has seen of a task, as a text that goes back with his decision, and what has changed since.

The text is the mark of everything that his decision binds, then a short one of each field that he may read. These name
a field that is another one now, and prove the value that is told as the old one. A mark is keyed, for one visit of one
task: nobody finds a hidden value by trying.
"""

from collections.abc import Iterator
from typing import Any

from engine import forms, history, policy, sealing
from engine.errors import N_, ContentChanged, Phrase, Written
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.values import Values, digest

_MARK = 16


def seen(act: Act, form: forms.Form | None, values: Values, document: policy.Document | None) -> str:
    """The facts of the document, else the fields of the form, as the task stands now."""
    whole = document.digest if document else opening.form_digest(act.uow, form, values).hex()
    marks = (f"{name}={_mark(act, name, value)}" for name, value in _readable(act, form, values, document))
    return "|".join(["seen:" + sealing.mark(act.uow.settings, f"{act.round.id} {whole}"), *marks])


def check(act: Act, form: forms.Form | None, values: Values, document: policy.Document | None, then: str) -> None:
    """Raise ContentChanged unless the task is as it was when `seen` told `then`. `then` may leave the marks out."""
    whole, _, rest = then.partition("|")
    if whole == seen(act, form, values, document).partition("|")[0]:
        return
    marks = dict(part.rpartition("=")[::2] for part in rest.split("|"))
    told, fields = [], []
    for name, value in _readable(act, form, values, document):
        if name not in marks or marks[name] == _mark(act, name, value):
            continue
        known, old = _before(act, name, marks[name])
        fields.append({"field": name, **({"old": old} if known else {}), "new": value})
        of = act.instance
        told.append(
            Phrase(N_("{field}: now {new}"), field=name, new=value) if document is not None
            else Written(of.process_key, of.id, name, known=known, old=old, new=value)
        )  # fmt: skip
    raise ContentChanged(changes=told or [act.instance.title], fields=fields)


def _readable(
    act: Act, form: forms.Form | None, values: Values, document: policy.Document | None
) -> Iterator[tuple[str, Any]]:
    """(name, value) of what whoever is asked may read, by name."""
    if document is not None:
        yield from sorted(document.facts.display.items())
        return
    allowed = forms.permissions.of(act.work)
    names = sorted({field.path.partition(".")[0] for field in form.fields}) if form is not None else []
    yield from ((name, values.get(name)) for name in names if allowed.on(name) != "hidden")


def _before(act: Act, name: str, mark: str) -> tuple[bool, Any]:
    """The value of a field that bears the mark, as decisions have written it: (it is known, the value)."""
    for fact in reversed(history.timeline(act.uow, act.instance.id, kind="task.decided", limit=1000)):
        for value in (fact.data or {}).get(history.CHANGES, {}).get(name, ()):
            if _mark(act, name, value) == mark:
                return True, value
    return False, None


def _mark(act: Act, name: str, value: Any) -> str:
    empty = value in (None, "")
    return sealing.mark(act.uow.settings, f"{act.round.id} {name} {digest([None if empty else value]).hex()}")[:_MARK]
