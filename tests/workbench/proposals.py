"""What a proposal says, in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comity.workbench.propose import Draft


def columns(draft: Draft) -> dict[str, tuple[str, ...]]:
    """Field → columns that it is proposed for, with ? where a person must decide."""
    found = {}
    for proposal in draft.matched.proposals:
        rule = draft.rules.get(proposal.field)
        doubt = proposal.undecided or bool(rule and rule[1].doubts)
        named = (
            tuple(rule[1].rules)
            if rule
            else ("key",)
            if proposal.as_key
            else ("ignored",)
            if proposal.ignore
            else ()
        )
        found[proposal.field] = (*named, "?") if doubt else named
    return found
