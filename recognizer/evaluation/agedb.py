"""Read AgeDB's protocol, a MATLAB file (Moschoglou et al. 2017): ``04_FINAL_protocol_30_years.mat``.

Its variable ``splits`` is a cell for each of ten folds; each holds a structure of a 2 x P cell of pictures (structures
of a name without suffix, and an age) and P labels, 1 for one person and -1 for two.
"""

from __future__ import annotations

from pathlib import Path

from recognizer.errors import InputError


def read_agedb(path: Path) -> list[tuple[str, str, bool, int]]:
    """Read both pictures of each pair, whether they show one person, and the fold from 0.

    Raises:
        InputError: if the file cannot be read or holds something else.
    """
    from scipy.io import loadmat  # 0.25 s of import, not needed at start
    from scipy.io.matlab import MatReadError

    found = []
    try:
        for fold, split in enumerate(loadmat(path)["splits"].ravel()):
            pictures, labels = split[0, 0][0], split[0, 0][1].ravel()
            if pictures.shape != (2, len(labels)) or not set(labels.tolist()) <= {1, -1}:
                raise ValueError(f"fold {fold + 1}: wanted 2 pictures and the label 1 or -1 for each pair")
            for column, label in enumerate(labels.tolist()):
                one, two = (str(pictures[row, column][0, 0][0][0]) for row in (0, 1))
                found.append((f"{one}.jpg", f"{two}.jpg", label == 1, fold))
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        RuntimeError,
        MatReadError,
    ) as error:  # RuntimeError: MATLAB 7.3
        raise InputError(f"{path} is not in the layout of AgeDB's protocol: {error}.") from error
    return found
