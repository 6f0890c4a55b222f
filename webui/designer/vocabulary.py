"""What a step may say beyond who and which form, in business words: for the cards, and for the flowchart's panel, which
gets them with its catalogue (`panel.py`).

A choice is one attribute of one extension element.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.errors import N_


@dataclass(frozen=True, slots=True)
class Choice:
    """`kind`: select | ticks | text | logins | forms, groups (a select of those that there are). The empty value of a
    select stands for what is meant when nothing is said, and `written` is the word for the same.

    `when`: another choice (by name) and the values with which this one means anything; `*` stands for any.
    """

    element: str
    attribute: str
    label: str
    options: tuple[tuple[str, str], ...] = ()
    kind: str = "select"
    when: tuple[str, tuple[str, ...]] | None = None
    hint: str = ""
    separator: str = " "
    written: str = ""

    @property
    def name(self) -> str:
        """What a form calls it: `approval.mode`."""
        return f"{self.element.partition(':')[2]}.{self.attribute}"

    def holds(self, value: str) -> bool:
        """Whether `value` is one that may be chosen."""
        return not self.options or self.kind != "select" or value == self.written or value in dict(self.options)


DEDUPE = (
    ("", N_("As the process says")), ("none", N_("Is asked again")), ("first", N_("Is asked the first time only")),
    ("last", N_("Is asked the last time only")), ("adjacent", N_("Is not asked twice in a row")),
)  # fmt: skip
PERMISSIONS = (
    ("", N_("As the process says")), ("write", N_("May be written")), ("read", N_("May be read")),
    ("hidden", N_("Hidden")),
)  # fmt: skip
MODES = (
    ("", N_("any one agrees, in a chain one after the other")), ("any", N_("any one agrees")), ("all", N_("all agree")),
    ("sequential", N_("one after the other")),
    ("claim", N_("whoever takes it first")), ("ratio", N_("a share of them agrees")), ("weight", N_("by weight")),
    ("random", N_("one of them, drawn by lot")), ("inform", N_("for information")), ("single", N_("one person")),
)  # fmt: skip
ENDS = ("end", "initiator")
"""rejections that end the request or send it back without anything being drawn"""

PASSING = (
    Choice("troika:approval", "mode", N_("When several are asked"), MODES),
    Choice("troika:approval", "threshold", N_("How much must agree"), kind="text",
           when=("approval.mode", ("ratio", "weight")), hint=N_("For example 2/3 or 0.6; empty: half")),
    Choice("troika:approval", "strict", N_("Exactly that share"),
           (("", N_("Is enough")), ("true", N_("Is not enough: more than that"))), when=("approval.mode", ("ratio",)),
           written="false"),
    Choice("troika:approval", "abstain", N_("Who abstains"),
           (("", N_("Counts as one who was asked")), ("exclude", N_("Is left out of the count"))),
           when=("approval.mode", ("ratio",)), written="include"),
    Choice("troika:approval", "rejects", N_("Fails"),
           (("", N_("At the first rejection")), ("all", N_("When all have rejected"))),
           when=("approval.mode", ("any", "claim")), written="first"),
    Choice("troika:approval", "hearAll", N_("When the result is clear"),
           (("", N_("Nobody else is asked")), ("true", N_("Everybody is still heard"))),
           when=("approval.mode", ("any", "all", "ratio", "weight")), written="false"),
    Choice("troika:approval", "pick", N_("Drawn is"),
           (("", N_("Anyone, by lot")), ("leastLoaded", N_("Who has least to do"))),
           when=("approval.mode", ("random",)), written="hash"),
    Choice("troika:approval", "beforeReject", N_("When somebody asked beforehand rejects"),
           (("", N_("That decides")), ("ask", N_("Who added them decides"))), written="reject"),
)  # fmt: skip
AUTOMATIC = (
    Choice("troika:onEmpty", "do", N_("When nobody is found"),
           (("", N_("Process administrator")), ("users", N_("Certain people are asked")),
            ("autoPass", N_("Passes by itself")), ("autoReject", N_("Is rejected by itself")),
            ("blockStart", N_("The request is not accepted"))), written="processAdmin"),
    Choice("troika:onEmpty", "users", N_("People asked instead"), kind="logins", when=("onEmpty.do", ("users",)),
           separator=", "),
    Choice("troika:onSelf", "do", N_("When it is the initiator"),
           (("", N_("Is asked")), ("skip", N_("Is skipped")), ("manager", N_("The manager is asked")),
            ("deptLeader", N_("The head of department is asked")), ("forbid", N_("As when nobody is found"))),
           written="ask"),
    Choice("troika:dedupe", "mode", N_("Who has agreed before"), DEDUPE),
)  # fmt: skip
BUTTONS = (
    ("transfer", N_("Transfer")), ("delegate", N_("Ask for advice")), ("addBefore", N_("Ask somebody before me")),
    ("addAfter", N_("Ask somebody after me")), ("addBeside", N_("Ask somebody beside me")),
    ("removeSigner", N_("Take away added signers")), ("changeFuture", N_("Choose who is asked later")),
    ("batch", N_("Agree to several at once")), ("print", N_("Print")), ("return", N_("Send back")),
    ("comment", N_("Comment")), ("attach", N_("Attach files")), ("claim", N_("Take it from the group")),
)  # fmt: skip
"""Acts that may be offered or not."""
ON_REQUEST = frozenset(("changeFuture", "batch"))
"""acts that are offered only where the drawing says so"""
ACTS = (
    Choice("troika:buttons", "agree", N_("Word for “agree”"), kind="text"),
    Choice("troika:buttons", "reject", N_("Word for “reject”"), kind="text"),
    Choice("troika:opinion", "required", N_("Opinion"),
           (("", N_("Required to reject")), ("always", N_("Always required")), ("never", N_("Never required"))),
           written="onReject"),
    Choice("troika:opinion", "phrases", N_("Common phrases"), kind="text", hint=N_("Separated by |")),
    Choice("troika:signature", "required", N_("Signed by hand"),
           (("", N_("Not signed")), ("false", N_("Offered")), ("true", N_("Required")))),
)  # fmt: skip
ON_REJECT = Choice(
    "troika:approval", "onReject", N_("When rejected"),
    (("", N_("As drawn")), ("flow", N_("Goes on; a gateway reads the outcome")),
     ("end", N_("The request ends as rejected")), ("initiator", N_("Goes back to the requester"))),
)  # fmt: skip
"""As the flowchart says it; a card says the same with what is drawn behind it."""
OFFERED = (("", N_("Default")), ("true", N_("Offered")), ("false", N_("Not offered")))
BRANCH_REJECT = Choice(
    "troika:approval", "branchReject", N_("Beside other branches"),
    (("", N_("At once: the other branches are cancelled")), ("waitOthers", N_("When the other branches have decided"))),
    when=("rejected", ENDS), written="terminate",
)  # fmt: skip
TARGETS = (
    ("initiator", N_("The requester")), ("previous", N_("The task before")), ("any", N_("Any task that was passed")),
)  # fmt: skip
RETURNING = (
    Choice("troika:return", "targets", N_("May be sent back to"), kind="ticks"),
    Choice("troika:return", "resubmit", N_("Comes back"),
           (("", N_("Step by step")),
            ("stepwise backToMe", N_("Step by step, or straight back if nothing has changed")),
            ("backToMe", N_("Straight back if nothing has changed"))), when=("return.targets", ("*",)),
           written="stepwise"),
    Choice("troika:return", "compensate", N_("What was done since then"),
           (("", N_("Keeps it from going back")), ("true", N_("Is undone first, where the drawing says how"))),
           when=("return.targets", ("*",)), written="false"),
    Choice("troika:recall", "until", N_("A decision may be taken back"),
           (("", N_("Until the next decision")), ("beforeNextSeen", N_("Until the next person has seen it")),
            ("never", N_("Never"))), written="beforeNextDecision"),
)  # fmt: skip
FIELDS = (Choice("troika:fields", "default", N_("Fields not listed"), PERMISSIONS),)
COPY_WHEN = (
    ("", N_("When it is passed")), ("enter", N_("When it is asked")), ("end", N_("When the request has ended")),
)  # fmt: skip
COPY_AGAIN = (("", N_("Is not told again")), ("true", N_("Gets it unread once more")))
COPIES = (
    Choice("troika:cc", "on", N_("When"), COPY_WHEN, written="pass"),
    Choice("troika:cc", "again", N_("Who has read it, at a further visit"), COPY_AGAIN, written="false"),
)  # fmt: skip
TIMEOUTS = (
    ("remind", N_("remind")), ("escalate", N_("tell the manager")), ("transfer", N_("hand over to")),
    ("return", N_("send back to")), ("agree", N_("agree by itself")), ("reject", N_("reject by itself")),
)  # fmt: skip
PROCESS = (
    Choice("troika:withdraw", "until", N_("May be withdrawn"),
           (("", N_("Until the first decision")), ("anytime", N_("At any time")),
            ("approvedWithin:P31D", N_("Until 31 days after the first approval")), ("never", N_("Never"))),
           written="beforeFirstDecision"),
    Choice("troika:dedupe", "mode", N_("Who has agreed before"),
           (("", N_("Is asked again")), *DEDUPE[2:]), written="none"),
    Choice("troika:numbering", "pattern", N_("Number"), kind="text", hint="BX{yyyyMMdd}{seq:4}"),
    Choice("troika:numbering", "period", N_("Counting starts anew"),
           (("", N_("Each year")), ("month", N_("Each month")), ("day", N_("Each day")), ("never", N_("Never"))),
           when=("numbering.pattern", ("*",)), written="year"),
    Choice("troika:starters", "groups", N_("Groups that may start it"), kind="ticks"),
    Choice("troika:starters", "departments", N_("Departments that may start it"), kind="ticks"),
    Choice("troika:managers", "groups", N_("Groups that look after its requests"), kind="ticks",
           hint=N_("They see all of them, urge, suspend, void and move them, and are asked when nobody else is.")),
    Choice("troika:summary", "fields", N_("Fields shown in lists"), kind="ticks"),
    Choice("troika:print", "template", N_("Printed by the layout of"), (("", N_("The start form")),), kind="forms"),
    Choice("troika:retention", "after", N_("Ended requests are kept"),
           (("", N_("For good")), ("P1Y", N_("1 year")), ("P3Y", N_("3 years")), ("P5Y", N_("5 years")),
            ("P10Y", N_("10 years")), ("P30Y", N_("30 years")))),
    Choice("troika:retention", "legal", N_("What is over is released by"), (("", N_("Nobody has to")),), kind="groups",
           when=("retention.after", ("*",)), hint=N_("Nothing is erased before one of this group has released it.")),
    Choice("troika:title", "value", N_("Title of a request"), kind="text",
           hint=N_("Expression, for example = process.initiator.name + \"的报销\"")),
)  # fmt: skip
"""What the requester's card says of the process as a whole."""


def of_step() -> Iterator[Choice]:
    """Every choice of a step, in the order of the page."""
    yield from (*PASSING, *AUTOMATIC, *FIELDS, *ACTS, BRANCH_REJECT, *RETURNING)


Known = Mapping[str, Iterable[tuple[str, str]]]
"""What a select offers of forms and groups: key and name, by kind."""


def offered(choice: Choice, known: Known) -> list[tuple[str, str]]:
    """The options of a select."""
    return [*choice.options, *known.get(choice.kind, ())]


def shown(choice: Choice, stored: str, known: Known | None = None) -> list[tuple[str, str]]:
    """The options of a select as a page shows them; what the drawing says and nobody knows stands with them."""
    texts = offered(choice, known or {})
    options = [(stored if not value and stored == choice.written else value, text) for value, text in texts]
    return options if not stored or stored in dict(options) else [*options, (stored, f"{stored} ?")]
