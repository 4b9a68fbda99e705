"""Rows of the catalogue, one module a family, each with `ENTRIES`; data only."""
