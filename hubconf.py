"""Offer the six EdgeFace networks to ``torch.hub``.

``torch.hub.load(<this repository>, "edgeface_xs_gamma_06", source="local")`` returns a torch network. It takes aligned
faces, (B, 3, 112, 112) float32, RGB in [-1, 1], and returns vectors, (B, 512) float32, not of unit length.

Each function takes ``pretrained``: True loads the published weights (found locally, or downloaded); False gives random
ones. Parameters, MFLOPs and LFW accuracies are those of the paper (https://arxiv.org/abs/2307.01838, table II).
"""

from __future__ import annotations

from torch import nn

from recognizer.embed import edgeface
from recognizer.models.cache import Cache
from recognizer.models.catalogue import entry_of
from recognizer.models.resolve import checkpoint_path

dependencies = ["torch", "timm", "loguru", "platformdirs", "filelock", "yaml", "pydantic"]


def _network(name: str, pretrained: bool) -> nn.Module:
    if not pretrained:
        return edgeface.create(name)
    return edgeface.load(name, checkpoint_path(entry_of(name), Cache()))


def edgeface_base(pretrained: bool = True) -> nn.Module:
    """Return EdgeFace Base: 18.2 M parameters, 1399 MFLOPs, LFW 99.83 %."""
    return _network("edgeface_base", pretrained)


def edgeface_s_gamma_05(pretrained: bool = True) -> nn.Module:
    """Return EdgeFace S: 3.65 M parameters, 306 MFLOPs, LFW 99.78 %."""
    return _network("edgeface_s_gamma_05", pretrained)


def edgeface_xs_gamma_06(pretrained: bool = True) -> nn.Module:
    """Return EdgeFace XS: 1.77 M parameters, 154 MFLOPs, LFW 99.73 %."""
    return _network("edgeface_xs_gamma_06", pretrained)


def edgeface_xs_q(pretrained: bool = True) -> nn.Module:
    """Return EdgeFace XS with 2.24 M parameters, published as int8 and converted back to float."""
    return _network("edgeface_xs_q", pretrained)


def edgeface_xxs(pretrained: bool = True) -> nn.Module:
    """Return EdgeFace XXS: 1.24 M parameters, 95 MFLOPs, LFW 99.57 %."""
    return _network("edgeface_xxs", pretrained)


def edgeface_xxs_q(pretrained: bool = True) -> nn.Module:
    """Return EdgeFace XXS with 1.24 M parameters, published as int8 and converted back to float."""
    return _network("edgeface_xxs_q", pretrained)
