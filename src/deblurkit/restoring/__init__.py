"""What the command and Python add around a restoration, and the pictures that they take."""
