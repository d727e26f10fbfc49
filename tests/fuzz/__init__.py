"""Fuzzing of everything that reads a file of others: one table of parsers, mutated inputs, a count of errors.

``python -m tests.fuzz`` runs them all; see `tests.fuzz.__main__`.
"""
