"""Plausible answers to the questions of beyond_classification.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · keep_resolution

Q = "keep_resolution"
wrong_change(
    Q,
    "dilates the layer that loses its stride",
    "        dilation = dilation * factor\n        if reached * stride <= output_stride:\n            reached *= stride\n        else:\n            factor *= stride\n            stride = 1\n",
    "        if reached * stride <= output_stride:\n            reached *= stride\n        else:\n            factor *= stride\n            stride = 1\n        dilation = dilation * factor\n",
    "That layer still reads the finer map it always read; only those after it are dilated.",
)
wrong_change(
    Q,
    "forgets the dilation",
    "dilation = dilation * factor",
    "pass",
    "Without dilation the layers after it see less than before.",
)
wrong_change(
    Q,
    "adds the factors",
    "factor *= stride",
    "factor += stride",
    "Lost strides multiply, as strides do.",
)
wrong_change(
    Q,
    "keeps strides below the limit only",
    "reached * stride <= output_stride",
    "reached * stride < output_stride",
    "The product may reach output_stride.",
)
wrong_change(
    Q,
    "forgets what was reached",
    "            reached *= stride\n",
    "            reached = stride\n",
    "Strides multiply along the network.",
)
wrong_change(
    Q,
    "replaces own dilations",
    "dilation = dilation * factor",
    "dilation = factor",
    "A layer that was dilated already is dilated more.",
)
wrong_change(
    Q,
    "always dilates by two",
    "factor *= stride",
    "factor *= 2",
    "By the stride that was taken away.",
)
wrong_change(
    Q,
    "takes all strides away",
    "if reached * stride <= output_stride:",
    "if False:",
    "Strides stay as long as the product is at most output_stride.",
)
wrong_change(
    Q,
    "dilates by the stride reached",
    "factor *= stride",
    "factor *= reached",
    "By the stride that was taken away, not by those that were kept.",
)


@wrong(
    "enlarges the kernel",
    hint="The kernel keeps its size and its weights; the steps between its taps grow.",
)
def keep_resolution(layers, output_stride):
    kept, reached, factor = [], 1, 1
    for k, s, d in layers:
        size = factor * (k - 1) + 1
        if reached * s <= output_stride:
            reached *= s
        else:
            factor, s = factor * s, 1
        kept.append((size, s, d))
    return kept


@right("with products of what came before")
def keep_resolution(layers, output_stride):
    result = []
    for i, (k, s, d) in enumerate(layers):
        kept = lost = 1
        for _, before, _ in layers[:i]:
            if kept * before <= output_stride:
                kept *= before
            else:
                lost *= before
        result.append((k, s if kept * s <= output_stride else 1, d * lost))
    return result


@right("by recursion")
def keep_resolution(layers, output_stride, factor=1):
    if not layers:
        return []
    (k, s, d), *rest = layers
    if s <= output_stride:
        return [
            (k, s, d * factor),
            *keep_resolution(rest, output_stride // s, factor),
        ]
    return [
        (k, 1, d * factor),
        *keep_resolution(rest, output_stride, factor * s),
    ]


# 2 · iou

Q = "iou"
wrong_change(
    Q,
    "lets sides be negative",
    ".clamp_min(0)",
    "",
    "Boxes that do not meet share nothing. Two negative sides would make a positive area.",
)
wrong_change(
    Q,
    "counts what both cover twice",
    "area_b - both)",
    "area_b)",
    "The union is the sum of the areas less what both cover.",
)
wrong_change(
    Q,
    "divides by the smaller box",
    "(area_a[:, None] + area_b - both)",
    "torch.minimum(area_a[:, None], area_b[None])",
    "By the area that both cover together.",
)
wrong_change(
    Q,
    "divides by the box of a",
    "(area_a[:, None] + area_b - both)",
    "area_a[:, None]",
    "By the area that both cover together.",
)
wrong_change(
    Q,
    "takes the other corners",
    "low = torch.maximum(a[:, None, :2], b[None, :, :2])\n    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])",
    "low = torch.minimum(a[:, None, :2], b[None, :, :2])\n    high = torch.maximum(a[:, None, 2:], b[None, :, 2:])",
    "What both share begins at the larger left and ends at the smaller right.",
)
wrong_change(
    Q,
    "reads boxes as corner and size",
    "(a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])",
    "a[:, 2] * a[:, 3]",
    "The last two numbers are the right and the bottom.",
)
wrong_change(
    Q,
    "exchanges rows and columns",
    "return both / (area_a[:, None] + area_b - both)",
    "return (both / (area_a[:, None] + area_b - both)).T",
    "Rows are boxes of a.",
)
wrong_change(
    Q,
    "counts borders as pixels",
    "sides = (high - low).clamp_min(0)",
    "sides = (high - low + 1).clamp_min(0)",
    "Right and bottom are not part of the box: no + 1.",
)
wrong_change(
    Q,
    "returns the shared area",
    "return both / (area_a[:, None] + area_b - both)",
    "return both",
    "Divide by the union.",
)
wrong_change(
    Q,
    "adds the sides",
    "sides[..., 0] * sides[..., 1]",
    "sides[..., 0] + sides[..., 1]",
    "An area is a product.",
)


@right("by loops")
def iou(a, b):
    table = torch.zeros(len(a), len(b), dtype=a.dtype)
    for i, (l, t, r, u) in enumerate(a.tolist()):
        for j, (m, v, s, w) in enumerate(b.tolist()):
            both = max(0.0, min(r, s) - max(l, m)) * max(
                0.0, min(u, w) - max(t, v)
            )
            table[i, j] = both / (
                (r - l) * (u - t) + (s - m) * (w - v) - both
            )
    return table


@right("with columns")
def iou(a, b):
    l, t, r, u = (c[:, None] for c in a.unbind(1))
    m, v, s, w = b.unbind(1)
    wide = (torch.minimum(r, s) - torch.maximum(l, m)).clamp(min=0)
    high = (torch.minimum(u, w) - torch.maximum(t, v)).clamp(min=0)
    union = (r - l) * (u - t) + (s - m) * (w - v) - wide * high
    return wide * high / union


# 3 · nms

Q = "nms"
wrong_change(
    Q,
    "begins with the lowest score",
    "descending=True",
    "descending=False",
    "The most certain box first.",
)
wrong_change(
    Q,
    "does not sort",
    "scores.argsort(descending=True).tolist()",
    "range(len(scores))",
    "From the highest score down.",
)
wrong_change(
    Q,
    "suppresses at the threshold",
    "<= threshold",
    "< threshold",
    "Only more than the threshold suppresses.",
)
wrong_change(
    Q,
    "keeps what overlaps one less",
    "all(overlaps",
    "(not kept) or any(overlaps",
    "It must overlap none of the kept ones by more.",
)
wrong_change(
    Q,
    "keeps what overlaps",
    "<= threshold",
    "> threshold",
    "A box goes if it overlaps a kept one by more than the threshold.",
)
wrong_change(
    Q,
    "returns the suppressed ones",
    "return kept",
    "return [i for i in range(len(scores)) if i not in kept]",
    "Return those that are kept.",
)
wrong_change(
    Q,
    "sorts the answer by number",
    "return kept",
    "return sorted(kept)",
    "Highest score first.",
)
wrong_change(
    Q,
    "compares with the best box only",
    "for k in kept)",
    "for k in kept[:1])",
    "Compare with every box that was kept.",
)
wrong_change(
    Q,
    "compares with the last one kept",
    "for k in kept)",
    "for k in kept[-1:])",
    "Compare with every box that was kept.",
)


@wrong(
    "lets suppressed boxes suppress",
    hint="Only boxes that were kept suppress others.",
)
def nms(overlaps, scores, threshold):
    order = scores.argsort(descending=True).tolist()
    return [
        i
        for place, i in enumerate(order)
        if all(overlaps[i, k] <= threshold for k in order[:place])
    ]


@wrong(
    "returns scores",
    hint="Return the numbers of the boxes, not their scores.",
)
def nms(overlaps, scores, threshold):
    kept = []
    for i in scores.argsort(descending=True).tolist():
        if all(overlaps[i, k] <= threshold for k in kept):
            kept.append(i)
    return scores[kept].tolist()


@right("by crossing out")
def nms(overlaps, scores, threshold):
    alive = torch.ones(len(scores), dtype=torch.bool)
    kept = []
    while alive.any():
        best = int(torch.where(alive, scores.double(), -torch.inf).argmax())
        kept.append(best)
        alive &= overlaps[best] <= threshold
        alive[best] = False
    return kept


@right("with sorted")
def nms(overlaps, scores, threshold):
    kept = []
    for i in sorted(range(len(scores)), key=lambda i: -scores[i].item()):
        if not any((overlaps[k, i] > threshold).item() for k in kept):
            kept += [i]
    return kept


# 4 · clip_macs

Q = "clip_macs"
wrong_change(
    Q,
    "forgets the frames",
    "places = frames * side * side",
    "places = side * side",
    "Every frame has an output.",
)
wrong_change(
    Q,
    "counts a side once",
    "places = frames * side * side",
    "places = frames * side",
    "A frame has side times side places.",
)
wrong_change(
    Q,
    "counts the 3-D kernel without time",
    "c_out * t * k * k",
    "c_out * k * k",
    "The kernel has T·K·K places.",
)
wrong_change(
    Q,
    "has a kernel as long as wide",
    "c_out * t * k * k",
    "c_out * k**3",
    "T in time, K in space.",
)
wrong_change(
    Q,
    "lets the second layer read the input",
    "middle * c_out * t",
    "c_in * c_out * t",
    "The second layer reads the middle channels.",
)
wrong_change(
    Q,
    "lets the first layer make the output",
    "c_in * middle * k * k",
    "c_in * c_out * k * k",
    "The first layer makes the middle channels.",
)
wrong_change(
    Q,
    "multiplies both layers",
    "(c_in * middle * k * k + middle * c_out * t)",
    "(c_in * middle * k * k * middle * c_out * t)",
    "One layer after the other: their costs add.",
)
wrong_change(
    Q,
    "counts FLOPs",
    "places = frames * side * side",
    "places = 2 * frames * side * side",
    "A multiply-accumulate counts once; it is two FLOPs.",
)
wrong_change(
    Q,
    "gives the time layer a K×K kernel",
    "middle * c_out * t",
    "middle * c_out * t * k * k",
    "The second kernel is T×1×1.",
)
wrong_change(
    Q,
    "loses a frame at each end",
    "places = frames * side * side",
    "places = max(frames - 2, 1) * side * side",
    "Same padding keeps all frames.",
)


@right("by kernels")
def clip_macs(kind, frames, side, c_in, c_out, k, t=3, middle=None):
    layers = {
        "2d": [(c_in, c_out, k * k)],
        "3d": [(c_in, c_out, k * k * t)],
        "2+1d": [(c_in, middle, k * k), (middle, c_out, t)],
    }[kind]
    return sum(frames * side**2 * a * b * taps for a, b, taps in layers)


@right("with match")
def clip_macs(kind, frames, side, c_in, c_out, k, t=3, middle=None):
    match kind:
        case "2d":
            for_one_place = c_in * k**2 * c_out
        case "3d":
            for_one_place = c_in * k**2 * c_out * t
        case _:
            for_one_place = middle * (c_in * k**2 + c_out * t)
    return frames * side * side * for_one_place


# 5 · inflate

Q = "inflate"
wrong_change(
    Q,
    "forgets to divide",
    " / frames",
    "",
    "Repeated T times it would answer T times as much.",
)
wrong_change(
    Q,
    "divides the bias",
    "return kernel, bias",
    "return kernel, bias / frames",
    "The bias is added once, whatever the kernel's length.",
)
wrong_change(
    Q,
    "repeats the bias",
    "return kernel, bias",
    "return kernel, bias * frames",
    "The bias stays as it is.",
)
wrong_change(
    Q,
    "puts time last",
    "weight[:, :, None].repeat(1, 1, frames, 1, 1)",
    "weight[..., None].repeat(1, 1, 1, 1, frames)",
    "Time stands before height and width.",
)
wrong_change(
    Q,
    "puts time first",
    "weight[:, :, None].repeat(1, 1, frames, 1, 1)",
    "weight[None].repeat(frames, 1, 1, 1, 1)",
    "(O, C, frames, K, K).",
)
wrong_change(
    Q,
    "fills the middle frame only",
    "weight[:, :, None].repeat(1, 1, frames, 1, 1) / frames",
    "F.pad(weight[:, :, None], (0, 0, 0, 0, frames // 2, frames - 1 - frames // 2))",
    "That answers a still clip, too, but here each moment gets the same part.",
)
wrong_change(
    Q,
    "divides by the root",
    "/ frames",
    "/ frames**0.5",
    "The sum over T equal parts must be the old kernel.",
)
wrong_change(
    Q,
    "averages over the kernel",
    "/ frames",
    "/ weight.shape[-1]",
    "By the number of frames.",
)
wrong_change(
    Q,
    "drops the bias",
    "return kernel, bias",
    "return kernel, torch.zeros_like(bias)",
    "The bias stays.",
)


@right("with expand")
def inflate(weight, bias, frames):
    shape = (*weight.shape[:2], frames, *weight.shape[2:])
    return (weight / frames).unsqueeze(2).expand(
        shape
    ).contiguous(), bias.clone()


@right("with stack")
def inflate(weight, bias, frames):
    return torch.stack([weight / frames for _ in range(frames)], dim=2), bias


# 6 · causal_conv1d

Q = "causal_conv1d"
wrong_change(
    Q,
    "pads on both sides",
    "F.pad(x, (before, 0))",
    "F.pad(x, (before // 2, before - before // 2))",
    "Zeros stand before the beginning only; behind the end they would let it look ahead.",
)
wrong_change(
    Q,
    "pads behind",
    "F.pad(x, (before, 0))",
    "F.pad(x, (0, before))",
    "Zeros stand before the beginning.",
)
wrong_change(
    Q,
    "does not pad",
    "F.pad(x, (before, 0))",
    "x",
    "The output is as long as the input.",
)
wrong_change(
    Q,
    "forgets the dilation in the padding",
    "before = dilation * (weight.shape[2] - 1)",
    "before = weight.shape[2] - 1",
    "The kernel reaches dilation times (K − 1) back.",
)
wrong_change(
    Q,
    "forgets the dilation",
    ", dilation=dilation)",
    ")",
    "The taps are dilation apart.",
)
wrong_change(
    Q,
    "flips the kernel",
    "weight, dilation=dilation",
    "weight.flip(2), dilation=dilation",
    "The last number of the kernel belongs to time t.",
)
wrong_change(
    Q,
    "pads one zero too many",
    "dilation * (weight.shape[2] - 1)",
    "dilation * weight.shape[2]",
    "K taps have K − 1 steps between them.",
)
wrong_change(
    Q,
    "repeats the first sample",
    "F.pad(x, (before, 0))",
    'F.pad(x, (before, 0), mode="replicate")',
    "Before the beginning there is silence: zeros.",
)
wrong_change(
    Q,
    "shifts by one",
    "F.pad(x, (before, 0))",
    "F.pad(x, (before + 1, 0))[:, :, :-1]",
    "The output at time t reads the input at time t as well.",
)


@right("by cutting the end off")
def causal_conv1d(x, weight, dilation=1):
    before = dilation * (weight.shape[-1] - 1)
    y = F.conv1d(x, weight, padding=before, dilation=dilation)
    return y[..., : x.shape[-1]].contiguous()


@right("tap by tap")
def causal_conv1d(x, weight, dilation=1):
    length, taps = x.shape[2], weight.shape[2]
    total = torch.zeros(len(x), len(weight), length).to(x)
    for tap in range(taps):
        late = dilation * (taps - 1 - tap)
        shifted = F.pad(x, (late, 0))[:, :, :length]
        total = total + torch.einsum(
            "oc,nct->not", weight[:, :, tap], shifted
        )
    return total


# 7 · tokens

Q = "tokens"
wrong_change(
    Q,
    "forgets the extra token",
    "patches + 1",
    "patches",
    "One more token stands in front.",
)
wrong_change(
    Q,
    "forgets the bias",
    "(patch * patch * channels + 1) * width",
    "patch * patch * channels * width",
    "The dense layer has a bias for each number.",
)
wrong_change(
    Q,
    "has weights for each patch",
    "* width",
    "* width * patches",
    "All patches share the layer.",
)
wrong_change(
    Q,
    "forgets the channels",
    "patch * patch * channels",
    "patch * patch",
    "A patch holds all channels.",
)
wrong_change(
    Q,
    "divides one side",
    "(height // patch) * (width_px // patch)",
    "(height * width_px) // patch",
    "Both sides are divided.",
)
wrong_change(
    Q,
    "takes a square picture",
    "(width_px // patch)",
    "(height // patch)",
    "Height and width may differ.",
)
wrong_change(
    Q,
    "adds the rows",
    "(height // patch) * (width_px // patch)",
    "(height // patch) + (width_px // patch)",
    "Rows times columns.",
)
wrong_change(
    Q,
    "adds one bias for all",
    "(patch * patch * channels + 1) * width",
    "patch * patch * channels * width + 1",
    "A bias for each of the width numbers.",
)


@wrong(
    "lets patches overlap",
    hint="The patches lie side by side: the stride is the patch.",
)
def tokens(height, width_px, patch, width, channels=3):
    rows, columns = height - patch + 1, width_px - patch + 1
    return rows * columns + 1, (patch * patch * channels + 1) * width


@right("by area")
def tokens(height, width_px, patch, width, channels=3):
    inputs = channels * patch**2
    return 1 + height * width_px // patch**2, inputs * width + width


@right("with a range")
def tokens(height, width_px, patch, width, channels=3):
    count = len(range(0, height, patch)) * len(range(0, width_px, patch))
    return count + 1, width * (1 + channels * patch * patch)


# 8 · convolution_matrix

Q = "convolution_matrix"
wrong_change(
    Q,
    "flips the kernel",
    "column = row + tap - half",
    "column = row - tap + half",
    "Cross-correlation: the first tap reads to the left.",
)
wrong_change(
    Q,
    "is not centred",
    "column = row + tap - half",
    "column = row + tap",
    "The middle tap reads place r itself.",
)
wrong_change(
    Q,
    "writes columns for rows",
    "            if circular:\n                matrix[row, column % length] = value\n            elif 0 <= column < length:\n                matrix[row, column] = value\n",
    "            if circular:\n                matrix[column % length, row] = value\n            elif 0 <= column < length:\n                matrix[column, row] = value\n",
    "Row r makes output r.",
)
wrong_change(
    Q,
    "is always circular",
    "if circular:",
    "if True:",
    "Without circular, zeros stand outside.",
)
wrong_change(
    Q,
    "is never circular",
    "if circular:",
    "if False:",
    "With circular, the corners are filled.",
)
wrong_change(
    Q,
    "lets negative places count from the end",
    "elif 0 <= column < length:",
    "elif column < length:",
    "A negative column is outside; Python would count it from the end.",
)
wrong_change(
    Q,
    "forgets the last place",
    "0 <= column < length",
    "0 <= column < length - 1",
    "Columns go up to length − 1.",
)
wrong_change(
    Q,
    "forgets the first place",
    "0 <= column < length",
    "0 < column < length",
    "Column 0 is inside.",
)
wrong_change(
    Q,
    "leaves the middle out",
    "column = row + tap - half\n",
    "column = row + tap - half\n            if tap == half:\n                continue\n",
    "The middle tap is on the diagonal.",
)


@right("as a sum of diagonals")
def convolution_matrix(kernel, length, circular=False):
    half = len(kernel) // 2
    identity = torch.eye(length, dtype=kernel.dtype)
    matrix = torch.zeros_like(identity)
    for step in range(-half, half + 1):
        shifted = identity.roll(step, 1)
        if not circular and step > 0:
            shifted = shifted.triu()
        if not circular and step < 0:
            shifted = shifted.tril()
        matrix = matrix + kernel[step + half] * shifted
    return matrix


@right("column by column from a convolution")
def convolution_matrix(kernel, length, circular=False):
    half = len(kernel) // 2
    columns = []
    for place in range(length):
        pulse = torch.zeros(1, 1, length, dtype=kernel.dtype)
        pulse[0, 0, place] = 1
        wide = F.pad(
            pulse, (half, half), mode="circular" if circular else "constant"
        )
        columns.append(F.conv1d(wide, kernel[None, None])[0, 0])
    return torch.stack(columns, 1)
