"""Published data sets, and how they lie on disks."""
