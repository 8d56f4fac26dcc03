"""Networks for sound: WaveNet (van den Oord et al. 2016, arXiv:1609.03499) on samples, and a small
convolutional network on spectrograms.

The idea of WaveNet: convolutions that never look ahead, with dilations 1, 2, 4, … so that ten layers
hear a thousand samples.
"""

import torch
import torch.nn.functional as F
from torch import nn


class CausalConv1d(nn.Conv1d):
    """A 1-D convolution whose output at time t reads inputs up to t; the length stays."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1):
        super().__init__(in_channels, out_channels, kernel_size, dilation=dilation)
        self.history = dilation * (kernel_size - 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, (self.history, 0)))


class GatedLayer(nn.Module):
    """tanh(filter) times sigmoid(gate); one 1×1 adds it to the input, another hands it out."""

    def __init__(self, channels: int, skip_channels: int, dilation: int):
        super().__init__()
        self.filter_and_gate = CausalConv1d(channels, 2 * channels, 2, dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skip_channels, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        filtered, gate = self.filter_and_gate(x).chunk(2, dim=1)
        z = torch.tanh(filtered) * torch.sigmoid(gate)
        return x + self.residual(z), self.skip(z)


class WaveNet(nn.Module):
    """Logits for the sample that follows each one. Input (N, 1, T), output (N, levels, T).

    `blocks` times the dilations 1, 2, 4, … up to 2 ** (layers - 1).
    """

    def __init__(
        self,
        *,
        channels: int = 16,
        skip_channels: int = 32,
        layers: int = 10,
        blocks: int = 1,
        levels: int = 256,
    ):
        super().__init__()
        self.start = nn.Conv1d(1, channels, 1)
        dilations = [2**layer for _ in range(blocks) for layer in range(layers)]
        self.layers = nn.ModuleList(GatedLayer(channels, skip_channels, d) for d in dilations)
        self.end = nn.Sequential(
            nn.ReLU(), nn.Conv1d(skip_channels, skip_channels, 1),
            nn.ReLU(), nn.Conv1d(skip_channels, levels, 1),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, skips = self.start(x), 0
        for layer in self.layers:
            x, skip = layer(x)
            skips = skips + skip
        return self.end(skips)


def spectrogram(wave: torch.Tensor, *, window: int = 256, hop: int = 128) -> torch.Tensor:
    """Return log magnitudes, (N, 1, window / 2 + 1, frames), of sounds (N, T)."""
    shape = torch.hann_window(window, device=wave.device, dtype=wave.dtype)
    spectrum = torch.stft(wave, window, hop, window=shape, return_complex=True)
    return spectrum.abs().clamp_min(1e-5).log()[:, None]


class SpectrogramCNN(nn.Sequential):
    """Three convolutions on a spectrogram (N, 1, F, T), as if it were a picture; (N, num_classes)."""

    def __init__(self, num_classes: int, width: int = 16):
        layers, channels = [], 1
        for stage in range(3):
            out = width * 2**stage
            conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)]
            channels = out
        super().__init__(
            *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)
        )


def wavenet() -> WaveNet:
    """Return one block of ten layers, 28,256 parameters."""
    return WaveNet()


def spectrogram_cnn(num_classes: int = 10) -> SpectrogramCNN:
    """Return the small network for spectrograms, 24,058 parameters for ten classes."""
    return SpectrogramCNN(num_classes)
