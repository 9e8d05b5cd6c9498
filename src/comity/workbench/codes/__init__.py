"""Unmapped codes: found, given a likely meaning, decided by a person, and written into the crosswalk."""
