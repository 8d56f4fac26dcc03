"""Plausible answers to the questions of normalisation.ipynb: wrong ones with hints, right ones."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · he_std

Q = "he_std"
wrong_change(
    Q,
    "forgets the root",
    "math.sqrt(2 / (kernel_size**2 * (channels // groups)))",
    "2 / (kernel_size**2 * (channels // groups))",
    "That is the variance; asked is the deviation.",
)
wrong_change(
    Q,
    "forgets the kernel",
    "kernel_size**2 * (channels // groups)",
    "channels // groups",
    "An output sums over K² places.",
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
    "forgets the groups",
    "channels // groups",
    "channels",
    "Only one group's channels meet.",
)
wrong_change(
    Q,
    "forgets the two",
    "math.sqrt(2 /",
    "math.sqrt(1 /",
    "ReLU halves the square: that is the 2.",
)
wrong_change(
    Q,
    "exchanges the modes",
    'mode == "fan_in"',
    'mode == "fan_out"',
    "fan_in counts input channels, fan_out output channels.",
)
wrong_change(
    Q,
    "ignores the mode",
    'in_channels if mode == "fan_in" else out_channels',
    "in_channels",
    "fan_out counts the output channels.",
)
wrong_change(
    Q,
    "is Glorot's",
    "math.sqrt(2 / (kernel_size**2 * (channels // groups)))",
    "math.sqrt(2 / (kernel_size**2 * ((in_channels + out_channels) // groups)))",
    "That is Glorot's rule; He's has one side only.",
)
wrong_change(
    Q,
    "is PyTorch's default",
    "math.sqrt(2 /",
    "math.sqrt(1 / 3 /",
    "That is the default's deviation, 2.4 times smaller.",
)


@right("asks PyTorch")
def he_std(in_channels, out_channels, kernel_size, groups=1, mode="fan_in"):
    if mode == "fan_in":
        shape = 1, in_channels // groups, kernel_size, kernel_size
    else:
        shape = 1, out_channels // groups, kernel_size, kernel_size
    return math.sqrt(2) / math.sqrt(torch.empty(shape).numel())


@right("fan by fan")
def he_std(in_channels, out_channels, kernel_size, groups=1, mode="fan_in"):
    fans = {"fan_in": in_channels, "fan_out": out_channels}
    return (2 * groups / (fans[mode] * kernel_size * kernel_size)) ** 0.5


# 2 · BatchNorm

Q = "BatchNorm"
wrong_change(
    Q,
    "divides by the unbiased variance",
    "var = x.var((0, 2, 3), correction=0)",
    "var = x.var((0, 2, 3))",
    "The batch is normalised with its biased variance.",
)
wrong_change(
    Q,
    "stores the biased variance",
    "x.detach().var((0, 2, 3))",
    "x.detach().var((0, 2, 3), correction=0)",
    "Stored is the unbiased variance.",
)
wrong_change(
    Q,
    "exchanges old and new",
    "new, old = self.momentum, 1 - self.momentum",
    "old, new = self.momentum, 1 - self.momentum",
    "momentum is the share of the new.",
)
wrong_change(
    Q,
    "always uses the batch",
    "if self.training:",
    "if True:",
    "Evaluation uses the running values.",
)
wrong_change(
    Q,
    "always uses the running values",
    "            mean = x.mean((0, 2, 3))\n            var = x.var((0, 2, 3), correction=0)",
    "            mean, var = self.running_mean, self.running_var",
    "In training the batch's own statistics count.",
)
wrong_change(
    Q,
    "averages over the batch only",
    "(0, 2, 3)",
    "(0,)",
    "One mean for each channel: over places, too.",
)
wrong_change(
    Q,
    "averages over the places only",
    "x.mean((0, 2, 3))",
    "x.mean((2, 3)).mean(0) * 0 + x[0].mean((1, 2))",
    "All pictures of the batch go into the mean.",
)
wrong_change(
    Q,
    "puts eps outside the root",
    "(var + self.eps).sqrt()",
    "(var.sqrt() + self.eps)",
    "eps is added to the variance, inside the root.",
)
wrong_change(
    Q,
    "forgets the root",
    "(var + self.eps).sqrt()",
    "(var + self.eps)",
    "Divide by the deviation.",
)
wrong_change(
    Q,
    "forgets the bias",
    "self.bias - scale",
    "-scale",
    "β is added at the end.",
)
wrong_change(
    Q,
    "forgets the weight",
    "self.weight / (var",
    "1 / (var",
    "γ scales each channel.",
)
wrong_change(
    Q,
    "starts the variance at zero",
    'self.register_buffer("running_var", torch.ones(channels))',
    'self.register_buffer("running_var", torch.zeros(channels))',
    "The running variance starts at one.",
)
wrong_change(
    Q,
    "updates in evaluation",
    "            mean, var = self.running_mean, self.running_var",
    "            mean, var = self.running_mean, self.running_var\n            self.running_mean = 0.9 * mean + 0.1 * x.mean((0, 2, 3)).detach()",
    "Evaluation changes nothing.",
)
wrong_change(
    Q,
    "stores the deviation",
    "new * unbiased",
    "new * unbiased.sqrt()",
    "Stored is the variance, not its root.",
)


@right("with in-place updates")
class BatchNorm(nn.Module):
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def forward(self, x):
        columns = x.transpose(0, 1).flatten(1)  # (C, N·H·W)
        if self.training:
            mean, var = columns.mean(1), columns.var(1, correction=0)
            count = columns.shape[1]
            with torch.no_grad():
                self.running_mean += self.momentum * (
                    mean - self.running_mean
                )
                self.running_var += self.momentum * (
                    var * count / (count - 1) - self.running_var
                )
        else:
            mean, var = self.running_mean, self.running_var
        columns = (columns - mean[:, None]) / torch.sqrt(
            var[:, None] + self.eps
        )
        columns = columns * self.weight[:, None] + self.bias[:, None]
        return columns.view(x.shape[1], x.shape[0], *x.shape[2:]).transpose(
            0, 1
        )


@right("with shaped statistics")
class BatchNorm(nn.Module):
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
        self.weight = nn.Parameter(torch.ones(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.share, self.small = momentum, eps

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean = x.mean((0, 2, 3))
            var = ((x - mean.view(1, -1, 1, 1)) ** 2).mean((0, 2, 3))
            m = x.numel() // x.shape[1]
            self.running_mean.lerp_(mean.detach(), self.share)
            self.running_var.lerp_(var.detach() * m / (m - 1), self.share)
        scale = self.weight * (var + self.small).rsqrt()
        return x * scale.view(1, -1, 1, 1) + (self.bias - mean * scale).view(
            1, -1, 1, 1
        )


# 3 · norm_backward

Q = "norm_backward"
wrong_change(
    Q,
    "takes the statistics as constants",
    "g - g.mean(axes, True) - xhat * (g * xhat).mean(axes, True)",
    "g",
    "Mean and variance depend on x, too.",
)
wrong_change(
    Q,
    "forgets the mean's part",
    "g - g.mean(axes, True) - xhat",
    "g - xhat",
    "The mean depends on every x: subtract the mean of g.",
)
wrong_change(
    Q,
    "forgets the variance's part",
    " - xhat * (g * xhat).mean(axes, True)",
    "",
    "The variance depends on every x: subtract what points along x̂.",
)
wrong_change(
    Q,
    "forgets gamma",
    "dy * gamma[:, None, None]",
    "dy",
    "The gradient of x̂ is γ · dy.",
)
wrong_change(
    Q,
    "forgets to divide",
    "    dx = dx / (var + eps).sqrt()\n",
    "",
    "All of it is divided by the deviation.",
)
wrong_change(
    Q,
    "sums instead of averaging",
    "g.mean(axes, True)",
    "g.sum(axes, True)",
    "The means of g and g·x̂, not their sums.",
)
wrong_change(
    Q,
    "averages the parameters' gradients",
    "(dy * xhat).sum(axes), dy.sum(axes)",
    "(dy * xhat).mean(axes), dy.mean(axes)",
    "γ and β collect the sum over all places.",
)
wrong_change(
    Q,
    "uses x for gamma's gradient",
    "(dy * xhat).sum(axes)",
    "(dy * x).sum(axes)",
    "γ is multiplied with x̂, not with x.",
)
wrong_change(
    Q,
    "exchanges the parameters",
    "(dy * xhat).sum(axes), dy.sum(axes)",
    "dy.sum(axes), (dy * xhat).sum(axes)",
    "First γ, then β.",
)
wrong_change(
    Q,
    "uses the unbiased variance",
    "keepdim=True, correction=0",
    "keepdim=True",
    "The batch is normalised with the biased variance.",
)
wrong_change(
    Q,
    "scales the parameters' gradients",
    "(dy * xhat).sum(axes), dy.sum(axes)",
    "(g * xhat).sum(axes), g.sum(axes)",
    "γ and β see dy itself.",
)


@right("by autograd")
def norm_backward(dy, x, gamma, eps=1e-5):
    x = x.detach().clone().requires_grad_()
    gamma = gamma.detach().clone().requires_grad_()
    beta = torch.zeros_like(gamma).requires_grad_()
    y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)
    return torch.autograd.grad(y, (x, gamma, beta), dy)


@right("with the classical three terms")
def norm_backward(dy, x, gamma, eps=1e-5):
    axes, m = (0, 2, 3), x.numel() // x.shape[1]
    mean = x.mean(axes, keepdim=True)
    spread = (((x - mean) ** 2).mean(axes, keepdim=True) + eps).sqrt()
    xhat = (x - mean) / spread
    dgamma, dbeta = (dy * xhat).sum(axes), dy.sum(axes)
    rest = m * dy - dbeta.view(1, -1, 1, 1) - xhat * dgamma.view(1, -1, 1, 1)
    return gamma.view(1, -1, 1, 1) / (m * spread) * rest, dgamma, dbeta


# 4 · normalise

Q = "normalise"
wrong_change(
    Q,
    "averages BN over the batch only",
    '"BN": (0, 3, 4)',
    '"BN": (0,)',
    "BN averages over the places, too.",
)
wrong_change(
    Q,
    "averages BN over the places only",
    '"BN": (0, 3, 4)',
    '"BN": (3, 4)',
    "That is IN.",
)
wrong_change(
    Q,
    "averages LN over the places only",
    '"LN": (1, 2, 3, 4)',
    '"LN": (3, 4)',
    "LN averages over the channels, too.",
)
wrong_change(
    Q,
    "takes LN for that of transformers",
    '"LN": (1, 2, 3, 4)',
    '"LN": (1, 2)',
    "That is LN at each place.",
)
wrong_change(
    Q,
    "takes LN at each place for LN",
    '"LN at each place": (1, 2)',
    '"LN at each place": (1, 2, 3, 4)',
    "At each place: over the channels alone.",
)
wrong_change(
    Q,
    "averages IN over the pictures",
    '"IN": (3, 4)',
    '"IN": (0, 3, 4)',
    "That is BN.",
)
wrong_change(
    Q,
    "deals the channels in turn",
    "split = x.unflatten",
    'x = x[:, torch.arange(x.shape[1]).view(-1, groups).T.flatten()] if kind == "GN" else x\n    split = x.unflatten',
    "A group holds neighbouring channels.",
)
wrong_change(
    Q,
    "averages GN over its channels alone",
    '"GN": (2, 3, 4)',
    '"GN": (2,)',
    "GN averages over the places, too.",
)
wrong_change(
    Q,
    "uses the unbiased variance",
    "keepdim=True, correction=0",
    "keepdim=True",
    "The biased variance: correction=0.",
)
wrong_change(
    Q,
    "puts eps outside the root",
    "(var + eps).sqrt()",
    "(var.sqrt() + eps)",
    "eps is added inside the root.",
)
wrong_change(
    Q,
    "does not subtract the mean",
    "(split - mean)",
    "split",
    "Mean 0: subtract it.",
)
wrong_change(
    Q,
    "takes one group for all",
    'groups if kind == "GN"',
    '2 if kind == "GN"',
    "`groups` is an argument.",
)


@right("with PyTorch's layers")
def normalise(x, kind, groups=2, eps=1e-5):
    n, c, h, w = x.shape
    if kind == "BN":
        return F.batch_norm(x, None, None, training=True, eps=eps)
    if kind == "LN at each place":
        return F.layer_norm(x.permute(0, 2, 3, 1), (c,), eps=eps).permute(
            0, 3, 1, 2
        )
    return F.group_norm(x, {"LN": 1, "IN": c, "GN": groups}[kind], eps=eps)


@right("by tables of rows")
def normalise(x, kind, groups=2, eps=1e-5):
    n, c, h, w = x.shape
    order = {"BN": (1, 0, 2, 3), "LN at each place": (0, 2, 3, 1)}.get(
        kind, (0, 1, 2, 3)
    )
    rows = {
        "BN": c,
        "LN": n,
        "LN at each place": n * h * w,
        "IN": n * c,
        "GN": n * groups,
    }[kind]
    moved = x.permute(order)
    table = moved.reshape(rows, -1)
    table = table - table.mean(1, keepdim=True)
    table = table / ((table**2).mean(1, keepdim=True) + eps).sqrt()
    back = [order.index(axis) for axis in range(4)]
    return table.reshape(moved.shape).permute(back)


# 5 · depends_on_neighbours

Q = "depends_on_neighbours"
wrong_change(
    Q,
    "asks for the mode",
    "return bool((together - alone).abs().max() > 1e-4)",
    "return model.training",
    "The mode alone does not say: look at the outputs.",
)
wrong_change(
    Q,
    "turns the answer round",
    "> 1e-4",
    "<= 1e-4",
    "True where the outputs differ.",
)
wrong_change(
    Q,
    "compares exactly",
    "> 1e-4",
    "> 0",
    "Rounding is no dependence: more than 1e-4.",
)
wrong_change(
    Q,
    "averages the difference",
    ".abs().max()",
    ".mean().abs()",
    "The largest change, for any picture.",
)
wrong_change(
    Q,
    "switches to evaluation",
    "    with torch.no_grad():",
    "    model.eval()\n    with torch.no_grad():",
    "The mode must stay as it is: it is what you look for.",
)
wrong_change(
    Q,
    "switches to training",
    "    with torch.no_grad():",
    "    model.train()\n    with torch.no_grad():",
    "The mode must stay as it is: in training every BN would be suspect.",
)
wrong_change(
    Q,
    "compares the first picture only",
    "for image in images",
    "for image in images[:1]",
    "Any picture may be affected; here one is compared with all.",
)
wrong_change(
    Q,
    "runs the batch twice",
    "torch.cat([model(image[None]) for image in images])",
    "model(images)",
    "Each picture must come alone.",
)
wrong_change(
    Q,
    "tolerates too much",
    "> 1e-4",
    "> 10",
    "A change by more than 1e-4 counts.",
)


@wrong(
    "looks for batch normalisation",
    hint="Other layers may mix pictures, and a BN in evaluation mode does not.",
)
def depends_on_neighbours(model, images):
    return any(
        isinstance(m, nn.BatchNorm2d) and m.training for m in model.modules()
    )


@right("one picture after the other")
def depends_on_neighbours(model, images):
    together = model(images).detach()
    for n in range(len(images)):
        alone = model(images[n : n + 1]).detach()[0]
        if ((alone - together[n]).abs() > 1e-4).any():
            return True
    return False


@right("collects the largest differences")
def depends_on_neighbours(model, images):
    with torch.inference_mode():
        whole = model(images)
        worst = [
            (model(x.unsqueeze(0))[0] - y).abs().max().item()
            for x, y in zip(images, whole, strict=True)
        ]
    return max(worst) > 1e-4


# 6 · slope

Q = "slope"
wrong_change(
    Q,
    "lets ReLU slope at zero",
    "return (x > 0).to(x.dtype)",
    "return (x >= 0).to(x.dtype)",
    "At exactly 0 it counts as 0.",
)
wrong_change(
    Q, "takes 0.01 for the leak", "0.1))", "0.01))", "Here the leak is 0.1."
)
wrong_change(
    Q,
    "gives the leaky ReLU's value",
    "torch.full_like(x, 0.1)",
    "0.1 * x",
    "The slope, not the value.",
)
wrong_change(
    Q,
    "gives ELU's value",
    "x.exp())",
    "x.exp() - 1)",
    "The derivative of eˣ - 1 is eˣ.",
)
wrong_change(
    Q,
    "gives GELU's first part only",
    "return below + x *",
    "return below + 0 * x *",
    "A product has two parts: Φ(x) + x φ(x).",
)
wrong_change(
    Q,
    "gives GELU's second part only",
    "return below + x *",
    "return x *",
    "A product has two parts: Φ(x) + x φ(x).",
)
wrong_change(
    Q,
    "forgets the two in the density",
    "-(x**2) / 2",
    "-(x**2)",
    "The normal density has e^(-x²/2).",
)
wrong_change(
    Q,
    "forgets the density's factor",
    " / math.sqrt(2 * math.pi)",
    "",
    "The density is divided by √(2π).",
)
wrong_change(
    Q,
    "gives SiLU's first part only",
    "return s + x * s * (1 - s)",
    "return s",
    "A product has two parts.",
)
wrong_change(
    Q,
    "forgets a factor in SiLU",
    "x * s * (1 - s)",
    "x * (1 - s)",
    "The sigmoid's slope is s (1 - s).",
)
wrong_change(
    Q,
    "scales erf wrongly",
    "x / math.sqrt(2)",
    "x",
    "Φ(x) = (1 + erf(x/√2)) / 2.",
)


@wrong("gives the values", hint="Asked is the derivative, not the function.")
def slope(name, x):
    bends = {"ReLU": F.relu, "ELU": F.elu, "GELU": F.gelu, "SiLU": F.silu}
    return F.leaky_relu(x, 0.1) if name == "leaky ReLU" else bends[name](x)


@right("by autograd")
def slope(name, x):
    x = x.detach().clone().requires_grad_()
    y = {
        "ReLU": F.relu,
        "leaky ReLU": lambda x: F.leaky_relu(x, 0.1),
        "ELU": F.elu,
        "GELU": F.gelu,
        "SiLU": F.silu,
    }[name](x)
    y.sum().backward()
    return x.grad


@right("with the normal distribution")
def slope(name, x):
    positive = (x > 0).double()
    normal = torch.distributions.Normal(0.0, 1.0)
    s = 1 / (1 + (-x).exp())
    return {
        "ReLU": positive,
        "leaky ReLU": 0.1 + 0.9 * positive,
        "ELU": torch.minimum(x, torch.zeros_like(x)).exp(),
        "GELU": 0.5 * torch.erfc(-x / 2**0.5) + x * normal.log_prob(x).exp(),
        "SiLU": s * (1 + x * (1 - s)),
    }[name]


# 7 · dead_units

Q = "dead_units"
wrong_change(
    Q,
    "returns the living",
    "(~active.any(0))",
    "active.any(0)",
    "Asked are the dead.",
)
wrong_change(
    Q,
    "wants all inputs active",
    "active.any(0)",
    "active.all(0)",
    "One input that wakes it is enough.",
)
wrong_change(
    Q,
    "counts zero as alive",
    "+ bias > 0",
    "+ bias >= 0",
    "ReLU's slope at exactly 0 is 0: dead.",
)
wrong_change(
    Q,
    "forgets the bias",
    " + bias > 0",
    " > 0",
    "The bias is part of the sum.",
)
wrong_change(
    Q,
    "looks at the first input",
    "active.any(0)",
    "active[:1].any(0)",
    "All inputs count.",
)
wrong_change(
    Q,
    "looks at the mean",
    "active.any(0)",
    "((inputs @ weight.T + bias).mean(0) > 0)",
    "A unit with a negative mean may be active for some.",
)
wrong_change(Q, "subtracts the bias", "+ bias", "- bias", "W x + b.")
wrong_change(
    Q,
    "returns how many",
    ".nonzero().flatten().tolist()",
    ".sum().item()",
    "Their indices, as a list.",
)
wrong_change(
    Q,
    "finds dead inputs",
    "active.any(0)",
    "active.any(1)",
    "Units are columns here: any over the inputs.",
)
wrong_change(
    Q,
    "returns marks",
    ".nonzero().flatten().tolist()",
    ".tolist()",
    "Indices, not True and False.",
)


@right("with the largest sum")
def dead_units(weight, bias, inputs):
    highest = (inputs @ weight.T + bias).amax(0)
    return [u for u, value in enumerate(highest.tolist()) if value <= 0]


@right("through the ReLU")
def dead_units(weight, bias, inputs):
    outputs = F.linear(inputs, weight, bias).relu().sum(0)
    return torch.where(outputs == 0)[0].tolist()


# 8 · waking_bias

Q = "waking_bias"
wrong_change(
    Q,
    "moves all units",
    "torch.where(dead, -sums.mean(0), bias)",
    "-sums.mean(0)",
    "Only the dead get a new bias.",
)
wrong_change(
    Q,
    "has the sign wrong",
    "-sums.mean(0)",
    "sums.mean(0)",
    "The sum with the new bias has mean zero: minus.",
)
wrong_change(
    Q,
    "adds to the old bias",
    "-sums.mean(0)",
    "bias - sums.mean(0)",
    "The mean of W x, without the old bias.",
)
wrong_change(
    Q,
    "sets the bias to zero",
    "-sums.mean(0)",
    "torch.zeros_like(bias)",
    "Zero need not wake it: minus the mean of W x.",
)
wrong_change(
    Q,
    "moves the living",
    "torch.where(dead,",
    "torch.where(~dead,",
    "The dead, not the living.",
)
wrong_change(
    Q,
    "counts zero as alive",
    "<= 0).all(0)",
    "< 0).all(0)",
    "Exactly zero is dead, too.",
)
wrong_change(
    Q, "wants one input asleep", ".all(0)", ".any(0)", "Dead: for all inputs."
)
wrong_change(
    Q,
    "takes the largest sum",
    "-sums.mean(0)",
    "-sums.amax(0)",
    "The mean, so that about half of the inputs wake it.",
)
wrong_change(
    Q,
    "forgets the bias in the test",
    "((sums + bias) <= 0)",
    "(sums <= 0)",
    "Dead is who is at or below zero with the bias.",
)


@wrong(
    "changes the given bias",
    hint="The given bias stays as it is; return a new tensor.",
)
def waking_bias(weight, bias, inputs):
    sums = inputs @ weight.T
    dead = ((sums + bias) <= 0).all(0)
    bias[dead] = -sums.mean(0)[dead] - bias[dead]
    return bias


@right("through the mean input")
def waking_bias(weight, bias, inputs):
    highest = (inputs @ weight.T + bias).amax(0)
    new = bias.clone()
    new[highest <= 0] = -(weight @ inputs.mean(0))[highest <= 0]
    return new


@right("one unit after the other")
def waking_bias(weight, bias, inputs):
    new = []
    for w, b in zip(weight, bias, strict=True):
        sums = inputs @ w
        new.append(b if (sums + b > 0).any() else -sums.mean())
    return torch.stack(new)


# 9 · adamw

Q = "adamw"
wrong_change(
    Q,
    "puts the decay into the gradient",
    "        w = w * (1 - rate * decay)\n",
    "        g = g + decay * w\n",
    "That is Adam with an L2 penalty; AdamW shrinks the weights themselves.",
)
wrong_change(
    Q,
    "forgets the decay",
    "        w = w * (1 - rate * decay)\n",
    "",
    "The weights are multiplied by 1 - rate · decay.",
)
wrong_change(
    Q,
    "decays without the rate",
    "1 - rate * decay",
    "1 - decay",
    "The decay is scaled by the rate.",
)
wrong_change(
    Q,
    "forgets the corrections",
    "m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)",
    "m, v",
    "Both means start at zero and must be corrected.",
)
wrong_change(
    Q,
    "counts steps from zero",
    "start=1",
    "start=2",
    "The first step has t = 1.",
)
wrong_change(
    Q,
    "forgets the root",
    "v_hat.sqrt()",
    "v_hat",
    "Divide by the root of the mean square.",
)
wrong_change(
    Q,
    "puts eps inside the root",
    "(v_hat.sqrt() + eps)",
    "(v_hat + eps).sqrt()",
    "eps is added outside the root.",
)
wrong_change(
    Q,
    "exchanges the betas",
    "betas[0] * m + (1 - betas[0]) * g",
    "betas[1] * m + (1 - betas[1]) * g",
    "The first beta belongs to m.",
)
wrong_change(
    Q,
    "forgets to square",
    "* g**2",
    "* g.abs()",
    "v is the mean of the squares.",
)
wrong_change(
    Q,
    "climbs",
    "w = w - rate * m_hat",
    "w = w + rate * m_hat",
    "Down the slope: minus.",
)
wrong_change(
    Q,
    "forgets the mean of gradients",
    "rate * m_hat /",
    "rate * g /",
    "The step uses the running mean.",
)
wrong_change(
    Q,
    "changes the given weights",
    "        w = w * (1 - rate * decay)\n",
    "        w *= 1 - 2 * rate * decay\n",
    "Leave the given weights as they are; and decay once a step.",
)


@right("asks PyTorch")
def adamw(w, gradients, rate=0.001, decay=0.01, betas=(0.9, 0.999), eps=1e-8):
    weights = nn.Parameter(w.clone())
    optimizer = torch.optim.AdamW([weights], rate, betas, eps, decay)
    for g in gradients:
        weights.grad = g.clone()
        optimizer.step()
    return weights.detach()


@right("with weighted sums")
def adamw(w, gradients, rate=0.001, decay=0.01, betas=(0.9, 0.999), eps=1e-8):
    first, second = betas
    for t in range(1, len(gradients) + 1):
        ages = range(t - 1, -1, -1)
        m = sum(
            first**age * g for age, g in zip(ages, gradients, strict=False)
        ) * (1 - first)
        v = sum(
            second**age * g * g
            for age, g in zip(ages, gradients, strict=False)
        ) * (1 - second)
        step = (m / (1 - first**t)) / ((v / (1 - second**t)) ** 0.5 + eps)
        w = w - rate * decay * w - rate * step
    return w


# 10 · fold

Q = "fold"
wrong_change(
    Q, "forgets eps", "(var + eps)", "var", "eps belongs inside the root."
)
wrong_change(
    Q,
    "forgets the root",
    "(var + eps).sqrt()",
    "(var + eps)",
    "Divide by the deviation, not the variance.",
)
wrong_change(
    Q,
    "scales the inputs",
    "scale[:, None, None, None]",
    "scale.mean()",
    "Each output has its own factor.",
)
wrong_change(
    Q,
    "forgets the mean",
    "(bias - mean)",
    "bias",
    "The running mean is subtracted before scaling.",
)
wrong_change(
    Q,
    "adds the mean",
    "(bias - mean)",
    "(bias + mean)",
    "The mean is subtracted.",
)
wrong_change(
    Q, "forgets beta", "beta + scale", "scale", "β is added at the end."
)
wrong_change(
    Q,
    "scales beta, too",
    "beta + scale * (bias - mean)",
    "scale * (beta + bias - mean)",
    "β is added after scaling.",
)
wrong_change(
    Q,
    "forgets the old bias",
    "(bias - mean)",
    "(-mean)",
    "The convolution's own bias is normalised, too.",
)
wrong_change(
    Q,
    "does not scale the bias",
    "scale * (bias - mean)",
    "(bias - mean)",
    "The bias is scaled like everything else.",
)
wrong_change(
    Q,
    "forgets gamma",
    "scale = gamma /",
    "scale = 1 /",
    "γ scales the normalised value.",
)


@right("step by step")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    spread = torch.sqrt(var + eps)
    new_weight = torch.stack(
        [g / s * w for w, g, s in zip(weight, gamma, spread, strict=True)]
    )
    old = 0 if bias is None else bias
    return new_weight, (old - mean) / spread * gamma + beta


@right("by running the normalisation")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    zero = torch.zeros_like(mean)
    start = zero if bias is None else bias
    constant = F.batch_norm(start[None], mean, var, gamma, beta, eps=eps)[0]
    factor = F.batch_norm(
        torch.ones_like(mean)[None], zero, var, gamma, None, eps=eps
    )[0]
    return torch.einsum("o,oihw->oihw", factor, weight), constant


# 11 · dropped

Q = "dropped"
wrong_change(
    Q,
    "does not scale",
    " / (1 - p)",
    "",
    "The survivors are divided by 1 - p.",
)
wrong_change(
    Q,
    "divides by p",
    "/ (1 - p)",
    "/ (p or 1)",
    "Divide by the share that survives, 1 - p.",
)
wrong_change(
    Q,
    "multiplies",
    "/ (1 - p)",
    "* (1 - p)",
    "In training the survivors grow: divide.",
)
wrong_change(
    Q,
    "drops in evaluation",
    "if not training:",
    "if False:",
    "In evaluation nothing is dropped.",
)
wrong_change(
    Q,
    "drops in evaluation only",
    "if not training:",
    "if training:",
    "Dropping belongs to training.",
)
wrong_change(
    Q, "keeps the dropped", "x * kept", "x * ~kept", "True survives."
)
wrong_change(
    Q,
    "scales in evaluation",
    "        return x\n",
    "        return x * (1 - p)\n",
    "That is AlexNet's way; inverted dropout does nothing in evaluation.",
)
wrong_change(
    Q,
    "divides by the survivors found",
    "/ (1 - p)",
    "/ kept.to(x.dtype).mean()",
    "Divide by the probability, not by what chance left.",
)


@wrong("draws its own survivors", hint="The survivors are given.")
def dropped(x, kept, p, training=True):
    return F.dropout(x, p, training)


@right("fills with zeros")
def dropped(x, kept, p, training=True):
    return x.masked_fill(~kept, 0) * (1 / (1 - p)) if training else x


@right("with where")
def dropped(x, kept, p, training=True):
    if training:
        return torch.where(kept, x / (1 - p), torch.zeros_like(x))
    return x.clone()
