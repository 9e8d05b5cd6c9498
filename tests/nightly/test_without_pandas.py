"""A night keeps pandas out, and only for itself."""

from __future__ import annotations

import importlib.util
import sys

import pyarrow as pa
import pytest

from comity.nightly.without_pandas import without_pandas


def test_pandas_is_not_found_within_and_found_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pandas", raising=False)

    with without_pandas():
        with pytest.raises(ModuleNotFoundError, match="does without pandas"):
            importlib.util.find_spec("pandas")
        assert pa.array(["a", None]).to_pylist() == ["a", None]

    assert importlib.util.find_spec("pandas") is not None
