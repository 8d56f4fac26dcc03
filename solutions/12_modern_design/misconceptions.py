"""Plausible answers to the questions of modern_design.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · channel_norm

Q = "channel_norm"
wrong_change(
    Q,
    "normalises each channel",
    "x.mean(1, keepdim=True)",
    "x.mean((2, 3), keepdim=True)",
    "The mean runs over the channels of one place.",
)
wrong_change(
    Q,
    "takes the variance of each channel",
    "x.var(1, keepdim=True, correction=0)",
    "x.var((2, 3), keepdim=True, correction=0)",
    "The variance runs over the channels of one place.",
)
wrong_change(
    Q,
    "normalises the whole picture",
    "x.mean(1, keepdim=True)",
    "x.mean((1, 2, 3), keepdim=True)",
    "One place at a time.",
)
wrong_change(
    Q,
    "normalises over the batch",
    "x.mean(1, keepdim=True)",
    "x.mean((0, 1), keepdim=True)",
    "Each picture by itself.",
)
wrong_change(
    Q,
    "takes the unbiased variance",
    ", correction=0)",
    ")",
    "The biased variance: divide by the number of channels.",
)
wrong_change(
    Q,
    "forgets eps",
    "(variance + eps).sqrt()",
    "variance.sqrt()",
    "eps stands inside the root.",
)
wrong_change(
    Q,
    "adds eps outside",
    "(variance + eps).sqrt()",
    "(variance.sqrt() + eps)",
    "eps stands inside the root.",
)
wrong_change(
    Q,
    "divides by the variance",
    "(variance + eps).sqrt()",
    "(variance + eps)",
    "Divide by its root.",
)
wrong_change(
    Q,
    "forgets the mean",
    "x = (x - mean) /",
    "x = x /",
    "First the mean is taken away.",
)
wrong_change(
    Q, "forgets the shift", " + beta[:, None, None]", "", "beta is added."
)
wrong_change(
    Q,
    "forgets the scale",
    "gamma[:, None, None] * x",
    "x",
    "gamma multiplies each channel.",
)


@right("with the channels last")
def channel_norm(x, gamma, beta, eps=1e-6):
    y = x.movedim(1, -1)
    y = y - y.mean(-1, keepdim=True)
    y = y * (y.square().mean(-1, keepdim=True) + eps).rsqrt()
    return (y * gamma + beta).movedim(-1, 1).contiguous()


@right("with var_mean")
def channel_norm(x, gamma, beta, eps=1e-6):
    var, mean = torch.var_mean(x, dim=1, keepdim=True, correction=0)
    shape = (1, len(gamma), 1, 1)
    return (x - mean) / torch.sqrt(var + eps) * gamma.view(shape) + beta.view(
        shape
    )


# 2 · Block

Q = "Block"
wrong_change(
    Q,
    "forgets the input",
    "return x + y.movedim(3, 1)",
    "return y.movedim(3, 1)",
    "The input is added.",
)
wrong_change(
    Q,
    "activates the sum",
    "return x + y.movedim(3, 1)",
    "return F.gelu(x + y.movedim(3, 1))",
    "Nothing stands behind the sum.",
)
wrong_change(
    Q,
    "takes ReLU",
    "F.gelu(self.widen(self.norm(y)))",
    "F.relu(self.widen(self.norm(y)))",
    "The activation is GELU.",
)
wrong_change(
    Q,
    "activates twice",
    "self.scale * self.narrow(y)",
    "self.scale * F.gelu(self.narrow(y))",
    "One activation only, between the dense layers.",
)
wrong_change(
    Q,
    "activates before it normalises",
    "self.norm(y)",
    "self.norm(F.gelu(y))",
    "One activation only, between the dense layers.",
)
wrong_change(
    Q,
    "forgets the norm",
    "self.widen(self.norm(y))",
    "self.widen(y)",
    "The normalisation stands behind the depthwise layer.",
)
wrong_change(
    Q,
    "forgets the scale",
    "self.scale * self.narrow(y)",
    "self.narrow(y) + 0 * self.scale",
    "scale multiplies the branch.",
)
wrong_change(
    Q,
    "starts the scale at one",
    "torch.full((channels,), 1e-6)",
    "torch.ones(channels)",
    "scale starts at 1e-6.",
)
wrong_change(
    Q,
    "starts the scale at zero",
    "torch.full((channels,), 1e-6)",
    "torch.zeros(channels)",
    "scale starts at 1e-6.",
)
wrong_change(
    Q,
    "has one scale for all channels",
    "torch.full((channels,), 1e-6)",
    "torch.full((1,), 1e-6)",
    "One number for each channel.",
)
wrong_change(
    Q,
    "is not depthwise",
    "7, padding=3, groups=channels",
    "7, padding=3",
    "Each channel by itself: groups.",
)
wrong_change(
    Q,
    "has a 3×3",
    "7, padding=3, groups=channels",
    "3, padding=1, groups=channels",
    "The kernel is 7×7.",
)
wrong_change(
    Q,
    "normalises first",
    "y = self.depthwise(x).movedim(1, 3)  # (N, H, W, C)\n        y = F.gelu(self.widen(self.norm(y)))",
    "y = self.depthwise(self.norm(x.movedim(1, 3)).movedim(3, 1)).movedim(1, 3)\n        y = F.gelu(self.widen(y))",
    "The normalisation stands behind the depthwise layer.",
)
wrong_change(Q, "has another eps", "eps=1e-6", "eps=1e-1", "eps is 1e-6.")
wrong_change(
    Q,
    "scales the input",
    "return x + y.movedim(3, 1)",
    "return self.scale[:, None, None] * x + y.movedim(3, 1)",
    "scale multiplies the branch, not the input.",
)


@right("with permute and GELU as a layer")
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(1e-6 * torch.ones(channels))
        self.depthwise = nn.Conv2d(
            channels, channels, 7, 1, 3, groups=channels
        )
        self.norm = nn.LayerNorm(channels, 1e-6)
        self.widen, self.narrow = (
            nn.Linear(channels, channels * 4),
            nn.Linear(channels * 4, channels),
        )
        self.act = nn.GELU()

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.narrow(self.act(self.widen(y))) * self.scale
        return y.permute(0, 3, 1, 2) + x


@right("the dense layers as 1×1 convolutions")
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        c = channels
        self.depthwise = nn.Conv2d(c, c, 7, padding="same", groups=c)
        self.norm = nn.LayerNorm(c, eps=1e-6)
        self.widen, self.narrow = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.scale = nn.Parameter(torch.empty(c).fill_(1e-6))

    def forward(self, x):
        def pointwise(y, layer):
            return F.conv2d(y, layer.weight[:, :, None, None], layer.bias)

        y = self.norm(self.depthwise(x).movedim(1, 3)).movedim(3, 1)
        y = pointwise(F.gelu(pointwise(y, self.widen)), self.narrow)
        return torch.addcmul(x, self.scale[:, None, None], y)


# 3 · patchify

Q = "patchify"
wrong_change(
    Q,
    "moves by one",
    "x.unfold(2, p, p).unfold(3, p, p)",
    "x.unfold(2, p, 1).unfold(3, p, 1)",
    "Patches do not overlap: the step is P.",
)
wrong_change(
    Q,
    "exchanges rows and columns of a patch",
    '"nchwpq,ocpq->nohw"',
    '"nchwqp,ocpq->nohw"',
    "Rows meet rows, columns meet columns.",
)
wrong_change(
    Q,
    "exchanges the map's axes",
    '"nchwpq,ocpq->nohw"',
    '"nchwpq,ocpq->nowh"',
    "Height before width.",
)
wrong_change(
    Q,
    "forgets the bias",
    "return y + bias[:, None, None]",
    "return y",
    "The bias of each output is added.",
)
wrong_change(
    Q,
    "flips the kernel",
    "patches, weight)",
    "patches, weight.flip(2, 3))",
    "Deep learning's convolution does not flip.",
)
wrong_change(
    Q,
    "averages",
    "return y + bias[:, None, None]",
    "return y / p**2 + bias[:, None, None]",
    "A sum, not a mean.",
)
wrong_change(
    Q,
    "adds the bias for each channel",
    "y + bias[:, None, None]",
    "y + x.shape[1] * bias[:, None, None]",
    "The bias is added once.",
)
wrong_change(
    Q,
    "averages the patches first",
    '"nchwpq,ocpq->nohw", patches, weight',
    '"nchw,ocpq->nohw", patches.mean((4, 5)), weight',
    "Each place of a patch has its own weight.",
)
wrong_change(
    Q,
    "takes patches of four",
    "p = weight.shape[-1]",
    "p = 4",
    "The patch is as large as the kernel.",
)
wrong_change(
    Q,
    "takes the first place of each patch",
    '"nchwpq,ocpq->nohw", patches, weight',
    '"nchw,oc->nohw", patches[..., 0, 0], weight[..., 0, 0]',
    "All places of a patch count.",
)


@right("by reshaping")
def patchify(x, weight, bias):
    n, c, h, w = x.shape
    p = weight.shape[2]
    patches = (
        x.reshape(n, c, h // p, p, w // p, p)
        .permute(0, 2, 4, 1, 3, 5)
        .flatten(3)
    )
    return (patches @ weight.flatten(1).T + bias).movedim(3, 1)


@right("with F.unfold")
def patchify(x, weight, bias):
    p, out = weight.shape[-1], weight.shape[0]
    columns = F.unfold(x, p, stride=p)  # (N, C·P·P, places)
    y = weight.reshape(out, -1) @ columns + bias[:, None]
    return y.view(len(x), out, x.shape[2] // p, x.shape[3] // p)


# 4 · stage_macs

Q = "stage_macs"
wrong_change(
    Q,
    "counts parameters",
    "depth * places * each",
    "depth * each",
    "Each weight is used once at each place.",
)
wrong_change(
    Q,
    "counts one block",
    "depth * places * each",
    "places * each",
    "All blocks of a stage.",
)
wrong_change(
    Q,
    "forgets the depthwise layer",
    "kernel_size**2 * c + 8 * c * c",
    "8 * c * c",
    "The depthwise layer costs K² for each channel.",
)
wrong_change(
    Q,
    "counts one dense layer",
    "8 * c * c",
    "4 * c * c",
    "Two dense layers of 4C² each.",
)
wrong_change(
    Q,
    "does not expand",
    "8 * c * c",
    "2 * c * c",
    "The dense layers go to four times the channels and back.",
)
wrong_change(
    Q,
    "takes a full convolution",
    "kernel_size**2 * c + 8",
    "kernel_size**2 * c * c + 8",
    "Depthwise: each channel by itself.",
)
wrong_change(
    Q,
    "keeps the side",
    "(side // 2**stage) ** 2",
    "side**2",
    "Each stage halves the side.",
)
wrong_change(
    Q,
    "counts the side once",
    "(side // 2**stage) ** 2",
    "side // 2**stage",
    "A map has side · side places.",
)
wrong_change(
    Q,
    "keeps the width",
    "width * 2**stage",
    "width",
    "Each stage doubles the channels.",
)
wrong_change(
    Q,
    "counts FLOPs",
    "found.append(depth",
    "found.append(2 * depth",
    "A MAC is a multiplication with its addition.",
)
wrong_change(
    Q,
    "takes the kernel once",
    "kernel_size**2 * c",
    "kernel_size * c",
    "A kernel has K² weights.",
)
wrong_change(
    Q,
    "always takes 7×7",
    "kernel_size**2 * c",
    "49 * c",
    "The kernel's size is an argument.",
)


@right("halving and doubling")
def stage_macs(depths, width, side, kernel_size=7):
    found = []
    for depth in depths:
        depthwise = kernel_size * kernel_size * width
        dense = width * 4 * width
        found.append(depth * side * side * (depthwise + 2 * dense))
        width, side = width * 2, side // 2
    return found


@right("as one line for each stage")
def stage_macs(depths, width, side, kernel_size=7):
    sizes = [(d, width << s, side >> s) for s, d in enumerate(depths)]
    return [d * n * n * c * (kernel_size**2 + 8 * c) for d, c, n in sizes]


# 5 · beyond_noise

Q = "beyond_noise"
wrong_change(
    Q,
    "looks at gains only",
    "abs(value - before) > limit * noise",
    "value - before > limit * noise",
    "A loss can be beyond the noise, too.",
)
wrong_change(
    Q,
    "adds the deviations",
    "(spread**2 + deviation**2) ** 0.5",
    "spread + deviation",
    "The root of the summed squares.",
)
wrong_change(
    Q,
    "takes the new deviation only",
    "(spread**2 + deviation**2) ** 0.5",
    "deviation",
    "Both means scatter.",
)
wrong_change(
    Q,
    "takes the old deviation only",
    "(spread**2 + deviation**2) ** 0.5",
    "spread",
    "Both means scatter.",
)
wrong_change(
    Q,
    "forgets the root",
    "(spread**2 + deviation**2) ** 0.5",
    "(spread**2 + deviation**2)",
    "The root of the summed squares.",
)
wrong_change(
    Q,
    "compares with the beginning",
    "        before, spread = value, deviation\n",
    "",
    "Each step is compared with the one before it.",
)
wrong_change(
    Q,
    "always takes two",
    "limit * noise",
    "2.0 * noise",
    "The limit is an argument.",
)
wrong_change(
    Q,
    "returns those within",
    "abs(value - before) > limit * noise",
    "abs(value - before) <= limit * noise",
    "Asked are the steps beyond the noise.",
)
wrong_change(
    Q,
    "returns the changes",
    "found.append(name)",
    "found.append(value - before)",
    "Return the names.",
)
wrong_change(
    Q,
    "forgets the old deviation of the next",
    "before, spread = value, deviation",
    "before = value",
    "The deviation belongs to the step before as well.",
)
wrong_change(
    Q,
    "sorts",
    "    return found\n",
    "    return sorted(found)\n",
    "In the order of the steps.",
)


@wrong(
    "counts the beginning as a step",
    hint="The first entry is where the walk begins; it changed nothing.",
)
def beyond_noise(steps, limit=2.0):
    names = list(steps)
    found = names[:1]
    for a, b in zip(names[:-1], names[1:], strict=True):
        noise = (steps[a][1] ** 2 + steps[b][1] ** 2) ** 0.5
        if abs(steps[b][0] - steps[a][0]) > limit * noise:
            found.append(b)
    return found


@right("by pairs")
def beyond_noise(steps, limit=2.0):
    def loud(a, b):
        (m, s), (n, t) = steps[a], steps[b]
        return (n - m) ** 2 > limit**2 * (s * s + t * t)

    names = list(steps)
    return [
        b for a, b in zip(names[:-1], names[1:], strict=True) if loud(a, b)
    ]


@right("as tensors")
def beyond_noise(steps, limit=2.0):
    numbers = torch.tensor(list(steps.values()), dtype=torch.float64)
    change = numbers[1:, 0] - numbers[:-1, 0]
    noise = torch.hypot(numbers[1:, 1], numbers[:-1, 1])
    beyond = (change.abs() > limit * noise).tolist()
    return [
        name
        for name, is_so in zip(list(steps)[1:], beyond, strict=True)
        if is_so
    ]


# 6 · mixing_table

Q = "mixing_table"
wrong_change(
    Q,
    "reads from the corner",
    "p // width + a - k // 2, p % width + b - k // 2",
    "p // width + a, p % width + b",
    "The kernel's middle lies on the place: minus K // 2.",
)
wrong_change(
    Q,
    "flips the kernel",
    "kernel[a, b]",
    "kernel[k - 1 - a, k - 1 - b]",
    "Deep learning's convolution does not flip.",
)
wrong_change(
    Q,
    "transposes the kernel",
    "kernel[a, b]",
    "kernel[b, a]",
    "a counts rows, b columns.",
)
wrong_change(
    Q,
    "transposes the table",
    "table[p, i * width + j]",
    "table[i * width + j, p]",
    "Row p belongs to output place p.",
)
wrong_change(
    Q,
    "wraps around",
    "                if 0 <= i < height and 0 <= j < width:\n                    table[p, i * width + j] = kernel[a, b]",
    "                table[p, i % height * width + j % width] += kernel[a, b]",
    "Around the map are zeros; nothing wraps.",
)
wrong_change(
    Q,
    "lets rows run on",
    "if 0 <= i < height and 0 <= j < width:",
    "if 0 <= i * width + j < places:",
    "The place behind the end of a row is outside, not in the next row.",
)
wrong_change(
    Q,
    "counts by columns",
    "p // width + a - k // 2, p % width + b - k // 2",
    "p % height + a - k // 2, p // height + b - k // 2",
    "Places are counted row by row.",
)
wrong_change(
    Q,
    "takes the map to be square",
    "0 <= j < width",
    "0 <= j < height",
    "Columns run up to the width.",
)
wrong_change(
    Q,
    "forgets the border",
    "if 0 <= i < height and 0 <= j < width:",
    "if 0 < i < height and 0 < j < width:",
    "Row 0 and column 0 are inside.",
)
wrong_change(
    Q,
    "keeps only the middle",
    "table[p, i * width + j] = kernel[a, b]",
    "table[p, i * width + j] = kernel[k // 2, k // 2] * (i * width + j == p)",
    "All K² weights are in the table.",
)


@right("by the answers to single pixels")
def mixing_table(kernel, height, width):
    places = height * width
    pixels = torch.eye(places, dtype=kernel.dtype).view(
        places, 1, height, width
    )
    answers = F.conv2d(pixels, kernel[None, None], padding=len(kernel) // 2)
    return answers.flatten(1).T.contiguous()


@right("by differences of places")
def mixing_table(kernel, height, width):
    half = len(kernel) // 2
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    down = rows[None, :] - rows[:, None] + half
    right = columns[None, :] - columns[:, None] + half
    inside = (
        (down >= 0) & (down <= 2 * half) & (right >= 0) & (right <= 2 * half)
    )
    read = kernel[down.clamp(0, 2 * half), right.clamp(0, 2 * half)]
    return torch.where(inside, read, torch.zeros_like(read))


# 7 · attention_table

Q = "attention_table"
wrong_change(
    Q,
    "forgets the root",
    " / queries.shape[1] ** 0.5",
    "",
    "Divide by the root of the length.",
)
wrong_change(
    Q,
    "divides by the length",
    "queries.shape[1] ** 0.5",
    "queries.shape[1]",
    "By its root.",
)
wrong_change(
    Q,
    "divides by the number of places",
    "queries.shape[1] ** 0.5",
    "queries.shape[0] ** 0.5",
    "The length of a query, not the number of places.",
)
wrong_change(
    Q,
    "takes the softmax over the queries",
    "scores.softmax(1)",
    "scores.softmax(0)",
    "Each row adds up to 1: over the places that are read.",
)
wrong_change(
    Q,
    "exchanges queries and keys",
    "queries @ keys.T",
    "keys @ queries.T",
    "Row p belongs to query p.",
)
wrong_change(
    Q,
    "forgets the softmax",
    "scores.softmax(1)",
    "scores",
    "The weights of a row are a softmax.",
)
wrong_change(
    Q,
    "takes the logarithm",
    "scores.softmax(1)",
    "scores.log_softmax(1)",
    "Weights, not their logarithms.",
)
wrong_change(
    Q,
    "takes a sigmoid",
    "scores.softmax(1)",
    "scores.sigmoid()",
    "Each row adds up to 1.",
)
wrong_change(
    Q,
    "looks for the smallest",
    "scores.softmax(1)",
    "(-scores).softmax(1)",
    "Large products mean large weights.",
)
wrong_change(
    Q,
    "looks at nobody but itself",
    "scores.softmax(1)",
    "torch.eye(len(scores), dtype=scores.dtype)",
    "Attention reads all places.",
)
wrong_change(
    Q,
    "does not look at what comes later",
    "scores.softmax(1)",
    "scores.tril().softmax(1)",
    "Every place reads every place; nothing is masked.",
)


@right("by hand")
def attention_table(queries, keys):
    d = queries.shape[1]
    powers = torch.exp((queries[:, None] * keys[None]).sum(2) / d**0.5)
    return powers / powers.sum(1, keepdim=True)


@right("as PyTorch's attention on the identity")
def attention_table(queries, keys):
    values = torch.eye(len(keys), dtype=keys.dtype)
    return F.scaled_dot_product_attention(
        queries[None], keys[None], values[None]
    )[0]
