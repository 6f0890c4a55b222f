"""Every error that a caller may catch: a template, the facts that fill it, a hint, an HTTP status.

The facts stay apart from the words, so that a page can translate them and a test can compare them.
"""

from typing import Any, ClassVar


def N_(text: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark `text` for translation; it is translated where it is shown."""
    return text


class EngineError(Exception):
    """Something that the caller can put right. Verbs raise it; only `webui/errors.py` makes pages of it.

    `facts` fill the `{names}` of `message` and `hint`. `status` is the HTTP status of its page.
    """

    message: ClassVar[str] = N_("The request could not be carried out.")
    hint: ClassVar[str] = ""
    status: ClassVar[int] = 400

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(facts)

    @property
    def code(self) -> str:
        """The class name in snake_case: what an API client compares."""
        name = type(self).__name__
        return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))

    def __str__(self) -> str:
        text = self.message.format(**self.facts)
        return f"{text} {self.hint.format(**self.facts)}".strip()


class BusinessError(Exception):
    """A business refusal of a service operation; the engine throws it as a BPMN error. Never retried.

    `code` is `<MODULE>.<REASON>`, e.g. `ERP.STOCK_SHORT`; `facts` become variables of the catching event.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code, facts)

    def __str__(self) -> str:
        return f"{self.code} {self.facts}" if self.facts else self.code


class InvalidValue(EngineError):
    """A value that no variable may hold."""

    message = N_("Expected {expected}, found {found}.")
    status = 422


# ---------------------------------------------------------------- settings and start


class WrongSetting(EngineError):
    """An environment variable that stops the start."""

    message = N_("Setting {name}: expected {expected}, found {found}.")
    hint = N_("Correct the environment variable and start again.")
    status = 500


class UnsafeForProduction(EngineError):
    """The production start refuses what is only good for a trial."""

    message = N_("Expected a safe set-up in production mode, found: {found}.")
    hint = N_("{remedy}")
    status = 500


# ---------------------------------------------------------------- finding things


class NotFound(EngineError):
    """Nothing under this key, or nothing that this person may see."""

    message = N_("Expected {kind} '{key}', but there is none.")
    status = 404


class Forbidden(EngineError):
    """The actor lacks the right."""

    message = N_("{actor} may not {act}.")
    hint = N_("Ask an administrator for the permission.")
    status = 403


class StaleInstance(EngineError):
    """Somebody else changed the instance between read and write; the unit of work tries again."""

    message = N_("Instance {instance} was changed by somebody else at the same moment.")
    hint = N_("Load the page again.")
    status = 409


class Suspended(EngineError):
    """A suspended instance accepts nothing but comments."""

    message = N_("Instance {instance} is suspended.")
    hint = N_("Ask the process administrator to activate it.")
    status = 423
