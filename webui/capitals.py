"""人民币大写: an amount in Chinese capitals, as it stands on what is paid or printed."""

import re
from decimal import Decimal
from typing import Any

from engine.errors import N_, InvalidValue
from engine.forms import FormField
from engine.values import HOME_CURRENCY

CURRENCY = HOME_CURRENCY
LIMIT = Decimal(10) ** 16
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_CENT = Decimal("0.01")
_AMOUNT = re.compile(rf"(-?\d[\d,]*(?:\.\d+)?) {CURRENCY}", re.ASCII)


def in_capitals(amount: Decimal) -> str:
    """`1409.50` as `壹仟肆佰零玖元伍角整`. Raises InvalidValue for parts of a cent and for 10^16 and more."""
    if not fits(amount):
        raise InvalidValue(expected=N_("an amount in whole cents below 10^16"), found=str(amount))
    yuan, cents = divmod(int(abs(amount) * 100), 100)
    tenths, hundredths = divmod(cents, 10)
    text = f"{_whole(yuan)}元" if yuan or not cents else ""
    if yuan and cents and (not tenths or yuan % 10 == 0):
        text += "零"
    if tenths:
        text += f"{_DIGITS[tenths]}角"
    text += f"{_DIGITS[hundredths]}分" if hundredths else "整"
    return f"负{text}" if amount < 0 else text


def fits(amount: Decimal) -> bool:
    """Whether there are capitals for `amount`."""
    return amount.is_finite() and abs(amount) < LIMIT and amount == amount.quantize(_CENT)


def beside(field: FormField | None, value: Any) -> str:
    """What stands beside the value of an amount in renminbi (property `currency` of its field); else nothing."""
    properties = field.raw.get("properties") if field is not None else None
    if not isinstance(properties, dict) or properties.get("currency") != CURRENCY:
        return ""
    amount = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return f"人民币{in_capitals(amount)}" if isinstance(amount, Decimal) and fits(amount) else ""


def beside_text(text: str) -> str:
    """The same for a text such as `1,200.00 CNY`."""
    found = _AMOUNT.fullmatch(text)
    amount = Decimal(found[1].replace(",", "")) if found else None
    return f"人民币{in_capitals(amount)}" if amount is not None and fits(amount) else ""


def _whole(number: int) -> str:
    """The digits of a whole number; one 零 for zeros between, none at the end."""
    for size, unit in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            between = "零" if 0 < low < size // 10 else ""
            return f"{_whole(high)}{unit}{between}{_whole(low) if low else ''}"
    digits = [int(digit) for digit in str(number)]
    text = ""
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        text += f"{_DIGITS[digit]}{_PLACES[place]}" if digit else "零"
    while "零零" in text:
        text = text.replace("零零", "零")
    return text.rstrip("零") or "零"
