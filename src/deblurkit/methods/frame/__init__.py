"""What the papers' methods are built on."""
