"""Rewrite EdgeFace with channels first, the layout that engines run fastest; the output is the same.

timm's EdgeNeXt transposes each block's values to channels last for LayerNorm and the linear layers, and back. Here
linear layers are 1x1 convolutions, LayerNorm is a mean over channels, its affine part is folded into the next layer,
layer scale into the previous one, the positional encoding is a constant, and blocks that add nothing are dropped.
CPU time of timm's graph over this one, interleaved: EdgeFace XS on OpenVINO 2026.4 1.27 to 1.35 with one face, 1.24 to
1.30 with four, 1.45 to 1.5 while a batch size has no graph of its own yet; on ONNX Runtime 1.31, 1.2 and 1.4. EdgeFace
XXS on OpenVINO: 1.1.

For inference only: weights are copied, so training does not change them.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recognizer.embed.edgeface import INPUT_SIZE_PX, EdgeFace, LowRankLinear

IDLE = 1e-4
"""Largest change, as a share of the largest input, of a block that is dropped. The last block of the published
``edgeface_xs_q`` changes LFW's faces by at most 2e-6 (its attention weights are zero, its units never fire; it takes 6
to 8 % of the time); no other block of it or of ``edgeface_xxs_q`` changes them by less than 0.05."""


def channels_first(network: EdgeFace, probes: Tensor) -> nn.Module:
    """Rewrite the network: the same function of (B, 3, 112, 112).

    Args:
        network: is not changed.
        probes: (B, 3, 112, 112) in [-1, 1], to find the blocks that add nothing.
    """
    with torch.no_grad():
        return _ChannelsFirst(network.model, _idle(network, probes)).eval()


class _ChannelsFirst(nn.Module):
    def __init__(self, model: Any, idle: set[nn.Module]) -> None:
        super().__init__()
        self.stem = model.stem[0]
        self.norm = _AffineNorm(model.stem[1])
        side = INPUT_SIZE_PX // self.stem.stride[0]
        layers: list[nn.Module] = []
        for stage in model.stages:
            if not isinstance(stage.downsample, nn.Identity):
                norm, conv = stage.downsample
                layers += [_AffineNorm(norm), conv]
                side //= conv.stride[0]
            for block in stage.blocks:
                if block not in idle:
                    layers.append(_Attention(block, side) if hasattr(block, "xca") else _Convolution(block))
        self.body = nn.Sequential(*layers)
        self.head_norm, self.head = model.head.norm, model.head.fc

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.norm(self.stem(x)))
        out: Tensor = self.head(self.head_norm(x.mean((2, 3), keepdim=True)).flatten(1))
        return out


class _Norm(nn.Module):
    """LayerNorm over the channels of (B, C, H, W), without the affine part."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.eps = norm.eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(1, keepdim=True)
        return centred / torch.sqrt((centred * centred).mean(1, keepdim=True) + self.eps)


class _AffineNorm(_Norm):
    """LayerNorm with the affine part, before layers that cannot absorb it."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__(norm)
        self.weight, self.bias = (nn.Parameter(each.clone()[:, None, None]) for each in (norm.weight, norm.bias))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.weight + self.bias


class _Mlp(nn.Module):
    """LayerNorm, two layers with a GELU between them, and layer scale."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.norm = _Norm(block.norm)
        self.first = _pointwise(block.mlp.fc1, norm=block.norm)
        self.second = _pointwise(block.mlp.fc2, scale=block.gamma)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(F.gelu(self.first(self.norm(x))))
        return out


class _Convolution(nn.Module):
    """timm's ``ConvBlock``."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.depthwise, self.mlp = block.conv_dw, _Mlp(block)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.mlp(self.depthwise(x))
        return out


class _Attention(nn.Module):
    """timm's ``SplitTransposeBlock``: attention between channels, on maps of ``side`` x ``side``."""

    def __init__(self, block: Any, side: int) -> None:
        super().__init__()
        self.convs, self.mlp = block.convs, _Mlp(block)
        self.position = None if block.pos_embd is None else nn.Parameter(block.pos_embd((1, side, side)))
        self.norm = _Norm(block.norm_xca)
        self.qkv = _pointwise(block.xca.qkv, norm=block.norm_xca)
        self.projection = _pointwise(block.xca.proj, scale=block.gamma_xca)
        self.temperature, self.heads = block.xca.temperature, block.xca.num_heads
        self.channels, self.side = len(block.norm.weight), side

    def forward(self, x: Tensor) -> Tensor:
        parts = x.chunk(len(self.convs) + 1, dim=1)
        mixed = [self.convs[0](parts[0])]
        for conv, part in zip(self.convs[1:], parts[1:], strict=False):
            mixed.append(conv(mixed[-1] + part))
        within = torch.cat([*mixed, parts[-1]], 1)
        if self.position is not None:
            within = within + self.position
        out: Tensor = x + self.mlp(within + self.projection(self._attended(self.norm(within))))
        return out

    def _attended(self, x: Tensor) -> Tensor:
        rows, positions = self.channels // self.heads, self.side * self.side
        q, k, v = self.qkv(x).reshape(-1, 3 * self.heads, rows, positions).split(self.heads, dim=1)
        attention = (F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)) * self.temperature
        out: Tensor = (attention.softmax(dim=-1) @ v).reshape(-1, self.channels, self.side, self.side)
        return out


def _pointwise(
    linear: nn.Linear | LowRankLinear, *, norm: nn.LayerNorm | None = None, scale: Tensor | None = None
) -> nn.Module:
    """Turn a linear layer, the affine part of the norm before it and the scale after it into a 1x1 convolution."""
    if isinstance(linear, LowRankLinear):
        return nn.Sequential(_pointwise(linear.linear1, norm=norm), _pointwise(linear.linear2, scale=scale))
    weight = linear.weight.double()
    bias = weight.new_zeros(len(weight)) if linear.bias is None else linear.bias.double()
    if norm is not None:
        bias = bias + weight @ norm.bias.double()
        weight = weight * norm.weight.double()
    if scale is not None:
        weight, bias = weight * scale.double()[:, None], bias * scale.double()
    conv = nn.Conv2d(linear.in_features, linear.out_features, 1)
    conv.weight.copy_(weight[:, :, None, None])
    conv.bias.copy_(bias)  # type: ignore[union-attr]
    return conv


def _idle(network: EdgeFace, probes: Tensor) -> set[nn.Module]:
    """Find the blocks that change their input by less than ``IDLE``."""
    found: set[nn.Module] = set()

    def compare(block: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
        if (out - inputs[0]).abs().max() < IDLE * inputs[0].abs().max():
            found.add(block)

    hooks = [block.register_forward_hook(compare) for stage in network.model.stages for block in stage.blocks]
    network(probes)
    for hook in hooks:
        hook.remove()
    return found
