"""How the networks of a command are computed, and what is scored beside it."""
