"""Plausible answers to the questions of training.ipynb: wrong ones with hints, right ones."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · train_step

Q = "train_step"
wrong_change(
    Q,
    "climbs",
    "- rate * error",
    "+ rate * error",
    "Down the slope: minus.",
)
wrong_change(
    Q,
    "sums instead of averaging",
    "    error = error / len(labels)\n",
    "",
    "The mean loss: divide the gradient by N.",
)
wrong_change(
    Q,
    "forgets the one-hot",
    "    error[torch.arange(len(labels)), labels] -= 1\n",
    "",
    "The gradient is softmax minus one-hot.",
)
wrong_change(
    Q,
    "forgets the bias",
    "bias - rate * error.sum(0)",
    "bias",
    "The bias learns, too.",
)
wrong_change(
    Q,
    "averages the bias's gradient again",
    "error.sum(0)",
    "error.mean(0)",
    "It was divided by N already: the sum.",
)
wrong_change(
    Q,
    "reports the sum of losses",
    "labels].mean()",
    "labels].sum()",
    "The mean over the batch.",
)
wrong_change(
    Q,
    "overflows",
    "logits.logsumexp(1, keepdim=True)",
    "logits.exp().sum(1, keepdim=True).log()",
    "exp of a large logit is infinite: subtract the largest first, or use logsumexp.",
)
wrong_change(
    Q, "reports a tensor", "loss.item()", "loss", "The loss as a float."
)
wrong_change(
    Q,
    "has the sign of the loss wrong",
    "loss = -logs",
    "loss = logs",
    "The loss is minus the logarithm.",
)
wrong_change(
    Q,
    "normalises over the batch",
    "logsumexp(1, keepdim=True)",
    "logsumexp(0, keepdim=True)",
    "The shares of one picture's classes add up to 1.",
)


@wrong(
    "changes the given weights",
    hint="The given tensors stay as they are; return new ones.",
)
def train_step(weight, bias, inputs, labels, rate):
    w = weight.clone().requires_grad_()
    b = bias.clone().requires_grad_()
    loss = F.cross_entropy(inputs @ w.T + b, labels, reduction="sum")
    loss.backward()
    weight -= rate * w.grad
    bias -= rate * b.grad
    return weight, bias, loss.item()


@right("by autograd")
def train_step(weight, bias, inputs, labels, rate):
    w = weight.clone().requires_grad_()
    b = bias.clone().requires_grad_()
    loss = F.cross_entropy(F.linear(inputs, w, b), labels)
    dw, db = torch.autograd.grad(loss, (w, b))
    return (w - rate * dw).detach(), (b - rate * db).detach(), loss.item()


@right("with an optimizer")
def train_step(weight, bias, inputs, labels, rate):
    layer = nn.Linear(weight.shape[1], weight.shape[0]).to(weight.dtype)
    layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
    optimizer = torch.optim.SGD(layer.parameters(), lr=rate)
    loss = F.cross_entropy(layer(inputs), labels)
    loss.backward()
    optimizer.step()
    return layer.weight.detach(), layer.bias.detach(), float(loss)


# 2 · soft_targets

Q = "soft_targets"
wrong_change(
    Q,
    "spreads over the others only",
    "(1 - amount) * hard + amount / classes",
    "(1 - amount) * hard + amount / max(classes - 1, 1) * (1 - hard)",
    "Over all classes, the right one too.",
)
wrong_change(
    Q,
    "forgets to lower the right class",
    "(1 - amount) * hard",
    "hard",
    "The rows add up to 1: the right class gives something away.",
)
wrong_change(
    Q,
    "forgets to divide",
    "amount / classes",
    "amount",
    "The amount is shared by all classes.",
)
wrong_change(
    Q,
    "smooths nothing",
    "(1 - amount) * hard + amount / classes",
    "hard",
    "Every class gets its part of the amount.",
)
wrong_change(
    Q,
    "forgets the others",
    " + amount / classes",
    "",
    "The others get amount / classes.",
)
wrong_change(
    Q,
    "exchanges amount and rest",
    "(1 - amount) * hard + amount / classes",
    "amount * hard + (1 - amount) / classes",
    "The amount is what is spread.",
)
wrong_change(
    Q,
    "rounds",
    "(1 - amount) * hard + amount / classes",
    "((1 - amount) * hard + amount / classes).round(decimals=1)",
    "No rounding.",
)


@wrong(
    "draws the wrong labels",
    hint="Smoothing is no chance: every row is the same but for its class.",
)
def soft_targets(labels, classes, amount):
    flipped = (
        torch.rand(len(labels), generator=torch.Generator().manual_seed(0))
        < amount
    )
    other = torch.where(flipped, (labels + 1) % classes, labels)
    return F.one_hot(other, classes).float()


@wrong("halves the amount", hint="The whole amount is spread.")
def soft_targets(labels, classes, amount):
    hard = F.one_hot(labels, classes).float()
    return (1 - amount / 2) * hard + amount / 2 / classes


@right("fills and adds")
def soft_targets(labels, classes, amount):
    targets = torch.full((len(labels), classes), amount / classes)
    targets.scatter_add_(
        1, labels[:, None], torch.full((len(labels), 1), 1 - amount)
    )
    return targets


@right("row by row")
def soft_targets(labels, classes, amount):
    low = amount / classes
    rows = [
        [low + (1 - amount if k == y else 0) for k in range(classes)]
        for y in labels.tolist()
    ]
    return torch.tensor(rows)


# 3 · best_gap

Q = "best_gap"
wrong_change(
    Q,
    "forgets the logarithm",
    "math.log(right / other), loss",
    "right / other, loss",
    "Logits are logarithms of shares.",
)
wrong_change(
    Q,
    "turns the ratio round",
    "math.log(right / other), loss",
    "math.log(other / right), loss",
    "The right class lies above.",
)
wrong_change(
    Q,
    "forgets the right class's own part",
    "1 - amount + other",
    "1 - amount",
    "The right class gets its part of the amount, too.",
)
wrong_change(
    Q,
    "spreads over the others",
    "amount / classes",
    "amount / (classes - 1)",
    "The amount is spread over all classes.",
)
wrong_change(
    Q,
    "counts one other class",
    "(classes - 1) * other",
    "other",
    "There are K - 1 others in the loss.",
)
wrong_change(
    Q,
    "counts all classes as others",
    "(classes - 1) * other",
    "classes * other",
    "K - 1 others: the right one is counted already.",
)
wrong_change(
    Q,
    "says the loss is zero",
    ", loss\n",
    ", 0.0\n",
    "A smoothed loss does not reach zero: it is the targets' entropy.",
)
wrong_change(
    Q,
    "takes the logarithm to base 2",
    "math.log(right / other), loss",
    "math.log2(right / other), loss",
    "Softmax is made of e: natural logarithm.",
)
wrong_change(
    Q,
    "has the loss's sign wrong",
    "-right * math.log(right) - (classes",
    "right * math.log(right) + (classes",
    "The loss is positive.",
)


@wrong(
    "gives the logit of the share",
    hint="The gap to the other classes, not the log-odds against all of them together.",
)
def best_gap(classes, amount):
    right = 1 - amount + amount / classes
    other = amount / classes
    loss = -right * math.log(right) - (classes - 1) * other * math.log(other)
    return math.log(right / (1 - right)), loss


@right("by tensors")
def best_gap(classes, amount):
    target = torch.full((classes,), amount / classes, dtype=torch.float64)
    target[0] += 1 - amount
    logs = target.log()
    return (logs[0] - logs[1]).item(), -(target * logs).sum().item()


@right("simplified")
def best_gap(classes, amount):
    gap = math.log(1 + classes * (1 - amount) / amount)
    z = torch.tensor([[gap] + [0.0] * (classes - 1)], dtype=torch.float64)
    loss = F.cross_entropy(z, torch.tensor([0]), label_smoothing=amount)
    return gap, loss.item()


# 4 · scheduled

Q = "scheduled"
wrong_change(
    Q,
    "falls straight",
    "0.5 * (1 + math.cos(math.pi * progress))",
    "(1 - progress)",
    "Half a cosine, not a line.",
)
wrong_change(
    Q,
    "falls along a quarter",
    "0.5 * (1 + math.cos(math.pi * progress))",
    "math.cos(math.pi / 2 * progress)",
    "(1 + cos(π · progress)) / 2.",
)
wrong_change(
    Q,
    "forgets the half",
    "rate * 0.5 * (1",
    "rate * (1",
    "At the beginning (1 + 1) / 2 = 1.",
)
wrong_change(
    Q,
    "falls a whole wave",
    "math.pi * progress",
    "2 * math.pi * progress",
    "Half a wave: up to π.",
)
wrong_change(
    Q,
    "counts the warm-up as progress",
    "(step - warm_up) / (steps - warm_up)",
    "step / steps",
    "The progress begins after the warm-up.",
)
wrong_change(
    Q,
    "divides by all steps",
    "(steps - warm_up)",
    "steps",
    "What is left after the warm-up.",
)
wrong_change(
    Q,
    "reaches zero one step early",
    "(steps - warm_up)",
    "max(steps - warm_up - 1, 1)",
    "It would reach 0 at step `steps`, which is no longer run.",
)
wrong_change(
    Q,
    "begins the warm-up at one",
    "rate * step / warm_up",
    "rate * (step + 1) / warm_up",
    "Step 0 has the rate 0.",
)
wrong_change(
    Q,
    "ignores the warm-up",
    "if step < warm_up:",
    "if False:",
    "The rate rises first.",
)
wrong_change(
    Q,
    "warms up without the rate",
    "rate * step / warm_up",
    "step / warm_up",
    "It rises to the full rate.",
)


@right("by the square of a cosine")
def scheduled(step, steps, rate, warm_up=0):
    if step >= warm_up:
        return (
            rate
            * math.cos(0.5 * math.pi * (step - warm_up) / (steps - warm_up))
            ** 2
        )
    return step * rate / warm_up


@right("one expression for both")
def scheduled(step, steps, rate, warm_up=0):
    rise = min(1.0, step / warm_up) if warm_up else 1.0
    fall = max(0.0, (step - warm_up) / (steps - warm_up))
    return rate * rise * (0.5 + 0.5 * math.cos(math.pi * fall))


# 5 · blended

Q = "blended"
wrong_change(
    Q,
    "keeps hard labels",
    "share[:, None] * hard + (1 - share[:, None]) * hard[partner]",
    "hard",
    "The labels are blended like the pictures.",
)
wrong_change(
    Q,
    "takes only the partner's label",
    "share[:, None] * hard + (1 - share[:, None]) * hard[partner]",
    "hard[partner]",
    "Both labels, in shares.",
)
wrong_change(
    Q,
    "exchanges the shares of the labels",
    "share[:, None] * hard + (1 - share[:, None]) * hard[partner]",
    "(1 - share[:, None]) * hard + share[:, None] * hard[partner]",
    "`share` is what is left of the first.",
)
wrong_change(
    Q,
    "exchanges the shares of the pictures",
    "part * images + (1 - part) * images[partner]",
    "(1 - part) * images + part * images[partner]",
    "`share` is what is left of the first.",
)
wrong_change(
    Q,
    "halves everything",
    "part = share[:, None, None, None]",
    "part = 0.5",
    "The shares are given.",
)
wrong_change(
    Q,
    "takes one share for all",
    "share[:, None, None, None]",
    "share[0]",
    "Each picture has its own share.",
)
wrong_change(
    Q,
    "adds without weights",
    "part * images + (1 - part) * images[partner]",
    "images + images[partner]",
    "Weighted: share and 1 - share.",
)
wrong_change(
    Q, "mixes with itself", "images[partner]", "images", "With the partner."
)
wrong_change(
    Q,
    "pairs the other way",
    "images[partner]",
    "images[partner.argsort()]",
    "Picture n is mixed with picture partner[n].",
)


@wrong(
    "keeps the larger label", hint="Labels are shares, not the larger one."
)
def blended(images, labels, partner, share, classes):
    part = share[:, None, None, None]
    mixed = part * images + (1 - part) * images[partner]
    kept = torch.where(share >= 0.5, labels, labels[partner])
    return mixed, F.one_hot(kept, classes).to(share.dtype)


@right("with lerp")
def blended(images, labels, partner, share, classes):
    hard = torch.eye(classes, dtype=share.dtype)[labels]
    mixed = torch.lerp(images[partner], images, share.view(-1, 1, 1, 1))
    return mixed, torch.lerp(hard[partner], hard, share.view(-1, 1))


@right("one picture after the other")
def blended(images, labels, partner, share, classes):
    pictures, shares = [], torch.zeros(len(labels), classes)
    for n, other in enumerate(partner.tolist()):
        a = share[n]
        pictures.append(images[other] + a * (images[n] - images[other]))
        shares[n, labels[n]] += a
        shares[n, labels[other]] += 1 - a
    return torch.stack(pictures), shares


# 6 · pasted

Q = "pasted"
wrong_change(
    Q,
    "counts the planned area",
    "images[0, 0, rows, columns].numel() / (height * width)",
    "min(max(high, 0) * max(wide, 0) / (height * width), 1.0)",
    "Only what lies inside the picture counts.",
)
wrong_change(
    Q,
    "keeps hard labels",
    "(1 - area) * hard + area * hard[partner]",
    "hard",
    "The labels are mixed by area.",
)
wrong_change(
    Q,
    "exchanges the shares",
    "(1 - area) * hard + area * hard[partner]",
    "area * hard + (1 - area) * hard[partner]",
    "The area belongs to the partner.",
)
wrong_change(
    Q,
    "lets negative indices wrap",
    "slice(max(top, 0), ",
    "slice(top, ",
    "A negative top lies outside: cut it off.",
)
wrong_change(
    Q,
    "pastes in the corner",
    "slice(max(top, 0), max(min(top + high, height), 0))",
    "slice(0, max(min(high, height), 0))",
    "The box begins at its top.",
)
wrong_change(
    Q,
    "exchanges rows and columns",
    "mixed[:, :, rows, columns] = images[partner][:, :, rows, columns]",
    "mixed[:, :, columns, rows] = images[partner][:, :, columns, rows]",
    "Rows first, then columns.",
)
wrong_change(
    Q,
    "pastes black",
    "images[partner][:, :, rows, columns]",
    "0",
    "That is cutout; paste the partner.",
)
wrong_change(
    Q,
    "changes the given pictures",
    "images.clone()",
    "images",
    "Copy first: the partner must still be whole.",
)
wrong_change(
    Q,
    "pastes the partner's corner",
    "images[partner][:, :, rows, columns]",
    "images[partner][:, :, : mixed[0, 0, rows, columns].shape[0], : mixed[0, 0, rows, columns].shape[1]]",
    "The same place in both pictures.",
)
wrong_change(
    Q,
    "measures the area in the sides",
    "images[0, 0, rows, columns].numel() / (height * width)",
    "(images[0, 0, rows, columns].numel() / (height * width)) ** 0.5",
    "The share of the area, not of the side.",
)


@wrong(
    "pastes outside the box",
    hint="Inside the box the partner, outside the picture itself.",
)
def pasted(images, labels, partner, box, classes):
    top, left, high, wide = box
    i, j = (
        torch.arange(images.shape[2])[:, None],
        torch.arange(images.shape[3]),
    )
    mask = (i >= top) & (i < top + high) & (j >= left) & (j < left + wide)
    hard, area = F.one_hot(labels, classes).float(), mask.float().mean()
    return torch.where(mask, images, images[partner]), (
        1 - area
    ) * hard + area * hard[partner]


@right("by a mask")
def pasted(images, labels, partner, box, classes):
    top, left, high, wide = box
    mask = torch.zeros(images.shape[2:])
    for i in range(images.shape[2]):
        for j in range(images.shape[3]):
            mask[i, j] = top <= i < top + high and left <= j < left + wide
    hard = F.one_hot(labels, classes).float()
    mixed = images * (1 - mask) + images[partner] * mask
    return mixed, hard + mask.mean() * (hard[partner] - hard)


@right("by clamped borders")
def pasted(images, labels, partner, box, classes):
    height, width = images.shape[-2:]
    r0, r1 = (min(max(v, 0), height) for v in (box[0], box[0] + box[2]))
    c0, c1 = (min(max(v, 0), width) for v in (box[1], box[1] + box[3]))
    mixed = images.clone()
    mixed[..., r0:r1, c0:c1] = images[partner][..., r0:r1, c0:c1]
    area = (r1 - r0) * (c1 - c0) / (height * width)
    shares = torch.zeros(len(labels), classes)
    rows = torch.arange(len(labels))
    shares[rows, labels] += 1 - area
    shares[rows, labels[partner]] += area
    return mixed, shares


# 7 · diagnosis

Q = "diagnosis"
wrong_change(
    Q,
    "forgets infinities",
    "not finite or training[-1]",
    "training[-1]",
    "NaN is not above anything: ask for finite numbers.",
)
wrong_change(
    Q,
    "asks for NaN only",
    "all(math.isfinite(loss) for loss in training)",
    "not any(math.isnan(loss) for loss in training)",
    "Infinite counts, too.",
)
wrong_change(
    Q,
    "looks at the last loss only",
    "all(math.isfinite(loss) for loss in training)",
    "math.isfinite(training[-1])",
    "Any training loss that is not finite.",
)
wrong_change(
    Q,
    "calls every bump divergence",
    "training[-1] > training[0]",
    "max(training) > training[0]",
    "The last one above the first.",
)
wrong_change(
    Q,
    "stops at the first rise",
    "1.1 * min(validation)",
    "min(validation)",
    "More than 10 % above the lowest.",
)
wrong_change(
    Q,
    "compares with the first validation loss",
    "1.1 * min(validation)",
    "1.1 * validation[0]",
    "With the lowest.",
)
wrong_change(
    Q,
    "looks at the lowest validation loss for the gap",
    "if validation[-1] > 1.5 * training[-1]:",
    "if min(validation) > 1.5 * min(training):",
    "The last of both.",
)
wrong_change(
    Q,
    "never finds underfitting",
    "training[-1] > 0.5 * training[0]",
    "training[-1] > 5 * training[0]",
    "More than half of the first.",
)
wrong_change(
    Q,
    "forgets the factor",
    "1.5 * training[-1]",
    "training[-1]",
    "More than 1.5 times.",
)
wrong_change(
    Q,
    "counts half as underfitting",
    "training[-1] > 0.5 * training[0]",
    "training[-1] >= 0.5 * training[0]",
    "More than half.",
)


@wrong(
    "has the rules in another order",
    hint="Use the first rule that holds, in the order given.",
)
def diagnosis(training, validation):
    if (
        not all(math.isfinite(loss) for loss in training)
        or training[-1] > training[0]
    ):
        return "divergence"
    if training[-1] > 0.5 * training[0]:
        return "underfitting"
    if validation[-1] > 1.5 * training[-1]:
        return "overfitting"
    if validation[-1] > 1.1 * min(validation):
        return "stop early"
    return "fine"


@right("a table of rules")
def diagnosis(training, validation):
    first, last, end = training[0], training[-1], validation[-1]
    rules = [
        (
            "divergence",
            any(math.isnan(v) or math.isinf(v) for v in training)
            or last > first,
        ),
        ("stop early", end > 1.1 * min(validation)),
        ("overfitting", end > 1.5 * last),
        ("underfitting", last > first / 2),
        ("fine", True),
    ]
    return next(word for word, holds in rules if holds)


@right("through the sum")
def diagnosis(training, validation):
    total = sum(training)
    if total != total or total == math.inf or training[-1] > training[0]:
        return "divergence"
    if min(validation) < validation[-1] / 1.1:
        return "stop early"
    if training[-1] < validation[-1] / 1.5:
        return "overfitting"
    return "underfitting" if 2 * training[-1] > training[0] else "fine"


# 8 · illegal

Q = "illegal"
wrong_change(
    Q,
    "returns the legal ones",
    "!= label",
    "== label",
    "Asked are those that change a class.",
)
wrong_change(
    Q,
    "wants all classes changed",
    "if any(",
    "if all(",
    "One class is enough.",
)
wrong_change(
    Q,
    "forgets that others stay",
    "table.get(label, label)",
    "table.get(label)",
    "A character that is not in the table stays what it is.",
)
wrong_change(
    Q,
    "looks at all characters of the table",
    "for label in classes",
    "for label in table",
    "Only the data set's own classes count.",
)
wrong_change(
    Q,
    "counts only exchanges within the data set",
    "table.get(label, label) != label",
    "table.get(label, label) != label and table.get(label, label) in classes",
    "Also what shows a character outside of the data set, or none.",
)
wrong_change(
    Q,
    "lets unreadable pictures pass",
    "table.get(label, label) != label",
    "table.get(label, label) not in (label, None)",
    "No character any more is a change, too.",
)
wrong_change(
    Q,
    "does not sort",
    "return sorted(\n        name",
    "return list(\n        name",
    "In alphabetical order.",
)
wrong_change(
    Q,
    "returns a set",
    "return sorted(\n        name",
    "return set(\n        name",
    "A list in alphabetical order.",
)
wrong_change(
    Q,
    "sorts backwards",
    "for label in classes)\n    )",
    "for label in classes)\n    )[::-1]",
    "In alphabetical order.",
)


@wrong(
    "looks where a class comes from",
    hint="What does the class show afterwards, not what shows the class.",
)
def illegal(tables, classes):
    return sorted(
        name
        for name, table in tables.items()
        if any(
            after in classes and before != after
            for before, after in table.items()
        )
    )


@right("with loops")
def illegal(tables, classes):
    names = []
    for name in sorted(tables):
        for label in classes:
            if label in tables[name] and tables[name][label] != label:
                names.append(name)
                break
    return names


@right("by comparing lists")
def illegal(tables, classes):
    return [
        name
        for name, table in sorted(tables.items())
        if [table.get(label, label) for label in classes] != list(classes)
    ]


# 9 · calibration_error

Q = "calibration_error"
wrong_change(
    Q,
    "forgets the weights",
    "len(answers) / len(confidence) * abs(mean - share)",
    "abs(mean - share) / len(inside)",
    "Each bin counts by how many answers it holds.",
)
wrong_change(
    Q,
    "adds with signs",
    "abs(mean - share)",
    "(mean - share)",
    "The distance: without sign.",
)
wrong_change(
    Q,
    "rounds down",
    "math.ceil(c * bins)",
    "math.floor(c * bins)",
    "A bin ends with its upper border: 0.6 belongs to the bin below.",
)
wrong_change(
    Q,
    "takes the bin's middle",
    "mean = sum(c for c, _ in answers) / len(answers)",
    "mean = (math.ceil(answers[0][0] * bins) - 0.5) / bins",
    "The mean of the confidences in the bin.",
)
wrong_change(
    Q,
    "has ten bins always",
    "math.ceil(c * bins)",
    "math.ceil(c * 10)",
    "`bins` is an argument.",
)
wrong_change(
    Q,
    "takes one bin",
    "math.ceil(c * bins)",
    "0",
    "Bin by bin, else mistakes cancel.",
)
wrong_change(
    Q,
    "squares the distances",
    "abs(mean - share)",
    "(mean - share) ** 2",
    "The distance itself, not its square.",
)
wrong_change(
    Q,
    "compares with the wrong ones",
    "sum(r for _, r in answers)",
    "sum(not r for _, r in answers)",
    "The share of right answers.",
)
wrong_change(
    Q,
    "takes the worst bin",
    "error += len(answers) / len(confidence) * abs(mean - share)",
    "error = max(error, abs(mean - share))",
    "The mean over all answers, not the worst bin.",
)


@wrong(
    "measures each answer alone",
    hint="First the means of a bin, then their distance.",
)
def calibration_error(confidence, right, bins=10):
    pairs = zip(confidence, right, strict=True)
    return sum(abs(c - r) for c, r in pairs) / len(confidence)


@right("with tensors")
def calibration_error(confidence, right, bins=10):
    c = torch.tensor(confidence, dtype=torch.float64)
    r = torch.tensor(right, dtype=torch.float64)
    number = (c * bins).ceil().long()
    sums = torch.zeros(bins + 1, dtype=torch.float64).index_add(
        0, number, c - r
    )
    return (sums.abs().sum() / len(c)).item()


@right("bin by bin")
def calibration_error(confidence, right, bins=10):
    total = 0.0
    for k in range(bins):
        chosen = [
            n for n, c in enumerate(confidence) if k < c * bins <= k + 1
        ]
        if chosen:
            mean = sum(confidence[n] for n in chosen) / len(chosen)
            share = sum(right[n] for n in chosen) / len(chosen)
            total += abs(mean - share) * len(chosen)
    return total / len(confidence)


# 10 · best_temperature

Q = "best_temperature"
wrong_change(
    Q,
    "searches above one only",
    "math.log(0.05)",
    "0.0",
    "T may lie below 1.",
)
wrong_change(
    Q, "searches below one only", "math.log(20)", "0.0", "T may lie above 1."
)
wrong_change(
    Q,
    "multiplies",
    "logits / math.exp(t)",
    "logits * math.exp(t)",
    "The logits are divided by T.",
)
wrong_change(
    Q,
    "keeps the worse side",
    "losses[0] < losses[1]",
    "losses[0] > losses[1]",
    "Keep the side with the lower loss.",
)
wrong_change(
    Q,
    "returns the logarithm",
    "return math.exp((low + high) / 2)",
    "return (low + high) / 2",
    "T itself, not its logarithm.",
)
wrong_change(
    Q,
    "stops too early",
    "range(40)",
    "range(5)",
    "To one percent: go on searching.",
)
wrong_change(
    Q,
    "returns the inverse",
    "return math.exp((low",
    "return math.exp(-(low",
    "T, not 1 / T.",
)
wrong_change(
    Q,
    "looks at the accuracy",
    "F.cross_entropy(logits / math.exp(t), labels)",
    "-((logits / math.exp(t)).argmax(1) == labels).float().mean()",
    "The accuracy does not change with T: use the loss.",
)


@wrong(
    "matches the mean confidence",
    hint="The lowest cross-entropy, not equal mean confidence and accuracy.",
)
def best_temperature(logits, labels):
    accuracy = (logits.argmax(1) == labels).double().mean()
    grid = torch.linspace(math.log(0.05), math.log(20), 3000).exp().tolist()
    return min(
        grid,
        key=lambda t: abs(
            (logits / t).softmax(1).amax(1).mean() - accuracy
        ).item(),
    )


@wrong("tries a few", hint="To one percent: the grid is too coarse.")
def best_temperature(logits, labels):
    grid = [0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0]
    return min(grid, key=lambda t: F.cross_entropy(logits / t, labels).item())


@right("by gradient descent")
def best_temperature(logits, labels):
    log_t = torch.zeros(1, dtype=logits.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [log_t], max_iter=200, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / log_t.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_t.exp().item()


@right("on a fine grid")
def best_temperature(logits, labels):
    grid = [0.05 * 1.004**n for n in range(1502)]
    return min(grid, key=lambda t: F.cross_entropy(logits / t, labels).item())


# 11 · next_scale

Q = "next_scale"
wrong_change(
    Q,
    "takes the step anyway",
    "return False, scale / 2, 0",
    "return True, scale / 2, 0",
    "A step with infinite gradients ruins the weights: skip it.",
)
wrong_change(
    Q,
    "keeps the count",
    "return False, scale / 2, 0",
    "return False, scale / 2, good_steps",
    "In a row: the count starts anew.",
)
wrong_change(
    Q,
    "keeps the scale",
    "return False, scale / 2, 0",
    "return False, scale, 0",
    "Halve it, or the next step overflows again.",
)
wrong_change(
    Q,
    "doubles too late",
    "good_steps + 1 == every",
    "good_steps == every",
    "This step counts, too.",
)
wrong_change(
    Q,
    "does not start anew",
    "return True, scale * 2, 0",
    "return True, scale * 2, good_steps + 1",
    "After doubling, the count starts anew.",
)
wrong_change(
    Q,
    "never doubles",
    "return True, scale * 2, 0",
    "return True, scale, 0",
    "After enough good steps the scale is doubled.",
)
wrong_change(
    Q,
    "looks for NaN only",
    "torch.isfinite(g).all()",
    "(~torch.isnan(g)).all()",
    "Infinite counts, too.",
)
wrong_change(
    Q,
    "asks for one good gradient",
    "not all(bool",
    "not any(bool",
    "One broken gradient is enough.",
)
wrong_change(
    Q,
    "looks at the sum's sign",
    "torch.isfinite(g).all()",
    "(g < math.inf).all()",
    "Minus infinity counts, too.",
)
wrong_change(
    Q,
    "doubles instead of halving",
    "scale / 2, 0",
    "scale * 2, 0",
    "Too large a scale overflows: halve it.",
)


@wrong(
    "looks at the first gradient", hint="Any of the gradients may be broken."
)
def next_scale(scale, good_steps, gradients, every=4):
    if not torch.isfinite(gradients[0]).all():
        return False, scale / 2, 0
    count = (good_steps + 1) % every
    return True, scale * (1 if count else 2), count


@right("with a remainder")
def next_scale(scale, good_steps, gradients, every=4):
    fine = all(torch.isfinite(g).all().item() for g in gradients)
    if not fine:
        return False, 0.5 * scale, 0
    count = (good_steps + 1) % every
    return True, (2.0 * scale if count == 0 else scale), count


@right("through one sum")
def next_scale(scale, good_steps, gradients, every=4):
    total = sum((g.double() * 0).sum().item() for g in gradients)
    if total != 0:  # infinity times zero is no number
        return False, scale / 2, 0
    if good_steps >= every - 1:
        return True, scale + scale, 0
    return True, scale, good_steps + 1
