"""Plausible answers to the questions of classic_architectures.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · PartialConv

Q = "PartialConv"
KERNELS = "kernels[self.outputs, self.inputs] = self.weight"
wrong_change(
    Q,
    "has a kernel for every pair",
    "nn.Parameter(torch.randn(used))",
    "nn.Parameter(torch.randn(self.shape))",
    "Only kernels that are used exist: one for each pair of the table.",
)
wrong_change(
    Q,
    "exchanges outputs and inputs",
    "[(o, i) for o, inputs in enumerate(reads) for i in inputs]",
    "[(i, o) for o, inputs in enumerate(reads) for i in inputs]",
    "reads[o] lists inputs; o is the output.",
)
wrong_change(
    Q,
    "has no bias",
    "self.bias = nn.Parameter(torch.zeros(len(reads)))",
    "self.bias = None",
    "Each output map has a bias.",
)
wrong_change(
    Q,
    "has a bias for each pair",
    "torch.zeros(len(reads))",
    "torch.zeros(len(pairs))",
    "The bias belongs to the output map, not to the pair.",
)
wrong_change(
    Q,
    "forgets the bias in the sum",
    "kernels, self.bias)",
    "kernels)",
    "The bias is made, and then not added.",
)
wrong_change(
    Q,
    "pads",
    "kernels, self.bias)",
    "kernels, self.bias, padding=self.weight.shape[-1] // 2)",
    "There is no padding.",
)
wrong_change(
    Q,
    "copies the weights out",
    KERNELS,
    "kernels[self.outputs, self.inputs] = self.weight.detach()",
    "Behind detach() no gradient reaches the weights.",
)
wrong_change(
    Q,
    "reads everything",
    KERNELS,
    "kernels[self.outputs] = self.weight[:, None].expand(-1, self.shape[1], -1, -1)",
    "Each output reads the maps in reads[o] only.",
)
wrong_change(
    Q,
    "flips the kernels",
    KERNELS,
    "kernels[self.outputs, self.inputs] = self.weight.flip(1, 2)",
    "Deep learning's convolution does not flip.",
)
wrong_change(
    Q,
    "keeps the weights as a constant",
    "self.weight = nn.Parameter(torch.randn(used))",
    'self.register_buffer("weight", torch.randn(used))',
    "A buffer is not trained; nn.Parameter is.",
)


@right("map by map")
class PartialConv(nn.Module):
    def __init__(self, in_channels, reads, kernel_size):
        super().__init__()
        self.reads = [list(inputs) for inputs in reads]
        count = sum(len(inputs) for inputs in reads)
        self.weight = nn.Parameter(
            torch.randn(count, kernel_size, kernel_size)
        )
        self.bias = nn.Parameter(torch.zeros(len(reads)))

    def forward(self, x):
        maps, first = [], 0
        for o, inputs in enumerate(self.reads):
            kernel = self.weight[first : first + len(inputs)].unsqueeze(0)
            first += len(inputs)
            maps.append(F.conv2d(x[:, inputs], kernel) + self.bias[o])
        return torch.cat(maps, dim=1)


@right("a mask over a full kernel")
class PartialConv(nn.Module):
    def __init__(self, in_channels, reads, kernel_size):
        super().__init__()
        table = torch.zeros(len(reads), in_channels, dtype=torch.long)
        number = 0
        for o, inputs in enumerate(reads):
            for i in inputs:
                number += 1
                table[o, i] = number
        self.register_buffer("table", table, persistent=False)
        self.weight = nn.Parameter(
            torch.randn(number, kernel_size, kernel_size)
        )
        self.bias = nn.Parameter(torch.zeros(len(reads)))

    def forward(self, x):
        nothing = torch.zeros_like(self.weight[:1])
        return F.conv2d(
            x, torch.cat([nothing, self.weight])[self.table], self.bias
        )


# 2 · vgg_parameters

Q = "vgg_parameters"
wrong_change(
    Q,
    "forgets the biases of convolutions",
    "9 * channels * width + width",
    "9 * channels * width",
    "Each convolution has a bias for each output channel.",
)
wrong_change(
    Q,
    "forgets the biases of dense layers",
    "(sizes[layer] + 1) * sizes[layer + 1]",
    "sizes[layer] * sizes[layer + 1]",
    "Dense layers have biases, too.",
)
wrong_change(
    Q,
    "takes 5×5 kernels",
    "9 * channels",
    "25 * channels",
    "The kernels are 3×3.",
)
wrong_change(
    Q,
    "keeps the channels within a stage",
    "            channels = width\n",
    "        channels = width\n",
    "The second convolution of a stage reads the stage's own width.",
)
wrong_change(
    Q,
    "averages before the dense layers",
    "[512 * 7 * 7, 4096",
    "[512, 4096",
    "The first dense layer reads all 512 · 7 · 7 numbers of the last map.",
)
wrong_change(
    Q,
    "counts the running statistics",
    "2 * width if batch_norm",
    "4 * width if batch_norm",
    "Mean and variance are buffers: nothing is learned there.",
)
wrong_change(
    Q,
    "has one normalisation a stage",
    "            total += 2 * width if batch_norm else 0\n            channels = width\n",
    "            channels = width\n        total += 2 * width if batch_norm else 0\n",
    "Every convolution is followed by one.",
)
wrong_change(
    Q,
    "always has a thousand classes",
    "4096, num_classes]",
    "4096, 1000]",
    "The last layer has num_classes outputs.",
)
wrong_change(
    Q,
    "has two dense layers",
    "for layer in range(3)",
    "for layer in (0, 2)",
    "There are three dense layers: 4,096, 4,096 and the classes.",
)


@right("layer by layer on paper")
def vgg_parameters(depths, num_classes=1000, batch_norm=False):
    plan = [3] + [
        w
        for w, d in zip((64, 128, 256, 512, 512), depths, strict=True)
        for _ in range(d)
    ]
    pairs = zip(plan[:-1], plan[1:], strict=True)
    convolutions = sum((9 * i + 1 + 2 * batch_norm) * o for i, o in pairs)
    return convolutions + 25089 * 4096 + 4097 * 4096 + 4097 * num_classes


@right("asks PyTorch, without memory")
def vgg_parameters(depths, num_classes=1000, batch_norm=False):
    layers, channels = [], 3
    with torch.device("meta"):
        for width, depth in zip(
            [64, 128, 256, 512, 512], depths, strict=True
        ):
            for _ in range(depth):
                layers.append(nn.Conv2d(channels, width, 3))
                if batch_norm:
                    layers.append(nn.BatchNorm2d(width))
                channels = width
        layers.append(nn.Linear(7 * 7 * 512, 4096))
        layers.append(nn.Linear(4096, 4096))
        layers.append(nn.Linear(4096, num_classes))
    return sum(p.numel() for layer in layers for p in layer.parameters())


# 3 · Inception

Q = "Inception"
wrong_change(
    Q,
    "lets the 3×3 read the input",
    "self.three = nn.Conv2d(reduce3, three, 3, padding=1)",
    "self.three = nn.Conv2d(in_channels, three, 3, padding=1)",
    "The 3×3 stands behind its reduction.",
)
wrong_change(
    Q,
    "reduces behind the large kernel",
    "self.three(F.relu(self.reduce3(x)))",
    "self.reduce3(F.relu(self.three(x)))",
    "The 1×1 comes first: that is what makes the 3×3 cheap.",
)
wrong_change(
    Q,
    "has no ReLU behind the reductions",
    "self.five(F.relu(self.reduce5(x)))",
    "self.five(self.reduce5(x))",
    "Each of the six convolutions is followed by ReLU.",
)
wrong_change(
    Q,
    "has no ReLU at the end",
    "one = F.relu(self.one(x))",
    "one = self.one(x)",
    "Each of the six convolutions is followed by ReLU.",
)
wrong_change(
    Q,
    "joins in another order",
    "[one, three, five, project]",
    "[one, five, three, project]",
    "The order is one, three, five, project.",
)
wrong_change(
    Q,
    "averages in the pooling way",
    "F.max_pool2d(x, 3, stride=1, padding=1)",
    "F.avg_pool2d(x, 3, stride=1, padding=1)",
    "It is max pooling.",
)
wrong_change(
    Q,
    "projects without pooling",
    "self.project(pooled)",
    "self.project(x)",
    "The projection reads the pooled map.",
)
wrong_change(
    Q,
    "pools behind the projection",
    "project = F.relu(self.project(pooled))",
    "project = F.max_pool2d(F.relu(self.project(x)), 3, stride=1, padding=1)",
    "Pooling comes before the projection.",
)
wrong_change(
    Q,
    "has a 3×3 for the 5×5",
    "nn.Conv2d(reduce5, five, 5, padding=2)",
    "nn.Conv2d(reduce5, five, 3, padding=1)",
    "The fifth convolution is 5×5; torchvision's network has a 3×3 there, the paper's has not.",
)
wrong_change(
    Q,
    "has no biases",
    "nn.Conv2d(in_channels, one, 1)",
    "nn.Conv2d(in_channels, one, 1, bias=False)",
    "All six have biases.",
)
wrong_change(
    Q,
    "adds the ways",
    "return torch.cat([one, three, five, project], dim=1)",
    "return torch.cat([one + one, three, five, project], dim=1)",
    "The maps stand side by side; nothing is added.",
)
wrong_change(
    Q,
    "detaches a way",
    "torch.cat([one, three, five, project]",
    "torch.cat([one, three, five.detach(), project]",
    "Behind detach() no gradient reaches the layers.",
)


@right("with layers for ReLU and pooling")
class Inception(nn.Module):
    def __init__(self, in_channels, widths):
        super().__init__()
        a, b, c, d, e, f = widths
        self.one, self.project = (
            nn.Conv2d(in_channels, a, 1),
            nn.Conv2d(in_channels, f, 1),
        )
        self.reduce3, self.three = (
            nn.Conv2d(in_channels, b, 1),
            nn.Conv2d(b, c, 3, padding="same"),
        )
        self.reduce5, self.five = (
            nn.Conv2d(in_channels, d, 1),
            nn.Conv2d(d, e, 5, padding="same"),
        )
        self.act, self.pool = nn.ReLU(), nn.MaxPool2d(3, 1, 1)

    def forward(self, x):
        act = self.act
        ways = (
            act(self.one(x)),
            act(self.three(act(self.reduce3(x)))),
            act(self.five(act(self.reduce5(x)))),
            act(self.project(self.pool(x))),
        )
        return torch.cat(ways, 1)


@right("the last ReLU once for all")
class Inception(nn.Module):
    def __init__(self, in_channels, widths):
        super().__init__()
        names = ["one", "reduce3", "three", "reduce5", "five", "project"]
        inputs = [
            in_channels,
            in_channels,
            widths[1],
            in_channels,
            widths[3],
            in_channels,
        ]
        for name, i, o, k in zip(
            names, inputs, widths, [1, 1, 3, 1, 5, 1], strict=True
        ):
            setattr(self, name, nn.Conv2d(i, o, k, padding=k // 2))

    def forward(self, x):
        three = self.three(self.reduce3(x).relu())
        five = self.five(self.reduce5(x).relu())
        pooled = F.max_pool2d(x, kernel_size=3, stride=1, padding=1)
        return torch.cat(
            [self.one(x), three, five, self.project(pooled)], 1
        ).relu()


# 4 · inception_macs

Q = "inception_macs"
wrong_change(
    Q,
    "counts parameters",
    "return side**2 * (shared + small), side**2 * (shared + large)",
    "return shared + small, shared + large",
    "Each weight is used once for each place: times side².",
)
wrong_change(
    Q,
    "multiplies by the side once",
    "side**2 * (shared + small), side**2 * (shared + large)",
    "side * (shared + small), side * (shared + large)",
    "A map has side · side places.",
)
wrong_change(
    Q,
    "counts FLOPs",
    "side**2 * (shared + small), side**2 * (shared + large)",
    "2 * side**2 * (shared + small), 2 * side**2 * (shared + large)",
    "A MAC is one multiplication with its addition: two FLOPs.",
)
wrong_change(
    Q,
    "forgets the reductions themselves",
    "small = in_channels * (reduce3 + reduce5)",
    "small = 0",
    "The two 1×1 in front cost something, too.",
)
wrong_change(
    Q,
    "forgets the projection",
    "in_channels * (one + project)",
    "in_channels * one",
    "The pooling way ends in a 1×1.",
)
wrong_change(
    Q,
    "takes the kernel once",
    "9 * reduce3 * three + 25 * reduce5 * five",
    "3 * reduce3 * three + 5 * reduce5 * five",
    "A 3×3 has nine weights, a 5×5 twenty-five.",
)
wrong_change(
    Q,
    "lets the large ones read the input behind a reduction",
    "9 * reduce3 * three",
    "9 * in_channels * three",
    "Behind the reduction the 3×3 reads reduce3 channels.",
)
wrong_change(
    Q,
    "exchanges the two numbers",
    "side**2 * (shared + small), side**2 * (shared + large)",
    "side**2 * (shared + large), side**2 * (shared + small)",
    "First with the reductions, then without.",
)
wrong_change(
    Q,
    "keeps the reductions in the second",
    "large = in_channels * (9 * three + 25 * five)",
    "large = in_channels * (reduce3 + reduce5 + 9 * three + 25 * five)",
    "Without reductions there are no reductions to count.",
)
wrong_change(
    Q,
    "has a 3×3 for the 5×5",
    "25 * reduce5 * five",
    "9 * reduce5 * five",
    "The last one is 5×5.",
)


@right("layer by layer")
def inception_macs(in_channels, widths, side):
    a, b, c, d, e, f = widths
    ends = [(in_channels, a, 1), (in_channels, f, 1)]
    small = [(in_channels, b, 1), (b, c, 3), (in_channels, d, 1), (d, e, 5)]
    large = [(in_channels, c, 3), (in_channels, e, 5)]

    def macs(layers):
        return sum(i * o * k * k * side * side for i, o, k in layers)

    return macs(ends + small), macs(ends + large)


@right("from the one by the difference")
def inception_macs(in_channels, widths, side):
    one, three_in, three, five_in, five, pool = widths
    with_them = (
        in_channels * (one + three_in + five_in + pool)
        + 9 * three_in * three
        + 25 * five_in * five
    )
    more = 9 * three * (in_channels - three_in) + 25 * five * (
        in_channels - five_in
    )
    less = in_channels * (three_in + five_in)
    return with_them * side * side, (with_them + more - less) * side * side


# 5 · AverageHead

Q = "AverageHead"
wrong_change(
    Q,
    "takes the maximum",
    "x.mean((2, 3))",
    "x.amax((2, 3))",
    "It is the mean of each map, not its maximum.",
)
wrong_change(
    Q,
    "sums",
    "x.mean((2, 3))",
    "x.sum((2, 3))",
    "The mean: a larger map must not give larger numbers.",
)
wrong_change(
    Q,
    "averages over height only",
    "x.mean((2, 3))",
    "x.mean(2).mean(1, keepdim=True).expand(-1, x.shape[1])",
    "Each channel keeps a mean of its own, over both axes.",
)
wrong_change(
    Q,
    "averages over channels",
    "x.mean((2, 3))",
    "x.mean((1, 2, 3))[:, None].expand(-1, x.shape[1])",
    "Each channel keeps a mean of its own.",
)
wrong_change(
    Q,
    "has no bias",
    "nn.Linear(channels, num_classes)",
    "nn.Linear(channels, num_classes, bias=False)",
    "The dense layer has a bias.",
)
wrong_change(
    Q,
    "adds a ReLU",
    "return self.fc(x.mean((2, 3)))",
    "return F.relu(self.fc(x.mean((2, 3))))",
    "Scores may be negative: no activation at the end.",
)
wrong_change(
    Q,
    "puts out probabilities",
    "return self.fc(x.mean((2, 3)))",
    "return self.fc(x.mean((2, 3))).softmax(1)",
    "Asked are scores; the loss does the softmax.",
)
wrong_change(
    Q,
    "is the head of VGG",
    "nn.Linear(channels, num_classes)",
    "nn.Sequential(nn.Linear(channels, 4096), nn.ReLU(), nn.Linear(4096, num_classes))",
    "One dense layer, called fc.",
)
wrong_change(
    Q,
    "activates before the mean",
    "x.mean((2, 3))",
    "x.relu().mean((2, 3))",
    "The mean is taken of the map as it is.",
)


@right("with an adaptive pooling layer")
class AverageHead(nn.Module):
    def __init__(self, channels, num_classes):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x):
        return self.fc(self.pool(x).flatten(1))


@right("dense first, mean afterwards")
class AverageHead(nn.Module):
    def __init__(self, channels, num_classes):
        super().__init__()
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x):
        at_each_place = self.fc(
            x.flatten(2).transpose(1, 2)
        )  # (N, H·W, num_classes)
        return at_each_place.mean(1)


# 6 · top_k_accuracy

Q = "top_k_accuracy"
wrong_change(
    Q,
    "looks at the first only",
    "scores.topk(k, dim=1)",
    "scores.topk(1, dim=1)",
    "k scores count, not only the highest.",
)
wrong_change(
    Q,
    "takes the lowest",
    "scores.topk(k, dim=1)",
    "scores.topk(k, dim=1, largest=False)",
    "The highest scores win.",
)
wrong_change(
    Q,
    "looks at the k-th only",
    "(best == labels[:, None]).any(1)",
    "(best[:, k - 1] == labels)",
    "Any of the k highest may be the label.",
)
wrong_change(
    Q,
    "counts instead of averaging",
    ".float().mean().item()",
    ".float().sum().item()",
    "Asked is a share, from 0 to 1.",
)
wrong_change(
    Q,
    "gives percent",
    ".float().mean().item()",
    ".float().mean().item() * 100",
    "Asked is a share, from 0 to 1.",
)
wrong_change(
    Q,
    "gives the error",
    "(best == labels[:, None]).any(1).float().mean().item()",
    "1 - (best == labels[:, None]).any(1).float().mean().item()",
    "Asked is the accuracy, not the error.",
)
wrong_change(
    Q,
    "averages over all places",
    ".any(1).float()",
    ".float()",
    "A picture is right if any of its k answers is.",
)
wrong_change(
    Q,
    "asks that all be right",
    ".any(1)",
    ".all(1)",
    "One of the k is enough.",
)
wrong_change(
    Q,
    "compares the first classes",
    "scores.topk(k, dim=1).indices",
    "torch.arange(k).expand(len(scores), -1)",
    "The k highest scores, not the first k classes.",
)
wrong_change(
    Q,
    "returns a tensor",
    ".mean().item()",
    ".mean()",
    "Return a plain number: .item().",
)


@right("by rank")
def top_k_accuracy(scores, labels, k):
    own = scores.gather(1, labels.unsqueeze(1))
    above = (scores > own).sum(1)
    return (above < k).float().mean().item()


@right("by sorting, one picture at a time")
def top_k_accuracy(scores, labels, k):
    hits = 0
    for row, label in zip(scores, labels, strict=True):
        hits += int(label) in row.argsort(descending=True)[:k].tolist()
    return hits / len(labels)


# 7 · ten_crops

Q = "ten_crops"
wrong_change(
    Q,
    "does not mirror",
    "[crop.flip(3) for crop in crops]",
    "[crop.clone() for crop in crops]",
    "The second five are mirrored.",
)
wrong_change(
    Q,
    "mirrors top to bottom",
    "crop.flip(3)",
    "crop.flip(2)",
    "Mirror left and right: the last axis.",
)
wrong_change(
    Q,
    "turns by 180 degrees",
    "crop.flip(3)",
    "crop.flip(2, 3)",
    "Mirror one axis, the last.",
)
wrong_change(
    Q,
    "mirrors each behind its own",
    "crops + [crop.flip(3) for crop in crops]",
    "[c for crop in crops for c in (crop, crop.flip(3))]",
    "First the five, then the five mirrored ones.",
)
wrong_change(
    Q,
    "exchanges two corners",
    "[(0, 0), (0, right), (down, 0)",
    "[(0, 0), (down, 0), (0, right)",
    "Top right comes before bottom left.",
)
wrong_change(
    Q,
    "begins with the middle",
    "[(0, 0), (0, right), (down, 0), (down, right), middle]",
    "[middle, (0, 0), (0, right), (down, 0), (down, right)]",
    "The middle is the fifth.",
)
wrong_change(
    Q,
    "is one off at the end",
    "images.shape[2] - size, images.shape[3] - size",
    "images.shape[2] - size - 1, images.shape[3] - size - 1",
    "The last row of the picture belongs to the bottom crops.",
)
wrong_change(
    Q,
    "takes pictures to be square",
    "images.shape[2] - size, images.shape[3] - size",
    "images.shape[3] - size, images.shape[3] - size",
    "Height and width can differ.",
)
wrong_change(
    Q,
    "exchanges rows and columns",
    "images[:, :, i : i + size, j : j + size]",
    "images[:, :, j : j + size, i : i + size]",
    "Rows are the third axis, columns the fourth.",
)
wrong_change(
    Q,
    "puts the pictures first",
    "torch.stack(crops + [crop.flip(3) for crop in crops])",
    "torch.stack(crops + [crop.flip(3) for crop in crops], dim=1)",
    "The ten crops are the first axis.",
)
wrong_change(
    Q,
    "mirrors the picture before cropping",
    "[crop.flip(3) for crop in crops]",
    "[images.flip(3)[:, :, i : i + size, j : j + size] for i, j in corners]",
    "Mirror the crop. Cropped from the mirrored picture, left and right corners change places.",
)


@right("one crop after the other")
def ten_crops(images, size):
    h, w = images.shape[-2:]
    top_left = images[..., :size, :size]
    top_right = images[..., :size, w - size :]
    bottom_left = images[..., h - size :, :size]
    bottom_right = images[..., h - size :, w - size :]
    i, j = (h - size) // 2, (w - size) // 2
    middle = images[..., i : i + size, j : j + size]
    five = torch.stack(
        [top_left, top_right, bottom_left, bottom_right, middle]
    )
    return torch.cat([five, five.flip(-1)])


@right("with narrow")
def ten_crops(images, size):
    room = [n - size for n in images.shape[2:]]
    made = []
    for mirrored in (False, True):
        for down, right in [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)]:
            crop = images.narrow(2, down * room[0] // 2, size).narrow(
                3, right * room[1] // 2, size
            )
            made.append(
                torch.fliplr(crop.movedim(3, 1)).movedim(1, 3)
                if mirrored
                else crop
            )
    return torch.stack(made)


# 8 · ensemble

Q = "ensemble"
wrong_change(
    Q,
    "averages the scores",
    "[scores.softmax(1) for scores in all_scores]",
    "[scores for scores in all_scores]",
    "Average probabilities: a network with large scores must not drown the others.",
)
wrong_change(
    Q,
    "takes the softmax over pictures",
    "softmax(1)",
    "softmax(0)",
    "The softmax runs over the classes of one picture.",
)
wrong_change(
    Q,
    "averages log-probabilities",
    "scores.softmax(1)",
    "scores.log_softmax(1)",
    "That is the geometric mean; asked is the mean of the probabilities.",
)
wrong_change(
    Q, "takes the lowest", "argmax(1)", "argmin(1)", "The highest mean wins."
)
wrong_change(
    Q,
    "asks the first only",
    "sum(chances).argmax(1)",
    "chances[0].argmax(1)",
    "All networks have a say.",
)
wrong_change(
    Q,
    "asks the last only",
    "sum(chances).argmax(1)",
    "chances[-1].argmax(1)",
    "All networks have a say.",
)
wrong_change(
    Q,
    "lets them vote",
    "sum(chances).argmax(1)",
    "torch.stack([c.argmax(1) for c in chances]).mode(0).values",
    "A vote forgets how sure each network was.",
)
wrong_change(
    Q,
    "takes the surest",
    "sum(chances).argmax(1)",
    "torch.stack(chances).amax(0).argmax(1)",
    "The mean, not the maximum, of the probabilities.",
)
wrong_change(
    Q,
    "multiplies",
    "sum(chances).argmax(1)",
    "torch.stack(chances).prod(0).argmax(1)",
    "The mean of the probabilities, not their product.",
)
wrong_change(
    Q,
    "returns the probabilities",
    "sum(chances).argmax(1)",
    "sum(chances) / len(chances)",
    "Return the classes.",
)


@right("as one tensor")
def ensemble(all_scores):
    return torch.stack(all_scores).softmax(dim=2).mean(dim=0).argmax(dim=1)


@right("by hand")
def ensemble(all_scores):
    total = 0
    for scores in all_scores:
        powers = (scores - scores.amax(1, keepdim=True)).exp()
        total = total + powers / powers.sum(1, keepdim=True)
    return total.max(1).indices
