"""What every task needs, imported once in the process that all tasks are forked from.

Invariant: importing runs no thread and opens nothing, so that a fork of it is as good as a new process.
"""

from __future__ import annotations

import gc
import os
import sys

from comity.nightly.without_pandas import WithoutPandas

gc.disable()  # what is imported stays, and the collector would look through it again and again

sys.meta_path.insert(0, WithoutPandas())
# OpenBLAS would start threads when numpy is imported; no task multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Arrow's allocator would give memory back and soon ask for it again, in pages of 2 MB, and all of it is zeroed each
# time: a tenth of a task's CPU. A task ends in seconds, and its memory with it.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "-1")
os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")

import duckdb  # noqa: E402, F401
import numpy.ma  # noqa: E402, F401  # DuckDB asks for it
import pyarrow.compute  # noqa: E402
import pyarrow.csv  # noqa: E402
import pyarrow.parquet  # noqa: E402, F401

import comity.adapters.csv_plain  # noqa: E402
import comity.adapters.export  # noqa: E402
import comity.adapters.scan  # noqa: E402
import comity.mappings.duplicates  # noqa: E402
import comity.mappings.normalise  # noqa: E402
import comity.nightly.rows_again  # noqa: E402
import comity.nightly.work  # noqa: E402
import comity.standard.arrow  # noqa: E402
import comity.store.merge  # noqa: E402, F401

gc.freeze()  # no task looks through it either, nor gets a copy of the pages in which that would be noted
gc.enable()
