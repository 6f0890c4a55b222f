"""Functions for Chinese business documents."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from engine.feel.builtins.registry import builtin
from engine.feel.diagnostics import NoValue
from engine.feel.values import as_decimal, describe

DIGITS = "零壹贰叁肆伍陆柒捌玖"
UNITS = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
LIMIT = Decimal(10) ** 16


@builtin("cny words(amount: number) -> string", extra=True)
def cny_words(amount: Any) -> str:
    """人民币大写: 1234.5 is 壹仟贰佰叁拾肆元伍角整; rounded to 分. Cf. 支付结算办法, 附一."""
    value = abs(as_decimal(amount))
    if value >= LIMIT:
        raise NoValue("out-of-range", what="cny words", found=describe(amount))
    cents = int(value.quantize(Decimal("0.01"), ROUND_HALF_UP).scaleb(2))
    yuan, rest = divmod(cents, 100)
    jiao, fen = divmod(rest, 10)
    words = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        words += f"{DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    if fen:
        words += f"{DIGITS[fen]}分"
    sign = "负" if amount < 0 and cents else ""
    return sign + (words or "零元") + ("" if fen else "整")


def _whole(number: int) -> str:
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words, zero = "", False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            zero = True
            if place == 2 and len(groups) > 3:
                words += "亿"
            continue
        if words and (zero or group < 1_000):
            words += "零"
        zero = False
        words += _four(group) + ("万" if place == 3 and groups[2] else GROUPS[place])
    return words


def _four(number: int) -> str:
    words, zero = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if zero else "") + DIGITS[digit] + UNITS[place]
            zero = False
        else:
            zero = bool(words)
    return words
