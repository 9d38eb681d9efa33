"""What a command adds around a restoration."""
