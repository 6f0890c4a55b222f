"""Generated expressions, evaluated here and by feelin; what differs is explained.

`python -m tests.differential_feel [--count 10000] [--seed 1]` prints each kind of difference with what decides it.
One that is not in DECIDED makes its exit code 1. `tests/engine/feel/test_differential.py` keeps an example of each.
"""

import argparse
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.peers import feelin
from engine import feel
from engine.feel import nodes as n
from engine.feel.values import kind_of

CONTEXT: dict[str, Any] = {
    "a": 7, "b": -3, "z": 0, "s": "foo", "t": "foobar", "p": True, "q": False, "n": None, "l": [3, 1, 2], "e": [],
    "w": ["b", "a", None], "c": {"x": 1, "y": "k", "v": [1, 2]}, "r": [{"x": 1, "y": "k"}, {"x": 4, "y": "m"}],
}  # fmt: skip
"""JSON on both sides"""

DECIDED: dict[str, str] = {
    r"Quantified": "or and and over the items: null where none decides and one is null (10.3, three-valued logic)",
    r"sort\(.*": "a comparator that gives null puts nothing in order: null (10.3.4, sort)",
    r"substring\(.*": "a start outside of the text: null (10.3.4, strings; TCK 1103)",
    r"sublist\(.*": "positions outside of the list: null (10.3.4, lists; TCK 0012)",
    r"(remove|insert before)\(.*": "a position outside of the list: null (10.3.4, lists; TCK 0011)",
    r"!?= list list": "lists of different length are not equal: false (10.3.2, equality)",
    r"(string|modulo)\(.*": "numbers are decimal128, not binary floats: digits and scale are kept (10.3.2, numbers)",
    r"!?= (null .*|.* null)": "null equals null and nothing else (10.3.2, equality)",
    r"(<|<=|>|>=) .*": "two kinds have no order: null (10.3.2, comparison)",
    r"(Between|In) .*": "a comparison with another kind is null, and null stays null in or (10.3.2, comparison)",
    r"(before|after|overlaps)\(.*": "a null argument: null (10.3.4, ranges)",
    r"(min|max)\(.*": "of anything that has an order, texts too (10.3.4, lists)",
    r"(odd|even)\(.*": "a number that is not whole is neither: null (10.3.4, numbers)",
    r"Filter .*": "null has no items: []; a condition that is neither boolean nor number: null (10.3.2, filters)",
    r"For": "what is no list is a list of one item (10.3.2, implicit conversions)",
    r"If .*": "only true takes the first branch (10.3.2, if)",
    r"(all|any)\(.*": "an item that is not boolean: null (TCK 0059)",
    r"(union|concatenate)\(.*": "what is no list is a list of one item, null is none (10.3.2, implicit conversions)",
    r"InstanceOf": "a type that does not exist: null (TCK 0070)",
    r"Syntax": "the tests in brackets behind in are no value of which a type could be asked (10.3.1.2, grammar)",
    r"Logic": "in binds tighter than or (10.3.1.2)",
    r"median\(.*": "the middle of the numbers in order (10.3.4, lists)",
    r"!?= (boolean .*|.*\?.*)": "follows from a part that differs",
    r"(sum|count|mean|product|flatten|reverse|append|context merge)\(\?.*": "follows from a part that differs",
}
"""Label of a difference -> why ours is right. Cf. DMN 1.5, and the TCK where it is more precise."""


class Writer:
    """Writes expressions of a wanted kind, at most `depth` deep; now and then of another kind."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def write(self, kind: str, depth: int) -> str:
        """An expression that is meant to give this kind."""
        if self.chance.random() < 0.04:
            kind = self.chance.choice(("number", "text", "truth", "list", "context", "null"))
        if depth <= 0 or kind == "null":
            return self._leaf(kind)
        return str(getattr(self, f"_{kind}")(depth - 1))

    def _leaf(self, kind: str) -> str:
        return self.chance.choice(
            {
                "number": ("a", "b", "z", "1", "2", "0.5", "10", "c.x", "-1", "n", "count(l)"),
                "text": ("s", "t", '""', '"foo"', '"Bar"', "c.y", "n", '"o"'),
                "truth": ("p", "q", "true", "false", "n"),
                "list": ("l", "e", "w", "[1, 2, 3]", '["x"]', "r", "c.v", "[1, null]"),
                "context": ("c", "{}", "{x: 2}", "r[1]"),
                "null": ("null", "n", "c.missing", "missing"),
            }[kind]
        )

    def _one_of(self, depth: int, *forms: str) -> str:
        form = self.chance.choice(forms)
        return re.sub(
            r"<(\w+)>", lambda kind: self.write(kind[1], depth if self.chance.random() < 0.7 else 0), form
        )  # fmt: skip

    def _number(self, depth: int) -> str:
        return self._one_of(
            depth, "<number> + <number>", "<number> - <number>", "<number> * <number>", "<number> / <number>",
            "(<number>) ** 2", "-(<number>)", "abs(<number>)", "floor(<number>)", "ceiling(<number>)",
            "modulo(<number>, <number>)", "count(<list>)", "sum(<list>)", "min(<list>)", "max(<number>, <number>)",
            "mean(<list>)", "string length(<text>)", "if <truth> then <number> else <number>", "<list>[1]",
            "<list>[-1]",
            "decimal(<number>, 1)", "round half up(<number>, 0)", "number(\"12.5\")", "product(<list>)",
            "median(<list>)",
            'date("2026-03-01").day', 'duration("P1DT2H").hours', "sqrt(<number>)",
            'years and months duration(date("2025-01-31"), date("2026-03-01")).months',
        )  # fmt: skip

    def _text(self, depth: int) -> str:
        return self._one_of(
            depth, "<text> + <text>", "upper case(<text>)", "lower case(<text>)", "substring(<text>, 2)",
            "substring(<text>, -2, 1)", "string(<number>)", "string(<truth>)", "string join(w, <text>)",
            "if <truth> then <text> else <text>", "substring before(<text>, <text>)", "substring after(<text>, <text>)",
            'replace(<text>, "o", "0")', "w[1]", "<context>.y", 'string(date("2026-01-31") + duration("P1M"))',
            "string(<list>)", 'day of week(date("2026-03-01"))', 'string(duration("PT36H"))',
            "get value(<context>, \"y\")",
        )  # fmt: skip

    def _truth(self, depth: int) -> str:
        return self._one_of(
            depth, "<number> < <number>", "<number> = <number>", "<number> != <number>", "<text> = <text>",
            "<truth> and <truth>", "<truth> or <truth>", "not(<truth>)", "<number> in [1..5]", "<number> in (1, 7)",
            "<number> between 0 and 5", "contains(<text>, <text>)", "starts with(<text>, <text>)",
            'matches(<text>, "o+")',
            "some i in <list> satisfies i > 1", "every i in <list> satisfies i > 0", "list contains(<list>, <number>)",
            "<list> = <list>", "<number> instance of number", "<text> instance of string", "<context> = <context>",
            "<number> >= <number>", "<text> < <text>", "all([<truth>, <truth>])", "any([<truth>, <truth>])",
            "<number> = null",
            "even(<number>)", "odd(<number>)", 'date("2026-01-01") < date("2026-02-01")', "before(<number>, [1..5])",
            "<truth> = <truth>", "<number> in <list>", "overlaps([1..3], [3..<number>])",
        )  # fmt: skip

    def _list(self, depth: int) -> str:
        return self._one_of(
            depth, "for i in <list> return i", "for i in 1..3 return i * <number>", "<list>[item > 1]", "r.x",
            "r[x > <number>]",
            "append(<list>, <number>)", "concatenate(<list>, <list>)", "reverse(<list>)", "distinct values(<list>)",
            "sort(<list>, function(x, y) x < y)", "flatten([<list>, <list>])", "sublist(<list>, 1, 2)",
            "[<number>, <text>]",
            "index of(<list>, <number>)", "insert before(<list>, 1, <number>)", "remove(<list>, 1)",
            "union(<list>, <list>)",
            "for i in <list>, j in <list> return [i, j]", 'split(<text>, "o")', "<list>[<truth>]",
            "get entries(<context>).key",
        )  # fmt: skip

    def _context(self, depth: int) -> str:
        return self._one_of(
            depth, "{x: <number>, y: <text>}", "{x: <number>, v: x + 1}", "r[1]",
            'context put(<context>, "z", <number>)',
            "context merge([<context>, <context>])", "if <truth> then <context> else <context>",
        )  # fmt: skip


def ours(text: str) -> Any:
    """The value as JSON has it; {"@": …} for what JSON lacks, "syntax" for a text that is not FEEL."""
    try:
        return plain(feel.evaluate(text, CONTEXT).value)
    except feel.FeelSyntaxError as error:
        return {"@": "syntax", "v": str(error)}


def plain(value: Any) -> Any:
    """Numbers as float, what JSON lacks as its kind."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | Decimal):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return {"@": type(value).__name__}


def same(one: Any, other: Any) -> bool:
    """Equal, numbers within 1e-9."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict) and "@" in one and "@" in other:
        return one["@"] != "syntax" and other["@"] not in (
            "error",
            "none",
        )  # dates and durations, told apart by string()
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@dataclass(frozen=True)
class Difference:
    """The smallest part of a generated text that differs; `label`: what it is, e.g. `substring(string, number)`."""

    label: str
    text: str
    mine: Any
    theirs: Any


def differences(count: int, seed: int) -> list[Difference]:
    """Of `count` generated texts; one for each text that differs."""
    chance = random.Random(seed)
    writer = Writer(chance)
    kinds = ("number", "text", "truth", "list", "context")
    written = [writer.write(kinds[number % len(kinds)], chance.randint(1, 3)) for number in range(count)]
    known = dict(zip(written, _theirs(written), strict=True))
    differing = [text for text in written if not same(ours(text), known[text])]
    parts = {text: _parts(text) for text in differing}
    wanted = sorted({part for found in parts.values() for part in found if _closed(part)} - known.keys())
    known |= dict(zip(wanted, _theirs(wanted), strict=True))
    found = []
    for text in differing:
        smallest = min((p for p in parts[text] if p in known and not same(ours(p), known[p])), key=len, default=text)
        found.append(Difference(_label(smallest), smallest, ours(smallest), known[smallest]))
    return found


def _parts(text: str) -> list[str]:
    try:
        return [text[node.start : node.end] for node in _nodes(feel.compile(text).tree)]
    except feel.FeelSyntaxError:
        return []


def _theirs(texts: list[str]) -> list[Any]:
    answers = feelin.evaluate(texts, CONTEXT)
    return [answer["value"] if "value" in answer else {"@": "error", "v": answer["error"]} for answer in answers]


def _nodes(value: Any) -> Iterator[n.Node]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, n.Node):
        if isinstance(value, n.Call | n.Compare | n.Chain | n.Between | n.In | n.If | n.Filter | n.For | n.Quantified
                      | n.Negate | n.InstanceOf | n.Path | n.Logic):  # fmt: skip
            yield value
        for cls in type(value).__mro__:
            for slot in getattr(cls, "__slots__", ()):
                yield from _nodes(getattr(value, slot))


def _closed(text: str) -> bool:
    try:
        return feel.compile(text).names <= CONTEXT.keys() | {"missing"}
    except feel.FeelSyntaxError:
        return False


def _label(text: str) -> str:
    try:
        tree = feel.compile(text).tree
    except feel.FeelSyntaxError:
        return "Syntax"
    kind = type(tree).__name__
    match tree:
        case n.Call(function=n.Name(name=name)):
            return f"{name}({', '.join(_kind(text, argument) for argument in tree.arguments)})"
        case n.Compare():
            return f"{tree.operator} {_kind(text, tree.left)} {_kind(text, tree.right)}"
        case n.Chain():
            return f"{tree.rest[0][0]} {_kind(text, tree.first)} {_kind(text, tree.rest[0][1])}"
        case n.Between() | n.In():
            return f"{kind} {_kind(text, tree.value)}"
        case n.If():
            return f"If {_kind(text, tree.condition)}"
        case n.Filter():
            return f"Filter {_kind(text, tree.source)}"
    return kind


def _kind(text: str, node: n.Node) -> str:
    part = text[node.start : node.end]
    return kind_of(feel.evaluate(part, CONTEXT).value) if _closed(part) else "?"


def reason_of(label: str) -> str | None:
    """What the standard says about differences of this kind, None when nobody has looked yet."""
    return next((reason for pattern, reason in DECIDED.items() if re.fullmatch(pattern, label)), None)


def main() -> int:
    """Print every kind of difference with its reason and shortest examples."""
    parser = argparse.ArgumentParser(prog="tests.differential_feel")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = differences(options.count, options.seed)
    by_reason: dict[str, list[Difference]] = defaultdict(list)
    for difference in found:
        by_reason[reason_of(difference.label) or f"NOT DECIDED {difference.label}"].append(difference)
    sys.stdout.write(f"{options.count} texts, {len(found)} differ\n")
    for reason, group in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        sys.stdout.write(f"\n{len(group)}: {reason}\n")
        for one in sorted({item.text: item for item in group}.values(), key=lambda item: len(item.text))[:4]:
            sys.stdout.write(f"  {one.text}   here {one.mine!r}   feelin {one.theirs!r}\n")
    return int(any(reason.startswith("NOT DECIDED") for reason in by_reason))


if __name__ == "__main__":
    sys.exit(main())
