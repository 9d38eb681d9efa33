"""Restoring networks as files for other programs: written, proven, read again and run."""
