"""Plausible answers to the questions of transfer.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · layer_rates

Q = "layer_rates"
wrong_change(
    Q,
    "gives the stem the full rate",
    "enumerate(reversed(layers))",
    "enumerate(layers)",
    "The head gets the full rate; it is the last of the list.",
)
wrong_change(
    Q,
    "gives all the same rate",
    "rate * decay**depth",
    "rate",
    "Each layer further down gets decay times the rate of the one above.",
)
wrong_change(
    Q,
    "multiplies in place of raising to a power",
    "decay**depth",
    "(decay * depth)",
    "Two layers down means decay times decay.",
)
wrong_change(
    Q,
    "begins one power too late",
    "decay**depth",
    "decay ** (depth + 1)",
    "The head gets the rate itself: decay to the power of zero.",
)
wrong_change(
    Q,
    "freezes the head's end",
    "if depth < len(layers) - frozen:",
    "if depth >= frozen:",
    "The first layers of the list are frozen, those nearest to the input.",
)
wrong_change(
    Q,
    "trains frozen layers",
    "if depth < len(layers) - frozen:",
    "if True:",
    "Frozen layers are left out of the dictionary.",
)
wrong_change(
    Q,
    "freezes one layer too few",
    "< len(layers) - frozen",
    "<= len(layers) - frozen",
    "With frozen=1 exactly one layer is left out.",
)


@wrong(
    "counts powers from the last trained layer",
    hint="Start at the head: it has the full rate, whatever is frozen.",
)
def layer_rates(layers, rate, decay, frozen=0):
    trained = layers[frozen:]
    return {name: rate * decay**depth for depth, name in enumerate(trained)}


@wrong(
    "gives frozen layers a rate of zero",
    hint="Frozen layers are left out, not listed with zero.",
)
def layer_rates(layers, rate, decay, frozen=0):
    rates = {n: rate * decay**d for d, n in enumerate(reversed(layers))}
    return {n: 0.0 if n in layers[:frozen] else r for n, r in rates.items()}


@wrong(
    "lists the stem first",
    hint="The values are right; the order is from the head down.",
)
def layer_rates(layers, rate, decay, frozen=0):
    last = len(layers) - 1
    return {
        n: rate * decay ** (last - i)
        for i, n in enumerate(layers)
        if i >= frozen
    }


@wrong(
    "lets decay divide", hint="Rates fall on the way down: multiply by decay."
)
def layer_rates(layers, rate, decay, frozen=0):
    names = list(reversed(layers))[: len(layers) - frozen]
    return {n: rate / decay**d for d, n in enumerate(names)}


@right("by slicing")
def layer_rates(layers, rate, decay, frozen=0):
    return {n: rate * decay**d for d, n in enumerate(layers[frozen:][::-1])}


@right("by multiplying step by step")
def layer_rates(layers, rate, decay, frozen=0):
    rates, now = {}, rate
    for i in range(len(layers) - 1, frozen - 1, -1):
        rates[layers[i]] = now
        now *= decay
    return rates


# 2 · ZeroHead

Q = "ZeroHead"
wrong_change(
    Q,
    "leaves the weights random",
    "nn.init.zeros_(self.dense.weight)",
    "pass",
    "Random weights send their gradient into the features. Set them to zero.",
)
wrong_change(
    Q,
    "leaves the bias random",
    "nn.init.zeros_(self.dense.bias)",
    "pass",
    "The scores must all be zero, so the bias must be as well.",
)
wrong_change(
    Q,
    "has ones",
    "nn.init.zeros_(self.dense.weight)",
    "nn.init.ones_(self.dense.weight)",
    "Ones send the same gradient to all features. Zero sends none.",
)
wrong_change(
    Q,
    "has a small random start",
    "nn.init.zeros_(self.dense.weight)",
    "nn.init.normal_(self.dense.weight, std=1e-3)",
    "Small is not zero: some gradient reaches the features.",
)
wrong_change(
    Q,
    "has no bias",
    "nn.Linear(in_features, num_classes)\n        nn.init.zeros_(self.dense.weight)\n        nn.init.zeros_(self.dense.bias)",
    "nn.Linear(in_features, num_classes, bias=False)\n        nn.init.zeros_(self.dense.weight)",
    "An ordinary dense layer has a bias.",
)
wrong_change(
    Q,
    "swaps the sizes",
    "nn.Linear(in_features, num_classes)",
    "nn.Linear(num_classes, in_features)",
    "From in_features to num_classes.",
)
wrong_change(
    Q,
    "puts softmax behind",
    "return self.dense(x)",
    "return self.dense(x).softmax(1)",
    "Scores, not shares: the loss applies the softmax itself.",
)
wrong_change(
    Q,
    "cuts the features off",
    "return self.dense(x)",
    "return self.dense(x.detach())",
    "With detach no gradient ever reaches the features, also later, when it should.",
)
wrong_change(
    Q,
    "returns zeros for ever",
    "return self.dense(x)",
    "return 0 * self.dense(x)",
    "Only the start is zero. After training it must answer, and its weights need a gradient.",
)


@wrong(
    "freezes the head",
    hint="The head is what is trained first. Leave requires_grad on.",
)
class ZeroHead(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.dense = nn.Linear(in_features, num_classes).requires_grad_(False)
        self.dense.weight.zero_(), self.dense.bias.zero_()

    def forward(self, x):
        return self.dense(x)


@wrong(
    "has a hidden layer of zeros",
    hint="One dense layer. Behind a layer of zeros, a second layer of zeros gets no gradient.",
)
class ZeroHead(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.hidden = nn.Linear(in_features, in_features)
        self.dense = nn.Linear(in_features, num_classes)
        for p in self.parameters():
            nn.init.zeros_(p)

    def forward(self, x):
        return self.dense(F.relu(self.hidden(x)))


@right("with data")
class ZeroHead(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.dense = nn.Linear(in_features, num_classes)
        for p in self.dense.parameters():
            p.data.zero_()

    def forward(self, x):
        return self.dense(x)


@right("with a product written out")
class ZeroHead(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.dense = nn.Linear(in_features, num_classes)
        with torch.no_grad():
            self.dense.weight.zero_()
            self.dense.bias.zero_()

    def forward(self, x):
        return x @ self.dense.weight.T + self.dense.bias


# 3 · probe_right

Q = "probe_right"
wrong_change(
    Q,
    "forgets the penalty",
    " + penalty * torch.eye(x.shape[1]).to(features)",
    " + 1e-9 * torch.eye(x.shape[1]).to(features)",
    "Without the penalty many features fit few pictures exactly.",
)
wrong_change(
    Q,
    "puts the penalty everywhere",
    "penalty * torch.eye(x.shape[1]).to(features)",
    "penalty",
    "λ stands on the diagonal only: λ times the identity.",
)
wrong_change(
    Q,
    "forgets the bias when testing",
    " + weights[-1]",
    "",
    "The last row of the weights belongs to the column of ones.",
)
wrong_change(
    Q,
    "puts the ones in front",
    "torch.cat([features, torch.ones(len(features), 1).to(features)], 1)",
    "torch.cat([torch.ones(len(features), 1).to(features), features], 1)",
    "The ones stand behind the features, so that the last row is the bias.",
)
wrong_change(
    Q,
    "has zeros for ones",
    "torch.ones(len(features), 1)",
    "torch.zeros(len(features), 1)",
    "A column of zeros is no bias.",
)
wrong_change(
    Q,
    "divides the penalty by the number of pictures",
    "penalty * torch",
    "penalty / len(features) * torch",
    "λ as it is given.",
)
wrong_change(
    Q,
    "squares the penalty",
    "penalty * torch",
    "penalty**2 * torch",
    "λ as it is given.",
)
wrong_change(
    Q,
    "counts the wrong ones",
    "== test_labels",
    "!= test_labels",
    "Count where the answer equals the label.",
)
wrong_change(
    Q,
    "takes the smallest score",
    "scores.argmax(1)",
    "scores.argmin(1)",
    "The largest score is the answer.",
)
wrong_change(
    Q,
    "counts on the training features",
    "test_features @ weights[:-1] + weights[-1]\n    return int((scores.argmax(1) == test_labels).sum())",
    "features @ weights[:-1] + weights[-1]\n    return int((scores.argmax(1) == labels).sum())",
    "The probe is fitted on one set and counted on the other.",
)
wrong_change(
    Q,
    "returns a share",
    "int((scores.argmax(1) == test_labels).sum())",
    "(scores.argmax(1) == test_labels).float().mean().item()",
    "How many, not which share.",
)


@wrong(
    "leaves the bias without a penalty",
    hint="Here λ counts for the bias as well: the whole diagonal.",
)
def probe_right(features, labels, test_features, test_labels, penalty):
    x = torch.cat([features, torch.ones(len(features), 1).to(features)], 1)
    y = F.one_hot(labels).to(features)
    ridge = penalty * torch.eye(x.shape[1]).to(features)
    ridge[-1, -1] = 0
    weights = torch.linalg.solve(x.T @ x + ridge, x.T @ y)
    scores = test_features @ weights[:-1] + weights[-1]
    return int((scores.argmax(1) == test_labels).sum())


@right("with an inverse")
def probe_right(features, labels, test_features, test_labels, penalty):
    def with_ones(f):
        return F.pad(f, (0, 1), value=1.0)

    x = with_ones(features)
    y = torch.eye(int(labels.max()) + 1, dtype=features.dtype)[labels]
    w = (
        torch.inverse(
            x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype)
        )
        @ x.T
        @ y
    )
    return (
        (with_ones(test_features) @ w).argmax(1).eq(test_labels).sum().item()
    )


@right("as least squares with rows for the penalty")
def probe_right(features, labels, test_features, test_labels, penalty):
    x = torch.cat([features, torch.ones_like(features[:, :1])], 1)
    y = F.one_hot(labels).to(x.dtype)
    rows = penalty**0.5 * torch.eye(x.shape[1], dtype=x.dtype)
    w = torch.linalg.lstsq(
        torch.cat([x, rows]),
        torch.cat(
            [y, 0 * rows[:, : y.shape[1]]]
            if rows.shape[1] >= y.shape[1]
            else [y, torch.zeros(len(rows), y.shape[1], dtype=x.dtype)]
        ),
    ).solution
    scores = (
        torch.cat([test_features, torch.ones_like(test_features[:, :1])], 1)
        @ w
    )
    return sum(
        int(a == b)
        for a, b in zip(
            scores.argmax(1).tolist(), test_labels.tolist(), strict=True
        )
    )


# 4 · stripe_share

Q = "stripe_share"
wrong_change(
    Q,
    "forgets the mirror image",
    "2 * energy.max()",
    "energy.max()",
    "A stripe is a pair of frequencies; count both.",
)
wrong_change(
    Q,
    "keeps the mean",
    "    energy[0, 0] = 0\n",
    "",
    "The number at (0, 0) is the mean; leave it out.",
)
wrong_change(
    Q,
    "does not square",
    ".abs().square()",
    ".abs()",
    "Energy is the squared size.",
)
wrong_change(
    Q,
    "transforms one axis only",
    "torch.fft.fft2(kernel)",
    "torch.fft.fft(kernel)",
    "The two-dimensional transform.",
)
wrong_change(
    Q,
    "takes the real part",
    ".abs().square()",
    ".real.square()",
    "The size of a complex number has two parts.",
)
wrong_change(
    Q,
    "compares with the mean energy",
    "energy.sum()",
    "energy.mean()",
    "A share: divided by the sum.",
)
wrong_change(
    Q,
    "leaves out the first row and column",
    "energy[0, 0] = 0",
    "energy[0, :] = 0\n    energy[:, 0] = 0",
    "Only the number at (0, 0) is left out.",
)
wrong_change(
    Q,
    "divides by everything with the mean",
    "    energy[0, 0] = 0\n    return 2 * energy.max() / energy.sum()",
    "    total = energy.sum()\n    energy[0, 0] = 0\n    return 2 * energy.max() / total",
    "Leave the mean out of the sum, too.",
)
wrong_change(
    Q,
    "takes the weakest",
    "energy.max()",
    "energy.min()",
    "The strongest frequency.",
)


@right("with rfft2")
def stripe_share(kernel):
    energy = torch.fft.rfft2(kernel - kernel.mean()).abs() ** 2
    weights = torch.full((energy.shape[1],), 2.0, dtype=energy.dtype)
    weights[0] = 1.0  # the first column holds both of each pair
    return 2 * energy.max() / (energy * weights).sum()


@right("by Parseval")
def stripe_share(kernel):
    centred = kernel - kernel.mean()
    energy = torch.fft.fft2(centred).abs().square()
    return 2 * energy.max() / (kernel.numel() * centred.square().sum())


# 5 · cam_parts

Q = "cam_parts"
wrong_change(
    Q,
    "forgets the bias",
    "(cam + bias[k])",
    "cam",
    "The logit has a bias; spread it over the places.",
)
wrong_change(
    Q,
    "adds the whole bias at each place",
    "(cam + bias[k]) / places",
    "cam / places + bias[k]",
    "Each place gets its part: the bias over the number of places.",
)
wrong_change(
    Q,
    "forgets to divide",
    " / places",
    "",
    "The logit is a mean over places; the parts must add up to it.",
)
wrong_change(
    Q,
    "takes a column of the weights",
    '"c,nchw->nhw", weight[k], maps',
    '"c,nchw->nhw", weight[:, k % weight.shape[1]][: maps.shape[1]] if len(weight) >= maps.shape[1] else weight[0], maps',
    "Row k of the weights belongs to class k.",
)
wrong_change(
    Q,
    "passes ReLU",
    "(cam + bias[k]) / places",
    "F.relu(cam + bias[k]) / places",
    "Negative parts are parts as well; without them the sum is not the logit.",
)
wrong_change(Q, "takes class 0", "weight[k]", "weight[0]", "Of class k.")
wrong_change(
    Q,
    "divides by the channels",
    "maps.shape[2] * maps.shape[3]",
    "maps.shape[1]",
    "By the number of places, height times width.",
)
wrong_change(
    Q,
    "divides by the height",
    "maps.shape[2] * maps.shape[3]",
    "maps.shape[2]",
    "Height times width.",
)
wrong_change(
    Q,
    "takes the sizes of the weights",
    "weight[k], maps",
    "weight[k].abs(), maps",
    "Weights keep their signs.",
)


@right("with a convolution")
def cam_parts(maps, weight, bias, k):
    parts = F.conv2d(maps, weight[k : k + 1, :, None, None], bias[k : k + 1])
    return parts[:, 0] / parts[0].numel()


@right("with the dense layer at each place")
def cam_parts(maps, weight, bias, k):
    scores = F.linear(maps.movedim(1, -1), weight, bias)[..., k]
    return scores / scores[0].numel()


# 6 · grad_cam

Q = "grad_cam"
wrong_change(
    Q,
    "forgets ReLU",
    "F.relu((alpha * maps).sum(1))",
    "(alpha * maps).sum(1)",
    "The sum passes ReLU.",
)
wrong_change(
    Q,
    "applies ReLU before the sum",
    "F.relu((alpha * maps).sum(1))",
    "F.relu(alpha * maps).sum(1)",
    "ReLU comes after the sum.",
)
wrong_change(
    Q,
    "weighs each place by its own gradient",
    "gradients.mean((2, 3), keepdim=True)",
    "gradients",
    "One weight for each map: the mean over places.",
)
wrong_change(
    Q,
    "averages over the channels",
    "gradients.mean((2, 3), keepdim=True)",
    "gradients.mean(1, keepdim=True)",
    "The mean runs over places.",
)
wrong_change(
    Q,
    "sums in place of averaging",
    "gradients.mean((2, 3), keepdim=True)",
    "gradients.sum((2, 3), keepdim=True)",
    "The mean, not the sum.",
)
wrong_change(
    Q,
    "shares weights over the batch",
    "gradients.mean((2, 3), keepdim=True)",
    "gradients.mean((0, 2, 3), keepdim=True)",
    "Each picture has its own weights.",
)
wrong_change(
    Q,
    "weighs gradients by the maps' mean",
    "alpha = gradients.mean((2, 3), keepdim=True)\n    return F.relu((alpha * maps).sum(1))",
    "alpha = maps.mean((2, 3), keepdim=True)\n    return F.relu((alpha * gradients).sum(1))",
    "The gradients are averaged, the maps keep their places.",
)
wrong_change(
    Q,
    "averages over the channels at the end",
    "(alpha * maps).sum(1)",
    "(alpha * maps).mean(1)",
    "The maps are summed.",
)
wrong_change(
    Q,
    "takes the gradients' sizes",
    "gradients.mean",
    "gradients.abs().mean",
    "Gradients keep their signs.",
)
wrong_change(
    Q,
    "takes the largest gradient",
    "gradients.mean((2, 3), keepdim=True)",
    "gradients.amax((2, 3), keepdim=True)",
    "The mean over places.",
)


@right("with einsum")
def grad_cam(maps, gradients):
    alpha = gradients.flatten(2).mean(2)
    return torch.einsum("nc,nchw->nhw", alpha, maps).clamp(min=0)


@right("by a product of matrices")
def grad_cam(maps, gradients):
    n, c, h, w = maps.shape
    alpha = gradients.reshape(n, 1, c, h * w).sum(-1) / (h * w)
    return torch.relu(alpha @ maps.reshape(n, c, h * w)).reshape(n, h, w)


# 7 · occlusion

Q = "occlusion"
wrong_change(
    Q,
    "has the sign reversed",
    "score(picture) - score(covered)",
    "score(covered) - score(picture)",
    "How far the score falls: whole minus covered.",
)
wrong_change(
    Q,
    "covers the picture itself",
    "covered = picture.clone()",
    "covered = picture",
    "Cover a copy, else all later squares are added to the first.",
)
wrong_change(
    Q,
    "covers one channel",
    "covered[:, top",
    "covered[0, top",
    "All channels are covered.",
)
wrong_change(Q, "covers with zero", "] = fill", "] = 0.0", "Cover with fill.")
wrong_change(
    Q,
    "moves by the square's size",
    "range(0, height - size + 1, stride)\n    lefts = range(0, width - size + 1, stride)",
    "range(0, height - size + 1, size)\n    lefts = range(0, width - size + 1, size)",
    "Squares start at multiples of the stride.",
)
wrong_change(
    Q,
    "leaves out the last square",
    "height - size + 1",
    "height - size",
    "The last square that fits may end at the border.",
)
wrong_change(
    Q,
    "keeps squares that stick out",
    "range(0, height - size + 1, stride)",
    "range(0, height, stride)",
    "A square that does not fit is left out.",
)
wrong_change(
    Q,
    "returns the scores",
    "score(picture) - score(covered)",
    "score(covered)",
    "The fall, not the score.",
)
wrong_change(
    Q,
    "keeps only the falls",
    "score(picture) - score(covered)",
    "max(0, score(picture) - score(covered))",
    "A score may also rise; then the fall is negative.",
)
wrong_change(
    Q,
    "exchanges rows and columns",
    "falls[i, j] = score",
    "falls.T[i % len(lefts), j % len(tops)] = score",
    "Rows first.",
)


@right("with a list of squares")
def occlusion(score, picture, size, stride, fill=0.5):
    whole = score(picture)
    _, height, width = picture.shape

    def fall(top, left):
        mask = torch.zeros(height, width, dtype=torch.bool)
        mask[top : top + size, left : left + size] = True
        return whole - score(picture.masked_fill(mask, fill))

    rows = [
        [fall(top, left) for left in range(0, width - size + 1, stride)]
        for top in range(0, height - size + 1, stride)
    ]
    return torch.tensor(rows)


@right("by counting the squares")
def occlusion(score, picture, size, stride, fill=0.5):
    count = [(n - size) // stride + 1 for n in picture.shape[1:]]
    result = torch.empty(count)
    for place in range(result.numel()):
        i, j = divmod(place, count[1])
        copy = picture.detach().clone()
        copy[
            ...,
            i * stride : i * stride + size,
            j * stride : j * stride + size,
        ].fill_(fill)
        result.view(-1)[place] = score(picture) - score(copy)
    return result


# 8 · fgsm

Q = "fgsm"
wrong_change(
    Q,
    "lowers the loss",
    "images + epsilon",
    "images - epsilon",
    "Towards a larger loss: along the gradient.",
)
wrong_change(
    Q,
    "moves by the gradient itself",
    "gradients.sign()",
    "gradients",
    "The sign only: every value moves equally far.",
)
wrong_change(
    Q,
    "forgets the limits",
    ".clamp(0, 1)",
    "",
    "Values must stay from 0 to 1.",
)
wrong_change(
    Q,
    "clips to -1 to 1",
    ".clamp(0, 1)",
    ".clamp(-1, 1)",
    "Values are from 0 to 1.",
)
wrong_change(
    Q,
    "scales by the largest gradient",
    "gradients.sign()",
    "gradients / gradients.abs().max()",
    "The sign only.",
)
wrong_change(
    Q,
    "scales to length one",
    "gradients.sign()",
    "gradients / gradients.norm()",
    "The sign only; dividing by the length is another attack.",
)
wrong_change(
    Q,
    "returns the change",
    "(images + epsilon * gradients.sign()).clamp(0, 1)",
    "epsilon * gradients.sign()",
    "Return the pictures.",
)
wrong_change(
    Q,
    "moves where there is no gradient",
    "gradients.sign()",
    "(2 * (gradients >= 0).float() - 1)",
    "The sign of zero is zero.",
)
wrong_change(
    Q,
    "takes epsilon in grey levels",
    "epsilon *",
    "epsilon / 255 *",
    "epsilon is on the scale of the pictures.",
)
wrong_change(
    Q,
    "clips the change",
    "(images + epsilon * gradients.sign()).clamp(0, 1)",
    "images + (epsilon * gradients.sign()).clamp(0, 1)",
    "Clip the picture, not the change.",
)


@right("with copysign")
def fgsm(images, gradients, epsilon):
    step = torch.copysign(torch.tensor(float(epsilon)), gradients)
    step = torch.where(gradients == 0, torch.zeros_like(step), step)
    return torch.clip(images + step, 0.0, 1.0)


@right("by comparing")
def fgsm(images, gradients, epsilon):
    direction = (gradients > 0).to(images) - (gradients < 0).to(images)
    return (images + direction * epsilon).clamp_min(0).clamp_max(1)


# 9 · nt_xent

Q = "nt_xent"
wrong_change(
    Q,
    "lets everyone be their own partner",
    "scores.masked_fill(torch.eye(len(z)).bool(), -torch.inf)",
    "scores",
    "Each row is most like itself. Leave it out of its softmax.",
)
wrong_change(
    Q,
    "puts zeros on the diagonal",
    "-torch.inf",
    "0.0",
    "exp(0) is one. To leave a row out, its score must be minus infinity.",
)
wrong_change(
    Q,
    "forgets to normalise",
    "F.normalize(torch.cat([a, b]), dim=1)",
    "torch.cat([a, b])",
    "All rows are scaled to length one.",
)
wrong_change(
    Q,
    "normalises the columns",
    "dim=1)",
    "dim=0)",
    "Each row has length one.",
)
wrong_change(
    Q,
    "multiplies by the temperature",
    "/ temperature",
    "* temperature",
    "Divide by the temperature.",
)
wrong_change(
    Q,
    "forgets the temperature",
    " / temperature",
    "",
    "Divide by the temperature.",
)
wrong_change(
    Q,
    "takes the neighbour for the partner",
    ".roll(len(a))",
    ".roll(1)",
    "Row i of a belongs to row i of b, N rows further.",
)
wrong_change(
    Q,
    "sums the losses",
    "F.cross_entropy(scores, partner)",
    'F.cross_entropy(scores, partner, reduction="sum")',
    "The mean of the 2N losses.",
)
wrong_change(
    Q,
    "asks a only",
    "F.cross_entropy(scores, partner)",
    "F.cross_entropy(scores[: len(a)], partner[: len(a)])",
    "Rows of b look for partners as well.",
)


@wrong(
    "compares a with b only",
    hint="The others of the same version compete as well: 2N − 1 candidates.",
)
def nt_xent(a, b, temperature):
    scores = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / temperature
    return F.cross_entropy(scores, torch.arange(len(a)))


@wrong(
    "forgets the logarithm",
    hint="The loss is minus the logarithm of the partner's share.",
)
def nt_xent(a, b, temperature):
    z = F.normalize(torch.cat([a, b]), dim=1)
    scores = (z @ z.T / temperature).masked_fill(
        torch.eye(len(z)).bool(), -torch.inf
    )
    places = torch.arange(len(z))
    return 1 - scores.softmax(1)[places, places.roll(len(a))].mean()


@right("with logsumexp")
def nt_xent(a, b, temperature):
    z = torch.cat([a, b])
    z = z / z.norm(dim=1, keepdim=True)
    scores = z @ z.T / temperature
    own = torch.diagonal(scores)
    partner = torch.cat(
        [torch.diagonal(scores, len(a)), torch.diagonal(scores, -len(a))]
    )
    others = (scores.exp().sum(1) - own.exp()).log()
    return (others - partner).mean()


@right("without the diagonal")
def nt_xent(a, b, temperature):
    n = len(a)
    z = F.normalize(torch.cat([a, b]), dim=1)
    losses = []
    for i in range(2 * n):
        others = [k for k in range(2 * n) if k != i]
        scores = (z[others] @ z[i] / temperature)[None]
        losses.append(
            F.cross_entropy(
                scores, torch.tensor([others.index((i + n) % (2 * n))])
            )
        )
    return torch.stack(losses).mean()
