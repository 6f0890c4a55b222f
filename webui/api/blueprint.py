"""Blueprints of the API: numbers of a JSON body stay exact, what cannot be read is refused like any other input."""

from typing import Any

from flask import Request
from flask_smorest import Blueprint as OfSmorest
from marshmallow import missing
from webargs.flaskparser import FlaskParser

from engine.errors import N_, InvalidValue
from engine.values import from_json


class ExactParser(FlaskParser):
    """Reads decimals as decimals."""

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not req.is_json or not body:
            return missing
        try:
            return from_json(body)
        except (ValueError, RecursionError):
            raise InvalidValue(expected=N_("a JSON document"), found=N_("something else")) from None


class Blueprint(OfSmorest):
    """One group of addresses."""

    ARGUMENTS_PARSER = ExactParser()
