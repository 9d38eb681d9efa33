"""Named evaluation protocols on torchmetrics."""
