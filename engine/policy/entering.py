"""What a start form lets through, as regions: kinds of values, choices, limits, and whether something must be there."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.forms import FormField
from engine.forms.model import CHOICES, TEXTS
from engine.policy.regions import Regions, is_number


def limits(field: FormField) -> dict[str, Decimal]:
    """Of a number, as far as they are drawn as numbers."""
    if field.type != "number":
        return {}
    return {name: one for name in ("min", "max") if isinstance(one := field.limits.get(name), Decimal)}


def entered(field: FormField, shown: bool, regions: Regions) -> int:
    """The regions of what a person may enter. `shown`: always; a field that is not has no value."""
    if field.read_only or field.read_only_when is not None or field.computed is not None:
        return regions.everything
    found = _values(field, regions)
    if found == regions.everything or not (field.required and shown):
        found |= regions.locate(None)
    return found


def _values(field: FormField, regions: Regions) -> int:
    if field.type == "number":
        known = limits(field)
        low, high = known.get("min"), known.get("max")
        return _of(
            regions, lambda one: is_number(one) and (low is None or one >= low) and (high is None or one <= high)
        )
    if field.type in TEXTS:
        return _of(regions, lambda one: isinstance(one, str))
    if field.type == "checkbox":
        return _of(regions, lambda one: isinstance(one, bool))
    if field.type in CHOICES and field.options is not None and field.options_from is None:
        found = 0
        for option in field.options:
            found |= regions.locate(option.value)
        return found
    return regions.everything


def _of(regions: Regions, holds: Callable[[Any], bool]) -> int:
    found = 0
    for number, one in enumerate(regions.samples):
        found |= holds(one) << number
    return found
