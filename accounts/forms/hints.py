"""What a field asks for stands above it, and not once more inside it."""

from __future__ import annotations

from typing import Any

from django import forms


class WithoutPlaceholders(forms.Form):
    """A mixin before allauth's forms. A hint inside a field goes away when one types, and reads as if typed already."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
