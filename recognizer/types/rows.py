"""What the struct-of-arrays types of this package have in common: checks where they are born, and picking of rows."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray


def require(owner: object, name: str, value: Any, dtype: type, shape: tuple[int | None, ...]) -> None:
    """Refuse an array of another type or shape; ``None`` stands for any length."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(owner).__name__}.{name}: wanted an array, got {type(value).__name__}.")
    fits = value.dtype.type is dtype and value.ndim == len(shape)
    if fits:
        for wanted, got in zip(shape, value.shape, strict=True):  # all() takes three times as long, in every frame
            fits = fits and (wanted is None or wanted == got)
    if not fits:
        sides = ", ".join("N" if side is None else str(side) for side in shape)
        raise ValueError(
            f"{type(owner).__name__}.{name}: wanted {np.dtype(dtype).name} of shape ({sides}), "
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
        lengths = {len(value) for value in self._row_fields().values()}
        if len(lengths) > 1:
            by_name = {name: len(value) for name, value in self._row_fields().items()}
            raise ValueError(f"{type(self).__name__}: rows are not aligned, got {by_name}.")

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
