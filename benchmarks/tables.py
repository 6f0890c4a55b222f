"""Analysis and evaluation of decision tables of a size that people draw: 100 rules, 6 inputs of four kinds."""

import random
import time
from xml.sax.saxutils import escape

from engine import dmn

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NUMBER_ENDS = [0, 500, 1000, 5000, 20000, 100000]
DAYS = ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]
WORDS = ["sales", "finance", "production", "hr", "it"]
INPUTS = ("amount", "days", "start", "department", "urgent", "level")


def complete(rules: int, seed: int = 7) -> bytes:
    """A unique table without gap or overlap: the whole space, cut again and again at one column."""
    chance = random.Random(seed)
    boxes: list[tuple[tuple[int, int], ...]] = [((0, 7), (0, 7), (0, 5), (0, 6), (0, 2), (0, 6))]
    while len(boxes) < rules:
        box = boxes.pop(chance.randrange(len(boxes)))
        wide = [column for column, (low, high) in enumerate(box) if high - low > 1]
        if not wide:
            boxes.append(box)
            continue
        column = chance.choice(wide)
        low, high = box[column]
        middle = chance.randrange(low + 1, high)
        for part in ((low, middle), (middle, high)):
            boxes.append((*box[:column], part, *box[column + 1 :]))
    chance.shuffle(boxes)
    return _model([[*map(_cell, range(6), box), f'"{number}"'] for number, box in enumerate(boxes)], "UNIQUE")


def scattered(rules: int, seed: int = 7, policy: str = "UNIQUE") -> bytes:
    """Random boxes: gaps and overlaps everywhere."""
    chance = random.Random(seed)
    sizes = (7, 7, 5, 6, 2, 6)
    made = []
    for number in range(rules):
        box = []
        for size in sizes:
            low = chance.randrange(size) if chance.random() < 0.7 else 0
            box.append((low, chance.randrange(low + 1, size + 1) if low else size))
        made.append([*map(_cell, range(6), box), str(number % 3)])
    return _model(made, policy)


def _cell(column: int, part: tuple[int, int]) -> str:
    low, high = part
    if column in (0, 1):
        return _span([str(end * (1 if column == 0 else 3)) for end in NUMBER_ENDS], low, high)
    if column == 2:
        return _span([f'@"{day}"' for day in DAYS], low, high)
    if column == 4:
        return "-" if high - low == 2 else ("true", "false")[low]
    if (low, high) == (0, len(WORDS) + 1):
        return "-"
    if high == len(WORDS) + 1:
        return f"not({', '.join(_quoted(WORDS[:low]))})"
    return ", ".join(_quoted(WORDS[low:high]))


def _span(ends: list[str], low: int, high: int) -> str:
    if (low, high) == (0, len(ends) + 1):
        return "-"
    if low == 0:
        return f"< {ends[high - 1]}"
    if high == len(ends) + 1:
        return f">= {ends[low - 1]}"
    return f"[{ends[low - 1]}..{ends[high - 1]})"


def _quoted(words: list[str]) -> list[str]:
    return [f'"{word}"' for word in words]


def _model(rules: list[list[str]], policy: str) -> bytes:
    columns = "".join(
        f'<input id="i_{name}"><inputExpression><text>{name}</text></inputExpression></input>' for name in INPUTS
    )
    rows = ""
    for number, cells in enumerate(rules, 1):
        tests = "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in cells[:-1])
        rows += f'<rule id="r{number}">{tests}<outputEntry><text>{escape(cells[-1])}</text></outputEntry></rule>'
    xml = (
        f'<definitions xmlns="{NAMESPACE}" id="d" name="d" namespace="urn:bench"><decision id="t" name="t">'
        f'<decisionTable id="tab" hitPolicy="{policy}">{columns}<output id="o"><outputValues><text>0, 1, 2</text>'
        f"</outputValues></output>{rows}</decisionTable></decision></definitions>"
    )
    if policy == "UNIQUE":
        xml = xml.replace("<outputValues><text>0, 1, 2</text></outputValues>", "")
    return xml.encode()


def measure() -> dict[str, dict[str, float]]:
    """CPU milliseconds by kind of table, the best of five: reading with all checks of the cells, and the analysis."""
    figures = {}
    for name, xml in {
        "complete, 100 rules × 6 inputs": complete(100),
        "scattered, 100 × 6": scattered(100),
        "scattered, priority, 100 × 6": scattered(100, policy="PRIORITY"),
        "complete, 300 × 6": complete(300),
    }.items():
        taken = [_once(xml) for _ in range(5)]
        figures[name] = {"read": min(of[0] for of in taken), "analyse": min(of[1] for of in taken)}
    return figures


def _once(xml: bytes) -> tuple[float, float]:
    started = time.process_time()
    model = read(xml)
    between = time.process_time()
    dmn.analyse(model)
    return (between - started) * 1000, (time.process_time() - between) * 1000


def read(xml: bytes) -> dmn.Model:
    """The model of a table made here."""
    model = dmn.read(xml).model
    if model is None:
        raise ValueError(xml[:200])
    return model


def report(figures: dict[str, dict[str, float]]) -> str:
    """A table in Markdown."""
    lines = [
        "### Decision tables",
        "",
        "| table | read and check, CPU ms | gaps, overlaps …, CPU ms |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {name} | {of['read']:.1f} | {of['analyse']:.1f} |" for name, of in figures.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(report(measure()))
