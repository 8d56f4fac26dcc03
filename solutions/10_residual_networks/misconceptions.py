"""Plausible answers to the questions of residual_networks.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · Residual

Q = "Residual"
wrong_change(
    Q,
    "does not add",
    "return F.relu(y + around)",
    "return F.relu(y)",
    "The input is added: y = x + F(x).",
)
wrong_change(
    Q,
    "has no ReLU at the end",
    "return F.relu(y + around)",
    "return y + around",
    "In this block a ReLU follows the sum.",
)
wrong_change(
    Q,
    "activates before the sum",
    "return F.relu(y + around)",
    "return F.relu(y) + around",
    "The ReLU comes behind the sum.",
)
wrong_change(
    Q,
    "has a ReLU too many",
    "y = self.bn2(self.conv2(y))",
    "y = F.relu(self.bn2(self.conv2(y)))",
    "Behind bn2 there is no ReLU before the sum.",
)
wrong_change(
    Q,
    "has no ReLU in the middle",
    "F.relu(self.bn1(self.conv1(x)))",
    "self.bn1(self.conv1(x))",
    "ReLU stands behind bn1.",
)
wrong_change(
    Q,
    "strides twice",
    "conv(out_channels, out_channels, 3, 1)",
    "conv(out_channels, out_channels, 3, stride)",
    "Only conv1 has the stride.",
)
wrong_change(
    Q,
    "projects for channels only",
    "stride != 1 or in_channels != out_channels",
    "in_channels != out_channels",
    "A stride changes the shape as well.",
)
wrong_change(
    Q,
    "projects for strides only",
    "stride != 1 or in_channels != out_channels",
    "stride != 1",
    "Other channels cannot be added as they are.",
)
wrong_change(
    Q,
    "always projects",
    "stride != 1 or in_channels != out_channels",
    "True",
    "Where the shape stays, the input is added as it is.",
)
wrong_change(
    Q,
    "has biases",
    "padding=k // 2, bias=False)",
    "padding=k // 2)",
    "A bias in front of a normalisation is subtracted again; the specification has none.",
)
wrong_change(
    Q,
    "forgets the projection's normalisation",
    "self.bn_project(self.project(x))",
    "self.project(x)",
    "The projection has a normalisation of its own.",
)
wrong_change(
    Q,
    "multiplies",
    "return F.relu(y + around)",
    "return F.relu(y * around)",
    "It is a sum.",
)
wrong_change(
    Q,
    "subtracts",
    "return F.relu(y + around)",
    "return F.relu(y - around)",
    "The input is added, not taken away.",
)


@right("layers in a sequence under the same names")
class Residual(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, out_channels, 3, stride=stride, padding=1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(
            out_channels, out_channels, 3, padding="same", bias=False
        )
        self.bn2 = nn.BatchNorm2d(out_channels)
        if (in_channels, 1) != (out_channels, stride):
            self.project = nn.Conv2d(
                in_channels, out_channels, 1, stride=stride, bias=False
            )
            self.bn_project = nn.BatchNorm2d(out_channels)
        else:
            self.project = None

    def forward(self, x):
        change = self.bn2(self.conv2(self.bn1(self.conv1(x)).clamp(min=0)))
        if self.project is not None:
            x = self.bn_project(self.project(x))
        return (change + x).clamp(min=0)


@right("with nn.Identity where nothing changes")
class Residual(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        same = stride == 1 and in_channels == out_channels
        plan = {
            "conv1": (in_channels, 3, stride),
            "conv2": (out_channels, 3, 1),
        }
        if not same:
            plan["project"] = (in_channels, 1, stride)
        for name, (inputs, size, step) in plan.items():
            layer = nn.Conv2d(
                inputs, out_channels, size, step, size // 2, bias=False
            )
            self.add_module(name, layer)
        self.bn1, self.bn2 = (
            nn.BatchNorm2d(out_channels),
            nn.BatchNorm2d(out_channels),
        )
        if same:
            self.project, self.bn_project = nn.Identity(), nn.Identity()
        else:
            self.bn_project = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(
            self.bn_project(self.project(x)) + self.bn2(self.conv2(y))
        )


# 2 · PreActivation

Q = "PreActivation"
wrong_change(
    Q,
    "does not start at the identity",
    "        nn.init.zeros_(self.conv2.weight)\n",
    "",
    "If the last convolution starts at zero, only the input remains.",
)
wrong_change(
    Q,
    "starts both convolutions at zero",
    "nn.init.zeros_(self.conv2.weight)",
    "nn.init.zeros_(self.conv2.weight)\n        nn.init.zeros_(self.conv1.weight)",
    "Then no gradient reaches either; one zero is enough.",
)
wrong_change(
    Q,
    "starts the first at zero",
    "nn.init.zeros_(self.conv2.weight)",
    "nn.init.zeros_(self.conv1.weight)",
    "Conv1's zeros make bn2 put out its bias; and conv1 could hardly learn. The last layer must be zero.",
)
wrong_change(
    Q,
    "has a ReLU behind the sum",
    "return x + y",
    "return F.relu(x + y)",
    "Nothing stands behind the sum: that keeps the way clean.",
)
wrong_change(
    Q,
    "normalises behind the convolution",
    "self.conv1(F.relu(self.bn1(x)))",
    "F.relu(self.bn1(self.conv1(x)))",
    "Normalise and activate before the convolution.",
)
wrong_change(
    Q,
    "activates before it normalises",
    "F.relu(self.bn1(x))",
    "self.bn1(F.relu(x))",
    "First the normalisation, then ReLU.",
)
wrong_change(
    Q,
    "forgets the second activation",
    "self.conv2(F.relu(self.bn2(y)))",
    "self.conv2(self.bn2(y))",
    "Both convolutions have a normalisation and a ReLU before them.",
)
wrong_change(
    Q,
    "does not add",
    "return x + y",
    "return y + 0 * x",
    "The input is added.",
)
wrong_change(
    Q,
    "adds the activated input",
    "return x + y",
    "return F.relu(self.bn1(x)) + y",
    "The input itself is added, as it came.",
)
wrong_change(
    Q,
    "shares one normalisation",
    "self.conv2(F.relu(self.bn2(y)))",
    "self.conv2(F.relu(self.bn1(y)))",
    "Each convolution has a normalisation of its own.",
)
wrong_change(
    Q,
    "has biases",
    "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)",
    "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)",
    "The convolutions have no bias.",
)


@right("zeros by multiplication")
class PreActivation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        for n in (1, 2):
            setattr(self, f"bn{n}", nn.BatchNorm2d(channels))
            convolution = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
            setattr(self, f"conv{n}", convolution)
        with torch.no_grad():
            self.conv2.weight *= 0

    def forward(self, x):
        y = x
        for norm, conv in [(self.bn1, self.conv1), (self.bn2, self.conv2)]:
            y = conv(norm(y).relu())
        return y + x


@right("γ of the second normalisation and its β at zero")
class PreActivation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bn1, self.bn2 = (
            nn.BatchNorm2d(channels),
            nn.BatchNorm2d(channels),
        )
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.constant_(self.bn2.weight, 0.0)  # its β is zero already

    def forward(self, x):
        inside = self.conv1(self.bn1(x).clamp_min(0))
        return torch.add(x, self.conv2(self.bn2(inside).clamp_min(0)))


# 3 · branch

Q = "branch"
MEAN = "-x.mean((2, 3), keepdim=True).expand_as(x)"
wrong_change(
    Q,
    "is minus the input",
    MEAN,
    "-x",
    "That kills every gradient; those that sum to zero must pass.",
)
wrong_change(
    Q,
    "adds the mean",
    MEAN,
    "x.mean((2, 3), keepdim=True).expand_as(x)",
    "Taken away, not added: then 1 - 1 remains.",
)
wrong_change(
    Q,
    "takes half of the mean",
    MEAN,
    "-0.5 * x.mean((2, 3), keepdim=True).expand_as(x)",
    "Half of the constant part would remain.",
)
wrong_change(
    Q,
    "takes the mean of all pictures",
    MEAN,
    "-x.mean((0, 2, 3), keepdim=True).expand_as(x)",
    "Each picture is a case of its own.",
)
wrong_change(
    Q,
    "takes the mean of all channels",
    MEAN,
    "-x.mean((1, 2, 3), keepdim=True).expand_as(x)",
    "Each channel is a case of its own.",
)
wrong_change(
    Q,
    "takes one mean for all",
    MEAN,
    "-x.mean() * torch.ones_like(x)",
    "Each channel of each picture is a case of its own.",
)
wrong_change(
    Q,
    "takes the sum",
    MEAN,
    "-x.sum((2, 3), keepdim=True).expand_as(x)",
    "The mean; with the sum a multiple of the constant part is left.",
)
wrong_change(
    Q,
    "returns the whole block",
    MEAN,
    "x - x.mean((2, 3), keepdim=True)",
    "Return F(x) alone; the block adds x.",
)
wrong_change(
    Q,
    "hides the mean from the gradient",
    MEAN,
    "-x.detach().mean((2, 3), keepdim=True).expand_as(x)",
    "Behind detach() the mean has no gradient, and nothing vanishes.",
)
wrong_change(Q, "is always zero", MEAN, "0 * x", "Then everything passes.")
wrong_change(
    Q,
    "takes the mean along rows",
    MEAN,
    "-x.mean(3, keepdim=True).expand_as(x)",
    "Over both axes of the map.",
)


@right("with an average pooling")
def branch(x):
    pooled = F.adaptive_avg_pool2d(x, 1)
    return torch.zeros_like(x) - pooled


@right("as a product with a matrix")
def branch(x):
    places = x.shape[2] * x.shape[3]
    average = torch.full((places, places), -1 / places, dtype=x.dtype)
    return (x.flatten(2) @ average).view_as(x)


# 4 · gradient_bounds and growth

Q = "gradient_bounds"
wrong_change(
    Q,
    "is at least one",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "1.0, (1.0 + delta) ** depth",
    "I + J can shrink, if J points against the vector.",
)
wrong_change(
    Q,
    "adds instead of multiplying",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "1.0 - depth * delta, 1.0 + depth * delta",
    "Each block multiplies: a power, not a sum.",
)
wrong_change(
    Q,
    "forgets the identity",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "0.0 * delta, delta**depth",
    "That is a plain network; here each block is I + J.",
)
wrong_change(
    Q,
    "exchanges the two",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "(1.0 + delta) ** depth, (1.0 - delta) ** depth",
    "The smaller one first.",
)
wrong_change(
    Q,
    "says nothing below",
    "(1.0 - delta) ** depth, (",
    "0.0, (",
    "As delta is below 1, there is a lower bound.",
)
wrong_change(
    Q,
    "counts one block less",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "(1.0 - delta) ** (depth - 1), (1.0 + delta) ** (depth - 1)",
    "All depth blocks count.",
)
wrong_change(
    Q,
    "counts each block twice",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "(1.0 - delta) ** (2 * depth), (1.0 + delta) ** (2 * depth)",
    "One factor for each block.",
)
wrong_change(
    Q,
    "inverts the lower bound",
    "(1.0 - delta) ** depth,",
    "(1.0 + delta) ** -depth,",
    "1/(1 + δ) is larger than 1 - δ: the block can shrink by 1 - δ.",
)
wrong_change(
    Q,
    "takes squares",
    "(1.0 - delta) ** depth, (1.0 + delta) ** depth",
    "(1.0 - delta**2) ** depth, (1.0 + delta**2) ** depth",
    "That is the mean for random directions; asked are the extremes.",
)


@right("block by block")
def gradient_bounds(delta, depth):
    low = high = 1.0
    for _ in range(depth):
        low *= 1 - delta
        high *= 1 + delta
    return low, high


@right("by logarithms")
def gradient_bounds(delta, depth):
    import math

    return math.exp(depth * math.log1p(-delta)), math.exp(
        depth * math.log1p(delta)
    )


Q = "growth"
wrong_change(
    Q,
    "stays near one",
    "return square ** (depth / 2)",
    "return 1.0 if skip else s**depth",
    "Independent parts add their squares: it grows.",
)
wrong_change(
    Q,
    "forgets the root",
    "square ** (depth / 2)",
    "square**depth",
    "Asked is the norm, not its square.",
)
wrong_change(
    Q,
    "adds without squaring",
    "square = s**2 + (1.0 if skip else 0.0)",
    "square = (s + (1.0 if skip else 0.0)) ** 2",
    "Random directions: squares add, not lengths.",
)
wrong_change(
    Q,
    "forgets the shortcut",
    "s**2 + (1.0 if skip else 0.0)",
    "s**2",
    "With the shortcut the input's own square is added.",
)
wrong_change(
    Q,
    "always has the shortcut",
    "s**2 + (1.0 if skip else 0.0)",
    "s**2 + 1.0",
    "Without a shortcut there is no 1.",
)
wrong_change(
    Q,
    "does not square s",
    "s**2 + (1.0",
    "s + (1.0",
    "The squared norm is multiplied by s².",
)
wrong_change(
    Q,
    "adds over the layers",
    "square ** (depth / 2)",
    "(1 + depth * (square - 1)) ** 0.5",
    "Each layer multiplies.",
)
wrong_change(
    Q,
    "exchanges the cases",
    "1.0 if skip else 0.0",
    "0.0 if skip else 1.0",
    "The 1 belongs to the shortcut.",
)
wrong_change(
    Q,
    "counts one layer less",
    "(depth / 2)",
    "((depth - 1) / 2)",
    "All depth layers count.",
)


@right("layer by layer")
def growth(s, depth, skip):
    square = 1.0
    for _ in range(depth):
        square = square * s * s + skip * square
    return square**0.5


@right("by logarithms")
def growth(s, depth, skip):
    import math

    return math.exp(0.5 * depth * math.log(int(skip) + s * s))


# 5 · resnet_parameters

Q = "resnet_parameters"
wrong_change(
    Q,
    "forgets the normalisations",
    "i * o * k * k + 2 * o",
    "i * o * k * k",
    "Two numbers for each channel behind every convolution.",
)
wrong_change(
    Q,
    "counts running statistics",
    "i * o * k * k + 2 * o",
    "i * o * k * k + 4 * o",
    "Mean and variance are buffers, not parameters.",
)
wrong_change(
    Q,
    "has biases in place of normalisations",
    "i * o * k * k + 2 * o",
    "i * o * k * k + o",
    "No biases, but γ and β.",
)
wrong_change(
    Q,
    "forgets the projections",
    "total += conv(channels, out, 1)",
    "total += 0",
    "Where the channels change there is a 1×1 with its normalisation.",
)
wrong_change(
    Q,
    "projects in every block",
    "if index == 0 and channels != out:",
    "if True:",
    "Option B projects only where the shape changes.",
)
wrong_change(
    Q,
    "projects at the start of every stage",
    "if index == 0 and channels != out:",
    "if index == 0:",
    "The first stage of basic blocks keeps its 64 channels.",
)
wrong_change(
    Q,
    "takes a small stem",
    "conv(3, 64, 7), 64",
    "conv(3, 64, 3), 64",
    "The stem is 7×7.",
)
wrong_change(
    Q,
    "forgets the last bias",
    "(channels + 1) * num_classes",
    "channels * num_classes",
    "The dense layer has a bias.",
)
wrong_change(
    Q,
    "does not widen behind the bottleneck",
    "out = 4 * width if bottleneck else width",
    "out = width",
    "The last 1×1 goes to four times the width.",
)
wrong_change(
    Q,
    "keeps the width",
    "width = 64 * 2**stage",
    "width = 64",
    "Widths double from stage to stage.",
)
wrong_change(
    Q,
    "always has a thousand classes",
    "(channels + 1) * num_classes",
    "(channels + 1) * 1000",
    "num_classes is an argument.",
)
wrong_change(
    Q,
    "lets the 3×3 read the wide map",
    "conv(channels, width, 1) + conv(width, width, 3)",
    "conv(channels, width, 1) + conv(channels, width, 3)",
    "The 3×3 reads what the first 1×1 has narrowed.",
)


@right("asks PyTorch, without memory")
def resnet_parameters(depths, bottleneck, num_classes=1000):
    shapes, channels = [(3, 64, 7)], 64
    for width, depth in zip((64, 128, 256, 512), depths, strict=True):
        out = width * (4 if bottleneck else 1)
        for index in range(depth):
            if bottleneck:
                shapes += [
                    (channels, width, 1),
                    (width, width, 3),
                    (width, out, 1),
                ]
            else:
                shapes += [(channels, width, 3), (width, width, 3)]
            shapes += [(channels, out, 1)] if channels != out else []
            channels = out
    with torch.device("meta"):
        layers = [nn.Linear(channels, num_classes)]
        for i, o, k in shapes:
            layers += [nn.Conv2d(i, o, k, bias=False), nn.BatchNorm2d(o)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


@right("stage by stage, by formula")
def resnet_parameters(depths, bottleneck, num_classes=1000):
    total, before = 9408 + 128, 64
    for stage in range(4):
        w, n = 64 << stage, depths[stage]
        if bottleneck:
            inside = (
                w * w * (9 + 4) + (2 + 2 + 8) * w
            )  # 3×3 and last 1×1, three norms
            total += n * inside + before * w + (n - 1) * 4 * w * w
            total += before * 4 * w + 8 * w
            before = 4 * w
        else:
            total += 9 * before * w + (2 * n - 1) * 9 * w * w + 4 * n * w
            total += before * w + 2 * w if before != w else 0
            before = w
    return total + before * num_classes + num_classes


# 6 · pad_shortcut

Q = "pad_shortcut"
PAD = "F.pad(taken, (0, 0, 0, 0, 0, out_channels - x.shape[1]))"
wrong_change(
    Q,
    "puts the zeros first",
    PAD,
    "F.pad(taken, (0, 0, 0, 0, out_channels - x.shape[1], 0))",
    "The zeros stand behind the channels.",
)
wrong_change(
    Q,
    "shares the zeros between both sides",
    PAD,
    "F.pad(taken, (0, 0, 0, 0, (out_channels - x.shape[1]) // 2, out_channels - x.shape[1] - (out_channels - x.shape[1]) // 2))",
    "All zeros stand behind the channels.",
)
wrong_change(
    Q,
    "pads the map",
    PAD,
    "F.pad(taken, (0, out_channels - x.shape[1]))",
    "New channels, not new columns: the padding counts from the last axis.",
)
wrong_change(
    Q,
    "repeats the channels",
    PAD,
    "taken.repeat(1, -(-out_channels // x.shape[1]), 1, 1)[:, :out_channels]",
    "The new channels are zero.",
)
wrong_change(
    Q,
    "takes every second row only",
    "x[:, :, ::stride, ::stride]",
    "x[:, :, ::stride]",
    "Rows and columns.",
)
wrong_change(
    Q,
    "begins with the last",
    "x[:, :, ::stride, ::stride]",
    "x.flip(2, 3)[:, :, ::stride, ::stride].flip(2, 3)",
    "Begin with the first row and column.",
)
wrong_change(
    Q,
    "begins one later",
    "x[:, :, ::stride, ::stride]",
    "x[:, :, stride - 1 :: stride, stride - 1 :: stride]",
    "Begin with the first row and column.",
)
wrong_change(
    Q,
    "averages",
    "x[:, :, ::stride, ::stride]",
    "F.avg_pool2d(x, stride, ceil_mode=True)",
    "Take places, do not average them.",
)
wrong_change(
    Q,
    "always takes every second",
    "x[:, :, ::stride, ::stride]",
    "x[:, :, ::2, ::2]",
    "The stride is an argument.",
)
wrong_change(
    Q,
    "adds out_channels more",
    "out_channels - x.shape[1]",
    "out_channels",
    "Until there are out_channels in all.",
)
wrong_change(
    Q,
    "strides over channels",
    "x[:, :, ::stride, ::stride]",
    "x[:, ::stride, ::stride, ::stride]",
    "All channels stay.",
)


@right("into a tensor of zeros")
def pad_shortcut(x, out_channels, stride):
    n, c, h, w = x.shape
    size = ((h + stride - 1) // stride, (w + stride - 1) // stride)
    y = x.new_zeros(n, out_channels, *size)
    y[:, :c] = x[..., ::stride, ::stride]
    return y


@right("a max pooling of one place, and zeros beside it")
def pad_shortcut(x, out_channels, stride):
    taken = F.max_pool2d(x, kernel_size=1, stride=stride)
    n, c, h, w = taken.shape
    return torch.cat([taken, torch.zeros(n, out_channels - c, h, w)], dim=1)


# 7 · densenet_channels

Q = "densenet_channels"
wrong_change(
    Q,
    "halves before it notes",
    "        found.append(channels)\n        channels //= 2\n",
    "        channels //= 2\n        found.append(channels)\n",
    "Note the channels before the transition.",
)
wrong_change(
    Q,
    "never halves",
    "        channels //= 2\n",
    "",
    "A transition halves the channels.",
)
wrong_change(
    Q,
    "starts each block anew",
    "        channels //= 2\n",
    "        channels = begin\n",
    "The next block begins with half of what the last one ended with.",
)
wrong_change(
    Q,
    "counts one layer less",
    "depth * growth",
    "(depth - 1) * growth",
    "Every layer adds growth channels.",
)
wrong_change(
    Q,
    "adds once for each block",
    "depth * growth",
    "growth",
    "Every layer of the block adds growth channels.",
)
wrong_change(
    Q,
    "forgets the beginning",
    "found, channels = [], begin",
    "found, channels = [], 0",
    "The first block begins with begin channels.",
)
wrong_change(
    Q,
    "doubles the growth",
    "depth * growth",
    "2 * depth * growth",
    "growth maps for each layer; the 1×1 inside has more, but they are not kept.",
)
wrong_change(
    Q,
    "halves to a fraction",
    "channels //= 2",
    "channels /= 2",
    "A number of channels is whole: round down.",
)
wrong_change(
    Q,
    "rounds up",
    "channels //= 2",
    "channels = -(-channels // 2)",
    "Round down.",
)
wrong_change(
    Q,
    "multiplies",
    "channels += depth * growth",
    "channels *= depth",
    "Channels are added, growth for each layer.",
)


@right("layer by layer")
def densenet_channels(depths, growth, begin):
    found = []
    for depth in depths:
        channels = begin
        for _ in range(depth):
            channels = channels + growth
        found.append(channels)
        begin = channels >> 1
    return found


@right("by recursion")
def densenet_channels(depths, growth, begin):
    if not depths:
        return []
    end = begin + depths[0] * growth
    return [end, *densenet_channels(depths[1:], growth, end // 2)]


# 8 · SkipInit

Q = "SkipInit"
wrong_change(
    Q,
    "starts at one",
    "torch.zeros(1)",
    "torch.ones(1)",
    "alpha starts at zero.",
)
wrong_change(
    Q,
    "is not trained",
    "nn.Parameter(torch.zeros(1))",
    "torch.zeros(1)",
    "An nn.Parameter is trained; a plain tensor is not.",
)
wrong_change(
    Q,
    "is a buffer",
    "self.alpha = nn.Parameter(torch.zeros(1))",
    'self.register_buffer("alpha", torch.zeros(1))',
    "A buffer is stored and not trained.",
)
wrong_change(
    Q,
    "multiplies the sum",
    "x + self.alpha * self.branch(x)",
    "self.alpha * (x + self.branch(x))",
    "alpha multiplies the branch only.",
)
wrong_change(
    Q,
    "multiplies the input",
    "x + self.alpha * self.branch(x)",
    "self.alpha * x + self.branch(x)",
    "alpha belongs to the branch.",
)
wrong_change(
    Q,
    "has a ReLU behind the sum",
    "return x + self.alpha * self.branch(x)",
    "return F.relu(x + self.alpha * self.branch(x))",
    "Nothing stands behind the sum.",
)
wrong_change(
    Q,
    "forgets the input",
    "x + self.alpha * self.branch(x)",
    "self.alpha * self.branch(x)",
    "The input is added.",
)
wrong_change(
    Q,
    "stays at zero",
    "x + self.alpha * self.branch(x)",
    "x + self.alpha.detach() * self.branch(x)",
    "Behind detach() alpha never learns.",
)
wrong_change(
    Q,
    "has another name",
    "self.branch",
    "self.body",
    "The branch is kept under the name branch.",
)
wrong_change(
    Q,
    "has no axis",
    "torch.zeros(1)",
    "torch.tensor(0.0)",
    "alpha has the shape (1,).",
)
wrong_change(
    Q,
    "squares alpha",
    "self.alpha * self.branch(x)",
    "self.alpha**2 * self.branch(x)",
    "alpha itself; its square has no gradient at zero.",
)


@right("with torch.addcmul")
class SkipInit(nn.Module):
    def __init__(self, branch):
        super().__init__()
        self.add_module("branch", branch)
        self.register_parameter("alpha", nn.Parameter(torch.zeros((1,))))

    def forward(self, x):
        return torch.addcmul(x, self.alpha, self.branch(x))


@right("the change first")
class SkipInit(nn.Module):
    def __init__(self, branch):
        super().__init__()
        self.branch = branch
        self.alpha = nn.Parameter(0.0 * torch.ones(1))

    def forward(self, x):
        change = self.branch(x)
        change = change * self.alpha[0]
        return change + x
