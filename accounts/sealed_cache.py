"""What the shared cache holds is sealed: it tells nothing to whoever reads it, and runs nothing for whoever writes."""

from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import InvalidToken

from accounts.fields import seal, unseal
from support.cache import NOTHING


class SealedJson:
    """A serializer for support.cache.SteadyCache: whole numbers as they are, so that Redis can count; all else sealed.

    Data as JSON knows it: tuples come back as lists, and what has no JSON raises TypeError. An entry that was not
    sealed here (a pickle of an earlier version, or somebody else's) is one that is not there.
    """

    def dumps(self, obj: Any) -> int | str:
        # Not a bool, which is an int that Redis would not take.
        return obj if type(obj) is int else seal(json.dumps(obj))

    def loads(self, data: bytes) -> Any:
        try:
            return int(data)
        except ValueError:
            pass
        try:
            return json.loads(unseal(data.decode()))
        except (InvalidToken, ValueError):
            return NOTHING
