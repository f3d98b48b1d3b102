"""What the struct-of-arrays types of ``types.py`` have in common: checks where they are born, and picking of rows."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray


def require(owner: object, name: str, value: Any, dtype: type, shape: tuple[int | None, ...]) -> None:
    """Refuse an array of another type or shape; ``None`` stands for any length."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(owner).__name__}.{name}: wanted an array, got {type(value).__name__}.")
    got = value.shape
    fits = len(got) == len(shape) and all(shape[side] in (None, got[side]) for side in range(len(shape)))
    if value.dtype.type is not dtype or not fits:
        wanted = ", ".join("N" if w is None else str(w) for w in shape)
        raise ValueError(
            f"{type(owner).__name__}.{name}: wanted {np.dtype(dtype).name} of shape ({wanted}), "
            f"got {value.dtype.name} of shape {value.shape}."
        )


class Rows:
    """Length, row picking and the check that all fields have as many rows; for the struct-of-arrays types below."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def _row_fields(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if not isinstance(value, str)}

    def _require_aligned(self) -> None:
        lengths = {name: len(value) for name, value in self._row_fields().items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{type(self).__name__}: rows are not aligned, got {lengths}.")

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.__dataclass_fields__))))

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Self:
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        picked: dict[str, Any] = {}
        for name, value in self._row_fields().items():
            if isinstance(value, tuple):
                picked[name] = tuple(value[i] for i in np.arange(len(value))[index])
            else:
                picked[name] = value[index]
        rest = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in picked}
        return type(self)(**picked, **rest)
