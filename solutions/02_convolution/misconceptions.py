"""Plausible answers to the questions of convolution.ipynb: wrong ones with hints, right ones."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong

PRINTED = {}  # the notebook defines it

# 1 · output_size


@wrong(
    "forgets the stop where the window starts",
    hint="Count stops, not steps: there is one more.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride


@wrong(
    "adds the padding once",
    hint="Padding is added on both sides, so it counts twice.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong(
    "rounds up",
    hint="A step that would leave the picture is not taken: round down.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (
        -(-(n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride) + 1
    )


@wrong("returns a float", hint="A size is a whole number: divide with //.")
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@wrong(
    "ignores dilation",
    hint="With dilation D the window spans D (K - 1) + 1 positions, not K.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - kernel_size) // stride + 1


@wrong(
    "multiplies the kernel by the dilation",
    hint="Only the K - 1 gaps grow, not the last tap.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * kernel_size) // stride + 1


@wrong(
    "divides first",
    hint="Take the window off before you divide by the stride.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding) // stride - dilation * (kernel_size - 1)


@wrong(
    "loses K - 1 on each side",
    hint="Without padding the output loses K - 1 in total.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (
        n + 2 * padding - 2 * dilation * (kernel_size - 1) - 1
    ) // stride + 1


@wrong(
    "assumes same padding",
    hint="The padding is an argument; it need not keep the size.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return -(-n // stride)


@wrong(
    "rounds to the nearest",
    hint="Half a step does not happen: round down, always.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return round(
        (n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1
    )


@right("puts the one inside the division")
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    span = kernel_size + (kernel_size - 1) * (dilation - 1)
    return (n + 2 * padding - span + stride) // stride


@right("walks and counts")
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    stops, start = 0, -padding
    while start + dilation * (kernel_size - 1) < n + padding:
        stops, start = stops + 1, start + stride
    return stops


@right("asks PyTorch")
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    layer = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation)
    return layer(torch.zeros(1, 1, n)).shape[-1]


# 2 · same_padding


@wrong(
    "uses K // 2",
    hint="For an even kernel K // 2 on each side is one too many.",
)
def same_padding(kernel_size, dilation=1):
    return dilation * kernel_size // 2, dilation * kernel_size // 2


@wrong(
    "puts the larger part before",
    hint="The larger part goes after the input.",
)
def same_padding(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total - total // 2, total // 2


@wrong("ignores dilation", hint="A dilated kernel loses D (K - 1) positions.")
def same_padding(kernel_size, dilation=1):
    return (kernel_size - 1) // 2, kernel_size // 2


@wrong(
    "pads the total on each side",
    hint="Share the total out between the two sides.",
)
def same_padding(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total, total


@wrong(
    "returns one number", hint="Two numbers are asked for: (before, after)."
)
def same_padding(kernel_size, dilation=1):
    return dilation * (kernel_size - 1) // 2


@wrong(
    "rounds down on both sides",
    hint="For an even kernel one position is missing.",
)
def same_padding(kernel_size, dilation=1):
    half = dilation * (kernel_size - 1) // 2
    return half, half


@wrong("returns floats", hint="Positions are whole numbers: divide with //.")
def same_padding(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total / 2, total - total / 2


@wrong(
    "dilates the halves",
    hint="Multiply the total by the dilation first, then halve it.",
)
def same_padding(kernel_size, dilation=1):
    before = (kernel_size - 1) // 2
    return dilation * before, dilation * (kernel_size - 1 - before)


@wrong(
    "multiplies the kernel by the dilation", hint="Only the K - 1 gaps grow."
)
def same_padding(kernel_size, dilation=1):
    total = dilation * kernel_size - 1
    return total // 2, total - total // 2


@wrong("returns a list", hint="A tuple is asked for: (before, after).")
def same_padding(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return [total // 2, total - total // 2]


@right("uses the effective kernel")
def same_padding(kernel_size, dilation=1):
    effective = kernel_size + (kernel_size - 1) * (dilation - 1)
    return (effective - 1) // 2, effective // 2


@right("uses divmod")
def same_padding(kernel_size, dilation=1):
    half, odd = divmod(dilation * (kernel_size - 1), 2)
    return half, half + odd


# 3 · conv_parameters


@wrong(
    "forgets the input channels", hint="One filter covers all input channels."
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (kernel_size**2 + bias)


@wrong(
    "forgets to square the kernel",
    hint="A 2-D kernel has K × K weights for a channel.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (kernel_size * in_channels // groups + bias)


@wrong(
    "gives every weight pattern a bias",
    hint="There is one bias for each output channel.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (in_channels // groups) * (kernel_size**2 + bias)


@wrong(
    "has one bias in all", hint="There is one bias for each output channel."
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * kernel_size**2 * in_channels // groups + bias


@wrong(
    "gives input channels the biases",
    hint="The bias belongs to the output channel.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return (
        out_channels * kernel_size**2 * in_channels // groups
        + in_channels * bias
    )


@wrong("ignores bias=False", hint="With bias=False there are no biases.")
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (kernel_size**2 * in_channels // groups + 1)


@wrong(
    "ignores groups",
    hint="With groups, one filter covers in_channels / groups channels.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (kernel_size**2 * in_channels + bias)


@wrong(
    "divides both channels by the groups",
    hint="There are still out_channels filters.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return (
        out_channels
        // groups
        * (kernel_size**2 * in_channels // groups + bias)
    )


@wrong(
    "multiplies by the groups",
    hint="Groups make the layer smaller, not larger.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (kernel_size**2 * in_channels * groups + bias)


@wrong(
    "divides the biases as well",
    hint="Groups share out input channels; the biases stay.",
)
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    return out_channels * (kernel_size**2 * in_channels + bias) // groups


@right("counts a real layer")
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    layer = nn.Conv2d(
        in_channels, out_channels, kernel_size, groups=groups, bias=bias
    )
    return sum(p.numel() for p in layer.parameters())


@right("adds up the groups")
def conv_parameters(
    in_channels, out_channels, kernel_size, groups=1, bias=True
):
    one_group = (
        (in_channels // groups) * (out_channels // groups) * kernel_size**2
    )
    count = groups * one_group
    if bias:
        count += out_channels
    return count


# 4 · cost_table


@wrong(
    "counts FLOPs",
    hint="One multiply-accumulate is two FLOPs; MACs are asked for.",
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        table.append(
            (
                parameters,
                output.numel(),
                2 * output.numel() * layer.weight[0].numel(),
            )
        )

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong("counts weights without biases", hint="Biases are parameters too.")
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        table.append(
            (
                layer.weight.numel(),
                output.numel(),
                output.numel() * layer.weight[0].numel(),
            )
        )

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "takes MACs for weights",
    hint="Each weight is used at every place: multiply by the places.",
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        table.append((parameters, output.numel(), layer.weight.numel()))

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "counts the input's values", hint="Activations are what a layer puts out."
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        macs = output.numel() * layer.weight[0].numel()
        table.append((parameters, inputs[0].numel(), macs))

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "uses the size of the input map",
    hint="A MAC happens for every output value: use its size.",
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        places = inputs[0][0, 0].numel() if inputs[0].dim() == 4 else 1
        table.append(
            (parameters, output.numel(), places * layer.weight.numel())
        )

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "ignores groups",
    hint="With groups, fewer weights stand behind each output value.",
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        each = inputs[0].shape[1] * layer.weight[0, 0].numel()
        table.append((parameters, output.numel(), output.numel() * each))

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "counts the bias as a MAC", hint="The bias is not counted among the MACs."
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        each = layer.weight[0].numel() + (layer.bias is not None)
        table.append((parameters, output.numel(), output.numel() * each))

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "looks at the top level only",
    hint="Layers can be nested: model.modules() finds them all.",
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        table.append(
            (
                parameters,
                output.numel(),
                output.numel() * layer.weight[0].numel(),
            )
        )

    layers = [
        m for m in model.children() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@wrong(
    "leaves its hooks on",
    hint="Remove your hooks: the next caller gets them too.",
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        table.append(
            (
                parameters,
                output.numel(),
                output.numel() * layer.weight[0].numel(),
            )
        )

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(add)
    model(picture)
    return list(table)


@wrong(
    "lists in the order of construction",
    hint="List the layers in the order in which they run.",
)
def cost_table(model, picture):
    rows = {}

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        rows[layer] = (
            parameters,
            output.numel(),
            output.numel() * layer.weight[0].numel(),
        )

    layers = [
        m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return [rows[layer] for layer in layers]


@wrong(
    "leaves dense layers out", hint="Dense layers are in the table as well."
)
def cost_table(model, picture):
    table = []

    def add(layer, inputs, output):
        parameters = sum(p.numel() for p in layer.parameters())
        table.append(
            (
                parameters,
                output.numel(),
                output.numel() * layer.weight[0].numel(),
            )
        )

    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    model(picture)
    for hook in hooks:
        hook.remove()
    return table


@right("writes the formula out")
def cost_table(model, picture):
    rows = []

    def note(layer, inputs, output):
        parameters = layer.weight.numel() + (
            0 if layer.bias is None else layer.bias.numel()
        )
        if isinstance(layer, nn.Linear):
            macs = layer.in_features * layer.out_features
        else:
            high, wide = layer.kernel_size
            each = high * wide * layer.in_channels // layer.groups
            macs = (
                each * layer.out_channels * output.shape[2] * output.shape[3]
            )
        rows.append((parameters, output.numel(), macs))

    handles = []
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) or isinstance(layer, nn.Linear):
            handles.append(layer.register_forward_hook(note))
    try:
        with torch.no_grad():
            model(picture)
    finally:
        for handle in handles:
            handle.remove()
    return rows


@right("wraps forward instead of hooking")
def cost_table(model, picture):
    rows = []
    layers = [m for m in model.modules() if type(m) in (nn.Conv2d, nn.Linear)]

    def watched(layer):
        forward = layer.forward

        def run(x):
            y = forward(x)
            count = sum(p.numel() for p in layer.parameters())
            rows.append(
                (count, y.numel(), y.numel() * layer.weight[0].numel())
            )
            return y

        return run

    for layer in layers:
        layer.forward = watched(layer)
    model(picture)
    for layer in layers:
        del layer.forward
    return rows


# 5 · conv2d


@wrong("calls PyTorch", hint="Write the sum yourself, with loops and slices.")
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x[None], weight, bias, stride, padding, dilation, groups)[
        0
    ]


@wrong(
    "flips the kernel",
    hint="Layers compute a cross-correlation: the kernel is not flipped.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    weight = weight.flip(2, 3)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + sh : dilation, b : b + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong(
    "forgets the bias",
    hint="Each output channel has a bias that is added once.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + sh : dilation, b : b + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum()
    return y


@wrong(
    "adds the bias for every input channel",
    hint="The bias is added once for an output value.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        for c in range(per):
            window = x[
                first + c, a : a + sh : dilation, b : b + sw : dilation
            ]
            y[o, i, j] += (window * weight[o, c]).sum() + bias[o]
    return y


@wrong(
    "ignores the stride's step",
    hint="The window moves by the stride, not by one.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        window = x[
            first : first + per, i : i + sh : dilation, j : j + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong(
    "ignores padding",
    hint="Put zeros around the picture on all four sides first.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + sh : dilation, b : b + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong("pads the width only", hint="Padding goes on all four sides.")
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding, padding])
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + sh : dilation, b : b + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong(
    "ignores dilation",
    hint="Take every dilation-th row and column of a larger window.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    y = torch.zeros(
        c_out,
        (x.shape[1] - kh) // stride + 1,
        (x.shape[2] - kw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        y[o, i, j] = (
            x[first : first + per, a : a + kh, b : b + kw] * weight[o]
        ).sum() + bias[o]
    return y


@wrong(
    "takes the kernel to be square",
    hint="Height and width of the kernel may differ.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, k, _ = weight.shape
    s = dilation * (k - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - s) // stride + 1,
        (x.shape[2] - s) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + s : dilation, b : b + s : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong(
    "gives every output the first group",
    hint="Output channel o belongs to group o // (C_out / G).",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        a, b = i * stride, j * stride
        window = x[:per, a : a + sh : dilation, b : b + sw : dilation]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong(
    "deals the groups out in turn",
    hint="Groups are contiguous blocks of channels.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
        dtype=x.dtype,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o % groups * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + sh : dilation, b : b + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@wrong(
    "works in float32",
    hint="The result has the dtype of x: create it with dtype=x.dtype.",
)
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    sh, sw = dilation * (kh - 1) + 1, dilation * (kw - 1) + 1
    y = torch.zeros(
        c_out,
        (x.shape[1] - sh) // stride + 1,
        (x.shape[2] - sw) // stride + 1,
    )
    for o, i, j in itertools.product(*map(range, y.shape)):
        first = o // (c_out // groups) * per
        a, b = i * stride, j * stride
        window = x[
            first : first + per, a : a + sh : dilation, b : b + sw : dilation
        ]
        y[o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


@right("adds one tap at a time")
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, [padding] * 4)
    c_out, per, kh, kw = weight.shape
    height = (x.shape[1] - dilation * (kh - 1) - 1) // stride + 1
    width = (x.shape[2] - dilation * (kw - 1) - 1) // stride + 1
    outputs = []
    for o in range(c_out):
        y = torch.full((height, width), float(bias[o]), dtype=x.dtype)
        for c in range(per):
            channel = x[o // (c_out // groups) * per + c]
            for u in range(kh):
                for v in range(kw):
                    top, left = u * dilation, v * dilation
                    rows = slice(top, top + (height - 1) * stride + 1, stride)
                    columns = slice(
                        left, left + (width - 1) * stride + 1, stride
                    )
                    y = y + weight[o, c, u, v] * channel[rows, columns]
        outputs.append(y)
    return torch.stack(outputs)


@right("unfolds into a matrix product")
def conv2d(x, weight, bias, stride=1, padding=0, dilation=1, groups=1):
    c_out, per, kh, kw = weight.shape
    columns = F.unfold(x[None], (kh, kw), dilation, padding, stride)[0]
    height = (
        x.shape[1] + 2 * padding - dilation * (kh - 1) - 1
    ) // stride + 1
    parts = []
    for g, block in enumerate(columns.chunk(groups)):
        filters = weight[
            g * c_out // groups : (g + 1) * c_out // groups
        ].flatten(1)
        parts.append(filters @ block)
    y = torch.cat(parts) + bias[:, None]
    return y.reshape(c_out, height, -1)


# 6 · swap_pointwise


@wrong(
    "makes a new layer",
    hint="A new layer has random weights: copy the old ones.",
)
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        return nn.Linear(c_in, c_out, bias=bias)
    return nn.Conv2d(c_in, c_out, 1, bias=bias)


@wrong("forgets the bias", hint="Copy the bias as well.")
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        other = nn.Linear(c_in, c_out, bias=bias)
    else:
        other = nn.Conv2d(c_in, c_out, 1, bias=bias)
    other.weight.data = layer.weight.data.reshape(other.weight.shape).clone()
    return other


@wrong(
    "transposes the weights",
    hint="Both store (out, in); nothing is transposed.",
)
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        other = nn.Linear(c_in, c_out, bias=bias)
    else:
        other = nn.Conv2d(c_in, c_out, 1, bias=bias)
    flat = layer.weight.data.reshape(c_out, c_in)
    other.weight.data = flat.T.reshape(other.weight.shape).clone()
    if bias:
        other.bias.data = layer.bias.data.clone()
    return other


@wrong(
    "shares the weights",
    hint="The two layers share one memory: clone the weights.",
)
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        other = nn.Linear(c_in, c_out, bias=bias)
    else:
        other = nn.Conv2d(c_in, c_out, 1, bias=bias)
    other.weight.data = layer.weight.data.reshape(other.weight.shape)
    if bias:
        other.bias.data = layer.bias.data.clone()
    return other


@wrong("shares the bias", hint="The two layers share one bias: clone it.")
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        other = nn.Linear(c_in, c_out, bias=bias)
    else:
        other = nn.Conv2d(c_in, c_out, 1, bias=bias)
    other.weight.data = layer.weight.data.reshape(other.weight.shape).clone()
    other.bias = layer.bias
    return other


@wrong("always has a bias", hint="A layer without bias becomes one without.")
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    other = (
        nn.Linear(c_in, c_out)
        if isinstance(layer, nn.Conv2d)
        else nn.Conv2d(c_in, c_out, 1)
    )
    other.weight.data = layer.weight.data.reshape(other.weight.shape).clone()
    other.bias.data = (
        torch.zeros(c_out) if layer.bias is None else layer.bias.data.clone()
    )
    return other


@wrong("needs a bias", hint="layer.bias is None where there is no bias.")
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    other = (
        nn.Linear(c_in, c_out)
        if isinstance(layer, nn.Conv2d)
        else nn.Conv2d(c_in, c_out, 1)
    )
    other.weight.data = layer.weight.data.reshape(other.weight.shape).clone()
    other.bias.data = layer.bias.data.clone()
    return other


@wrong("goes one way only", hint="It is asked for in both directions.")
def swap_pointwise(layer):
    c_out, c_in = layer.weight.shape[:2]
    other = nn.Linear(c_in, c_out, bias=layer.bias is not None)
    other.weight.data = layer.weight.data.reshape(c_out, c_in).clone()
    if layer.bias is not None:
        other.bias.data = layer.bias.data.clone()
    return other


@wrong(
    "swaps the numbers of channels",
    hint="The shape of a weight is (out, in): the first is out.",
)
def swap_pointwise(layer):
    c_in, c_out = layer.weight.shape[:2]
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        other = nn.Linear(c_in, c_out, bias=bias)
    else:
        other = nn.Conv2d(c_in, c_out, 1, bias=bias)
    other.weight.data = layer.weight.data.reshape(other.weight.shape).clone()
    if bias:
        other.bias.data = layer.bias.data.clone()
    return other


@right("replaces the data")
def swap_pointwise(layer):
    bias = layer.bias is not None
    if isinstance(layer, nn.Conv2d):
        other = nn.Linear(layer.in_channels, layer.out_channels, bias)
        other.weight.data = layer.weight.data[:, :, 0, 0].clone()
    else:
        other = nn.Conv2d(
            layer.in_features, layer.out_features, (1, 1), bias=bias
        )
        other.weight.data = layer.weight.data[:, :, None, None].clone()
    if bias:
        other.bias.data = layer.bias.data.clone()
    return other


@right("loads a state dict")
def swap_pointwise(layer):
    state = {
        name: value.clone() for name, value in layer.state_dict().items()
    }
    bias = "bias" in state
    if state["weight"].dim() == 4:
        state["weight"] = state["weight"].flatten(1)
        other = nn.Linear(*reversed(state["weight"].shape), bias=bias)
    else:
        other = nn.Conv2d(layer.in_features, layer.out_features, 1, bias=bias)
        state["weight"] = state["weight"].unsqueeze(-1).unsqueeze(-1)
    other.load_state_dict(state)
    return other


# 7 · knob_table


@wrong(
    "returns it as printed",
    hint="Two cells are wrong: build the layers and see.",
)
def knob_table():
    return PRINTED


@wrong(
    "corrects the stride only",
    hint="One more cell is wrong: look at the sizes of the map.",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["weights"] = "same"
    return table


@wrong(
    "corrects the dilation only",
    hint="One more cell is wrong: which knobs change the weights?",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["dilation 1 to 2"]["map"] = "smaller"
    return table


@wrong(
    "lets dilation keep the map",
    hint="Padding 1 does not make up for a span of 5.",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["weights"] = "same"
    table["dilation 1 to 2"]["map"] = "same"
    return table


@wrong("lets dilation keep the MACs", hint="A smaller map takes fewer MACs.")
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["weights"] = "same"
    table["dilation 1 to 2"]["MACs"] = "same"
    return table


@wrong(
    "lets the stride add weights",
    hint="The kernel is the same at every stride.",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["weights"] = "more"
    table["dilation 1 to 2"]["map"] = "smaller"
    return table


@wrong(
    "lets dilation add weights",
    hint="A dilated kernel has the same weights, further apart.",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["dilation 1 to 2"]["weights"] = "more"
    table["dilation 1 to 2"]["map"] = "smaller"
    return table


@wrong(
    "lets the stride widen the span",
    hint="One output of this layer spans what it spanned before.",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["spans"] = "more"
    table["dilation 1 to 2"]["map"] = "smaller"
    return table


@wrong("lets padding keep the MACs", hint="A larger map takes more MACs.")
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["weights"] = "same"
    table["padding 1 to 2"]["MACs"] = "same"
    return table


@wrong(
    "lets a large kernel enlarge the map",
    hint="Padding 1 is too little for a 5×5 kernel.",
)
def knob_table():
    table = {knob: dict(row) for knob, row in PRINTED.items()}
    table["stride 1 to 2"]["weights"] = "same"
    table["kernel 3 to 5"]["map"] = "larger"
    return table


@right("writes the whole table")
def knob_table():
    return {
        "kernel 3 to 5": {
            "map": "smaller",
            "weights": "more",
            "MACs": "more",
            "spans": "more",
        },
        "stride 1 to 2": {
            "map": "smaller",
            "weights": "same",
            "MACs": "fewer",
            "spans": "same",
        },
        "padding 1 to 2": {
            "map": "larger",
            "weights": "same",
            "MACs": "more",
            "spans": "same",
        },
        "dilation 1 to 2": {
            "map": "smaller",
            "weights": "same",
            "MACs": "fewer",
            "spans": "more",
        },
    }


@right("changes PRINTED in place")
def knob_table():
    import copy

    table = copy.deepcopy(PRINTED)
    table["stride 1 to 2"].update(weights="same")
    table["dilation 1 to 2"].update(map="smaller")
    return table


# 8 · worked_numbers
# fmt: off


@wrong("gives AlexNet 55 at 224", hint="213 is not divisible by 4: round down, then add one.")
def worked_numbers():
    return {
        "alexnet_224": 55, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("forgets to count the first stop", hint="Steps are not stops: add one.")
def worked_numbers():
    return {
        "alexnet_224": 53, "alexnet_227": 54, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("pads for same size", hint="The padding that gives 55 is smaller than half the kernel.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 5, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("counts three missing pixels as padding", hint="Padding goes on both sides: 2 is enough.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 3, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("counts FLOPs", hint="MACs are asked for; FLOPs are twice as many.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 1179648,
        "separable_macs": 135680, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("divides by nine", hint="Nine is the limit for many channels; count both layers.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 65536, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("forgets the 1×1", hint="Depthwise alone does not mix the channels: add the 1×1.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 2304, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@wrong("multiplies the view", hint="Each layer adds K - 1 pixels; it does not multiply.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 15, "exact_shift_mode": "circular",
    }


@wrong("chooses zeros", hint="Zeros put an edge at the border that does not move with the picture.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "zeros",
    }


@wrong("chooses reflect", hint="A mirror at the border does not move with the picture.")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "reflect",
    }


@right("writes the numbers down")
def worked_numbers():
    return {
        "alexnet_224": 54, "alexnet_227": 55, "alexnet_padding": 2, "full_macs": 589824,
        "separable_macs": 67840, "seen_by_five": 11, "exact_shift_mode": "circular",
    }


@right("computes them with layers")
def worked_numbers():
    def size(n, padding=0):
        return nn.Conv1d(1, 1, 11, stride=4, padding=padding)(torch.zeros(1, 1, n)).shape[-1]

    full = nn.Conv2d(256, 256, 3, bias=False).weight.numel()
    depthwise = nn.Conv2d(256, 256, 3, groups=256, bias=False).weight.numel()
    pointwise = nn.Conv2d(256, 256, 1, bias=False).weight.numel()
    return {
        "alexnet_224": size(224),
        "alexnet_227": size(227),
        "alexnet_padding": next(p for p in range(9) if size(224, p) == 55),
        "full_macs": full,
        "separable_macs": depthwise + pointwise,
        "seen_by_five": sum([1] + [3 - 1] * 5),
        "exact_shift_mode": "circular",
    }
