# ruff: noqa: E402  # what is set before the imports has to stand before them
"""What every task that judges needs, imported once in the process that all of them are forked from.

Invariant: importing runs no thread and opens nothing, so that a fork of it is as good as a new process. It is another
process than that of the other tasks: Great Expectations takes two seconds and 150 MB, and needs pandas, which those do
without.
"""

from __future__ import annotations

import gc
import os
from threading import RLock

gc.disable()  # as in ``preload``: a fifth of the time that these imports take
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tqdm import tqdm

import comity.mappings.normalise
import comity.nightly.judging
import comity.validation.broken
import comity.validation.datasource
import comity.validation.run
import comity.validation.trial
from comity.validation.vocabulary import implementations

# Great Expectations makes progress bars, also when none is shown, and the lock that they would make is one for several
# processes, which a task leaves behind when it is ended.
tqdm.set_lock(RLock())
implementations()
comity.validation.datasource.context()
gc.freeze()
gc.enable()
