"""What people call the capabilities that groups give."""

from flask_babel import gettext

from engine.errors import N_

RIGHTS = {
    "admin": N_("administration"),
    "audit": N_("audit"),
    "cockpit": N_("operation of processes"),
    "finance": N_("financial records"),
    "hr": N_("personnel records"),
    "messages.send": N_("messages of other systems"),
    "people": N_("people and groups"),
    "policy": N_("policies"),
    "process.design": N_("process design"),
    "read_only": N_("reading only"),
    "records": N_("business data"),
    "reports": N_("reports"),
}


def named(capability: str) -> str:
    """In the reader's words; of several with `|` between, each will do."""
    return gettext(" or ").join(gettext(RIGHTS[one]) if one in RIGHTS else one for one in capability.split("|"))
