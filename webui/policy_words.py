"""A policy in sentences, for those who state it and those who are bound by it."""

from collections.abc import Iterable
from datetime import timedelta

from flask_babel import gettext

from engine.errors import N_
from engine.policy import Policy
from engine.policy.statement import Aggregate, BreakGlass, Condition, Requirement

CLASSES = {
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
ROLES = {
    "requester": N_("the requester"),
    "editors": N_("whoever edited the document"),
    "payee_bank_editor": N_("whoever entered the bank details"),
    "approver": N_("the other approvers"),
    "executor": N_("whoever pays"),
    "beneficiary": N_("whoever gets the money"),
}
FACTS = {
    "amount": N_("amount"),
    "amount_base": N_("amount in the home currency"),
    "currency": N_("currency"),
    "entity": N_("company"),
    "payee": N_("payee"),
    "payee_bank_version": N_("bank details"),
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
    "plan": N_("what is changed"),
}
ACTORS = {
    "both": N_("a substitute and whom he stands for"),
    "actor": N_("a substitute, whoever he stands for"),
    "principal": N_("whom a substitute stands for, whoever he is"),
}
"""effective_actor"""
RECHECKS = {
    "decision": N_("when he agrees"),
    "payment": N_("when it is carried out"),
    "both": N_("when he agrees and when it is carried out"),
}
"""recheck"""


def class_(name: str) -> str:
    """When a policy speaks: "a payment is made"."""
    return gettext(CLASSES[name]) if name in CLASSES else name


def facts(names: Iterable[str]) -> list[tuple[str, str]]:
    """Facts with the words under which people know them."""
    return [(name, FACTS.get(name, name)) for name in names]


def sentences(policy: Policy) -> list[str]:
    """All that a policy asks, a sentence each."""
    found = [_head(policy)]
    found += [_approval(need) for need in policy.approvals]
    found += [_condition(one) for one in policy.conditions]
    if policy.distinct:
        found.append(gettext("An approver is never %(people)s.", people=_roles(policy.distinct)))
    if policy.same:
        found.append(gettext("An approver has to be %(people)s.", people=_roles(policy.same)))
    if policy.binds:
        facts = _listed(gettext(FACTS[one]) if one in FACTS else one for one in policy.binds)
        found.append(gettext("An approval holds only as long as this stays as it was: %(facts)s.", facts=facts))
    if policy.aggregate is not None:
        found.append(_aggregate(policy.aggregate))
    if not policy.elsewhere:
        found.append(gettext("An approval given in another process does not count."))
    if policy.batch:
        found.append(gettext("It may be approved from a list."))
    if policy.break_glass is not None:
        found.append(_glass(policy.break_glass))
    return found


def length(of: timedelta) -> str:
    """A duration in days, or in hours where it is shorter or no whole number of days."""
    if of.days and not of.seconds:
        return gettext("%(n)s days", n=of.days) if of.days > 1 else gettext("1 day")
    hours, minutes = divmod(int(of.total_seconds()) // 60, 60)
    if minutes:
        return gettext("%(n)s minutes", n=hours * 60 + minutes)
    return gettext("%(n)s hours", n=hours) if hours > 1 else gettext("1 hour")


def _head(policy: Policy) -> str:
    if policy.when is None:
        return gettext("It holds whenever %(event)s.", event=class_(policy.on))
    return gettext("It holds when %(event)s and %(condition)s.", event=class_(policy.on), condition=policy.when)


def _approval(need: Requirement) -> str:
    facts = {"capability": need.approval, "length": length(need.valid_for)}
    text = (
        gettext("One person has approved it (%(capability)s), at most %(length)s ago.", **facts)
        if need.people == 1
        else gettext(
            "%(n)s different people have approved it (%(capability)s), at most %(length)s ago.", n=need.people, **facts
        )
    )
    if need.when is not None:
        only = gettext("If %(condition)s:", condition=need.when)
        text = f"{only} {text}"
    if need.eligible is not None:
        text += " " + gettext("Who may: %(condition)s.", condition=need.eligible)
        if need.recheck != "decision":
            text += " " + gettext("It is asked %(moment)s.", moment=gettext(RECHECKS[need.recheck]))
        if need.effective_actor != "both":
            text += " " + gettext("It is asked of %(people)s.", people=gettext(ACTORS[need.effective_actor]))
    if need.uses == "up_to_amount":
        text += " " + gettext("One approval is good for several payments up to its amount.")
    if need.respond_within is not None:
        text += " " + gettext("Somebody should decide within %(length)s.", length=length(need.respond_within))
    return text


def _condition(one: Condition) -> str:
    text = gettext("This has to be so: %(condition)s.", condition=one.expression)
    if one.otherwise is not None:
        text += " " + gettext("Otherwise: %(approval)s", approval=_approval(one.otherwise))
    return text


def _aggregate(one: Aggregate) -> str:
    return gettext(
        "Payments within %(length)s that agree in %(facts)s are added up as %(name)s.", length=length(one.window),
        facts=_listed(gettext(FACTS[fact]) if fact in FACTS else fact for fact in one.by), name=f"facts.{one.name}",
    )  # fmt: skip


def _glass(one: BreakGlass) -> str:
    text = gettext(
        "In an emergency two people of %(roles)s may answer for one document, for %(length)s.",
        roles=_listed(one.roles), length=length(one.expires),
    )  # fmt: skip
    told = gettext("At once this is told to: %(groups)s.", groups=_listed(one.notify))
    return f"{text} {told}"


def _roles(roles: Iterable[str]) -> str:
    return _listed(gettext(ROLES[role]) for role in ROLES if role in roles)


def _listed(words: Iterable[str]) -> str:
    return gettext(", ").join(words)
