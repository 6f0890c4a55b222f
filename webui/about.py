"""What the product is made of: packages of the pages and of the server, with version and licence."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

from flask import Blueprint
from flask.typing import ResponseReturnValue

from webui.node import ASSETS
from webui.rendering import page

blueprint = Blueprint("about", __name__, url_prefix="/about")
PRODUCT = "troika"
BPMN_IO = "bpmn.io"
"""MIT, and the mark of bpmn.io stays where it is, whole and visible; the lock file only points to the text"""
_POINTS_TO_TEXT = "SEE LICENSE IN"
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Package:
    """`licence`: an SPDX expression where the package states one; "" where it states none."""

    name: str
    version: str
    licence: str


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Every package, those whose mark has to stay visible first."""
    return page("about/index.html", pages=of_pages(), server=of_server(), marked=BPMN_IO)


@lru_cache(1)
def of_pages() -> list[Package]:
    """What the browser is sent, by `package-lock.json`."""
    lock = json.loads((ASSETS / "package-lock.json").read_text(encoding="utf-8"))
    return [
        Package(path.rpartition("node_modules/")[2], one["version"], _stated(one.get("license", "")))
        for path, one in sorted(lock["packages"].items()) if path and not one.get("dev")
    ]  # fmt: skip


def _stated(licence: str) -> str:
    return BPMN_IO if licence.startswith(_POINTS_TO_TEXT) else licence


@lru_cache(1)
def of_server() -> list[Package]:
    """What is installed of what the product asks for, and what that asks for; extras are left out."""
    found: dict[str, Package] = {}
    waiting = [PRODUCT]
    while waiting:
        try:
            one = metadata.distribution(waiting.pop())
        except metadata.PackageNotFoundError:  # for another machine, or an extra of somebody else
            continue
        if one.name.lower() in found:
            continue
        found[one.name.lower()] = Package(one.name, one.version, _licence(one.metadata))
        asked = (text for text in one.requires or () if "extra ==" not in text)
        waiting += [match[0] for text in asked if (match := re.match(r"[A-Za-z0-9._-]+", text))]
    return [found[name] for name in sorted(found) if name != PRODUCT]


def _licence(about: metadata.PackageMetadata) -> str:
    """As an expression, a classifier or a short word, whichever the package gives."""
    told = {name: about.get_all(name) or [] for name in ("License-Expression", "License", "Classifier")}
    classified = [text.rpartition(" :: ")[2] for text in told["Classifier"] if text.startswith("License ::")]
    short = [text for text in told["License"] if 0 < len(text) <= _LONGEST and "\n" not in text]
    return next(iter(told["License-Expression"] or classified or short), "")
