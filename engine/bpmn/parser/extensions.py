"""The only reader of the zeebe: and troika: vocabularies: extension elements -> typed records and findings.

A word that we do not know is refused; other vendors' words are kept aside.
"""

import difflib
import re
from collections.abc import Callable, Iterator

from engine.bpmn.model import (
    PERIODS,
    ApprovalRule,
    Assignees,
    Assumption,
    CalledDecision,
    CalledElement,
    Copying,
    Extensions,
    FieldPermission,
    Hook,
    LoopCharacteristics,
    Mapping,
    Numbering,
    Parameter,
    PolicyMark,
    Retention,
    Script,
    Strategy,
    TaskDefinition,
    TimeoutStep,
)
from engine.bpmn.parser.xml import BPMN, TROIKA, ZEEBE, Element, local_name, namespace
from engine.errors import N_
from engine.findings import Finding, Level

HUMAN = frozenset(("userTask",))
TIMED = frozenset(("process", "userTask", "startEvent", "intermediateCatchEvent", "boundaryEvent"))
CALLS = frozenset(("serviceTask", "sendTask"))
JOBS = frozenset(("serviceTask", "sendTask", "scriptTask", "businessRuleTask"))
MAPPED = frozenset(
    [
        "userTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
        "callActivity",
        "subProcess",
        "transaction",
        "adHocSubProcess",
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
    ]
)
THROWS = frozenset(("sendTask", "intermediateThrowEvent", "endEvent"))
ANY = None

STRATEGIES = frozenset(
    (
        *("user", "role", "position", "userGroup", "deptMember", "deptLeader", "initiator", "initiatorManager"),
        *("initiatorDeptLeader", "managerChain", "deptLeaderChain", "formUser", "formUserManager"),
        *("formUserDeptLeader", "formDept", "expression", "nodeApprover", "decision", "initiatorSelect"),
        "previousApproverSelect",
    )
)
MODES = frozenset(("single", "all", "any", "sequential", "ratio", "weight", "random", "claim", "inform"))
EMPTY = frozenset(("processAdmin", "users", "autoPass", "autoReject", "blockStart"))
SELF = frozenset(("ask", "manager", "deptLeader", "skip", "forbid"))
DEDUPE = frozenset(("none", "first", "last", "adjacent"))
MISSING_LEVEL = frozenset(("climb", "skip", "empty"))
SELF_IS_LEADER = frozenset(("up", "self"))
TIMEOUTS = frozenset(("remind", "escalate", "transfer", "agree", "reject", "return"))
COPY_ON = frozenset(("enter", "pass", "end"))
HOOK_ON = ("create", "assign", "decide", "end")
REJECTS = ("end", "flow", "initiator")
RESUBMITS = ("backToMe", "stepwise")
RECALLS = ("beforeNextDecision", "beforeNextSeen", "never")
WITHDRAWALS = ("anytime", "beforeFirstDecision", "never")
PERMISSIONS = frozenset(("write", "read", "hidden"))
_OF_FIELDS = ("required", "addRows", "removeRows")
YES_NO = ("true", "false")
APPROVAL_WORDS = {
    "strict": YES_NO, "abstain": ("include", "exclude"), "hearAll": YES_NO, "rejects": ("first", "all"),
    "beforeReject": ("reject", "ask"), "branchReject": ("terminate", "waitOthers"), "pick": ("hash", "leastLoaded"),
}  # fmt: skip
"""Attributes of an approval that are one of a few words."""
OPINIONS = ("always", "onReject", "never")
BUTTONS = frozenset(
    [
        "agree",
        "reject",
        "transfer",
        "delegate",
        "addBefore",
        "addAfter",
        "addBeside",
        "removeSigner",
        "changeFuture",
        "batch",
        "print",
        "return",
        "comment",
        "attach",
        "claim",
    ]
)
_RETURN_TO = re.compile(r"return:\S+")
_REFERENCE = re.compile(r"ref:[a-z0-9][a-z0-9_.-]{0,79}")
KEPT = re.compile(r"P0*(?:(?:[1-9]\d{0,2}|1000)Y|[1-9]\d{0,3}M|[1-9]\d{0,4}D)")
"""How long an ended request stays: years, months or days; a thousand years at most."""
_APPROVED_WITHIN = re.compile(r"approvedWithin:P\d{1,4}D")
NEEDS = {
    "formUser": "field",
    "formUserManager": "field",
    "formUserDeptLeader": "field",
    "formDept": "field",
    "decision": "decisionId",
    "nodeApprover": "element",
    "deptMember": "dept",
    "deptLeader": "dept",
}
"""The parameter without which a strategy asks nobody."""


class Reader:
    """Reads the extensions of one element after the other and collects findings."""

    def __init__(self, resource: str, report: Callable[[Finding], None]) -> None:
        self._resource = resource
        self._report = report

    def read(self, owner: Element, inside: Element = None) -> Extensions:
        """Typed records of `owner` (a process, flow node, flow or message), or of the loop marker `inside` it."""
        found = Extensions()
        if inside is not None:
            self._children(owner, inside, found)
            return found
        tag = local_name(owner)
        for name, value in owner.attrib.items():
            if name.startswith(f"{{{TROIKA}}}"):
                self._attribute(owner, tag, name.rpartition("}")[2], value, found)
            elif name == f"{{{ZEEBE}}}modelerTemplate":
                found.template = value
            elif name == f"{{{ZEEBE}}}modelerTemplateVersion" and value.isdecimal():
                found.template_version = int(value)
        self._children(owner, owner, found)
        return found

    def _children(self, owner: Element, carrier: Element, found: Extensions) -> None:
        for holder in carrier.iterchildren(f"{{{BPMN}}}extensionElements"):
            for child in holder.iterchildren("*"):
                self._element(owner, local_name(carrier), child, found)

    def _attribute(self, owner: Element, tag: str, name: str, value: str, found: Extensions) -> None:
        if name == "request" and tag in HUMAN:
            found.request = self._flag(owner, name, value)
        elif name == "async" and tag in JOBS:
            found.asynchronous = self._flag(owner, name, value)
        elif name == "category" and tag == "process":
            found.category = value
        else:
            self._unknown(owner, f"troika:{name}", tag, ("request", "async", "category"))

    def _element(self, owner: Element, tag: str, child: Element, found: Extensions) -> None:
        name = local_name(child)
        if namespace(child) == ZEEBE:
            words = _ZEEBE
            shown = f"zeebe:{name}"
        elif namespace(child) == TROIKA:
            words = _TROIKA
            shown = f"troika:{name}"
        else:
            self._foreign(owner, child)
            return
        known = words.get(name)
        if known is None or (known[0] is not ANY and tag not in known[0]):
            self._unknown(owner, shown, tag, words)
            return
        self._check_attributes(owner, child, shown, known[2])
        known[1](self, owner, child, found)

    # ------------------------------------------------------------ zeebe:

    def _io_mapping(self, owner: Element, child: Element, found: Extensions) -> None:
        for line in child.iterchildren("*"):
            source, target = line.get("source"), line.get("target")
            kind = local_name(line)
            if kind not in ("input", "output") or not target or source is None:
                self._problem(
                    owner, line, "mapping-incomplete",
                    N_("{element}: expected an input or output with source and target, found '{found}'."),
                    N_("Complete the mapping or remove it."), found=f"{kind} {source or ''} -> {target or ''}",
                )  # fmt: skip
                continue
            (found.inputs if kind == "input" else found.outputs).append(Mapping(source, target))

    def _task_definition(self, owner: Element, child: Element, found: Extensions) -> None:
        kind = self._required(owner, child, "type")
        if kind:
            found.task = TaskDefinition(kind, child.get("retries"))

    def _calendar(self, owner: Element, child: Element, found: Extensions) -> None:
        found.calendar = self._required(owner, child, "name")

    def _called_element(self, owner: Element, child: Element, found: Extensions) -> None:
        process_id = self._required(owner, child, "processId")
        if process_id:
            found.called = CalledElement(
                process_id,
                self._binding(owner, child),
                child.get("versionTag"),
                child.get("propagateAllParentVariables", "true") == "true",
                child.get("propagateAllChildVariables", "true") == "true",
            )

    def _called_decision(self, owner: Element, child: Element, found: Extensions) -> None:
        decision_id = self._required(owner, child, "decisionId")
        result = self._required(owner, child, "resultVariable")
        if decision_id and result:
            found.decision = CalledDecision(decision_id, result, self._binding(owner, child), child.get("versionTag"))

    def _script(self, owner: Element, child: Element, found: Extensions) -> None:
        expression = self._required(owner, child, "expression")
        result = self._required(owner, child, "resultVariable")
        if expression and result:
            found.script = Script(expression, result)

    def _loop(self, owner: Element, child: Element, found: Extensions) -> None:
        collection = self._required(owner, child, "inputCollection")
        result, element = child.get("outputCollection") or None, child.get("outputElement") or None
        if (result is None) is not (element is None):
            self._required(owner, child, "outputCollection" if result is None else "outputElement")
        elif collection:
            found.loop = LoopCharacteristics(collection, child.get("inputElement") or None, result, element)

    def _active_elements(self, owner: Element, child: Element, found: Extensions) -> None:
        found.active_elements = self._required(owner, child, "activeElementsCollection")

    def _activation(self, owner: Element, child: Element, found: Extensions) -> None:
        found.activation = self._choice(owner, child, "activation", ("manual", "automatic"))

    def _user_task(self, owner: Element, child: Element, found: Extensions) -> None:
        """zeebe:userTask only marks that the engine keeps the task, which is always so here."""

    def _form(self, owner: Element, child: Element, found: Extensions) -> None:
        found.form = self._required(owner, child, "formId")
        found.form_binding, found.form_tag = self._binding(owner, child), child.get("versionTag")

    def _assignment_definition(self, owner: Element, child: Element, found: Extensions) -> None:
        found.assignees = Assignees(
            child.get("assignee") or None, child.get("candidateUsers") or None, child.get("candidateGroups") or None
        )

    def _schedule(self, owner: Element, child: Element, found: Extensions) -> None:
        found.due = child.get("dueDate") or None
        found.follow_up = child.get("followUpDate") or None

    def _priority(self, owner: Element, child: Element, found: Extensions) -> None:
        found.priority = self._required(owner, child, "priority")

    def _subscription(self, owner: Element, child: Element, found: Extensions) -> None:
        found.correlation_key = self._required(owner, child, "correlationKey")

    def _publish(self, owner: Element, child: Element, found: Extensions) -> None:
        found.publish_key = child.get("correlationKey") or None
        found.publish_ttl = child.get("timeToLive") or None
        if child.get("messageId"):
            self._problem(
                owner, child, "extension-not-executed", N_("{element}: '{word}' is not executed by this engine."),
                N_("Remove it: every message of an instance has an id of its own."), word="messageId",
            )  # fmt: skip

    def _version_tag(self, owner: Element, child: Element, found: Extensions) -> None:
        found.version_tag = self._required(owner, child, "value")

    def _properties(self, owner: Element, child: Element, found: Extensions) -> None:
        for prop in child.iterchildren("*"):
            if (prop.get("name") or "").startswith("troika:"):
                self._problem(
                    owner, prop, "extension-not-executed", N_("{element}: '{word}' is not executed by this engine."),
                    N_("Use the extension element of the same name."), word=prop.get("name"),
                )  # fmt: skip

    # ------------------------------------------------------------ troika:

    def _label(self, owner: Element, child: Element, found: Extensions) -> None:
        lang = self._required(owner, child, "lang")
        if lang:
            found.labels[lang] = (child.text or "").strip()
            if child.get("of") is not None:
                found.translated[lang] = str(child.get("of"))

    def _strategy(self, owner: Element, child: Element, found: Extensions) -> None:
        name = self._choice(owner, child, "strategy", STRATEGIES)
        for word, allowed in (("onMissingLevel", MISSING_LEVEL), ("selfIsLeader", SELF_IS_LEADER)):
            if child.get(word) is not None:
                self._choice(owner, child, word, allowed)
        if name in NEEDS:
            self._required(owner, child, NEEDS[name])
        if name:
            rest = tuple(Parameter(key, value) for key, value in child.attrib.items() if key != "strategy")
            found.strategy = Strategy(name, rest)

    def _approval(self, owner: Element, child: Element, found: Extensions) -> None:
        mode = self._choice(owner, child, "mode", MODES) if child.get("mode") else ""
        if mode is None:
            return
        for word, allowed in APPROVAL_WORDS.items():
            if child.get(word) is not None:
                self._choice(owner, child, word, allowed)
        reject = child.get("onReject")
        if reject is not None and reject not in REJECTS and not _RETURN_TO.fullmatch(reject):
            self._wrong_choice(owner, child, "onReject", reject, (*REJECTS, "return:<element>"))
        weights = []
        for line in child.iterchildren("*"):
            if local_name(line) != "weight" or not line.get("user") or not line.get("value"):
                self._unknown(owner, f"troika:{local_name(line)}", "approval", ("weight",))
                continue
            weights.append(Parameter(line.get("user"), line.get("value")))
        rest = tuple(Parameter(key, value) for key, value in child.attrib.items() if key not in ("mode", "onReject"))
        found.approval = ApprovalRule(mode, reject, rest, tuple(weights))

    def _fields(self, owner: Element, child: Element, found: Extensions) -> None:
        if child.get("default"):
            found.default_permission = self._choice(owner, child, "default", PERMISSIONS)
        for line in child.iterchildren("*"):
            if local_name(line) != "field":
                self._unknown(owner, f"troika:{local_name(line)}", "fields", ("field",))
                continue
            key = self._required(owner, line, "id")
            permission = self._choice(owner, line, "perm", PERMISSIONS)
            if key and permission:
                said = [None if text is None else text == "true" for text in map(line.get, _OF_FIELDS)]
                notify = line.get("notify") is not None and self._choice(owner, line, "notify", YES_NO) == "true"
                required, adds, removes = said
                found.fields.append(FieldPermission(key, permission, required, adds, removes, notify))

    def _buttons(self, owner: Element, child: Element, found: Extensions) -> None:
        for name, value in child.attrib.items():
            if name in BUTTONS:
                found.buttons[name] = value

    def _opinion(self, owner: Element, child: Element, found: Extensions) -> None:
        if child.get("required"):
            found.opinion = self._choice(owner, child, "required", OPINIONS)
        found.phrases = [phrase.strip() for phrase in (child.get("phrases") or "").split("|") if phrase.strip()]

    def _signature(self, owner: Element, child: Element, found: Extensions) -> None:
        required = self._choice(owner, child, "required", ("true", "false"))
        found.signature = {"true": "required", "false": "offered"}.get(required or "")

    def _return(self, owner: Element, child: Element, found: Extensions) -> None:
        found.returns = (self._required(owner, child, "targets") or "").split()
        found.resubmits = (child.get("resubmit") or "stepwise").split()
        found.compensates = child.get("compensate") is not None and (
            self._choice(owner, child, "compensate", ("false", "true")) == "true"
        )
        for word in found.resubmits:
            if word not in RESUBMITS:
                self._wrong_choice(owner, child, "resubmit", word, RESUBMITS)

    def _recall(self, owner: Element, child: Element, found: Extensions) -> None:
        found.recall = self._choice(owner, child, "until", RECALLS)

    def _withdraw(self, owner: Element, child: Element, found: Extensions) -> None:
        until = self._required(owner, child, "until")
        if until is None:
            return
        if until not in WITHDRAWALS and not _APPROVED_WITHIN.fullmatch(until):
            self._wrong_choice(owner, child, "until", until, (*WITHDRAWALS, "approvedWithin:P31D"))
        found.withdraw = until

    def _on_empty(self, owner: Element, child: Element, found: Extensions) -> None:
        found.on_empty = self._choice(owner, child, "do", EMPTY)
        if found.on_empty and child.get("users"):
            found.on_empty = f"{found.on_empty}:{child.get('users')}"

    def _on_self(self, owner: Element, child: Element, found: Extensions) -> None:
        found.on_self = self._choice(owner, child, "do", SELF)

    def _skip_when(self, owner: Element, child: Element, found: Extensions) -> None:
        value = self._required(owner, child, "value")
        if value is not None and not value.strip().startswith("="):
            self._wrong_choice(owner, child, "value", value, ("= a condition",))
        found.skip_when = value

    def _dedupe(self, owner: Element, child: Element, found: Extensions) -> None:
        found.dedupe = self._choice(owner, child, "mode", DEDUPE)

    def _timeout(self, owner: Element, child: Element, found: Extensions) -> None:
        for line in child.iterchildren("*"):
            if local_name(line) != "step":
                self._unknown(owner, f"troika:{local_name(line)}", "timeout", ("step",))
                continue
            self._check_attributes(owner, line, "troika:step", "after do repeat to calendar")
            after, act = self._required(owner, line, "after"), self._choice(owner, line, "do", TIMEOUTS)
            to, repeat = line.get("to"), line.get("repeat", "1")
            if act == "transfer" and (to is None or to.startswith("=")):
                self._wrong_choice(owner, line, "to", to or "", ("manager", "a login"))
            if not repeat.isdigit() or not 0 < int(repeat) <= 100:
                self._wrong_choice(owner, line, "repeat", repeat, ("1 … 100",))
            elif after and act:
                calendar = line.get("calendar") or child.get("calendar")
                found.timeout.append(TimeoutStep(after, act, int(repeat), to, calendar))

    def _copies(self, owner: Element, child: Element, found: Extensions) -> None:
        on = self._choice(owner, child, "on", COPY_ON) if child.get("on") else "pass"
        users, groups = (tuple((child.get(name) or "").replace(",", " ").split()) for name in ("users", "groups"))
        if not users and not groups:
            self._required(owner, child, "users")
        elif on:
            again = child.get("again") is not None and self._choice(owner, child, "again", YES_NO) == "true"
            found.copies.append(Copying(on, users, groups, again))

    def _hook(self, owner: Element, child: Element, found: Extensions) -> None:
        moments = (self._required(owner, child, "on") or "").split()
        url, secret = (self._required(owner, child, name) for name in ("url", "secret"))
        for moment in moments:
            if moment not in HOOK_ON:
                self._wrong_choice(owner, child, "on", moment, HOOK_ON)
                return
        if secret is not None and not _REFERENCE.fullmatch(secret):
            self._wrong_choice(owner, child, "secret", secret, ("ref:<receiver>",))
        elif moments and url and secret:
            found.hooks.append(Hook(tuple(dict.fromkeys(moments)), url.strip(), secret.removeprefix("ref:")))

    def _policy(self, owner: Element, child: Element, found: Extensions) -> None:
        if local_name(owner) not in HUMAN:
            self._check_attributes(owner, child, "troika:policy", "assumes subject")
            capability = self._required(owner, child, "assumes")
            if capability:
                found.assumes = Assumption(capability, child.get("subject"))
            return
        self._check_attributes(owner, child, "troika:policy", "provides subject subjectType role")
        if child.get("role") is not None:
            found.executor = self._choice(owner, child, "role", ("executor",)) == "executor"
            if child.get("provides") is None:
                return
        provides = self._required(owner, child, "provides")
        kind = self._required(owner, child, "subjectType")
        if provides and kind:
            found.policy = PolicyMark(provides, child.get("subject"), kind)

    def _retry(self, owner: Element, child: Element, found: Extensions) -> None:
        found.retry = self._required(owner, child, "cycle")

    def _initial(self, owner: Element, child: Element, found: Extensions) -> None:
        found.initial = self._required(owner, child, "value")

    def _numbering(self, owner: Element, child: Element, found: Extensions) -> None:
        pattern = self._required(owner, child, "pattern")
        period = self._choice(owner, child, "period", PERIODS) if child.get("period") else "year"
        if child.get("gapless") is not None:  # drawn in the transaction that starts: without gaps either way
            self._choice(owner, child, "gapless", ("true", "false"))
        if pattern and period:
            found.numbering = Numbering(pattern, period, child.get("scope", "global"))

    def _title(self, owner: Element, child: Element, found: Extensions) -> None:
        found.title = self._required(owner, child, "value")

    def _summary(self, owner: Element, child: Element, found: Extensions) -> None:
        found.summary = (self._required(owner, child, "fields") or "").split()

    def _starters(self, owner: Element, child: Element, found: Extensions) -> None:
        for name, value in child.attrib.items():
            found.starters[name] = value.replace(",", " ").split()

    def _managers(self, owner: Element, child: Element, found: Extensions) -> None:
        found.managers = (self._required(owner, child, "groups") or "").replace(",", " ").split()

    def _print(self, owner: Element, child: Element, found: Extensions) -> None:
        found.print_form = self._required(owner, child, "template")

    def _retention(self, owner: Element, child: Element, found: Extensions) -> None:
        after = self._required(owner, child, "after")
        if after is not None and not KEPT.fullmatch(after):
            self._wrong_choice(owner, child, "after", after, ("P10Y", "P6M", "P90D"))
        elif after is not None:
            found.retention = Retention(after, child.get("legal") or None)

    def _time_to_live(self, owner: Element, child: Element, found: Extensions) -> None:
        found.time_to_live = self._required(owner, child, "value")

    # ------------------------------------------------------------ findings

    def _required(self, owner: Element, child: Element, name: str) -> str | None:
        value = child.get(name)
        if value is None or not str(value).strip():
            self._problem(
                owner, child, "extension-incomplete",
                N_("{element}: expected '{word}' to have a value for '{attribute}', but it is empty."),
                N_("Fill it in or remove the element."), word=local_name(child), attribute=name,
            )  # fmt: skip
            return None
        return str(value)

    def _choice(
        self, owner: Element, child: Element, name: str, allowed: "frozenset[str] | tuple[str, ...]"
    ) -> str | None:
        value = self._required(owner, child, name)
        if value is not None and value not in allowed:
            self._wrong_choice(owner, child, name, value, allowed)
            return None
        return value

    def _wrong_choice(
        self, owner: Element, child: Element, name: str, value: str, allowed: "frozenset[str] | tuple[str, ...]"
    ) -> None:
        self._problem(
            owner, child, "extension-wrong-value",
            N_("{element}: expected '{attribute}' of '{word}' to be one of {allowed}, found '{found}'."),
            N_("Choose one of them."),
            word=local_name(child), attribute=name, allowed=", ".join(sorted(allowed)), found=value,
        )  # fmt: skip

    def _flag(self, owner: Element, name: str, value: str) -> bool:
        if value not in ("true", "false"):
            self._problem(
                owner, owner, "extension-wrong-value",
                N_("{element}: expected '{attribute}' of '{word}' to be one of {allowed}, found '{found}'."),
                N_("Choose one of them."), word=local_name(owner), attribute=name, allowed="true, false", found=value,
            )  # fmt: skip
        return value == "true"

    def _binding(self, owner: Element, child: Element) -> str:
        value = str(child.get("bindingType", "latest"))
        if value not in ("latest", "deployment", "versionTag"):
            self._wrong_choice(owner, child, "bindingType", value, ("latest", "deployment", "versionTag"))
        return value

    def _unknown(self, owner: Element, word: str, tag: str, known: object) -> None:
        names = sorted(str(name) for name in known) if isinstance(known, dict | frozenset | tuple) else []
        near = difflib.get_close_matches(word.partition(":")[2].rpartition(" ")[2], names, 1)
        if near:
            hint, facts = N_("Did you mean '{near}'?"), {"near": near[0]}
        else:
            hint, facts = N_("Remove it, or move it to the element that it belongs to."), {}
        self._problem(
            owner, owner, "extension-unknown", N_("{element}: '{word}' means nothing on a {tag} here."), hint,
            word=word, tag=tag, **facts,
        )  # fmt: skip

    def _check_attributes(self, owner: Element, child: Element, word: str, allowed: str) -> None:
        """`allowed`: names of attributes, or name=value for the one value that is executed."""
        fixed = dict(part.partition("=")[::2] for part in allowed.split())
        for name, value in child.attrib.items():
            if name.startswith("{"):
                continue
            if name not in fixed:
                self._unknown(owner, f"{word} {name}", local_name(owner), tuple(fixed))
            elif fixed[name] and fixed[name] != value:
                self._problem(
                    owner, child, "extension-not-executed",
                    N_("{element}: '{word}' is not executed by this engine."), N_("Executed is: {value}."),
                    word=f'{word} {name}="{value}"', value=f'{name}="{fixed[name]}"',
                )  # fmt: skip

    def _foreign(self, owner: Element, child: Element) -> None:
        space = namespace(child)
        if space == BPMN or not space:
            self._unknown(owner, local_name(child), local_name(owner), ())
            return
        self._report(
            Finding(
                "foreign-extension", Level.INFO, owner.get("id"),
                N_("{element}: '{word}' of another product is kept in the file, but has no effect here."),
                {"element": owner.get("id"), "word": local_name(child), "namespace": space},
                line=child.sourceline, resource=self._resource,
            )
        )  # fmt: skip

    def _problem(self, owner: Element, at: Element, rule: str, message: str, hint: str, **facts: object) -> None:
        self._report(
            Finding(
                rule, Level.ERROR, owner.get("id"), message, {"element": owner.get("id"), **facts}, hint,
                line=at.sourceline, resource=self._resource,
            )
        )  # fmt: skip


_Reading = Callable[[Reader, Element, Element, Extensions], None]
_Word = tuple[frozenset[str] | None, _Reading, str]

_CALL_ACTIVITY, _RULE, _SCRIPTED = (
    frozenset(("callActivity",)),
    frozenset(("businessRuleTask",)),
    frozenset(("scriptTask",)),
)
_BINDING = "bindingType versionTag"
_PROCESS = frozenset(("process",))
_AD_HOC = frozenset(("adHocSubProcess",))

_ZEEBE: dict[str, _Word] = {
    "ioMapping": (MAPPED, Reader._io_mapping, ""),
    "taskDefinition": (JOBS, Reader._task_definition, "type retries"),
    "calledElement": (
        _CALL_ACTIVITY,
        Reader._called_element,
        f"processId {_BINDING} propagateAllParentVariables propagateAllChildVariables",
    ),
    "calledDecision": (_RULE, Reader._called_decision, f"decisionId resultVariable {_BINDING}"),
    "script": (_SCRIPTED, Reader._script, "expression resultVariable"),
    "loopCharacteristics": (
        frozenset(("multiInstanceLoopCharacteristics",)),
        Reader._loop,
        "inputCollection inputElement outputCollection outputElement",
    ),
    "adHoc": (_AD_HOC, Reader._active_elements, "activeElementsCollection"),
    "userTask": (HUMAN, Reader._user_task, ""),
    "formDefinition": (frozenset(("userTask", "startEvent")), Reader._form, f"formId {_BINDING}"),
    "assignmentDefinition": (HUMAN, Reader._assignment_definition, "assignee candidateUsers candidateGroups"),
    "taskSchedule": (HUMAN, Reader._schedule, "dueDate followUpDate"),
    "priorityDefinition": (HUMAN, Reader._priority, "priority"),
    "subscription": (frozenset(("message", "receiveTask")), Reader._subscription, "correlationKey"),
    "publishMessage": (THROWS, Reader._publish, "correlationKey messageId timeToLive"),
    "versionTag": (_PROCESS, Reader._version_tag, "value"),
    "properties": (ANY, Reader._properties, ""),
}
_TROIKA: dict[str, _Word] = {
    "label": (ANY, Reader._label, "lang of"),
    "assignment": (
        HUMAN,
        Reader._strategy,
        "strategy user users id ids group groups role roles userGroup position positions dept level from to direction"
        " field element value onMissingLevel selfIsLeader stopAt decisionId range multi min max",
    ),
    "approval": (
        HUMAN,
        Reader._approval,
        "mode onReject threshold strict abstain hearAll rejects beforeReject branchReject pick",
    ),
    "fields": (frozenset(("userTask", "process")), Reader._fields, "default"),
    "buttons": (HUMAN, Reader._buttons, " ".join(sorted(BUTTONS))),
    "opinion": (HUMAN, Reader._opinion, "required phrases"),
    "signature": (HUMAN, Reader._signature, "required"),
    "adHoc": (_AD_HOC, Reader._activation, "activation"),
    "onEmpty": (HUMAN, Reader._on_empty, "do users"),
    "onSelf": (HUMAN, Reader._on_self, "do"),
    "skipWhen": (HUMAN, Reader._skip_when, "value"),
    "dedupe": (frozenset(("userTask", "process")), Reader._dedupe, "mode"),
    "timeout": (HUMAN, Reader._timeout, "calendar"),
    "cc": (HUMAN, Reader._copies, "on users groups again"),
    "hook": (frozenset(("userTask", "process")), Reader._hook, "on url secret"),
    "return": (HUMAN, Reader._return, "targets resubmit compensate"),
    "recall": (HUMAN, Reader._recall, "until"),
    "withdraw": (_PROCESS, Reader._withdraw, "until"),
    "policy": (HUMAN | CALLS, Reader._policy, "provides subject subjectType role assumes"),
    "retry": (JOBS, Reader._retry, "cycle"),
    "numbering": (_PROCESS, Reader._numbering, "pattern period scope gapless"),
    "title": (_PROCESS, Reader._title, "value"),
    "summary": (_PROCESS, Reader._summary, "fields"),
    "starters": (_PROCESS, Reader._starters, "groups departments users"),
    "managers": (_PROCESS, Reader._managers, "groups"),
    "print": (_PROCESS, Reader._print, "template"),
    "retention": (_PROCESS, Reader._retention, "after legal"),
    "timeToLive": (_PROCESS, Reader._time_to_live, "value"),
    "initial": (frozenset(("dataObject", "property")), Reader._initial, "value"),
    "calendar": (TIMED, Reader._calendar, "name"),
}


def words() -> Iterator[tuple[str, frozenset[str] | None]]:
    """Every extension word that is executed, with the elements that may carry it (None: any)."""
    for prefix, table in (("zeebe", _ZEEBE), ("troika", _TROIKA)):
        for name, (owners, _, _) in table.items():
            yield f"{prefix}:{name}", owners


def attributes(word: str) -> frozenset[str]:
    """The attributes of `zeebe:…` or `troika:…` that are executed. Raises KeyError."""
    prefix, _, name = word.partition(":")
    listed = {"zeebe": _ZEEBE, "troika": _TROIKA}[prefix][name][2]
    return frozenset(part.partition("=")[0] for part in listed.split())
