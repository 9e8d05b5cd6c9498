"""Asking by name: who, or what, in ten million records may be meant by what an officer was told.

Invariant: an answer is a hint with its reasons, never a confirmation; it says who owns the record and how to confirm.
The index is disposable: it is made from a release's files and from nothing else.
"""

from comity.search.answer import Answer
from comity.search.persons import PersonSearch, open_persons
from comity.search.question import Question, parse_question

__all__ = ["Answer", "PersonSearch", "Question", "open_persons", "parse_question"]
