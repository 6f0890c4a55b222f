"""What people read about the built-in functions: a sentence, an example and its value.

Beside the table of the registry, so that the declarations stay short; a test compares both and evaluates each example.
"""

from dataclasses import dataclass

from engine.errors import N_
from engine.feel.builtins import EXTRAS, TABLE, BuiltIn


@dataclass(frozen=True, slots=True)
class Entry:
    """`doc`: English source of a translated sentence. `value`: of the example, as the function `string` writes it."""

    doc: str
    example: str
    value: str


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """A built-in for an editor. `forms`: its parameter lists. `result`: a type. `standard`: it is in DMN."""

    name: str
    family: str
    forms: tuple[tuple[str, ...], ...]
    result: str
    doc: str
    example: str
    value: str
    standard: bool


ENTRIES: dict[str, Entry] = {
    # booleans
    "not": Entry(N_("True for false, false for true."), "not(true)", "false"),
    "is": Entry(
        N_("Whether both are the same value of the same type, the zone of a time included."),
        "is(1, 1.0)", "true",
    ),
    "all": Entry(N_("Whether every item is true; true for an empty list."), "all([true, false])", "false"),
    "any": Entry(N_("Whether some item is true; false for an empty list."), "any([true, false])", "true"),
    # Chinese documents
    "cny words": Entry(
        N_("An amount in Chinese capital numerals, rounded to 分."),
        "cny words(1234.5)", "壹仟贰佰叁拾肆元伍角整",
    ),
    # contexts
    "get value": Entry(
        N_("The value of a key, or at the end of a path of keys; null where there is none."),
        'get value({a: 1}, "a")', "1",
    ),
    "get entries": Entry(
        N_("A list of {key, value}, one for each entry."),
        "get entries({a: 1})", '[{key: "a", value: 1}]',
    ),
    "context": Entry(
        N_("A context of a list of {key, value}; null for a key twice."), 'context([{key: "a", value: 1}])', "{a: 1}"
    ),
    "context put": Entry(
        N_("The context with one more entry, or another value in it; a list of keys leads to an entry deeper down."),
        'context put({a: 1}, "b", 2)', "{a: 1, b: 2}",
    ),
    "context merge": Entry(N_("All contexts as one; later entries win."), "context merge([{a: 1}, {a: 2}])", "{a: 2}"),
    # conversion
    "number": Entry(
        N_("The number that a text says; separators may be given."), 'number("1,000.5", ",", ".")', "1000.5"
    ),
    "string": Entry(N_("The value as text."), "string(1.50)", "1.50"),
    "date": Entry(
        N_("A date of a text, of a date and time, or of year, month and day."),
        "date(2026, 3, 1)", "2026-03-01",
    ),
    "date and time": Entry(
        N_("A date and time of a text, of a date and a time, or of numbers; with a zone, the same instant there."),
        'date and time("2026-03-01T10:00:00@Asia/Shanghai")', "2026-03-01T10:00:00@Asia/Shanghai",
    ),
    "time": Entry(
        N_("A time of a text, of a date and time, or of hour, minute, second and offset."),
        "time(10, 30, 0)", "10:30:00",
    ),
    "duration": Entry(
        N_("A duration of a text: days and time, or years and months."), 'duration("P1DT2H")', "P1DT2H"
    ),
    "years and months duration": Entry(
        N_("The whole months from one date to another."),
        'years and months duration(date("2025-01-31"), date("2026-03-01"))', "P1Y1M",
    ),
    "range": Entry(N_("A range of its text."), 'range("[1..5)")', "[1..5)"),
    # dates
    "now": Entry(
        N_("The date and time now, in the zone of the process."),
        "now()", "2026-03-02T02:30:00@Asia/Shanghai",
    ),
    "today": Entry(N_("The date today, in the zone of the process."), "today()", "2026-03-02"),
    "day of year": Entry(N_("1 to 366."), 'day of year(date("2026-03-01"))', "60"),
    "day of week": Entry(N_("The English name of the day."), 'day of week(date("2026-03-01"))', "Sunday"),
    "month of year": Entry(N_("The English name of the month."), 'month of year(date("2026-03-01"))', "March"),
    "week of year": Entry(N_("The week by ISO 8601, 1 to 53."), 'week of year(date("2026-03-01"))', "9"),
    "last day of month": Entry(
        N_("The date of the last day of the month."), 'last day of month(date("2026-02-10"))', "2026-02-28"
    ),
    # extras of Camunda
    "is defined": Entry(N_("Whether the value is not null."), "is defined(null)", "false"),
    "get or else": Entry(N_("The first value; the second when it is null."), "get or else(null, 3)", "3"),
    "assert": Entry(N_("The value when the condition is true, else null with the cause."), "assert(5, 5 > 3)", "5"),
    "is blank": Entry(N_("Whether a text holds only white space."), 'is blank("  ")', "true"),
    "trim": Entry(N_("The text without white space at both ends."), 'trim(" a ")', "a"),
    "extract": Entry(N_("Every match of a pattern."), 'extract("a1b22", "[0-9]+")', '["1", "22"]'),
    "to base64": Entry(N_("The text in Base64."), 'to base64("FEEL")', "RkVFTA=="),
    "to json": Entry(N_("The value as JSON text."), "to json({a: [1, true]})", '{"a":[1,true]}'),
    "from json": Entry(N_("The value that a JSON text says."), 'from json("[1, 2]")', "[1, 2]"),
    # lists
    "list contains": Entry(N_("Whether the list has this item."), "list contains([1, 2], 2)", "true"),
    "count": Entry(N_("How many items there are."), "count([5, null])", "2"),
    "min": Entry(N_("The smallest item; null for an empty list."), "min([3, 1, 2])", "1"),
    "max": Entry(N_("The largest item; null for an empty list."), "max(3, 1, 2)", "3"),
    "sum": Entry(N_("The sum of numbers or of durations; null for an empty list."), "sum([1, 2.5])", "3.5"),
    "mean": Entry(N_("The average; null for an empty list."), "mean([1, 2, 6])", "3"),
    "product": Entry(N_("All numbers multiplied; null for an empty list."), "product([2, 3, 4])", "24"),
    "median": Entry(N_("The number in the middle, or the mean of the two there."), "median([8, 2, 5, 3])", "4"),
    "stddev": Entry(
        N_("The standard deviation of a sample; null for fewer than two numbers."),
        "stddev([2, 4, 6])", "2",
    ),
    "mode": Entry(N_("The most frequent numbers, ascending."), "mode([6, 1, 9, 6, 1])", "[1, 6]"),
    "sublist": Entry(
        N_("The items from a position on, at most so many; from the end when negative."),
        "sublist([1, 2, 3], 2)", "[2, 3]",
    ),
    "append": Entry(N_("The list with these items behind it."), "append([1], 2, 3)", "[1, 2, 3]"),
    "concatenate": Entry(N_("All lists as one."), "concatenate([1, 2], [3])", "[1, 2, 3]"),
    "insert before": Entry(
        N_("The list with an item put in before a position."),
        "insert before([1, 3], 2, 2)", "[1, 2, 3]",
    ),
    "remove": Entry(N_("The list without the item at a position."), "remove([1, 2, 3], 2)", "[1, 3]"),
    "list replace": Entry(
        N_("The list with another item at a position, or for each item that a function finds."),
        "list replace([2, 4, 7], function(item, newItem) item < newItem, 5)", "[5, 5, 7]",
    ),
    "reverse": Entry(N_("The last item first."), "reverse([1, 2, 3])", "[3, 2, 1]"),
    "index of": Entry(N_("All positions of an item."), "index of([1, 2, 1], 1)", "[1, 3]"),
    "union": Entry(N_("All lists as one, each value once."), "union([1, 2], [2, 3])", "[1, 2, 3]"),
    "distinct values": Entry(
        N_("Each value once, in the order of its first place."),
        "distinct values([1, 2, 1])", "[1, 2]",
    ),
    "duplicate values": Entry(N_("The values that occur more than once."), "duplicate values([1, 2, 1])", "[1]"),
    "flatten": Entry(N_("Lists in lists as one list."), "flatten([1, [2, [3]]])", "[1, 2, 3]"),
    "sort": Entry(
        N_("The items in order; a function says whether one comes before another."),
        "sort([3, 1, 2], function(a, b) a > b)", "[3, 2, 1]",
    ),
    "partition": Entry(N_("Lists of at most so many items."), "partition([1, 2, 3], 2)", "[[1, 2], [3]]"),
    "is empty": Entry(N_("Whether there are no items."), "is empty([])", "true"),
    # numbers
    "decimal": Entry(N_("Rounded to so many decimals, half to the even digit."), "decimal(2.345, 2)", "2.34"),
    "floor": Entry(N_("Rounded down, towards minus infinity."), "floor(-1.5)", "-2"),
    "ceiling": Entry(N_("Rounded up, towards infinity."), "ceiling(-1.5)", "-1"),
    "round up": Entry(N_("Rounded away from zero."), "round up(5.01, 0)", "6"),
    "round down": Entry(N_("Rounded towards zero."), "round down(5.99, 1)", "5.9"),
    "round half up": Entry(
        N_("Rounded to the nearest, half away from zero: 四舍五入."),
        "round half up(2.345, 2)", "2.35",
    ),
    "round half down": Entry(N_("Rounded to the nearest, half towards zero."), "round half down(2.345, 2)", "2.34"),
    "abs": Entry(N_("A number or duration without its sign."), "abs(-5)", "5"),
    "modulo": Entry(N_("The rest of a division, with the sign of the divisor."), "modulo(-12, 5)", "3"),
    "sqrt": Entry(N_("The square root; null for a negative number."), "sqrt(16)", "4"),
    "log": Entry(N_("The natural logarithm."), "decimal(log(10), 4)", "2.3026"),
    "exp": Entry(N_("e to this power."), "decimal(exp(1), 4)", "2.7183"),
    "odd": Entry(N_("Whether a whole number is odd."), "odd(5)", "true"),
    "even": Entry(N_("Whether a whole number is even."), "even(5)", "false"),
    # ranges
    "before": Entry(N_("Whether the first lies wholly before the second."), "before(1, [5..8])", "true"),
    "after": Entry(N_("Whether the first lies wholly behind the second."), "after(9, [5..8])", "true"),
    "meets": Entry(N_("Whether the first ends where the second begins."), "meets([1..5], [5..8])", "true"),
    "met by": Entry(N_("Whether the first begins where the second ends."), "met by([5..8], [1..5])", "true"),
    "overlaps": Entry(N_("Whether both have something in common."), "overlaps([1..5], [3..8])", "true"),
    "overlaps before": Entry(
        N_("Whether the first begins earlier and reaches into the second."),
        "overlaps before([1..5], [3..8])", "true",
    ),
    "overlaps after": Entry(
        N_("Whether the first begins within the second and ends later."),
        "overlaps after([3..8], [1..5])", "true",
    ),
    "finishes": Entry(
        N_("Whether the first ends where the second ends and lies within it."),
        "finishes(5, [1..5])", "true",
    ),
    "finished by": Entry(
        N_("Whether the second ends where the first ends and lies within it."),
        "finished by([1..5], 5)", "true",
    ),
    "includes": Entry(N_("Whether the second lies within the first."), "includes([1..5], 3)", "true"),
    "during": Entry(N_("Whether the first lies within the second."), "during(3, [1..5])", "true"),
    "starts": Entry(
        N_("Whether the first begins where the second begins and lies within it."),
        "starts(1, [1..5])", "true",
    ),
    "started by": Entry(
        N_("Whether the second begins where the first begins and lies within it."),
        "started by([1..5], 1)", "true",
    ),
    "coincides": Entry(N_("Whether both are the same point or range."), "coincides([1..5], [1..5])", "true"),
    # strings
    "substring": Entry(
        N_("The text from a position on, at most so many characters; from the end when negative."),
        'substring("foobar", -3, 2)', "ba",
    ),
    "string length": Entry(N_("How many characters there are."), 'string length("金额")', "2"),
    "upper case": Entry(N_("All letters large."), 'upper case("abc")', "ABC"),
    "lower case": Entry(N_("All letters small."), 'lower case("ABC")', "abc"),
    "substring before": Entry(
        N_("What stands before a text; empty when it does not occur."),
        'substring before("foobar", "bar")', "foo",
    ),
    "substring after": Entry(
        N_("What stands behind a text; empty when it does not occur."),
        'substring after("foobar", "foo")', "bar",
    ),
    "contains": Entry(N_("Whether one text occurs in another."), 'contains("foobar", "ob")', "true"),
    "starts with": Entry(N_("Whether a text begins with another."), 'starts with("foobar", "foo")', "true"),
    "ends with": Entry(N_("Whether a text ends with another."), 'ends with("foobar", "bar")', "true"),
    "matches": Entry(
        N_("Whether a pattern occurs in a text; flags s, m, i, x."),
        'matches("foobar", "^FO+", "i")', "true",
    ),
    "replace": Entry(
        N_("Every match of a pattern replaced; $1 is its first group."),
        'replace("abcd", "(ab)|(a)", "[$1]")', "[ab]cd",
    ),
    "split": Entry(N_("The parts between the matches of a pattern."), 'split("a;b;;c", ";")', '["a", "b", "", "c"]'),
    "string join": Entry(
        N_("Texts as one, with a delimiter between them; nulls are left out."),
        'string join(["a", "b"], "-")', "a-b",
    ),
    # people
    "belongs to": Entry(
        N_("Whether somebody works in a department or in one below it. A person is a login, or process.initiator."),
        'belongs to("ann", "sales")', "true",
    ),
    "has role": Entry(
        N_("Whether somebody is in a group. A person is a login, or process.initiator."),
        'has role("ann", "managers")', "false",
    ),
    # work days
    "work days between": Entry(
        N_("Work days after the first date, up to and with the second, by the work calendar."),
        'work days between(date("2026-03-06"), date("2026-03-10"))', "2",
    ),
    "add work days": Entry(
        N_("The n-th work day after a date, by the work calendar."),
        'add work days(date("2026-03-06"), 2)', "2026-03-10",
    ),
    "add work time": Entry(
        N_("Later by this much of working hours, by the work calendar."),
        'add work time(date and time("2026-03-06T17:00:00"), duration("PT2H"))', "2026-03-09T10:00:00",
    ),
}  # fmt: skip


def functions() -> list[FunctionInfo]:
    """Every built-in function, family by family."""
    return [_info(name) for name in TABLE]


def _info(name: str) -> FunctionInfo:
    call, entry = TABLE[name].call, ENTRIES[name]
    assert isinstance(call, BuiltIn)  # noqa: S101 - the table holds nothing else
    first = call.overloads[0]
    forms = tuple(
        tuple(f"{parameter.name}{'?' if parameter.optional else ''}" for parameter in overload.parameters)
        for overload in call.overloads
    )
    family = first.function.__module__.rpartition(".")[2]
    result = {"any": "Any", "type of list": "list"}.get(first.result, first.result)
    return FunctionInfo(
        name, family, tuple(dict.fromkeys(forms)), "Any" if " of " in result else result, entry.doc, entry.example,
        entry.value, name not in EXTRAS,
    )  # fmt: skip
