"""What somebody has seen of a task, as a text that goes back with his decision, and what has changed since.

The text is the digest of everything that his decision binds, then a short mark of each field that he may read. The
marks name a field that is another one now, and prove the value that is told as the old one.
"""

from collections.abc import Iterator
from typing import Any

from engine import forms, history, policy
from engine.errors import N_, ContentChanged, Phrase, Title
from engine.tasks import opening
from engine.tasks.opening import Act
from engine.values import Values, digest

_MARK = 8


def seen(act: Act, form: forms.Form | None, values: Values, document: policy.Document | None) -> str:
    """The facts of the document, else the fields of the form, as the task stands now."""
    whole = document.digest if document else "form:" + opening.form_digest(form, values).hex()
    return "|".join([whole, *(f"{name}={_mark(value)}" for name, _, value in _readable(act, form, values, document))])


def check(act: Act, form: forms.Form | None, values: Values, document: policy.Document | None, then: str) -> None:
    """Raise ContentChanged unless the task is as it was when `seen` told `then`. `then` may leave the marks out."""
    whole, _, rest = then.partition("|")
    if whole == seen(act, form, values, document).partition("|")[0]:
        return
    marks = dict(part.rpartition("=")[::2] for part in rest.split("|"))
    told, fields = [], []
    for name, label, value in _readable(act, form, values, document):
        if name not in marks or marks[name] == _mark(value):
            continue
        known, old = _before(act, name, marks[name])
        fields.append({"field": name, **({"old": old} if known else {}), "new": value})
        told.append(_words(label, known, old, value))
    raise ContentChanged(changes=told or [act.instance.title], fields=fields)


def _readable(
    act: Act, form: forms.Form | None, values: Values, document: policy.Document | None
) -> Iterator[tuple[str, str, Any]]:
    """(name, how people call it, value) of what the actor may read, by name."""
    if document is not None:
        yield from ((label, label, text) for label, text in sorted(document.facts.display.items()))
        return
    allowed, own = forms.permissions.of(act.work), form.fields if form is not None else ()
    names = sorted({field.path.partition(".")[0] for field in own})
    for name in names:
        field = next((one for one in own if one.path == name), None)
        if allowed.on(name) != "hidden":
            yield name, Title(field.label or name, dict(field.labels)) if field is not None else name, values.get(name)


def _before(act: Act, name: str, mark: str) -> tuple[bool, Any]:
    """The value of a field that bears the mark, as decisions have written it: (it is known, the value)."""
    for fact in reversed(history.timeline(act.uow, act.instance.id, kind="task.decided", limit=1000)):
        for value in (fact.data or {}).get(history.CHANGES, {}).get(name, ()):
            if _mark(value) == mark:
                return True, value
    return False, None


def _words(label: str, known: bool, old: Any, new: Any) -> str:
    if isinstance(new, list | dict) or isinstance(old, list | dict):
        return label
    if not known:
        return Phrase(N_("{field}: now {new}"), field=label, new=_text(new))
    return Phrase(N_("{field}: {old} → {new}"), field=label, old=_text(old), new=_text(new))


def _text(value: Any) -> str:
    return "–" if value in (None, "") else str(value)


def _mark(value: Any) -> str:
    return digest([value]).hex()[:_MARK]
