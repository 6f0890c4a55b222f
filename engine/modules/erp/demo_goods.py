"""What the demo company trades in: some 320 items of 24 suppliers, the same for the same seed."""

import random
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

UNTIL = date(2019, 4, 1)  # since then 13 and 9 per cent

_KINDS = (
    # name, English name, unit, VAT category, lowest and highest cost
    ("大米", "Rice", "袋", "reduced", 18, 60), ("面粉", "Flour", "袋", "reduced", 9, 30),
    ("菜籽油", "Rapeseed oil", "桶", "reduced", 35, 75), ("龙井茶", "Longjing tea", "罐", "standard", 40, 260),
    ("红茶", "Black tea", "罐", "standard", 25, 120), ("坚果", "Nuts", "袋", "standard", 12, 55),
    ("果汁", "Fruit juice", "箱", "standard", 22, 68), ("酱油", "Soy sauce", "瓶", "standard", 5, 22),
    ("米醋", "Rice vinegar", "瓶", "standard", 4, 16), ("饼干", "Biscuits", "箱", "standard", 18, 60),
    ("蜂蜜", "Honey", "瓶", "reduced", 15, 70), ("干香菇", "Dried mushrooms", "袋", "reduced", 20, 80),
    ("木耳", "Wood ear", "袋", "reduced", 14, 52), ("冷冻水饺", "Frozen dumplings", "袋", "standard", 10, 32),
    ("火腿", "Ham", "只", "standard", 90, 320), ("藕粉", "Lotus root starch", "罐", "standard", 14, 48),
)  # fmt: skip
_BRANDS = ("青禾", "云水", "山语", "禾谷", "江南", "溪田", "春和", "老街", "北坡", "一品")
_PACKS = ("小包装", "标准装", "家庭装")
_TOWNS = ("杭州", "嘉兴", "湖州", "绍兴", "宁波", "金华", "台州", "丽水")
_TRADES = ("粮油", "茶叶", "食品")
SIZES = {"tiny": (40, 5), "small": (320, 24), "full": (320, 24)}
"""Items and suppliers."""


@dataclass(frozen=True, slots=True)
class Goods:
    """An item. `popular`: weight of being chosen. `opening`: quantity on hand on the first day."""

    sku: str
    name: str
    name_en: str
    kind: str
    uom: str
    vat: str
    supplier: int | None
    cost: Decimal
    price: Decimal
    lead_time_days: int
    abc: str
    opening: Decimal
    popular: float


def goods(seed: int, size: str) -> list[Goods]:
    """Items by falling popularity (Zipf, s = 1.05), then gift boxes that are packed here, then services."""
    chosen = random.Random(f"{seed}/erp/goods")  # noqa: S311 - the same rows for the same seed
    count, suppliers = SIZES[size]
    names = [(kind, brand, pack) for pack in _PACKS for brand in _BRANDS for kind in _KINDS]
    made = []
    for number in range(1, count - 9):
        (name, name_en, uom, vat, low, high), brand, pack = names[number - 1]
        cost = Decimal(chosen.randint(low * 100, high * 100)) / 100
        made.append(
            Goods(
                f"F{number:04d}", f"{brand}{name}（{pack}）", f"{name_en} {_BRANDS.index(brand) + 1}", "goods",
                uom, vat,
                (number * 7) % suppliers, cost, _price(cost, chosen), chosen.choice((3, 5, 5, 7, 10)),
                "A" if number <= count // 5 else "B" if number <= count // 2 else "C",
                Decimal(chosen.randint(20, 200)), 1 / number**1.05,
            )
        )  # fmt: skip
    for number in range(1, 9):
        cost = Decimal(chosen.randint(8000, 20000)) / 100
        made.append(
            Goods(
                f"P{number:04d}", f"青禾礼盒{number}号", f"Gift box {number}", "finished", "盒", "standard", None, cost,
                _price(cost, chosen), 2, "B", Decimal(chosen.randint(40, 120)), 0.0,
            )
        )  # fmt: skip
    for number, (name, name_en, price) in enumerate(
        (("冷链配送", "Cold delivery", 80), ("上门安装", "Set-up", 150)), 1
    ):
        made.append(
            Goods(
                f"V{number:04d}", name, name_en, "service", "次", "service", None, Decimal(0), Decimal(price), 0, "C",
                Decimal(0), 0.0,
            )
        )  # fmt: skip
    return made


def supplier_names() -> list[str]:
    """24 of them."""
    return [f"{town}{trade}供应有限公司" for trade in _TRADES for town in _TOWNS]


def _price(cost: Decimal, chosen: random.Random) -> Decimal:
    return (cost * Decimal(chosen.randint(125, 165)) / 100).quantize(Decimal("0.1"))
