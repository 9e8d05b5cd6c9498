"""What the federation holds, told without a record: meaning, coverage, lineage, quality; as text, site and DCAT.

Invariant: nothing in this room reads a value of a record for showing it: only names, counts, rules, codes and times
come out.
"""
