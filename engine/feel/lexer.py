"""Text to tokens: numbers, strings, operators, and names by longest match.

A name may hold spaces and operators when it is known: from the scope, from the built-ins, or bound earlier in the same
text. Where a name is bound (`for X in`, `{X:`, `function(X,`), everything up to the delimiter is the name.
Full-width punctuation is never part of an unknown name: `金额＞5000` is an error that says so, not one name.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from lark import Token
from lark.lexer import Lexer

from engine.errors import N_, Phrase
from engine.feel.diagnostics import FeelSyntaxError

TEXT_LIMIT = 20_000
NESTING_LIMIT = 200

KEYWORDS = {
    word: word.upper()
    for word in [
        "null",
        "true",
        "false",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "function",
        "external",
        "instance",
        "of",
        "between",
        "and",
        "or",
    ]
}
OPERATORS = {
    "..": "DOTS", "->": "ARROW", "<=": "LESS_EQ", ">=": "GREATER_EQ", "!=": "NOT_EQ", "**": "POWER", "<": "LESS",
    ">": "GREATER", "=": "EQ", "+": "PLUS", "-": "MINUS", "*": "TIMES", "/": "DIVIDE", "(": "LPAR", ")": "RPAR",
    "[": "LBRACK", "]": "RBRACK", "{": "LBRACE", "}": "RBRACE", ",": "COMMA", ":": "COLON", ".": "DOT", "?": "INPUT",
}  # fmt: skip
CLOSERS = {"RPAR": "LPAR", "RBRACK": "LBRACK", "CLOSE_OPEN": "OPEN_LEFT", "RBRACE": "LBRACE"}
OPENERS = frozenset(CLOSERS.values())
OPERAND_ENDS = frozenset(
    ["NAME", "NUMBER", "STRING", "AT", "INPUT", "NULL", "TRUE", "FALSE", "RPAR", "RBRACK", "RBRACE", "CLOSE_OPEN"]
)
"""A token of these kinds ends an operand: a bracket behind it filters, a minus subtracts."""

_SPACE = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_OPAQUE = re.compile(rf"{_STRING.pattern}|//[^\n]*|/\*.*?\*/|`[^`]*`", re.DOTALL)
"""What the lexer takes in one piece: a quote inside of it begins nothing."""
_OPERATOR = re.compile("|".join(re.escape(operator) for operator in sorted(OPERATORS, key=len, reverse=True)))
_ESCAPE = re.compile(
    r"((?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{6}|\\.)",
    re.DOTALL,
)
_ESCAPED = {"\\n": "\n", "\\t": "\t", "\\r": "\r", '\\"': '"', "\\'": "'", "\\\\": "\\"}
_BOUND_NAME = re.compile(r"""[^\s"'(){}\[\],:<>=@`][^"(){}\[\],:<>=@`]*""")
_FULL_WIDTH = {
    "，": ",", "（": "(", "）": ")", "＞": ">", "＜": "<", "＝": "=", "：": ":", "；": ";", "。": ".", "“": '"',
    "”": '"', "‘": "'", "’": "'", "＋": "+", "－": "-", "＊": "*", "／": "/", "［": "[", "］": "]", "｛": "{",
    "｝": "}", "！": "!", "≥": ">=", "≤": "<=", "≠": "!=", "？": "?", "【": "[", "】": "]", "、": ",",
}  # fmt: skip


def is_name_start(char: str) -> bool:
    """Letters of any script, `_`, symbols such as emoji; not digits, not punctuation, not full-width forms."""
    if char.isascii():
        return char.isalpha() or char == "_"
    return (
        unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "So", "Cs", "Co") and char not in _FULL_WIDTH
    )


def is_name_part(char: str) -> bool:
    """What may follow: also digits and marks."""
    if char.isascii():
        return char.isalnum() or char == "_"
    return is_name_start(char) or unicodedata.category(char) in ("Mn", "Mc", "Nd", "Pc", "Cf")


def is_simple(name: str) -> bool:
    """A name that needs no declaration."""
    if name.isidentifier():
        return name not in KEYWORDS
    return name != "" and is_name_start(name[0]) and all(is_name_part(char) for char in name) and name not in KEYWORDS


def normal_name(name: str) -> str:
    """NFC, runs of white space as one space."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def normal_text(text: str) -> str:
    """NFC, so that names are found however they were typed; what stands between quotes is a value and stays."""
    if unicodedata.is_normalized("NFC", text):
        return text
    parts, position = [], 0
    for match in _OPAQUE.finditer(text):
        if match[0].startswith('"'):
            parts += [unicodedata.normalize("NFC", text[position : match.start()]), match[0]]
            position = match.end()
    return "".join([*parts, unicodedata.normalize("NFC", text[position:])])


def unescape(text: str) -> str:
    """The characters of a string literal without its quotes."""
    return _ESCAPE.sub(_unescape_one, text) if "\\" in text else text


def _unescape_one(match: re.Match[str]) -> str:
    found = match[1]
    if found[1] == "u" and len(found) == 12:
        high, low = int(found[2:6], 16), int(found[8:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if found[1] in "uU" and len(found) > 2:
        code = int(found[2:], 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _ESCAPED.get(found, found)


@lru_cache(maxsize=2048)
def _pattern_of(name: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(re.escape(part) for part in name.split(" ")))


class KnownNames:
    """Names that are not simple, by first character, longest first."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, list[str]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """From here on `name` is one token."""
        group = self._by_first.setdefault(name[0], [])
        if name not in group:
            group.append(name)
            group.sort(key=len, reverse=True)

    def matches(self, text: str, position: int) -> Iterator[tuple[str, int]]:
        """Every known name that stands at `position`, longest first, with its end."""
        for name in self._by_first.get(text[position], ()):
            match = _pattern_of(name).match(text, position)
            if match is not None and not (match.end() < len(text) and _continues(name, text[match.end()])):
                yield name, match.end()


def _continues(name: str, char: str) -> bool:
    return is_name_part(name[-1]) and is_name_part(char)


class Source:
    """One text with what is known about its names: what the parser is given."""

    def __init__(self, text: str, names: Iterable[str], unary: bool, banned: frozenset[tuple[int, str]]) -> None:
        self.text = text
        self.names = KnownNames(names)
        self.unary = unary
        self.banned = banned
        self.long_names: list[tuple[int, str]] = []
        """Where a name that is not simple was taken: what the parser can go back on."""

    def error(self, position: int, expected: str, found: str, remedy: str = "") -> FeelSyntaxError:
        """A syntax error of this text."""
        return FeelSyntaxError(text=self.text[:200], position=position, expected=expected, found=found, remedy=remedy)


class FeelLexer(Lexer):
    """The lexer that lark calls; the work is done by `tokens`."""

    def __init__(self, lexer_conf: Any) -> None:
        del lexer_conf

    def lex(self, data: Any) -> Iterator[Token]:  # type: ignore[override]  # lark asks for either form
        """Tokens of a Source."""
        return tokens(data)


def tokens(source: Source) -> Iterator[Token]:
    """The tokens of `source` with their positions. Raises FeelSyntaxError."""
    text, position = source.text, 0
    last = ""
    stack: list[str] = []
    binding: list[str] = []  # for each open bracket: what a name followed by ":" would be there
    iterating = False  # between `for` and its first `in`, and after a comma of the iterators
    iterator_depth: list[int] = []
    while True:
        position = _skip(source, position)
        if position >= len(text):
            return
        token = None
        if iterating:
            token = _bound_until_in(source, position)
            iterating = False
        elif last in ("LBRACE", "COMMA") and stack and stack[-1] == "LBRACE":
            token = _bound_until(source, position, ":")
        elif last in ("LPAR", "COMMA") and stack and stack[-1] == "LPAR" and binding[-1] == "parameters":
            token = _bound_until(source, position, ":,)")
        elif last in ("LPAR", "COMMA") and stack and stack[-1] == "LPAR" and binding[-1] == "arguments":
            token = _argument_name(source, position)
        if token is None:
            token = _token(source, position, last, stack, binding)
        kind = token.type
        if kind == "STRING" and last in ("LBRACE", "COMMA") and stack and stack[-1] == "LBRACE":
            _learn(source, normal_name(token.value))
        if kind in OPENERS:
            if len(stack) >= NESTING_LIMIT:
                raise source.error(
                    position, Phrase(N_("at most {limit} open brackets"), limit=NESTING_LIMIT), N_("one more")
                )
            binding.append("parameters" if last == "FUNCTION" else "arguments" if last in OPERAND_ENDS else "")
            stack.append(kind)
        elif kind in CLOSERS and stack:
            stack.pop()
            binding.pop()
        elif kind in ("FOR", "SOME", "EVERY"):
            iterating = True
            iterator_depth.append(len(stack))
        elif kind in ("RETURN", "SATISFIES") and iterator_depth:
            iterator_depth.pop()
        elif kind == "COMMA" and iterator_depth and iterator_depth[-1] == len(stack):
            iterating = True
        yield token
        last = kind
        position = token.end_pos or position + 1


def _skip(source: Source, position: int) -> int:
    match = _SPACE.match(source.text, position)
    position = match.end() if match else position
    if source.text.startswith("/*", position):
        raise source.error(position, N_("the end of the comment, */"), N_("the end of the text"))
    return position


def _make(kind: str, value: Any, start: int, end: int) -> Token:
    return Token(kind, value, start_pos=start, end_pos=end)


def _token(source: Source, position: int, last: str, stack: list[str], binding: list[str]) -> Token:
    text = source.text
    char = text[position]
    if char == '"':
        return _string(source, position)
    if char == "@":
        start = _skip(source, position + 1)
        if start < len(text) and text[start] == '"':
            literal = _string(source, start)
            return _make("AT", literal.value, position, literal.end_pos or start)
        raise source.error(position, N_('a date, time or duration as @"..."'), "@")
    if char == "`":
        end = text.find("`", position + 1)
        if end < 0:
            raise source.error(position, N_("a closing `"), N_("the end of the text"))
        return _make("NAME", normal_name(text[position + 1 : end]), position, end + 1)
    for name, end in source.names.matches(text, position):
        if (position, name) not in source.banned:
            source.long_names.append((position, name))
            return _make("NAME", name, position, end)
    match = _NUMBER.match(text, position)
    if match is not None and not (char == "." and last in OPERAND_ENDS):
        return _make("NUMBER", match[0], position, match.end())
    if is_name_start(char):
        return _word(source, position, last)
    match = _OPERATOR.match(text, position)
    if match is None:
        remedy = Phrase(N_("Use the half-width {sign}"), sign=_FULL_WIDTH[char]) if char in _FULL_WIDTH else ""
        raise source.error(position, "FEEL", f"'{char}'", remedy)
    kind = OPERATORS[match[0]]
    if kind == "RBRACK" and last not in OPERAND_ENDS and last != "LBRACK":
        kind = "OPEN_LEFT"
    elif kind == "LBRACK" and stack and last in OPERAND_ENDS and _closes_open(source, match.end()):
        kind = "CLOSE_OPEN"
    return _make(kind, match[0], position, match.end())


def _closes_open(source: Source, position: int) -> bool:
    """Whether a `[` behind an operand ends `[a..b[`: nothing that could begin a filter follows."""
    position = _skip(source, position)
    if position >= len(source.text) or source.text[position] in ")],}=<>!*/+.:":
        return True
    word = re.match(r"(and|or|then|else|return|satisfies|in|between|instance)\b", source.text[position:])
    return word is not None


def _word(source: Source, position: int, last: str) -> Token:
    text, end = source.text, position + 1
    while end < len(text) and is_name_part(text[end]):
        end += 1
    word = text[position:end]
    if last == "DOT":
        return _make("NAME", word, position, end)
    if source.unary and word == "not" and last == "" and _spans_all(text, end):
        return _make("UNARY_NOT", word, position, end)
    return _make(KEYWORDS.get(word, "NAME"), word, position, end)


def enclosing(source: Source, start: int, end: int) -> tuple[int, int]:
    """What stands from `start` to `end`, with both of each pair of brackets of which one stands there."""
    opened: list[int] = []
    for token in tokens(source):
        if token.type in CLOSERS and opened:
            first, last = opened.pop(), token.end_pos or 0
            if start <= first < end or start < last <= end:
                start, end = min(start, first), max(end, last)
        elif token.type in OPENERS:
            opened.append(token.start_pos or 0)
    return start, end


def _spans_all(text: str, position: int) -> bool:
    """Whether the bracket that opens behind `not` closes at the end of the text."""
    rest = text[position:].strip()
    if not (rest.startswith("(") and rest.endswith(")")):
        return False
    depth, index = 0, 0
    while index < len(rest):
        quoted = _STRING.match(rest, index)
        if quoted is not None:
            index = quoted.end()
            continue
        depth += {"(": 1, ")": -1}.get(rest[index], 0)
        index += 1
        if depth == 0:
            return index == len(rest)
    return False


def _string(source: Source, position: int) -> Token:
    match = _STRING.match(source.text, position)
    if match is None:
        raise source.error(position, N_('a closing "'), N_("the end of the text"))
    return _make("STRING", unescape(match[1]), position, match.end())


# ---------------------------------------------------------------- names where they are bound


def _bind(source: Source, raw: str, position: int) -> Token | None:
    name = normal_name(raw)
    if not name:
        return None
    _learn(source, name)
    return _make("NAME", name, position, position + len(raw.rstrip()))


def _learn(source: Source, name: str) -> None:
    if name and not is_simple(name):
        source.names.add(name)


def _bound_until(source: Source, position: int, delimiters: str) -> Token | None:
    match = _BOUND_NAME.match(source.text, position)
    if match is None or match.end() >= len(source.text) or source.text[match.end()] not in delimiters:
        return None
    return _bind(source, match[0], position)


def _bound_until_in(source: Source, position: int) -> Token | None:
    match = re.compile(r"""([^\s"(){}\[\],:<>=@`][^"(){}\[\],:<>=@`]*?)\s+in\b""").match(source.text, position)
    return _bind(source, match[1], position) if match is not None else None


def _argument_name(source: Source, position: int) -> Token | None:
    match = re.compile(r"[^\W\d]\w*(?:\s+\w+|\s*'\w*)*(?=\s*:)").match(source.text, position)
    return _make("NAME", normal_name(match[0]), position, match.end()) if match is not None else None
