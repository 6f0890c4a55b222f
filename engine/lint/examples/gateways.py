"""Choices: conditions, default flows, and gateways that wait for events."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("Choices and conditions")
EXAMPLES = (
    Example(
        "gateway-default-flow",
        N_("A choice without a default flow"),
        N_(
            "When no condition is true, the gateway has no way to go on and the request stops with an incident. Values "
            "that nobody has thought of come sooner or later. Choose the flow that is taken then."
        ),
        N_("Exactly 500 fits neither condition."),
        N_("“Otherwise” is the default flow: it takes the rest."),
        "big",
        """
  start asked 已申请|Asked
- xor big 金额大？|Large?
+ xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已审批|Decided
  asked > big
  big > boss : > 500 ? amount > 500
- big > lead : < 500 ? amount < 500
+ big > lead : 其余|Otherwise
  boss > done
  lead > done
""",
    ),
    Example(
        "condition-missing",
        N_("A flow without a condition"),
        N_(
            "A gateway with several ways has to know when each of them is taken. A flow that has no condition and is "
            "not the default would always be taken, or never: the engine refuses to guess. Write its condition, or "
            "make it the default flow."
        ),
        N_("“Medium” says nothing about when."),
        N_("It has a condition like the others."),
        "size_lead",
        """
  start asked 已申请|Asked
  xor size 金额？|Amount? [default="size_self"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已办完|Done
  asked > size
  size > boss : > 5000 ? amount > 5000
- size > lead : 中等|Medium
+ size > lead : > 500 ? amount > 500
  size_self = size > done : 其余|Otherwise
  boss > done
  lead > done
""",
    ),
    Example(
        "condition-reachable",
        N_("A condition that is never the first true one"),
        N_(
            "An exclusive gateway takes the first flow whose condition is true. Here an earlier condition is true "
            "whenever this one is, so this way is never taken and its step never happens. Put the narrower condition "
            "first."
        ),
        N_("Whatever is above 5000 is above 500 and goes the first way."),
        N_("5000 is asked for before 500."),
        "size_boss",
        """
  start asked 已申请|Asked
  xor size 金额？|Amount? [default="size_done"]
  user lead 经理审批|Manager decides @managers
  user boss 总经理审批|Director decides @directors
  end done 已办完|Done
  asked > size
- size > lead : > 500 ? amount > 500
- size > boss : > 5000 ? amount > 5000
+ size > boss : > 5000 ? amount > 5000
+ size > lead : > 500 ? amount > 500
  size > done : 其余|Otherwise
  boss > done
  lead > done
""",
    ),
    Example(
        "outcome-read-before-decided",
        N_("An outcome is asked for before it is there"),
        N_(
            "The condition asks what an approval decided, but no way leads from that approval to this gateway. There "
            "is no answer yet, so the condition is never true. Put the gateway behind the approval, or ask another "
            "one."
        ),
        N_("The question stands before the approval."),
        N_("The question stands behind it."),
        "ok_check",
        """
  start asked 已申请|Asked
  user check 审批|Approve @finance
    <troika:approval mode="any" onReject="flow"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
- xor ok 同意？|Agreed? [default="ok_done"]
- end done 已办完|Done
- asked > ok
- ok > check : 是|Yes ? approval.check.outcome = "agree"
- ok > done : 否|No
- check > done
+ xor ok 同意？|Agreed? [default="ok_refused"]
+ end done 已办完|Done
+ end refused 已拒绝|Refused
+ asked > check > ok
+ ok > done : 是|Yes ? approval.check.outcome = "agree"
+ ok > refused : 否|No
""",
    ),
    Example(
        "default-unknown",
        N_("The default flow leaves from elsewhere"),
        N_(
            "The default flow that is named here is not one of the flows that leave this element, mostly because it "
            "was drawn anew. When no condition is true there is no way to go on. Choose the default flow again."
        ),
        N_("The default that is named leads from another element."),
        N_("“No” is the default flow."),
        "big",
        """
  start asked 已申请|Asked
- xor big 金额大？|Large? [default="boss_done"]
+ xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已审批|Decided
  asked > big
  big > boss : 是|Yes ? amount > 500
- big > lead : 否|No ? amount <= 500
+ big > lead : 否|No
  boss > done
  lead > done
""",
    ),
    Example(
        "default-condition-ignored",
        N_("A default flow with a condition"),
        N_(
            "The default flow is taken when no other condition is true, whatever stands on it. Its condition is never "
            "looked at, yet readers believe in it. Remove the condition, or let another flow be the default."
        ),
        N_("The default flow asks for more than 100."),
        N_("The default has none."),
        "big_lead",
        """
  start asked 已申请|Asked
  xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已审批|Decided
  asked > big
  big > boss : > 500 ? amount > 500
- big > lead : > 100 ? amount > 100
+ big > lead : 其余|Otherwise
  boss > done
  lead > done
""",
    ),
    Example(
        "condition-language",
        N_("A condition in another language"),
        N_(
            "Conditions are FEEL; one in JavaScript, JUEL or a language of another product cannot be executed, so the "
            "process cannot be published. Write it in FEEL, or choose it in rows in the panel."
        ),
        N_("The condition is JavaScript."),
        N_("The same in FEEL."),
        "big_boss",
        """
  start asked 已申请|Asked
  xor big 金额大？|Large? [default="big_lead"]
  user boss 总经理审批|Director decides @directors
  user lead 经理审批|Manager decides @managers
  end done 已审批|Decided
  asked > big
- <sequenceFlow id="big_boss" name="JS: amount > 500" sourceRef="big" targetRef="boss">
-   <conditionExpression xsi:type="tFormalExpression" language="javascript">amount > 500</conditionExpression>
- </sequenceFlow>
+ big > boss : amount > 500 ? amount > 500
  big > lead : 否|No
  boss > done
  lead > done
""",
    ),
    Example(
        "parallel-condition-ignored",
        N_("A condition behind a parallel gateway"),
        N_(
            "A parallel gateway takes every flow that leaves it; a condition there is never looked at, so the step "
            "happens always. Remove the condition, or use an inclusive gateway, which takes each flow whose condition "
            "is true."
        ),
        N_("The parallel gateway always asks for the legal check."),
        N_("An inclusive gateway asks when it is needed."),
        "both",
        """
  start asked 已申请|Asked
- and both 同时|Both
+ or both 要哪些审核？|Which checks? [default="both_bill"]
  user law 法务审核|Legal check @legal
  user bill 财务审核|Finance check @finance
- and join 汇合|Join
+ or join 汇合|Join
  end done 已审核|Checked
  asked > both
  both > law : 有合同|Contract ? contract = true
- both > bill
+ both > bill : 总是|Always
  law > join
  bill > join
  join > done
""",
    ),
    Example(
        "event-gateway-alone",
        N_("Only one event to wait for"),
        N_(
            "An event-based gateway waits for whichever of several events comes first. With one event there is nothing "
            "to choose, and nothing happens when it never comes. Draw the second one, mostly a timer, or leave the "
            "gateway out."
        ),
        N_("It waits for the answer only."),
        N_("It waits for the answer or the deadline."),
        "wait",
        """
  message answer ? order_id
  start asked 已询价|Quote asked
  events wait 先到者|Which first
  catch got 已答复|Answered
    <messageEventDefinition messageRef="answer"/>
+ catch late 已到期|Time is up
+   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
+ end gone 已放弃|Given up
  end done 已询到|Quoted
  asked > wait > got > done
+ wait > late > gone
""",
    ),
    Example(
        "event-gateway-target",
        N_("No event behind an event-based gateway"),
        N_(
            "Behind an event-based gateway stands what it waits for: a message, a signal, a timer, a condition or a "
            "receive task. Another step waits for nothing, so the gateway could never choose it. Put an event there, "
            "and the step behind it."
        ),
        N_("One way begins with a task."),
        N_("Both ways begin with an event."),
        "wait",
        """
  message answer ? order_id
  start asked 已询价|Quote asked
  events wait 先到者|Which first
  catch got 已答复|Answered
    <messageEventDefinition messageRef="answer"/>
+ catch late 已到期|Time is up
+   <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
  user remind 催办|Remind @buyers
  end done 已询到|Quoted
  end gone 已催办|Reminded
  asked > wait > got > done
- wait > remind > gone
+ wait > late > remind > gone
""",
    ),
    Example(
        "event-gateway-target-shared",
        N_("An event behind the gateway has another way in"),
        N_(
            "The events behind an event-based gateway belong to it alone: when one comes, the others are no longer "
            "waited for. With another flow into it, it would be unclear who waits. Draw an event of its own behind the "
            "gateway."
        ),
        N_("A second flow leads to the answer."),
        N_("The reminder leads back to the gateway."),
        "wait",
        """
  message answer ? order_id
  start asked 已询价|Quote asked
  events wait 先到者|Which first
  catch got 已答复|Answered
    <messageEventDefinition messageRef="answer"/>
  catch late 已到期|Time is up
    <timerEventDefinition><timeDuration>P3D</timeDuration></timerEventDefinition>
  user remind 催办|Remind @buyers
  end done 已询到|Quoted
  asked > wait > got > done
  wait > late > remind
- remind > got
+ remind > wait
""",
    ),
    Example(
        "event-gateway-start",
        N_("An event that cannot begin a process"),
        N_(
            "A gateway that begins the process is reached by nobody: its events are what starts a request. Where all "
            "of them have to come, only messages can do that, since they say which request they belong to. Use "
            "messages, or let any one event be enough."
        ),
        N_("All must come, and one is a timer."),
        N_("Both are messages."),
        "wait",
        """
  message order ? order_id
+ message money ? order_id
  events wait 都到|All of them [instantiate="true" eventGatewayType="Parallel"]
  catch ordered 已下单|Ordered
    <messageEventDefinition messageRef="order"/>
- catch paid 到月底|Month is over
-   <timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition>
+ catch paid 已付款|Paid
+   <messageEventDefinition messageRef="money"/>
  end done 已成交|Agreed
  end known 已记录|Noted
  wait > ordered > done
  wait > paid > known
""",
    ),
    Example(
        "event-gateway-parallel",
        N_("A gateway that would wait for all events"),
        N_(
            "Inside a running process an event-based gateway goes on with the first event. Waiting for all of them is "
            "only possible where the gateway begins the process. Draw a parallel gateway with the events behind it and "
            "a second one that joins them."
        ),
        N_("The event-based gateway is to wait for both."),
        N_("Parallel gateways split and join."),
        "wait",
        """
  message goods ? order_id
  message bill ? order_id
  start ordered 已订货|Ordered
- events wait 都到|All of them [eventGatewayType="Parallel"]
+ and wait 同时|Both
  catch came 货已到|Goods came
    <messageEventDefinition messageRef="goods"/>
  catch billed 票已到|Invoice came
    <messageEventDefinition messageRef="bill"/>
+ and join 汇合|Join
- end done 已收货|Received
- end known 已收票|Billed
+ end done 已齐|Complete
  ordered > wait
- wait > came > done
- wait > billed > known
+ wait > came > join
+ wait > billed > join
+ join > done
""",
    ),
    Example(
        "instantiate-inside",
        N_("What begins a process stands inside of it"),
        N_(
            "The element is marked as one that begins a process, but a flow leads to it: it would start a second "
            "request each time. Remove the flow if it is the beginning, or the mark if it only waits."
        ),
        N_("The receive task is to begin the process, behind another step."),
        N_("It only waits."),
        "got",
        """
  message answer ? order_id
  start asked 已询价|Quote asked
- receive got 收到报价|Receive quote [messageRef="answer" instantiate="true"]
+ receive got 收到报价|Receive quote [messageRef="answer"]
  end done 已询到|Quoted
  asked > got > done
""",
    ),
)
