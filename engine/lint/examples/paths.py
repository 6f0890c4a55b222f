"""Ways through a drawing: where it begins and ends, what is reached, what waits for ever."""

from engine.errors import N_
from engine.lint.examples.example import Example
from engine.lint.rules import sound

TITLE = N_("Ways through a drawing")
EXAMPLES = (
    Example(
        "start-event-required",
        N_("No start event"),
        N_(
            "Everything that runs needs a place where it begins, and a sub-process has its own. Without a start event "
            "readers guess which step comes first, and a step that is moved or joined may no longer be the first one. "
            "Draw a start event and lead it to the first step."
        ),
        N_("The sub-process has an end, but no start event."),
        N_("A start event leads to its first step."),
        "pack",
        """
  start ordered 已下单|Ordered
  sub pack 备货|Prepare goods {
+   start begun 已开始|Begun
    user pick 拣货|Pick @warehouse
    end packed 已备齐|Packed
+   begun > pick
    pick > packed
  }
  end sent 已发货|Sent
  ordered > pack > sent
""",
    ),
    Example(
        "end-event-required",
        N_("A path stops without an end event"),
        N_(
            "An end event says what has been reached: paid, refused, given up. Where a path just stops, nobody can "
            "tell a result from a step that was forgotten, and reports cannot count it. Lead every path to an end "
            "event whose name is its result."
        ),
        N_("The refusal ends at a task."),
        N_("It ends at an event of its own: refused."),
        "tell",
        """
  start asked 已申请|Asked
  xor ok 可行？|Possible? [default="ok_tell"]
  user do 办理|Do it @office
  end done 已办完|Done
  user tell 说明原因|Explain why not @office
+ end refused 已拒绝|Refused
  asked > ok
  ok > do : 是|Yes ? days > 3
  do > done
  ok > tell : 否|No
+ tell > refused
""",
    ),
    Example(
        "reachable",
        N_("Never reached"),
        N_(
            "No path from a start event leads to this element, so it never happens. Whoever reads the drawing believes "
            "that the step is done, and it is not. Lead a flow to it, or remove it."
        ),
        N_("Nothing leads to the check."),
        N_("The check stands on the way."),
        "check",
        """
  start asked 已申请|Asked
  user write 起草合同|Draft contract @sales
  user check 法务审核|Legal check @legal
  end signed 已签署|Signed
- asked > write > signed
+ asked > write > check
  check > signed
""",
    ),
    Example(
        "nothing-starts",
        N_("A circle that nothing enters"),
        N_(
            "Every element waits for the one before it, so none of them can be the first. Started, it would stand "
            "still at once. Draw a start event with a flow to what comes first, and a way out."
        ),
        N_("Two steps wait for each other."),
        N_("A start event leads in, a choice leads out."),
        "p",
        """
+ start asked 已申请|Asked
  user write 起草|Draft @sales
  user check 审核|Check @legal
+ xor ok 通过？|Good? [default="ok_write"]
+ end done 已完成|Done
+ asked > write
  write > check
- check > write
+ check > ok
+ ok > done : 是|Yes ? good = true
+ ok > write : 否|No
""",
    ),
    Example(
        "scope-empty",
        N_("Nothing is drawn inside"),
        N_(
            "A sub-process without content has nothing to do and no end that it could reach. Draw at least a start "
            "event, a step and an end event in it, or make a plain task of it."
        ),
        N_("The sub-process is empty."),
        N_("It holds what is done."),
        "pack",
        """
  start ordered 已下单|Ordered
  sub pack 备货|Prepare goods {
+   start begun 已开始|Begun
+   user pick 拣货|Pick @warehouse
+   end packed 已备齐|Packed
+   begun > pick > packed
  }
  end sent 已发货|Sent
  ordered > pack > sent
""",
    ),
    Example(
        "second-none-start",
        N_("Two plain start events"),
        N_(
            "Whoever starts the process by hand cannot say at which of two plain start events it begins. Keep one, and "
            "let a gateway choose the way; or give the other a trigger of its own, such as a message or a timer."
        ),
        N_("Both begin by hand."),
        N_("The second one begins every month."),
        "second",
        """
  start first 已申请|Asked
- start second 到月底|Month is over
+ start second 到月底|Month is over
+   <timerEventDefinition><timeCycle>R/P1M</timeCycle></timerEventDefinition>
  user check 核对|Check @finance
  end done 已完成|Done
  first > check > done
  second > check
""",
    ),
    Example(
        "flow-dangling",
        N_("A flow crosses a border"),
        N_(
            "A sequence flow joins two elements of the same process or sub-process; it cannot cross the border of one. "
            "What it leads to would never happen. End inside, and go on from the sub-process itself."
        ),
        N_("A flow leads from inside the sub-process to the outside."),
        N_("It ends inside; the sub-process goes on."),
        "buy_sent",
        """
  start ordered 已下单|Ordered
  sub pack 备货|Prepare goods {
    start begun 已开始|Begun
    xor ok 有货？|In stock? [default="ok_buy"]
    user pick 拣货|Pick @warehouse
    user buy 采购|Buy @buyers
    end packed 已备齐|Packed
    begun > ok
    ok > pick : 是|Yes ? stock > 0
    ok > buy : 否|No
    pick > packed
-   buy > sent
+   buy > packed
  }
  end sent 已发货|Sent
  ordered > pack > sent
""",
    ),
    Example(
        "flow-into-start",
        N_("A flow leads back into a start event"),
        N_(
            "A start event begins something new; a request that is under way cannot pass it again. Lead the flow to "
            "the step behind it."
        ),
        N_("Corrections lead back to the start event."),
        N_("They lead back to the first step."),
        "asked",
        """
  start asked 已申请|Asked
  user write 填写|Fill in @staff
- xor ok 完整？|Complete? [default="ok_asked"]
+ xor ok 完整？|Complete? [default="ok_write"]
  end done 已完成|Done
  asked > write > ok
  ok > done : 是|Yes ? complete = true
- ok > asked : 否|No
+ ok > write : 否|No
""",
    ),
    Example(
        "flow-out-of-end",
        N_("A flow leaves an end event"),
        N_(
            "At an end event the path is over, so what is drawn behind it never happens. If something still follows, "
            "draw an intermediate event there and the end behind the last step."
        ),
        N_("A step follows the end."),
        N_("An intermediate event says what is reached; the end is last."),
        "paid",
        """
  start asked 已申请|Asked
- end paid 已付款|Paid
+ throw paid 已付款|Paid
  user file 归档|File @finance
  end filed 已归档|Filed
  asked > paid > file > filed
""",
    ),
    Example(
        "sound",
        N_("A join waits for ever"),
        N_(
            "A parallel gateway waits until every flow into it has arrived. If a choice before it takes only one of "
            "them, the others never come and the request stands still for good. Join with the kind of gateway that has "
            "split: a choice with a choice, parallel with parallel."
        ),
        N_("A choice takes one branch; the parallel gateway waits for both."),
        N_("A choice joins what a choice has split."),
        "join",
        """
  start asked 已申请|Asked
  xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
- and join 汇合|Join
+ xor join 汇合|Join
  end done 已完成|Done
  asked > big
  big > boss : 是|Yes ? amount > 5000
  big > lead : 否|No
  boss > join
  lead > join
  join > done
""",
        "starved",
        sound.STARVED,
    ),
    Example(
        "sound",
        N_("Done twice at once"),
        N_(
            "Two branches run beside each other and both lead on to the same step, so it is done once for each of "
            "them: two payments, two notices, two end results. Join the branches with a parallel gateway before it."
        ),
        N_("Both branches go on, and the payment runs twice."),
        N_("They are joined first, and it runs once."),
        "pay",
        """
  start asked 已申请|Asked
  and both 同时|Both
  user goods 收货|Receive goods @warehouse
  user bill 收发票|Receive invoice @finance
+ and join 汇合|Join
  user pay 付款|Pay @treasury
  end done 已付款|Paid
  asked > both
  both > goods
  both > bill
- goods > pay
- bill > pay
+ goods > join
+ bill > join
+ join > pay
  pay > done
""",
        "doubled",
        sound.DOUBLED,
    ),
    Example(
        "sound",
        N_("No way out of a loop"),
        N_(
            "From here on the request goes round and round and can never come to its end. It stays open, people are "
            "asked again and again. Draw a way out, usually a choice with a condition."
        ),
        N_("Every way leads back into the loop."),
        N_("A choice leads out of it."),
        "call",
        """
  start asked 已申请|Asked
  xor need 要联系？|Call needed? [default="need_done"]
- xor again -
  user call 打电话|Call customer @sales
+ xor ok 联系上了？|Reached? [default="ok_call"]
  end done 已完成|Done
  asked > need
- need > again : 是|Yes ? needed = true
- again > call > again
+ need > call : 是|Yes ? needed = true
+ call > ok
+ ok > done : 是|Yes ? reached = true
+ ok > call : 否|No
  need > done : 否|No
""",
        "endless",
        sound.ENDLESS,
    ),
    Example(
        "duplicate-flow",
        N_("Two flows between the same elements"),
        N_(
            "Two flows without a condition lead from one element to the same next one, so that is done twice. Mostly "
            "one of them was drawn by mistake: remove it. If both are meant as a choice, put a gateway before them."
        ),
        N_("The payment is reached by two flows."),
        N_("One flow leads there."),
        "again",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
  user pay 付款|Pay @treasury
  end done 已付款|Paid
  asked > check > pay > done
- again = check > pay
""",
    ),
    Example(
        "superfluous-gateway",
        N_("A gateway that does nothing"),
        N_(
            "One flow leads in and one out, so nothing is chosen and nothing is joined. Readers look for a question "
            "that is not there. Remove the gateway, or draw the other way that was meant."
        ),
        N_("One flow in, one flow out."),
        N_("The steps follow each other."),
        "g",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
- xor g -
  user pay 付款|Pay @treasury
  end done 已付款|Paid
  asked > check
- check > g > pay
+ check > pay
  pay > done
""",
    ),
)
