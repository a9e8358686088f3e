"""What a session holds is sealed: while somebody signs in it holds their address and the code they were sent."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.serializers import JSONSerializer

from accounts.fields import seal, unseal


class SealedSerializer:
    """Django's own JSON, sealed. A session that cannot be opened is an empty one: the person signs in again."""

    def dumps(self, obj: Any) -> bytes:
        return seal(JSONSerializer().dumps(obj).decode("latin-1")).encode()

    def loads(self, data: bytes) -> Any:
        return JSONSerializer().loads(unseal(data.decode()).encode("latin-1"))
