"""What is imported before all else in the processes that tasks are forked from: Ctrl-C is the coordinator's.

Invariant: importing this is for those processes only. Python makes them deaf to Ctrl-C as well, but only when all is
imported, which for Great Expectations takes seconds in which they would end with a traceback.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
