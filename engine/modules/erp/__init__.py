"""Items, stock, sales, purchasing, invoices, payments and the ledger: what must always be true of goods and money."""
