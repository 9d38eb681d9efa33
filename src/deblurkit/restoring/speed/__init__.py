"""Paths of computation: how a network's restoration is computed, and which way is the fastest."""
