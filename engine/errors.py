"""Every error that a caller may catch: a template, the facts that fill it, a hint, an HTTP status.

The facts stay apart from the words, so that a page can translate them and a test can compare them.
"""

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID


def N_(text: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark `text` for translation; it is translated where it is shown."""
    return text


class Phrase(str):
    """Words with facts in them, used as a fact or as a message: `template` is translated where it is shown."""

    __slots__ = ("facts", "template")
    template: str
    facts: dict[str, Any]

    def __new__(cls, template: str, **facts: Any) -> "Phrase":
        self = super().__new__(cls, template.format(**facts))
        self.template = template
        self.facts = facts
        return self


class Listed(str):
    """Facts one after the other, each said in the reader's language. `separator`: ", ", a blank between sentences."""

    __slots__ = ("parts", "separator")
    parts: tuple[Any, ...]
    separator: str

    def __new__(cls, parts: Iterable[Any], separator: str = ", ") -> "Listed":
        found = tuple(parts)
        self = super().__new__(cls, separator.join(map(str, found)))
        self.parts, self.separator = found, separator
        return self

    @classmethod
    def sentences(cls, said: Iterable[tuple[str, dict[str, Any]]]) -> "Listed":
        """Of (template, facts) each."""
        return cls((Phrase(text, **facts) for text, facts in said), " ")


class Title(str):
    """A name in several languages, of a drawing or of the directory, used as a fact: `labels` by language."""

    __slots__ = ("labels",)
    labels: dict[str, str]

    def __new__(cls, name: str, labels: dict[str, str]) -> "Title":
        self = super().__new__(cls, name)
        self.labels = labels
        return self

    @classmethod
    def english(cls, name: str, name_en: str | None) -> "Title":
        """Of somebody or something that may have an English name beside its own."""
        return cls(name, {"zh": name, "en": name_en} if name_en else {})


class Term(str):
    """A machine name of ours, used as a fact: pages say it in the reader's words. `kind`: what it names.

    Kinds: policy, capability, class, fact, role, group, operation, condition (FEEL), recheck,
    right (capabilities), page (an address).
    """

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, kind: str, name: str) -> "Term":
        self = super().__new__(cls, name)
        self.kind = kind
        return self


class Written(str):
    """A field of a form that has another value now, used as a fact: pages say it as they say every change of a field.

    `old` is None where `known` is False.
    """

    __slots__ = ("instance_id", "known", "name", "new", "old", "process_key")
    process_key: str
    instance_id: Any
    name: str
    known: bool
    old: Any
    new: Any

    def __new__(
        cls, process_key: str, instance_id: Any, name: str, *, known: bool, old: Any, new: Any
    ) -> "Written":  # fmt: skip
        self = super().__new__(cls, name)
        self.process_key, self.instance_id, self.name = process_key, instance_id, name
        self.known, self.old, self.new = known, old, new
        return self


def stored(fact: Any) -> Any:
    """A fact as JSON keeps it, so that it can still be said in another language when it is read."""
    match fact:
        case Phrase():
            return {"phrase": fact.template, "facts": {name: stored(one) for name, one in fact.facts.items()}}
        case Listed():
            return {"list": [stored(one) for one in fact.parts], "separator": fact.separator}
        case Term():
            return {"term": fact.kind, "name": str(fact)}
        case Title():
            return {"title": str(fact), "labels": fact.labels}
        case list() | tuple():
            return [stored(one) for one in fact]
        case None | bool() | int():
            return fact
    return str(fact)


def restored(fact: Any) -> Any:
    """What `stored` was given."""
    match fact:
        case {"phrase": str(template), "facts": dict(facts)}:
            return Phrase(template, **{name: restored(one) for name, one in facts.items()})
        case {"list": list(parts), "separator": str(separator)}:
            return Listed((restored(one) for one in parts), separator)
        case {"term": str(kind), "name": str(name)}:
            return Term(kind, name)
        case {"title": str(name), "labels": dict(labels)}:
            return Title(name, labels)
        case list():
            return [restored(one) for one in fact]
    return fact


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
        facts = {name: ", ".join(map(str, one)) if isinstance(one, list) else one for name, one in self.facts.items()}
        return f"{self.message} {self.hint}".format(**facts).strip()


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


# ---------------------------------------------------------------- people, tasks, approvals, policies


class AlreadyExists(EngineError):
    """A key that is taken."""

    message = N_("Expected a new {kind}, but '{key}' exists already.")
    hint = N_("Choose another name.")
    status = 409


class LoginLocked(EngineError):
    """Too many wrong passwords in a row."""

    message = N_("Expected another attempt for '{login}' not before {until}: too many wrong passwords.")
    hint = N_("Wait, or ask an administrator to set a new password.")
    status = 429


class WeakPassword(EngineError):
    """A password that would be guessed."""

    message = N_("Expected a password of at least {length} characters that is not the login name.")
    status = 422


class InvalidSubstitution(EngineError):
    """A substitution that cannot be."""

    message = N_("Expected a valid substitution, but {found}.")
    status = 422


class NobodyToAsk(EngineError):
    """A human node without people, and no process administrators either."""

    message = N_("Expected somebody to ask for '{task}', but nobody is left and group '{group}' has no members.")
    hint = N_("Put somebody into the group of process administrators.")
    status = 422


class TooManyCandidates(EngineError):
    """More people on one node than anybody means."""

    message = N_("Expected at most {limit} people for '{task}', found {found}.")
    hint = N_("Assign a group instead of its members.")
    status = 422


class UnknownStrategy(EngineError):
    """An assignment that we do not execute."""

    message = N_("Expected a known assignment strategy for '{task}', found '{found}'.")
    hint = N_("Choose one of: {known}.")
    status = 422


class NotYourTask(EngineError):
    """The actor is neither assignee, nor member of the group, nor a substitute."""

    message = N_("Task '{task}' belongs to {assignee}.")
    hint = N_("Ask them, or have a manager transfer it.")
    status = 403


class BeyondSubstitution(NotYourTask):
    """The actor is a substitute, and what the task is about is over the limit of his principal, or not comparable."""

    message = N_("Task '{task}' stays with {assignee}: you act for them up to {limit}, and this is about {found}.")
    hint = N_(
        "They decide it themselves. Only amounts in {currency} are compared: for another currency no rate is known."
    )


class TaskAlreadyClaimed(EngineError):
    """Somebody else was faster."""

    message = N_("Expected to claim task '{task}', but {assignee} has already claimed it.")
    hint = N_("Ask them to release it, or have a manager reassign it.")
    status = 409


class AlreadyDecided(EngineError):
    """A lost race is a friendly answer: who was faster, and when."""

    message = N_("Task '{task}' is closed: {decision} by {by} at {at}.")
    hint = N_("Nothing is left to do here.")
    status = 409


class OwnRequest(NotYourTask):
    """The requester is of the group that decides, in the place of whoever is missing or where `troika:onSelf` keeps him
    from it."""

    message = N_("Task '{task}' is about your own request: somebody else of {assignee} decides it.")
    hint = N_("Ask them to take it.")

    @property
    def code(self) -> str:
        return "separation_of_duties"


class PrincipalOnly(EngineError):
    """A substitute whose decisions are confirmed decides, comments and attaches; nothing that takes effect at once."""

    message = N_("Task '{task}': what you decide for {principal} has to be confirmed; nothing else is yours here.")
    hint = N_("Agree or reject, or leave it to {principal}.")
    status = 403


class NothingToConfirm(EngineError):
    """The substitute's decision was answered already, or there is none."""

    message = N_("Task '{task}': there is no decision of a substitute that waits for your confirmation.")
    hint = N_("Load the page again to see how the task stands.")
    status = 409


class TaskWaiting(EngineError):
    """His item, but others have to be heard before it."""

    message = N_("Task '{task}' waits for {others} first.")
    hint = N_("Wait for them, or take back what you have asked them for.")
    status = 409


class NoLongerAsked(EngineError):
    """The item was taken away from the list of those who are asked."""

    message = N_("You are no longer asked on task '{task}'.")
    hint = N_("Nothing is left to do here.")
    status = 409


class Stale(EngineError):
    """The page shows an older version of the task."""

    message = N_("Task '{task}' has changed since the page was loaded (version {found}, you saw {seen}).")
    hint = N_("Load the page again.")
    status = 409


class ContentChanged(EngineError):
    """What the approver saw is no longer what is there."""

    message = N_("The content has changed since you looked at it: {changes}.")
    hint = N_("Look at it again, then decide.")
    status = 409


class OpinionRequired(EngineError):
    """A rejection says why."""

    message = N_("Expected an opinion for '{task}', found none.")
    hint = N_("Write a sentence that tells the requester why.")
    status = 422


class SignatureRequired(EngineError):
    """The drawing asks for a signature by hand."""

    message = N_("Expected a signature for '{task}', found none.")
    hint = N_("Draw it, take your stored one, or type your name.")
    status = 422


class WrongSignature(EngineError):
    """What was sent is no signature of this person, or one that was used before."""

    message = N_("Expected {expected}, found {found}.")
    hint = N_("Sign again.")
    status = 422


class ActNotOffered(EngineError):
    """The drawing does not allow this act on this node."""

    message = N_("Act '{act}' is not offered on task '{task}'.")
    hint = N_("Offered here: {offered}.")
    status = 403


class SeparationOfDuties(EngineError):
    """One person may not do both."""

    message = N_("{actor} may not approve '{task}': {reason}.")
    hint = N_("Another person must decide.")
    status = 403


class UrgedAlready(EngineError):
    """Urging more often than people bear."""

    message = N_("Everybody who is asked has been urged already.")
    hint = N_("Urge again after {until}.")
    status = 409


class BatchNotAllowed(EngineError):
    """A task that must be opened before it is decided."""

    message = N_("Task '{task}' cannot be decided from a list: {reason}.")
    hint = N_("Open it and decide there.")
    status = 422


class CannotChoose(EngineError):
    """People who may not be named for a task that has not opened yet."""

    message = N_("These people cannot be chosen for '{task}': {reason}.")
    hint = N_("Choose active people within the range that the drawing gives, for a task that has not been reached.")
    status = 422


class CannotAddSigner(EngineError):
    """People who may not be added, or not here."""

    message = N_("Nobody can be added on task '{task}': {reason}.")
    status = 422


class CannotRemoveSigner(EngineError):
    """Who decided, was asked by the drawing, or is the last one stays."""

    message = N_("The signer cannot be removed from task '{task}': {reason}.")
    status = 422


class LastSigner(CannotRemoveSigner):
    """Nobody else would be left to decide."""


class CannotDelegate(EngineError):
    """A question that would break a rule."""

    message = N_("The advice of {to} cannot be asked on task '{task}': {reason}.")
    status = 422


class CannotTransfer(EngineError):
    """A hand-over that would break a rule."""

    message = N_("Task '{task}' cannot be handed to {to}: {reason}.")
    status = 422


class InstanceOver(EngineError):
    """An ended instance accepts comments only."""

    message = N_("Instance {instance} has ended.")
    status = 409


class FileTooLarge(EngineError):
    """An upload above the limit."""

    message = N_("Expected a file of at most {limit} MB, '{name}' has {found} MB.")
    hint = N_("Split it, or ask an administrator to raise the limit.")
    status = 413


class FileErased(EngineError):
    """Its request was erased; name and digest are on record."""

    message = N_("The content of '{name}' was erased with its request.")
    status = 410


class WrongFileType(EngineError):
    """Judged by content, not by name."""

    message = N_("Expected a document, picture, table or text, but the content of '{name}' is {found}.")
    hint = N_("Accepted: {accepted}.")
    status = 415


class StaleDraft(EngineError):
    """Two tabs or two analysts edited the same draft."""

    message = N_("Draft '{path}' was changed elsewhere (version {found}, you edited {seen}).")
    hint = N_("Open it again and repeat your change.")
    status = 409


class InvalidPolicy(EngineError):
    """A policy text that cannot be read."""

    message = N_("Policy '{policy}': expected {expected}, found {found}.")
    status = 422


class WeakerPolicy(EngineError):
    """A statement asks less than the one in force, and nobody said why. `differences`: (template, facts) each."""

    message = N_("Policy '{policy}' would ask less than now: {differences}")
    hint = N_("Give a reason; it is kept and the auditors are told.")
    status = 422

    def __init__(self, policy: str, differences: list[tuple[str, dict[str, Any]]]) -> None:
        self.differences = differences
        super().__init__(policy=Term("policy", policy), differences=Listed.sentences(differences))


class SecondPersonNeeded(EngineError):
    """What one person proposed must be decided by another; two accounts of one person are one person."""

    message = N_("Expected another person than {actor} to decide on {what}.")
    hint = N_("Ask a colleague who has the permission.")
    status = 409


class PolicyNotThere(EngineError):
    """A version of a policy that is not in the state in which the act is possible."""

    message = N_("Policy '{policy}' version {version}: expected it to be {expected}, found {found}.")
    status = 409


class BreakGlassRefused(EngineError):
    """An emergency that the policy does not allow, or that this person may not answer for."""

    message = N_("Policy '{policy}' cannot be set aside in an emergency: {reason}.")
    hint = N_("Ask for the missing approval, or two people who are neither requester, executor nor payee editor.")
    status = 409


class PolicyHold(EngineError):
    """The gate refuses a guarded operation. Never retried by itself. `reasons`: (template, facts) each.

    `seen`: the approvals of its document that it knew; None: it looked at none.
    """

    message = N_("Operation {operation} is held: {reasons}")
    hint = N_("Ask for the missing approval again, or cancel.")
    status = 409

    def __init__(
        self, operation: str, reasons: list[tuple[str, dict[str, Any]]], *, operation_class: str = "",
        subject: tuple[str, str] = ("", ""), seen: frozenset[UUID] | None = None,
    ) -> None:  # fmt: skip
        self.reasons = reasons
        self.seen = seen
        self.operation_class = operation_class
        self.subject = subject
        super().__init__(operation=Term("operation", operation), reasons=Listed.sentences(reasons))


# ---------------------------------------------------------------- forms


class InvalidForm(EngineError):
    """What was filled in cannot be taken. `errors`: {dotted path of the field: [messages]}, rows from 0."""

    message = N_("Please correct these fields: {fields}.")
    status = 422

    def __init__(self, *, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__(errors=errors, fields=", ".join(sorted(errors)))


class UnknownField(InvalidForm):
    """Keys that the form does not have; nothing outside its fields ever reaches a variable."""

    message = N_("The form has no field for: {fields}.")
    hint = N_("Load the page again; the form may have a newer version.")


class FieldNotWritable(InvalidForm):
    """A field was sent with another value, but this person may only read it, or not even that."""

    message = N_("You may not change these fields here: {fields}.")
    hint = N_("Load the page again to see their present values.")


# ---------------------------------------------------------------- bpmn


class CannotCompile(EngineError):
    """A drawing that cannot be deployed; `findings` say why."""

    message = N_("Process {process} cannot be deployed: {count} finding(s), the first: {first}")
    hint = N_("Open the drawing in the designer; each finding is marked on its element.")
    status = 422

    def __init__(self, process: str, findings: list[Any]) -> None:
        self.findings = findings
        super().__init__(process=process, count=len(findings), first=str(findings[0]) if findings else "")


class NoSuchStart(EngineError):
    """An instance cannot begin there."""

    message = N_("Expected process {process} to have a start event {start}, but it has: {known}.")
    hint = N_("Start it with one of these, or by the message that it waits for.")
    status = 422


class NoSuchWait(EngineError):
    """A verb that does not fit the wait."""

    message = N_("Expected token {token} to wait for {expected}, but it waits for {found}.")
    status = 409


class NothingToCompensate(EngineError):
    """Compensation was asked for, but nothing that has completed can be undone."""

    message = N_("Expected something to compensate in request {instance} ({activity}), but nothing has completed.")
    hint = N_("Choose an activity that has completed and has a compensation handler.")
    status = 409


class NotActivatable(EngineError):
    """An element that nobody can start by hand."""

    message = N_("Expected '{element}' to be an activity that can be started in an ad-hoc sub-process. Known: {known}.")
    hint = N_("Choose one of those that no flow leads to.")
    status = 409


class MoveRefused(EngineError):
    """Tokens that cannot go there, or an instance that cannot follow another version; `findings`: every reason."""

    message = N_("This is refused for {count} reason(s), the first: {first}")
    status = 409

    def __init__(self, findings: list[Any]) -> None:
        self.findings = findings
        super().__init__(count=len(findings), first=findings[0])


class NobodyCanBeAsked(EngineError):
    """A request would come to a task with nobody to ask, whose drawing refuses such requests (`blockStart`)."""

    message = N_("This is not accepted: nobody can be asked at '{task}'.")
    hint = N_("Have an administrator name somebody who decides there, or change what leads there.")
    status = 422


class ReturnNotPossible(EngineError):
    """A task or a request that cannot go back there; `findings`: every reason."""

    message = N_("This cannot be sent back, for {count} reason(s): {reasons}")
    hint = N_("Choose another place, or let it go on and correct it afterwards.")
    status = 422

    def __init__(self, findings: list[Any]) -> None:
        self.findings = findings
        told = [Phrase(found.message, **found.facts) for found in findings]
        super().__init__(count=len(findings), reasons=told)


class OperationRunning(EngineError):
    """Going back would take away a call that somebody is working on; its effect may happen all the same."""

    message = N_("Expected nothing to be under way, but {operations} is being performed.")
    hint = N_("Try again in a moment.")
    status = 409


class NotPossibleNow(EngineError):
    """An act on a request that its state, its drawing or the role of the actor does not allow."""

    message = N_("Expected to {act} request {instance}, but {reason}.")
    hint = N_("Open the request: its page shows what you may do now.")
    status = 409


class NotHeld(EngineError):
    """An act on an operation that the gate held, which has gone on, was approved again, or was never held."""

    message = N_("Expected an operation that is held, but this one is held no more.")
    hint = N_("Open the request: its page shows where it stands.")
    status = 404


class ReservedName(EngineError):
    """A name that the engine keeps for itself."""

    message = N_("Expected another name than '{name}': it is reserved for facts that only the engine writes.")
    hint = N_("Choose another name for the variable.")
    status = 422


# ---------------------------------------------------------------- repository, runtime, calls, jobs, messages


class DeploymentRefused(EngineError):
    """Drawings, decisions or forms that cannot be deployed; `findings` say why, all at once."""

    message = N_("Expected a deployment without errors, found {count}; the first: {first}")
    hint = N_("Open the drawing in the designer; each finding is marked on its element.")
    status = 422

    def __init__(self, findings: list[Any]) -> None:
        self.findings = findings
        super().__init__(count=len(findings), first=str(findings[0]) if findings else "")


class ProcessNotDeployed(EngineError):
    """Nothing is deployed under this key."""

    message = N_("Expected a deployed process '{key}', but there is none.")
    hint = N_("Deploy it in the designer.")
    status = 404


class ProcessRetired(EngineError):
    """A version that starts nothing new."""

    message = N_("Process '{key}' accepts no new requests at present.")
    hint = N_("Ask the owner of the process.")
    status = 409


class BusinessKeyTaken(EngineError):
    """One living instance per business key."""

    message = N_("Expected '{business_key}' to be free, but an instance of '{process}' is running under it.")
    hint = N_("Open that one, or wait for its end.")
    status = 409


class WaitNotOpen(EngineError):
    """Somebody or something else answered first."""

    message = N_("Instance {instance} does not wait there any more (token {token}).")
    hint = N_("Load the page again.")
    status = 409


class IdempotencyMismatch(EngineError):
    """The same key with another request: one of the two callers is wrong."""

    message = N_("Operation {operation} was called again under key {key} with other inputs.")
    hint = N_("Cancel the token or restore the inputs of the first call.")
    status = 409


class OutcomeUnknown(EngineError):
    """The process died between a call to the outside and its answer, and the operation cannot be repeated blindly."""

    message = N_("Whether {operation} happened under key {key} is not known.")
    hint = N_("Ask the other party, then say that it happened, or have it called again.")
    status = 409


class WrongRetry(EngineError):
    """A retry text that cannot be read."""

    message = N_("Expected a retry such as R5/PT1M or PT10S,PT1M, found '{found}'.")
    status = 422


class OutboundRefused(EngineError):
    """A call to the outside that is not allowed."""

    message = N_("Calls to '{host}' are not allowed.")
    hint = N_("Add the host to TROIKA_OUTBOUND_ALLOW.")
    status = 403


class BankHostRefused(OutboundRefused):
    """A call to a bank past the approval of a payment."""

    message = N_("'{host}' is the host of a bank: nothing calls it past the approval of a payment.")
    hint = N_("Let an operation of class payment.execute pay.")


class OutboundRejected(EngineError):
    """The other party refuses; asking again will not help."""

    message = N_("{host} answered {status_code}: {body}")
    hint = N_("Correct the inputs of the call, or settle it with the other party.")
    status = 422


class NotResolvable(EngineError):
    """An incident that is closed already, or that needs another kind of answer."""

    message = N_("Incident {incident} cannot be resolved: {reason}.")
    status = 409


class RobotRefused(EngineError):
    """A chat group's robot answers with an error; asking again will not help."""

    message = N_("The {kind} robot answered error {error_code}: {told}")
    hint = N_("Check its address, its secret and its keywords; add it again when they have changed.")
    status = 422


class MailRefused(EngineError):
    """The mail server does not take a mail; asking again will not help."""

    message = N_("The mail to {address} was refused: {told}")
    hint = N_("Correct the address of the account, or the sender in TROIKA_MAIL_FROM.")
    status = 422


class ReceiverUnknown(EngineError):
    """A webhook whose receiver, and so the secret that signs it, is gone."""

    message = N_("Expected a webhook receiver named '{receiver}' to sign for, but there is none.")
    hint = N_("Add it under Messages, Webhooks; then send the event again.")
    status = 409


class ReceiverStands(EngineError):
    """Somebody else was faster, or the page is old."""

    message = N_("The receiver {receiver} is {state} already.")
    hint = N_("Load the page again.")
    status = 409


class ReceiverOff(EngineError):
    """Nothing is sent to a receiver that is switched off."""

    message = N_("The receiver {receiver} is switched off.")
    hint = N_("Switch it on first; what was held back is sent then, if you choose so.")
    status = 409


class WebhookUnderWay(EngineError):
    """An event that is sent already."""

    message = N_("Expected an event that was sent or has failed, but it is on its way to '{receiver}' already.")
    hint = N_("Wait for its next attempt; the list says when that is.")
    status = 409


class SealBroken(EngineError):
    """A stored secret that cannot be opened with the key of today."""

    message = N_("A stored secret cannot be opened: TROIKA_SEAL_KEY is another one than when it was stored.")
    hint = N_("Set the former key again, or enter the secret anew.")
    status = 409
