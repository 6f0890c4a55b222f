"""Undoing what was done: compensation and transactions."""

from engine.errors import N_
from engine.lint.examples.example import Example

TITLE = N_("Undoing what was done")
_BOOKING = """    start begun 已开始|Begun
    user fly 订机票|Book flight @office
    xor ok 有票？|Seats? [default="ok_off"]
    end held 已订|Booked
    end off 取消|Cancelled
      <cancelEventDefinition/>
    begun > fly > ok
    ok > held : 是|Yes ? seats > 0
    ok > off : 否|No
  }
+ boundary caught 已取消|Taken back [attachedToRef="book"]
+   <cancelEventDefinition/>
+ end none 未成行|No trip
+ caught > none
  end done 已成行|Travelled
  ordered > book > done
"""
"""a transaction that is cancelled where there are no seats"""
EXAMPLES = (
    Example(
        "compensation-handler-missing",
        N_("Nothing says how it is undone"),
        N_(
            "The compensation event on the border says that the step can be undone, but no activity that does so is "
            "connected with it. When something fails later, what was done stays done. Draw the activity for "
            "compensation and connect it by an association."
        ),
        N_("The compensation event leads to nothing."),
        N_("It leads to “Release stock”."),
        "undo",
        """
  start ordered 已下单|Ordered
  user hold 预留库存|Reserve stock @warehouse
  boundary undo 撤销|Undo [attachedToRef="hold"]
    <compensateEventDefinition/>
+ user free 释放库存|Release stock @warehouse [isForCompensation="true"]
+ undo ~ free
  user ask 客户确认|Customer confirms @sales
  throw back 全部撤销|Undo all
    <compensateEventDefinition/>
  end done 已取消|Cancelled
  ordered > hold > ask > back > done
""",
    ),
    Example(
        "compensation-handler-unused",
        N_("An activity for compensation that nothing uses"),
        N_(
            "The activity is marked as one that undoes another, but no compensation event is connected with it, so it "
            "never happens. Attach a compensation event to the activity that it undoes, and connect both."
        ),
        N_("Nothing leads to “Release stock”."),
        N_("It belongs to “Reserve stock”."),
        "free",
        """
  start ordered 已下单|Ordered
  user hold 预留库存|Reserve stock @warehouse
+ boundary undo 撤销|Undo [attachedToRef="hold"]
+   <compensateEventDefinition/>
  user free 释放库存|Release stock @warehouse [isForCompensation="true"]
+ undo ~ free
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "compensation-handler-flow",
        N_("A flow at an activity for compensation"),
        N_(
            "An activity for compensation happens only when something is undone; it is no step of the way. A flow to "
            "it or from it has no meaning. Remove the flow, and connect it with the compensation event by an "
            "association."
        ),
        N_("A flow leads on from it."),
        N_("Only the association connects it."),
        "free",
        """
  start ordered 已下单|Ordered
  user hold 预留库存|Reserve stock @warehouse
  boundary undo 撤销|Undo [attachedToRef="hold"]
    <compensateEventDefinition/>
  user free 释放库存|Release stock @warehouse [isForCompensation="true"]
  undo ~ free
  end done 已预留|Reserved
  ordered > hold > done
- free > done
""",
    ),
    Example(
        "compensation-handler-boundary",
        N_("An event on an activity for compensation"),
        N_(
            "No flow can follow an activity for compensation, so an event on its border has nowhere to lead. Make a "
            "sub-process for compensation, and put task and event into it."
        ),
        N_("A deadline stands on the activity."),
        N_("It stands inside a sub-process for compensation."),
        "free",
        """
  start ordered 已下单|Ordered
  user hold 预留库存|Reserve stock @warehouse
  boundary undo 撤销|Undo [attachedToRef="hold"]
    <compensateEventDefinition/>
- user free 释放库存|Release stock @warehouse [isForCompensation="true"]
- boundary late 已超时|Overdue [attachedToRef="free"]
-   <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
- end gone 已放弃|Given up
- late > gone
+ sub free 释放库存|Release stock [isForCompensation="true"] {
+   start begun 已开始|Begun
+   user give 释放|Release @warehouse
+   boundary late 已超时|Overdue [attachedToRef="give"]
+     <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
+   end gone 已放弃|Given up
+   end given 已释放|Released
+   begun > give > given
+   late > gone
+ }
  undo ~ free
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "compensation-boundary-second",
        N_("Two ways to undo one step"),
        N_(
            "A step is undone in one way; with two compensation events it would be unclear which of them counts. Draw "
            "one, and a sub-process for compensation if several things have to be done."
        ),
        N_("Two compensation events on one task."),
        N_("One event, one activity."),
        "hold",
        """
  start ordered 已下单|Ordered
  user hold 预留库存|Reserve stock @warehouse
  boundary undo 撤销|Undo [attachedToRef="hold"]
    <compensateEventDefinition/>
  user free 释放库存|Release stock @warehouse [isForCompensation="true"]
  undo ~ free
- boundary also 通知|Tell [attachedToRef="hold"]
-   <compensateEventDefinition/>
- user tell 告知客户|Tell customer @sales [isForCompensation="true"]
- also ~ tell
  end done 已预留|Reserved
  ordered > hold > done
""",
    ),
    Example(
        "compensation-activity-unknown",
        N_("What is to be undone is not there"),
        N_(
            "The event undoes one activity, and that is not in the same process or sub-process, or was removed. "
            "Nothing would be undone. Choose the activity again, or none: then everything that was done is undone."
        ),
        N_("It undoes a step that was removed."),
        N_("It undoes “Reserve stock”."),
        "back",
        """
  start ordered 已下单|Ordered
  user hold 预留库存|Reserve stock @warehouse
  boundary undo 撤销|Undo [attachedToRef="hold"]
    <compensateEventDefinition/>
  user free 释放库存|Release stock @warehouse [isForCompensation="true"]
  undo ~ free
  throw back 撤销预留|Undo reserving
-   <compensateEventDefinition activityRef="start_of_it"/>
+   <compensateEventDefinition activityRef="hold"/>
  end done 已取消|Cancelled
  ordered > hold > back > done
""",
    ),
    Example(
        "cancel-position",
        N_("A cancellation outside a transaction"),
        N_(
            "Cancelling takes back everything that a transaction has done, so it is thrown inside one and caught on "
            "its border. Elsewhere there is nothing that it could take back. Use an error event, or make the "
            "sub-process a transaction."
        ),
        N_("The sub-process is no transaction."),
        N_("A transaction is cancelled and caught on its border."),
        "off",
        """
  start ordered 已下单|Ordered
- sub book 预订|Book trip {
+ transaction book 预订|Book trip {
"""
        + _BOOKING,
    ),
    Example(
        "cancel-boundary-missing",
        N_("A cancelled transaction leads nowhere"),
        N_(
            "Inside the transaction something cancels it, but nothing says what happens then, so the request would "
            "have no way to go on. Attach a cancel event to the transaction and draw the way from it."
        ),
        N_("Nothing catches the cancellation."),
        N_("A cancel event on the border goes on."),
        "off",
        """
  start ordered 已下单|Ordered
  transaction book 预订|Book trip {
"""
        + _BOOKING,
    ),
)
