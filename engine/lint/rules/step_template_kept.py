"""A step made of a template is what the newest version of the template says, where that leaves no choice.

Wrong: a step of template `notify_finance` that sends the notice to somebody else, one of version 1 when there is a
version 2, or one of a template that was withdrawn. Right: what the template fixes is kept, or the step is cut loose
from it.
"""

from collections.abc import Iterator

from engine.bpmn import element_templates
from engine.bpmn.element_templates import INPUT, OUTPUT, RETRIES, TYPE, ElementTemplate, Misfit
from engine.bpmn.model import Node
from engine.errors import N_, Phrase
from engine.findings import Level
from engine.lint.library import Drawn, Library, Remark

LEVEL = Level.WARN
_WORDS = {
    TYPE: N_("the operation"), RETRIES: N_("the number of attempts"), INPUT: N_("the input {what}"),
    OUTPUT: N_("where the result {what} goes"),
}  # fmt: skip


def check(drawn: Drawn, library: Library) -> Iterator[Remark]:
    """One remark for a template that was withdrawn or has a newer version, or one for each thing that differs."""
    for node in drawn.nodes(element_templates.SERVICE):
        key = node.extensions.template
        template = library.known.template(key) if key else None
        gone = library.known.withdrawn(key) if key and template is None else None
        if gone is not None and gone.element == element_templates.SERVICE:
            yield _of_withdrawn(node, gone)
        if template is None or template.element != element_templates.SERVICE:
            continue
        seen = node.extensions.template_version
        if seen is not None and seen < template.version:
            yield Remark(
                node,
                N_("'{name}' follows version {seen} of the step template '{template}'; there is version {newest}."),
                N_("Look at the step and choose Update, or cut it loose from the template."),
                {"seen": seen, "newest": template.version, "template": template.name},
            )  # fmt: skip
        else:
            yield from (_differs(node, template, misfit) for misfit in element_templates.misfits(template, node))


def _of_withdrawn(node: Node, template: ElementTemplate) -> Remark:
    """With what it differs in, since Update has nothing to offer."""
    apart = [
        Phrase(_WORDS[one.setting.kind], what=one.setting.name) for one in element_templates.misfits(template, node)
    ]
    hint = N_("Cut it loose from the template, or have the template offered again.")
    facts = {"template": template.name, "apart": apart}
    if not apart:
        return Remark(node, N_("'{name}' follows the step template '{template}', which was withdrawn."), hint, facts)
    return Remark(
        node,
        N_("'{name}' follows the step template '{template}', which was withdrawn, and differs from it in: {apart}."),
        hint, facts,
    )  # fmt: skip


def _differs(node: Node, template: ElementTemplate, misfit: Misfit) -> Remark:
    setting = misfit.setting
    return Remark(
        node, N_("'{name}': the step template '{template}' fixes {setting} as '{fixed}', found '{found}'."),
        N_("Choose Update to have it again as the template says, or cut the step loose from it."),
        {"template": template.name, "fixed": setting.value, "found": misfit.found,
         "setting": Phrase(_WORDS[setting.kind], what=setting.name)},
    )  # fmt: skip
