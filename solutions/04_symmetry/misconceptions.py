"""Plausible answers to the questions of symmetry.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change


# 1 · symmetry_of

Q = "symmetry_of"
wrong_change(
    Q,
    "swaps the two",
    "return bool(equivariant), bool(invariant)",
    "return bool(invariant), bool(equivariant)",
    "First equivariant, then invariant.",
)
wrong_change(
    Q,
    "compares f(x) with the shifted f(x)",
    "(of_moved - y)",
    "(moved - y)",
    "Invariance compares f of the shifted picture with f of the picture.",
)
wrong_change(
    Q,
    "forgets to shift the output",
    "moved = y.roll((down, right), (0, 1))",
    "moved = y",
    "Equivariance compares with the shifted output.",
)
wrong_change(
    Q,
    "shifts the output back",
    "moved = y.roll((down, right), (0, 1))",
    "moved = y.roll((-down, -right), (0, 1))",
    "Input and output are shifted the same way.",
)
wrong_change(
    Q,
    "swaps the axes",
    "of_moved = f(x.roll((down, right), (0, 1)))\n    moved = y.roll((down, right), (0, 1))",
    "of_moved = f(x.roll((right, down), (0, 1)))\n    moved = y.roll((right, down), (0, 1))",
    "down moves rows, along the first axis.",
)
wrong_change(
    Q,
    "demands exact equality",
    "<= 1e-5",
    "== 0",
    "Differences up to 1e-5 do not count.",
)
wrong_change(
    Q,
    "takes the largest signed difference",
    ".abs().max()",
    ".max()",
    "A difference may be negative: take its absolute value.",
)
wrong_change(
    Q,
    "takes the mean difference",
    "(of_moved - moved).abs().max()",
    "(of_moved - moved).mean().abs()",
    "Positive and negative differences cancel in a mean; the largest one counts.",
)
wrong_change(
    Q,
    "calls only one of the two true",
    "bool(invariant)\n",
    "bool(invariant and not equivariant)\n",
    "A function can be equivariant and invariant: the mean is.",
)
wrong_change(
    Q,
    "uses a shift that is not circular",
    "of_moved = f(x.roll((down, right), (0, 1)))",
    "of_moved = f(torch.nn.functional.pad(x, (right, -right, down, -down)))",
    "What leaves on one side enters on the other: roll.",
)


@right("shifts by cutting and joining")
def symmetry_of(f, x, down, right):
    def moved(x):
        h, w = x.shape
        rows = (torch.arange(h) - down) % h
        columns = (torch.arange(w) - right) % w
        return x[rows][:, columns]

    one, other, plain = f(moved(x)), moved(f(x)), f(x)
    return torch.allclose(one, other, rtol=0, atol=1e-5), torch.allclose(
        one, plain, rtol=0, atol=1e-5
    )


@right("rolls one axis after the other")
def symmetry_of(f, x, down, right):
    shifted = f(x.roll(down, 0).roll(right, 1))
    plain = f(x)

    def near(a, b):
        return float((a - b).abs().max()) <= 1e-5

    return near(shifted, plain.roll(down, 0).roll(right, 1)), near(
        shifted, plain
    )


# 2 · weights_in

Q = "weights_in"
wrong_change(
    Q,
    "returns the answer as it comes",
    "answer[(-torch.arange(n)) % n]",
    "answer",
    "The answer at place i holds the weight u with i + u = 0, so w[u] stands at place -u.",
)
wrong_change(
    Q,
    "flips without the modulus",
    "answer[(-torch.arange(n)) % n]",
    "answer.flip(0)",
    "w[0] stays at place 0; the others change places.",
)
wrong_change(
    Q,
    "asks with ones",
    "impulse[0] = 1",
    "impulse[:] = 1",
    "A row of ones tells the sum of the weights only.",
)
wrong_change(
    Q,
    "asks at place 1",
    "impulse[0] = 1",
    "impulse[1 % n] = 1",
    "With a 1 at place j, w[u] arrives at place j - u.",
)
wrong_change(
    Q,
    "returns the sum",
    "answer[(-torch.arange(n)) % n]",
    "answer.sum().expand(n)",
    "There are n weights, and they differ.",
)
wrong_change(
    Q,
    "shifts by one too many",
    "(-torch.arange(n)) % n",
    "(1 - torch.arange(n)) % n",
    "w[0] is the answer at place 0.",
)
wrong_change(
    Q,
    "asks with a two",
    "impulse[0] = 1",
    "impulse[0] = 2",
    "The answer to 2 is twice the weights.",
)
wrong_change(
    Q,
    "takes absolute values",
    "answer[(-torch.arange(n)) % n]",
    "answer[(-torch.arange(n)) % n].abs()",
    "Weights have a sign.",
)


@wrong(
    "asks n times and reads the first column",
    hint="The answers to a 1 at place j, read at place 0, are w[j]: that is the first entry of each.",
)
def weights_in(box, n):
    return torch.stack([box(torch.eye(n)[j])[-1] for j in range(n)])


@right("asks n questions")
def weights_in(box, n):
    return torch.stack([box(torch.eye(n)[u])[0] for u in range(n)])


@right("turns the answer round")
def weights_in(box, n):
    single = torch.zeros(n)
    single[-1] = 1.0
    return box(single).flip(0)


# 3 · symmetrise

Q = "symmetrise"
wrong_change(
    Q,
    "forgets to divide",
    " / 4",
    "",
    "The mean of four kernels: divide by 4.",
)
wrong_change(
    Q,
    "leaves out one turn",
    "range(4)",
    "range(3)",
    "There are four: turned 0, 1, 2 and 3 times.",
)
wrong_change(
    Q,
    "turns by half only",
    "w.rot90(turns,",
    "w.rot90(2 * turns,",
    "Quarter turns, not half turns.",
)
wrong_change(
    Q,
    "turns the wrong axes",
    "(-2, -1)",
    "(0, 1)",
    "Kernels lie in the last two axes.",
)
wrong_change(
    Q,
    "mirrors instead of turning",
    "w.rot90(turns, (-2, -1))",
    "(w.flip(-1) if turns % 2 else w)",
    "A mirror image is no turned kernel.",
)
wrong_change(
    Q,
    "transposes instead of turning",
    "w.rot90(turns, (-2, -1))",
    "(w.transpose(-2, -1) if turns % 2 else w)",
    "A transpose mirrors along the diagonal; that is no turn.",
)
wrong_change(
    Q,
    "takes the largest",
    "sum(w.rot90(turns, (-2, -1)) for turns in range(4)) / 4",
    "torch.stack([w.rot90(turns, (-2, -1)) for turns in range(4)]).amax(0)",
    "The average is asked for: it is linear.",
)
wrong_change(
    Q,
    "averages all numbers",
    "sum(w.rot90(turns, (-2, -1)) for turns in range(4)) / 4",
    "w.mean((-2, -1), keepdim=True).expand_as(w)",
    "Only places that a turn carries into each other are averaged.",
)
wrong_change(
    Q,
    "returns the four",
    "sum(w.rot90(turns, (-2, -1)) for turns in range(4)) / 4",
    "torch.stack([w.rot90(turns, (-2, -1)) for turns in range(4)])",
    "One kernel comes out: their average.",
)


@right("turns by transposing and flipping")
def symmetrise(w):
    total, turned = torch.zeros_like(w), w
    for _ in range(4):
        total = total + turned
        turned = turned.transpose(-2, -1).flip(-2)
    return total / 4


@right("averages twice")
def symmetrise(w):
    half = (w + w.flip(-2, -1)) / 2
    return (half + half.rot90(1, (-2, -1))) / 2


# 4 · Lifting

Q = "Lifting"
wrong_change(
    Q,
    "turns clockwise",
    "rot90(turns,",
    "rot90(-turns,",
    "Anticlockwise: rot90 with a positive number of turns.",
)
wrong_change(
    Q,
    "has four kernels to learn",
    "shape = channels_out, channels_in",
    "shape = 4 * channels_out, channels_in",
    "The four orientations share one kernel.",
)
wrong_change(
    Q,
    "puts orientations first",
    "torch.stack(turned, 1)",
    "torch.stack(turned, 0)",
    "The four maps of one kernel stand together.",
)
wrong_change(
    Q,
    "does not turn",
    "self.weight.rot90(turns, (2, 3))",
    "self.weight",
    "Each kernel is used in four orientations.",
)
wrong_change(
    Q,
    "turns by half only",
    "rot90(turns,",
    "rot90(2 * turns,",
    "Quarter turns: 0, 90, 180 and 270 degrees.",
)
wrong_change(
    Q,
    "does not pad",
    ", padding=self.weight.shape[2] // 2",
    "",
    "Padding kernel_size // 2 keeps the size.",
)
wrong_change(
    Q,
    "mirrors as well",
    "self.weight.rot90(turns, (2, 3))",
    "self.weight.flip(3).rot90(turns, (2, 3))",
    "The first orientation is the kernel as it is.",
)
wrong_change(
    Q,
    "adds a bias",
    "        self.weight = nn.Parameter(0.1 * torch.randn(shape))\n",
    "        self.weight = nn.Parameter(0.1 * torch.randn(shape))\n        self.bias = nn.Parameter(torch.zeros(4 * channels_out))\n",
    "Without bias.",
)
wrong_change(
    Q,
    "sums the orientations",
    "F.conv2d(x, kernels, padding=self.weight.shape[2] // 2)",
    "F.conv2d(x, kernels, padding=self.weight.shape[2] // 2).unflatten(1, (-1, 4)).sum(2)",
    "The four maps are kept side by side.",
)
wrong_change(
    Q,
    "cuts the gradient",
    "self.weight.rot90(turns, (2, 3)) for",
    "self.weight.detach().rot90(turns, (2, 3)) for",
    "The kernels must learn: nothing may cut the gradient on its way to them.",
)


@wrong(
    "turns the picture instead",
    hint="Turning the picture turns the maps as well: turn the kernels.",
)
class Lifting(nn.Module):
    def __init__(self, channels_in, channels_out, kernel_size):
        super().__init__()
        self.weight = nn.Parameter(
            0.1
            * torch.randn(channels_out, channels_in, kernel_size, kernel_size)
        )

    def forward(self, x):
        padding = self.weight.shape[2] // 2
        maps = [
            F.conv2d(x.rot90(t, (2, 3)), self.weight, padding=padding).rot90(
                t, (2, 3)
            )
            for t in range(4)
        ]
        return (
            torch.stack(maps, 2).flatten(1, 2)
            if maps[0].shape == maps[1].shape
            else maps[0]
        )


@right("convolves four times")
class Lifting(nn.Module):
    def __init__(self, channels_in, channels_out, kernel_size):
        super().__init__()
        self.weight = nn.Parameter(
            torch.zeros(channels_out, channels_in, kernel_size, kernel_size)
        )
        nn.init.normal_(self.weight)

    def forward(self, x):
        maps = []
        for turns in range(4):
            turned = torch.rot90(self.weight, turns, dims=[2, 3])
            maps.append(F.conv2d(x, turned, padding="same"))
        return torch.stack(maps, dim=2).flatten(1, 2)


@right("turns the picture and turns back")
class Lifting(nn.Module):
    def __init__(self, channels_in, channels_out, kernel_size):
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(channels_out, channels_in, kernel_size, kernel_size)
        )

    def forward(self, x):
        padding = self.weight.shape[2] // 2
        maps = [
            F.conv2d(x.rot90(-t, (2, 3)), self.weight, padding=padding).rot90(
                t, (2, 3)
            )
            for t in range(4)
        ]
        return torch.stack(maps, 2).flatten(1, 2)


# 5 · pool2d

Q = "pool2d"
wrong_change(
    Q,
    "sums instead of averaging",
    "windows.mean((2, 4))",
    "windows.sum((2, 4))",
    "The average divides by the numbers in the window.",
)
wrong_change(
    Q,
    "divides by the side",
    "windows.mean((2, 4))",
    "windows.sum((2, 4)) / size",
    "A window has size * size numbers.",
)
wrong_change(
    Q,
    "takes the largest absolute value",
    "windows.amax((2, 4))",
    "windows.abs().amax((2, 4))",
    "The maximum compares values, not sizes.",
)
wrong_change(
    Q,
    "begins the maximum at zero",
    "windows.amax((2, 4))",
    "windows.amax((2, 4)).clamp_min(0)",
    "All numbers of a window may be negative.",
)
wrong_change(
    Q,
    "mixes up the axes",
    "reshape(-1, rows, size, columns, size)",
    "reshape(-1, size, rows, size, columns)",
    "Along the height, windows come first, then the rows of a window.",
)
wrong_change(
    Q,
    "pools over the channels too",
    "x.mean((1, 2), keepdim=True)",
    "x.mean().expand(len(x), 1, 1)",
    "Each channel has its own average.",
)
wrong_change(
    Q,
    "returns global averages without axes",
    "x.mean((1, 2), keepdim=True)",
    "x.mean((1, 2))",
    "As maps of 1×1: keep the axes.",
)
wrong_change(
    Q,
    "takes the maximum globally",
    "x.mean((1, 2), keepdim=True)",
    "x.amax((1, 2), keepdim=True)",
    '"global" is the average of the whole map.',
)
wrong_change(
    Q,
    "accepts every word",
    'raise ValueError(f"how={how!r}: max, average or global")',
    "return windows.mean((2, 4))",
    "An unknown way of pooling is an error.",
)
wrong_change(
    Q,
    "swaps maximum and average",
    'how == "max"',
    'how == "average"',
    "Whether is the maximum, how much the average.",
)


@wrong(
    "uses PyTorch's pooling with padding",
    hint="What does not fill a window is left out.",
)
def pool2d(x, size, how):
    if how == "global":
        return x.mean((1, 2), keepdim=True)
    if how == "max":
        return F.max_pool2d(x[None], size, ceil_mode=True)[0]
    if how == "average":
        return F.avg_pool2d(x[None], size, ceil_mode=True)[0]
    raise ValueError(how)


@right("goes window by window")
def pool2d(x, size, how):
    if how == "global":
        return x.flatten(1).mean(1)[:, None, None]
    if how not in ("max", "average"):
        raise ValueError(how)
    rows, columns = x.shape[1] // size, x.shape[2] // size
    out = torch.zeros(x.shape[0], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = x[
                :, i * size : (i + 1) * size, j * size : (j + 1) * size
            ].flatten(1)
            out[:, i, j] = window.amax(1) if how == "max" else window.mean(1)
    return out


@right("unfolds")
def pool2d(x, size, how):
    if how == "global":
        return x.mean(2, keepdim=True).mean(1, keepdim=True)
    windows = x.unfold(1, size, size).unfold(2, size, size).flatten(3)
    if how == "max":
        return windows.max(3).values
    if how == "average":
        return windows.sum(3) / size**2
    raise ValueError(how)


# 6 · pooling_for

Q = "pooling_for"
wrong_change(
    Q,
    "averages the scratch away",
    '"defect": "max"',
    '"defect": "average"',
    "A scratch covers a few pixels of many: the average hardly changes.",
)
wrong_change(
    Q,
    "asks whether there are clouds",
    '"cloud cover": "average"',
    '"cloud cover": "max"',
    "How much of the sky: the share is an average.",
)
wrong_change(
    Q,
    "takes the largest of the noise",
    '"noisy": "average"',
    '"noisy": "max"',
    "Averaging takes the noise away, the maximum picks it.",
)
wrong_change(
    Q,
    "always takes the maximum",
    '"average"',
    '"max"',
    "The maximum says whether, the average how much.",
)
wrong_change(
    Q,
    "always takes the average",
    '"max"',
    '"average"',
    "The maximum says whether, the average how much.",
)
wrong_change(
    Q,
    "has them the other way round",
    '{"defect": "max", "cloud cover": "average", "noisy": "average"}',
    '{"defect": "average", "cloud cover": "max", "noisy": "max"}',
    "The maximum says whether, the average how much.",
)
wrong_change(
    Q,
    "returns other words",
    '"average"',
    '"mean"',
    'The answers are "max" and "average".',
)
wrong_change(
    Q,
    "returns upper case",
    '"max"',
    '"MAX"',
    'The answers are "max" and "average".',
)
wrong_change(
    Q,
    "returns both",
    "return answers[task]",
    'return "max or average"',
    "Decide for one.",
)


@wrong(
    "does not know other tasks",
    hint="An unknown task is a ValueError, which says what was given.",
)
def pooling_for(task):
    return {
        "defect": "max",
        "cloud cover": "average",
        "noisy": "average",
    }.get(task, "max")


@right("asks one question")
def pooling_for(task):
    if task == "defect":
        return "max"
    if task in ("cloud cover", "noisy"):
        return "average"
    raise ValueError(task)


@right("catches a missing key")
def pooling_for(task):
    try:
        return dict(
            zip(
                ("defect", "cloud cover", "noisy"),
                ("max", "average", "average"),
                strict=True,
            )
        )[task]
    except KeyError:
        raise ValueError(f"unknown task {task}") from None


# 7 · max_blur_pool

Q = "max_blur_pool"
wrong_change(
    Q,
    "subsamples before the blur",
    "maxima = torch.maximum(row, row.roll(-1, 1))",
    "maxima = torch.maximum(row, row.roll(-1, 1))[:, ::2].repeat_interleave(2, 1)",
    "Subsampling comes last.",
)
wrong_change(
    Q,
    "forgets the blur",
    "(maxima.roll(1, 1) + 2 * maxima + maxima.roll(-1, 1)) / 4",
    "maxima",
    "Blur between the maximum and the subsampling.",
)
wrong_change(
    Q,
    "forgets the maximum",
    "maxima = torch.maximum(row, row.roll(-1, 1))",
    "maxima = row",
    "First the maximum of each number and its right neighbour.",
)
wrong_change(
    Q,
    "takes the left neighbour",
    "row.roll(-1, 1))\n",
    "row.roll(1, 1))\n",
    "roll(-1) brings the right neighbour here.",
)
wrong_change(
    Q, "keeps the odd places", "[:, ::2]", "[:, 1::2]", "Places 0, 2, 4, …"
)
wrong_change(
    Q,
    "does not subsample",
    "blurred[:, ::2]",
    "blurred",
    "Keep every second number.",
)
wrong_change(
    Q,
    "blurs with equal weights",
    "(maxima.roll(1, 1) + 2 * maxima + maxima.roll(-1, 1)) / 4",
    "(maxima.roll(1, 1) + maxima + maxima.roll(-1, 1)) / 3",
    "The weights are 1, 2, 1, divided by 4.",
)
wrong_change(
    Q,
    "does not divide",
    ") / 4",
    ")",
    "The weights add up to 1: divide by 4.",
)
wrong_change(
    Q,
    "rolls over the channels",
    "row.roll(-1, 1)",
    "row.roll(-1, 0)",
    "The numbers of a row lie along the second axis.",
)
wrong_change(
    Q,
    "averages the neighbours",
    "torch.maximum(row, row.roll(-1, 1))",
    "(row + row.roll(-1, 1)) / 2",
    "The maximum of each number and its neighbour.",
)


@right("uses a kernel")
def max_blur_pool(row):
    maxima = torch.stack([row, row.roll(-1, 1)]).amax(0)
    around = torch.cat([maxima[:, -1:], maxima, maxima[:, :1]], 1)[:, None]
    return F.conv1d(around, torch.tensor([[[1.0, 2, 1]]]) / 4, stride=2)[:, 0]


@right("goes number by number")
def max_blur_pool(row):
    n = row.shape[1]
    big = [torch.maximum(row[:, i], row[:, (i + 1) % n]) for i in range(n)]
    return torch.stack(
        [
            0.25 * big[i - 1] + 0.5 * big[i] + 0.25 * big[(i + 1) % n]
            for i in range(0, n, 2)
        ],
        1,
    )


# 8 · rank_by_consistency

Q = "rank_by_consistency"
wrong_change(
    Q,
    "sorts the least consistent first",
    "(-share[name], name)",
    "(share[name], name)",
    "The most consistent first.",
)
wrong_change(
    Q,
    "leaves ties as they come",
    "(-share[name], name)",
    "-share[name]",
    "Where two agree, in alphabetical order.",
)
wrong_change(
    Q,
    "sorts names only",
    "(-share[name], name)",
    "name",
    "By consistency first.",
)
wrong_change(
    Q,
    "compares the logits",
    "(net(x).argmax(1) == net(moved).argmax(1)).float().mean().item()",
    "-(net(x) - net(moved)).abs().max().item()",
    "The class counts, not the logits.",
)
wrong_change(
    Q,
    "shifts the wrong axes",
    "x.roll((down, right), (2, 3))",
    "x.roll((right, down), (2, 3))",
    "down moves rows, axis 2; right moves columns, axis 3.",
)
wrong_change(
    Q,
    "shifts the batch",
    "x.roll((down, right), (2, 3))",
    "x.roll((down, right), (0, 1))",
    "Pictures are shifted along their height and width, axes 2 and 3.",
)
wrong_change(
    Q,
    "does not shift",
    "moved = x.roll((down, right), (2, 3))",
    "moved = x",
    "Compare the picture with its shift.",
)
wrong_change(
    Q,
    "asks for all pictures at once",
    ".float().mean().item()",
    ".all().item()",
    "Count the share of pictures.",
)
wrong_change(
    Q,
    "takes the smallest logit",
    "net(moved).argmax(1)",
    "net(moved).argmin(1)",
    "The class is the largest logit, on both sides.",
)
wrong_change(
    Q,
    "returns the shares",
    "return sorted(share, key=lambda name: (-share[name], name))",
    "return share",
    "A list of names is asked for.",
)
wrong_change(
    Q,
    "shifts with zeros",
    "x.roll((down, right), (2, 3))",
    "F.pad(x, (right, -right, down, -down))",
    "The shift is circular.",
)


@right("sorts twice")
def rank_by_consistency(networks, x, down, right):
    moved = x.roll(down, 2).roll(right, 3)

    def same(name):
        net = networks[name]
        return int((net(x).max(1).indices == net(moved).max(1).indices).sum())

    counts = {name: same(name) for name in networks}
    return (
        sorted(sorted(counts), key=counts.get, reverse=True)
        if len(set(counts.values())) == len(counts)
        else [
            name
            for count in sorted(set(counts.values()), reverse=True)
            for name in sorted(n for n in counts if counts[n] == count)
        ]
    )


@right("builds pairs")
def rank_by_consistency(networks, x, down, right):
    moved = torch.roll(x, shifts=(down, right), dims=(-2, -1))
    pairs = []
    for name, net in networks.items():
        changed = (
            (net(x).argmax(dim=1) != net(moved).argmax(dim=1)).sum().item()
        )
        pairs.append((changed, name))
    return [name for _, name in sorted(pairs)]


# 9 · head_params

Q = "head_params"
wrong_change(
    Q,
    "forgets the biases",
    "(inputs + 1) * units",
    "inputs * units",
    "Each unit has a bias.",
)
wrong_change(
    Q,
    "forgets the size of the map",
    "channels * size**2",
    "channels",
    "Flattened, the map has channels * size * size numbers.",
)
wrong_change(
    Q,
    "takes one side of the map",
    "channels * size**2",
    "channels * size",
    "size × size places.",
)
wrong_change(
    Q,
    "forgets the last layer",
    "[*hidden, classes]",
    "hidden",
    "The layer for the classes belongs to the head.",
)
wrong_change(
    Q,
    "always starts from the map",
    "        inputs = units\n",
    "",
    "The outputs of one layer are the inputs of the next.",
)
wrong_change(
    Q,
    "flattens for the pooled head too",
    "(channels + 1) * classes",
    "(channels * size**2 + 1) * classes",
    "Pooling leaves one number for each channel.",
)
wrong_change(
    Q,
    "forgets the biases of the pooled head",
    "(channels + 1) * classes",
    "channels * classes",
    "Each class has a bias.",
)
wrong_change(
    Q,
    "calls the pooled head free",
    "(channels + 1) * classes",
    "0",
    "The pooling has no parameters; the dense layer behind it has.",
)
wrong_change(
    Q,
    "returns them the other way round",
    "return flattened, (channels + 1) * classes",
    "return (channels + 1) * classes, flattened",
    "First the flattened head, then the one with pooling.",
)


@right("builds the layers")
def head_params(channels, size, hidden, classes):
    sizes = [channels * size * size, *hidden, classes]
    layers = [
        nn.Linear(a, b, device="meta")
        for a, b in zip(sizes[:-1], sizes[1:], strict=True)
    ]
    pooled = nn.Linear(channels, classes, device="meta")
    return sum(p.numel() for la in layers for p in la.parameters()), sum(
        p.numel() for p in pooled.parameters()
    )


@right("counts weights and biases apart")
def head_params(channels, size, hidden, classes):
    sizes = [channels * size * size] + list(hidden) + [classes]
    weights = sum(sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))
    return weights + sum(sizes[1:]), channels * classes + classes
