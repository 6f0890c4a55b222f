"""Demo rows of this module: customers, prices, a year of orders and what customers said; made with its operations."""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import insert, update

from engine import identifiers
from engine.clock import FrozenClock
from engine.ids import named
from engine.modules.crm.models.opportunity import stage
from engine.modules.crm.models.party import price, price_list
from engine.modules.crm.models.survey import survey, survey_invite, survey_question
from engine.modules.crm.operations import deliveries, opportunities, orders, parties, profiles, surveys
from engine.operations import OperationCall
from engine.unit_of_work import UnitOfWork

Factory = Callable[[str | None], AbstractContextManager[UnitOfWork]]
Progress = Callable[[int, int], None]

COUNTS = {"tiny": (10, 2, 0), "small": (180, 60, 480), "full": (600, 400, 2400)}
"""Companies, persons, orders of a year."""
STAGE_ROWS = (
    (1, "初步接触", "First contact", "0.1", False, False), (2, "需求确认", "Needs known", "0.3", False, False),
    (3, "报价", "Quoted", "0.5", False, False), (4, "谈判", "Negotiating", "0.7", False, False),
    (5, "赢单", "Won", "1", True, False), (6, "输单", "Lost", "0", False, True),
)  # fmt: skip
QUESTIONS = (
    (1, "csat", "您对这次订单满意吗？（1–5）", "How satisfied are you with this order? (1-5)"),
    (2, "nps", "您会把我们推荐给同行吗？（0–10）", "How likely are you to recommend us? (0-10)"),
    (3, "text", "还有什么想告诉我们的？", "Anything you want to tell us?"),
)
_TOWNS = (
    "杭州",
    "宁波",
    "温州",
    "嘉兴",
    "湖州",
    "绍兴",
    "金华",
    "衢州",
    "台州",
    "丽水",
    "上海",
    "苏州",
    "无锡",
    "南京",
)
_WORDS = (
    "云锦",
    "汇丰",
    "百味",
    "鲜达",
    "福满",
    "乐购",
    "惠民",
    "金穗",
    "嘉禾",
    "源和",
    "天香",
    "四季",
    "同心",
    "万家",
)
_TRADES = ("超市", "餐饮管理", "酒店", "食品商贸", "供应链")
_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜"
_GIVEN = ("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "超", "明", "霞", "平", "刚")
_SAID = ("很好", "包装有点破损", "送货很快", "价格可以再优惠些", "比承诺的晚了一天", "会再来")


def load_masters(
    uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, size: str, progress: Progress,
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """Stages, the survey, prices of the items in `facts["items"]`, customers; `facts["parties"]`: their ids."""
    today = clock.now()
    clock.move_to(today if size == "tiny" else _at(_first_day(today), 1, today))
    with uow_factory("sun") as uow:
        _write_masters(uow, seed, facts.get("items", []))
    companies, persons, _ = COUNTS[size]
    chosen = random.Random(f"{seed}/crm/parties")  # noqa: S311 - the same rows for the same seed
    owners = [people[login] for login in ("ann", "li", "han", "zhou")]
    known: list[UUID] = []
    for start in range(0, companies + persons, 60):
        with uow_factory("ann") as uow:
            for number in range(start, min(start + 60, companies + persons)):
                asked = _company(number, chosen) if number < companies else _person(number - companies, chosen)
                known.append(parties.upsert_party(uow, owner_id=owners[number % 4], **asked)["party_id"])
        progress(len(known), companies + persons)
    with uow_factory("wang") as uow:
        parties.hold_party(uow, party_id=known[companies - 1])
    facts["parties"] = known
    clock.move_to(today)


def load_orders(
    uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, size: str, progress: Progress,
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """A year of confirmed orders, of opportunities and visits; `facts["orders"]`: what fulfilment needs of each."""
    today, count = clock.now(), COUNTS[size][2]
    facts["orders"] = []
    if not count:
        return
    chosen = random.Random(f"{seed}/crm/orders")  # noqa: S311 - the same rows for the same seed
    first = _first_day(today) + timedelta(days=30)
    days = [first + timedelta(days=n) for n in range((today.date() - first).days)]
    busy = [_busy(day) for day in days]
    taken: dict[date, int] = defaultdict(int)
    for day in chosen.choices(days, busy, k=count):
        taken[day] += 1
    buyers, items = facts["parties"], facts["items"]
    weights = [1 / (n + 3) for n in range(len(buyers))]
    popular = [each["popular"] for each in items]
    for done, day in enumerate(sorted(taken), 1):
        clock.move_to(_at(day, 2, today))
        with uow_factory(chosen.choice(("ann", "li"))) as uow:
            for number in range(taken[day]):
                buyer = chosen.choices(buyers, weights)[0]
                if buyer == buyers[COUNTS[size][0] - 1]:  # on hold
                    buyer = buyers[0]
                lines = _lines(items, popular, chosen)
                facts["orders"].append(_order(uow, seed, day, number, buyer, lines, chosen))
            if chosen.random() < 0.5:
                _visit(uow, seed, day, chosen.choice(buyers), chosen)
        if done % 10 == 0:
            progress(done, len(taken))
    clock.move_to(today)


def load_progress(
    uow_factory: Factory, people: dict[str, UUID], clock: FrozenClock, seed: int, size: str, progress: Progress,
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """What became of the orders by `facts["progress"]`: shipped, delivered, paid, closed; surveys and profiles."""
    today = clock.now()
    chosen = random.Random(f"{seed}/crm/surveys")  # noqa: S311 - the same rows for the same seed
    agenda: dict[date, list[Callable[[UnitOfWork], None]]] = defaultdict(list)
    for told in facts.get("progress", []):
        _plan(agenda, told, seed, today.date(), chosen)
    for done, day in enumerate(sorted(agenda), 1):
        clock.move_to(_at(day, 9, today))
        with uow_factory(None) as uow:
            for act in agenda[day]:
                act(uow)
        if done % 10 == 0:
            progress(done, len(agenda))
    clock.move_to(today)
    with uow_factory(None) as uow:
        for party_id in facts["parties"]:
            profiles.refresh_profile(uow, party_id=party_id)


def _write_masters(uow: UnitOfWork, seed: int, items: list[dict[str, Any]]) -> None:
    uow.execute(
        insert(stage),
        [
            {
                "id": named(seed, "stage", seq), "seq": seq, "name_zh": zh, "name_en": en,
                "probability": Decimal(probability), "is_won": won, "is_lost": lost,
            }
            for seq, zh, en, probability, won, lost in STAGE_ROWS
        ],
    )  # fmt: skip
    asked, listed = named(seed, "survey"), named(seed, "price_list")
    uow.execute(insert(survey), {"id": asked, "code": "order", "name": "订单满意度", "name_en": "Order satisfaction"})
    uow.execute(
        insert(survey_question),
        [
            {"id": named(asked, seq), "survey_id": asked, "seq": seq, "kind": kind, "text": zh, "text_en": en}
            for seq, kind, zh, en in QUESTIONS
        ],
    )
    uow.execute(insert(price_list), {"id": listed, "name": "标准价"})
    since = (uow.now - timedelta(days=400)).date()
    offers = [
        {
            "id": named(seed, "price", each["sku"], least), "price_list_id": listed, "sku": each["sku"],
            "min_quantity": Decimal(least), "price": (each["price"] * share).quantize(Decimal("0.01")),
            "valid_from": since,
        }
        for each in items
        for least, share in ((0, Decimal(1)), (100, Decimal("0.95")))
    ]  # fmt: skip
    if offers:
        uow.execute(insert(price), offers)


def _company(number: int, chosen: random.Random) -> dict[str, Any]:
    town = _TOWNS[number % len(_TOWNS)]
    word = _WORDS[number // len(_TOWNS) % len(_WORDS)]
    trade = _TRADES[(number // len(_TOWNS) // len(_WORDS) + number) % len(_TRADES)]
    body = "91330100MA" + "".join(chosen.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(6))
    body += identifiers.organisation_check(body[8:16])
    return {
        "name": f"{town}{word}{trade}有限公司", "short_name": f"{word}{trade}",
        "uscc": body + identifiers.credit_code_check(body),
        "customer_class": chosen.choices(("A", "B", "C", "prepaid"), (2, 4, 5, 1))[0],
        "credit_limit": Decimal(chosen.choice((0, 20_000, 50_000, 100_000, 200_000))),
        "payment_terms_days": chosen.choice((0, 15, 30, 30, 45)), "source": chosen.choice(("转介绍", "展会", "官网",
        "电话")),
        "contact": {"name": _name(chosen), "phone": f"0571-0000-{number:04d}",
        "email": f"buyer{number}@customer.example"},
        "address": {"region": f"{town}市",
        "line": f"{chosen.choice(('人民路', '中山路', '解放街'))}{number % 300 + 1}号"},
    }  # fmt: skip


def _person(number: int, chosen: random.Random) -> dict[str, Any]:
    return {
        "name": _name(chosen), "kind": "person", "mobile": f"190-0000-{number:04d}", "customer_class": "prepaid",
        "source": "网店", "address": {"region": "杭州市", "line": f"文一路{number + 1}号"},
    }  # fmt: skip


def _name(chosen: random.Random) -> str:
    return chosen.choice(_FAMILY) + chosen.choice(_GIVEN) + chosen.choice(("", chosen.choice(_GIVEN)))


def _lines(items: list[dict[str, Any]], popular: list[float], chosen: random.Random) -> list[dict[str, Any]]:
    picked = {each["sku"]: each for each in chosen.choices(items, popular, k=1 + min(6, int(chosen.expovariate(0.6))))}
    return [
        {
            "item_id": each["item_id"], "sku": each["sku"], "name": each["name"], "uom": each["uom"],
            "vat_rate": each["vat_rate"], "quantity": Decimal(chosen.choice((1, 2, 3, 5, 5, 10, 10, 20, 40))),
            "price": each["price"], "discount": Decimal(chosen.choice(("0", "0", "0", "0.03", "0.05", "0.10"))),
        }
        for each in picked.values()
    ]  # fmt: skip


def _order(
    uow: UnitOfWork, seed: int, day: date, number: int, buyer: UUID, lines: list[dict[str, Any]], chosen: random.Random
) -> dict[str, Any]:
    made = orders.create_order(
        uow, party_id=buyer, lines=cast(list[orders.OrderLine], lines),
        promised_date=day + timedelta(days=chosen.choice((3, 5, 7))),
        call=OperationCall(named(seed, "order", day, number)),
    )  # fmt: skip
    agreed = orders.confirm_order(uow, order_id=made["order_id"])
    return {
        "day": day, "order": agreed["order"], "order_id": made["order_id"], "party_id": buyer, "gross": made["gross"]
    }  # fmt: skip


def _visit(uow: UnitOfWork, seed: int, day: date, party_id: UUID, chosen: random.Random) -> None:
    made = opportunities.create_opportunity(
        uow, party_id=party_id, name=f"{day:%m}月{chosen.choice(('团购', '礼盒', '新店铺货', '年度框架'))}",
        amount=Decimal(chosen.randint(5, 120) * 1000), expected_close=day + timedelta(days=60),
        next_action_at=uow.now + timedelta(days=chosen.randint(3, 20)), call=OperationCall(named(seed, "chance", day)),
    )  # fmt: skip
    opportunities.log_activity(
        uow, party_id=party_id, kind=chosen.choice(("call", "visit", "wechat")), text=f"沟通{chosen.choice(_SAID)}",
        opportunity_id=made["opportunity_id"], call=OperationCall(named(seed, "activity", day)),
    )  # fmt: skip
    target = chosen.choice((1, 2, 3, 4, 5, 6))
    if target > 1:
        opportunities.move_stage(uow, opportunity_id=made["opportunity_id"], stage=target, reason="价格")


def _plan(
    agenda: dict[date, list[Callable[[UnitOfWork], None]]], told: dict[str, Any], seed: int, today: date,
    chosen: random.Random,
) -> None:  # fmt: skip
    number = told["order"]["order_no"]

    def track(uow: UnitOfWork, state: str) -> None:
        event = {"at": uow.now, "state": state, "text": {"picked_up": "已揽收", "delivered": "已签收"}[state]}
        deliveries.record_tracking(
            uow, order_no=number, shipment_no=told["shipment_no"], carrier=told["carrier"],
            tracking_no=told["tracking_no"], events=[cast(deliveries.TrackingEvent, event)],
        )  # fmt: skip

    def ship(uow: UnitOfWork) -> None:
        orders.record_progress(uow, order_no=number, lines=told["lines"])
        track(uow, "picked_up")

    agenda[told["shipped_on"]].append(ship)
    if told["delivered_on"] is not None:
        agenda[told["delivered_on"]].append(lambda uow: track(uow, "delivered"))
        asked = told["delivered_on"] + timedelta(days=2)
        if asked < today and chosen.random() < 0.5:
            agenda[asked].append(_survey(agenda, told, seed, today, chosen))
    for day, amount in told["paid"]:
        agenda[day].append(_paid(told, amount))


def _paid(told: dict[str, Any], amount: Decimal) -> Callable[[UnitOfWork], None]:
    def pay(uow: UnitOfWork) -> None:
        state = orders.record_payment(uow, order_no=told["order"]["order_no"], paid_amount=amount)
        if state["billing_state"] == "paid" and told["delivered_on"] is not None:
            orders.close_order(uow, order_id=told["order_id"])

    return pay


def _survey(
    agenda: dict[date, list[Callable[[UnitOfWork], None]]], told: dict[str, Any], seed: int, today: date,
    chosen: random.Random,
) -> Callable[[UnitOfWork], None]:  # fmt: skip
    late = (told["delivered_on"] - told["shipped_on"]).days > 3
    answers = chosen.random() < 0.38
    happy = min(5, max(1, round(chosen.gauss(3.4 if late else 4.4, 0.8))))
    said = chosen.choice(_SAID)

    def ask(uow: UnitOfWork) -> None:
        number = told["order"]["order_no"]
        invited = surveys.invite_survey(
            uow, party_id=told["party_id"], survey="order", order_no=number,
            call=OperationCall(named(seed, "survey", number)),
        )  # fmt: skip
        # tokens are secrets and differ from run to run; the demo's are not
        token = f"demo-{number}"
        uow.execute(update(survey_invite).where(survey_invite.c.id == invited["invite_id"]).values(token=token))
        if answers:
            surveys.record_answers(uow, token=token, csat=happy, nps=min(10, happy * 2), text=said)

    return ask


def _busy(day: date) -> float:
    """Weekdays before Sundays, peaks before the feasts and on 双十一."""
    peak = day.month in (1, 9) or (day.month, day.day) in ((11, 10), (11, 11), (6, 17), (6, 18))
    return (0.5 if day.isoweekday() == 7 else 1.0) * (1.8 if peak else 1.0)


def _first_day(today: datetime) -> date:
    """Books begin a year and a month ago, on the first of a month."""
    return (today.date() - timedelta(days=395)).replace(day=1)


def _at(day: date, hour: int, today: datetime) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=today.tzinfo)


STAGES = (
    (30, "客户与价格", "Customers and prices", load_masters),
    (40, "一年的客户订单", "A year of customer orders", load_orders),
    (60, "交付、收款与满意度", "Deliveries, payments, satisfaction", load_progress),
)
