"""What every data module keeps to: no process in it, no float, same arithmetic, names that a designer can show."""

import inspect
import re
from pathlib import Path

import pytest

from engine import operations
from engine.db import schema
from engine.modules.crm import amounts as crm_amounts
from engine.modules.erp import amounts as erp_amounts

operations.load()
MODULES = Path(erp_amounts.__file__).parents[1]
SOURCES = [path for path in MODULES.rglob("*.py") if path.name not in ("demo.py", "demo_goods.py", "demo_people.py")]
OURS = [operation for operation in operations.catalog().values() if (MODULES / operation.module).is_dir()]
TABLES = [
    table for table in schema.metadata.sorted_tables if table.name.split("_")[0] in ("crm", "erp", "oa", "notification")
]


def test_no_process_word_and_no_literal_amount_in_a_module() -> None:
    words = re.compile(r"approved?_if|threshold|escalat|remind|(?<!notification\.)notify", re.IGNORECASE)
    literal = re.compile(r"\b(amount|total|gross|net|price|open_amount)\b\s*[<>]=?\s*(Decimal\(\"?)?[1-9]")
    found = [
        f"{path.name}: {line.strip()}"
        for path in SOURCES
        if "notification" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if words.search(line) or literal.search(line)
    ]

    assert found == []


def test_arithmetic_is_the_same_text_in_both_modules() -> None:
    assert inspect.getsource(crm_amounts) == inspect.getsource(erp_amounts)


def test_no_float_anywhere() -> None:
    assert [path.name for path in SOURCES if re.search(r"\bfloat\b", path.read_text(encoding="utf-8"))] == []
    assert [
        str(column) for table in TABLES for column in table.c if column.type.__class__.__name__ in ("Float", "REAL")
    ] == []  # fmt: skip


@pytest.mark.parametrize("operation", OURS, ids=lambda operation: operation.name)
def test_an_operation_is_named_in_both_languages_and_says_what_it_returns(operation: operations.Operation) -> None:
    assert operation.labels["zh"] != operation.name != operation.labels["en"]
    assert operation.doc
    assert operation.outputs or operation.name == "crm.deactivate_party"
    assert all(re.fullmatch(r"(CRM|ERP|OA|DATA)\.[A-Z_]+", code) for code in operation.errors)
    if operation.compensated_by:
        assert operation.compensated_by in operations.catalog()


def test_every_input_and_result_has_a_title_in_both_languages_and_no_title_is_left_over() -> None:
    used, without = set(), []
    for operation in OURS:
        for name in (*(parameter.name for parameter in operation.parameters), *operation.outputs):
            own, shared = f"{operation.name}.{name}", f"{operation.module}.{name}"
            used.add(own if own in operations.titled() else shared)
            title = operation.title(name)
            if name in title.values() or not re.search(r"[\u4e00-\u9fff]", title["zh"]):
                without.append(own)
    assert without == []
    assert {one for one in operations.titled() if (MODULES / one.partition(".")[0]).is_dir()} - used == set()


def test_every_table_can_be_looked_up_and_its_columns_exist() -> None:
    for table in TABLES:
        if table.name in ("erp_company",):
            continue
        info = table.info["record"]
        named = {name for name, _, _ in info.columns} | {info.title, *info.search}
        assert named <= set(table.c.keys()), table.name
        for line in info.lines:
            targets = {key.column.table.name for key in schema.metadata.tables[line].foreign_keys}
            assert table.name in targets, (table.name, line)


def test_modules_point_into_each_other_by_plain_ids_only() -> None:
    for table in TABLES:
        for key in table.foreign_keys:
            target = key.column.table.name.split("_")[0]
            assert target == table.name.split("_")[0] or target not in ("crm", "erp", "oa", "notification"), key


def test_names_of_constraints_fit_postgresql() -> None:
    names = [str(rule.name) for table in TABLES for rule in (*table.constraints, *table.indexes) if rule.name]

    assert [name for name in names if len(name) > 63] == []
