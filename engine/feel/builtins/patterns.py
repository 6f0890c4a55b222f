"""Regular expressions of XPath as ones of Python: translated once, refused when they could run away."""

import re
import sys
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from engine.errors import N_, Phrase
from engine.feel.builtins.backtracking import Effort, Endless, effort
from engine.feel.diagnostics import NoValue
from engine.feel.evaluation import spend

SUBJECT_LIMIT = 10_000
PATTERN_LIMIT = 1_000
WAYS_LIMIT = 100_000_000
WAYS_A_STEP = 1_000
_SPACE = " \t\n\r"
_SAMPLE = [chr(code) for code in (*range(0x500), *range(0x3000, 0x3100), *range(0x4E00, 0x4E80), 0xFF01, 0x1F40E)]
_ESCAPES_KEPT = frozenset("nrt\\|.?*+(){}-[]^$dDwWsS")
_NAME_START = "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f" \
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"  # fmt: skip
_NAME = _NAME_START + r"\-.0-9\u00b7\u0300-\u036f\u203f\u2040"
_BLOCKS = {
    "BasicLatin": (0, 0x7F), "Latin-1Supplement": (0x80, 0xFF), "LatinExtended-A": (0x100, 0x17F),
    "Greek": (0x370, 0x3FF), "GreekandCoptic": (0x370, 0x3FF), "Cyrillic": (0x400, 0x4FF), "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF), "Hiragana": (0x3040, 0x309F), "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF), "HangulSyllables": (0xAC00, 0xD7A3),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F), "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
}  # fmt: skip


@lru_cache(maxsize=2_000)
def translate(pattern: str, flags: str) -> "Translated":
    """A compiled pattern. Raises NoValue for a wrong one, an unknown flag, or one that would never end."""
    if len(pattern) > PATTERN_LIMIT:
        raise NoValue(
            "invalid-pattern",
            pattern=pattern[:40],
            reason=Phrase(N_("more than {limit} characters"), limit=PATTERN_LIMIT),
        )
    options = 0
    for flag in flags:
        option = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": 0}.get(flag)
        if option is None:
            raise NoValue("invalid-pattern", pattern=pattern[:40], reason=Phrase(N_("unknown flag {flag}"), flag=flag))
        options |= option
    if "x" in flags:
        pattern = _without_space(pattern)
    parts = _Translator(pattern, "s" in flags, "m" in flags).translate()
    try:
        return Translated(re.compile("".join(parts), options), effort(parts, _characters))
    except Endless:
        reason = N_("a repetition inside of a repetition")
        raise NoValue("invalid-pattern", pattern=pattern[:40], reason=reason) from None
    except (re.error, RecursionError, OverflowError) as error:
        raise NoValue("invalid-pattern", pattern=pattern[:40], reason=str(error)) from None


class Translated(NamedTuple):
    """`effort`: how many ways it may have to try."""

    compiled: re.Pattern[str]
    effort: Effort


def pattern_for(text: str, pattern: str, flags: str = "") -> re.Pattern[str]:
    """The compiled pattern, to be used on this text only. Raises NoValue, and OverBudget when it is not the first."""
    if len(text) > SUBJECT_LIMIT:
        reason: str = Phrase(N_("the text has over {limit} characters"), limit=SUBJECT_LIMIT)
        raise NoValue("invalid-pattern", pattern=pattern[:40], reason=reason)
    translated = translate(pattern, flags)
    ways = translated.effort.of(len(text))
    if ways > WAYS_LIMIT:
        reason = N_("it can match this text in too many ways: make the text shorter or the pattern narrower")
        raise NoValue("invalid-pattern", pattern=pattern[:40], reason=reason)
    spend(1 + ways // WAYS_A_STEP)
    return translated.compiled


@lru_cache(maxsize=4_000)
def _characters(atom: str) -> frozenset[str]:
    """Those of the sample that an atom of a translated pattern matches; all when it is no single character."""
    try:
        compiled = re.compile(atom)
    except re.error:
        return frozenset(_SAMPLE)
    found = frozenset(filter(compiled.fullmatch, _SAMPLE))
    return found or frozenset(_SAMPLE)


def _overlap(atoms: list[str]) -> bool:
    """Whether some character could begin two of these alternatives."""
    seen: set[str] = set()
    for atom in atoms:
        found = _characters(atom)
        if not seen.isdisjoint(found):
            return True
        seen |= found
    return False


def _without_space(pattern: str) -> str:
    """Flag `x`: white space is dropped, except in character classes that are not `\\p{...}`."""
    kept, depth, index = [], 0, 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            following = index + 1
            while depth == 0 and following < len(pattern) and pattern[following] in _SPACE:
                following += 1
            kept.append(char + pattern[following : following + 1])
            index = following + 1
            continue
        depth += {"[": 1, "]": -1}.get(char, 0)
        if depth > 0 or char not in _SPACE:
            kept.append(char)
        index += 1
    return "".join(kept)


class _Translator:
    """One pass over the pattern; keeps count of groups and of repetition inside of repetition."""

    def __init__(self, pattern: str, dot_all: bool, multi_line: bool) -> None:
        self.pattern = pattern
        self.index = 0
        self.dot_all = dot_all
        self.multi_line = multi_line
        self.groups = 0
        self.closed: set[int] = set()

    def _wrong(self, reason: str) -> NoValue:
        return NoValue("invalid-pattern", pattern=self.pattern[:40], reason=reason)

    def translate(self) -> list[str]:
        """The parts of the pattern for Python: atoms, quantifiers, brackets and bars."""
        pattern = self.pattern
        parts: list[str] = []
        open_groups: list[int] = []  # their numbers, 0: not captured
        branches: list[list[int]] = [[0]]  # for each open group, where its alternatives begin in `parts`
        while self.index < len(pattern):
            char = pattern[self.index]
            if char == "\\":
                parts.append(self._escape(False))
            elif char == "[":
                parts.append(self._class())
            elif char == "(":
                number = 0
                if pattern.startswith("(?:", self.index):
                    parts.append("(?:")
                    self.index += 3
                elif pattern.startswith("(?", self.index):
                    raise self._wrong(N_("(? is not part of XPath"))
                else:
                    self.groups += 1
                    number = self.groups
                    parts.append("(")
                    self.index += 1
                open_groups.append(number)
                branches.append([len(parts)])
                continue
            elif char == ")":
                if not open_groups:
                    raise self._wrong(N_("unbalanced )"))
                self.closed.add(open_groups.pop())
                starts = branches.pop()
                firsts = [parts[start] for start in starts if start < len(parts)]
                parts.append(")")
                self.index += 1
                unbounded = re.match(r"[*+]|\{\d+,\}", pattern[self.index :])
                if unbounded and len(starts) > 1 and (len(firsts) < len(starts) or _overlap(firsts)):
                    raise self._wrong(N_("repeated alternatives that begin alike"))
                continue
            elif char in "*+?{":
                match = re.match(r"(?:[*+?]|\{\d+(?:,\d*)?\})\??", pattern[self.index :])
                if match is None:
                    raise self._wrong(N_("a { that is no quantifier"))
                parts.append(match[0])
                self.index += match.end()
                if pattern[self.index : self.index + 1] in ("*", "+", "?"):
                    raise self._wrong(N_("two quantifiers in a row"))
                continue
            elif char in "}]":
                raise self._wrong(Phrase(N_("unbalanced {char}"), char=char))
            else:
                parts.append(self._plain(char))
                self.index += 1
                if char == "|":
                    branches[-1].append(len(parts))
        if open_groups:
            raise self._wrong(N_("unbalanced ("))
        return parts

    def _plain(self, char: str) -> str:
        if char == ".":
            return "." if self.dot_all else r"[^\n\r]"
        if char == "$":
            return "$" if self.multi_line else r"\Z"
        return char

    def _escape(self, in_class: bool) -> str:
        """The escape at `index`; moves behind it."""
        pattern = self.pattern
        if self.index + 1 >= len(pattern):
            raise self._wrong(N_("a lone backslash"))
        char = pattern[self.index + 1]
        self.index += 2
        if char in "pP":
            return self._category(char == "P", in_class)
        if char in "iIcC":
            letters = _NAME_START if char in "iI" else _NAME
            if char in "IC":
                if in_class:
                    raise self._wrong(Phrase(N_("\\{char} in a class"), char=char))
                return f"[^:{letters}]"
            return f":{letters}" if in_class else f"[:{letters}]"
        if char.isdigit() and not in_class:
            digits = char
            while (
                self.index < len(pattern)
                and pattern[self.index].isdigit()
                and int(digits + pattern[self.index]) <= self.groups
            ):
                digits += pattern[self.index]
                self.index += 1
            if int(digits) not in self.closed or digits == "0":
                raise self._wrong(Phrase(N_("there is no group {digits} before it"), digits=digits))
            return f"(?:\\{digits})"
        if char not in _ESCAPES_KEPT:
            raise self._wrong(Phrase(N_("\\{char} is not an escape"), char=char))
        return "\\" + char

    def _category(self, negated: bool, in_class: bool) -> str:
        end = self.pattern.find("}", self.index)
        if self.pattern[self.index : self.index + 1] != "{" or end < 0:
            raise self._wrong(N_("\\p without {}"))
        name = self.pattern[self.index + 1 : end]
        self.index = end + 1
        ranges = _ranges_of(name)
        if ranges is None:
            raise self._wrong(Phrase(N_("there are no characters named {name}"), name=name))
        if negated and in_class:
            ranges = _inverse(ranges)
            negated = False
        text = _ranges_text(ranges)
        if in_class:
            return text
        return f"[{'^' if negated else ''}{text}]" if text else ("(?s:.)" if negated else r"(?!)")

    def _class(self) -> str:
        """The class at `index`, subtraction as a look-ahead; moves behind it."""
        pattern = self.pattern
        self.index += 1
        negated = pattern.startswith("^", self.index)
        if negated:
            self.index += 1
        parts: list[str] = []
        subtracted = ""
        while True:
            if self.index >= len(pattern):
                raise self._wrong(N_("unbalanced ["))
            char = pattern[self.index]
            if char == "]":
                self.index += 1
                break
            if char == "-" and pattern.startswith("-[", self.index):
                self.index += 1
                subtracted = self._class()
                if not pattern.startswith("]", self.index):
                    raise self._wrong(N_("something behind a class subtraction"))
                self.index += 1
                break
            if char == "[":
                raise self._wrong(N_("[ in a class"))
            if char == "\\":
                parts.append(self._escape(True))
            else:
                parts.append("\\" + char if char in "&~|^" else char)
                self.index += 1
        if not parts:
            raise self._wrong(N_("an empty class"))
        text = f"[{'^' if negated else ''}{''.join(parts)}]"
        return f"(?:(?!{subtracted}){text})" if subtracted else text


@lru_cache(maxsize=128)
def _ranges_of(name: str) -> tuple[tuple[int, int], ...] | None:
    if name.startswith("Is"):
        block = _BLOCKS.get(name[2:])
        return (block,) if block is not None else None
    if name[:1] not in tuple("LMNPZSC") or len(name) > 2:
        return None
    ranges: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(name):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = ranges[-1][0], code
            else:
                ranges.append((code, code))
    return tuple(ranges) or None


def _inverse(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    gaps, start = [], 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= sys.maxunicode:
        gaps.append((start, sys.maxunicode))
    return tuple(gaps)


def _ranges_text(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(
        f"{re.escape(chr(low))}-{re.escape(chr(high))}" if low != high else re.escape(chr(low)) for low, high in ranges
    )
