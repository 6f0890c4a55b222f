"""DMN XML, versions 1.1 to 1.5, to a Model. Reads by local name; what is not supported is refused by id."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lxml import etree

from engine.dmn import model as m
from engine.errors import N_
from engine.findings import Finding, Level

SIZE_LIMIT = 5 * 1024 * 1024
DEPTH_LIMIT = 100
NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
HIT_POLICIES = {
    "UNIQUE": "U", "ANY": "A", "PRIORITY": "P", "FIRST": "F", "RULE ORDER": "R", "OUTPUT ORDER": "O", "COLLECT": "C",
}  # fmt: skip
AGGREGATIONS = frozenset(("SUM", "MIN", "MAX", "COUNT"))
EXPRESSIONS = frozenset(
    (
        "literalExpression", "decisionTable", "context", "invocation", "functionDefinition", "list", "relation",
        "conditional", "filter", "for", "some", "every",
    )
)  # fmt: skip
DOCUMENTATION = frozenset(
    (
        "description", "extensionElements", "question", "allowedAnswers", "DMNDI", "knowledgeSource", "textAnnotation",
        "association", "group", "elementCollection", "performanceIndicator", "organizationUnit",
        "businessContextElement", "artifact",
    )
)  # fmt: skip
"""Elements that explain and do not decide."""


class _Refused(Exception):
    """Stops the reading of a file of which nothing can be used."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.rule)


def read(
    xml: bytes, resource: str = "", imports: Mapping[str, m.Model] | None = None
) -> tuple[m.Model | None, list[Finding]]:
    """The model and what is wrong with it; no model when the XML itself cannot be used.

    `imports`: models by namespace that an `import` element may name.
    """
    try:
        root = _parse(xml, resource)
        reader = _Reader(resource, root, imports or {})
        return reader.model(root), reader.findings
    except _Refused as refused:
        return None, [refused.finding]


def namespaces(xml: bytes) -> tuple[str, tuple[str, ...]]:
    """(its own namespace, those that it imports) of a file; empty for one that cannot be read."""
    try:
        root = _parse(xml, "")
    except _Refused:
        return "", ()
    wanted = (
        child.get("namespace") or "" for child in root if isinstance(child.tag, str) and _local(child) == "import"
    )
    return root.get("namespace") or "", tuple(wanted)


def texts(xml: bytes) -> list[str]:
    """Every expression of a file; none of one that cannot be read."""
    try:
        root = _parse(xml, "")
    except _Refused:
        return []
    return [child.text or "" for child in root.iter() if isinstance(child.tag, str) and _local(child) == "text"]


def _parse(xml: bytes, resource: str) -> Any:
    def refuse(rule: str, message: str, line: int | None = None, **facts: Any) -> _Refused:
        return _Refused(Finding(rule, Level.ERROR, None, message, facts, line=line, resource=resource))

    if len(xml) > SIZE_LIMIT:
        raise refuse(
            "file-too-large", N_("Expected at most {limit} bytes, found {size}."), limit=SIZE_LIMIT, size=len(xml)
        )
    if b"<!DOCTYPE" in xml[:100_000]:
        raise refuse("doctype", N_("Expected no DOCTYPE: entities are not read."))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = error.lineno if isinstance(error, etree.XMLSyntaxError) else None
        raise refuse("xml", N_("Expected well-formed XML: {reason}"), line, reason=str(error)) from None
    document: Any = root.getroottree().docinfo
    if document.doctype:
        raise refuse("doctype", N_("Expected no DOCTYPE: entities are not read."))
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in NAMESPACES:
        raise refuse("not-dmn", N_("Expected DMN 1.1 to 1.5, found {found}."), _line(root), found=str(root.tag)[:120])
    return root


class _Reader:
    """One file."""

    def __init__(self, resource: str, root: Any, imports: Mapping[str, m.Model]) -> None:
        self.resource = resource
        self.namespace = root.get("namespace") or ""
        self.dmn = etree.QName(root).namespace
        self.prefixes = dict(root.nsmap)
        self.available = imports
        self.findings: list[Finding] = []
        self.import_names: dict[str, str] = {}

    def _refuse(self, node: Any, rule: str, message: str, hint: str = "", **facts: Any) -> None:
        self.findings.append(
            Finding(rule, Level.ERROR, _id(node), message, facts, hint, line=node.sourceline, resource=self.resource)
        )

    def _unsupported(self, node: Any, what: str, hint: str = "") -> None:
        self._refuse(node, "unsupported", N_("{what} is not supported."), hint, what=what)

    # ------------------------------------------------ the graph

    def model(self, root: Any) -> m.Model:
        imports: list[m.Import] = []
        types: dict[str, m.ItemDefinition] = {}
        elements: dict[str, m.Element] = {}
        for node in self._children(root, "import"):
            imports += self._import(node)
        for node in self._children(root):
            kind = _local(node)
            if kind == "itemDefinition":
                definition = self._item(node)
                types[definition.name] = definition
            elif kind in ("inputData", "decision", "businessKnowledgeModel", "decisionService"):
                element = self._element(node, kind)
                if element.id in elements:
                    self._refuse(node, "duplicate-id", N_("The id '{id}' is used twice."), id=element.id)
                elements[element.id] = element
            elif kind not in DOCUMENTATION and kind != "import":
                self._unsupported(node, f"<{kind}>")
        self._resolve_service_requirements(elements)
        return m.Model(
            root.get("id") or "", root.get("name") or "", self.namespace, elements, types, tuple(imports), self.resource
        )

    def _import(self, node: Any) -> Iterator[m.Import]:
        namespace, name = node.get("namespace") or "", _name(node.get("name") or "")
        self.import_names[namespace] = name
        found = self.available.get(namespace)
        if found is None:
            self._refuse(node, "import", N_("Expected a model with the namespace {namespace}."), namespace=namespace)
        else:
            yield m.Import(name, found)

    def _element(self, node: Any, kind: str) -> m.Element:
        variable = self._first(node, "variable")
        name = node.get("name") or _id(node) or ""
        facts = {
            "id": _id(node) or name,
            "name": name,
            "variable": _name((variable.get("name") if variable is not None else None) or name),
            "type": self._type_of(variable),
            "line": node.sourceline,
            "labels": _labels(node),
        }
        if kind == "inputData":
            return m.InputData(**facts)
        if kind == "decision":
            self._known(node, "variable", "informationRequirement", "knowledgeRequirement", "authorityRequirement",
                        "supportedObjective", "impactedPerformanceIndicator", "decisionMaker", "decisionOwner",
                        "usingProcess", "usingTask")  # fmt: skip
            return m.Decision(**facts, logic=self._logic(node, facts["id"]), requirements=self._requirements(node))
        if kind == "businessKnowledgeModel":
            self._known(node, "variable", "encapsulatedLogic", "knowledgeRequirement", "authorityRequirement")
            logic = self._first(node, "encapsulatedLogic")
            function = self._function(logic, facts["id"]) if logic is not None else None
            return m.Knowledge(**facts, logic=function, requirements=self._requirements(node))
        return m.Service(
            **facts,
            outputs=self._references(node, "outputDecision"),
            encapsulated=self._references(node, "encapsulatedDecision"),
            input_decisions=self._references(node, "inputDecision"),
            input_data=self._references(node, "inputData"),
        )

    def _known(self, node: Any, *names: str) -> None:
        for child in self._children(node):
            kind = _local(child)
            if kind not in names and kind not in DOCUMENTATION and kind not in EXPRESSIONS:
                self._unsupported(child, f"<{kind}>")

    def _requirements(self, node: Any) -> tuple[m.Requirement, ...]:
        found: list[m.Requirement] = []
        for wrapper in self._children(node):
            if _local(wrapper) in ("informationRequirement", "knowledgeRequirement"):
                for kind in ("requiredDecision", "requiredInput", "requiredKnowledge"):
                    found += self._references(wrapper, kind)
        return tuple(found)

    def _references(self, node: Any, kind: str) -> tuple[m.Requirement, ...]:
        found = []
        for child in self._children(node, kind):
            namespace, _, target = (child.get("href") or "").rpartition("#")
            found.append(m.Requirement(target, namespace or None))
        return tuple(found)

    def _resolve_service_requirements(self, elements: dict[str, m.Element]) -> None:
        """A reference with the own namespace written out is one into this model; one to nothing is refused."""
        for element in elements.values():
            for requirement in m.requirements_of(element):
                if requirement.namespace in (None, self.namespace) and requirement.id not in elements:
                    self.findings.append(
                        Finding(
                            "missing-requirement", Level.ERROR, element.id,
                            N_("There is no element '{id}' to require."), {"id": requirement.id}, line=element.line,
                            resource=self.resource,
                        )
                    )  # fmt: skip

    # ------------------------------------------------ types

    def _item(self, node: Any) -> m.ItemDefinition:
        function = self._first(node, "functionItem")
        parameters = None
        result = None
        if function is not None:
            parameters = tuple((p.get("name") or "", self._type_of(p)) for p in self._children(function, "parameters"))
            result = self._qualified(function, function.get("outputTypeRef"))
        return m.ItemDefinition(
            _name(node.get("name") or ""),
            self._qualified(node, self._text(node, "typeRef")),
            tuple(self._item(child) for child in self._children(node, "itemComponent")),
            parameters,
            result,
            node.get("isCollection") == "true",
            self._nested_text(node, "allowedValues"),
            self._nested_text(node, "typeConstraint"),
            node.sourceline,
        )

    def _type_of(self, node: Any) -> str | None:
        return self._qualified(node, node.get("typeRef")) if node is not None else None

    def _qualified(self, node: Any, reference: str | None) -> str | None:
        """`feel:string` is `string`; a prefix of an imported namespace becomes the name of the import."""
        if not reference:
            return None
        reference = _name(reference)
        prefix, colon, local = reference.rpartition(":")
        if not colon:
            if reference.startswith("{"):
                return reference.rpartition("}")[2]
            return reference
        namespace = node.nsmap.get(prefix)
        name = self.import_names.get(namespace or "")
        return f"{name}.{local}" if name else local

    # ------------------------------------------------ expressions

    def _logic(self, node: Any, owner: str) -> m.Expression | None:
        for child in self._children(node):
            if _local(child) in EXPRESSIONS:
                return self._expression(child, owner)
        return None

    def _inner(self, node: Any, name: str, owner: str) -> m.Expression | None:
        child = self._first(node, name)
        return self._logic(child, owner) if child is not None else None

    def _expression(self, node: Any, owner: str) -> m.Expression:
        kind = _local(node)
        identity = _id(node) or owner
        common = {"line": node.sourceline, "type": self._type_of(node)}
        match kind:
            case "literalExpression":
                return self._literal(node, identity, common)
            case "decisionTable":
                return self._table(node, identity, common)
            case "context":
                entries = tuple(self._entry(entry, identity) for entry in self._children(node, "contextEntry"))
                return m.Context(identity, entries, **common)
            case "invocation":
                bindings = tuple(self._binding(binding, identity) for binding in self._children(node, "binding"))
                return m.Invocation(identity, self._logic(node, identity), bindings, **common)
            case "functionDefinition":
                return self._function(node, identity)
            case "list":
                return m.ListExpression(identity, tuple(self._expressions(node, identity)), **common)
            case "relation":
                columns = tuple(_name(column.get("name") or "") for column in self._children(node, "column"))
                rows = tuple(tuple(self._expressions(row, identity)) for row in self._children(node, "row"))
                return m.Relation(identity, columns, rows, **common)
            case "conditional":
                parts = (self._inner(node, part, identity) for part in ("if", "then", "else"))
                return m.Conditional(identity, *parts, **common)
            case "filter":
                source, match = (self._inner(node, part, identity) for part in ("in", "match"))
                return m.Filter(identity, source, match, **common)
        body = "return" if kind == "for" else "satisfies"
        return m.Iteration(
            identity,
            kind,
            _name(node.get("iteratorVariable") or ""),
            _iterated(self._inner(node, "in", identity)),
            self._inner(node, body, identity),
            **common,
        )

    def _expressions(self, node: Any, owner: str) -> Iterator[m.Expression]:
        for child in self._children(node):
            if _local(child) in EXPRESSIONS:
                yield self._expression(child, owner)

    def _literal(self, node: Any, identity: str, common: dict[str, Any]) -> m.Literal:
        if self._first(node, "importedValues") is not None:
            self._unsupported(node, "<importedValues>")
        self._language(node)
        return m.Literal(identity, self._text(node, "text") or "", **common)

    def _language(self, node: Any) -> None:
        language = node.get("expressionLanguage") or ""
        if language and "FEEL" not in language.upper():
            self._unsupported(node, f"expressionLanguage {language}", N_("Write the expression in FEEL."))

    def _entry(self, node: Any, owner: str) -> m.ContextEntry:
        variable = self._first(node, "variable")
        name = _name(variable.get("name") or "") if variable is not None else None
        return m.ContextEntry(name, self._type_of(variable), self._logic(node, owner))

    def _binding(self, node: Any, owner: str) -> tuple[str, m.Expression | None]:
        parameter = self._first(node, "parameter")
        return _name(parameter.get("name") or "") if parameter is not None else "", self._logic(node, owner)

    def _function(self, node: Any, owner: str) -> m.FunctionDefinition:
        kind = (node.get("kind") or "FEEL").upper()
        identity = _id(node) or owner
        if kind not in ("FEEL", "F"):
            self._unsupported(node, f"kind {kind}", N_("Call a service operation from the process instead."))
        parameters = tuple(
            (_name(parameter.get("name") or ""), self._type_of(parameter))
            for parameter in self._children(node, "formalParameter")
        )
        return m.FunctionDefinition(
            identity, parameters, self._logic(node, identity), kind, line=node.sourceline, type=self._type_of(node)
        )

    # ------------------------------------------------ decision tables

    def _table(self, node: Any, identity: str, common: dict[str, Any]) -> m.DecisionTable:
        policy = node.get("hitPolicy") or "UNIQUE"
        aggregation = node.get("aggregation")
        if policy not in HIT_POLICIES:
            self._unsupported(node, f"hitPolicy {policy}")
        if aggregation is not None and aggregation not in AGGREGATIONS:
            self._unsupported(node, f"aggregation {aggregation}")
        inputs = tuple(self._input(child) for child in self._children(node, "input"))
        outputs = tuple(self._output(child) for child in self._children(node, "output"))
        rules = tuple(
            self._rule(child, f"{identity}.{number}", len(inputs), len(outputs))
            for number, child in enumerate(self._children(node, "rule"), 1)
        )
        if not outputs:
            self._refuse(node, "no-output", N_("Expected a decision table to have an output column."))
        if aggregation and len(outputs) > 1:
            self._refuse(node, "aggregation", N_("Expected one output column to aggregate, found {n}."), n=len(outputs))
        return m.DecisionTable(
            identity, HIT_POLICIES.get(policy, "U"), aggregation if policy == "COLLECT" else None, inputs, outputs,
            rules, **common,
        )  # fmt: skip

    def _input(self, node: Any) -> m.InputClause:
        expression = self._first(node, "inputExpression")
        text = ""
        if expression is None:
            self._refuse(node, "no-input-expression", N_("Expected an input column to have an expression."))
        else:
            self._language(expression)
            text = self._text(expression, "text") or ""
        label = node.get("label") or text
        values = self._nested_text(node, "inputValues")
        return m.InputClause(
            _id(node) or "", label, text, self._type_of(expression), values, node.sourceline, _labels(node)
        )

    def _output(self, node: Any) -> m.OutputClause:
        default = self._first(node, "defaultOutputEntry")
        return m.OutputClause(
            _id(node) or "",
            _name(node.get("name") or "") or None,
            self._type_of(node),
            self._nested_text(node, "outputValues"),
            self._text(default, "text") if default is not None else None,
            node.sourceline,
            node.get("label") or "",
            _labels(node),
            _words(node),
        )

    def _rule(self, node: Any, fallback: str, inputs: int, outputs: int) -> m.Rule:
        tests = tuple(self._cell(child) for child in self._children(node, "inputEntry"))
        results = tuple(self._cell(child) for child in self._children(node, "outputEntry"))
        if (len(tests), len(results)) != (inputs, outputs):
            self._refuse(
                node, "rule-cells", N_("Expected a rule with {inputs} conditions and {outputs} results."),
                inputs=inputs, outputs=outputs,
            )  # fmt: skip
            tests, results = (tests + ("-",) * inputs)[:inputs], (results + ("",) * outputs)[:outputs]
        annotations = tuple(self._text(child, "text") or "" for child in self._children(node, "annotationEntry"))
        return m.Rule(_id(node) or fallback, tests, results, annotations, node.sourceline)

    def _cell(self, node: Any) -> str:
        self._language(node)
        return self._text(node, "text") or ""

    # ------------------------------------------------ XML

    def _children(self, node: Any, name: str | None = None) -> Iterator[Any]:
        for child in node:
            if isinstance(child.tag, str) and (name is None or _local(child) == name):
                namespace = etree.QName(child).namespace
                if namespace == self.dmn or _local(child) == "DMNDI":
                    yield child

    def _first(self, node: Any, name: str) -> Any:
        return next(self._children(node, name), None)

    def _text(self, node: Any, name: str) -> str | None:
        child = self._first(node, name)
        return None if child is None else (child.text or "").strip()

    def _nested_text(self, node: Any, name: str) -> str:
        child = self._first(node, name)
        return (self._text(child, "text") or "") if child is not None else ""


def _line(node: Any) -> int | None:
    line: int | None = node.sourceline
    return line


def _local(node: Any) -> str:
    return str(etree.QName(node).localname)


def _id(node: Any) -> str | None:
    found = node.get("id")
    return str(found) if found else None


def _name(text: str) -> str:
    return " ".join(text.split())


def _iterated(source: m.Expression | None) -> m.Expression | None:
    """`1..10` without brackets stands behind `in` only; the standard puts the text of a boxed iterator there."""
    if isinstance(source, m.Literal) and ".." in source.text and not source.text.startswith(("[", "(", "]")):
        return replace(source, text=f"for item in {source.text} return item")
    return source


def _labels(node: Any) -> dict[str, str]:
    """`<troika:label lang="en">` in the extension elements: names in other languages."""
    return {lang: text for value, lang, text in _named(node) if lang and value is None}


def _words(node: Any) -> dict[str, dict[str, str]]:
    """`<troika:label value="director" lang="en">`: what the values of a column are called, by value and language."""
    found: dict[str, dict[str, str]] = {}
    for value, lang, text in _named(node):
        if value is not None and text:
            found.setdefault(value, {})[lang] = text
    return found


def _named(node: Any) -> Iterator[tuple[str | None, str, str]]:
    """(value, language, text) of each label."""
    for extensions in node:
        if isinstance(extensions.tag, str) and _local(extensions) == "extensionElements":
            for child in extensions:
                if isinstance(child.tag, str) and _local(child) == "label":
                    yield child.get("value"), child.get("lang") or "", (child.text or "").strip()
