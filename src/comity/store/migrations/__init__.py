"""The ledger's schema, revision by revision.

Invariant: a revision that was released is never edited; a change is a new one.
"""
