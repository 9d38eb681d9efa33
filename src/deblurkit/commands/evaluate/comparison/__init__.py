"""Several methods on the same pictures."""
