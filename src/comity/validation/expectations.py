"""The expectations that Great Expectations lacks, as expectations of Great Expectations.

Invariant: importing this registers every one of them under the name by which a suite calls it.
"""

from __future__ import annotations

from comity.validation.drift_expectations import (
    ExpectCodeSharesToChangeByAtMost,
    ExpectNullShareToChangeByAtMost,
    ExpectRowCountToChangeByAtMost,
)
from comity.validation.reference_expectations import (
    ExpectConsecutiveRowsToSatisfy,
    ExpectListReferencesToResolve,
    ExpectReferencesToResolve,
)
from comity.validation.row_expectations import (
    ExpectColumnValuesToBeInCodeList,
    ExpectListItemsToBeInCodeList,
    ExpectListItemsToBeInSet,
    ExpectListItemsToMatchRegex,
    ExpectListLengthsToBeBetween,
    ExpectListsToBeDisjoint,
    ExpectRowsToSatisfy,
)

OWN = {
    kind.expectation_type: kind
    for kind in (
        ExpectColumnValuesToBeInCodeList,
        ExpectListItemsToBeInCodeList,
        ExpectListItemsToBeInSet,
        ExpectListItemsToMatchRegex,
        ExpectListLengthsToBeBetween,
        ExpectListsToBeDisjoint,
        ExpectRowsToSatisfy,
        ExpectReferencesToResolve,
        ExpectListReferencesToResolve,
        ExpectConsecutiveRowsToSatisfy,
        ExpectRowCountToChangeByAtMost,
        ExpectNullShareToChangeByAtMost,
        ExpectCodeSharesToChangeByAtMost,
    )
}
