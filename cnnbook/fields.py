"""One layer along one axis, and the receptive field of its outputs: see `cnnbook.receptive_field`."""

from dataclasses import dataclass

from cnnbook.arithmetic import effective_kernel_size


@dataclass(frozen=True)
class Layer:
    """A convolution or a pooling along one axis."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


@dataclass(frozen=True)
class ReceptiveField:
    """The input positions from which an output can be reached.

    Output i sees the `size` positions from `start + i * jump` on; `start` is negative where
    padding lets the first output reach beyond the border. `whole_input` says that some path,
    such as a squeeze-and-excitation block, sees everything; the numbers then describe the
    paths that do not.
    """

    size: int = 1
    jump: int = 1
    start: int = 0
    whole_input: bool = False

    def after(self, layer: Layer) -> "ReceptiveField":
        """Return the field of a layer's outputs, where this one is that of its inputs."""
        grown = (effective_kernel_size(layer.kernel_size, layer.dilation) - 1) * self.jump
        return ReceptiveField(
            size=self.size + grown,
            jump=self.jump * layer.stride,
            start=self.start - layer.padding * self.jump,
            whole_input=self.whole_input,
        )

    def joined(self, other: "ReceptiveField") -> "ReceptiveField":
        """Return the smallest field that covers both, where two branches meet.

        Raises ValueError where one branch has a larger stride than the other.
        """
        if self.jump != other.jump:
            raise ValueError(f"branches with jumps {self.jump} and {other.jump} cannot be joined")
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        whole = self.whole_input or other.whole_input
        return ReceptiveField(end - start, self.jump, start, whole)
