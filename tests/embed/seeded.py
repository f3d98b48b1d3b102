"""Networks with seeded random weights whose every layer matters: what a fresh network leaves at 0 or 1 is drawn too."""

from __future__ import annotations

import torch
from torch import nn


def seeded(network: nn.Module, seed: int = 0) -> nn.Module:
    """Draw all weights anew, so that signals neither die nor grow, and no bias, scale or statistic is neutral."""
    generator = torch.Generator().manual_seed(seed)

    def draw(values: torch.Tensor, low: float, high: float) -> None:
        values.copy_(torch.rand(values.shape, generator=generator) * (high - low) + low)

    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                width = (3 / module.weight[0].numel()) ** 0.5
                draw(module.weight, -width, width)
                if module.bias is not None:
                    draw(module.bias, -0.1, 0.1)
            elif isinstance(module, nn.LayerNorm):
                draw(module.weight, 0.5, 1.5)
                draw(module.bias, -0.2, 0.2)
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                draw(module.weight, 0.5, 1.5)
                draw(module.bias, -0.2, 0.2)
                assert module.running_mean is not None
                assert module.running_var is not None
                draw(module.running_mean, -0.2, 0.2)
                draw(module.running_var, 0.5, 1.5)
            elif isinstance(module, nn.PReLU):
                draw(module.weight, 0.05, 0.4)
        for name, values in network.named_parameters():  # EdgeNeXt's own
            if name.endswith((".gamma", ".gamma_xca", ".temperature")):
                draw(values, 0.3, 0.9)
    return network.eval()
