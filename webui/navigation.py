"""The menu: one line per page, shown to whoever has its capability."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext

from engine.errors import N_
from webui import access


@dataclass(frozen=True)
class Entry:
    """`endpoint` it leads to, English label (translated where shown), icon name, capability ("" = everybody).

    `pages`: the names of the views that belong to it; none: all of its blueprint.
    """

    endpoint: str
    label: str
    icon: str
    capability: str = ""
    pages: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    """other blueprints that belong to it"""

    @property
    def active(self) -> bool:
        """Whether the page of this request belongs to the entry."""
        area, _, page = (request.endpoint or "").rpartition(".")
        return area in self.areas or (
            area == self.endpoint.partition(".")[0] and (not self.pages or page in self.pages)
        )


ENTRIES = (
    Entry("workbench.home", N_("Home"), icon="home"),
    Entry("inbox.index", N_("Inbox"), icon="inbox"),
    Entry("requests.index", N_("New request"), icon="circle-plus", pages=("index", "start", "begin")),
    Entry("requests.mine", N_("My requests"), icon="send", pages=("mine", "managed", "kept", "instance")),
    Entry("messages.index", N_("Messages"), icon="bell", areas=("webhooks",)),
    Entry("records.index", N_("Data"), icon="database", capability="records"),
    Entry("designer.library", N_("Designer"), icon="sitemap", capability="process.design"),
    Entry("cockpit.index", N_("Cockpit"), icon="dashboard", capability="cockpit"),
    Entry("auditing.index", N_("Audit"), icon="shield-check", capability="audit"),
    Entry("policies.index", N_("Policies"), icon="gavel", capability="policy|audit|process.design"),
    Entry("people.index", N_("People"), icon="users", capability="people", areas=("leaving",)),
    Entry("workdays.index", N_("Working calendar"), icon="calendar", capability="admin"),
    Entry("dictionaries.index", N_("Data dictionary"), icon="list-letters", capability="admin"),
)


def called(path: str) -> str:
    """What people call the page of this request at `path`: its entry of the menu, beside its address."""
    entry = next((gettext(entry.label) for entry in ENTRIES if entry.active), "")
    return gettext("“%(name)s” (%(path)s)", name=entry, path=path) if entry else path


def this_page(**changes: str) -> str:
    """The address of this page with another query: what a visitor wrote there stays a query and nothing else."""
    return f"{request.path}?{urlencode(request.args.to_dict() | changes)}"


def menu() -> list[Entry]:
    """What this reader sees; an entry that would lead to a 403 is not shown."""
    return [entry for entry in ENTRIES if not entry.capability or access.may_read(entry.capability)]
