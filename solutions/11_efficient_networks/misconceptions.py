"""Plausible answers to the questions of efficient_networks.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · SqueezeExcite

Q = "SqueezeExcite"
wrong_change(
    Q,
    "squeezes by the maximum",
    "x.mean((2, 3))",
    "x.amax((2, 3))",
    "Squeeze takes the mean of each channel.",
)
wrong_change(
    Q,
    "squeezes channels",
    "x.mean((2, 3))",
    "x.mean((2, 3)).mean(1, keepdim=True).expand(-1, x.shape[1])",
    "Each channel has a mean of its own.",
)
wrong_change(
    Q,
    "averages over the batch",
    "x.mean((2, 3))",
    "x.mean((0, 2, 3)).expand(len(x), -1)",
    "Each picture has a gate of its own.",
)
wrong_change(
    Q,
    "forgets the ReLU",
    "F.relu(self.fc1(means))",
    "self.fc1(means)",
    "ReLU stands between the two layers.",
)
wrong_change(
    Q,
    "forgets the sigmoid",
    "torch.sigmoid(self.fc2(F.relu(self.fc1(means))))",
    "self.fc2(F.relu(self.fc1(means)))",
    "The factors lie between 0 and 1.",
)
wrong_change(
    Q,
    "takes a softmax",
    "torch.sigmoid(self.fc2(F.relu(self.fc1(means))))",
    "self.fc2(F.relu(self.fc1(means))).softmax(1)",
    "Channels do not compete: each has its own sigmoid.",
)
wrong_change(
    Q,
    "adds",
    "x * factors[:, :, None, None]",
    "x + factors[:, :, None, None]",
    "Excitation multiplies.",
)
wrong_change(
    Q,
    "returns the factors",
    "x * factors[:, :, None, None]",
    "factors[:, :, None, None].expand_as(x)",
    "The input is multiplied by them.",
)
wrong_change(
    Q,
    "adds the input once more",
    "return x * factors[:, :, None, None]",
    "return x + x * factors[:, :, None, None]",
    "Here is no shortcut; the block around it has one.",
)
wrong_change(
    Q,
    "has no biases",
    "nn.Linear(channels, squeezed)",
    "nn.Linear(channels, squeezed, bias=False)",
    "Both layers have biases.",
)
wrong_change(
    Q,
    "has one layer",
    "self.fc2 = nn.Linear(squeezed, channels)",
    "self.fc2 = nn.Linear(squeezed, channels)\n        self.fc1 = nn.Linear(channels, channels)",
    "fc1 goes to squeezed numbers.",
)
wrong_change(
    Q,
    "hides the gate from training",
    "x * factors[:, :, None, None]",
    "x * factors.detach()[:, :, None, None]",
    "Behind detach() the gate never learns.",
)


@right("with pooling and unsqueeze")
class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = (
            nn.Linear(channels, squeezed),
            nn.Linear(squeezed, channels),
        )

    def forward(self, x):
        s = self.pool(x).flatten(1)
        s = self.fc2(self.fc1(s).clamp(min=0)).sigmoid()
        return x.mul(s.unsqueeze(-1).unsqueeze(-1))


@right("by einsum")
class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x):
        gate = self.fc2(torch.relu(self.fc1(x.flatten(2).mean(2))))
        return torch.einsum("nchw,nc->nchw", x, 1 / (1 + torch.exp(-gate)))


# 2 · InvertedResidual

Q = "InvertedResidual"
wrong_change(
    Q,
    "activates the narrow layer",
    "y = self.narrow(y)",
    "y = F.relu6(self.narrow(y))",
    "The bottleneck is linear: nothing stands behind it.",
)
wrong_change(
    Q,
    "takes ReLU for ReLU6",
    "F.relu6(self.widen(x))",
    "F.relu(self.widen(x))",
    "ReLU6 also cuts off above 6.",
)
wrong_change(
    Q,
    "forgets an activation",
    "F.relu6(self.depthwise(y))",
    "self.depthwise(y)",
    "ReLU6 stands behind the depthwise layer as well.",
)
wrong_change(
    Q,
    "is not depthwise",
    "stride, padding=1, groups=inside",
    "stride, padding=1",
    "Each channel is filtered by itself: groups.",
)
wrong_change(
    Q,
    "never adds",
    "return x + y if self.adds else y",
    "return y",
    "The input is added where the shape stays.",
)
wrong_change(
    Q,
    "adds at equal channels",
    "stride == 1 and in_channels == out_channels",
    "in_channels == out_channels and stride < 9",
    "With stride 2 the sizes differ.",
)
wrong_change(
    Q,
    "adds the activated map",
    "return x + y if self.adds else y",
    "return F.relu6(x) + y if self.adds else y",
    "The input itself is added.",
)
wrong_change(
    Q,
    "activates the sum",
    "return x + y if self.adds else y",
    "return F.relu6(x + y) if self.adds else y",
    "Nothing stands behind the sum.",
)
wrong_change(
    Q,
    "expands the output's channels",
    "expand * in_channels",
    "expand * out_channels",
    "expand times in_channels.",
)
wrong_change(
    Q,
    "is not inverted",
    "expand * in_channels",
    "max(1, in_channels // expand)",
    "Here the inside is wide: times, not divided by.",
)
wrong_change(
    Q,
    "strides in the first layer",
    "nn.Conv2d(in_channels, inside, 1)",
    "nn.Conv2d(in_channels, inside, 1, stride)",
    "The depthwise layer has the stride.",
)
wrong_change(
    Q,
    "has no bias at the end",
    "nn.Conv2d(inside, out_channels, 1)",
    "nn.Conv2d(inside, out_channels, 1, bias=False)",
    "All three have biases.",
)


@right("as one sequence of steps")
class InvertedResidual(nn.Module):
    def __init__(self, in_channels, out_channels, stride, expand):
        super().__init__()
        e = in_channels * expand
        self.widen = nn.Conv2d(in_channels, e, kernel_size=1)
        self.depthwise = nn.Conv2d(
            e, e, 3, stride=stride, padding=1, groups=e
        )
        self.narrow = nn.Conv2d(e, out_channels, kernel_size=1)
        self.stride = stride

    def forward(self, x):
        y = self.narrow(self.depthwise(self.widen(x).clamp(0, 6)).clamp(0, 6))
        return y + x if self.stride == 1 and y.shape == x.shape else y


@right("with activation modules")
class InvertedResidual(nn.Module):
    def __init__(self, in_channels, out_channels, stride, expand):
        super().__init__()
        inside = in_channels * expand
        self.act = nn.ReLU6()
        self.widen = nn.Conv2d(in_channels, inside, 1)
        self.depthwise = nn.Conv2d(
            inside, inside, 3, stride, 1, groups=inside
        )
        self.narrow = nn.Conv2d(inside, out_channels, 1)
        self.keep = int(stride == 1 and in_channels == out_channels)

    def forward(self, x):
        y = self.narrow(self.act(self.depthwise(self.act(self.widen(x)))))
        if self.keep:
            y = y + x
        return y


# 3 · separable_macs

Q = "separable_macs"
wrong_change(
    Q,
    "counts a full convolution",
    "(9 * c + c * d)",
    "(9 * c * d)",
    "The two steps are separate: 9·C and C·D.",
)
wrong_change(
    Q,
    "multiplies the steps",
    "(9 * c + c * d)",
    "(9 * c * c * d)",
    "The costs of two steps add.",
)
wrong_change(
    Q,
    "forgets the depthwise layer",
    "(9 * c + c * d)",
    "(c * d)",
    "The depthwise 3×3 costs 9·C at each place.",
)
wrong_change(
    Q,
    "forgets the 1×1",
    "(9 * c + c * d)",
    "(9 * c)",
    "The 1×1 costs C·D at each place, most of it all.",
)
wrong_change(
    Q,
    "counts the side once",
    "n * n * (",
    "n * (",
    "A map has side · side places.",
)
wrong_change(
    Q,
    "does not scale the output",
    "int(alpha * out_channels)",
    "int(out_channels)",
    "alpha multiplies all channels.",
)
wrong_change(
    Q,
    "does not scale the side",
    "int(rho * side)",
    "int(side)",
    "rho multiplies the side.",
)
wrong_change(
    Q,
    "rounds up",
    "int(alpha * in_channels)",
    "-int(-alpha * in_channels // 1)",
    "Round down.",
)
wrong_change(
    Q,
    "counts FLOPs",
    "return n * n",
    "return 2 * n * n",
    "A MAC is a multiplication with its addition.",
)
wrong_change(
    Q,
    "lets the depthwise layer have D channels",
    "9 * c + c * d",
    "9 * d + c * d",
    "The depthwise layer works on the C input channels.",
)
wrong_change(
    Q,
    "allows no channels at all",
    "d = max(1, int(alpha * out_channels))",
    "d = int(alpha * out_channels)",
    "At least one channel.",
)
wrong_change(
    Q,
    "multiplies the whole by alpha squared",
    "c = max(1, int(alpha * in_channels))",
    "c = max(1, int(alpha**2 * in_channels))",
    "Each number of channels is multiplied once.",
)


@right("step by step")
def separable_macs(in_channels, out_channels, side, alpha=1.0, rho=1.0):
    def down(value):
        return max(int(value // 1), 1)

    inputs, outputs = down(in_channels * alpha), down(out_channels * alpha)
    places = down(side * rho) ** 2
    depthwise = places * inputs * 3 * 3
    pointwise = places * inputs * outputs
    return depthwise + pointwise


@right("with the channels taken out")
def separable_macs(in_channels, out_channels, side, alpha=1.0, rho=1.0):
    sizes = [in_channels * alpha, out_channels * alpha, side * rho]
    c, d, n = (int(size) or 1 for size in sizes)
    return c * (9 + d) * n**2


# 4 · scaled

Q = "scaled"
wrong_change(
    Q,
    "forgets the squares",
    "depth * width**2 * resolution**2",
    "depth * width * resolution",
    "Width and resolution count squared.",
)
wrong_change(
    Q,
    "squares the depth",
    "depth * width**2 * resolution**2",
    "depth**2 * width**2 * resolution**2",
    "Depth counts once.",
)
wrong_change(
    Q,
    "squares the width only",
    "depth * width**2 * resolution**2",
    "depth * width**2 * resolution",
    "A map has resolution² places.",
)
wrong_change(
    Q,
    "squares the resolution only",
    "depth * width**2 * resolution**2",
    "depth * width * resolution**2",
    "Width stands at both ends of a convolution: squared.",
)
wrong_change(
    Q,
    "adds",
    "depth * width**2 * resolution**2",
    "depth + width**2 + resolution**2",
    "The three multiply.",
)
wrong_change(
    Q,
    "is linear in phi",
    "1.2**phi, 1.1**phi, 1.15**phi",
    "1 + 0.2 * phi, 1 + 0.1 * phi, 1 + 0.15 * phi",
    "A power of φ, not a multiple.",
)
wrong_change(
    Q,
    "multiplies by phi",
    "1.2**phi, 1.1**phi, 1.15**phi",
    "1.2 * phi, 1.1 * phi, 1.15 * phi",
    "A power of φ, not a multiple.",
)
wrong_change(
    Q,
    "exchanges width and resolution",
    "1.2**phi, 1.1**phi, 1.15**phi",
    "1.2**phi, 1.15**phi, 1.1**phi",
    "1.1 is the width's, 1.15 the resolution's.",
)
wrong_change(
    Q,
    "exchanges depth and width",
    "1.2**phi, 1.1**phi, 1.15**phi",
    "1.1**phi, 1.2**phi, 1.15**phi",
    "1.2 is the depth's.",
)
wrong_change(
    Q,
    "takes two for the cost",
    "depth * width**2 * resolution**2",
    "2.0**phi",
    "About two: compute it, 1.92 to the φ.",
)


@right("from the cost of one step")
def scaled(phi):
    cost = (1.2 * 1.1 * 1.1 * 1.15 * 1.15) ** phi
    return 1.2**phi, 1.1**phi, 1.15**phi, cost


@right("by logarithms")
def scaled(phi):
    import math

    d, w, r = (phi * math.log(base) for base in (1.2, 1.1, 1.15))
    return math.exp(d), math.exp(w), math.exp(r), math.exp(d + 2 * w + 2 * r)


# 5 · pareto_front

Q = "pareto_front"
wrong_change(
    Q,
    "keeps everybody",
    "if not any(dominates(other, place) for other in points.values())",
    "if True",
    "Whoever is dominated is left out.",
)
wrong_change(
    Q,
    "keeps the dominated ones",
    "if not any(",
    "if any(",
    "The front is those that nobody dominates.",
)
wrong_change(
    Q,
    "wants cheap and inaccurate",
    "p[1] >= q[1]",
    "p[1] <= q[1]",
    "Accuracy should be high.",
)
wrong_change(
    Q,
    "wants expensive",
    "p[0] <= q[0]",
    "p[0] >= q[0]",
    "Cost should be low.",
)
wrong_change(
    Q,
    "lets everybody dominate themselves",
    " and p != q",
    "",
    "A network does not dominate itself.",
)
wrong_change(
    Q,
    "asks for better in both",
    "p[0] <= q[0] and p[1] >= q[1] and p != q",
    "p[0] < q[0] and p[1] > q[1]",
    "Equal in one and better in the other is enough.",
)
wrong_change(
    Q,
    "asks for better in one",
    "p[0] <= q[0] and p[1] >= q[1]",
    "(p[0] <= q[0] or p[1] >= q[1])",
    "No worse in both.",
)
wrong_change(
    Q,
    "does not sort",
    "return sorted(front, key=lambda name: points[name][0])",
    "return front",
    "From the cheapest to the most expensive.",
)
wrong_change(
    Q,
    "sorts by name",
    "key=lambda name: points[name][0]",
    "key=str",
    "From the cheapest to the most expensive.",
)
wrong_change(
    Q,
    "sorts downwards",
    "key=lambda name: points[name][0])",
    "key=lambda name: -points[name][0])",
    "From the cheapest to the most expensive.",
)
wrong_change(
    Q,
    "returns the places",
    "        name\n        for name, place",
    "        place\n        for name, place",
    "Return the names.",
)


@wrong(
    "takes the best ratio",
    hint="A front is no ranking by accuracy over cost: expensive networks can be on it.",
)
def pareto_front(points):
    best = max(
        points,
        key=lambda name: points[name][1] / points[name][0],
        default=None,
    )
    return [] if best is None else [best]


@right("a sweep from cheap to expensive")
def pareto_front(points):
    front, best = [], float("-inf")
    for name in sorted(points, key=lambda n: (points[n][0], -points[n][1])):
        if points[name][1] > best:
            best = points[name][1]
            front.append(name)
    return front


@right("a set of the dominated")
def pareto_front(points):
    beaten = set()
    for a, (cost_a, gain_a) in points.items():
        for b, (cost_b, gain_b) in points.items():
            no_worse = cost_a <= cost_b and gain_a >= gain_b
            if no_worse and (cost_a < cost_b or gain_a > gain_b):
                beaten.add(b)
    left = [(points[name][0], name) for name in points if name not in beaten]
    return [name for _, name in sorted(left)]


# 6 · quantise

Q = "quantise"
wrong_change(
    Q,
    "has one scale for the layer",
    "w.abs().flatten(1).amax(1)",
    "w.abs().max().expand(len(w))",
    "One scale for each output channel.",
)
wrong_change(
    Q,
    "uses one level too many",
    "2 ** (bits - 1) - 1",
    "2 ** (bits - 1)",
    "The largest of 8 bits is 127, not 128.",
)
wrong_change(
    Q,
    "forgets the sign",
    "2 ** (bits - 1) - 1",
    "2**bits - 1",
    "One bit is the sign.",
)
wrong_change(
    Q,
    "does not round",
    ".round(), scale",
    ", scale",
    "Round to whole numbers.",
)
wrong_change(
    Q,
    "cuts off",
    ".round(), scale",
    ".trunc(), scale",
    "Round to the nearest.",
)
wrong_change(
    Q,
    "rounds down",
    ".round(), scale",
    ".floor(), scale",
    "Round to the nearest.",
)
wrong_change(
    Q,
    "returns the rounded weights",
    "return (w / scale[:, None, None, None]).round(), scale",
    "return (w / scale[:, None, None, None]).round() * scale[:, None, None, None], scale",
    "Return the integers; the scale is given beside them.",
)
wrong_change(
    Q,
    "divides by zero",
    "torch.where(largest > 0, largest / top, torch.ones_like(largest))",
    "largest / top",
    "A channel of zeros has the scale 1.",
)
wrong_change(
    Q,
    "forgets the signs of weights",
    "w.abs().flatten(1).amax(1)",
    "w.flatten(1).amax(1)",
    "The largest magnitude may belong to a negative weight.",
)
wrong_change(
    Q,
    "has a scale for each input channel",
    "w.abs().flatten(1).amax(1)",
    "w.abs().transpose(0, 1).flatten(1).amax(1).mean().expand(len(w))",
    "One scale for each output channel.",
)
wrong_change(
    Q,
    "scales by the deviation",
    "w.abs().flatten(1).amax(1)",
    "3 * w.flatten(1).std(1, correction=0)",
    "The largest magnitude becomes the largest integer.",
)
wrong_change(
    Q,
    "inverts the scale",
    "largest / top",
    "top / largest",
    "q times scale is close to w.",
)


@right("channel by channel")
def quantise(w, bits):
    whole, scales = [], []
    for channel in w:
        largest = float(channel.abs().max())
        scale = largest / (2 ** (bits - 1) - 1) if largest else 1.0
        whole.append(torch.round(channel / scale))
        scales.append(scale)
    return torch.stack(whole), torch.tensor(scales)


@right("with maximum and minimum")
def quantise(w, bits):
    flat = w.reshape(len(w), -1)
    largest = torch.maximum(flat.max(1).values, -flat.min(1).values)
    scale = largest / (2 ** (bits - 1) - 1)
    scale[scale == 0] = 1.0
    return torch.round(flat / scale[:, None]).view_as(w), scale


# 7 · merge_branches

Q = "merge_branches"
wrong_change(
    Q,
    "puts the 1×1 everywhere",
    "w3 + F.pad(w1, (1, 1, 1, 1))",
    "w3 + w1",
    "Broadcasting adds it at all nine places; it belongs in the middle.",
)
wrong_change(
    Q,
    "puts the 1×1 in a corner",
    "w3 + F.pad(w1, (1, 1, 1, 1))",
    "w3 + F.pad(w1, (0, 2, 0, 2))",
    "With padding 1 the middle is the place itself.",
)
wrong_change(
    Q,
    "forgets the 1×1",
    "w3 + F.pad(w1, (1, 1, 1, 1))",
    "w3",
    "The 1×1 branch is added, too.",
)
wrong_change(
    Q,
    "forgets the identity",
    "    if identity:\n",
    "    if False:\n",
    "With identity the input is added as well.",
)
wrong_change(
    Q,
    "always has the identity",
    "    if identity:\n",
    "    if w.shape[0] == w.shape[1]:\n",
    "Only where it is asked for.",
)
wrong_change(
    Q,
    "takes ones for the identity",
    "torch.eye(len(w), dtype=w.dtype)",
    "torch.ones(len(w), len(w), dtype=w.dtype)",
    "Each channel passes to itself only: the diagonal.",
)
wrong_change(
    Q, "forgets a bias", "return w, b3 + b1", "return w, b3", "Biases add."
)
wrong_change(
    Q,
    "averages the biases",
    "return w, b3 + b1",
    "return w, (b3 + b1) / 2",
    "Outputs are added, so biases are.",
)
wrong_change(
    Q,
    "multiplies the kernels",
    "w3 + F.pad(w1, (1, 1, 1, 1))",
    "w3 * F.pad(w1, (1, 1, 1, 1))",
    "Branches add.",
)
wrong_change(
    Q,
    "adds one to the bias for the identity",
    "return w, b3 + b1",
    "return w, b3 + b1 + (1 if identity else 0)",
    "The identity has a kernel and no bias.",
)
wrong_change(
    Q,
    "subtracts",
    "w3 + F.pad(w1",
    "w3 - F.pad(w1",
    "The branches are added.",
)
wrong_change(
    Q,
    "puts the identity at all places",
    "w = w + F.pad(same, (1, 1, 1, 1))",
    "w = w + same",
    "Only in the middle of the kernel.",
)


@right("writing into the middle")
def merge_branches(w3, b3, w1, b1, identity):
    w = w3.clone()
    w[:, :, 1, 1] += w1[:, :, 0, 0]
    if identity:
        for channel in range(len(w)):
            w[channel, channel, 1, 1] += 1
    return w, torch.add(b3, b1)


@right("by the answer to single pixels")
def merge_branches(w3, b3, w1, b1, identity):
    o, i = w3.shape[:2]
    pixels = torch.zeros(i, i, 5, 5, dtype=w3.dtype)
    pixels[range(i), range(i), 2, 2] = 1
    y = F.conv2d(pixels, w3, padding=1) + F.conv2d(pixels, w1)
    y = y + pixels if identity else y
    return y[:, :, 1:4, 1:4].flip(2, 3).transpose(0, 1).contiguous(), b3 + b1


# 8 · kd_loss

Q = "kd_loss"
wrong_change(
    Q,
    "forgets T squared",
    "temperature**2 * (p",
    "(p",
    "Gradients shrink like 1/T²; the factor makes up for it.",
)
wrong_change(
    Q,
    "multiplies by T",
    "temperature**2 * (p",
    "temperature * (p",
    "T squared.",
)
wrong_change(
    Q,
    "softens the teacher only",
    "(student / temperature).log_softmax(1)",
    "student.log_softmax(1)",
    "Both are softened.",
)
wrong_change(
    Q,
    "softens the student only",
    "(teacher / temperature).log_softmax(1)",
    "teacher.log_softmax(1)",
    "Both are softened.",
)
wrong_change(
    Q,
    "multiplies the logits",
    "(student / temperature)",
    "(student * temperature)",
    "Divide by T: that softens.",
)
wrong_change(
    Q,
    "exchanges teacher and student",
    "(p.exp() * (p - q))",
    "(q.exp() * (q - p))",
    "The teacher's probabilities weigh.",
)
wrong_change(
    Q,
    "is the cross-entropy",
    "p.exp() * (p - q)",
    "p.exp() * -q",
    "The divergence is zero where the two agree.",
)
wrong_change(
    Q,
    "has the wrong sign",
    "(p - q)",
    "(q - p)",
    "The divergence is never negative.",
)
wrong_change(
    Q,
    "averages over classes",
    ".sum(1).mean()",
    ".mean()",
    "Sum over the classes, mean over the pictures.",
)
wrong_change(
    Q,
    "sums over pictures",
    ".sum(1).mean()",
    ".sum()",
    "Mean over the pictures.",
)
wrong_change(
    Q,
    "normalises over pictures",
    "(student / temperature).log_softmax(1)",
    "(student / temperature).log_softmax(0)",
    "The softmax runs over the classes.",
)
wrong_change(
    Q,
    "hides the student from training",
    "p.exp() * (p - q)",
    "p.exp() * (p - q.detach())",
    "Behind detach() the student learns nothing.",
)


@right("with PyTorch's divergence")
def kd_loss(student, teacher, temperature):
    logs = F.log_softmax(student / temperature, dim=1)
    goal = F.softmax(teacher / temperature, dim=1)
    return (
        F.kl_div(logs, goal, reduction="batchmean")
        * temperature
        * temperature
    )


@right("cross-entropy minus the teacher's entropy")
def kd_loss(student, teacher, temperature):
    goal = torch.softmax(teacher / temperature, 1)
    crossed = F.cross_entropy(student / temperature, goal)
    own = F.cross_entropy(teacher / temperature, goal)
    return (crossed - own) * temperature**2
