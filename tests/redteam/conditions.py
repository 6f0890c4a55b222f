"""What each trigger of the gate is asked: acts that it alone stops, and acts that it lets pass.

`ACTS`: trigger → what is tried → the statements before it, then it. What may be done begins with `may`. In braces stand
keys of `test_triggers.cleared`, and what the databases write differently. `PAYING`: the same of the trigger of
payments, with keys of `test_triggers.paying`.
"""

from typing import Any

from engine.db.base import metadata
from engine.db.policy import ERASED

Act = tuple[str, ...]


def put(table: str, key: str, **changes: str) -> str:
    """A copy of the row `key` of `table`, with `changes`; its own id is {x}."""
    values = {"id": "{x}"} | changes
    names = [column.name for column in metadata.tables[table].columns]
    chosen = ", ".join(values.get(name, name) for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {chosen} FROM {table} WHERE id = {key}"


def of(table: str, key: str) -> Any:
    """Writes changes of one row."""
    return lambda changes: f"UPDATE {table} SET {changes} WHERE id = {key}"


ITEM, OPEN = of("work_item", "{w}"), of("work_item", "{o}")
DONE, WAITING = (of("user_task", f"(SELECT user_task_id FROM work_item WHERE id = {key})") for key in ("{w}", "{o}"))
OLDER, CHOSEN = "spec = replace(spec, ',false]', ']')", "spec = replace(spec, '\"test_bill\"]', '\"test_bill\",false]')"
BY_DATA = "spec = replace(spec, ',false]', ',true]')"
IN_FORCE, PROPOSED = of("policy_version", "{v1}"), of("policy_version", "{v2}")
SIGNED, HALF, ASKED = (of("break_glass", key) for key in ("{e1}", "{e2}", "{e3}"))
GRANT, FIRST = of("policy_grant", "{h}"), of("policy_grant", "{g1}")
CLEARED, OF_TWO = of("clearance", "{c1}"), of("clearance", "{c2}")

WRITTEN = ITEM("opinion = 'a', opinion_salt = {bytes}, reason = 'b', draft = '1'")
RETIRED = IN_FORCE("state = 'retired'")
FORBIDDEN = IN_FORCE("break_glass = {no}")
LEAVING = IN_FORCE("retired_by = {ivo}, retired_person_id = {ivo}, retire_reason = 'a'")
LEFT = IN_FORCE("state = 'retired', valid_to = valid_from + {moment} + {moment}")
SEEN = IN_FORCE("reviewed_by = {carl}, reviewed_at = valid_from")
SEEN_SINCE = IN_FORCE("reviewed_by = {carl}, reviewed_at = valid_to")
REVIEWED = SIGNED("state = 'reviewed', reviewed_by = {aud}, reviewed_person_id = {aud}, review = 'a'")
SECOND = HALF("second_by = {ivo}, second_person_id = {ivo}, state = 'signed'")
BOTH = "first_by = {carl}, first_person_id = {carl}, second_by = {ivo}, second_person_id = {ivo}, state = 'signed'"
OTHER = put("policy_version", "{v1}", id="{y}", policy_id="'OTHER'", state="'active'", min_people="5")
USED_BEFORE = (
    put("clearance", "{c1}", idempotency_key="{x}", state="'used'"),
    "INSERT INTO clearance_grant VALUES ({x}, {h}, 'x')",
)
OF_THE_SAME = GRANT("subject_id = (SELECT subject_id FROM clearance WHERE id = {c2}), subject_digest = "
                    "(SELECT subject_digest FROM clearance WHERE id = {c2})")  # fmt: skip
TURNED = ("UPDATE clearance_grant SET grant_id = {g2} WHERE clearance_id = {c1}",
          "UPDATE clearance_grant SET grant_id = {h} WHERE clearance_id = {c2} AND grant_id = {g2}")  # fmt: skip


def human(**changes: str) -> str:
    """An approval of the decision of the first one, for something else."""
    return put("policy_grant", "{h}", **{"capability": "'other'"} | changes)


def glass(**changes: str) -> str:
    """An approval of the second emergency."""
    given = {"break_glass_id": "{e2}", "account_id": "{carl}", "person_id": "{carl}"}
    return put("policy_grant", "{g1}", **given | changes)


def version(**changes: str) -> str:
    return put("policy_version", "{v1}", **{"version": "9"} | changes)


def emergency(**changes: str) -> str:
    return put("break_glass", "{e3}", **changes)


USE, USE_TWO = CLEARED("state = 'used'"), OF_TWO("state = 'used'")

ACTS: dict[str, dict[str, Act]] = {
    "user_task_frozen": {
        "counted otherwise": (WAITING("mode = 'all'"),),
        "chosen by nobody": (WAITING(BY_DATA), WAITING("spec = replace(spec, ',true]', ',false]')")),
        "chosen by something": (WAITING("spec = replace(spec, ',false]', ',null]')"),),
        "chosen otherwise and asked otherwise": (
            WAITING("spec = replace(replace(spec, ',false]', ',true]'), 'assignment', 'x')"),
        ),
        "asked otherwise": (WAITING(OLDER), WAITING("spec = replace(spec, 'assignment', 'assigned')")),
        "chosen by others when it is over": (DONE(OLDER), DONE(CHOSEN)),
        "chosen by data when it is over": (DONE(BY_DATA),),
        "open again": (DONE("status = 0"),),
        "alive again": (DONE("voided_at = closed_at"), DONE("voided_at = NULL")),
        "may be chosen by data": (WAITING(BY_DATA),),
        "may be told who chose": (WAITING(OLDER), WAITING(CHOSEN)),
        "may be closed": (WAITING("status = 1, outcome = 'agree', closed_at = created_at"),),
        "may wait for others": (WAITING("status = 2"), WAITING("status = 0")),
        "may be void": (DONE("voided_at = closed_at"),),
        "may be renamed when it is void": (DONE("voided_at = closed_at"), DONE("node = 'x', scope_path = 'x'")),
    },
    "work_item_frozen": {
        "somebody else has decided": (ITEM("decided_by = {x}"),),
        "other words": (WRITTEN, ITEM("opinion = 'z'")),
        "another salt": (WRITTEN, ITEM("opinion_salt = NULL, opinion = NULL"), ITEM("opinion_salt = {bytes}")),
        "another reason": (WRITTEN, ITEM("reason = 'z'")),
        "another draft": (WRITTEN, ITEM("draft = '2'")),
        "may be undone": (WRITTEN, ITEM("voided_at = decided_at")),
        "may be erased": (WRITTEN, ITEM("opinion = NULL, opinion_salt = NULL, reason = NULL, draft = NULL")),
        "may be worked on": (OPEN("draft = '2', assignee_id = {x}"),),
    },
    "work_item_decision_frozen": {
        "another decision": (ITEM("status = 7"), ITEM("decision = 1")),
        "may be decided": (OPEN("decision = 0, decision_source = 0, decided_by = {x}, decided_at = created_at"),),
        "may be undone": (ITEM("voided_at = decided_at"),),
    },
    **{
        f"{table}_frozen": {
            "beside another act": (f"UPDATE {table} SET text = NULL, salt = NULL", f"UPDATE {table} SET name = 'x'"),
            "other words": (f"UPDATE {table} SET text = NULL, salt = NULL", f"UPDATE {table} SET text = 'x'"),
            "another salt": (f"UPDATE {table} SET text = NULL, salt = NULL", f"UPDATE {table} SET salt = {{bytes}}"),
            "may be erased": (f"UPDATE {table} SET text = NULL, salt = NULL",),
        }
        for table in ("history_text", "audit_text")
    },
    "policy_version_begins": {
        "of nobody": (version(source="'x'", state="'proposed'"),),
        "retired": (version(source="'people'", state="'retired'"),),
        "in force by people": (version(policy_id="'NEW'", source="'people'"),),
        "shipped and agreed to": (version(policy_id="'NEW'", approved_by="{carl}"),),
        "shipped over what people agreed to": (IN_FORCE("state = 'retired', approved_by = {carl}"), version(
            state="'active'", approved_by="NULL",
        )),
        "shipped over what people confirmed": (IN_FORCE("state = 'retired', confirmed_by = {carl}"), version(
            state="'active'", confirmed_by="NULL",
        )),
        "may be shipped": (IN_FORCE("confirmed_by = {carl}"), version(policy_id="'NEW'")),
        "may be shipped again": (RETIRED, version(state="'active'")),
        "may be proposed": (IN_FORCE("confirmed_by = {carl}"), version(source="'people'", state="'proposed'")),
    },
    "policy_version_frozen": {
        "another statement": (IN_FORCE("statement = '1'"),),
        "proposed again": (IN_FORCE("state = 'proposed'"),),
        "in force again": (RETIRED, IN_FORCE("state = 'active'")),
        "agreed to by another": (IN_FORCE("approved_by = {x}"),),
        "for other reasons": (IN_FORCE("reason = 'a'"), IN_FORCE("reason = 'b'")),
        "confirmed by another": (IN_FORCE("confirmed_by = {carl}"), IN_FORCE("confirmed_by = {ivo}")),
        "seen by another": (IN_FORCE("reviewed_by = {carl}"), IN_FORCE("reviewed_by = {ivo}")),
        "left by nobody": (LEAVING, IN_FORCE("state = 'retired', retired_by = NULL")),
        "left by another person": (LEAVING, RETIRED, IN_FORCE("retired_person_id = {carl}")),
        "left for other reasons": (LEAVING, RETIRED, IN_FORCE("retire_reason = 'b'")),
        "left at another time": (LEAVING, LEFT, IN_FORCE("valid_to = valid_from")),
        "seen by another before it left": (LEAVING, SEEN, LEFT, IN_FORCE(
            "reviewed_by = {ivo}, reviewed_at = valid_from + {moment}"
        )),
        "seen by another after it left": (LEAVING, LEFT, SEEN_SINCE, IN_FORCE(
            "reviewed_by = {ivo}, reviewed_at = valid_to + {moment}"
        )),
        "seen by nobody after it left": (LEAVING, SEEN, LEFT, IN_FORCE("reviewed_by = NULL, reviewed_at = valid_to")),
        "seen by another when another came": (SEEN, LEFT, IN_FORCE("reviewed_by = {ivo}, reviewed_at = valid_to")),
        "may be agreed to": (RETIRED, PROPOSED("state = 'active', approved_by = {carl}, reason = 'b'")),
        "may be withdrawn": (PROPOSED("state = 'retired'"),),
        "may be retired": (RETIRED,),
        "may be erased": (IN_FORCE("reason = 'a'"), IN_FORCE("reason = ''")),
        "may be confirmed and seen": (IN_FORCE("reason = 'a'"), IN_FORCE("confirmed_by = {carl}, reviewed_by = {ivo}")),
        "may stay after all": (LEAVING, IN_FORCE("retired_by = NULL, retired_person_id = NULL, retire_reason = NULL")),
        "may leave": (LEAVING, LEFT),
        "may be told again why it should": (LEAVING, IN_FORCE("retire_reason = 'b'")),
        "may be told no more why it left": (LEAVING, LEFT, IN_FORCE("retire_reason = NULL")),
        "may be seen again when it has left": (LEAVING, SEEN, LEFT, IN_FORCE(
            "reviewed_by = {ivo}, reviewed_at = valid_to"
        )),
        "may be retired after that": (IN_FORCE("confirmed_by = {carl}, reviewed_by = {ivo}"), RETIRED),
    },
    "policy_version_two_people": {
        **{
            f"without {name}": (RETIRED, PROPOSED(f"{name} = NULL"), PROPOSED(
                "state = 'active'" + ("" if given is None else f", {given}")
            ))
            for name, given in {
                "proposed_by": "approved_by = {carl}, approved_person_id = {carl}",
                "proposed_person_id": "approved_by = {carl}, approved_person_id = {carl}",
                "approved_by": "approved_person_id = {carl}", "approved_person_id": "approved_by = {carl}",
            }.items()
        },
        "by one person": (RETIRED, PROPOSED("proposed_person_id = {carl}"), PROPOSED(
            "state = 'active', approved_by = {carl}, approved_person_id = {carl}"
        )),
        "may by two": (RETIRED, PROPOSED("state = 'active', approved_by = {carl}, approved_person_id = {carl}")),
        "may be withdrawn": (PROPOSED("state = 'retired'"),),
        "may be seen": (IN_FORCE("reviewed_by = {carl}"),),
    },
    "break_glass_begins": {
        "withdrawn": (emergency(state="'withdrawn'"),),
        "signed by one": (emergency(first_by="{carl}"),),
        "signed by another": (emergency(second_by="{carl}"),),
        "reviewed": (emergency(reviewed_by="{carl}"),),
        "over": (emergency(expires_at="asked_at"),),
        "by a version that is not in force": (PROPOSED("break_glass = {yes}"), emergency(policy_version_id="{v2}")),
        "by another policy": (emergency(policy_id="'OTHER'"),),
        "by a policy that does not allow it": (FORBIDDEN, emergency()),
        "may be asked for": (emergency(),),
    },
    "break_glass_frozen": {
        "for other facts": (ASKED("subject_digest = 'x'"),),
        "first signed by another": (HALF("first_by = {x}"),),
        "then signed by another": (SIGNED("second_by = {x}"),),
        "reviewed by another": (REVIEWED, SIGNED("reviewed_by = {x}")),
        "for other reasons": (ASKED("reason = '123456789012345678901'"),),
        "another review": (REVIEWED, SIGNED("review = 'b'")),
        "withdrawn when signed": (SIGNED("state = 'withdrawn'"),),
        "asked again": (SIGNED("state = 'asked'"),),
        "reviewed before it is signed": (ASKED("state = 'reviewed'"),),
        "signed when withdrawn": (ASKED("state = 'withdrawn'"), ASKED("state = 'signed'")),
        "may be signed": (ASKED("first_by = {carl}, first_person_id = {carl}"),),
        "may be signed too": (SECOND,),
        "may be reviewed": (REVIEWED,),
        "may be withdrawn": (ASKED("state = 'withdrawn'"),),
        "may be erased": (REVIEWED, SIGNED(f"reason = '{ERASED}'")),
        "may lose its review": (REVIEWED, SIGNED("review = NULL")),
    },
    "break_glass_two_people": {
        **{f"without {name}": (ASKED(BOTH.replace(f"{name} = {{carl}}", f"{name} = NULL").replace(
            f"{name} = {{ivo}}", f"{name} = NULL"
        )),) for name in ("first_by", "first_person_id", "second_by", "second_person_id")},
        "by one account": (ASKED(BOTH.replace("second_by = {ivo}", "second_by = {carl}")),),
        "reviewed by no account": (SIGNED("state = 'reviewed', reviewed_person_id = {aud}"),),
        "reviewed by no person": (SIGNED("state = 'reviewed', reviewed_by = {aud}"),),
        "may by two": (ASKED(BOTH),),
        "may by one": (ASKED("first_by = {carl}, first_person_id = {carl}"),),
        "may be reviewed": (REVIEWED,),
        "may be erased": (SIGNED(f"reason = '{ERASED}'"),),
    },
    "policy_grant_from_decision": {
        "of another item": (human(work_item_id="{o}"),),
        "in another process": (ITEM("instance_id = {x}"), human()),
        "of another task": (human(user_task_id="{x}"),),
        "of an advice": (ITEM("kind = 4"), human()),
        "of a rejection": (ITEM("decision = 1"), human()),
        "of a rule": (ITEM("decision_source = 2"), human()),
        "of another account": (human(account_id="{req}"),),
        "of another person": (human(person_id="{req}"),),
        "of a decision that was undone": (ITEM("voided_at = decided_at"), human()),
        "about another kind": (ITEM("subject_type = 'x'"), human()),
        "about another document": (human(subject_id="'x'"),),
        "about other facts": (human(subject_digest="'x'"),),
        "on behalf of somebody": (human(on_behalf_of_id="{req}"),),
        "may be of a decision": (human(),),
        "may be of an emergency": (glass(),),
    },
    "policy_grant_for_principal": {
        "of another person": (human(on_behalf_of_id="{fay}", principal_person_id="{req}"),),
        "may be for himself": (human(),),
        "may be for somebody": (human(on_behalf_of_id="{fay}", principal_person_id="{fay}"),),
    },
    "policy_grant_by_two": {
        "before the second has signed": (glass(),),
        "of one that was not signed": (SECOND, glass(break_glass_id="{e3}")),
        "forbidden since": (SECOND, FORBIDDEN, glass()),
        "of a policy that has left": (SECOND, RETIRED, glass()),
        "where only another policy allows it": (SECOND, RETIRED, OTHER, glass()),
        "of another kind": (SECOND, glass(subject_type="'x'")),
        "of another document": (SECOND, glass(subject_id="'x'")),
        "of other facts": (SECOND, glass(subject_digest="'x'")),
        "for longer": (SECOND, glass(expires_at="expires_at + {moment}")),
        "on behalf of somebody": (SECOND, glass(on_behalf_of_id="{req}")),
        "for something else": (SECOND, glass(capability="'x'")),
        "of the first, by another account": (SECOND, glass(account_id="{fay}")),
        "of the first, by another person": (SECOND, glass(person_id="{fay}")),
        "of the second, by another account": (SECOND, glass(account_id="{fay}", person_id="{ivo}")),
        "of the second, by another person": (SECOND, glass(account_id="{ivo}", person_id="{fay}")),
        "may be of the first": (SECOND, glass()),
        "may be of the second": (SECOND, glass(account_id="{ivo}", person_id="{ivo}")),
        "may be of a decision": (human(),),
    },
    "policy_grant_begins": {
        "consumed": (human(state="'consumed'"),),
        "used in part": (human(used_amount="{one}"),),
        "over": (human(expires_at="granted_at"),),
        "may be new": (human(),),
    },
    "policy_grant_frozen": {
        "for something else": (GRANT("capability = 'x'"),),
        "less used": (GRANT("used_amount = {one} + {one}"), GRANT("used_amount = {one}")),
        "used when void": (GRANT("state = 'void'"), GRANT("used_amount = {one}")),
        "alive again": (GRANT("state = 'void'"), GRANT("state = 'active'")),
        "parked when void": (GRANT("state = 'void'"), GRANT("state = 'parked'")),
        "consumed when parked": (GRANT("state = 'parked'"), GRANT("state = 'consumed'")),
        "may be consumed": (GRANT("state = 'consumed', used_amount = {one}"),),
        "may be parked": (GRANT("state = 'parked'"),),
        "may be restored": (GRANT("state = 'parked'"), GRANT("state = 'active'")),
        "may lose its reason": (GRANT("state = 'void'"), GRANT("state_reason = NULL")),
    },
    "clearance_begins": {"used": (put("clearance", "{c1}", idempotency_key="{x}", state="'used'"),)},
    "clearance_frozen": {
        "of another amount": (CLEARED("amount = {one}"),),
        "open again": (CLEARED("state = 'void'"), CLEARED("state = 'open'")),
        "may be void": (CLEARED("state = 'void'"),),
    },
    "clearance_complete": {
        "void": (GRANT("state = 'void'"), USE),
        "waits for an answer": (GRANT("state = 'parked'"), USE),
        "for another kind of document": (GRANT("subject_type = 'x'"), USE),
        "for another document": (GRANT("subject_id = 'x'"), USE),
        "for other facts": (GRANT("subject_digest = 'x'"), USE),
        "over": (GRANT("expires_at = granted_at - {moment}"), USE),
        "not yet": (CLEARED("cleared_at = cleared_at - {moment}"), USE),
        "by the requester": (CLEARED("requester_id = {fay}"), USE),
        "for the requester": (GRANT("principal_person_id = {req}"), USE),
        "by the executor": (CLEARED("executor_id = {fay}"), USE),
        "one of two": (CLEARED("min_people = 2"), USE),
        "none": ("DELETE FROM clearance_grant", USE),
        "fewer than the policy asks for": (IN_FORCE("min_people = 2"), USE),
        "fewer than is asked for since": (OTHER, of("policy_version", "{y}")(
            "valid_from = (SELECT cleared_at + {moment} FROM clearance WHERE id = {c1})"
        ), USE),
        "used before": (*USED_BEFORE, USE),
        "one of an emergency": ("DELETE FROM clearance_grant WHERE grant_id = {g2}", USE_TWO),
        "one of an emergency and another one": (OF_THE_SAME, *TURNED, USE_TWO),
        "of an emergency that is forbidden since": (FORBIDDEN, USE_TWO),
        "of an emergency whose policy has left": (RETIRED, USE_TWO),
        "of an emergency that only another policy allows": (RETIRED, OTHER, IN_FORCE("min_people = 0"), USE_TWO),
        "of an emergency of another policy": (SIGNED("policy_id = 'OTHER'"), USE_TWO),
        "may of one": (USE,),
        "may of two": (USE_TWO,),
        "may when another one is used": (OF_TWO("state = 'used'"), USE),
        "may in parts": (*USED_BEFORE, GRANT("uses = 'up_to_amount'"), USE),
        "may when another one's is void": (FIRST("state = 'void'"), USE),
        "may of none, where nobody is asked": (IN_FORCE("min_people = 0"), "DELETE FROM clearance_grant", USE),
        "may whatever another class asks for": (OTHER, of("policy_version", "{y}")("class = 'x'"), USE),
        "may whatever was asked for before": (OTHER, of("policy_version", "{y}")("state = 'retired'"), USE),
        "may leave what is used to the guard that freezes it": (CLEARED("state = 'used'"), CLEARED("amount = {one}")),
        "may be given up": (GRANT("state = 'void'"), CLEARED("state = 'void'")),
    },
}  # fmt: skip


def paid(**changes: str) -> str:
    """A payment of the request {r} under the clearance {c}."""
    values = {
        "id": "{x}", "payment_no": "'X'", "request_id": "{r}", "clearance_id": "{c}", "instance_id": "{i}",
        "amount": "amount", "currency": "currency", "payee_id": "{payee}", "executed_at": "{now}",
        "payee_account_version_id": "payee_account_version_id", "payee_bank_version": "1", "status": "'ordered'",
    } | changes  # fmt: skip
    chosen = ", ".join(values.values())
    return f"INSERT INTO erp_payment ({', '.join(values)}) SELECT {chosen} FROM erp_payment_request WHERE id = {{r}}"


def stated(word: str, approval: str = "finance_approval", key: str = "{i}") -> str:
    """A policy in force that says of whoever confirmed the account that he is `distinct`, or `same`."""
    told = f'{{{{"{word}":["payee_bank_confirmer"],"require":[{{{{"approval":"{approval}"}}}}]}}}}'
    values = {
        "id": key, "policy_id": f"'{word} {approval}'", "version": "1", "class": "'payment.execute'",
        "statement": f"'{told}'", "state": "'active'", "source": "'people'",
        "valid_from": "(SELECT cleared_at FROM clearance WHERE id = {c})",
    }  # fmt: skip
    return f"INSERT INTO policy_version ({', '.join(values)}) VALUES ({', '.join(values.values())})"


KEPT, KEEPING = stated("distinct", key="{y}"), of("policy_version", "{y}")
GIVEN, TO_PAY = of("policy_grant", "{g}"), of("clearance", "{c}")
ASKED_FOR, ACCOUNT = of("erp_payment_request", "{r}"), of("erp_payee_account_version", "{v}")
CONFIRMED = ACCOUNT("confirmed_by = {bob}")
ANOTHER = put("clearance", "{c}", id="{y}", idempotency_key="{y}")
LINKED = "INSERT INTO clearance_grant VALUES ({y}, {to}, 'x')"
OTHER_GRANT = put("policy_grant", "{g}", capability="'other'", person_id="{cid}")

PAYING: dict[str, dict[str, Act]] = {
    "payment_gate": {
        "under one that was used": (ANOTHER, LINKED.replace("{to}", "{g}"), of("clearance", "{y}")("state = 'used'"),
                                    paid(clearance_id="{y}")),
        "in another process": (paid(instance_id="{x}"),),
        "under one for another amount": (ANOTHER, TO_PAY("amount = {one}"), paid()),
        "of another kind of document": (TO_PAY("subject_type = 'x'"), GIVEN("subject_type = 'x'"), paid()),
        "of another class": (TO_PAY("class = 'refund.execute'"), paid()),
        "of another document": (TO_PAY("subject_id = 'x'"), GIVEN("subject_id = 'x'"), paid()),
        "of another currency": (TO_PAY("currency = 'USD'"), GIVEN("currency = NULL"), paid()),
        "to another payee": (TO_PAY("payee_id = 'x'"), paid()),
        "to another account": (TO_PAY("payee_bank_version = 2"), paid()),
        "by a void approval": (GIVEN("state = 'void'"), paid()),
        "by one for another kind": (GIVEN("subject_type = 'x'"), paid()),
        "by one for another document": (GIVEN("subject_id = 'x'"), paid()),
        "by one for other facts": (GIVEN("subject_digest = 'x'"), paid()),
        "by one that is over": (TO_PAY("cleared_at = (SELECT expires_at + {moment} FROM policy_grant WHERE id = {g})"),
                                paid()),
        "by the requester": (TO_PAY("requester_id = {bob}"), paid()),
        "for the requester": (GIVEN("principal_person_id = (SELECT requester_id FROM clearance)"), paid()),
        "by the executor": (TO_PAY("executor_id = {bob}"), paid()),
        "by whoever entered the account": (ACCOUNT("created_by = {bob}"), paid()),
        "by whose act had it entered": (ACCOUNT("called_by = {bob}"), paid()),
        "for whoever entered the account": (ACCOUNT("called_by = {ann}"), GIVEN("principal_person_id = {ann}"),
                                            TO_PAY("requester_id = {x}"), paid()),
        "by whoever confirmed the account": (KEPT, CONFIRMED, paid()),
        "by him, whatever is asked of something else": (KEPT, stated("same", approval="other"), CONFIRMED, paid()),
        "for whoever confirmed the account": (KEPT, GIVEN("principal_person_id = {cid}"), paid()),
        "by one in another currency": (GIVEN("currency = 'USD'"), paid()),
        "by nobody": ("DELETE FROM clearance_grant", paid()),
        "by one of two": (ANOTHER, OTHER_GRANT, LINKED.replace("{to}", "{x}"), TO_PAY("min_people = 2"), paid()),
        "of a request that is another": (TO_PAY("subject_id = {y_text}"), GIVEN("subject_id = {y_text}"),
                                         paid(request_id="{y}")),
        "of a draft": (ASKED_FOR("status = 'draft'"), paid()),
        "of a request for more": (paid(amount="amount + {one}"),),
        "of more than was asked for": (TO_PAY("amount = amount + {one}"), paid(amount="amount + {one}")),
        "in another currency than was asked for": (TO_PAY("currency = 'USD'"), GIVEN("currency = NULL"),
                                                   paid(currency="'USD'")),
        "to another version": (paid(payee_account_version_id="{y}"),),
        "to an account that nobody has confirmed": (ACCOUNT("confirmed_by = NULL"), paid()),
        "to another version by its number": (TO_PAY("payee_bank_version = 2"), paid(payee_bank_version="2")),
        "to another payee than was asked for": (TO_PAY("payee_id = {y_text}"), paid(payee_id="{y_text}")),
        "by whoever asked for it": (paid(executed_by="requested_by"),),
        "may": (paid(),),
        "may whoever entered another account": (put("erp_payee_account_version", "{v}", version="9", called_by="{bob}"),
                                                paid()),
        "may whoever confirmed it, where nobody keeps him apart": (stated("same"), CONFIRMED, paid()),
        "may he, where another policy asks him for the same": (KEPT, stated("same"), CONFIRMED, paid()),
        "may he, where he is kept apart of something else": (stated("distinct", approval="other"), CONFIRMED, paid()),
        "may he, where it is about other operations": (KEPT, KEEPING("class = 'x'"), CONFIRMED, paid()),
        "may he, where that is over": (KEPT, KEEPING("state = 'retired'"), CONFIRMED, paid()),
        "may whoever did not confirm it": (KEPT, paid()),
        "may whoever confirmed another account": (KEPT, put("erp_payee_account_version", "{v}", version="9",
                                                            confirmed_by="{bob}"), paid()),
        "may in one currency": (GIVEN("currency = 'CNY'"), paid()),
        "may whatever else was approved": (ANOTHER, OTHER_GRANT, LINKED.replace("{to}", "{x}"), paid()),
        "may whatever became of others": (ANOTHER, OTHER_GRANT, LINKED.replace("{to}", "{x}"),
                                          of("policy_grant", "{x}")("state = 'void'"), paid()),
    },
}  # fmt: skip


WHOLE = "(SELECT amount FROM clearance WHERE id = {c})"
PARTS = f"uses = 'up_to_amount', limit_amount = {WHOLE}"
USING_UP: dict[str, tuple[Act, list[tuple[str, ...]]]] = {
    "once": ((paid(),), [("consumed", "0.00"), ("used",)]),
    "once, whatever the limit": ((GIVEN(f"limit_amount = {WHOLE} + {{one}}"), paid()),
                                 [("consumed", "0.00"), ("used",)]),
    "all of it in one part": ((GIVEN(PARTS), paid()), [("consumed", "1680.32"), ("used",)]),
    "a part": ((GIVEN(PARTS + " + {one}"), paid()), [("active", "1680.32"), ("used",)]),
    "a part of what has no limit": ((GIVEN("uses = 'up_to_amount'"), paid()), [("active", "1680.32"), ("used",)]),
    "the last part": ((GIVEN(PARTS + " + {one}, used_amount = {one}"), paid()), [("consumed", "1681.32"), ("used",)]),
    "not what is under another clearance": (
        (ANOTHER, OTHER_GRANT, LINKED.replace("{to}", "{x}"), paid()),
        [("consumed", "0.00"), ("active", "0.00"), ("open",), ("used",)],
    ),
}  # fmt: skip
"""what is paid -> what becomes of (state, used) of each approval by its capability, and of the clearances"""
