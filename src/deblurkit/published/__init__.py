"""Weights that the authors of papers publish, under the names of our networks."""
