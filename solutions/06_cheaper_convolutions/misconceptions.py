"""Plausible answers to the questions of cheaper_convolutions.ipynb: wrong ones with hints, right ones."""

import math
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · separable_share

Q = "separable_share"
SUM = "kernel_size**2 + out_channels"
wrong_change(
    Q,
    "keeps the misprint",
    SUM,
    "out_channels * kernel_size**2 + out_channels",
    "That is more than the denominator: the cheap layer would cost more than the full one.",
)
wrong_change(
    Q,
    "forgets the mix",
    SUM,
    "kernel_size**2",
    "The 1×1 has a weight for each output, too.",
)
wrong_change(
    Q,
    "forgets the filters",
    SUM,
    "out_channels",
    "Each channel is filtered first: K² weights.",
)
wrong_change(
    Q,
    "takes the kernel for a line",
    "kernel_size**2",
    "kernel_size",
    "A kernel has K² places.",
)
wrong_change(
    Q,
    "multiplies the steps",
    SUM,
    "kernel_size**2 * out_channels",
    "One step after the other: their costs are added.",
)
wrong_change(
    Q,
    "turns the fraction round",
    "return numerator // common, denominator // common",
    "return denominator // common, numerator // common",
    "Asked is the share that the separable layer costs, not the saving.",
)
wrong_change(
    Q,
    "does not reduce",
    "math.gcd(numerator, denominator)",
    "1",
    "Divide both by their greatest common divisor.",
)
wrong_change(
    Q,
    "divides with a rest",
    "numerator // common, denominator // common",
    "numerator / common, denominator / common",
    "Whole numbers: divide by //.",
)
wrong_change(
    Q,
    "forgets K in the denominator",
    "out_channels * kernel_size**2\n",
    "out_channels\n",
    "A full layer has K² weights for each pair of channels.",
)


@wrong(
    "has the limit only",
    hint="1/K² is the limit for many outputs; the term 1/D is missing.",
)
def separable_share(kernel_size, out_channels):
    return 1, kernel_size**2


@right("adds two fractions")
def separable_share(kernel_size, out_channels):
    share = Fraction(1, out_channels) + Fraction(1, kernel_size**2)
    return share.numerator, share.denominator


@right("divides by hand")
def separable_share(kernel_size, out_channels):
    top = kernel_size * kernel_size + out_channels
    bottom = kernel_size * kernel_size * out_channels
    for n in range(min(top, bottom), 0, -1):
        if top % n == 0 and bottom % n == 0:
            return top // n, bottom // n


# 2 · Separable

Q = "Separable"
wrong_change(
    Q,
    "filters all channels together",
    "            groups=in_channels,\n",
    "",
    "Depthwise means groups=in_channels: one filter for each channel.",
)
wrong_change(
    Q,
    "does not pad",
    "            padding=kernel_size // 2,\n",
    "",
    "With stride 1 the map keeps its size: pad by K // 2.",
)
wrong_change(
    Q,
    "pads by one",
    "kernel_size // 2",
    "1",
    "One is right for K = 3 only: K // 2.",
)
wrong_change(
    Q,
    "forgets the stride",
    "            stride,\n",
    "",
    "The depthwise layer has the stride.",
)
wrong_change(
    Q,
    "keeps the biases",
    "bias=False",
    "bias=True",
    "Both convolutions are without bias.",
)
wrong_change(
    Q,
    "strides twice",
    "out_channels, 1, bias=False",
    "out_channels, 1, stride, bias=False",
    "Only the depthwise layer has the stride.",
)
wrong_change(
    Q,
    "puts an activation between",
    "self.pointwise(self.depthwise(x))",
    "self.pointwise(torch.relu(self.depthwise(x)))",
    "The question asks for the two convolutions alone.",
)
wrong_change(
    Q,
    "mixes only in groups",
    "out_channels, 1, bias=False",
    "out_channels, 1, groups=math.gcd(in_channels, out_channels), bias=False",
    "The 1×1 mixes all channels.",
)
wrong_change(
    Q,
    "mixes with a large kernel",
    "nn.Conv2d(in_channels, out_channels, 1, bias=False)",
    "nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False)",
    "Pointwise means a kernel of 1.",
)
wrong_change(
    Q,
    "forgets the mix",
    "return self.pointwise(self.depthwise(x))",
    "return self.depthwise(x)",
    "The depthwise layer alone mixes nothing and has as many channels as before.",
)


@wrong(
    "mixes first",
    hint="First the filters, with in_channels channels, then the mix.",
)
class Separable(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1):
        super().__init__()
        pad = kernel_size // 2
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.depthwise = nn.Conv2d(
            out_channels,
            out_channels,
            kernel_size,
            stride,
            pad,
            groups=out_channels,
            bias=False,
        )

    def forward(self, x):
        return self.depthwise(self.pointwise(x))


@right("as a Sequential with names")
class Separable(nn.Sequential):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1):
        super().__init__()
        c, pad = in_channels, (kernel_size - 1) // 2
        depthwise = nn.Conv2d(
            c, c, kernel_size, stride, pad, groups=c, bias=False
        )
        self.add_module("depthwise", depthwise)
        self.add_module(
            "pointwise", nn.Conv2d(c, out_channels, 1, bias=False)
        )


@right("mixes by a matrix product")
class Separable(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1):
        super().__init__()
        c = in_channels
        self.depthwise = nn.Conv2d(
            c,
            c,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            groups=c,
            bias=False,
        )
        self.pointwise = nn.Conv2d(c, out_channels, 1, bias=False)

    def forward(self, x):
        y = self.depthwise(x)
        mix = self.pointwise.weight[:, :, 0, 0]
        return torch.einsum("oc,nchw->nohw", mix, y)


# 3 · nearest_separable

Q = "nearest_separable"
wrong_change(
    Q,
    "collects by output",
    "weight.transpose(0, 1).flatten(2)",
    "weight.flatten(2)",
    "One pattern for each input channel, not for each output.",
)
wrong_change(
    Q,
    "keeps two patterns",
    "s[:, :1, None] * u[:, :, :1] * v[:, :1]",
    "(u[:, :, :2] * s[:, None, :2]) @ v[:, :2]",
    "One pattern for each input channel: rank 1.",
)
wrong_change(
    Q,
    "forgets the singular value",
    "s[:, :1, None] * u",
    "u",
    "The vectors have length 1; the strength is in the singular value.",
)
wrong_change(
    Q,
    "takes the smallest singular value",
    "s[:, :1, None] * u[:, :, :1] * v[:, :1]",
    "s[:, -1:, None] * u[:, :, -1:] * v[:, -1:]",
    "The largest singular value keeps most.",
)
wrong_change(
    Q,
    "squares the singular value",
    "s[:, :1, None]",
    "s[:, :1, None] ** 2",
    "The energy is the square; the kernel needs the value itself.",
)
wrong_change(
    Q,
    "returns the rest",
    "return nearest.transpose(0, 1).reshape(weight.shape)",
    "return weight - nearest.transpose(0, 1).reshape(weight.shape)",
    "That is what is lost, not what is kept.",
)
wrong_change(
    Q,
    "forgets to turn back",
    "nearest.transpose(0, 1).reshape",
    "nearest.reshape",
    "The channels were exchanged at the beginning: exchange them again.",
)
wrong_change(
    Q,
    "shares the root between both",
    "s[:, :1, None]",
    "s[:, :1, None].sqrt()",
    "The root on one side only is not enough: the product needs the whole value.",
)


@wrong(
    "averages the patterns",
    hint="The mean is not the nearest pattern: outputs have different signs.",
)
def nearest_separable(weight):
    pattern = weight.mean(0, keepdim=True)
    strength = weight.sum((2, 3), keepdim=True) / pattern.sum(
        (2, 3), keepdim=True
    )
    return strength * pattern


@wrong(
    "cuts the whole kernel to rank 1",
    hint="Each input channel has its own table of rank 1.",
)
def nearest_separable(weight):
    u, s, v = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    return (s[0] * torch.outer(u[:, 0], v[0])).reshape(weight.shape)


@wrong(
    "takes the strongest output's pattern",
    hint="The nearest pattern is a mixture of all outputs'.",
)
def nearest_separable(weight):
    best = torch.zeros_like(weight)
    for c in range(weight.shape[1]):
        table = weight[:, c].flatten(1)
        pattern = table[table.norm(dim=1).argmax()]
        best[:, c] = torch.outer(
            table @ pattern / (pattern @ pattern), pattern
        ).reshape(weight[:, c].shape)
    return best


@right("one channel after the other")
def nearest_separable(weight):
    best = torch.zeros_like(weight)
    for c in range(weight.shape[1]):
        u, s, v = torch.linalg.svd(
            weight[:, c].flatten(1), full_matrices=False
        )
        best[:, c] = (s[0] * torch.outer(u[:, 0], v[0])).reshape(
            weight[:, c].shape
        )
    return best


@right("projects on the first right vector")
def nearest_separable(weight):
    tables = weight.transpose(0, 1).flatten(2)
    pattern = torch.linalg.svd(tables, full_matrices=False)[2][
        :, :1
    ]  # (in, 1, K²)
    made = (tables @ pattern.transpose(1, 2)) @ pattern
    return made.transpose(0, 1).reshape(weight.shape)


# 4 · module_weights

Q = "module_weights"
wrong_change(
    Q,
    "forgets the kernels' squares",
    "9 * three[0]",
    "3 * three[0]",
    "A 3×3 has 9 places.",
)
wrong_change(
    Q,
    "counts 5 for 5×5",
    "25 * five[0]",
    "5 * five[0]",
    "A 5×5 has 25 places.",
)
wrong_change(
    Q,
    "forgets the reductions",
    "channels * three[0] + ",
    "",
    "The 1×1 before has weights, too.",
)
wrong_change(
    Q,
    "lets the 3×3 read everything",
    "9 * three[0]",
    "9 * channels",
    "The 3×3 reads what the 1×1 before it put out.",
)
wrong_change(
    Q,
    "lets the 5×5 read everything",
    "25 * five[0]",
    "25 * channels",
    "The 5×5 reads what its own 1×1 put out.",
)
wrong_change(
    Q,
    "forgets the pooled branch",
    " + channels * pool",
    "",
    "Pooling has no weights; the 1×1 behind it has.",
)
wrong_change(
    Q,
    "forgets the plain branch",
    "channels * one",
    "0",
    "The first branch has weights, too.",
)
wrong_change(
    Q,
    "adds biases",
    "return weights",
    "return one + sum(three) + sum(five) + pool + weights",
    "Without biases.",
)
wrong_change(
    Q,
    "chains the branches",
    "channels * five[0]",
    "three[1] * five[0]",
    "The branches stand side by side; each reads the module's input.",
)


@right("a list of layers")
def module_weights(channels, one, three, five, pool):
    layers = [(channels, one, 1), (channels, three[0], 1), (*three, 3)]
    layers += [(channels, five[0], 1), (*five, 5), (channels, pool, 1)]
    return sum(c * d * k * k for c, d, k in layers)


@right("collects the 1×1 layers")
def module_weights(channels, one, three, five, pool):
    narrow = channels * (one + three[0] + five[0] + pool)
    return narrow + math.prod(three) * 3**2 + math.prod(five) * 5**2


# 5 · block_macs

Q = "block_macs"
wrong_change(
    Q,
    "counts one layer",
    "2 * 9 * outside**2",
    "9 * outside**2",
    "A basic block has two layers.",
)
wrong_change(
    Q,
    "counts FLOPs",
    "height * width * weights",
    "2 * height * width * weights",
    "Asked are MACs: one for a multiplication with its addition.",
)
wrong_change(
    Q,
    "forgets the places",
    "height * width * weights",
    "weights",
    "Every place of the map does all of it.",
)
wrong_change(
    Q,
    "counts one side of the map",
    "height * width",
    "height",
    "Height times width places.",
)
wrong_change(
    Q,
    "forgets the way back",
    "2 * outside * inside",
    "outside * inside",
    "There are two 1×1 layers, in and out.",
)
wrong_change(
    Q,
    "lets the 3×3 work outside",
    "9 * inside**2",
    "9 * outside**2",
    "The 3×3 works on the few channels inside.",
)
wrong_change(
    Q,
    "connects the 3×3 to the outside",
    "9 * inside**2",
    "9 * inside * outside",
    "Inside to inside: the 1×1 layers change the width.",
)
wrong_change(Q, "takes 3 for 3×3", "9 * ", "3 * ", "A 3×3 has nine places.")
wrong_change(
    Q,
    "assumes a square map",
    "height * width",
    "height * height",
    "Height and width need not be equal.",
)


@wrong(
    "assumes a fourth inside",
    hint="`inside` is given; it need not be a quarter of the outside.",
)
def block_macs(kind, height, width, outside, inside=None):
    if kind == "basic":
        return height * width * 18 * outside**2
    return height * width * 17 * (outside // 4) ** 2


@right("a list of layers")
def block_macs(kind, height, width, outside, inside=None):
    layers = {
        "basic": [(outside, outside, 3)] * 2,
        "bottleneck": [
            (outside, inside, 1),
            (inside, inside, 3),
            (inside, outside, 1),
        ],
    }
    if kind == "basic":
        del layers["bottleneck"]
    return sum(c * d * k**2 * height * width for c, d, k in layers[kind])


@right("two formulas")
def block_macs(kind, height, width, outside, inside=None):
    places = height * width
    if kind == "bottleneck":
        return places * inside * (2 * outside + 9 * inside)
    return places * outside * outside * 18


# 6 · full_kernel

Q = "full_kernel"
wrong_change(
    Q,
    "puts every group first",
    "group * part : (group + 1) * part",
    "0 : part",
    "Group g reads the inputs of group g.",
)
wrong_change(
    Q,
    "deals the outputs in turn",
    "o // (out // groups)",
    "o % groups",
    "The first out / groups outputs belong to group 0: blocks, not turns.",
)
wrong_change(
    Q,
    "deals the inputs in turn",
    "group * part : (group + 1) * part",
    "group::groups",
    "The first in / groups inputs belong to group 0: blocks, not turns.",
)
wrong_change(
    Q,
    "fills with the same",
    "weight.new_zeros(",
    "weight.new_ones(",
    "Where nothing is connected, the weight is 0.",
)
wrong_change(
    Q,
    "divides by the wrong number",
    "o // (out // groups)",
    "o // groups",
    "A group has out / groups outputs; that many follow each other.",
)
wrong_change(
    Q,
    "shares the weights",
    "= weight[o]",
    "= weight[o] / groups",
    "Nothing is averaged: the weights stay as they are.",
)
wrong_change(
    Q,
    "turns the groups round",
    "group = o",
    "group = groups - 1 - o",
    "The first outputs read the first inputs.",
)
wrong_change(
    Q,
    "mirrors the kernels",
    "= weight[o]",
    "= weight[o].flip(1, 2)",
    "PyTorch's layer does not mirror: the numbers stay in place.",
)


@wrong(
    "repeats for all groups",
    hint="Outputs of a group read their own inputs; the rest is zero.",
)
def full_kernel(weight, groups):
    return weight.repeat(1, groups, 1, 1)


@wrong(
    "spreads over all inputs", hint="Every input is read by one group only."
)
def full_kernel(weight, groups):
    return weight.repeat_interleave(groups, 1)


@right("a block for each group")
def full_kernel(weight, groups):
    pieces = weight.chunk(groups)
    size = weight.shape[0], weight.shape[1] * groups, *weight.shape[2:]
    whole = weight.new_zeros(size)
    high, wide = pieces[0].shape[:2]
    for g, piece in enumerate(pieces):
        whole[g * high : (g + 1) * high, g * wide : (g + 1) * wide] = piece
    return whole


@right("pads each output")
def full_kernel(weight, groups):
    part, rows = weight.shape[1], []
    for o, kernel in enumerate(weight):
        g = o * groups // len(weight)
        rows.append(
            F.pad(kernel, (0, 0, 0, 0, g * part, (groups - 1 - g) * part))
        )
    return torch.stack(rows)


# 7 · shuffle

Q = "shuffle"
wrong_change(
    Q,
    "forgets to read by columns",
    "table.transpose(1, 2).reshape",
    "table.reshape",
    "The table is read by columns.",
)
wrong_change(
    Q,
    "writes the table the other way",
    "groups, channels // groups, height",
    "channels // groups, groups, height",
    "One row for each group: groups comes first.",
)
wrong_change(
    Q,
    "turns the pixels",
    "table.transpose(1, 2)",
    "table.transpose(3, 4)",
    "The maps stay as they are; their order changes.",
)
wrong_change(
    Q,
    "turns the order round",
    "return table",
    "return x.flip(1) if groups > 1 else table",
    "Not backwards: the first of each group, then the second of each.",
)
wrong_change(
    Q,
    "moves by one group",
    "return table",
    "return x.roll(channels // groups, 1) if groups > 1 else table",
    "A shift keeps the groups together; they must be dealt out.",
)
wrong_change(
    Q,
    "mixes the pictures",
    "x.view(n, groups,",
    "x.transpose(0, 1).reshape(n, groups,",
    "The pictures of a batch stay apart.",
)
wrong_change(
    Q,
    "draws the order at random",
    "return table",
    "return x[:, torch.randperm(channels, generator=torch.Generator().manual_seed(0))] if 1 else table",
    "Shuffle is a fixed order, not chance.",
)
wrong_change(
    Q,
    "exchanges the first two axes of the result",
    "transpose(1, 2).reshape(x.shape)",
    "transpose(1, 2).reshape(n, channels, width, height).transpose(2, 3)",
    "Height and width stay in place.",
)


@wrong(
    "pairs neighbours",
    hint="The groups are given; neighbours lie in the same group.",
)
def shuffle(x, groups):
    return torch.cat([x[:, 0::2], x[:, 1::2]], 1)


@right("an index for each channel")
def shuffle(x, groups):
    channels = x.shape[1]
    size = channels // groups
    return x[:, [g * size + i for i in range(size) for g in range(groups)]]


@right("stacks the groups")
def shuffle(x, groups):
    return torch.stack(x.chunk(groups, 1), 2).flatten(1, 2)


# 8 · cut_in_two

Q = "cut_in_two"
wrong_change(
    Q,
    "forgets the singular values",
    "u[:, :rank] * s[:rank]",
    "u[:, :rank]",
    "The strengths must go into one of the two layers.",
)
wrong_change(
    Q,
    "uses the values twice",
    "v[:rank].reshape",
    "(s[:rank, None] * v[:rank]).reshape",
    "Each singular value belongs into the product once.",
)
wrong_change(
    Q,
    "keeps the smallest",
    "v[:rank].reshape(rank, *weight.shape[1:])\n    second = u[:, :rank] * s[:rank]",
    "v[-rank:].reshape(rank, *weight.shape[1:])\n    second = u[:, -rank:] * s[-rank:]",
    "The largest singular values hold most.",
)
wrong_change(
    Q,
    "keeps one more",
    "[:rank]",
    "[: rank + 1]",
    "Exactly `rank` channels in between.",
)
wrong_change(
    Q,
    "exchanges the layers",
    "return first, second[:, :, None, None]",
    "return second[:, :, None, None], first",
    "First the K×K, then the 1×1.",
)
wrong_change(
    Q,
    "returns a matrix",
    "second[:, :, None, None]",
    "second",
    "The kernel of a 1×1 convolution has four axes.",
)
wrong_change(
    Q,
    "takes the root once",
    "* s[:rank]",
    "* s[:rank].sqrt()",
    "Share the value between both layers, or give all of it to one.",
)
wrong_change(
    Q,
    "works on the input channels",
    "weight.flatten(1)",
    "weight.transpose(0, 1).flatten(1)",
    "The rows are the outputs: (out, in · K²).",
)


@wrong(
    "selects outputs",
    hint="The nearest is a mixture of outputs, not the strongest of them.",
)
def cut_in_two(weight, rank):
    chosen = weight.flatten(1).norm(dim=1).argsort(descending=True)[:rank]
    second = weight.new_zeros(len(weight), rank)
    second[chosen, torch.arange(rank)] = 1
    return weight[chosen], second[:, :, None, None]


@right("values in the first layer")
def cut_in_two(weight, rank):
    u, s, v = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    first = (s[:rank, None] * v[:rank]).view(rank, *weight.shape[1:])
    return first, u[:, :rank, None, None].contiguous()


@right("projects on the eigenvectors")
def cut_in_two(weight, rank):
    matrix = weight.flatten(1)
    basis = torch.linalg.eigh(matrix @ matrix.T)[1][:, -rank:]  # (out, rank)
    return (basis.T @ matrix).view(rank, *weight.shape[1:]), basis[
        :, :, None, None
    ]


# 9 · next_factors

Q = "next_factors"
wrong_change(
    Q,
    "climbs",
    "- rate * gradient",
    "+ rate * gradient",
    "Down the slope: minus.",
)
wrong_change(
    Q,
    "counts all entries",
    "torch.where(shown, before[-1] - target, torch.zeros_like(target))",
    "before[-1] - target",
    "Only the entries that are shown count.",
)
wrong_change(
    Q,
    "forgets the half",
    "- rate * gradient",
    "- 2 * rate * gradient",
    "Half the sum of squares: its derivative is the error itself.",
)
wrong_change(
    Q,
    "averages the loss",
    "gradient = before",
    "gradient = 1 / shown.sum() * before",
    "The sum over the entries, not their mean.",
)
wrong_change(
    Q,
    "forgets what stands behind",
    " @ after.T",
    "",
    "The error passes the factors behind, too.",
)
wrong_change(
    Q,
    "forgets what stands before",
    "before[index].T @ ",
    "",
    "The error passes the factors before, too.",
)
wrong_change(
    Q,
    "forgets to transpose",
    "before[index].T @ error @ after.T",
    "before[index] @ error @ after",
    "The gradient of A W B is Aᵀ · error · Bᵀ.",
)
wrong_change(
    Q,
    "goes on with new factors",
    "after = factors[index] @ after",
    "after = new[0] @ after",
    "All factors step at once, from the old values.",
)
wrong_change(
    Q,
    "returns the gradients",
    "factors[index] - rate * gradient",
    "gradient",
    "Asked are the factors after the step.",
)
wrong_change(
    Q,
    "changes the given factors",
    "new.insert(0, factors[index] - rate * gradient)\n        after = factors[index] @ after",
    "old = factors[index].clone()\n        factors[index] -= 1.5 * rate * gradient\n        new.insert(0, factors[index])\n        after = old @ after",
    "Leave the given factors as they are; and the step is `rate` times the gradient.",
)


@wrong("moves only the first factor", hint="All factors are moved.")
def next_factors(factors, target, shown, rate):
    leaves = [f.clone().requires_grad_() for f in factors]
    product = leaves[0]
    for leaf in leaves[1:]:
        product = product @ leaf
    ((product - target)[shown] ** 2).sum().div(2).backward()
    first = (leaves[0] - rate * leaves[0].grad).detach()
    return [first, *[f.clone() for f in factors[1:]]]


@right("by autograd")
def next_factors(factors, target, shown, rate):
    leaves = [f.clone().requires_grad_() for f in factors]
    product = leaves[0]
    for leaf in leaves[1:]:
        product = product @ leaf
    loss = ((product - target)[shown] ** 2).sum() / 2
    gradients = torch.autograd.grad(loss, leaves)
    return [
        (f - rate * g).detach()
        for f, g in zip(factors, gradients, strict=True)
    ]


@right("multiplies the rest anew for each factor")
def next_factors(factors, target, shown, rate):
    def product(parts):
        made = torch.eye(len(target), dtype=target.dtype)
        for part in parts:
            made = made @ part
        return made

    error = (product(factors) - target) * shown
    return [
        f
        - rate * product(factors[:i]).T @ error @ product(factors[i + 1 :]).T
        for i, f in enumerate(factors)
    ]


# 10 · line_separates

Q = "line_separates"
wrong_change(
    Q,
    "lets points lie on the line",
    "<= 0",
    "< 0",
    "A point on the line is not on the right side: ≤.",
)
wrong_change(
    Q,
    "forgets the bias",
    ", b + y",
    ", b",
    "The line need not go through the origin: b moves, too.",
)
wrong_change(
    Q,
    "moves away",
    "w1 + y * x1, w2 + y * x2, b + y",
    "w1 - y * x1, w2 - y * x2, b - y",
    "Towards the point: add y x.",
)
wrong_change(
    Q,
    "forgets the label",
    "w1 + y * x1, w2 + y * x2",
    "w1 + x1, w2 + x2",
    "The step carries the label's sign.",
)
wrong_change(
    Q,
    "gives up after one round",
    "range(rounds)",
    "range(1)",
    "It may take many rounds.",
)
wrong_change(
    Q,
    "asks for one correct point",
    "if mistakes == 0:",
    "if mistakes < len(points):",
    "A whole round without a mistake.",
)
wrong_change(
    Q,
    "always finds one",
    "return False",
    "return True",
    "After the last round without success, the answer is False.",
)
wrong_change(
    Q,
    "takes the points for their signs",
    "w1 * x1 + w2 * x2 + b",
    "w1 * (x1 > 0) + w2 * (x2 > 0) + b",
    "The coordinates count, not only their signs.",
)


@wrong(
    "compares the classes' means",
    hint="Different means do not make the classes separable.",
)
def line_separates(points, labels, rounds=1000):
    means = []
    for wanted in (1, -1):
        chosen = [
            p for p, y in zip(points, labels, strict=True) if y == wanted
        ] or [(0, 0)]
        means.append(
            tuple(
                sum(axis) / len(chosen) for axis in zip(*chosen, strict=True)
            )
        )
    return means[0] != means[1]


@wrong(
    "looks for a straight cut along one axis", hint="The line may be slanted."
)
def line_separates(points, labels, rounds=1000):
    for axis in (0, 1):
        plus = [
            p[axis] for p, y in zip(points, labels, strict=True) if y == 1
        ]
        minus = [
            p[axis] for p, y in zip(points, labels, strict=True) if y == -1
        ]
        if (
            not plus
            or not minus
            or max(plus) < min(minus)
            or max(minus) < min(plus)
        ):
            return True
    return False


@right("with tensors")
def line_separates(points, labels, rounds=1000):
    x = torch.tensor(
        [[float(a), float(b), 1.0] for a, b in points], dtype=torch.float64
    )
    signed = x * torch.tensor(labels, dtype=torch.float64)[:, None]
    w = torch.zeros(3, dtype=torch.float64)
    for _ in range(rounds):
        before = w.clone()
        for row in signed:
            if row @ w <= 0:
                w = w + row
        if torch.equal(before, w) and (signed @ w > 0).all():
            return True
    return False


@right("says at once where a mistake is left")
def line_separates(points, labels, rounds=1000):
    line = [0, 0, 0]
    for _ in range(rounds):
        clean = True
        for point, y in zip(points, labels, strict=True):
            here = (*point, 1)
            if y * sum(a * b for a, b in zip(line, here, strict=True)) <= 0:
                line = [a + y * b for a, b in zip(line, here, strict=True)]
                clean = False
        if clean:
            return True
    return False
