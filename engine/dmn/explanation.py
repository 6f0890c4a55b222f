"""Why a decision came out as it did: which tables decided, on what, and which test of which rule each input met."""

from typing import Any

from engine.dmn import model as m
from engine.dmn.evaluation import Decided
from engine.dmn.inputs import sources
from engine.dmn.program import Program, program_of
from engine.dmn.table import Hit
from engine.feel.values import text_of

TABLES_LIMIT = 20
RULES_LIMIT = 20
TEXT_LIMIT = 300
_AGGREGATIONS = {"SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}


def explain(model: m.Model, decided: Decided) -> list[dict[str, Any]]:
    """One entry for each decision table that was evaluated, in order; texts only, so that it can be kept and shown.

    `owner`: name of the decision; `policy`: letter of the hit policy. `inputs`: `label`, `value` as FEEL, and `reads`:
    the names of the data that it was made of. `rules`: those that the result comes from, with `id`, `number` (from 1),
    the `tests` in the order of the inputs, `outputs` and `notes`; none when nothing matched. `result` as FEEL.
    Long texts are cut, and of many tables or rules the first ones are kept; `more_rules` counts the others.
    """
    program = program_of(model)
    return [_table(program, hit) for hit in decided.hits[:TABLES_LIMIT]]


def _table(program: Program, hit: Hit) -> dict[str, Any]:
    table = hit.table
    rules = [table.rules[number - 1] for number in hit.numbers[:RULES_LIMIT]]
    return {
        "table": table.id,
        "owner": hit.owner,
        "policy": table.hit_policy + _AGGREGATIONS.get(table.aggregation or "", ""),
        "inputs": [
            {
                "label": clause.label, "value": _text(value),
                "reads": sorted(sources(program, program.names_in(clause.text))),
            }
            for clause, value in zip(table.inputs, hit.values, strict=True)
        ],
        "rules": [
            {
                "id": rule.id, "number": number, "tests": [_cut(test or "-") for test in rule.tests],
                "outputs": [_cut(output) for output in rule.outputs],
                "notes": [_cut(note) for note in rule.annotations if note],
            }
            for number, rule in zip(hit.numbers, rules, strict=False)
        ],
        "more_rules": len(hit.numbers) - len(rules),
        "result": _text(hit.value),
    }  # fmt: skip


def _text(value: Any) -> str:
    """As FEEL: strings in quotes."""
    return _cut(text_of([value])[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…"
