"""What people call what policies speak of: classes, facts, roles, approvals, policies. The one place for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import g, has_app_context
from flask_babel import gettext

from engine import identity, operations, policy, records, repository
from engine.errors import N_, Term
from engine.findings import Finding
from engine.policy import Policy
from engine.policy.statement import Requirement
from engine.repository import Judged
from engine.unit_of_work import UnitOfWork
from webui import languages, rights

CLASSES = {
    "payment.execute": N_("payment"),
    "payment.release_batch": N_("release of a payment run"),
    "payee.confirm": N_("confirmation of bank details"),
    "invoice.release": N_("release of a supplier's invoice"),
    "purchase.commit": N_("purchase order"),
    "credit.release": N_("release beyond credit"),
    "refund.execute": N_("refund"),
    "ledger.manual": N_("voucher by hand"),
    "period.close": N_("closing of a period"),
    "period.reopen": N_("reopening of a period"),
    "stock.adjust": N_("adjustment of stock"),
    "seal.apply": N_("use of a seal"),
    "policy.change": N_("change of a policy"),
    "identity.grant_role": N_("granting of a role"),
    "instance.modify": N_("change of a running request"),
}
"""classes of operations"""
EVENTS = {
    "payment.execute": N_("a payment is made"),
    "payment.release_batch": N_("a payment run is released"),
    "payee.confirm": N_("bank details of a payee are confirmed"),
    "invoice.release": N_("a supplier's invoice is released"),
    "purchase.commit": N_("a purchase is ordered"),
    "credit.release": N_("an order is released beyond its credit"),
    "refund.execute": N_("a refund is paid"),
    "ledger.manual": N_("a voucher is posted by hand"),
    "period.close": N_("an accounting period is closed"),
    "period.reopen": N_("an accounting period is opened again"),
    "stock.adjust": N_("stock is adjusted"),
    "seal.apply": N_("a seal is applied"),
    "policy.change": N_("a policy is changed"),
    "identity.grant_role": N_("a role is granted"),
    "instance.modify": N_("a running request is modified"),
}
"""the same as what happens: when a policy speaks"""
ACTS = {
    "policy.activate": N_("putting a policy in force"),
    "identity.add_member": N_("adding to a group"),
    "modification.modify": N_("moving a request by hand"),
}
"""of the engine's own, which no operation performs"""
ROLES = {
    "requester": N_("the requester"),
    "editors": N_("whoever edited the document"),
    "payee_bank_editor": N_("whoever entered the bank details"),
    "payee_bank_confirmer": N_("whoever confirmed the bank details"),
    "approver": N_("the other approvers"),
    "executor": N_("whoever pays"),
    "beneficiary": N_("whoever gets the money"),
}
"""of people about a document"""
FACTS = {
    "amount": N_("amount"),
    "amount_base": N_("amount in the home currency"),
    "currency": N_("currency"),
    "entity": N_("company"),
    "payee": N_("payee"),
    "payee_bank_version": N_("bank details"),
    "account_name": N_("account name"),
    "bank_name": N_("bank"),
    "bank_code": N_("bank code"),
    "account_no": N_("account number"),
    "payee_first": N_("the first bank details of this payee"),
    "invoices": N_("invoices"),
    "kind": N_("kind of payment"),
    "payments": N_("payments"),
    "supplier": N_("supplier"),
    "invoice": N_("invoice"),
    "order": N_("order"),
    "customer": N_("customer"),
    "voucher": N_("voucher"),
    "period": N_("period"),
    "warehouse": N_("warehouse"),
    "item": N_("item"),
    "quantity": N_("quantity"),
    "seal": N_("seal"),
    "document": N_("document"),
    "policy": N_("policy"),
    "version": N_("version"),
    "statement": N_("statement"),
    "weakens": N_("whether it asks less"),
    "group": N_("group"),
    "user": N_("account"),
    "instance": N_("request"),
    "process": N_("process"),
    "match": N_("match with order and receipt"),
    "payee_bank_confirmed": N_("bank details are confirmed"),
    "payee_bank_hours": N_("hours since the bank details were confirmed"),
    "period_open": N_("the accounting period is open"),
}
RECHECKS = {
    "decision": N_("when he agrees"),
    "payment": N_("when it is carried out"),
    "both": N_("when he agrees and when it is carried out"),
}
"""when it is asked whether somebody is entitled"""
VERDICTS = {
    "violated": ("red", "alert-triangle", N_("there is a way round")),
    "possible": ("orange", "alert-triangle", N_("there may be a way round")),
    "unknown": ("orange", "help", N_("could not be proved")),
    "assumed": ("yellow", "shield", N_("approved in another process, asked when it runs")),
    "gate": ("blue", "shield", N_("asked when it runs")),
    "proved": ("green", "check", N_("proved")),
    "none": ("secondary", "minus", N_("does not apply")),
}
"""what is known of a process, the worst first: colour, icon, words"""
_OTHERS = {"break_glass": N_("emergency, answered for by two people")}
"""what stands where an approval does"""
_Names = Mapping[str, Mapping[str, str]]


def said(term: Term) -> str:
    """A machine name in the reader's words."""
    return _SAYERS[term.kind](str(term))


def verdict(judged: Judged, of: Policy) -> str:
    """What is known of a process about a policy: a word of VERDICTS; "possible" where the machine has gone no way round
    that the proof has found.
    """
    found = judged.verdict(of)
    ways = [one for one in judged.findings if one.facts.get("policy") == of.id]
    return "possible" if found == policy.VIOLATED and all(map(may_be, ways)) else found


def may_be(way: Finding) -> bool:
    """Whether it is a way round that the machine has not gone."""
    return "confirmed" in way.facts and not way.facts["confirmed"]


def worst(judged: Judged, policies: Iterable[Policy]) -> str:
    """Of all of them."""
    return min((verdict(judged, one) for one in policies), key=list(VERDICTS).index, default="none")


def class_(name: str) -> str:
    """Of an operation: "payment"."""
    return gettext(CLASSES[name]) if name in CLASSES else name


def event(name: str) -> str:
    """What happens when an operation of a class runs: "a payment is made"."""
    return gettext(EVENTS[name]) if name in EVENTS else name


def asked_for(on: str = "") -> list[str]:
    """The classes about which something asks before it acts; none where `on` is one of them."""
    known = policy.enforced()
    return [] if on in known else [class_(one) for one in sorted(known)]


def fact(name: str) -> str:
    """Of a document."""
    return gettext(FACTS[name]) if name in FACTS else name


def facts(names: Iterable[str]) -> list[tuple[str, str]]:
    """Facts with the words under which people know them."""
    return [(name, fact(name)) for name in names]


def role(name: str) -> str:
    """Who somebody is to a document: "the requester"."""
    return gettext(ROLES[name]) if name in ROLES else name


def recheck(name: str) -> str:
    """When it is asked whether somebody is entitled."""
    return gettext(RECHECKS[name]) if name in RECHECKS else name


def capability(name: str) -> str:
    """What an approval permits, as a policy calls it, else as the task that gives it is called."""
    if name in _OTHERS:
        return gettext(_OTHERS[name])
    return _chosen(_known("capabilities", _capabilities).get(name), name)


def approval(need: Requirement) -> str:
    """What a statement asks for, as it calls it itself, in force or not."""
    return _chosen(dict(need.names), "") or capability(need.approval)


def capabilities() -> list[tuple[str, str]]:
    """Those that have a name, with it."""
    return [(name, capability(name)) for name in sorted(_known("capabilities", _capabilities))]


def policy_(name: str) -> str:
    """The title of a policy; of `PAY-001@2` with its version."""
    key, _, number = name.partition("@")
    title = _chosen(_known("policies", _policies).get(key), key)
    return gettext("%(policy)s (version %(number)s)", policy=title, number=number) if number else title


def group(key: str) -> str:
    """Of people."""
    return _told_apart(_known("groups", _groups), key)


def told(key: str) -> str:
    """Who is told of an emergency: a group, or all groups with a right."""
    if key in rights.RIGHTS and key not in _known("groups", _groups):
        return gettext("everybody with the right “%(right)s”", right=rights.named(key))
    return group(key)


def choice_of_groups(chosen: Iterable[str]) -> list[tuple[str, str]]:
    """What is chosen already, in its order, and every other group, with their names."""
    return [(key, told(key)) for key in dict.fromkeys([*filter(None, chosen), *_known("groups", _groups)])]


def choice_of_told(chosen: Iterable[str]) -> list[tuple[str, str]]:
    """The same of who is told of an emergency: rights that somebody has too."""
    held = [key for key in rights.RIGHTS if key in _known("rights", _rights)]
    return choice_of_groups([*chosen, *held])


def unit(key: str) -> str:
    """A department by its name."""
    return _chosen(_known("units", _units).get(key), key)


def choice_of_values() -> list[tuple[str, str]]:
    """(key, name) of groups, departments and tables, for conditions about whoever approves."""
    found = [(key, group(key)) for key in _known("groups", _groups)]
    found += [(key, unit(key)) for key in _known("units", _units)]
    return found + [(key, decision(key)) for key in _known("decisions", _decisions)]


def decision(key: str) -> str:
    """A table of decisions that is deployed."""
    return _told_apart(_known("decisions", _decisions), key)


def document(table: str) -> str:
    """A kind of document, by the table that holds it."""
    return _chosen(_known("documents", _documents).get(table), table)


def operation(name: str) -> str:
    """A service operation, as the designer calls it, or an act of the engine's own."""
    if name in ACTS:
        return gettext(ACTS[name])
    found = operations.catalog().get(name)
    return name if found is None else _chosen(found.labels, name)


def of_groups(names: str) -> str:
    """Names of groups as the directory has them, with commas between, in the reader's language; other words stay."""
    if languages.language() != "en":
        return names
    known: dict[str, str] | None = g.get("groups_in_english")
    if known is None:
        known = g.groups_in_english = {one.name: one.name_en for one in identity.groups(g.uow) if one.name_en}
    return ", ".join(known.get(one, one) for one in names.split(", "))


def titled(title: Any) -> str:
    """A title, of a policy or of somebody, in the reader's language."""
    return _chosen(title.labels, str(title))


# ---------------------------------------------------------------- read once for a page


def _known(kind: str, read: Callable[[UnitOfWork], _Names]) -> _Names:
    """Names by key; none outside a page."""
    uow: UnitOfWork | None = g.get("uow") if has_app_context() else None
    if uow is None:
        return {}
    found: _Names | None = uow.cache.get((__name__, kind))
    if found is None:
        found = uow.cache[__name__, kind] = read(uow)
    return found


def _capabilities(uow: UnitOfWork) -> _Names:
    stated = {need.approval: dict(need.names) for one in policy.in_force(uow) for need in one.asked if need.names}
    return {**repository.provided(uow), **stated}


def _policies(uow: UnitOfWork) -> _Names:
    newest = {one.policy.id: one.policy for one in reversed(policy.all_versions(uow))}
    return {one.id: one.title.labels for one in (*newest.values(), *policy.in_force(uow))}


def _groups(uow: UnitOfWork) -> _Names:
    return {one.key: {"zh": one.name, "en": one.name_en} for one in identity.groups(uow)}


def _units(uow: UnitOfWork) -> _Names:
    return {one.key: {"zh": one.name, "en": one.name_en} for one in identity.org_units(uow)}


def _rights(uow: UnitOfWork) -> _Names:
    return {right: {} for one in identity.groups(uow) for right in one.capabilities - {"read_only"}}


def _decisions(uow: UnitOfWork) -> _Names:
    return {info.key: {"zh": info.name} | (info.meta.get("labels") or {})
            for info in repository.latest_all(uow, "decision")}  # fmt: skip


def _documents(uow: UnitOfWork) -> _Names:
    return {table.name: {"zh": table.zh, "en": table.en} for table in records.tables(uow)}


def _told_apart(known: _Names, key: str) -> str:
    """With the key where another one bears the same name."""
    name = _chosen(known.get(key), key)
    same = sum(_chosen(labels, other) == name for other, labels in known.items())
    return f"{name} ({key})" if same > 1 else name


def _chosen(labels: Mapping[str, str] | None, name: str) -> str:
    """In the reader's language, else in the one that there is."""
    named = labels or {}
    return named.get(languages.language()) or next((text for text in named.values() if text), name)


_SAYERS: Mapping[str, Callable[[str], str]] = {
    "policy": policy_, "capability": capability, "class": class_, "fact": fact, "role": role, "group": group,
    "operation": operation, "recheck": recheck,
}  # fmt: skip
