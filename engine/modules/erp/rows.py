"""The rows of this module, and which broken rule of the database is which business refusal."""

from engine.db.business import BusinessRows

rows = BusinessRows(
    {
        "erp_stock_balance_on_hand": "ERP.STOCK_SHORT",
        "erp_stock_balance_reserved_on_hand": "ERP.STOCK_SHORT",
        "erp_sales_line_shipped": "ERP.ALREADY_SHIPPED",
        "erp_sales_line_invoiced": "ERP.NOTHING_TO_BILL",
        "erp_shipment_carrier_tracking_no_once": "ERP.TRACKING_USED",
        "erp_purchase_line_received": "ERP.OVER_RECEIPT",
        "erp_supplier_invoice_supplier_id_invoice_no_once": "ERP.DUPLICATE_INVOICE",
        "erp_sales_invoice_open_amount": "ERP.OVER_ALLOCATED",
        "erp_supplier_invoice_open_amount": "ERP.OVERPAY",
        "erp_expense_claim_open_amount": "ERP.OVERPAY",
        "erp_receipt_unallocated": "ERP.OVER_ALLOCATED",
        "erp_receipt_bank_ref_once": "ERP.DUPLICATE_RECEIPT",
        "erp_payment_request_frozen": "ERP.REQUEST_FROZEN",
        "erp_payment_request_move": "ERP.REQUEST_FROZEN",
        "erp_payment_request_unconfirmed": "ERP.PAYEE_UNCONFIRMED",
        "erp_payment_request_differs": "ERP.REQUEST_DIFFERS",
        "erp_payment_request_id_once": "ERP.ALREADY_PAID",
        "erp_payee_account_version_two_people": "ERP.PAYEE_SAME_PERSON",
        "erp_payee_version_two_people": "ERP.PAYEE_SAME_PERSON",
        "erp_payee_version_frozen": "ERP.PAYEE_CONFIRMED",
        "erp_voucher_unbalanced": "ERP.UNBALANCED",
        "erp_voucher_period_closed": "ERP.PERIOD_CLOSED",
        "erp_voucher_posted": "ERP.POSTED",
        "erp_voucher_source_type_source_id_event_once": "ERP.ALREADY_POSTED",
        "erp_voucher_reverses_id_once": "ERP.ALREADY_REVERSED",
        "erp_period_drafts": "ERP.DRAFTS_EXIST",
        "erp_vat_rate_overlap": "ERP.VAT_OVERLAP",
    }
)
