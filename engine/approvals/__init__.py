"""The work-item ledger of human nodes: who is asked, and when a round is decided."""
