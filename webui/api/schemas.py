"""What goes over the wire. Values are plain JSON: amounts as decimal text or exact numbers, dates as ISO 8601 text."""

from typing import Any

from flask import request
from marshmallow import RAISE, Schema, fields, pre_load, validate

from engine.values import normalise, storable, to_plain


class Strict(Schema):
    """Unknown keys are refused. The headers `Idempotency-Key` and `If-Match` stand for `request_id` and `version`."""

    class Meta:
        unknown = RAISE

    @pre_load
    def _with_headers(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            return data
        said = {"request_id": "Idempotency-Key", "version": "If-Match"}
        found = {name: request.headers[header] for name, header in said.items() if header in request.headers}
        told = {name: text.strip('"') for name, text in found.items() if name in self.fields and name not in data}
        return {**data, **told}


class PlainValues(fields.Field):
    """Values of variables, written as plain JSON."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else to_plain(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("validator_failed")
        return normalise(value)


class Text(fields.String):
    """A text that both databases take."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None and not storable(text):
            raise self.make_error("invalid_utf8")
        return text


class Paging(Strict):
    """A page of a list."""

    cursor = Text(metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class ProblemOut(Schema):
    type = fields.String()
    title = fields.String(metadata={"description": "in the reader's language"})
    status = fields.Integer()
    code = fields.String(metadata={"description": "stable: what a program compares"})
    detail = fields.String(metadata={"description": "what was expected, what was found, what to do"})
    facts = fields.Dict(metadata={"description": "what `detail` is made of"})
    errors = fields.Dict(metadata={"description": "where there are several: place -> what is wrong there"})


class DefinitionOut(Schema):
    id = fields.UUID()
    key = fields.String()
    version = fields.Integer()
    name = fields.String()
    labels = fields.Dict()
    category = fields.String()
    deployed_at = fields.AwareDateTime()


class ForWhomIn(Strict):
    department = Text(
        allow_none=True, load_default=None, metadata={"description": "of the requester, when he works in several"}
    )
    approvers = fields.Dict(
        Text(), fields.List(Text()), load_default=dict,
        metadata={"description": "people by element, for tasks whose people the requester selects"},
    )  # fmt: skip


class StartIn(ForWhomIn):
    key = Text(required=True)
    variables = PlainValues(load_default=dict, metadata={"description": "the fields of the start form"})
    business_key = Text(allow_none=True, load_default=None)
    request_id = Text(load_default="", metadata={"description": "a repeated call with the same one starts once"})


class FileIn(Schema):
    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class FileOut(Schema):
    id = fields.UUID(metadata={"description": "value of a field for files: a list of these"})
    name = fields.String()
    size = fields.Integer(metadata={"description": "bytes"})
    media_type = fields.String(metadata={"description": "as its content was recognised"})
    digest = fields.Function(lambda one: one.digest.hex(), metadata={"type": "string", "description": "SHA-256"})


class InstanceOut(Schema):
    id = fields.UUID()
    process_key = fields.String()
    process_name = fields.String()
    definition_version = fields.Integer()
    number = fields.String(allow_none=True)
    business_key = fields.String(allow_none=True)
    title = fields.String()
    status = fields.String()
    waits_for = fields.String()
    incidents = fields.Integer()
    created_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    submission = fields.Integer()
    resubmits_id = fields.UUID(allow_none=True)


class LineOut(Schema):
    title = fields.String()
    who = fields.String()
    at = fields.AwareDateTime(allow_none=True)
    text = fields.String()
    badge = fields.String()
    node = fields.String()
    open = fields.Boolean()
    signature = fields.Nested(lambda: SignedOut(), allow_none=True)
    round = fields.Integer()
    automatic = fields.Boolean(attribute="muted", metadata={"description": "nobody's own act, or one that is void"})
    waited_seconds = fields.Function(lambda line: None if line.waited is None else int(line.waited.total_seconds()))
    changes = fields.List(fields.Nested(lambda: ChangeOut()))


class ChangeOut(Schema):
    label = fields.String()
    old = fields.String()
    new = fields.String()


class RoundOut(Schema):
    number = fields.Integer()
    status = fields.String(metadata={"description": "open | passed | failed | returned | cancelled | skipped"})
    opened_at = fields.AwareDateTime()
    closed_at = fields.AwareDateTime(allow_none=True)
    void = fields.Boolean(metadata={"description": "undone since"})
    lines = fields.List(fields.Nested(LineOut))


class PlaceOut(Schema):
    element = fields.String()
    name = fields.String()
    mark = fields.String(
        metadata={"description": "passed | active | incident | cancelled | rejected | returned | skipped | predicted"}
    )
    since = fields.AwareDateTime(allow_none=True)
    until = fields.AwareDateTime(allow_none=True)
    rounds = fields.List(fields.Nested(RoundOut))
    foreseen = fields.List(fields.String(), metadata={"description": "who will be asked"})


class TrackingOut(Schema):
    places = fields.List(fields.Nested(PlaceOut))
    taken = fields.List(fields.String(), metadata={"description": "sequence flows"})
    ahead = fields.List(fields.String(), metadata={"description": "sequence flows that will be taken"})


class SignedOut(Schema):
    kind = fields.String(metadata={"description": "drawn, typed or stored"})
    name = fields.String()
    at = fields.AwareDateTime()
    intact = fields.Boolean(metadata={"description": "decision, form and picture are still what was signed"})


class InboxQuery(Paging):
    box = Text(load_default="todo", validate=validate.OneOf(["todo", "claimable", "copied"]))
    process = Text(load_default=None)
    text = Text(load_default=None)
    sort = Text(load_default="due", validate=validate.OneOf(["due", "newest"]))


class InboxItemOut(Schema):
    id = fields.UUID(attribute="work_item_id")
    instance_id = fields.UUID()
    number = fields.String(allow_none=True)
    title = fields.String()
    task_name = fields.String()
    node = fields.String()
    process_key = fields.String()
    process_name = fields.String()
    starter_name = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime(allow_none=True)
    priority = fields.Integer()
    round = fields.Integer()
    unconfirmed = fields.Boolean(metadata={"description": "a substitute has decided it, the principal has to confirm"})


class InboxOut(Schema):
    items = fields.List(fields.Nested(InboxItemOut))
    next = fields.String(allow_none=True)


class SignerOut(Schema):
    id = fields.UUID(attribute="work_item_id")
    name = fields.String()
    kind = fields.String(metadata={"description": "sign_before, sign_after, sign_parallel or advice"})
    status = fields.String()
    decision = fields.String(allow_none=True)
    opinion = fields.String(allow_none=True)
    removable = fields.Boolean()


class ProposalOut(Schema):
    by = fields.String(attribute="by.name")
    principal = fields.String(attribute="principal.name")
    decision = fields.String()
    opinion = fields.String(allow_none=True)
    until = fields.AwareDateTime()
    otherwise = fields.String(metadata={"description": "without an answer it stands or falls"})


class TaskOut(Schema):
    id = fields.UUID(attribute="work_item_id")
    instance_id = fields.UUID()
    node = fields.String()
    name = fields.String()
    form = fields.String(attribute="form_id", allow_none=True)
    values = PlainValues()
    actions = fields.List(fields.String())
    opinion = fields.String()
    signature = fields.String(metadata={"description": "required, offered or never"})
    status = fields.String()
    due_at = fields.AwareDateTime(allow_none=True)
    round = fields.Integer()
    version = fields.Integer()
    seen_digest = fields.String(allow_none=True)
    mode = fields.String()
    progress = fields.List(fields.Integer(), metadata={"description": "decided, counted"})
    signers = fields.List(fields.Nested(SignerOut))
    note = fields.Nested(lambda: NoteOut(), allow_none=True, metadata={"description": "why it is asked again"})
    proposal = fields.Nested(
        ProposalOut, allow_none=True, metadata={"description": "a substitute's decision that waits to be confirmed"}
    )


class SignatureIn(Strict):
    kind = Text(required=True, metadata={"description": "drawn, typed or stored"})
    name = Text(load_default="", metadata={"description": "typed: the name of the account that signs"})
    strokes = fields.List(
        fields.List(fields.List(fields.Integer(strict=True))), load_default=list,
        metadata={"description": "drawn: lines of points [x, y], whole numbers on 600 × 200"},
    )  # fmt: skip
    keep = fields.Boolean(load_default=False, metadata={"description": "drawn: store it for the next time"})


class ActIn(Strict):
    fields_ = PlainValues(data_key="fields", load_default=dict)
    opinion = Text(load_default="")
    to = Text(load_default="", metadata={"description": "transfer, delegate: login or id"})
    people = fields.List(Text(), load_default=list, metadata={"description": "added signers: logins or ids"})
    mode = Text(load_default="all", metadata={"description": "of added signers: all, any or sequential"})
    approvers = fields.Dict(
        Text(), fields.List(Text()), load_default=dict,
        metadata={"description": "agree, complete: people by element, for tasks that follow and ask whom he selects"},
    )  # fmt: skip
    version = fields.Integer(load_default=None, allow_none=True)
    seen_digest = Text(load_default=None, allow_none=True)
    request_id = Text(load_default=None, allow_none=True)
    signature = fields.Nested(
        SignatureIn, load_default=None, allow_none=True,
        metadata={"description": "of a decision, where the task says that it is offered or required"},
    )  # fmt: skip


class ManyLine(Strict):
    id = fields.UUID(required=True)
    seen_digest = Text(required=True)


class ManyIn(Strict):
    tasks = fields.List(fields.Nested(ManyLine), required=True)
    opinion = Text(load_default="")
    request_id = Text(load_default=None, allow_none=True)


class HandOverIn(Strict):
    leaver = Text(required=True, metadata={"description": "login or id"})
    to = Text(required=True, metadata={"description": "login or id"})
    reason = Text(load_default="")
    preview = fields.Boolean(load_default=False, metadata={"description": "say what would happen, change nothing"})
    tasks = fields.List(fields.UUID(), load_default=None, allow_none=True, metadata={"description": "only these"})
    process = Text(load_default=None, allow_none=True, metadata={"description": "of a preview: only of this process"})
    besides = fields.Boolean(
        load_default=True, metadata={"description": "places among later approvers too; substitutions end"}
    )


class HandOverOut(Schema):
    id = fields.UUID(attribute="work_item_id")
    instance_id = fields.UUID()
    number = fields.String(allow_none=True)
    title = fields.String()
    task = fields.String()
    done = fields.Boolean()
    conflict = fields.String(allow_none=True)


class ManyOut(Schema):
    id = fields.UUID()
    outcome = fields.String(allow_none=True)
    code = fields.String(allow_none=True)
    message = fields.String(allow_none=True)


class CopyIn(Strict):
    people = fields.List(Text(), required=True, metadata={"description": "logins or ids"})
    reason = Text(load_default="")
    again = fields.Boolean(load_default=False, metadata={"description": "make a copy that was read unread"})
    request_id = Text(load_default=None, allow_none=True)


class AnswerIn(Strict):
    text = Text(required=True)
    request_id = Text(load_default=None, allow_none=True)


class CommentIn(AnswerIn):
    mentions = fields.List(Text(), load_default=list, metadata={"description": "logins or ids"})


class ConsultIn(AnswerIn):
    people = fields.List(Text(), required=True, metadata={"description": "logins or ids"})


class CommentsQuery(Strict):
    before = fields.UUID(load_default=None, metadata={"description": "those before this one"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 100))


class MentionOut(Schema):
    user_id = fields.UUID()
    name = fields.String()
    reads = fields.Boolean(metadata={"description": "false: somebody who may has to let him read"})


class RemarkOut(Schema):
    id = fields.UUID()
    author_id = fields.UUID()
    author_name = fields.String()
    text = fields.String()
    at = fields.AwareDateTime()


class CommentOut(RemarkOut):
    mentions = fields.List(fields.Nested(MentionOut))


class ConsultationOut(Schema):
    id = fields.UUID()
    people = fields.List(fields.String())
    messages = fields.List(fields.Nested(RemarkOut))
    mine = fields.Boolean(metadata={"description": "false: read as audit"})


class MadeOut(Schema):
    id = fields.UUID()


class AdmitIn(Strict):
    person = Text(required=True, metadata={"description": "login or id of somebody the comment mentions"})


class AdmitOut(Schema):
    admitted = fields.Boolean(metadata={"description": "false: he could read it already"})


class FutureIn(Strict):
    node = Text(required=True, metadata={"description": "id of an element that has not been reached"})
    people = fields.List(Text(), required=True, metadata={"description": "logins or ids"})
    adds = fields.Boolean(load_default=True, metadata={"description": "beside those whom the drawing asks"})
    request_id = Text(load_default=None, allow_none=True)


class UrgeIn(Strict):
    request_id = Text(load_default=None, allow_none=True)


class UrgeOut(Schema):
    urged = fields.Integer()


class SubstitutionTermsIn(Strict):
    valid_to = fields.AwareDateTime(required=True)
    scope = Text(load_default="all", validate=validate.OneOf(["all", "processes", "categories"]))
    names = fields.List(Text(), load_default=list, metadata={"description": "keys of processes or categories"})
    max_amount = fields.Decimal(
        load_default=None, allow_none=True,
        metadata={"description": "in CNY; larger requests and those in another currency stay with the reader"},
    )  # fmt: skip


class SubstitutionIn(SubstitutionTermsIn):
    substitute = Text(required=True, metadata={"description": "login or id"})
    valid_from = fields.AwareDateTime(required=True)
    reason = Text(load_default="")
    include_open = fields.Boolean(load_default=True)
    confirm = fields.Boolean(
        load_default=False, metadata={"description": "what the substitute decides counts when the reader confirms it"}
    )
    unconfirmed = Text(
        load_default="falls", validate=validate.OneOf(["stands", "falls"]),
        metadata={"description": "what becomes of it when the reader has not answered after a day"},
    )  # fmt: skip
    keep_copy = fields.Boolean(
        load_default=False, metadata={"description": "the reader gets a copy of what the substitute decides"}
    )


class JudgeIn(Strict):
    reason = Text(load_default="", metadata={"description": "refuse: why"})


class SubstitutionOut(Schema):
    id = fields.UUID()
    principal_id = fields.UUID()
    substitute_id = fields.UUID()
    valid_from = fields.AwareDateTime()
    valid_to = fields.AwareDateTime()
    reason = fields.String()
    scope = fields.String()
    names = fields.List(fields.String())
    max_amount = fields.Decimal(as_string=True, allow_none=True)
    include_open = fields.Boolean()
    confirm = fields.Boolean()
    unconfirmed = fields.String()
    keep_copy = fields.Boolean()
    state = fields.String(metadata={"description": "pending (waits for the manager), active, refused or revoked"})
    judged_by = fields.UUID(allow_none=True)
    judged_at = fields.AwareDateTime(allow_none=True)
    judged_reason = fields.String(allow_none=True)


class MessageIn(Strict):
    name = Text(required=True)
    key = fields.Raw(required=True, allow_none=True, metadata={"description": "correlation key"})
    payload = PlainValues(load_default=dict)
    message_id = Text(load_default=None, metadata={"description": "the same one twice is delivered once"})


class MessageOut(Schema):
    accepted = fields.Boolean()


class SignalIn(Strict):
    name = Text(required=True)
    payload = PlainValues(load_default=dict)


class ConditionsIn(Strict):
    variables = PlainValues(required=True)


class HeardOut(Schema):
    heard = fields.Integer(metadata={"description": "instances that wait for it, and processes that it starts"})


class ReturnIn(Strict):
    target = Text(required=True, metadata={"description": "initiator, previous, or an element id"})
    opinion = Text(required=True)
    resubmit = Text(load_default="stepwise", validate=validate.OneOf(["stepwise", "backToMe"]))
    recompute = fields.Boolean(load_default=False, metadata={"description": "ask whom the drawing names"})
    version = fields.Integer(load_default=None, allow_none=True)
    request_id = Text(load_default=None, allow_none=True)


class ReturnedOut(Schema):
    instance_id = fields.UUID()
    target = fields.String(allow_none=True)
    draft_id = fields.UUID(allow_none=True)
    incident_id = fields.UUID(allow_none=True)


class UndoneOut(Schema):
    incident_id = fields.UUID()


class TargetOut(Schema):
    target = fields.String()
    name = fields.String()
    labels = fields.Dict()
    refused = fields.List(fields.String())
    undone = fields.List(fields.String())


class ResubmissionIn(Strict):
    fields_ = PlainValues(data_key="fields", load_default=dict)


class ResubmissionOut(Schema):
    straight = fields.Boolean()
    changed = fields.List(fields.String())
    again = fields.List(fields.String())


class ReasonIn(Strict):
    reason = Text(load_default="")


class RecallIn(ReasonIn):
    version = fields.Integer(load_default=None, allow_none=True)
    request_id = Text(load_default=None, allow_none=True)


class ActsOut(Schema):
    acts = fields.List(fields.String())


class EndedOut(Schema):
    draft_id = fields.UUID(allow_none=True)
    confirmed = fields.Boolean()
    instance_id = fields.UUID()


class PlacingIn(Strict):
    element = Text(required=True)
    where = Text(load_default="before", validate=validate.OneOf(["before", "after"]))
    scope = fields.Integer(load_default=None, allow_none=True)


class JumpIn(Strict):
    cancel = fields.List(fields.Integer(), load_default=list, metadata={"description": "tokens"})
    start = fields.List(fields.Nested(PlacingIn), load_default=list)
    reason = Text(required=True)
    accept_warnings = fields.Boolean(load_default=False)


class DraftIn(Strict):
    key = Text(load_default="", metadata={"description": "process"})
    fields_ = PlainValues(data_key="fields", load_default=dict)
    version = fields.Integer(load_default=0)


class DraftSubmitIn(ForWhomIn, DraftIn):
    """A draft with what a start asks besides the form."""


class DraftOut(Schema):
    id = fields.UUID()
    key = fields.String(attribute="process_key")
    title = fields.String()
    form = fields.String(attribute="form_id", allow_none=True)
    values = PlainValues()
    dropped = fields.List(fields.String())
    loose = fields.List(
        fields.String(), metadata={"description": "files of dropped fields, which stay among the attachments"}
    )
    lost = fields.List(
        fields.String(), metadata={"description": "files that did not come along; empty: one of somebody else"}
    )
    number = fields.String(allow_none=True)
    submission = fields.Integer()
    resubmits_id = fields.UUID(allow_none=True)
    version = fields.Integer()
    saved_at = fields.AwareDateTime()


class NoteOut(Schema):
    by = fields.String()
    opinion = fields.String()
    at = fields.AwareDateTime()
    task = fields.String()
    straight = fields.Boolean(metadata={"description": "goes back there when nothing has changed"})


class PreviewIn(ForWhomIn):
    key = Text(required=True)
    variables = PlainValues(load_default=dict, metadata={"description": "the fields of the start form so far"})


class ForeseenOut(Schema):
    id = fields.UUID()
    name = fields.String()
    reason = fields.String()
    group = fields.Boolean()


class SelectionOut(Schema):
    strategy = fields.String(metadata={"description": "who selects: initiatorSelect | previousApproverSelect"})
    range = fields.String(metadata={"description": "all | dept | key of a group"})
    least = fields.Integer()
    most = fields.Integer()


class PreviewStepOut(Schema):
    element = fields.String()
    name = fields.String()
    labels = fields.Dict()
    mode = fields.String()
    people = fields.List(fields.Nested(ForeseenOut))
    status = fields.String(metadata={"description": "certain | possible | unknown"})
    people_known = fields.Boolean(metadata={"description": "false: they depend on what is not known yet"})
    depends = fields.List(fields.String(), metadata={"description": "fields, still empty, on which it depends"})
    needs_selection = fields.Boolean()
    selection = fields.Nested(SelectionOut, allow_none=True)
    skipped_because = fields.String(allow_none=True)
    due = fields.AwareDateTime(allow_none=True)
    copies = fields.List(fields.Nested(ForeseenOut), metadata={"description": "who reads along"})


class RouteOut(Schema):
    steps = fields.List(fields.Nested(PreviewStepOut))
    complete = fields.Boolean(metadata={"description": "false: given up, more may follow"})
    ends = fields.String(allow_none=True)


class PolicyOut(Schema):
    id = fields.UUID(metadata={"description": "of this version"})
    policy = fields.String()
    title = fields.String(metadata={"description": "in the reader's language"})
    on = fields.String(metadata={"description": "class of operations that it guards"})
    enforced = fields.Boolean(metadata={"description": "false: nothing asks for a policy about this class"})
    version = fields.Integer()
    state = fields.String(metadata={"description": "proposed | active | retired"})
    source = fields.String(metadata={"description": "shipped | people"})
    confirmed = fields.Boolean(metadata={"description": "people stand behind it"})
    weakens = fields.Boolean(metadata={"description": "asks less than the version before"})
    weaker = fields.List(fields.String(), metadata={"description": "what it asks less, in words"})
    reason = fields.String(metadata={"description": "why it was proposed"})
    valid_from = fields.AwareDateTime()
    valid_to = fields.AwareDateTime(allow_none=True)
    proposed_by = fields.UUID(allow_none=True)
    approved_by = fields.UUID(allow_none=True, metadata={"description": "who put it in force"})
    confirmed_by = fields.UUID(allow_none=True)
    reviewed_by = fields.UUID(allow_none=True, metadata={"description": "the auditor who has seen that it is weaker"})
    retired_by = fields.UUID(allow_none=True, metadata={"description": "who wants it, or wanted it, out of force"})
    retire_reason = fields.String(allow_none=True)
    sentences = fields.List(fields.String(), metadata={"description": "all that it asks, in the reader's language"})
    unknown_names = fields.List(fields.String(), metadata={"description": "what it names and nobody has, in words"})


class StatedOut(PolicyOut):
    statement = fields.String(metadata={"description": "YAML, as it is proposed and exported"})


class StatementIn(Strict):
    text = Text(required=True, metadata={"description": "YAML: a list of policies, as they are exported"})


class ProposalIn(StatementIn):
    reason = Text(load_default="", metadata={"description": "needed for what asks less than now"})


class WhatIfIn(StatementIn):
    days = fields.Integer(
        load_default=90, validate=validate.Range(1, 3650), metadata={"description": "how far back to look"}
    )


class ActivatedOut(Schema):
    policy = fields.Nested(PolicyOut)
    unproved = fields.List(
        fields.Nested(lambda: UnprovedOut()), metadata={"description": "processes that do not prove because of it"}
    )
    not_provided = fields.List(
        fields.String(), metadata={"description": "approvals that no task of a deployed process gives"}
    )
    staffing = fields.List(fields.String(), metadata={"description": "who is missing for it, in words"})


class UnprovedOut(Schema):
    definition = fields.Nested(DefinitionOut)
    findings = fields.List(fields.String())


class WayStepOut(Schema):
    element = fields.String()
    text = fields.String()
    flows = fields.List(fields.String())


class JudgedOut(Schema):
    classes = fields.List(fields.String(), metadata={"description": "of the guarded operations that it can reach"})
    verdicts = fields.Dict(
        fields.String(), fields.String(),
        metadata={"description": "policy: violated | unknown | assumed | gate | proved | none"},
    )  # fmt: skip
    findings = fields.List(fields.String(), metadata={"description": "what stands against it, in words"})
    ways = fields.List(
        fields.List(fields.Nested(WayStepOut)), metadata={"description": "for each finding the way round, step by step"}
    )
    situations = fields.Integer()
    milliseconds = fields.Float()


class ProofOut(JudgedOut):
    definition = fields.Nested(DefinitionOut)


class ProvedOut(JudgedOut):
    file = fields.String()
    process = fields.String(metadata={"description": "id in the drawing"})
    word = fields.String(
        metadata={"description": "of all policies: proved | assumed | violated | unknown | nothing guarded"}
    )


class DrawingsIn(Strict):
    files = fields.List(
        fields.Raw(metadata={"type": "string", "format": "binary"}), required=True, validate=validate.Length(1),
        metadata={"description": "drawings (.bpmn), with the forms (.json) and decisions (.dmn) that go with them"},
    )  # fmt: skip


class TurnedOut(Schema):
    definition = fields.Nested(DefinitionOut)
    now = fields.String(metadata={"description": "as in `verdicts` of a proof"})
    then = fields.String()
    findings = fields.List(fields.String(), metadata={"description": "what would stand against it, in words"})
    ways = fields.List(fields.List(fields.Nested(WayStepOut)))


class PastOut(Schema):
    clearance_id = fields.UUID()
    instance_id = fields.UUID()
    operation = fields.String()
    subject_type = fields.String()
    subject_id = fields.String()
    amount = fields.String()
    currency = fields.String()
    cleared_at = fields.AwareDateTime()
    reasons = fields.List(fields.String(), metadata={"description": "why it would be held, in words"})


class WhatIfOut(Schema):
    policy = fields.String()
    same = fields.Boolean(metadata={"description": "nothing differs from what is in force"})
    weaker = fields.List(fields.String(), metadata={"description": "what it asks less than what is in force, in words"})
    before = fields.List(fields.String(), metadata={"description": "what is in force, in sentences; empty: nothing is"})
    after = fields.List(fields.String())
    unknown_names = fields.List(fields.String(), metadata={"description": "what it names and nobody has, in words"})
    processes = fields.List(
        fields.Nested(TurnedOut), metadata={"description": "every process that can reach such an operation"}
    )
    days = fields.Integer()
    ran = fields.Integer(metadata={"description": "guarded operations that ran in these days"})
    held = fields.List(fields.Nested(PastOut), metadata={"description": "those of them that would be held"})


class LogIn(Strict):
    log = fields.Raw(
        required=True,
        metadata={"type": "string", "format": "binary", "description": "CSV or .xes, packed with gzip or not"},
    )
    columns = fields.Raw(
        required=True,
        metadata={
            "type": "string", "format": "binary",
            "description": "YAML: case, time, activity, person, approvals, rejections, operation, facts",
        },
    )  # fmt: skip
    policies = fields.Raw(
        load_default=None,
        metadata={
            "type": "string", "format": "binary",
            "description": "YAML to hold the log against, in place of the policies in force",
        },
    )  # fmt: skip


class LogQuery(Strict):
    on = Text(load_default="payment.execute", metadata={"description": "class of what the log calls the operation"})


class FlaggedOut(Schema):
    case = fields.String()
    at = fields.AwareDateTime()
    reasons = fields.List(fields.String(), metadata={"description": "in words"})


class LogAuditOut(Schema):
    policy = fields.String()
    title = fields.String()
    cases = fields.Integer()
    events = fields.Integer()
    operations = fields.Integer(metadata={"description": "0: nothing was judged"})
    flagged = fields.List(
        fields.Nested(FlaggedOut), metadata={"description": "operations without the approvals that the policy asks for"}
    )
    unmatched = fields.List(fields.String(), metadata={"description": "activities of `columns` that no event has"})


class StaffingOut(Schema):
    policy = fields.String()
    kind = fields.String(
        metadata={"description": "nobody | away | department | own | self, and what was not looked at: data | cut"}
    )
    sentence = fields.String()
    people = fields.List(fields.UUID())
    since = fields.AwareDateTime(allow_none=True, metadata={"description": "null: no look has seen it yet"})


class HoldOut(Schema):
    job_id = fields.UUID()
    instance_id = fields.UUID(allow_none=True)
    element = fields.String(allow_none=True)
    operation = fields.String()
    operation_class = fields.String()
    subject_type = fields.String()
    subject_id = fields.String()
    reasons = fields.List(fields.String())
    times = fields.Integer(metadata={"description": "how often the gate has refused it"})
    held_at = fields.AwareDateTime()
    escalated_at = fields.AwareDateTime(allow_none=True)


class GrantsIn(Schema):
    text = Text(load_default="", metadata={"description": "in the document, the number of the request or the name"})
    document = Text(load_default="", metadata={"description": "id of exactly this document"})
    person = Text(load_default="", metadata={"description": "login of exactly this person, or the id of his account"})
    state = Text(
        load_default="active", validate=validate.OneOf(["active", "parked", "void", "consumed", ""]),
        metadata={"description": "empty: all"},
    )  # fmt: skip
    before = fields.UUID(load_default=None, metadata={"description": "`next` of the page before"})


class PaymentsIn(Schema):
    text = Text(load_default="", metadata={"description": "in the document, the number of the request or the payee"})
    before = fields.UUID(load_default=None, metadata={"description": "`next` of the page before"})


class GrantOut(Schema):
    id = fields.UUID()
    instance_id = fields.UUID()
    number = fields.String(allow_none=True, metadata={"description": "of the request"})
    element = fields.String()
    capability = fields.String()
    account_id = fields.UUID()
    name = fields.String()
    on_behalf_of = fields.UUID(allow_none=True)
    source = fields.String(metadata={"description": "human | break_glass"})
    subject_type = fields.String()
    subject_id = fields.String()
    facts = fields.Dict(metadata={"description": "that the approval is bound to"})
    state = fields.String(metadata={"description": "active | parked | void | consumed"})
    state_reason = fields.String(allow_none=True)
    uses = fields.String()
    granted_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()


class GrantPageOut(Schema):
    grants = fields.List(fields.Nested(GrantOut))
    next = fields.UUID(allow_none=True)


class ApprovedOut(Schema):
    name = fields.String()
    requirement = fields.String()
    source = fields.String()
    granted_at = fields.AwareDateTime()


class ClearedOut(Schema):
    id = fields.UUID()
    instance_id = fields.UUID()
    number = fields.String(allow_none=True)
    operation = fields.String()
    subject_type = fields.String()
    subject_id = fields.String()
    amount = fields.String()
    currency = fields.String()
    payee = fields.String()
    policies = fields.List(fields.String())
    cleared_at = fields.AwareDateTime()
    payment_id = fields.UUID(allow_none=True)
    approved_by = fields.List(fields.Nested(ApprovedOut))


class ClearedPageOut(Schema):
    payments = fields.List(fields.Nested(ClearedOut))
    next = fields.UUID(allow_none=True)


class EmergencyOut(Schema):
    id = fields.UUID()
    policy = fields.String(attribute="policy_id")
    instance_id = fields.UUID()
    subject_type = fields.String()
    subject_id = fields.String()
    facts = fields.Dict()
    reason = fields.String()
    asked_by = fields.UUID()
    asked_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    signed_by = fields.List(fields.UUID())
    reviewed_by = fields.UUID(allow_none=True)
    review = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "asked | signed | withdrawn | reviewed"})


class CheckpointsIn(Schema):
    before = fields.Integer(load_default=None, metadata={"description": "`next` of the page before"})


class CheckpointOut(Schema):
    number = fields.Integer()
    at = fields.String(metadata={"description": "as it is signed"})
    previous = fields.String(metadata={"description": "SHA-256 of the checkpoint before, in hex"})
    leaves = fields.Integer(metadata={"description": "chains that had moved"})
    root = fields.String()
    key = fields.String(metadata={"description": "public key, Ed25519"})
    signature = fields.String()
    next_key = fields.String(allow_none=True, metadata={"description": "signs from the next one on"})
    sent_at = fields.AwareDateTime(allow_none=True, metadata={"description": "null: not outside yet"})


class CheckpointPageOut(Schema):
    checkpoints = fields.List(fields.Nested(CheckpointOut))
    next = fields.Integer(allow_none=True)


class SaidOut(Schema):
    rule = fields.String()
    place = fields.String(metadata={"description": "chain or row"})
    message = fields.String()


class VerificationOut(Schema):
    exit = fields.Integer(metadata={"description": "as of `troika audit verify`"})
    result = fields.String(metadata={"description": "intact | broken | missing | signature | overdue"})
    started_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
    counts = fields.Dict(fields.String(), fields.Integer())
    findings = fields.List(fields.Nested(SaidOut))
    notes = fields.List(fields.Nested(SaidOut))


class VerifyingOut(Schema):
    id = fields.UUID(metadata={"description": "of the verification"})


class PlaceOutsideOut(Schema):
    name = fields.String()
    checkpoint = fields.Integer(allow_none=True, metadata={"description": "the last that reached it"})
    reached_at = fields.AwareDateTime(allow_none=True)
    failing_since = fields.AwareDateTime(allow_none=True)
    failed_at = fields.AwareDateTime(allow_none=True)
    trouble = fields.String(metadata={"description": "why it fails, in the reader's language"})


class StandingOut(Schema):
    last = fields.Nested(CheckpointOut, allow_none=True)
    unsent = fields.Integer(metadata={"description": "checkpoints that are not outside yet"})
    late = fields.Boolean(metadata={"description": "two periods without a checkpoint outside"})
    keys = fields.List(fields.String(), metadata={"description": "public keys in the order in which they signed"})
    sinks = fields.List(fields.String())
    places = fields.List(fields.Nested(PlaceOutsideOut))
    every_minutes = fields.Integer()
    verification = fields.Nested(VerificationOut, allow_none=True, metadata={"description": "the last that ended"})
    verifying = fields.Boolean()


class ResealIn(Strict):
    reason = Text(required=True, metadata={"description": "why an older state was put back"})
    anchors = fields.List(
        fields.Dict(), metadata={"description": "the checkpoints as their files hold them, in place of those outside"}
    )


class ResealedOut(Schema):
    void = fields.List(fields.Integer(), metadata={"description": "checkpoints that were made since the backup"})


class ChainOut(Schema):
    stream = fields.String()
    links = fields.List(fields.List(fields.String()), metadata={"description": "[SHA-256 in hex, canonical text]"})
    anchor = fields.Dict(allow_none=True, metadata={"description": "newest checkpoint that holds the chain"})
    leaf = fields.List(fields.Raw(), metadata={"description": "[stream, seq, tip] in that checkpoint"})
    path = fields.List(fields.List(fields.String()), metadata={"description": "[side, hash] from the leaf to the root"})


class EvidenceOut(Schema):
    class Meta:
        unknown = "include"

    format = fields.String()
    made_at = fields.String()
    payment = fields.Dict()
    request = fields.Dict()
    facts = fields.Dict()
    display = fields.List(fields.Dict())
    decisions = fields.List(fields.Dict())
    emergencies = fields.List(fields.Dict())
    policies = fields.List(fields.Dict())
    definition = fields.Dict()
    rows = fields.Dict()
    chains = fields.List(fields.Dict())
    rotations = fields.List(fields.Dict())
    keys = fields.List(fields.String())
    steps = fields.Dict()
