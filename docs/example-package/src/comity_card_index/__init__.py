"""An example: a reader for card indexes, and a register that is delivered as one."""

from pathlib import Path

LOST_TOOLS = Path(__file__).parent / "uto-lost-tools"
