"""How pages are made: whole or as the fragment htmx asked for; words for moments, money, people and values."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import CodeType
from typing import Any
from uuid import UUID

from babel import dates
from flask import Flask, current_app, g, make_response, redirect, render_template, request
from flask.wrappers import Response
from flask_babel import format_timedelta, gettext
from jinja2.bccache import Bucket, BytecodeCache
from markupsafe import Markup, escape
from sqlalchemy import Select, Table, bindparam, select

from engine import identity, ids, incidents, repository, tasks
from engine.db.base import metadata
from engine.errors import N_, Written
from engine.forms import FormField, schema, signed
from engine.repository import DefinitionInfo
from engine.values import YearsMonths
from webui import access, capitals, errors, languages, navigation, picking, policy_names, refusals, rights, signing


class _Compiled(BytecodeCache):
    """Templates compiled by this process, for every site that it makes; kept in memory only: code is never read back.

    All sites compile with the same options, so name and source say which code is meant.
    """

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


AREAS = {
    "oa": N_("Office"), "crm": N_("Customers"), "erp": N_("Finance and stock"), "hr": N_("People and leave"),
    "order_to_cash": N_("Sales"), "procure_to_pay": N_("Purchasing"),
}  # fmt: skip
"""folders of processes as people call them; any other one is called by its own name"""
THEMES = ("light", "dark")
THEME_COOKIE = "theme"


def install(app: Flask) -> None:
    """Filters and globals for templates."""
    app.jinja_env.bytecode_cache = _compiled
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        ago=ago, moment=moment, value=value_text, state=state, person=person, label=label, initial=initial,
        type_name=type_name, summary_items=summary_items, process_name=process_name, position=position,
        process_called=process_called, step_called=step_called,
        starter=starter, incident=incident, capped=capped, people_json=people_json,
        duration=duration, area=area, written=written, refusal=refusals.refusal, money=money, right=rights.named,
    )  # fmt: skip
    app.jinja_env.globals.update(
        language=languages.language, languages=languages.LANGUAGES, menu=navigation.menu, may=access.may,
        may_read=access.may_read, may_change=access.may_change,
        theme=theme, request_id=lambda: str(ids.uuid7()), overdue=overdue, open_tasks=open_tasks,
        unread_notices=unread_notices,
        explain=errors.explain, words=errors.words, say_stored=errors.say_stored, called=policy_names,
        counts=counts, summary_value=summary_value,
        acting_for=acting_for, stored_signature=signing.stored,
    )  # fmt: skip
    for name, template in (("sign", "signatures/macros"), ("ui", "macros"), ("lists", "lists"), ("parts", "parts"),
                           ("cockpit", "cockpit/macros"), ("acts", "inbox/macros"), ("ways", "route"),
                           ("audits", "auditing/macros")):  # fmt: skip
        app.jinja_env.globals[name] = app.jinja_env.get_template(f"{template}.html").module


def theme() -> str:
    """What this browser has chosen for all pages: `light` or `dark`."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def page(template: str, status: int = 200, *, block: str = "pane", **context: Any) -> Response:
    """The page `template`; for an htmx request only its block `block`."""
    if "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers:
        return make_response(render_block(template, block, **context), status)
    return make_response(render_template(template, **context), status)


def leave(address: str) -> Response:
    """Go on to another page, also out of a dialog that htmx has sent."""
    if "HX-Request" not in request.headers:
        return make_response(redirect(address, 303))
    response = make_response("", 204)
    response.headers["HX-Redirect"] = address
    return response


def stay(address: str) -> Response:
    """Show the page again that the reader is on: the one behind a dialog, else the one at `address`."""
    if "HX-Request" not in request.headers:
        return make_response(redirect(address, 303))
    response = make_response("", 204)
    response.headers["HX-Refresh"] = "true"
    return response


def render_block(template: str, block: str, **context: Any) -> Markup:
    """One named block of a template, its whole content where the template does not have that block."""
    current_app.update_template_context(context)
    found = current_app.jinja_env.get_template(template)
    block = block if block in found.blocks else "content"
    return Markup("").join(Markup(part) for part in found.blocks[block](found.new_context(context)))  # noqa: S704


def fragment(block: Markup) -> Response:
    """A part of a page that htmx asked for."""
    return make_response(block)


def as_script_data(value: Any) -> Markup:
    """JSON for a `<script type="application/json">`, decimals as the shortest exact number."""
    text = json.dumps(value, ensure_ascii=False, default=_json).encode(errors="replace").decode()
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > schema.DIGIT_LIMIT:  # what somebody typed may be 1e999999999
            return str(value)
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


def incident(row: Any) -> str:
    """What happened, in the reader's language where the incident knows its words."""
    said = incidents.sentences(row.code, row.detail or {})
    return " ".join(errors.words(text, facts) for text, facts in said) or str(row.message)


def moment(at: datetime | date | None, form: str = "short") -> str:
    """A moment in the reader's zone and language."""
    if at is None:
        return ""
    if not isinstance(at, datetime):
        return at.isoformat()
    return at.astimezone(languages.zone()).strftime("%Y-%m-%d %H:%M" if form == "short" else "%Y-%m-%d %H:%M:%S")


def ago(at: datetime | None) -> Markup:
    """`<time>` with the distance from now and the exact moment as title."""
    if at is None:
        return Markup()
    distance: timedelta = at - g.now
    text = gettext("now") if abs(distance) < _MINUTE else _distance(_rounded(distance), languages.language())
    exact = f'<time datetime="{at.isoformat()}" title="{moment(at)}">'
    return Markup(f"{exact}{escape(text)}</time>")  # noqa: S704 - numbers and separators; twice as fast as format


def duration(time: timedelta) -> str:
    """How long something took, roughly."""
    return str(format_timedelta(time))


_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def _rounded(distance: timedelta) -> timedelta:
    """To the minute, beyond a day to the hour: finer than it is shown, so that the same words serve many lines."""
    unit = _MINUTE * 60 if abs(distance) > _DAY else _MINUTE
    return round(distance / unit) * unit


@lru_cache(10_000)
def _distance(distance: timedelta, locale: str) -> str:
    return str(dates.format_timedelta(distance, add_direction=True, locale=locale))


_CENTS = 2
_CENT = Decimal("0.01")


def open_tasks() -> int:
    """The number at the inbox."""
    return counts().get("todo", 0)


def counts() -> dict[str, int]:
    """Entries of the reader's boxes, asked for once; nothing on an error page, whose unit of work is gone."""
    if "uow" not in g or g.get("reader") is None:
        return {}
    if "counts" not in g:
        g.counts = tasks.count(g.uow)
    found: dict[str, int] = g.counts
    return found


def acting_for() -> list[str]:
    """Names of those for whom the reader acts now; nobody on an error page, whose unit of work is gone."""
    if "uow" not in g or g.get("reader") is None:
        return []
    absent = identity.find(g.uow, {rule.principal_id for rule in identity.acting_for(g.uow, g.reader.id)})
    return [person(who) for who in absent]


def capped(number: int) -> str:
    """A count that ends somewhere."""
    return f"{tasks.COUNT_LIMIT}+" if number > tasks.COUNT_LIMIT else str(number)


def unread_notices() -> int:
    """The number at the messages, at most 100; 0 on an error page."""
    notice = metadata.tables.get("notification_notice")
    if notice is None or "uow" not in g or g.get("reader") is None:
        return 0
    return len(g.uow.read(_unread(notice), {"of": g.reader.id}))


@lru_cache(1)  # every page sends it, building it takes longer
def _unread(notice: Table) -> Select[Any]:
    return select(notice.c.id).where(notice.c.user_id == bindparam("of"), notice.c.read_at.is_(None)).limit(100)


def overdue(at: datetime | None) -> bool:
    """Whether `at` has passed."""
    return at is not None and at < g.now


def value_text(value: Any) -> str:
    """A process value for people."""
    match value:
        case None | "":
            return "–"
        case bool():
            return gettext("yes") if value else gettext("no")
        case datetime():
            return moment(value)
        case Decimal():
            text = f"{value:,f}"
            return text if len(text.partition(".")[2]) <= _CENTS else text.rstrip("0").removesuffix(".")
        case int():
            return f"{value:,}"
        case timedelta():
            return str(format_timedelta(value))
        case str() if signed.is_drawn(value):
            return gettext("signed by hand")
        case YearsMonths() | date() | time() | str() | UUID():
            return str(value)
        case list() if all(not isinstance(item, dict | list) for item in value):
            return ", ".join(value_text(item) for item in value) or "–"
        case _:
            return json.dumps(value, ensure_ascii=False, default=str, indent=1)


def money(facts: Mapping[str, Any]) -> str:
    """The amount of a document, which its facts hold as text, with its currency; empty: it has none."""
    amount = facts.get("amount")
    return f"{value_text(Decimal(amount))} {facts.get('currency', '')}".rstrip() if amount else ""


def person(who: Any) -> str:
    """The name of an account in the reader's language."""
    if who is None:
        return gettext("system")
    return str((who.name_en if languages.language() == "en" else "") or who.name)


def people_json(who: Iterable[Any]) -> str:
    """What a people picker shows as chosen."""
    return json.dumps([{"id": str(one.id), "name": person(one)} for one in who], ensure_ascii=False)


def people_options(users: Iterable[Any], by: str = "id") -> list[dict[str, str]]:
    """What a people picker offers. `also`: by what else one is found while typing; `by`: what is posted, id | login."""
    return [
        {
            "id": user.login if by == "login" else str(user.id), "name": person(user),
            "note": position(user) or user.login, "also": f"{user.login} {user.name} {user.name_en}",
        }
        for user in users
    ]  # fmt: skip


def position(who: Any) -> str:
    """What an account is in the company, in the reader's language."""
    return str((who.position_en if languages.language() == "en" else "") or who.position)


def starter(item: Any) -> str:
    """Who started the request of a list entry, in the reader's language."""
    return str((item.starter_name_en if languages.language() == "en" else "") or item.starter_name)


def state(value: Any, labels: Mapping[str, tuple[str, str]] | None) -> str:
    """A value of a record; one of a few words in the reader's language. `labels`: (zh, en) by word."""
    found = (labels or {}).get(value) if isinstance(value, str) else None
    return value_text(value) if found is None else found[0 if languages.language() == "zh" else 1]


def label(labels: dict[str, str] | None, name: str = "") -> str:
    """The word of an element or definition in the reader's language: `labels` by language, else its name."""
    return str((labels or {}).get(languages.language()) or name)


def area(key: str) -> str:
    """The name of a folder of processes."""
    return gettext(AREAS[key]) if key in AREAS else key


def initial(name: str) -> str:
    """One or two letters for an avatar."""
    words = name.split()
    return (words[0][:1] + words[-1][:1]).upper() if len(words) > 1 and name.isascii() else name[:1]


def type_name(value: Any) -> str:
    """What FEEL calls the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | Decimal():
            return "number"
        case str():
            return "string"
        case datetime():
            return "date and time"
        case date():
            return "date"
        case time():
            return "time"
        case timedelta():
            return "days and time duration"
        case YearsMonths():
            return "years and months duration"
        case list():
            return "list"
    return "context"


def summary_items(
    summary: dict[str, Any] | None, process_key: str, request_of: UUID, paid: bool = False
) -> list[tuple[str, Any]]:
    """The key fields of the request `request_of` as (label, value), ordered as drawn, labelled as in its forms.

    `paid`: amounts with their capitals.
    """
    info = _process(process_key) if summary and "uow" in g else None
    if info is None or not summary:
        return []
    names = repository.program(g.uow, info.id).summary
    fields = _fields(info)
    return [
        (_called(fields.get(name), name), _shown_as(fields.get(name), name, summary[name], request_of, paid=paid))
        for name in names
        if summary.get(name) is not None
    ]


def summary_columns(process_key: str) -> list[tuple[str, str]]:
    """(name, label) of the key fields of a process, as columns of a list of its requests."""
    info = _process(process_key)
    if info is None:
        return []
    fields = _fields(info)
    return [(name, _called(fields.get(name), name)) for name in repository.program(g.uow, info.id).summary]


def summary_value(item: Any, name: str) -> Any:
    """One key field of a list entry, as its form shows it."""
    value = (item.summary or {}).get(name)
    info = _process(item.process_key)
    return value if info is None or value is None else _shown_as(_fields(info).get(name), name, value, item.instance_id)


def name_picked(entries: Iterable[Any]) -> None:
    """Ask at once how everything is called that was picked in the key fields of list entries; each would ask alone."""
    picked: dict[FormField, dict[UUID, Any]] = {}
    for entry in entries:
        summary: dict[str, Any] = getattr(entry, "summary", None) or {}  # what was done shows none
        info = _process(entry.process_key) if summary else None
        fields = {} if info is None else _fields(info)
        for name, value in summary.items():
            field = fields.get(name)
            if value and field is not None and field.type in picking.NAMED:
                picked.setdefault(field, {})[entry.instance_id] = value
    known: dict[tuple[UUID, str], str] = g.setdefault("picked", {})
    for field, values in picked.items():
        known.update(((request, field.path), text) for request, text in picking.texts(field, values).items())


def change(process_key: str, name: str, old: Any, new: Any, request_of: UUID) -> tuple[str, str, str]:
    """(label, before, after) of a field that was written in a request, as its form shows it."""
    info = _process(process_key)
    field = _fields(info).get(name) if info is not None else None
    before, after = (_brief(_shown_as(field, name, value, request_of)) for value in (old, new))
    return _called(field, name), before, after


def written(one: Written) -> str:
    """A field that has another value now, with the one before where it is known."""
    name, old, new = change(one.process_key, one.name, one.old, one.new, one.instance_id)
    if not one.known:
        return errors.words(N_("{field}: now {new}"), {"field": name, "new": new})
    return name if old == new else errors.words(N_("{field}: {old} → {new}"), {"field": name, "old": old, "new": new})


def _brief(value: Any) -> str:
    """Rows of a table are only counted."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return gettext("%(n)s rows", n=len(value))
    return value_text(value)


def _called(field: FormField | None, name: str) -> str:
    return name if field is None else label(field.labels, field.label)


def _shown_as(field: FormField | None, name: str, value: Any, request_of: UUID, *, paid: bool = False) -> Any:
    """A value as its form shows it: picked names, words of options, money with its currency."""
    if field is None or value is None or value == "":
        return value
    if field.type in picking.NAMED:
        known: dict[tuple[UUID, str], str] = g.get("picked", {})
        return known.get((request_of, name)) or picking.text(field, value, request_of)
    if isinstance(field.currency, str) and isinstance(value, Decimal | int):
        words = capitals.beside(field, value) if paid else ""
        return money({"amount": _in_cents(value), "currency": field.currency}) + (f"（{words}）" if words else "")
    return [_option(field, one) for one in value] if isinstance(value, list) else _option(field, value)


def _in_cents(amount: Decimal | int) -> Decimal:
    exact = Decimal(amount)
    return exact.quantize(_CENT) if capitals.fits(exact) else exact


def _option(field: FormField, value: Any) -> Any:
    chosen = next((option.labels for option in field.options or () if option.value == value), None)
    return value if chosen is None else label(chosen, chosen.get("", str(value)))


def process_name(item: Any) -> str:
    """The name of the process of a list entry in the reader's language."""
    info = _process(item.process_key)
    return label(info.labels, item.process_name) if info else str(item.process_name)


def process_called(key: str) -> str:
    """The name of a process; of one that is not deployed its key."""
    info = _process(key)
    return label(info.labels, info.name) if info else key


def step_called(key: str, definition_id: UUID | None) -> str:
    """The name of a step; of one that has none its key."""
    node = repository.program(g.uow, definition_id).nodes.get(key) if definition_id is not None else None
    return label(node.labels, node.name or "") or key if node is not None else key


def processes() -> dict[str, DefinitionInfo]:
    """The newest version of every process by key, asked for once."""
    found: dict[str, DefinitionInfo] | None = g.get("processes")
    if found is None:
        found = g.processes = {info.key: info for info in repository.latest_all(g.uow)}
    return found


def _process(key: str) -> DefinitionInfo | None:
    return processes().get(key)


def _fields(info: DefinitionInfo) -> dict[str, FormField]:
    """By name; where several forms have it, the first one says how it is called."""
    known: dict[str, dict[str, FormField]] = g.setdefault("fields", {})
    if info.key not in known:
        fields = known[info.key] = {}
        for form_id in dict.fromkeys((info.meta.get("form"), *repository.program(g.uow, info.id).forms())):
            for field in repository.form(g.uow, form_id, info.id).fields if form_id else ():
                fields.setdefault(field.path, field)
    return known[info.key]
