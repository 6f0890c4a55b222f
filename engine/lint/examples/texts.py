"""Names, numbers and expressions."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("Names, numbers and expressions")
EXAMPLES = (
    Example(
        "label-required",
        N_("An element without a name"),
        N_(
            "Whoever reads the drawing, finds a task in his inbox or looks at the history meets an element that is "
            "called nothing. Tasks are verb and object, events say what has happened, gateways ask and their flows "
            "answer."
        ),
        N_("The gateway does not ask anything."),
        N_("It asks: agreed?"),
        "ok",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
- xor ok - [default="ok_refused"]
+ xor ok 通过？|Good? [default="ok_refused"]
  end done 已完成|Done
  end refused 已拒绝|Refused
  asked > check > ok
  ok > done : 是|Yes ? good = true
  ok > refused : 否|No
""",
    ),
    Example(
        "label-current",
        N_("A translation of an older name"),
        N_(
            "The element was renamed, and its name in the other language still translates the old one: readers of the "
            "two languages do different things. Read it again and change it, or say that it still fits."
        ),
        N_("“Refund” was written for another name."),
        N_("“Pay” says the same as 付款."),
        "pay",
        """
  start asked 已申请|Asked
- user pay 付款 @treasury
-   <troika:label lang="en" of="退款">Refund</troika:label>
+ user pay 付款|Pay @treasury
  end done 已付款|Paid
  asked > pay > done
""",
    ),
    Example(
        "process-name-required",
        N_("A process without a name"),
        N_(
            "People find a process by its name when they ask for something, and see it in every list and notice. "
            "Without one they read an id. Say what the process is for."
        ),
        N_("The process has no name."),
        N_("It is called: leave request."),
        "p",
        """
- process p -
+ process p 请假申请|Leave request
  start asked 已申请|Asked
  user check 审批|Approve @managers
  end done 已批准|Approved
  asked > check > done
""",
    ),
    Example(
        "numbering-unique",
        N_("Two requests with the same number"),
        N_(
            "The counter begins anew each day, month or year, but the pattern does not say which, so the first number "
            "of today comes again tomorrow. Then nobody knows which request is meant. Put the date into the pattern, "
            "or let the counter run longer."
        ),
        N_("A new count each day, but only the year in the number."),
        N_("The number holds the day."),
        "p",
        """
  process p 请假申请|Leave request
-   <troika:numbering pattern="QJ{yyyy}{seq:4}" period="day"/>
+   <troika:numbering pattern="QJ{yyyyMMdd}{seq:4}" period="day"/>
  start asked 已申请|Asked
  user check 审批|Approve @managers
  end done 已批准|Approved
  asked > check > done
""",
    ),
    Example(
        "expression-valid",
        N_("An expression that cannot mean what it says"),
        N_(
            "The expression reads a name that nothing writes, mostly a typing mistake, or compares things of different "
            "kinds, such as a number with a text. It would give no answer or a wrong one. Correct the name, or choose "
            "it from the list that is offered while typing."
        ),
        N_("“amuont” is not in the form."),
        N_("“amount” is."),
        "big_boss",
        """
  start asked 已申请|Asked
    <zeebe:formDefinition formId="oa/claim"/>
  xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已审批|Decided
  asked > big
- big > boss : amuont > 500 ? amuont > 500
+ big > boss : amount > 500 ? amount > 500
  big > lead : 否|No
  boss > done
  lead > done
""",
    ),
    Example(
        "expression-invalid",
        N_("An expression that is not FEEL"),
        N_(
            "The expression cannot be read: a sign or a word stands where none can be, often from another language. It "
            "can never be worked out, so the process cannot be published. Correct it at the place that the message "
            "names."
        ),
        N_("“and” is written &&."),
        N_("FEEL says and."),
        "big_boss",
        """
  start asked 已申请|Asked
  xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已审批|Decided
  asked > big
- big > boss : urgent && large ? urgent && large
+ big > boss : urgent and large ? urgent and large
  big > lead : 否|No
  boss > done
  lead > done
""",
    ),
    Example(
        "extension-unknown",
        N_("A setting that is not known"),
        N_(
            "The file holds a setting of ours that does not exist, mostly by a typing mistake in an edited file. It "
            "would do nothing, though somebody counts on it. Remove it, or choose the setting in the panel."
        ),
        N_("There is no setting “aproval”."),
        N_("“approval” is one."),
        "check",
        """
  start asked 已申请|Asked
  user check 审批|Approve @finance
-   <troika:aproval mode="any"/>
+   <troika:approval mode="any"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end done 已批准|Approved
  asked > check > done
""",
    ),
    Example(
        "extension-wrong-value",
        N_("A setting with a value that is not offered"),
        N_(
            "The setting has a value that means nothing here, so it would not do what was meant. Choose one of those "
            "that the message names, in the panel."
        ),
        N_("The mode “most” does not exist."),
        N_("“any” does: one decision is enough."),
        "check",
        """
  start asked 已申请|Asked
  user check 审批|Approve @finance
-   <troika:approval mode="most"/>
+   <troika:approval mode="any"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end done 已批准|Approved
  asked > check > done
""",
    ),
    Example(
        "foreign-extension",
        N_("Settings of another product"),
        N_(
            "The file holds settings of another product. They are kept, but not executed: what they do there does not "
            "happen here. Set the same in the panel, or leave them if they do not matter."
        ),
        N_("A setting of another product says the priority."),
        N_("It is not there."),
        "check",
        """
  start asked 已申请|Asked
- user check 审批|Approve @finance [xmlns:other="http://other.example/bpmn" other:priority="high"]
+ user check 审批|Approve @finance
  end done 已批准|Approved
  asked > check > done
""",
    ),
)
