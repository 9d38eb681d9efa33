"""Pictures or scores -> one scalar."""
