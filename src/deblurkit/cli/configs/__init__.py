"""Configs that come from elsewhere: out of stored weights, run folders, a stranger's folder."""
