"""What all sections of the monitor file have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer, model_validator


class Section(BaseModel):
    """A mapping of the file. A key without a value (``numeric:``) counts as not written."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset()
    """Keys that are newer than stores with references in them: one that is not written leaves no trace in
    what a reference is known by, so that the references of older versions are found again."""

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """What may be written here."""
        return tuple(cls.model_fields)

    @model_serializer(mode="wrap")
    def _without_new_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        for name in self.ADDED_LATER & content.keys():
            if getattr(self, name) == fields[name].default:
                del content[name]
        return content

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}
