"""Pictures in pieces."""
