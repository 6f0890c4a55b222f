"""Expressions that mean harm, each of which must end within the budget with a value or a clear reason.

`python -m tests.hostile_feel [--count 10000] [--seed 1] [--budget 0.05]` generates that many and evaluates each within
that many seconds. A crash ends it; a text without a reason, or one that takes LIMIT_S more CPU than the budget, makes
its exit code 1. It prints how they ended, the slowest, and the peak of memory.
"""

import argparse
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine import feel
from engine.errors import InvalidValue
from engine.feel import evaluation
from engine.values import normalise

LIMIT_S = 2.0
"""CPU seconds beyond the budget of one text: for compiling it, and because time is only looked at now and then"""
CONTEXT = {
    "x": 3, "s": "a" * 5_000, "long": "b" * 200_000, "l": list(range(2_000)), "rows": [{"k": n} for n in range(500)],
    "deep": None, "monthly rent": 1, "a-b": 2,
}  # fmt: skip
for _ in range(60):
    CONTEXT["deep"] = [CONTEXT["deep"]]  # type: ignore[list-item]

ENDINGS = ("value", "null", "null without a reason", "budget", "refused", "not storable")
"""null may be the value of a text, e.g. of `null` itself"""

Family = Callable[[random.Random], str]


@dataclass(frozen=True)
class Outcome:
    """How one text ended: one of ENDINGS, unless something is wrong."""

    family: str
    text: str
    ended: str
    seconds: float


def _nested(chance: random.Random) -> str:
    depth = chance.choice((10, 150, 199, 200, 201, 1_000, 6_000))
    left, right = chance.choice(
        [("(", ")"), ("[", "]"), ("{a: ", "}"), ("not(", ")"), ("-", ""), ("if x = 1 then ", " else 0"),
         ("[1][", "]"),
         ("function(a) ", ""), ("for i in [1] return ", ""), ("some i in [1] satisfies ", ""), ("x in ", ""),
         ("1 + (", ")"), ("abs(", ")"), ("(function() ", ")()"), ("{a: 1}.a + ", ""), ("1 ** ", "")]
    )  # fmt: skip
    return left * depth + "x" + right * (depth if chance.random() < 0.8 else depth // 2)


def _loop(chance: random.Random) -> str:
    last = chance.choice(("1000", "99999", "1000000", "9999999999", "10**30", "-10**18", "1e300"))
    names = ["i", "j", "k", "m"][: chance.randint(1, 4)]
    iterators = ", ".join(f"{name} in 1..{last}" for name in names)
    body = chance.choice(("1", "i", "i * i", "[i, i]", '"abc"', "sum(l)", "partial", "count(partial)", "rows[k = i]"))
    return chance.choice(
        (f"for {iterators} return {body}", f"every {iterators} satisfies i > 0", f"some {iterators} satisfies i < 0",
         f"count(for {iterators} return {body})", f"sum(for {iterators} return 1)",
         'for d in @"0001-01-01"..@"9999-12-31" return d', f"(1..{last})[item > 5]", f"[1..{last}][1]",
         f"for i in 1..{last} return for j in 1..{last} return {body}")
    )  # fmt: skip


def _pattern(chance: random.Random) -> str:
    atoms = (
        "a",
        ".",
        "[ab]",
        "[^c]",
        r"\\w",
        r"\\s",
        "(a)",
        "(a|a)",
        "(a|b|ab)",
        "(a*)",
        "(a+)",
        "(.*)",
        "a?",
        "b{0,9}",
    )
    quantifiers = ("", "*", "+", "?", "{2,}", "{1,50}", "{500}", "*?", "+?")
    pattern = "".join(chance.choice(atoms) + chance.choice(quantifiers) for _ in range(chance.randint(1, 12)))
    if chance.random() < 0.5:
        pattern = f"({pattern}){chance.choice(quantifiers)}{chance.choice(('', 'c', '$', '(x|y)*z'))}"
    subject = chance.choice(("s", '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"', "long", 's + "c"'))
    return chance.choice(
        (f'matches({subject}, "{pattern}")', f'replace({subject}, "{pattern}", "$0$0")',
         f'split({subject}, "{pattern}")',
         f'extract({subject}, "{pattern}")', f'for i in 1..100 return matches({subject}, "{pattern}")')
    )  # fmt: skip


def _growth(chance: random.Random) -> str:
    count = chance.choice((20, 25, 30, 60, 200))
    first, step = chance.choice(
        [('"ab"', "{0} + {0}"), ("[1]", "concatenate({0}, {0})"), ("[1]", "[{0}, {0}]"), ("{a: 1}",
         "{{a: {0}, b: {0}}}"),
         ("9", "{0} * {0}"), ("9", "{0} ** 2"), ('"ab"', 'replace({0}, ".", "$0$0")'), ("[1]", "append({0}, {0})"),
         ("[1, 2]", "[string({0}), string({0})]"), ('["a"]', 'split(string join({0}) + "a", "")'),
         ("[1]", "union({0}, [{0}])"), ('@"P1D"', "{0} + {0}"), ('@"9999-12-31"', '{0} + @"P999999Y"'),
         ("[1]", "insert before({0}, 1, {0})")]
    )  # fmt: skip
    grown = f"for i in 1..{count} return if i = 1 then {first} else {step.format('partial[-1]')}"
    return chance.choice(
        ("({0})[-1]", "string(({0})[-1])", "flatten(({0})[-1])", "count(flatten({0}))", "to json({0})",
         "distinct values({0})", "{0}", "({0})[-1] = ({0})[-1]", "list contains({0}, 5)", "index of({0}, ({0})[-1])",
         "duplicate values({0})", "({0})[-1] in {0}", "is({0}, {0})", "sort({0})", "reverse({0}).a", "min({0})")
    ).format(f"({grown})")  # fmt: skip


def _number(chance: random.Random) -> str:
    def one() -> str:
        return chance.choice(
            ("9" * chance.choice((5, 40, 400, 4_000)), "1e6144", "1e-6143", "1e999999", "-1e400",
             "0." + "0" * 500 + "1",
             "10**10000", "2**-9999", "0", "x", "1/3", "exp(9999)", "exp(1e9)", "log(1e-6000)", "sqrt(2e6000)")
        )  # fmt: skip

    left, right = one(), one()
    function = chance.choice(
        (
            "decimal",
            "round up",
            "floor",
            "modulo",
            "ceiling",
            "round half up",
            "min",
            "max",
            "product",
            "stddev",
            "mean",
        )
    )
    return chance.choice(
        (f"{left} {chance.choice(('+', '-', '*', '/', '**'))} {right}", f"{function}({left}, {right})",
         f"string({left} * {right})", f"for i in 1..50000 return {left} ** i", f'number("{"9" * 5000}e{right[:6]}")',
         f"product(for i in 1..100000 return {left})", f"{left} ** {right} ** {left} ** {right}",
         f"date({left}, 1, 1)", f'@"P1D" * {left}', f"substring(s, {left}, {right})", f"l[{left}]",
         f"sublist(l, {left}, {right})", f"partition(l, {left})")
    )  # fmt: skip


def _recursion(chance: random.Random) -> str:
    return chance.choice(
        ("{f: function(n) f(n + 1), r: f(1)}.r", "{f: function(n) [f(n), f(n)], r: f(1)}.r",
         "{f: function(n) if n = 0 then 0 else f(n - 1) + f(n - 1), r: f(150)}.r",
         "{f: function(n) if n < 2 then n else f(n - 1) + f(n - 2), r: f(40)}.r",
         "(function(g) g(g))(function(g) g(g))", "{f: function(n) g(n), g: function(n) f(n), r: f(1)}.r",
         "sort(l, function(a, b) sort(l, function(c, d) c > d)[1] > a)",
         "{f: function(n) sort([1, 2], function(a, b) f(n)), r: f(1)}.r",
         "{f: function(n) list replace([1], function(a, b) f(n), 1), r: f(1)}.r",
         "{f: function(n) l[f(n)], r: f(1)}.r", "{f: function(n) some i in l satisfies f(i), r: f(1)}.r",
         "{f: function(n) {a: f(n)}, r: f(1)}.r.a", "{f: function(a: list<number>) f([a]), r: f([1])}.r",
         f"for i in 1..100000 return (function(n) n * {chance.randint(1, 9)})(i)")
    )  # fmt: skip


def _large(chance: random.Random) -> str:
    count = chance.choice((100, 1_000, 3_000))
    return chance.choice(
        ("[" + "1," * count + "1]", "1" + " + 1" * count, "true" + " and true" * count, "{" + ", ".join(
            f"a{n}: {n}" for n in range(count)) + "}", '"' + "x" * 19_000 + '"', "x" + ".a" * count,
         "x" + "[1]" * min(count, 400), "f(" + "1," * count + "1)", "`" + "n " * count + "`", "monthly rent " * count,
         "a-b" * count, "x in (" + "1," * count + "1)", "/*" + "*" * count + "*/ 1", "//" + "x" * count + "\n1",
         "for " + ", ".join(f"i{n} in l" for n in range(min(count, 300))) + " return 1", "@" * count, '"\\u' * count,
         "not(" + "1," * count + "1)", "{" + "a: {" * 150 + "}" * 150 + "}", "if " * count, "monthly " * count + "rent")
    )  # fmt: skip


def _quadratic(chance: random.Random) -> str:
    return chance.choice(
        ("for a in l return list contains(l, a)", "for a in l return index of(l, a)",
         "for a in l return distinct values(l)",
         "for a in l return sort(l)", "for a in l return count(rows[k = a])", "for a in l return l[item = a]",
         "for a in l return string(l)", "for a in l return flatten([l, l])", "for a in l return reverse(l)",
         "for a in l return concatenate(l, l)", "for a in l return contains(long, string(a))",
         "for a in l return upper case(long)", "for a in l return string length(long + long)",
         "for a in l return a in l",
         "for a in l return sum(l) + max(l) + mean(l)", "for a in l return stddev(l)",
         "for a in l return to json(rows)",
         'for a in l return split(s, "a")', "for a in l return rows.k", "for a in l return union(l, l)",
         "for a in l return substring before(long, \"c\")", "for a in l return deep = deep", "string(deep)",
         "every a in l satisfies every b in l satisfies every c in l satisfies a + b + c >= 0")
    )  # fmt: skip


def _noise(chance: random.Random) -> str:
    pieces = (
        "if", "then", "else", "for", "in", "return", "some", "function", "(", ")", "[", "]", "{", "}", ",", ":", "..",
        "1", '"a"', "x", "l", "rows", "-", "**", "<", "and", "not", "between", "instance of", "null", "?", "partial",
        "item", "monthly rent", "`", "＞", "\U0001f40e", "\x00", "\ud800", "@", '"', "/*", "//", ".", "sort", "sum",
    )  # fmt: skip
    return chance.choice(("", " ")).join(chance.choices(pieces, k=chance.randint(1, 300)))


FAMILIES: dict[str, Family] = {
    "nesting": _nested, "loops": _loop, "patterns": _pattern, "growth": _growth, "numbers": _number,
    "recursion": _recursion, "large": _large, "quadratic": _quadratic, "noise": _noise,
}  # fmt: skip


def texts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """`count` pairs of family and text, the families in turn."""
    chance = random.Random(seed)
    names = list(FAMILIES)
    for number in range(count):
        name = names[number % len(names)]
        yield name, FAMILIES[name](chance)


def attack(family: str, text: str) -> Outcome:
    """Compile, evaluate and make the value storable, as the engine does. Raises for what must never happen."""
    begun = time.thread_time()
    try:
        result = feel.evaluate(text, CONTEXT)
    except feel.FeelSyntaxError as error:
        ended = "refused" if str(error) and error.facts["expected"] else "refused without a reason"
        return Outcome(family, text, ended, time.thread_time() - begun)
    ended = "value"
    if result.value is None:
        ended = "budget" if result.over_budget else "null" if result.diagnostics else "null without a reason"
    else:
        try:
            normalise(result.value)
        except InvalidValue:
            ended = "not storable"
    return Outcome(family, text, ended, time.thread_time() - begun)


def main() -> int:
    """Run as many as were asked for."""
    parser = argparse.ArgumentParser(prog="tests.hostile_feel")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=0.05, help="seconds of evaluation, 1 in production")
    options = parser.parse_args()
    evaluation.SECONDS_LIMIT = options.budget
    limit = options.budget + LIMIT_S
    outcomes = []
    for family, text in texts(options.count, options.seed):
        outcome = attack(family, text)
        outcomes.append(outcome)
        if outcome.seconds > limit or outcome.ended not in ENDINGS:
            sys.stdout.write(f"WRONG {outcome.ended} {outcome.seconds:.1f} s {family}: {text[:160]!r}\n")
            sys.stdout.flush()
    counts = Counter((outcome.family, outcome.ended) for outcome in outcomes)
    for (family, ended), number in sorted(counts.items()):
        sys.stdout.write(f"{family:10} {ended:13} {number}\n")
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"slowest {slowest.seconds:.2f} s, {slowest.text[:120]!r}; peak memory {peak} MB\n")
    return int(slowest.seconds > limit or any(outcome.ended not in ENDINGS for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
