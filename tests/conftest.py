"""What all tests share: property tests draw the same examples in every run, so that a gate fails for a change and not
by chance. ``HYPOTHESIS_PROFILE=search`` draws others, to look for what nobody has seen.
"""

from __future__ import annotations

import os

from hypothesis import settings

# The Iceberg tables have tests of their own; keeping them would double the time of all the others.
os.environ.setdefault("COMITY_ICEBERG", "no")

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
