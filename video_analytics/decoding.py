"""Strict decoding of JSON answers."""

from collections.abc import Callable
from types import UnionType
from typing import TypeVar

import msgspec

T = TypeVar("T")


def decoder(shape: type[T] | UnionType) -> Callable[[bytes], T]:
    """A strict JSON decoder for `shape`; raises ValueError with the path, never with the content."""
    typed: msgspec.json.Decoder[T] = msgspec.json.Decoder(shape)

    def decode(body: bytes) -> T:
        try:
            return typed.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise ValueError(str(error)) from None

    return decode
