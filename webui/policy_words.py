"""A policy in sentences, for those who state it and those who are bound by it."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext

from engine.errors import N_
from engine.policy import Policy
from engine.policy.statement import Aggregate, BreakGlass, Condition, Requirement
from webui import policy_conditions, policy_names
from webui.policy_names import RECHECKS

ACTORS = {
    "both": N_("a substitute and whom he stands for"),
    "actor": N_("a substitute, whoever he stands for"),
    "principal": N_("whom a substitute stands for, whoever he is"),
}
"""effective_actor"""


def asked_again(incident_id: UUID | None) -> tuple[str, str]:
    """(text, kind) of what is said after what is held was to be approved again."""
    if incident_id is not None:
        return gettext("Nothing was sent back: an operator has to look at an incident first."), "danger"
    return gettext("Whoever approves it is asked again. It goes on once it is approved."), "success"


def sentences(policy: Policy) -> list[str]:
    """All that a policy asks, a sentence each."""
    found = [_head(policy)]
    found += [_approval(need) for need in policy.approvals]
    found += [_condition(one) for one in policy.conditions]
    if policy.apart:
        found.append(gettext("An approver is never %(people)s.", people=_roles(policy.apart)))
    if policy.same:
        found.append(gettext("An approver has to be %(people)s.", people=_roles(policy.same)))
    if policy.binds:
        facts = _listed(policy_names.fact(one) for one in policy.binds)
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


def limits() -> list[str]:
    """What a proof does not say."""
    return [
        gettext(
            "The proof covers the drawing and its settings. It cannot see whether two approvers are independent of each"
            " other, or whether a password was stolen; amounts are judged in ranges."
        ),
        gettext(
            "It counts steps and quorums: how many different people there are is asked when it runs, and Duties says"
            " whether there are enough."
        ),
        gettext(
            "Where there may be a way round, the machine did not repeat it; that does not prove that it cannot be gone."
        ),
        gettext(
            "The proof itself is tested, not verified: in 5,000 drawings made by chance it missed no payment that the"
            " machine could make."
        ),
    ]


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
        return gettext("It holds whenever %(event)s.", event=policy_names.event(policy.on))
    return gettext(
        "It holds when %(event)s and %(condition)s.", event=policy_names.event(policy.on),
        condition=policy_conditions.said(policy.when),
    )  # fmt: skip


def _approval(need: Requirement) -> str:
    facts = {"capability": policy_names.approval(need), "length": length(need.valid_for)}
    text = (
        gettext("One person has approved it (%(capability)s), at most %(length)s ago.", **facts)
        if need.people == 1
        else gettext(
            "%(n)s different people have approved it (%(capability)s), at most %(length)s ago.", n=need.people, **facts
        )
    )
    if need.when is not None:
        only = gettext("If %(condition)s:", condition=policy_conditions.said(need.when))
        text = f"{only} {text}"
    if need.eligible is not None:
        text += " " + gettext("Who may: %(condition)s.", condition=policy_conditions.said(need.eligible))
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
    text = gettext("This has to be so: %(condition)s.", condition=policy_conditions.said(one.expression))
    if one.otherwise is not None:
        text += " " + gettext("Otherwise: %(approval)s", approval=_approval(one.otherwise))
    return text


def _aggregate(one: Aggregate) -> str:
    return gettext(
        "Payments within %(length)s that agree in %(facts)s are added up as %(name)s.", length=length(one.window),
        facts=_listed(policy_names.fact(fact) for fact in one.by), name=one.name,
    )  # fmt: skip


def _glass(one: BreakGlass) -> str:
    text = gettext(
        "In an emergency two people of %(roles)s may answer for one document, for %(length)s.",
        roles=_listed(policy_names.group(role) for role in one.roles), length=length(one.expires),
    )  # fmt: skip
    told = gettext("At once this is told to: %(groups)s.", groups=_listed(policy_names.told(key) for key in one.notify))
    return f"{text} {told}"


def _roles(roles: Iterable[str]) -> str:
    return _listed(policy_names.role(role) for role in policy_names.ROLES if role in roles)


def _listed(words: Iterable[str]) -> str:
    return gettext(", ").join(words)
