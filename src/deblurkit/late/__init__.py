"""What is imported late, because it takes long, and what that changes."""
