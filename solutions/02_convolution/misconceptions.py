"""Plausible answers to the questions of convolution.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

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


wrong_change(
    "cost_table",
    "counts FLOPs",
    hint="One multiply-accumulate is two FLOPs; MACs are asked for.",
    old="output.numel() * layer",
    new="2 * output.numel() * layer",
)
wrong_change(
    "cost_table",
    "counts weights without biases",
    hint="Biases are parameters too.",
    old="sum(p.numel() for p in layer.parameters())",
    new="layer.weight.numel()",
)
wrong_change(
    "cost_table",
    "takes the weights for the MACs",
    hint="Each weight is used at every place: multiply by the places.",
    old="output.numel() * layer.weight[0].numel()",
    new="layer.weight.numel()",
)
wrong_change(
    "cost_table",
    "counts the input's values",
    hint="Activations are what a layer puts out.",
    old="                output.numel(),\n",
    new="                inputs[0].numel(),\n",
)
wrong_change(
    "cost_table",
    "uses the size of the input map",
    hint="A MAC happens for every output value: use the size of the output.",
    old="output.numel() * layer.weight[0].numel()",
    new="(inputs[0][0, 0].numel() if inputs[0].dim() == 4 else 1) * layer.weight.numel()",
)
wrong_change(
    "cost_table",
    "ignores groups",
    hint="With groups, fewer weights stand behind each output value.",
    old="layer.weight[0].numel()",
    new="inputs[0].shape[1] * layer.weight[0, 0].numel()",
)
wrong_change(
    "cost_table",
    "counts the bias as a MAC",
    hint="The bias is not counted among the MACs.",
    old="layer.weight[0].numel()",
    new="(layer.weight[0].numel() + (layer.bias is not None))",
)
wrong_change(
    "cost_table",
    "looks at the top level only",
    hint="Layers can be nested: model.modules() finds them all.",
    old="model.modules()",
    new="model.children()",
)
wrong_change(
    "cost_table",
    "leaves its hooks on",
    hint="Remove your hooks: the next caller gets them too.",
    old="        hook.remove()",
    new="        pass",
)
wrong_change(
    "cost_table",
    "leaves dense layers out",
    hint="Dense layers are in the table as well.",
    old="nn.Conv2d | nn.Linear",
    new="nn.Conv2d",
)


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


wrong_change(
    "conv2d",
    "flips the kernel",
    hint="Layers compute a cross-correlation: the kernel is not flipped.",
    old="weight[o])",
    new="weight[o].flip(1, 2))",
)
wrong_change(
    "conv2d",
    "forgets the bias",
    hint="Each output channel has a bias that is added once.",
    old=" + bias[o]",
    new="",
)
wrong_change(
    "conv2d",
    "adds the bias for every input channel",
    hint="The bias is added once for an output value, after the sum over channels.",
    old="+ bias[o]",
    new="+ per_group * bias[o]",
)
wrong_change(
    "conv2d",
    "averages over the input channels",
    hint="The input channels are added up, not averaged.",
    old=".sum() + bias",
    new=".sum() / per_group + bias",
)
wrong_change(
    "conv2d",
    "ignores the stride's step",
    hint="The window moves by the stride, not by one.",
    old="j * stride, j * stride + span_w",
    new="j, j + span_w",
)
wrong_change(
    "conv2d",
    "ignores padding",
    hint="Put zeros around the picture on all four sides first.",
    old="    x = F.pad(x, [padding] * 4)\n",
    new="",
)
wrong_change(
    "conv2d",
    "pads the width only",
    hint="Padding goes on all four sides.",
    old="[padding] * 4",
    new="[padding] * 2",
)
wrong_change(
    "conv2d",
    "pads by repeating the border",
    hint="The padding is zeros.",
    old="F.pad(x, [padding] * 4)",
    new='F.pad(x, [padding] * 4, mode="replicate")',
)
wrong_change(
    "conv2d",
    "ignores dilation",
    hint="Take every dilation-th row and column of a larger window.",
    old="    x = F.pad(",
    new="    dilation = 1\n    x = F.pad(",
)
wrong_change(
    "conv2d",
    "takes the kernel to be square",
    hint="Height and width of the kernel may differ.",
    old="(wide - 1)",
    new="(high - 1)",
)
wrong_change(
    "conv2d",
    "gives every output the first group",
    hint="Output channel o belongs to group o // (C_out / G).",
    old="o // (out_channels // groups) * per_group",
    new="0",
)
wrong_change(
    "conv2d",
    "deals the groups out in turn",
    hint="Groups are contiguous blocks of channels.",
    old="o // (out_channels // groups)",
    new="o % groups",
)
wrong_change(
    "conv2d",
    "works in float32",
    hint="The result has the dtype of x: create it with dtype=x.dtype.",
    old=", dtype=x.dtype",
    new="",
)


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


COPY = "other.weight.copy_(layer.weight.reshape(other.weight.shape))"  # in the solution

wrong_change(
    "swap_pointwise",
    "makes a new layer",
    hint="A new layer has random weights: copy the old ones.",
    old=COPY,
    new="pass",
)
wrong_change(
    "swap_pointwise",
    "forgets the bias",
    hint="Copy the bias as well.",
    old="other.bias.copy_(layer.bias)",
    new="pass",
)
wrong_change(
    "swap_pointwise",
    "transposes the weights",
    hint="Both store (out, in); nothing is transposed.",
    old="layer.weight.reshape(",
    new="layer.weight.reshape(out_channels, in_channels).T.reshape(",
)
wrong_change(
    "swap_pointwise",
    "shares the weights",
    hint="The two layers share one memory: clone the weights.",
    old=COPY,
    new="other.weight.data = layer.weight.data.reshape(other.weight.shape)",
)
wrong_change(
    "swap_pointwise",
    "shares the bias",
    hint="The two layers share one bias: clone it.",
    old="other.bias.copy_(layer.bias)",
    new="other.bias = layer.bias",
)
wrong_change(
    "swap_pointwise",
    "always has a bias",
    hint="A layer without bias becomes one without.",
    old="bias=has_bias",
    new="bias=True",
)
wrong_change(
    "swap_pointwise",
    "never has a bias",
    hint="A layer with bias becomes one with it.",
    old="has_bias = layer.bias is not None",
    new="has_bias = False",
)
wrong_change(
    "swap_pointwise",
    "needs a bias",
    hint="layer.bias is None where there is no bias.",
    old="has_bias = layer.bias is not None",
    new="has_bias = len(layer.bias) > 0",
)
wrong_change(
    "swap_pointwise",
    "goes one way only",
    hint="It is asked for in both directions.",
    old="isinstance(layer, nn.Conv2d)",
    new="True",
)
wrong_change(
    "swap_pointwise",
    "swaps the numbers of channels",
    hint="The shape of a weight is (out, in): the first is out.",
    old="out_channels, in_channels = layer",
    new="in_channels, out_channels = layer",
)


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


STRIDE, DILATION = (
    'table["stride 1 to 2"]["weights"]',
    'table["dilation 1 to 2"]["map"]',
)

wrong_change(
    "knob_table",
    "corrects the stride only",
    hint="One more cell is wrong: look at the sizes of the map.",
    old=f'{DILATION} = "smaller"',
    new="pass",
)
wrong_change(
    "knob_table",
    "corrects the dilation only",
    hint="One more cell is wrong: which knobs change the weights?",
    old=f'{STRIDE} = "same"',
    new="pass",
)
wrong_change(
    "knob_table",
    "lets dilation keep the map",
    hint="Padding 1 does not make up for a span of 5.",
    old='"smaller"',
    new='"same"',
)
wrong_change(
    "knob_table",
    "lets dilation keep the MACs",
    hint="A smaller map takes fewer MACs.",
    old=f'{DILATION} = "smaller"',
    new='table["dilation 1 to 2"]["MACs"] = "same"',
)
wrong_change(
    "knob_table",
    "lets the stride add weights",
    hint="The kernel is the same at every stride.",
    old='"same"',
    new='"more"',
)
wrong_change(
    "knob_table",
    "lets dilation add weights",
    hint="A dilated kernel has the same weights, further apart.",
    old=f'{STRIDE} = "same"',
    new='table["dilation 1 to 2"]["weights"] = "more"',
)
wrong_change(
    "knob_table",
    "lets the stride widen the span",
    hint="One output of this layer spans what it spanned before.",
    old=f'{STRIDE} = "same"',
    new='table["stride 1 to 2"]["spans"] = "more"',
)
wrong_change(
    "knob_table",
    "lets padding keep the MACs",
    hint="A larger map takes more MACs.",
    old=f'{DILATION} = "smaller"',
    new='table["padding 1 to 2"]["MACs"] = "same"',
)
wrong_change(
    "knob_table",
    "lets a large kernel enlarge the map",
    hint="Padding 1 is too little for a 5×5 kernel.",
    old=f'{DILATION} = "smaller"',
    new='table["kernel 3 to 5"]["map"] = "larger"',
)


@wrong(
    "returns it as printed",
    hint="Two cells are wrong: build the layers and see.",
)
def knob_table():
    return PRINTED


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

wrong_change(
    "worked_numbers",
    "gives AlexNet 55 at 224",
    hint="213 is not divisible by 4: round down, then add one.",
    old="(224 - 11) // 4 + 1",
    new="55",
)
wrong_change(
    "worked_numbers",
    "forgets to count the first stop",
    hint="Steps are not stops: add one.",
    old=" // 4 + 1",
    new=" // 4",
)
wrong_change(
    "worked_numbers",
    "pads for same size",
    hint="The padding that gives 55 is smaller than half the kernel.",
    old='"alexnet_padding": 2',
    new='"alexnet_padding": 5',
)
wrong_change(
    "worked_numbers",
    "takes the three missing pixels for the padding",
    hint="Padding goes on both sides: 2 is enough.",
    old='"alexnet_padding": 2',
    new='"alexnet_padding": 3',
)
wrong_change(
    "worked_numbers",
    "counts FLOPs",
    hint="MACs are asked for; FLOPs are twice as many.",
    old="9 * 256",
    new="18 * 256",
)
wrong_change(
    "worked_numbers",
    "counts the 1×1 only",
    hint="Separable means two layers: count the depthwise one as well.",
    old="9 * 256 + 256 * 256",
    new="256 * 256",
)
wrong_change(
    "worked_numbers",
    "counts the depthwise layer only",
    hint="Depthwise alone does not mix the channels: add the 1×1.",
    old="9 * 256 + 256 * 256",
    new="9 * 256",
)
wrong_change(
    "worked_numbers",
    "divides by nine",
    hint="Nine is the limit for many channels; count both layers.",
    old="9 * 256 + 256 * 256",
    new="9 * 256 * 256 // 9",
)
wrong_change(
    "worked_numbers",
    "multiplies the view",
    hint="Each layer adds K - 1 pixels; it does not multiply.",
    old="1 + 5 * 2",
    new="5 * 3",
)
wrong_change(
    "worked_numbers",
    "chooses zeros",
    hint="Zeros put an edge at the border that does not move with the picture.",
    old='"circular"',
    new='"zeros"',
)
wrong_change(
    "worked_numbers",
    "chooses reflect",
    hint="A mirror at the border does not move with the picture.",
    old='"circular"',
    new='"reflect"',
)


@right("writes the numbers down")
def worked_numbers():
    return {
        "alexnet_224": 54,
        "alexnet_227": 55,
        "alexnet_padding": 2,
        "full_macs": 589824,
        "separable_macs": 67840,
        "seen_by_five": 11,
        "exact_shift_mode": "circular",
    }


@right("computes them with layers")
def worked_numbers():
    def size(n, padding=0):
        return nn.Conv1d(1, 1, 11, stride=4, padding=padding)(
            torch.zeros(1, 1, n)
        ).shape[-1]

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
