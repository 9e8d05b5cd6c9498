"""The night that several folders of tests look at from different sides."""

from __future__ import annotations

from tests.nightly.told import told

__all__ = ["told"]
