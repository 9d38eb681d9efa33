"""Synthetic blur."""
