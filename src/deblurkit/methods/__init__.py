"""Batch -> step: the bases, and one final LightningModule per paper."""
