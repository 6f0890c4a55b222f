"""The rows of this module, and which broken rule of the database is which business refusal."""

from engine.db.business import BusinessRows

rows = BusinessRows({"oa_leave_overlap": "OA.LEAVE_OVERLAP", "oa_leave_balance_used": "OA.BALANCE_SHORT"})
