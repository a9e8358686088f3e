"""What is looked at for many at once never fails because of one whose rows are spoilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from cryptography.fernet import InvalidToken

#: What rows that are damaged, or written by another version, raise as they are read and reckoned with. A failure of the
#: database or of the line to it is about nobody, and is not among them.
SPOILT: Final = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, InvalidToken)

Each = TypeVar("Each")


def in_halves(
    items: Sequence[Each], do: Callable[[Sequence[Each]], None], *, spoilt: Callable[[Each, Exception], None]
) -> None:
    """Do all at once; where that fails on what is spoilt, half by half, until `spoilt` is told of each that it is.

    So 1,000 of whom one is spoilt take some twenty steps, and 1,000 of whom none is take one.
    """
    try:
        do(items)
    except SPOILT as error:
        if len(items) == 1:
            spoilt(items[0], error)
            return
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            in_halves(half, do, spoilt=spoilt)
