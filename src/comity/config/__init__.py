"""Part of Comity."""
