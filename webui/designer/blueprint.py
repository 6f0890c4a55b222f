"""The blueprint that the designer's pages and its script's addresses share."""

from flask import Blueprint

from webui import access

designer = Blueprint("designer", __name__, url_prefix="/designer")
access.guard(designer, "process.design")
