"""What the data of a drawing becomes: associations are mappings, inputs and outputs variables that may be required."""

from engine.bpmn.model import DataAssociation, DataItem, Definition, Mapping, Node, Process
from engine.bpmn.program import DataNeeds, Declared


def copies(associations: list[DataAssociation]) -> list[Mapping]:
    """Cf. BPMN 2.0.2, 10.4.2: the transformation, then each assignment; without either the source as it is."""
    found = []
    for association in associations:
        lines = list(association.assignments)
        if association.transformation is not None:
            lines.insert(0, (association.transformation, association.target))
        elif not lines and association.source is not None:
            lines = [(association.source, association.target)]
        found += [Mapping(f"= {text.strip().removeprefix('=').strip()}", target) for text, target in lines]
    return found


def needs(drawn: Node | Process, items: list[DataItem], variables: tuple[Declared, ...]) -> DataNeeds | None:
    """What `drawn` declares about its data, None when it declares nothing. `variables`: the same items, compiled."""
    if not items:
        return None
    by_kind = {kind: [item for item in items if item.kind == kind] for kind in ("input", "output")}
    inputs, outputs = ([item.name for item in by_kind[kind]] for kind in ("input", "output"))
    needed, yielded = (tuple(item.name for item in by_kind[kind] if item.required) for kind in ("input", "output"))
    mapped = {line.target.partition(".")[0] for line in drawn.extensions.inputs}
    return DataNeeds(
        variables, tuple(inputs), tuple(outputs), needed, yielded,
        frozenset(item.name for item in items) - frozenset(inputs) - mapped,
    )  # fmt: skip


def set_aside(definition: Definition) -> None:
    """Take the data out of `definition`: it was deployed when data objects were drawn and not executed.

    As variables of their scope they would hide what the expressions of that drawing read.
    """
    for process in definition.processes:
        process.specified = False
        for scope in process.all_scopes():
            scope.data = []
        for node in process.all_nodes():
            node.data, node.data_in, node.data_out = [], [], []
