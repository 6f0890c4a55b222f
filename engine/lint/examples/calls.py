"""What a step calls: operations, decisions, other processes, scripts, other systems; and how often."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("What a step calls")
EXAMPLES = (
    Example(
        "operation-missing",
        N_("A service task that does nothing"),
        N_(
            "A service task calls an operation, and none is chosen here, so there is nothing to execute and the "
            "process cannot be published. Choose one of the catalogue in the panel; if a person does it, make a user "
            "task of it."
        ),
        N_("No operation is chosen."),
        N_("It calls “Reserve stock”."),
        "hold",
        """
  start ordered 已下单|Ordered
  service hold 预留库存|Reserve stock
+   <zeebe:taskDefinition type="erp.reserve_stock"/>
+   <zeebe:ioMapping><zeebe:input source="= sales_order_id" target="sales_order_id"/></zeebe:ioMapping>
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "reference-exists",
        N_("Something that is named is not there"),
        N_(
            "The drawing names an operation, an input, a form, a decision table, a process or an error code that does "
            "not exist, mostly by a typing mistake or because it was renamed. The step would fail when it is reached. "
            "Choose one that exists, or publish what is missing together with this process."
        ),
        N_("No operation is called erp.reserve_stok."),
        N_("erp.reserve_stock is in the catalogue."),
        "hold",
        """
  start ordered 已下单|Ordered
  service hold 预留库存|Reserve stock
-   <zeebe:taskDefinition type="erp.reserve_stok"/>
+   <zeebe:taskDefinition type="erp.reserve_stock"/>
    <zeebe:ioMapping><zeebe:input source="= sales_order_id" target="sales_order_id"/></zeebe:ioMapping>
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "mapping-target-wrong",
        N_("A value with no place to go"),
        N_(
            "A result is written to a variable, whose name is a name or a path like order.total. This is neither, so "
            "the value would be lost. Enter a name."
        ),
        N_("It writes to “order.”, without a name behind the dot."),
        N_("It writes to “order.held”."),
        "hold",
        """
  process p 示例|Example
    <troika:summary fields="order"/>
  start ordered 已下单|Ordered
  service hold 预留库存|Reserve stock
    <zeebe:taskDefinition type="erp.reserve_stock"/>
-   <zeebe:ioMapping>
-   <zeebe:input source="= sales_order_id" target="sales_order_id"/>
-   <zeebe:output source="= reserved" target="order."/>
-   </zeebe:ioMapping>
+   <zeebe:ioMapping>
+   <zeebe:input source="= sales_order_id" target="sales_order_id"/>
+   <zeebe:output source="= reserved" target="order.held"/>
+   </zeebe:ioMapping>
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "retries-wrong",
        N_("How often to try cannot be read"),
        N_(
            "When an operation fails it is tried again, as often as is entered here. That has to be a whole number "
            "from 1. Enter it, or leave it empty: then the usual number counts."
        ),
        N_("It is to be tried “often” times."),
        N_("It is tried five times."),
        "hold",
        """
  start ordered 已下单|Ordered
  service hold 预留库存|Reserve stock
-   <zeebe:taskDefinition type="erp.reserve_stock" retries="often"/>
+   <zeebe:taskDefinition type="erp.reserve_stock" retries="5"/>
    <zeebe:ioMapping><zeebe:input source="= sales_order_id" target="sales_order_id"/></zeebe:ioMapping>
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "decision-missing",
        N_("No decision table is chosen"),
        N_(
            "A business rule task asks a decision table, and none is chosen here, so there is no answer to go on with. "
            "Choose the table in the panel and say which variable takes the answer."
        ),
        N_("It asks no table."),
        N_("It asks the table “limit”."),
        "ask",
        """
  process p 示例|Example
    <troika:summary fields="allowed"/>
  start asked 已申请|Asked
  rule ask 查审批额度|Look up limit
+   <zeebe:calledDecision decisionId="limit" resultVariable="allowed"/>
  end done 已查到|Known
  asked > ask > done
""",
    ),
    Example(
        "called-process-missing",
        N_("No process is called"),
        N_(
            "A call activity runs another process and waits for its end. Here none is chosen, so there is nothing to "
            "run. Choose the process in the panel, or draw the steps as a sub-process."
        ),
        N_("No process is chosen."),
        N_("It calls the process “payment”."),
        "pay",
        """
  start asked 已申请|Asked
  call pay 付款流程|Payment process
+   <zeebe:calledElement processId="payment" bindingType="deployment"/>
  end done 已付款|Paid
  asked > pay > done
""",
    ),
    Example(
        "late-binding-guarded",
        N_("A called process may change under way"),
        N_(
            "The call follows the latest version of a process that approves or pays. Whoever publishes a new version "
            "of it changes the approval of this process too, without anybody looking at both. Pin it to the version "
            "that was published together with this one."
        ),
        N_("The call takes the newest version, whatever it is."),
        N_("It takes the version published with it."),
        "pay",
        """
  process main 采购|Purchase
  start asked 已申请|Asked
  call pay 付款审批|Payment approval
-   <zeebe:calledElement processId="inner" bindingType="latest"/>
+   <zeebe:calledElement processId="inner" bindingType="deployment"/>
  end done 已付款|Paid
  asked > pay > done
  process inner 付款审批|Payment approval
  start begun 已提交|Submitted
  user check 财务审批|Finance approves @finance
    <troika:approval mode="any"/>
    <zeebe:taskSchedule dueDate="= now() + duration(&quot;P3D&quot;)"/>
  end decided 已审批|Decided
  begun > check > decided
""",
    ),
    Example(
        "step-template-kept",
        N_("A step is no longer as its template says"),
        N_(
            "The step was made from a template that fixes some of its settings, and one of them was changed here, or "
            "the template has a newer version. Such steps no longer do the same everywhere. Update it, or cut it loose "
            "from the template if it is meant to differ."
        ),
        N_("The template says 5 attempts, the step 9."),
        N_("It keeps what the template fixes."),
        "hold",
        """
  start ordered 已下单|Ordered
  service hold 预留库存|Reserve stock [zeebe:modelerTemplate="reserve" zeebe:modelerTemplateVersion="2"]
-   <zeebe:taskDefinition type="erp.reserve_stock" retries="9"/>
+   <zeebe:taskDefinition type="erp.reserve_stock" retries="5"/>
    <zeebe:ioMapping><zeebe:input source="= sales_order_id" target="sales_order_id"/></zeebe:ioMapping>
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "script-language",
        N_("A script in another language"),
        N_(
            "Scripts are FEEL expressions that give one result; JavaScript, Groovy and others are not executed, since "
            "they could do anything on the server. Write it in FEEL, or call an operation in a service task."
        ),
        N_("The script is JavaScript."),
        N_("A FEEL expression gives the total."),
        "sum",
        """
  process p 示例|Example
    <troika:summary fields="total"/>
  start asked 已申请|Asked
- script sum 计算合计|Add up [scriptFormat="javascript"]
-   <script>total = net + tax</script>
+ script sum 计算合计|Add up
+   <zeebe:script expression="= net + tax" resultVariable="total"/>
  end done 已算出|Added up
  asked > sum > done
""",
    ),
    Example(
        "script-without-result",
        N_("A script whose result is lost"),
        N_(
            "The expression is worked out, but no variable takes what comes out, so the step has no effect. Say which "
            "variable takes the result."
        ),
        N_("Nothing takes the total."),
        N_("The variable “total” takes it."),
        "sum",
        """
  process p 示例|Example
    <troika:summary fields="total"/>
  start asked 已申请|Asked
- script sum 计算合计|Add up [scriptFormat="feel"]
-   <script>net + tax</script>
+ script sum 计算合计|Add up
+   <zeebe:script expression="= net + tax" resultVariable="total"/>
  end done 已算出|Added up
  asked > sum > done
""",
    ),
    Example(
        "variable-read",
        N_("A result that nothing reads"),
        N_(
            "The step works something out under a name that no condition, form or step asks for. Mostly the name was "
            "changed in one place only, and what was meant to read it finds nothing. Use it, or write it no longer."
        ),
        N_("“totel” is written, and nothing asks for it."),
        N_("The question asks for what is written."),
        "sum",
        """
  start asked 已申请|Asked
  script sum 计算合计|Add up
-   <zeebe:script expression="= net + tax" resultVariable="totel"/>
+   <zeebe:script expression="= net + tax" resultVariable="total"/>
  xor big 金额大？|Large? [default="big_done"]
  user boss 总经理审批|Director decides @directors
  end done 已办完|Done
  asked > sum > big
  big > boss : 是|Yes ? total > 5000
  big > done : 否|No
  boss > done
""",
    ),
    Example(
        "reserved-name",
        N_("A name that belongs to the engine"),
        N_(
            "Names such as “approval” and “process” say what the engine knows: who asked, who decided. If a step could "
            "write them, anybody could claim an approval. Choose another name."
        ),
        N_("It writes to “approval”."),
        N_("It writes to “rating”."),
        "sum",
        """
  process p 示例|Example
    <troika:summary fields="rating"/>
  start asked 已申请|Asked
  script sum 计算评分|Work out rating
-   <zeebe:script expression="= net + tax" resultVariable="approval"/>
+   <zeebe:script expression="= net + tax" resultVariable="rating"/>
  end done 已算出|Worked out
  asked > sum > done
""",
    ),
    Example(
        "webhook-deliverable",
        N_("Another system that cannot be told safely"),
        N_(
            "What is sent there could be read on its way, or the host is not allowed, or there is no secret by which "
            "the other system knows who tells it. Use an address with https at an allowed host and a receiver that an "
            "administrator has added under Messages, Webhooks."
        ),
        N_("The address begins with http."),
        N_("It begins with https and is signed for a known receiver."),
        "check",
        """
  start asked 已申请|Asked
  user check 审核|Check @finance
-   <troika:hook on="decide" url="http://partner.example/x" secret="ref:partner"/>
+   <troika:hook on="decide" url="https://partner.example/x" secret="ref:partner"/>
  end done 已审核|Checked
  asked > check > done
""",
    ),
    Example(
        "loop-without-end",
        N_("A loop without an end"),
        N_(
            "The step repeats itself and says neither while what is true nor how often at most, so it would never be "
            "over. Enter a condition or a number of rounds."
        ),
        N_("It says neither."),
        N_("It repeats while “open” is true."),
        "call",
        """
  start asked 已申请|Asked
  user call 打电话|Call customer @sales
-   <standardLoopCharacteristics/>
+   <standardLoopCharacteristics><loopCondition>= open = true</loopCondition></standardLoopCharacteristics>
  end done 已联系上|Reached
  asked > call > done
""",
    ),
    Example(
        "multi-instance-count",
        N_("How many times is not said"),
        N_(
            "The step is done several times: once for each item of a list, or a number of times. One of the two has to "
            "be said, and not both. Enter the list, or the number."
        ),
        N_("Neither list nor number."),
        N_("Three people count, each for himself."),
        "count",
        """
  start asked 已下单|Ordered
  user count 清点|Count @warehouse
-   <multiInstanceLoopCharacteristics/>
+   <multiInstanceLoopCharacteristics><loopCardinality>= 3</loopCardinality></multiInstanceLoopCharacteristics>
  end done 已清点|Counted
  asked > count > done
""",
    ),
    Example(
        "ad-hoc-content",
        N_("A beginning or end in an ad-hoc sub-process"),
        N_(
            "In an ad-hoc sub-process people choose what they do next, in any order; nothing in it has a set beginning "
            "or end. Remove start and end event, or draw an ordinary sub-process."
        ),
        N_("A start event stands in it."),
        N_("It holds steps only."),
        "begun",
        """
  start asked 已申请|Asked
  adhoc help 调查|Investigate {
-   start begun 已开始|Begun
    user talk 询问|Ask people @office
    user read 查档案|Read files @office
-   begun > talk
    talk > read
    <completionCondition>= enough = true</completionCondition>
  }
  end done 已查清|Clear
  asked > help > done
""",
    ),
)
