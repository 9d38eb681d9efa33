"""Machinery of methods that optimise per picture: problems, generators, rules of stopping."""
