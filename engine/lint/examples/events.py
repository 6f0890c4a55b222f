"""Events: messages, timers, links, what is attached to an activity, event sub-processes."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("Events")
EXAMPLES = (
    Example(
        "boundary-leads-nowhere",
        N_("Nothing follows a boundary event"),
        N_(
            "The event on the border catches something, such as a deadline, and then nothing happens: what was caught "
            "is lost, and an interrupted step has no way to go on. Draw what is done then, at least an end event."
        ),
        N_("The deadline passes and nothing follows."),
        N_("A reminder follows."),
        "late",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
  boundary late 已超时|Overdue [attachedToRef="check" cancelActivity="false"]
    <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
+ user remind 催办|Remind @managers
  end done 已审核|Checked
+ end told 已催办|Reminded
  asked > check > done
+ late > remind > told
""",
    ),
    Example(
        "boundary-unattached",
        N_("A boundary event on no activity"),
        N_(
            "A boundary event watches over a task, sub-process or call while that runs. On anything else it watches "
            "over nothing and never happens. Drag it onto the activity that it belongs to."
        ),
        N_("The deadline hangs on a gateway."),
        N_("It stands on the task."),
        "late",
        """
  start asked 已申请|Asked
  xor big 金额大？|Large? [default="big_done"]
  user check 审核|Check @finance
- boundary late 已超时|Overdue [attachedToRef="big"]
+ boundary late 已超时|Overdue [attachedToRef="check"]
    <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
  end gone 已放弃|Given up
  end done 已审核|Checked
  asked > big
  big > check : 是|Yes ? amount > 500
  big > done
  check > done
  late > gone
""",
    ),
    Example(
        "error-not-interrupting",
        N_("An error that does not interrupt"),
        N_(
            "When an activity fails it is over; nothing of it can go on beside the way that handles the error. An "
            "error event therefore always interrupts. Draw it with a solid border, or use an escalation, which lets "
            "the activity go on."
        ),
        N_("The error event has a dashed border."),
        N_("It interrupts: its border is solid."),
        "short",
        """
  ! <error id="stock" name="ERP.STOCK_SHORT" errorCode="ERP.STOCK_SHORT"/>
  start ordered 已下单|Ordered
  service hold 预留库存|Reserve stock
    <zeebe:taskDefinition type="erp.reserve_stock"/>
    <zeebe:ioMapping><zeebe:input source="= sales_order_id" target="sales_order_id"/></zeebe:ioMapping>
- boundary short 缺货|Out of stock [attachedToRef="hold" cancelActivity="false"]
+ boundary short 缺货|Out of stock [attachedToRef="hold"]
    <errorEventDefinition errorRef="stock"/>
  user buy 采购|Buy @buyers
  end held 已预留|Reserved
  end bought 已采购|Bought
  ordered > hold > held
  short > buy > bought
""",
    ),
    Example(
        "event-position",
        N_("An event where it cannot stand"),
        N_(
            "Not every kind of event can stand everywhere: an error, for example, ends its path, so it is thrown by an "
            "end event and caught on a border. Elsewhere nothing would happen. Choose the kind or the place that the "
            "hint names."
        ),
        N_("An error is thrown on the way."),
        N_("An end event throws it."),
        "bad",
        """
  ! <error id="stock" name="STOCK_SHORT" errorCode="STOCK_SHORT"/>
  start ordered 已下单|Ordered
  user look 查库存|Look at stock @warehouse
- throw bad 缺货|Out of stock
+ end bad 缺货|Out of stock
    <errorEventDefinition errorRef="stock"/>
- end done 已结束|Over
  ordered > look > bad
- bad > done
""",
    ),
    Example(
        "message-missing",
        N_("No message is named"),
        N_(
            "A receive task waits for a message, but says not for which one; so nothing that arrives can wake it, and "
            "the request waits for ever. Choose the message, or create it, in the panel."
        ),
        N_("The task names no message."),
        N_("It waits for the message “answer”."),
        "got",
        """
+ message answer ? order_id
  start asked 已询价|Quote asked
- receive got 收到报价|Receive quote
+ receive got 收到报价|Receive quote [messageRef="answer"]
  end done 已询到|Quoted
  asked > got > done
""",
    ),
    Example(
        "correlation-key-required",
        N_("A message that could be meant for any request"),
        N_(
            "Many requests wait for the same message at once. Without a key any of them may take it, and the payment "
            "of one order moves another. Say what tells them apart, such as the order number: a correlation key."
        ),
        N_("Any payment wakes any order."),
        N_("Order number of message and request have to be equal."),
        "paid",
        """
- ! <message id="money" name="money"/>
+ message money ? order_id
  start ordered 已下单|Ordered
  catch paid 已到账|Money came
    <messageEventDefinition messageRef="money"/>
  user send 发货|Ship @warehouse
  end done 已发货|Shipped
  ordered > paid > send > done
""",
    ),
    Example(
        "message-begins-one",
        N_("One message begins two processes"),
        N_(
            "Each process that begins with this message begins a request of its own when it comes: from one order "
            "become two. Give each a message of its own, or let one begin and call the other. If both are really "
            "meant, leave it."
        ),
        N_("Another process begins with “shared” too."),
        N_("This one has a message of its own."),
        "came",
        """
- ! <message id="m" name="shared"/>
+ ! <message id="m" name="order.placed"/>
  start came 订单已到|Order came
    <messageEventDefinition messageRef="m"/>
  user check 核对|Check @sales
  end done 已核对|Checked
  came > check > done
""",
    ),
    Example(
        "link-unmatched",
        N_("A link that leads nowhere"),
        N_(
            "Two link events of the same name stand for one flow: the throwing one goes on at the catching one. "
            "Without a partner of the same name in the same process the path is cut off. Give both the same name."
        ),
        N_("Nothing catches the link A."),
        N_("Another event named A goes on."),
        "go",
        """
  start asked 已申请|Asked
  xor big 金额大？|Large? [default="big_check"]
  throw go 转到 A|To A
    <linkEventDefinition name="A"/>
+ catch come 从 A 来|From A
+   <linkEventDefinition name="A"/>
+ user boss 总经理审批|Director decides @directors
+ end decided 已审批|Decided
  user check 审核|Check @finance
  end done 已审核|Checked
  asked > big
  big > go : 是|Yes ? amount > 500
  big > check : 否|No
+ come > boss > decided
  check > done
""",
    ),
    Example(
        "link-flow",
        N_("A flow beside a link"),
        N_(
            "The link takes the place of the flow: nothing leaves the throwing event, nothing leads into the catching "
            "one. A flow there would go two ways at once. Remove the flow, or the link."
        ),
        N_("A flow and a link lead on."),
        N_("The link alone leads on."),
        "go",
        """
  start asked 已申请|Asked
  throw go 转到 A|To A
    <linkEventDefinition name="A"/>
  catch come 从 A 来|From A
    <linkEventDefinition name="A"/>
  user check 审核|Check @finance
  end done 已审核|Checked
  asked > go
  come > check > done
- go > check
""",
    ),
    Example(
        "multiple-event",
        N_("An event with several triggers"),
        N_(
            "The event waits for several things, and the drawing does not show which one came. That works, but whoever "
            "reads it cannot see it. Where it matters, draw one event for each trigger."
        ),
        N_("One event for message and deadline."),
        N_("Each has an event and a way of its own."),
        "got",
        """
  message answer ? order_id
  start asked 已询价|Quote asked
- catch got 答复或到期|Answered or late
-   <messageEventDefinition messageRef="answer"/>
-   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
+ events wait 先到者|Which first
+ catch got 已答复|Answered
+   <messageEventDefinition messageRef="answer"/>
+ catch late 已到期|Time is up
+   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
  end done 已询到|Quoted
+ end gone 已放弃|Given up
- asked > got > done
+ asked > wait > got > done
+ wait > late > gone
""",
    ),
    Example(
        "multiple-event-not-executed",
        N_("A trigger that has to stand alone"),
        N_(
            "A link, a compensation or a cancellation says where the path goes on; beside other triggers it would be "
            "unclear which way is meant, so it is not executed. Draw an event of its own for it."
        ),
        N_("A link beside a signal in one event."),
        N_("Each has an event of its own."),
        "go",
        """
  ! <signal id="news" name="news"/>
  start asked 已申请|Asked
- throw go 通知并转到 A|Tell, to A
-   <linkEventDefinition name="A"/>
-   <signalEventDefinition signalRef="news"/>
+ throw tell 已通知|Told
+   <signalEventDefinition signalRef="news"/>
+ throw go 转到 A|To A
+   <linkEventDefinition name="A"/>
  catch come 从 A 来|From A
    <linkEventDefinition name="A"/>
  end done 已结束|Over
- asked > go
+ asked > tell > go
  come > done
""",
    ),
    Example(
        "parallel-multiple-not-executed",
        N_("An event that would wait for everything"),
        N_(
            "Inside a running process an event can wait for messages, signals, timers and conditions together; a start "
            "event and other triggers cannot. Remove the mark “parallel multiple”, so that the first trigger counts, "
            "or draw the events one after the other."
        ),
        N_("The start event waits for two signals."),
        N_("The first begins, the second is waited for."),
        "both",
        """
  ! <signal id="open" name="open"/>
  ! <signal id="ready" name="ready"/>
- start both 开门且就绪|Open and ready [parallelMultiple="true"]
-   <signalEventDefinition signalRef="open"/>
-   <signalEventDefinition signalRef="ready"/>
+ start both 已开门|Open
+   <signalEventDefinition signalRef="open"/>
+ catch next 已就绪|Ready
+   <signalEventDefinition signalRef="ready"/>
  user begin 开始|Begin @office
  end done 已开始|Begun
- both > begin
+ both > next > begin
  begin > done
""",
    ),
    Example(
        "event-sub-process-start",
        N_("An event sub-process needs one trigger"),
        N_(
            "An event sub-process begins when its start event is triggered. Without a start event it never begins, and "
            "with several it is unclear which one it handles. Draw exactly one start event with the trigger."
        ),
        N_("Nothing in it triggers it."),
        N_("A timer begins it."),
        "late",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
  end done 已审核|Checked
  asked > check > done
  sub late 超时处理|When overdue [triggeredByEvent="true"] {
+   start over 已超时|Overdue [isInterrupting="false"]
+     <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
    user remind 催办|Remind @managers
    end told 已催办|Reminded
+   over > remind
    remind > told
  }
""",
    ),
    Example(
        "event-sub-process-flow",
        N_("A flow to an event sub-process"),
        N_(
            "An event sub-process is no step of the way: its start event begins it, whenever that happens. A flow to "
            "it or from it has no meaning. Remove the flow, or make it an ordinary sub-process."
        ),
        N_("A flow leads to the event sub-process."),
        N_("Only its start event begins it."),
        "late",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
  end done 已审核|Checked
  asked > check > done
- asked > late
  sub late 超时处理|When overdue [triggeredByEvent="true"] {
    start over 已超时|Overdue [isInterrupting="false"]
      <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
    user remind 催办|Remind @managers
    end told 已催办|Reminded
    over > remind > told
  }
""",
    ),
    Example(
        "event-sub-process-boundary",
        N_("An event on the border of an event sub-process"),
        N_(
            "A boundary event watches over an activity of the flow, and an event sub-process is none. Attach the event "
            "to a task inside of it, or to the sub-process around."
        ),
        N_("The deadline stands on the event sub-process."),
        N_("It stands on the task inside."),
        "help",
        """
  ! <signal id="alarm" name="alarm"/>
  start asked 已申请|Asked
  user check 审核|Check @finance
  end done 已审核|Checked
  asked > check > done
- boundary slow 已超时|Overdue [attachedToRef="help"]
-   <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
- end gone 已放弃|Given up
- slow > gone
  sub help 应急|Emergency [triggeredByEvent="true"] {
    start over 有警报|Alarm [isInterrupting="false"]
      <signalEventDefinition signalRef="alarm"/>
    user act 处置|Act @managers
+   boundary slow 已超时|Overdue [attachedToRef="act"]
+     <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
+   end gone 已放弃|Given up
    end told 已处置|Handled
    over > act > told
+   slow > gone
  }
""",
    ),
    Example(
        "timer-wrong",
        N_("A time that cannot be read"),
        N_(
            "A timer needs a duration such as P3D (three days), a moment, or a cycle; this text is none of them, so "
            "nobody knows when it goes off. Enter it as the hint says, or choose it in the panel."
        ),
        N_("“3 days” is no duration."),
        N_("P3D: three days."),
        "late",
        """
  start asked 已询价|Quote asked
  catch late 三天后|After three days
-   <timerEventDefinition><timeDuration>3 days</timeDuration></timerEventDefinition>
+   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
  user remind 催办|Remind @buyers
  end done 已催办|Reminded
  asked > late > remind > done
""",
    ),
    Example(
        "timer-empty",
        N_("A timer without a time"),
        N_(
            "The timer does not say when it goes off, so the request would wait for ever. Enter a duration such as "
            "P3D, a moment or a cycle."
        ),
        N_("No time is entered."),
        N_("It goes off after three days."),
        "late",
        """
  start asked 已询价|Quote asked
  catch late 三天后|After three days
-   <timerEventDefinition/>
+   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
  user remind 催办|Remind @buyers
  end done 已催办|Reminded
  asked > late > remind > done
""",
    ),
)
