"""Links across countries: which records of different sources may be about one person or thing.

Invariant: the machine writes ``possible_same_as`` with a weight and reasons and never merges two records; that they are
the same is said by a person or the owner, by name, and what was refused does not come back.
"""
