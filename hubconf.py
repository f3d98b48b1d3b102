"""For ``torch.hub.load(<this repository>, 'edgeface_xs_gamma_06', source='local')``: the six EdgeFace networks.

Each takes (B, 3, 112, 112) float32, RGB in [-1, 1], and gives (B, 512) float32 that is not of unit length.
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
    """18.2 M parameters, 1399 MFLOPs, LFW 99.83 %; the official weights, or random ones with ``pretrained=False``."""
    return _network("edgeface_base", pretrained)


def edgeface_s_gamma_05(pretrained: bool = True) -> nn.Module:
    """3.65 M parameters, 306 MFLOPs, LFW 99.78 %; the official weights, or random ones with ``pretrained=False``."""
    return _network("edgeface_s_gamma_05", pretrained)


def edgeface_xs_gamma_06(pretrained: bool = True) -> nn.Module:
    """1.77 M parameters, 154 MFLOPs, LFW 99.73 %; the official weights, or random ones with ``pretrained=False``."""
    return _network("edgeface_xs_gamma_06", pretrained)


def edgeface_xs_q(pretrained: bool = True) -> nn.Module:
    """2.24 M parameters, published as int8 and read back to float; random ones with ``pretrained=False``."""
    return _network("edgeface_xs_q", pretrained)


def edgeface_xxs(pretrained: bool = True) -> nn.Module:
    """1.24 M parameters, 95 MFLOPs, LFW 99.57 %; the official weights, or random ones with ``pretrained=False``."""
    return _network("edgeface_xxs", pretrained)


def edgeface_xxs_q(pretrained: bool = True) -> nn.Module:
    """1.24 M parameters, published as int8 and read back to float; random ones with ``pretrained=False``."""
    return _network("edgeface_xxs_q", pretrained)
