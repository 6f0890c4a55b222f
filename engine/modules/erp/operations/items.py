"""Looking items up: what a form or another module needs to know of them."""

from decimal import Decimal
from typing import Any

from engine.modules.erp.operations.context import business_date, items_by_sku, rate_of, vat_rates
from engine.operations import operation
from engine.unit_of_work import UnitOfWork


@operation(
    "erp.find_items", zh="查询物料", en="Find items", effect="read", errors=("ERP.VAT_UNKNOWN",),
    outputs={"items": "list<context>", "lines": "list<context>", "unknown": "list<string>"},
)  # fmt: skip
def find_items(
    uow: UnitOfWork, *, skus: list[str] | None = None, lines: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Facts of items by SKU: item_id, sku, name, uom, kind, source, lead_time_days, vat_rate, active.

    `lines`: contexts with a `sku`; they come back with the facts added, what is unknown is left out.
    """
    lines = lines or []
    wanted = [*(skus or []), *(str(line["sku"]) for line in lines if line.get("sku"))]
    found = items_by_sku(uow, wanted)
    rates = vat_rates(uow, business_date(uow))
    facts = {sku: _facts(row, rates) for sku, row in found.items()}
    return {
        "items": [facts[sku] for sku in sorted(facts)],
        "lines": [{**facts[str(line["sku"])], **line} for line in lines if str(line.get("sku")) in facts],
        "unknown": sorted({sku for sku in wanted if sku not in facts}),
    }


def _facts(row: Any, rates: dict[str, Decimal]) -> dict[str, Any]:
    return {
        "item_id": row.id, "sku": row.sku, "name": row.name, "uom": row.uom, "kind": row.kind, "source": row.source,
        "lead_time_days": row.lead_time_days, "vat_rate": rate_of(rates, row.vat_category), "active": row.active,
    }  # fmt: skip
