"""The room of the analyst: every country's records through DuckDB, and the way back to where they came from.

Invariant: nothing in here can write to the store; importing this package loads nothing.
"""
