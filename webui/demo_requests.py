"""Live instances of the demo company: started and decided through the verbs that people use, over the last days."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine import forms, jobs, pickers, repository, runtime, tasks
from engine.clock import FrozenClock
from engine.process_engine import ProcessEngine
from engine.unit_of_work import Actor


@dataclass(frozen=True)
class Decision:
    """`login` finds the task of `node` in his inbox and agrees, rejects (with an opinion) or completes it."""

    login: str
    node: str
    act: str = "agree"
    opinion: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """`login` starts `process` with `values`, `hours` ago; each decision follows three hours later.

    A duration among the values is a date: that much after the start.
    """

    process: str
    login: str
    hours: int
    values: dict[str, Any]
    decisions: tuple[Decision, ...] = ()


CUSTOMER = "91330100MAPGUDRM8F"  # has credit
NEW_CUSTOMER = "91330100MA21CN3K22"  # has none
DELIVERED_TO = "台州市椒江区云西路 1 号"

REQUESTS = (
    Request(
        "order_to_cash", "ann", 46,
        {"customer": CUSTOMER, "promised_date": timedelta(days=11), "ship_to": DELIVERED_TO,
         "note": "送货前请先电话联系", "lines": [{"sku": "F0010", "quantity": 12}, {"sku": "F0003", "quantity": 6}]},
        (Decision("wes", "pick", "complete", values={"carrier": "SF", "tracking_no": "SF1380000001"}),),
    ),
    Request(
        "order_to_cash", "ann", 8,
        {"customer": CUSTOMER, "promised_date": timedelta(days=14), "ship_to": DELIVERED_TO, "note": "",
         "lines": [{"sku": "F0002", "quantity": 20}]},
    ),
    Request(
        "order_to_cash", "li", 3,
        {"customer": NEW_CUSTOMER, "promised_date": timedelta(days=17), "ship_to": "宁波市海曙区解放街 2 号",
         "note": "", "lines": [{"sku": "F0006", "quantity": 30}]},
    ),
    Request(
        "order_to_cash", "li", 20,
        {"customer": CUSTOMER, "promised_date": timedelta(days=25), "ship_to": DELIVERED_TO, "note": "年会用",
         "lines": [{"sku": "F0001", "quantity": 90}]},
    ),
    Request(
        "procure_to_pay", "eve", 96, {"lines": [{"sku": "F0004", "quantity": 20}], "reason": "龙井茶补货"},
        (Decision("cai", "head"), Decision("wes", "receive", "complete", values={"delivery_note": "SH1123"}),
         Decision("fin", "enter_invoice", "complete", values={"invoice_no": "25332000000118", "invoiced": []})),
    ),
    Request(
        "procure_to_pay", "eve", 70, {"lines": [{"sku": "F0005", "quantity": 30}], "reason": "红茶补货"},
        (Decision("cai", "head"),),
    ),
    Request(
        "procure_to_pay", "ann", 110, {"lines": [{"sku": "F0003", "quantity": 10}], "reason": "门店试吃用油"},
        (Decision("cai", "head"), Decision("wes", "receive", "complete", values={"delivery_note": "SH1119"}),
         Decision("fin", "enter_invoice", "complete",
                  values={"invoice_no": "25332000000097",
                          "invoiced": [{"sku": "F0003", "quantity": 10, "price": 98.5}]})),
    ),
    Request("procure_to_pay", "eve", 6, {"lines": [{"sku": "F0010", "quantity": 40}], "reason": "饼干补货"}),
    Request(
        "travel_declaration", "wang", 28,
        {"amount": 486, "purpose": "上海征信培训，一天", "budget": "2026-XS-03", "route": "supervisor",
         "budget_check": False, "next": "submit"},
    ),
    Request(
        "travel_declaration", "li", 54,
        {"amount": 1268, "purpose": "宁波客户年度对账", "budget": "2026-XS-03", "route": "supervisor",
         "budget_check": False, "next": "submit"},
        (Decision("bob", "supervisor"),),
    ),
    Request(
        "expense_claim", "chen", 60,
        {"category": "other", "amount": 399, "reason": "流程建模培训资料", "cost_center": "市场部"},
        (Decision("ma", "manager", "reject", "请附上发票"),),
    ),
    Request(
        "leave_request", "adam", 22,
        {"leave_type": "annual", "starts": "2027-01-13", "ends": "2027-01-14", "reason": "搬家"},
        (Decision("xing", "manager", "reject", "那两天系统升级，请改期"),),
    ),
    Request(
        "expense_claim", "li", 120,
        {"category": "hotel", "amount": 1280, "reason": "嘉兴客户拜访，两晚住宿", "cost_center": "销售一部"},
        (Decision("bob", "manager"), Decision("jiangyi", "finance")),
    ),
    Request(
        "expense_claim", "ann", 74,
        {"category": "entertainment", "amount": 860, "reason": "客户晚宴", "cost_center": "销售一部"},
        (Decision("bob", "manager", "reject", "请补充客户名单和发票"),),
    ),
    Request(
        "expense_claim", "ann", 50,
        {"category": "travel", "amount": 6800, "reason": "广州展会往返机票与展位交通", "cost_center": "销售一部"},
        (Decision("bob", "manager", opinion="展会已列入年度计划"),),
    ),
    Request(
        "expense_claim", "ann", 5,
        {"category": "meal", "amount": 320, "reason": "加班餐费", "cost_center": "销售一部"},
    ),
    Request(
        "expense_claim", "wang", 30,
        {"category": "office", "amount": 215.5, "reason": "征信报告查询费", "cost_center": "销售一部"},
        (Decision("sun", "manager"),),
    ),
    Request(
        "payee_account_change", "fin", 4,
        {"owner_kind": "supplier", "supplier_code": "S003", "account_name": "湖州粮油供应有限公司",
         "bank_name": "中国银行杭州高新支行", "account_no": "6217880800001235", "bank_code": "",
         "reason": "供应商来函更换开户行"},
    ),
    Request(
        "leave_request", "ann", 26,
        {"leave_type": "annual", "starts": "2027-01-11", "ends": "2027-01-12", "reason": "家人来访"},
    ),
    Request(
        "leave_request", "li", 52,
        {"leave_type": "personal", "starts": "2027-01-18", "ends": "2027-01-18", "reason": "办理落户"},
        (Decision("bob", "manager"),),
    ),
)  # fmt: skip


def start(engine: ProcessEngine, clock: FrozenClock, people: dict[str, UUID]) -> int:
    """Play REQUESTS, oldest first, with the clock where each act belongs; the clock stands at today again."""
    today = clock.now()
    for request in sorted(REQUESTS, key=lambda request: -request.hours):
        clock.move_to(today - timedelta(hours=request.hours))
        with engine.unit_of_work(Actor(people[request.login], source="cli")) as uow:
            process = repository.latest(uow, request.process)
            form = repository.form(uow, process.meta["form"], process.id)
            values = forms.validate(
                form, _dated(request.values, uow.now), stored={}, now=uow.now, zone=engine.settings.timezone,
                known=pickers.judge(uow),
            )  # fmt: skip
            instance_id = runtime.start(uow, process.key, values, definition_id=process.id).id
        for decision in request.decisions:
            jobs.run_due(engine)
            clock.advance(timedelta(hours=3))
            _decide(engine, people[decision.login], instance_id, decision)
        jobs.run_due(engine)
    clock.move_to(today)
    return len(REQUESTS)


def _dated(values: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        name: (now + value).date().isoformat() if isinstance(value, timedelta) else value
        for name, value in values.items()
    }


def _decide(engine: ProcessEngine, user_id: UUID, instance_id: UUID, decision: Decision) -> None:
    with engine.unit_of_work(Actor(user_id, source="cli")) as uow:
        item = next(
            item.work_item_id
            for item in tasks.inbox(uow, limit=100).items
            if item.instance_id == instance_id and item.node == decision.node
        )
        match decision.act:
            case "agree":
                tasks.agree(uow, item, decision.values, decision.opinion)
            case "reject":
                tasks.reject(uow, item, decision.opinion, decision.values)
            case "complete":
                tasks.complete(uow, item, decision.values, decision.opinion)
