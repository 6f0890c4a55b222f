"""What Camunda 7, Flowable and Activiti have in common: the three grew from Activiti 5 and kept its words.

A word whose meaning is certain is replaced by ours; any other stays in the file and is left to a person. `camunda7.py`
and `flowable.py` add what each has of its own.
"""

import re
from collections.abc import Callable, Iterator

from engine.bpmn.imports import juel
from engine.bpmn.imports.expressions import Feel, Uncertain
from engine.bpmn.imports.forms import NUMBER, WHOLE, Forms, fields_of
from engine.bpmn.imports.report import Collector
from engine.bpmn.imports.tidy import shown_word
from engine.bpmn.imports.writing import bpmn, bpmn_elements, extension, extensions, insert, new, remove, tag
from engine.bpmn.parser.data import DataReader, readable
from engine.bpmn.parser.extensions import JOBS, Reader
from engine.bpmn.parser.structure import FEEL_LANGUAGES
from engine.bpmn.parser.xml import Element, local_name, local_ref, namespace, text_of
from engine.errors import N_
from engine.feel import quoted

OPERATION = N_("Choose a service operation in its properties, or draw what it does.")
LISTENER = N_("Draw a task for what it does, or remove it.")
FORM = N_("Build the form in the designer and choose it in the task.")
LANGUAGE = N_("Only FEEL is executed: write it as FEEL.")
COMMAS = N_("A text with commas counts as one name here: use a list.")
ONE_NAME = N_("Each part must be one name, not a list.")
ONLY_MAPPED = N_("With an output mapping only the mapped results leave the task.")
LITERAL = N_("It begins with '=' and would be taken for an expression.")
COMPUTED_KEY = N_("The name of an entry is computed.")
ATTEMPTS = N_("Check how often it is tried.")

INITIAL = N_("Enter the value that it begins with as troika:initial, or set it in a task.")
NOT_READABLE = N_("No expression can read a variable of that name; rename it.")

_LISTENERS = frozenset(("executionListener", "taskListener", "eventListener"))
_ROLE = re.compile(r"(user|group)\s*\(([^()]*)\)")
_TEXTS = frozenset(
    ("conditionExpression", "condition", "completionCondition", "loopCardinality", "loopCondition", "timeDate",
     "timeDuration", "timeCycle")
)  # fmt: skip
"""BPMN elements that hold an expression."""


class Activiti:
    """Rewrites the words of one vendor. `spaces`: its namespaces, `prefix`: how its words are shown."""

    def __init__(self, spaces: frozenset[str], prefix: str, report: Collector) -> None:
        self.spaces = spaces
        self.prefix = prefix
        self.report = report
        self.told: set[tuple[Element, str]] = set()
        self.forms: Forms | None = None
        """where forms go that stand in the drawing; None: they are left to a person"""

    def translate(self, root: Element) -> set[tuple[Element, str]]:
        """Rewrite every element; what has been said about a word that stays: (owner, word)."""
        for element in list(bpmn_elements(root)):
            tag = local_name(element)
            if tag in _TEXTS:
                self._expression(element)
            if tag in _HANDLERS:
                getattr(self, _HANDLERS[tag])(element)
            if element.find(bpmn("extensionElements")) is not None:
                self._extensions(element, tag)
            if tag == "serviceTask" and self._get(element, "async", "asyncBefore") == "true":
                self._asynchronous(element)
        return self.told

    # ------------------------------------------------------------ expressions of BPMN itself

    def _expression(self, element: Element) -> None:
        owner = element.getparent()
        text = text_of(element) or ""
        language = (element.get("language") or "").lower()
        if self._get(element, "resource"):
            self._decide(element, "resource", LANGUAGE)
        elif language and language not in FEEL_LANGUAGES and not juel.is_expression(text):
            self.report.decide(owner, f"{local_name(element)} ({element.get('language')})", LANGUAGE)
        elif juel.is_expression(text):
            try:
                feel = juel.translate(text)
            except Uncertain as why:
                self.report.uncertain(owner, text, why)
                return
            for child in list(element):
                element.remove(child)
            element.text = feel.slot
            element.attrib.pop("language", None)
            self.report.expression(owner, text, feel)

    # ------------------------------------------------------------ people

    def user_task(self, task: Element) -> None:
        """Assignment, due date, priority, form."""
        self._roles(task)
        for name in ("candidateUsers", "candidateGroups"):
            self._move(task, name, "zeebe:assignmentDefinition", name, read=_names)
        self._move(task, "assignee", "zeebe:assignmentDefinition", "assignee")
        self._move(task, "dueDate", "zeebe:taskSchedule", "dueDate")
        self._move(task, "followUpDate", "zeebe:taskSchedule", "followUpDate")
        self._move(task, "priority", "zeebe:priorityDefinition", "priority")
        self.form(task)
        if task.find(f"{bpmn('extensionElements')}/{{*}}assignmentDefinition") is not None:
            holder = extensions(task)
            if holder.find("{*}userTask") is None:
                insert(holder, 0, new("zeebe:userTask"))

    def form(self, owner: Element) -> None:
        """A form by its key."""
        key = self._get(owner, "formKey")
        if key is None:
            return
        if re.fullmatch(r"[\w./-]+", key) and not key.endswith((".html", ".jsp", ".xhtml", ".js")):
            self._replace(owner, "formKey", "zeebe:formDefinition", "formId", key, hint=FORM)
        else:
            self._decide(owner, "formKey", FORM)

    def start_event(self, event: Element) -> None:
        """Who started it, and the start form."""
        name = self._get(event, "initiator")
        if name:
            lines = extension(event, "zeebe:ioMapping")
            insert(lines, len(lines), new("zeebe:output", {"source": "= process.initiator.login", "target": name}))
            self.report.translated(event, self._shown(event, "initiator"), f"{name} = process.initiator.login")
            self._drop(event, "initiator")
        self.form(event)

    def _roles(self, task: Element) -> None:
        """HumanPerformer and potentialOwner with a written-out user or group."""
        for role in list(task.iterchildren(bpmn("humanPerformer"), bpmn("performer"), bpmn("potentialOwner"))):
            text = text_of(role.find(f"{bpmn('resourceAssignmentExpression')}/*"))
            performer = local_name(role) != "potentialOwner"
            found = f"<{local_name(role)}> {text or ''}"
            if text is None or ("(" in _ROLE.sub("", text)):
                self.report.decide(task, found, N_("Assign the task in its properties."))
                continue
            try:
                targets = {"assignee": self._slot(text)} if performer else self._owners(text)
            except Uncertain as why:
                self.report.uncertain(task, found, why)
                continue
            extension(task, "zeebe:assignmentDefinition", **targets)
            now = " ".join(f'{name}="{value}"' for name, value in targets.items())
            self.report.translated(task, found, f"zeebe:assignmentDefinition {now}")
            remove(role)

    def _owners(self, text: str) -> dict[str, str | None]:
        """`user(ann), group(sales), managers`: what stands alone is a group."""
        users = [who.strip() for kind, who in _ROLE.findall(text) if kind == "user"]
        groups = [who.strip() for kind, who in _ROLE.findall(text) if kind == "group"]
        groups += [part.strip() for part in _ROLE.sub("", text).split(",") if part.strip()]
        return {
            name: _names(",".join(parts)).slot if juel.is_expression(",".join(parts)) else ", ".join(parts)
            for name, parts in (("candidateUsers", users), ("candidateGroups", groups)) if parts
        }  # fmt: skip

    # ------------------------------------------------------------ work

    def job_task(self, task: Element) -> None:
        """A task that calls something: what exactly is code of the other engine."""
        if self._get(task, "type") == "external" and self._get(task, "topic"):
            self._move(task, "topic", "zeebe:taskDefinition", "type", hint=OPERATION)
            if self._get(task, "topic") is None:
                self._drop(task, "type")
        elif self._is_calculation(task):
            self._calculation(task)
        else:
            for name in ("class", "delegateExpression", "expression", "type"):
                if self._get(task, name) is not None:
                    self._decide(task, name, OPERATION)

    def script_task(self, task: Element) -> None:
        """FEEL and JUEL with a result variable; every other language is left to a person."""
        text = text_of(task.find(bpmn("script"))) or ""
        language, result = (task.get("scriptFormat") or "").lower(), self._get(task, "resultVariable")
        if self._get(task, "resource"):
            self._decide(task, "resource", LANGUAGE)
        elif language in ("juel", "feel") and text and result:
            try:
                feel = juel.translate(text) if language == "juel" else Feel(text.removeprefix("=").strip())
            except Uncertain as why:
                self.report.uncertain(task, text, why)
                return
            self._script(task, feel, text, result)
            remove(task.find(bpmn("script")))
            del task.attrib["scriptFormat"]
        elif text:
            self.report.decide(task, f"script ({task.get('scriptFormat') or '?'}): {text}", LANGUAGE)

    def _is_calculation(self, task: Element) -> bool:
        """Whether it only works out a value: an expression with a result and nothing else."""
        if not (self._get(task, "expression") and self._get(task, "resultVariable", "resultVariableName")):
            return False
        try:
            juel.translate(self._get(task, "expression") or "")
        except Uncertain:
            return False
        return local_name(task) == "serviceTask"

    def _calculation(self, task: Element) -> None:
        text, result = self._get(task, "expression") or "", self._get(task, "resultVariable", "resultVariableName")
        task.tag = bpmn("scriptTask")
        task.attrib.pop("implementation", None)
        self._script(task, juel.translate(text), text, result or "")
        self._drop(task, "expression")

    def _script(self, task: Element, feel: Feel, text: str, result: str) -> None:
        extension(task, "zeebe:script", expression=feel.slot, resultVariable=result)
        self._drop(task, "resultVariable", "resultVariableName")
        self.report.expression(task, text, feel)

    def _asynchronous(self, task: Element) -> None:
        task.set("{urn:troika:bpmn:1.0}async", "true")
        name = "async" if self._get(task, "async") is not None else "asyncBefore"
        self.report.translated(task, self._shown(task, name), 'troika:async="true"')
        self._drop(task, "async", "asyncBefore")

    # ------------------------------------------------------------ calls, loops

    def call_activity(self, call: Element) -> None:
        """The called process, what goes in and what comes out: nothing unless it is named. Plain BPMN stays."""
        key = call.get("calledElement")
        if not key or not self.spaces:
            return
        try:
            target = self._slot(key)
        except Uncertain as why:
            self.report.uncertain(call, key, why)
            return
        known, binding, tag = self._binding(call, "calledElement")
        if not known:
            self._decide(call, "calledElementBinding", N_("Choose which version is called."))
        passed = {name: self._passes_all(call, name) for name in ("in", "out")}
        extension(
            call, "zeebe:calledElement", processId=target, bindingType=binding, versionTag=tag,
            propagateAllParentVariables=_flag(passed["in"]), propagateAllChildVariables=_flag(passed["out"]),
        )  # fmt: skip
        del call.attrib["calledElement"]
        self.report.translated(call, f'calledElement="{key}"', f'zeebe:calledElement processId="{target}"')

    def _passes_all(self, call: Element, direction: str) -> bool:
        found = [word for word in self._words(call, direction) if word.get("variables") == "all"]
        for word in found:
            if word.get("local") is None and self._get(word, "local") is None:
                self.report.translated(call, shown_word(word), f"propagate all ({direction})")
                remove(word)
        return bool(found)

    def loop(self, loop: Element) -> None:
        """`collection` and `elementVariable`; a loopDataInputRef that names no data of the file is a variable."""
        task = loop.getparent()
        reference, item = loop.find(bpmn("loopDataInputRef")), loop.find(bpmn("inputDataItem"))
        name = self._get(loop, "collection")
        found = self._shown(loop, "collection") if name else ""
        if name is None and reference is not None and text_of(reference) not in _ids(loop):
            name, found = text_of(reference), f"loopDataInputRef {text_of(reference)}"
        if not name:
            return
        variable = self._get(loop, "elementVariable") or (item.get("name") if item is not None else None)
        try:
            feel = juel.translate(name if juel.is_expression(name) else f"${{{name}}}")
        except Uncertain as why:
            self.report.uncertain(task, found, why)
            return
        extension(loop, "zeebe:loopCharacteristics", inputCollection=feel.slot, inputElement=variable)
        self._drop(loop, "collection", "elementVariable")
        for part in (reference, item):
            if part is not None:
                remove(part)
        now = f'zeebe:loopCharacteristics inputCollection="{feel.slot}" inputElement="{variable or ""}"'
        self.report.translated(task, found, now)

    # ------------------------------------------------------------ process, events, names

    def process(self, process: Element) -> None:
        """Who may start it, its version tag."""
        for name, target in (("candidateStarterUsers", "users"), ("candidateStarterGroups", "groups")):
            value = self._get(process, name)
            if value and not juel.is_expression(value):
                self._replace(process, name, "troika:starters", target, value)
            elif value:
                self._decide(process, name, N_("Say in the properties of the process who may start it."))
        self._move(process, "versionTag", "zeebe:versionTag", "value")

    def named(self, element: Element) -> None:
        """Names of messages and signals may be expressions."""
        name = element.get("name") or ""
        if juel.is_expression(name):
            try:
                feel = juel.translate(name)
            except Uncertain as why:
                self.report.uncertain(element, name, why)
                return
            element.set("name", feel.slot)
            self.report.expression(element, name, feel)

    def event_definition(self, definition: Element) -> None:
        """What an event binds to code or writes into variables."""
        event = definition.getparent()
        for name in ("class", "delegateExpression", "expression", "type"):
            if self._get(definition, name) is not None:
                self._decide(definition, name, OPERATION)
        for name in ("errorCodeVariable", "errorMessageVariable", "escalationCodeVariable"):
            if self._get(definition, name) is not None and event is not None:
                self._decide(definition, name, N_("Map what the event brings in its output mapping."))

    # ------------------------------------------------------------ extension elements

    def _extensions(self, owner: Element, tag: str) -> None:
        for word in list(self._words(owner)):
            name = local_name(word)
            if name in _LISTENERS:
                self._decide_word(owner, word, LISTENER)
            elif name == "failedJobRetryTimeCycle" and tag in JOBS:
                self._retry(owner, word)
            elif name in ("in", "out") and tag == "callActivity":
                self._pass(owner, word, name)
            elif name == "inputOutput":
                self._input_output(owner, word)
            elif name in ("formData", "formProperty"):
                self._form_fields(owner, name)
            elif name in ("connector", "errorEventDefinition", "potentialStarter"):
                self._decide_word(owner, word, OPERATION)

    def _form_fields(self, owner: Element, name: str) -> None:
        """Fields that stand in the drawing: one remark for all of them."""
        words = list(self._words(owner, name))
        if not words:
            return  # told with the first of them
        fields = [field.get("id") for word in words for field in (word, *word) if field.get("id")]
        shown = f"{self.prefix}:{name} ({', '.join(fields)})"
        components, caveats = fields_of(words)
        if self.forms is None or not components or self._has_form(owner):
            self._decide_word(owner, words[0], FORM, shown)
            return
        form = self.forms.make(owner, components)
        extension(owner, "zeebe:formDefinition", formId=form)
        for word in words:
            remove(word)
        now = f'zeebe:formDefinition formId="{form}"'
        if not caveats:
            self.report.translated(owner, shown, now)
        for hint, facts in caveats:
            self.report.approximated(owner, shown, now, hint, **facts)

    def _has_form(self, owner: Element) -> bool:
        """Whether it names a form of its own, which prevails."""
        named = owner.find(f"{bpmn('extensionElements')}/{tag('zeebe:formDefinition')}")
        return named is not None or self._get(owner, "formKey", "formRef") is not None

    def _retry(self, task: Element, word: Element) -> None:
        text = text_of(word) or ""
        if re.fullmatch(r"R\d{1,3}/P\w+|P\w+(\s*,\s*P\w+)*", text):
            extension(task, "troika:retry", cycle=text.replace(" ", ""))
            self.report.approximated(
                task, f"{self.prefix}:{local_name(word)} {text}", f'troika:retry cycle="{text}"', ATTEMPTS
            )
            remove(word)
        else:
            self._decide_word(task, word, N_("Write how often it is tried, e.g. R3/PT10M."))

    def _pass(self, call: Element, word: Element, direction: str) -> None:
        """One line of what a called process gets or gives back."""
        source, target = word.get("source"), word.get("target")
        text = word.get("sourceExpression") or (f"${{{source}}}" if source else None)
        if not target or text is None or word.get("local"):
            if word.get("businessKey") is None:
                self._decide_word(call, word, N_("Map it in the inputs and outputs of the call."))
            else:
                self.report.kept(call, shown_word(word), N_("A called process keeps the business key of its caller."))
                self.told.add((call, word.tag))
            return
        try:
            feel = juel.translate(text if juel.is_expression(text) else f"${{{text}}}")
        except Uncertain as why:
            self._uncertain_word(call, word, text, why)
            return
        self._line(call, "input" if direction == "in" else "output", feel.slot, target)
        self._say(call, shown_word(word), f"{target} = {feel.text}", feel.caveats)
        remove(word)

    def _input_output(self, owner: Element, holder: Element) -> None:
        for word in list(holder.iterchildren("*")):
            name, direction = word.get("name"), local_name(word).removesuffix("Parameter")
            if direction not in ("input", "output") or not name:
                continue
            try:
                source, caveats = self._value(word)
            except Uncertain as why:
                self._uncertain_word(owner, holder, shown_word(word) + (text_of(word) or ""), why)
                continue
            if direction == "output":
                caveats = (*caveats, ONLY_MAPPED)
            self._line(owner, direction, source, name)
            found = f"{self.prefix}:{local_name(word)} {name}"
            self._say(owner, found, f"{name}: {source}", caveats)
            remove(word)
        if len(holder) == 0:
            remove(holder)

    def _value(self, word: Element) -> tuple[str, tuple[str, ...]]:
        """What a parameter is set to: text, expression, list or map. Raises Uncertain."""
        inner = [child for child in word.iterchildren("*") if namespace(child) in self.spaces]
        if not inner:
            text = word.text or ""
            if not juel.is_expression(text):
                return self._slot(text.strip()), ()
            feel = juel.translate(text)
            return feel.slot, feel.caveats
        feel = self._structure(inner[0])
        return feel.slot, feel.caveats

    def _structure(self, word: Element) -> Feel:
        """A list or a map of texts and expressions as FEEL."""
        name = local_name(word)
        caveats: tuple[str, ...] = ()
        parts = []
        if name not in ("list", "map"):
            raise Uncertain(LANGUAGE)
        for child in word.iterchildren("*"):
            inner = [grandchild for grandchild in child.iterchildren("*") if namespace(grandchild) in self.spaces]
            text = child.text or ""
            if local_name(child) in ("list", "map"):
                value = self._structure(child)
            elif inner:
                value = self._structure(inner[0])
            elif local_name(child) not in ("value", "entry"):
                raise Uncertain(LANGUAGE)
            else:
                value = juel.translate(text) if juel.is_expression(text) else Feel(quoted(text.strip()))
            caveats += value.caveats
            key = child.get("key") or ""
            if juel.is_expression(key):
                raise Uncertain(COMPUTED_KEY)
            parts.append(value.text if name == "list" else f"{quoted(key)}: {value.text}")
        return Feel(f"[{', '.join(parts)}]" if name == "list" else f"{{{', '.join(parts)}}}", caveats)

    # ------------------------------------------------------------ data

    def data_object(self, element: Element) -> None:
        """A data object with the value that it begins with."""
        name = (element.get("name") or "").strip()
        if name and not readable(name):
            read = DataReader(element.getroottree().getroot(), Reader("", lambda _: None)).name(element)
            self.report.approximated(element, name, read, NOT_READABLE)
        for word in list(self._words(element, "value")):
            text, kind = (word.text or "").strip(), (local_ref(element.get("itemSubjectRef")) or "?").lower()
            value = _initial(kind, text)
            if value is None:
                self._decide_word(element, word, INITIAL, f"{shown_word(word)} {text} ({kind})")
                continue
            remove(word)
            extension(element, "troika:initial", value=value)
            self.report.translated(element, f"{shown_word(word)} {text}", f'troika:initial value="{value}"')

    # ------------------------------------------------------------ helpers

    def _words(self, owner: Element, name: str | None = None) -> Iterator[Element]:
        for holder in owner.iterchildren(bpmn("extensionElements")):
            for word in holder.iterchildren("*"):
                if namespace(word) in self.spaces and name in (None, local_name(word)):
                    yield word

    def _get(self, owner: Element, *names: str) -> str | None:
        for space in self.spaces:
            for name in names:
                value = owner.get(f"{{{space}}}{name}")
                if value is not None:
                    return str(value)
        return None

    def _drop(self, owner: Element, *names: str) -> None:
        for space in self.spaces:
            for name in names:
                owner.attrib.pop(f"{{{space}}}{name}", None)

    def _shown(self, owner: Element, name: str) -> str:
        return f'{self.prefix}:{name}="{self._get(owner, name)}"'

    def _slot(self, text: str) -> str:
        """Text, or an expression after `=`. Raises Uncertain."""
        if juel.is_expression(text):
            return juel.translate(text).slot
        if text.lstrip().startswith("="):
            raise Uncertain(LITERAL)
        return text

    def _move(
        self, owner: Element, name: str, word: str, target: str, *, hint: str = "",
        read: Callable[[str], Feel] = juel.translate,
    ) -> None:  # fmt: skip
        """An attribute of the vendor becomes an attribute of our word, its expression FEEL."""
        value = self._get(owner, name)
        if not value:
            return
        if not juel.is_expression(value):
            if value.lstrip().startswith("="):
                self.report.uncertain(owner, self._shown(owner, name), Uncertain(LITERAL))
                self._tell(owner, name)
                return
            self._replace(owner, name, word, target, value, hint=hint)
            return
        try:
            feel = read(value)
        except Uncertain as why:
            self.report.uncertain(owner, self._shown(owner, name), why)
            self._tell(owner, name)
            return
        self._replace(owner, name, word, target, feel.slot, feel.caveats, hint)

    def _replace(
        self, owner: Element, name: str, word: str, target: str, value: str, caveats: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:  # fmt: skip
        extension(owner, word, **{target: value})
        self._say(owner, self._shown(owner, name), f'{word} {target}="{value}"', (*caveats, *filter(None, [hint])))
        self._drop(owner, name)

    def _say(self, owner: Element, found: str, now: str, caveats: tuple[str, ...]) -> None:
        if not caveats:
            self.report.translated(owner, found, now)
        for caveat in caveats:
            self.report.approximated(owner, found, now, caveat)

    def _line(self, owner: Element, direction: str, source: str, target: str) -> None:
        lines = extension(owner, "zeebe:ioMapping")
        insert(lines, len(lines), new(f"zeebe:{direction}", {"source": source, "target": target}))

    def _decide(self, owner: Element, name: str, hint: str) -> None:
        self.report.decide(owner, self._shown(owner, name), hint)
        self._tell(owner, name)

    def _decide_word(self, owner: Element, word: Element, hint: str, found: str = "") -> None:
        self.report.decide(owner, found or shown_word(word), hint)
        self.told.add((owner, word.tag))

    def _uncertain_word(self, owner: Element, word: Element, found: str, why: Uncertain) -> None:
        self.report.uncertain(owner, found, why)
        self.told.add((owner, word.tag))

    def _tell(self, owner: Element, name: str) -> None:
        self.told.update((owner, f"{{{space}}}{name}") for space in self.spaces)

    def _binding(self, owner: Element, of: str) -> tuple[bool, str | None, str | None]:
        """Whether the binding of a reference is one of ours, bindingType (None: the latest, as here), versionTag."""
        binding = self._get(owner, f"{of}Binding") or "latest"
        tag = self._get(owner, f"{of}VersionTag")
        if binding not in ("latest", "deployment", "versionTag") or (binding == "versionTag" and not tag):
            return False, None, None
        self._drop(owner, f"{of}Binding", f"{of}VersionTag")
        return True, None if binding == "latest" else binding, tag if binding == "versionTag" else None


def _names(text: str) -> Feel:
    """A list of names, some of them expressions. Raises Uncertain."""
    parts = [part.strip() for part in re.split(r",(?![^{}]*\})", text) if part.strip()]
    if len(parts) == 1:
        feel = juel.translate(parts[0])
        return Feel(feel.text, (*feel.caveats, COMMAS))
    found = [juel.translate(part) if juel.is_expression(part) else Feel(quoted(part)) for part in parts]
    return Feel(f"[{', '.join(feel.text for feel in found)}]", (ONE_NAME,))


def _initial(kind: str, text: str) -> str | None:
    """The value of a data object of XML schema type `kind`, None when it is not certain."""
    if juel.is_expression(text) or not text:
        return None
    if kind == "string":
        return text if not text.startswith("=") else f"= {quoted(text)}"
    if kind == "boolean":
        return f"= {text}" if text in ("true", "false") else None
    if kind in _WHOLE:
        return f"= {int(text)}" if WHOLE.fullmatch(text) else None
    if kind in _FRACTIONS:
        return f"= {text}" if NUMBER.fullmatch(text) else None
    if kind == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return f"= date({quoted(text)})"
    if kind == "datetime" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return f"= date and time({quoted(text)})"  # without a zone it would be that of the old server
    return None


def _ids(element: Element) -> set[str | None]:
    return {found.get("id") for found in element.getroottree().getroot().iter("*")}


def _flag(value: bool) -> str:
    return "true" if value else "false"


_WHOLE = frozenset(("int", "integer", "long", "short"))
_FRACTIONS = frozenset(("double", "float", "decimal"))
_HANDLERS = {
    "dataObject": "data_object",
    "userTask": "user_task", "startEvent": "start_event", "serviceTask": "job_task", "sendTask": "job_task",
    "businessRuleTask": "job_task", "scriptTask": "script_task", "callActivity": "call_activity",
    "multiInstanceLoopCharacteristics": "loop", "process": "process", "message": "named", "signal": "named",
    "messageEventDefinition": "event_definition", "errorEventDefinition": "event_definition",
    "escalationEventDefinition": "event_definition", "signalEventDefinition": "event_definition",
}  # fmt: skip
"""Method by tag."""
