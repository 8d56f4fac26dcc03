"""Plausible answers to the questions of receptive_fields.ipynb: wrong ones with hints, right ones."""

import math

import torch
import torch.nn.functional as F

from cnnbook.grading.misconceptions import right, wrong, wrong_change


# 1 · field_of

Q = "field_of"
wrong_change(
    Q,
    "doubles the size at a stride",
    "jump *= stride",
    "size, jump = size * stride, jump * stride",
    "A stride multiplies the jump, not the size that is there already.",
)
wrong_change(
    Q,
    "forgets the dilation",
    "dilation * (kernel_size - 1)",
    "(kernel_size - 1)",
    "A dilated kernel spans dilation * (kernel_size - 1) + 1 positions.",
)
wrong_change(
    Q,
    "adds the whole kernel",
    "(kernel_size - 1)",
    "kernel_size",
    "The windows overlap: only kernel_size - 1 positions are new.",
)
wrong_change(
    Q,
    "forgets the jump",
    "dilation * (kernel_size - 1) * jump",
    "dilation * (kernel_size - 1)",
    "A step of this layer is a jump of the input.",
)
wrong_change(
    Q,
    "adds up the strides",
    "jump *= stride",
    "jump += stride - 1",
    "Strides multiply.",
)
wrong_change(
    Q,
    "forgets the padding",
    "        start -= padding * jump\n",
    "",
    "Padding moves the start to the left.",
)
wrong_change(
    Q,
    "counts padding in pixels",
    "padding * jump",
    "padding",
    "A padded position of this layer is a jump of the input wide.",
)
wrong_change(
    Q,
    "has the sign of the start wrong",
    "start -= padding",
    "start += padding",
    "With padding, output 0 begins before the picture: negative.",
)
wrong_change(
    Q,
    "moves the start after the stride",
    "        start -= padding * jump\n        jump *= stride",
    "        jump *= stride\n        start -= padding * jump",
    "The padding lies on the layer's input, where the jump is still the old one.",
)
wrong_change(
    Q,
    "goes through the layers backwards",
    "in layers",
    "in layers[::-1]",
    "The first layer first.",
)


@wrong(
    "lets the stride count for its own layer",
    hint="A layer's stride counts for the layers after it.",
)
def field_of(layers):
    size, jump, start = 1, 1, 0
    for kernel_size, stride, padding, dilation in layers:
        start -= padding * jump
        jump *= stride
        size += dilation * (kernel_size - 1) * jump
    return size, jump, start


@right("walks back from the output")
def field_of(layers):
    first, last = 0, 0
    for k, s, p, d in reversed(layers):
        first, last = first * s - p, last * s - p + d * (k - 1)
    jump = math.prod(layer[1] for layer in layers)
    return last - first + 1, jump, first


@right("sums over the layers")
def field_of(layers):
    jumps = [
        math.prod(layer[1] for layer in layers[:n])
        for n in range(len(layers) + 1)
    ]
    size = 1 + sum(
        d * (k - 1) * j
        for (k, _, _, d), j in zip(layers, jumps, strict=False)
    )
    start = -sum(
        p * j for (_, _, p, _), j in zip(layers, jumps, strict=False)
    )
    return size, jumps[-1], start


# 2 · field_of_blocks

Q = "field_of_blocks"
wrong_change(
    Q,
    "forgets the poolings' own windows",
    "        size += jump  # the pooling\n",
    "",
    "A pooling of 2 sees one position more.",
)
wrong_change(
    Q,
    "forgets the strides",
    "        jump *= 2\n",
    "",
    "After each pooling, the layers add twice as much.",
)
wrong_change(
    Q,
    "doubles the size",
    "jump *= 2",
    "size, jump = 2 * size, 2 * jump",
    "A stride doubles what later layers add, not what is there.",
)
wrong_change(
    Q,
    "adds three for each convolution",
    "2 * convolutions",
    "3 * convolutions",
    "A 3×3 adds 2.",
)
wrong_change(
    Q,
    "adds one for each convolution",
    "2 * convolutions",
    "convolutions",
    "A 3×3 adds 2: one on each side.",
)
wrong_change(
    Q,
    "lets the pooling's stride count for itself",
    "        size += jump  # the pooling\n        jump *= 2\n",
    "        jump *= 2\n        size += jump\n",
    "The pooling still moves with the old jump.",
)
wrong_change(
    Q,
    "begins with nothing",
    "size, jump = 1, 1",
    "size, jump = 0, 1",
    "A pixel sees itself: begin with 1.",
)
wrong_change(
    Q,
    "counts layers",
    "return size",
    "return sum(blocks)",
    "The field is asked for, in pixels.",
)
wrong_change(
    Q,
    "takes a pooling for a convolution",
    "size += jump  # the pooling",
    "size += 2 * jump",
    "A window of 2 adds one jump.",
)


@wrong(
    "takes the formula for plain stacks",
    hint="1 + 2L holds without strides only.",
)
def field_of_blocks(blocks):
    return 1 + 2 * sum(blocks)


@right("numbers the blocks")
def field_of_blocks(blocks):
    return 1 + sum(
        (2 * convolutions + 1) * 2**n for n, convolutions in enumerate(blocks)
    )


@right("walks back")
def field_of_blocks(blocks):
    size = 1
    for convolutions in reversed(blocks):
        size = 2 * size + 2 * convolutions
    return size


# 3 · pool_positions

Q = "pool_positions"
wrong_change(
    Q,
    "begins before the first layer",
    "range(1, layers + 1)",
    "range(layers)",
    "The pooling comes after layer 1, 2, …, not before.",
)
wrong_change(
    Q,
    "leaves out the last place",
    "range(1, layers + 1)",
    "range(1, layers)",
    "After the last layer, too.",
)
wrong_change(
    Q,
    "forgets the pooling's window",
    " + (window - 1)",
    "",
    "The pooling adds window - 1.",
)
wrong_change(
    Q,
    "adds the whole window",
    "(window - 1)",
    "window",
    "Windows overlap with what is seen: window - 1 is new.",
)
wrong_change(
    Q,
    "forgets the stride",
    "2 * 2 * (layers - after)",
    "2 * (layers - after)",
    "Behind a stride of 2, each layer adds 4.",
)
wrong_change(
    Q,
    "doubles everything",
    "sizes.append(before_pool + (window - 1) + 2 * 2 * (layers - after))",
    "sizes.append(2 * (1 + 2 * layers))",
    "Only the layers behind the pooling add twice as much.",
)
wrong_change(
    Q,
    "lets the layers before gain",
    "(layers - after)",
    "after",
    "The layers behind the pooling gain, not those before it.",
)
wrong_change(
    Q,
    "turns the list round",
    "return sizes",
    "return sizes[::-1]",
    "First the pooling after layer 1.",
)
wrong_change(
    Q,
    "adds the window at the new jump",
    "(window - 1)",
    "2 * (window - 1)",
    "The pooling's own window still has the old jump.",
)


@right("runs the recurrence")
def pool_positions(layers, window):
    sizes = []
    for after in range(1, layers + 1):
        size, jump = 1, 1
        for layer in range(1, layers + 1):
            size += 2 * jump
            if layer == after:
                size += (window - 1) * jump
                jump = 2
        sizes.append(size)
    return sizes


@right("writes the formula out")
def pool_positions(layers, window):
    return [4 * layers - 2 * after + window for after in range(1, layers + 1)]


# 4 · pixels_behind

Q = "pixels_behind"
wrong_change(
    Q,
    "forgets the start",
    "start + output * jump",
    "output * jump",
    "Output 0 begins at start.",
)
wrong_change(
    Q,
    "moves by one",
    "output * jump",
    "output",
    "Neighbouring outputs are a jump apart.",
)
wrong_change(
    Q,
    "is one too long",
    "first + size - 1",
    "first + size",
    "size pixels, both ends included: the last is first + size - 1.",
)
wrong_change(
    Q,
    "does not cut at the left",
    "max(first, 0)",
    "first",
    "Pixels before 0 are padding.",
)
wrong_change(
    Q,
    "does not cut at the right",
    "min(last, length - 1)",
    "last",
    "The last pixel is length - 1.",
)
wrong_change(
    Q,
    "cuts at length",
    "length - 1",
    "length",
    "The last pixel of the picture is length - 1.",
)
wrong_change(
    Q,
    "shifts the window into the picture",
    "last = first + size - 1",
    "first = max(first, 0)\n    last = first + size - 1",
    "What hangs over the border is lost, it is not moved.",
)
wrong_change(
    Q,
    "centres the window",
    "first = start + output * jump",
    "first = start + output * jump - size // 2",
    "start + output * jump is where the field begins, not its middle.",
)
wrong_change(
    Q,
    "counts from the end",
    "start + output * jump",
    "start - output * jump",
    "Later outputs lie further right.",
)


@right("uses a range")
def pixels_behind(size, jump, start, output, length):
    seen = [
        p
        for p in range(start + output * jump, start + output * jump + size)
        if 0 <= p < length
    ]
    return seen[0], seen[-1]


@right("uses sorted")
def pixels_behind(size, jump, start, output, length):
    begin = start + jump * output
    return sorted((0, begin))[1], sorted((length - 1, begin + size - 1))[0]


# 5 · path_counts

Q = "path_counts"
wrong_change(
    Q,
    "marks instead of counting",
    "] += paths",
    "] = paths",
    "Paths that meet add up.",
)
wrong_change(
    Q,
    "forgets the dilation",
    "position + tap * dilation",
    "position + tap",
    "The taps of a dilated kernel lie dilation apart.",
)
wrong_change(
    Q,
    "counts one for each tap",
    "] += paths",
    "] += 1",
    "All paths so far go on through a tap.",
)
wrong_change(
    Q,
    "counts whether, not how many",
    "return counts",
    "return [int(n > 0) for n in counts]",
    "How many paths, not whether there is one.",
)
wrong_change(
    Q,
    "leaves out the last tap",
    "for tap in range(kernel_size)",
    "for tap in range(kernel_size - 1)",
    "A kernel has kernel_size taps.",
)
wrong_change(
    Q,
    "always takes kernel 3",
    "in range(kernel_size)",
    "in range(3)",
    "The kernel may have another size.",
)
wrong_change(
    Q,
    "cuts off the holes",
    "return counts",
    "return [n for n in counts if n]",
    "Positions without a path are part of the field: 0.",
)
wrong_change(
    Q,
    "adds the dilations up",
    "    for dilation in dilations:\n",
    "    for dilation in ([sum(dilations)] if dilations else []):\n",
    "Each layer has its own taps; dilations are not added before.",
)
wrong_change(
    Q,
    "forgets the middle of each kernel",
    "for tap in range(kernel_size)",
    "for tap in {0, kernel_size - 1}",
    "All taps count, the middle one too.",
)


@wrong(
    "makes the field one too long",
    hint="A kernel of size K spans D * (K - 1) + 1 positions: K - 1 gaps.",
)
def path_counts(dilations, kernel_size=3):
    counts = [1]
    for dilation in dilations:
        wider = [0] * (len(counts) + dilation * kernel_size)
        for tap in range(kernel_size):
            for position, paths in enumerate(counts):
                wider[position + tap * dilation] += paths
        counts = wider
    return counts


@right("multiplies polynomials")
def path_counts(dilations, kernel_size=3):
    counts = {0: 1}
    for d in dilations:
        wider = {}
        for place, paths in counts.items():
            for tap in range(kernel_size):
                wider[place + d * tap] = wider.get(place + d * tap, 0) + paths
        counts = wider
    return [counts.get(place, 0) for place in range(max(counts) + 1)]


@right("asks for the gradient")
def path_counts(dilations, kernel_size=3):
    size = 1 + sum(d * (kernel_size - 1) for d in dilations)
    x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    y = x
    for d in dilations:
        y = F.conv1d(
            y, torch.ones(1, 1, kernel_size, dtype=torch.float64), dilation=d
        )
    y.sum().backward()
    return [round(v) for v in x.grad[0, 0].tolist()]


# 6 · second_gap

Q = "second_gap"
wrong_change(
    Q,
    "goes on to the first",
    "dilations[1:-1]",
    "dilations[:-1]",
    "M₂ is asked for: stop at the second dilation.",
)
wrong_change(
    Q,
    "begins with the first",
    "gap = dilations[-1]",
    "gap = dilations[0]",
    "M of the last layer is its dilation.",
)
wrong_change(
    Q,
    "goes forwards",
    "reversed(dilations[1:-1])",
    "dilations[1:-1]",
    "From the last to the second.",
)
wrong_change(
    Q,
    "takes the smallest",
    "max(gap - 2 * r",
    "min(gap - 2 * r",
    "The largest of the three.",
)
wrong_change(
    Q, "forgets the dilation itself", ", r)", ")", "r is one of the three."
)
wrong_change(
    Q,
    "forgets the turned difference",
    ", 2 * r - gap",
    "",
    "2r - M is one of the three.",
)
wrong_change(
    Q,
    "forgets the difference",
    "max(gap - 2 * r, ",
    "max(",
    "M - 2r is one of the three.",
)
wrong_change(Q, "subtracts once", "gap - 2 * r,", "gap - r,", "Twice r.")
wrong_change(
    Q,
    "says whether it passes",
    "return gap",
    "return gap <= 3",
    "The number M₂ is asked for.",
)


@right("recurses")
def second_gap(dilations):
    if len(dilations) == 2:
        return dilations[1]
    m, r = second_gap(dilations[1:]), dilations[1]
    return max(m - 2 * r, 2 * r - m, r)


@right("counts down")
def second_gap(dilations):
    m = dilations[-1]
    for i in range(len(dilations) - 2, 0, -1):
        m = max(abs(m - 2 * dilations[i]), dilations[i])
    return m


# 7 · central_width

Q = "central_width"
wrong_change(
    Q,
    "returns half the width",
    "return 2 * half + 1",
    "return half",
    "The whole window: both halves and the middle.",
)
wrong_change(
    Q,
    "forgets the middle",
    "return 2 * half + 1",
    "return 2 * half",
    "The middle position counts.",
)
wrong_change(
    Q,
    "grows to one side only",
    "profile[middle - half : middle + half + 1]",
    "profile[middle : middle + half + 1]",
    "The window lies around the middle.",
)
wrong_change(
    Q,
    "takes the total for 1",
    "mass * sum(profile)",
    "mass",
    "The numbers need not add up to 1.",
)
wrong_change(
    Q,
    "stops one step too late",
    "return 2 * half + 1",
    "return 2 * half + 3",
    "The smallest window that holds the share.",
)
wrong_change(
    Q,
    "always asks for 95.45 %",
    "mass * sum",
    "0.9545 * sum",
    "The share is an argument.",
)
wrong_change(
    Q,
    "forgets the right end",
    "middle + half + 1]",
    "middle + half]",
    "A slice ends before its last index.",
)
wrong_change(
    Q,
    "counts positions with weight",
    "return 2 * half + 1",
    "return sum(1 for p in profile if p > 0)",
    "The smallest window that holds the share.",
)
wrong_change(
    Q,
    "has another share by default",
    "mass=0.9545",
    "mass=0.6827",
    "Two standard deviations hold 95.45 %.",
)


@wrong(
    "collects the largest numbers first",
    hint="The window lies around the middle of the field, wherever the weight is.",
)
def central_width(profile, mass=0.9545):
    held, total = 0, sum(profile)
    for count, value in enumerate(sorted(profile, reverse=True), start=1):
        held += value
        if held >= mass * total - 1e-12:
            return count if count % 2 else count + 1


@right("goes through all windows")
def central_width(profile, mass=0.9545):
    n, total = len(profile), sum(profile)
    for width in range(1, n + 1, 2):
        begin = (n - width) // 2
        if sum(profile[begin : begin + width]) >= mass * total - 1e-9 * total:
            return width
    return n


@right("adds rings")
def central_width(profile, mass=0.9545):
    middle, total = len(profile) // 2, sum(profile)
    held, half = profile[middle], 0
    while held + 1e-9 * total < mass * total:
        half += 1
        held += profile[middle - half] + profile[middle + half]
    return 1 + 2 * half


# 8 · fitted_exponent

Q = "fitted_exponent"
wrong_change(
    Q,
    "forgets the logarithm of the widths",
    "torch.tensor(widths, dtype=torch.float64).log()",
    "torch.tensor(widths, dtype=torch.float64)",
    "Both axes are logarithmic.",
)
wrong_change(
    Q,
    "forgets the logarithm of the depths",
    "torch.tensor(depths, dtype=torch.float64).log()",
    "torch.tensor(depths, dtype=torch.float64)",
    "Both axes are logarithmic.",
)
wrong_change(
    Q,
    "forces the line through the origin",
    "    x, y = x - x.mean(), y - y.mean()\n",
    "",
    "a need not be 1: take the means off first.",
)
wrong_change(
    Q,
    "swaps the axes",
    "(x * x).sum()",
    "(y * y).sum()",
    "Width over depth: divide by the spread of the depths.",
)
wrong_change(
    Q,
    "returns the correlation",
    "(x * x).sum()",
    "((x * x).sum() * (y * y).sum()).sqrt()",
    "The slope, not the correlation.",
)
wrong_change(
    Q,
    "takes the first and the last point",
    "return ((x * y).sum() / (x * x).sum()).item()",
    "return ((y[-1] - y[0]) / (x[-1] - x[0])).item()",
    "Least squares over all points.",
)
wrong_change(
    Q,
    "averages the ratios",
    "return ((x * y).sum() / (x * x).sum()).item()",
    "return ((y[1:] - y[:-1]) / (x[1:] - x[:-1])).mean().item()",
    "Least squares over all points, not the mean of the slopes between neighbours.",
)
wrong_change(
    Q,
    "returns a for b",
    "return ((x * y).sum() / (x * x).sum()).item()",
    "return torch.tensor(widths, dtype=torch.float64).log().mean().exp().item()",
    "The slope is asked for.",
)
wrong_change(
    Q,
    "inverts the slope",
    "((x * y).sum() / (x * x).sum())",
    "((x * x).sum() / (x * y).sum())",
    "Width over depth.",
)


@right("uses polyfit")
def fitted_exponent(depths, widths):
    import numpy as np

    return float(np.polyfit(np.log(depths), np.log(widths), 1)[0])


@right("uses sums")
def fitted_exponent(depths, widths):
    n = len(depths)
    x, y = [math.log(d) for d in depths], [math.log(w) for w in widths]
    above = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(
        y
    )
    return above / (n * sum(a * a for a in x) - sum(x) ** 2)


# 9 · choose_dilations

Q = "choose_dilations"
wrong_change(
    Q,
    "always adds one more",
    "while seen < view",
    "while seen <= view",
    "At least: equal is enough.",
)
wrong_change(
    Q,
    "adds the dilation once",
    "seen += 2 * dilations[-1]",
    "seen += dilations[-1]",
    "A kernel of 3 reaches dilation positions to each side.",
)
wrong_change(
    Q,
    "does not double",
    "2 ** len(dilations)",
    "1 + len(dilations)",
    "1, 2, 4, 8, …",
)
wrong_change(
    Q,
    "begins with 2",
    "2 ** len(dilations)",
    "2 ** (1 + len(dilations))",
    "Begin with 1.",
)
wrong_change(Q, "takes all ones", "2 ** len(dilations)", "1", "1, 2, 4, 8, …")
wrong_change(
    Q,
    "triples",
    "2 ** len(dilations)",
    "3 ** len(dilations)",
    "The dilations double.",
)
wrong_change(
    Q,
    "returns how many",
    "return dilations",
    "return len(dilations)",
    "The list of dilations is asked for.",
)
wrong_change(
    Q,
    "turns the list round",
    "return dilations",
    "return dilations[::-1]",
    "The first layer has dilation 1.",
)
wrong_change(
    Q,
    "returns what they see",
    "return dilations",
    "return seen",
    "The list of dilations is asked for.",
)


@right("uses a logarithm")
def choose_dilations(view):
    n = 0
    while 2 ** (n + 1) - 1 < view:
        n += 1
    return [2**k for k in range(n)]


@right("recurses from the largest")
def choose_dilations(view):
    if view <= 1:
        return []
    layers = math.ceil(math.log2(view + 1)) - 1
    return [1 << k for k in range(layers)]
