"""The rows of this module, and which broken rule of the database is which business refusal."""

from engine.db.business import BusinessRows

rows = BusinessRows(
    {
        "crm_party_uscc_once": "CRM.DUPLICATE",
        "crm_party_uscc_of_org": "CRM.BAD_USCC",
        "crm_order_channel_channel_order_no_once": "CRM.ORDER_DIFFERS",
        "crm_order_line_shipped": "CRM.OVER_SHIPPED",
        "crm_price_overlap": "CRM.PRICE_OVERLAP",
        "crm_survey_answer_invite_id_question_id_once": "CRM.ALREADY_ANSWERED",
        "crm_survey_answer_value": "DATA.INVALID",
    }
)
