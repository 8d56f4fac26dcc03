"""Plausible answers to the questions of why_convolution.ipynb: wrong ones with hints, right ones."""

import torch
from torch import nn

from cnnbook.grading.misconceptions import right, wrong, wrong_change

# 1 · dense_parameters

DENSE = "(inputs + 1) * units"
wrong_change(
    "dense_parameters",
    "forgets the biases",
    hint="Each unit has a bias.",
    old=DENSE,
    new="inputs * units",
)
wrong_change(
    "dense_parameters",
    "has one bias in all",
    hint="Each unit has a bias of its own.",
    old=DENSE,
    new="inputs * units + 1",
)
wrong_change(
    "dense_parameters",
    "gives each input a bias",
    hint="Biases belong to units, not to inputs.",
    old=DENSE,
    new="inputs * (units + 1)",
)
wrong_change(
    "dense_parameters",
    "adds instead of multiplying",
    hint="Every unit is connected with every number.",
    old=DENSE,
    new="inputs + units",
)
wrong_change(
    "dense_parameters",
    "forgets the channels",
    hint="A colour picture has three numbers at each place.",
    old=" * channels",
    new="",
)
wrong_change(
    "dense_parameters",
    "forgets the width",
    hint="Count all places: height times width.",
    old="height * width",
    new="height",
)
wrong_change(
    "dense_parameters",
    "takes the picture for a square",
    hint="Height and width may differ.",
    old="height * width",
    new="height * height",
)
wrong_change(
    "dense_parameters",
    "returns a float",
    hint="A count is a whole number.",
    old=DENSE,
    new="(inputs + 1) * units / 1",
)
wrong_change(
    "dense_parameters",
    "counts bytes",
    hint="Parameters are asked for, not memory.",
    old=DENSE,
    new="4 * (inputs + 1) * units",
)


@right("builds the layer without memory")
def dense_parameters(height, width, channels, units):
    layer = nn.Linear(height * width * channels, units, device="meta")
    return sum(p.numel() for p in layer.parameters())


@right("counts weights and biases apart")
def dense_parameters(height, width, channels, units):
    weights = units * height * width * channels
    biases = units
    return weights + biases


# 2 · three_counts

wrong_change(
    "three_counts",
    "squares the input of the dense layer",
    hint="Outputs have channels_out channels, inputs channels_in.",
    old="(places * channels_in) * (places * channels_out)",
    new="(places * channels_in) ** 2",
)
wrong_change(
    "three_counts",
    "counts the dense layer for one place",
    hint="H·W·C² is the cost of one output place; there are H·W of them.",
    old="(places * channels_in) * (places * channels_out)",
    new="places * channels_in * channels_out",
)
wrong_change(
    "three_counts",
    "forgets the input channels of the window",
    hint="A window reaches through all input channels.",
    old="kernel_size**2 * channels_in",
    new="kernel_size**2",
)
wrong_change(
    "three_counts",
    "takes a window for a row",
    hint="A window has kernel_size² places.",
    old="kernel_size**2",
    new="kernel_size",
)
wrong_change(
    "three_counts",
    "shares the local weights between channels",
    hint="Each output channel has weights of its own.",
    old="places * channels_out * window",
    new="places * window",
)
wrong_change(
    "three_counts",
    "shares the local weights between places",
    hint="Locally connected: every place has its own.",
    old="places * channels_out * window",
    new="channels_out * window",
)
wrong_change(
    "three_counts",
    "lets the convolution grow with the picture",
    hint="Shared weights do not depend on the size of the picture.",
    old='"convolutional": channels_out * window',
    new='"convolutional": places * channels_out * window',
)
wrong_change(
    "three_counts",
    "makes one output channel",
    hint="Each output channel has its own detector.",
    old='"convolutional": channels_out * window',
    new='"convolutional": window',
)
wrong_change(
    "three_counts",
    "adds biases",
    hint="Weights only, without biases.",
    old='"convolutional": channels_out * window',
    new='"convolutional": channels_out * (window + 1)',
)
wrong_change(
    "three_counts",
    "takes the picture for a square",
    hint="Height and width may differ.",
    old="height * width",
    new="height**2",
)


@right("builds the layers without memory")
def three_counts(height, width, channels_in, channels_out, kernel_size):
    places = height * width
    dense = nn.Linear(
        places * channels_in, places * channels_out, device="meta"
    )
    conv = nn.Conv2d(channels_in, channels_out, kernel_size, device="meta")
    return {
        "dense": dense.weight.numel(),
        "local": conv.weight.numel() * places,
        "convolutional": conv.weight.numel(),
    }


@right("begins with the convolution")
def three_counts(height, width, channels_in, channels_out, kernel_size):
    shared = kernel_size * kernel_size * channels_in * channels_out
    return dict(
        convolutional=shared,
        local=shared * height * width,
        dense=height**2 * width**2 * channels_in * channels_out,
    )


# 3 · detector_at

ROWS = "slice(row - half, row + half + 1)"
COLUMNS = "slice(column - half, column + half + 1)"
wrong_change(
    "detector_at",
    "flips the detector",
    hint="Nothing is flipped.",
    old="* detector)",
    new="* detector.flip(0, 1))",
)
wrong_change(
    "detector_at",
    "turns the detector round",
    hint="Rows stay rows: nothing is transposed.",
    old="* detector)",
    new="* detector.T)",
)
wrong_change(
    "detector_at",
    "begins the window at the place",
    hint="The place is the middle of the window.",
    old=ROWS,
    new="slice(row, row + 2 * half + 1)",
)
wrong_change(
    "detector_at",
    "leaves out the last column",
    hint="A slice ends before its end: add one.",
    old=COLUMNS,
    new="slice(column - half, column + half)",
)
wrong_change(
    "detector_at",
    "swaps row and column",
    hint="A place is (row, column).",
    old="for row, column in",
    new="for column, row in",
)
wrong_change(
    "detector_at",
    "takes the mean",
    hint="Add the products up; do not divide.",
    old=".sum()",
    new=".mean()",
)
wrong_change(
    "detector_at",
    "works for 3×3 only",
    hint="k may be any odd number.",
    old="detector.shape[0] // 2",
    new="1",
)
wrong_change(
    "detector_at",
    "returns tensors",
    hint="A list of floats is asked for.",
    old="float((picture[rows, columns] * detector).sum())",
    new="(picture[rows, columns] * detector).sum()",
)
wrong_change(
    "detector_at",
    "returns the first only",
    hint="One answer for each place.",
    old="    return answers",
    new="    return answers[:1]",
)
wrong_change(
    "detector_at",
    "adds without multiplying",
    hint="Multiply the window by the detector, number by number.",
    old="picture[rows, columns] * detector",
    new="picture[rows, columns] + detector",
)


@right("asks PyTorch for the whole map")
def detector_at(picture, detector, places):
    import torch.nn.functional as F

    k = detector.shape[0]
    full = F.conv2d(
        picture[None, None], detector[None, None], padding=k // 2
    )[0, 0]
    return [full[row, column].item() for row, column in places]


@right("adds up in loops")
def detector_at(picture, detector, places):
    k = len(detector)
    answers = []
    for row, column in places:
        total = 0.0
        for u in range(k):
            for v in range(k):
                total += (
                    picture[row + u - k // 2, column + v - k // 2].item()
                    * detector[u, v].item()
                )
        answers.append(total)
    return answers


# 4 · shuffle_pixels and unshuffle_pixels

PICK = "pictures.flatten(2)[:, :, order].reshape(pictures.shape)"
wrong_change(
    "shuffle_pixels",
    "undoes instead",
    hint="Place i shows what stood at order[i], not the other way round.",
    old="order].reshape",
    new="torch.argsort(order)].reshape",
)
wrong_change(
    "shuffle_pixels",
    "leaves the pictures flat",
    hint="Give the pictures their shape back.",
    old=".reshape(pictures.shape)",
    new="",
)
wrong_change(
    "shuffle_pixels",
    "shuffles the channels too",
    hint="All channels are shuffled alike; only places move.",
    old=PICK,
    new="pictures.flip(1).flatten(2)[:, :, order].reshape(pictures.shape)",
)
wrong_change(
    "shuffle_pixels",
    "counts column by column",
    hint="Places are counted row by row.",
    old="pictures.flatten(2)[:, :, order]",
    new="pictures.transpose(2, 3).flatten(2)[:, :, order]",
)
wrong_change(
    "shuffle_pixels",
    "draws an order of its own",
    hint="Use the order that is given.",
    old="order].reshape",
    new="torch.randperm(len(order))].reshape",
)
wrong_change(
    "shuffle_pixels",
    "does nothing",
    hint="The pixels have to move.",
    old=PICK,
    new="pictures.clone()",
)
wrong_change(
    "shuffle_pixels",
    "swaps height and width",
    hint="The shape stays (N, C, H, W).",
    old=".reshape(pictures.shape)",
    new=".reshape(*pictures.shape[:2], pictures.shape[3], pictures.shape[2])",
)
wrong_change(
    "shuffle_pixels",
    "mixes pictures",
    hint="Every picture is shuffled within itself.",
    old=PICK,
    new="pictures.flip(0).flatten(2)[:, :, order].reshape(pictures.shape)",
)


@wrong(
    "writes into the given pictures",
    hint="Return a new tensor; the given one stays as it is.",
)
def shuffle_pixels(pictures, order):
    pictures.flatten(2)[:] = pictures.flatten(2)[:, :, order].clone()
    return pictures


@right("gathers")
def shuffle_pixels(pictures, order):
    flat = pictures.flatten(2)
    index = order.expand(flat.shape)
    return flat.gather(2, index).reshape(pictures.shape)


@right("walks over the places")
def shuffle_pixels(pictures, order):
    width = pictures.shape[3]
    out = torch.zeros_like(pictures)
    for i, source in enumerate(order.tolist()):
        out[:, :, i // width, i % width] = pictures[
            :, :, source // width, source % width
        ]
    return out


BACK = "torch.argsort(order)"
wrong_change(
    "unshuffle_pixels",
    "shuffles once more",
    hint="Shuffling again does not undo it.",
    old=BACK,
    new="order",
)
wrong_change(
    "unshuffle_pixels",
    "reverses the order",
    hint="The opposite of an order is not the order read backwards.",
    old=BACK,
    new="order.flip(0)",
)
wrong_change(
    "unshuffle_pixels",
    "counts down",
    hint="Ask which place shows pixel 0.",
    old=BACK,
    new="len(order) - 1 - order",
)
wrong_change(
    "unshuffle_pixels",
    "sorts the numbers instead of finding their places",
    hint="sort gives the values, argsort the places.",
    old=BACK,
    new="torch.sort(order).values",
)
wrong_change(
    "unshuffle_pixels",
    "sorts downwards",
    hint="Place 0 comes first.",
    old=BACK,
    new="torch.argsort(order, descending=True)",
)
wrong_change(
    "unshuffle_pixels",
    "leaves the pictures flat",
    hint="Give the pictures their shape back.",
    old=".reshape(pictures.shape)",
    new="",
)
wrong_change(
    "unshuffle_pixels",
    "does nothing",
    hint="The pixels have to move back.",
    old="back = torch.argsort(order)",
    new="return pictures.clone()",
)
wrong_change(
    "unshuffle_pixels",
    "counts column by column",
    hint="Places are counted row by row.",
    old="pictures.flatten(2)[:, :, back]",
    new="pictures.transpose(2, 3).flatten(2)[:, :, back]",
)


@right("writes where it would read")
def unshuffle_pixels(pictures, order):
    flat = torch.empty_like(pictures).flatten(2)
    flat[:, :, order] = pictures.flatten(2)
    return flat.reshape(pictures.shape)


@right("inverts the order in a loop")
def unshuffle_pixels(pictures, order):
    places = order.tolist()
    back = [places.index(i) for i in range(len(places))]
    return pictures.flatten(2)[..., back].reshape(pictures.shape)


# 5 · layer_shapes

NOTE = "shapes.append(tuple(x.shape[1:]))"
wrong_change(
    "layer_shapes",
    "keeps the batch axis",
    hint="Leave out the first axis, the batch.",
    old=NOTE,
    new="shapes.append(tuple(x.shape))",
)
wrong_change(
    "layer_shapes",
    "returns torch.Size",
    hint="Tuples of ints are asked for.",
    old=NOTE,
    new="shapes.append(x.shape[1:])",
)
wrong_change(
    "layer_shapes",
    "notes the inputs",
    hint="The shape after each layer, not before it.",
    old="            x = layer(x)\n            shapes.append(tuple(x.shape[1:]))",
    new="            shapes.append(tuple(x.shape[1:]))\n            x = layer(x)",
)
wrong_change(
    "layer_shapes",
    "notes the last only",
    hint="One shape for each layer.",
    old="    return shapes",
    new="    return shapes[-1:]",
)
wrong_change(
    "layer_shapes",
    "gives each layer the picture",
    hint="Each layer reads what the one before it made.",
    old="x = layer(x)",
    new="x = layer(torch.zeros(1, *picture_shape))",
)
wrong_change(
    "layer_shapes",
    "begins with the picture",
    hint="Only the layers' outputs are asked for.",
    old="shapes, x = [], torch",
    new="shapes, x = [tuple(picture_shape)], torch",
)
wrong_change(
    "layer_shapes",
    "goes into nested parts",
    hint="A Sequential within the Sequential is one layer.",
    old="for layer in network:",
    new="for layer in [m for m in network.modules() if not isinstance(m, nn.Sequential)]:",
)
wrong_change(
    "layer_shapes",
    "leaves out layers without weights",
    hint="Every layer counts, weights or not.",
    old="            shapes.append(tuple(x.shape[1:]))",
    new="            if list(layer.parameters()):\n                shapes.append(tuple(x.shape[1:]))",
)
wrong_change(
    "layer_shapes",
    "puts channels last",
    hint="PyTorch's order is (C, H, W).",
    old=NOTE,
    new="shapes.append(tuple(x.shape[2:]) + tuple(x.shape[1:2]))",
)


@right("hooks every layer")
def layer_shapes(network, picture_shape):
    shapes = []
    hooks = [
        layer.register_forward_hook(
            lambda m, i, o: shapes.append(tuple(o.shape[1:]))
        )
        for layer in network
    ]
    network(torch.zeros(1, *picture_shape))
    for hook in hooks:
        hook.remove()
    return shapes


@right("runs longer and longer beginnings")
def layer_shapes(network, picture_shape):
    x = torch.zeros(1, *picture_shape)
    return [tuple(network[: n + 1](x)[0].shape) for n in range(len(network))]


# 6 · count_1989

wrong_change(
    "count_1989",
    "shares the first biases",
    hint="There is a bias for each unit, not for each map.",
    old="maps * (25 + first**2)",
    new="maps * (25 + 1)",
)
wrong_change(
    "count_1989",
    "shares the second biases",
    hint="There is a bias for each unit, not for each map.",
    old="25 * reads + second**2",
    new="25 * reads + 1",
)
wrong_change(
    "count_1989",
    "reads all maps",
    hint="Each map reads `reads` maps, not all of them.",
    old="25 * reads",
    new="25 * maps",
)
wrong_change(
    "count_1989",
    "reads one map",
    hint="Each map reads `reads` maps.",
    old="25 * reads",
    new="25",
)
wrong_change(
    "count_1989",
    "does not share the weights",
    hint="Weights are shared within a map.",
    old="maps * (25 + first**2)",
    new="maps * 26 * first**2",
)
wrong_change(
    "count_1989",
    "forgets the hidden biases",
    hint="Each hidden unit has a bias.",
    old="(maps * second**2 + 1) * hidden",
    new="maps * second**2 * hidden",
)
wrong_change(
    "count_1989",
    "forgets the last biases",
    hint="Each output has a bias.",
    old="(hidden + 1) * 10",
    new="hidden * 10",
)
wrong_change(
    "count_1989",
    "reads one map in the dense layer",
    hint="The dense layer reads all maps.",
    old="(maps * second**2 + 1)",
    new="(second**2 + 1)",
)
wrong_change(
    "count_1989",
    "takes a side for an area",
    hint="A map has second² units.",
    old="(maps * second**2 + 1)",
    new="(maps * second + 1)",
)
wrong_change(
    "count_1989",
    "returns the sum",
    hint="Four numbers are asked for.",
    old="return h1, h2, h3, (hidden + 1) * 10",
    new="return h1 + h2 + h3 + (hidden + 1) * 10",
)
wrong_change(
    "count_1989",
    "returns a list",
    hint="A tuple is asked for.",
    old="return h1, h2, h3, (hidden + 1) * 10",
    new="return [h1, h2, h3, (hidden + 1) * 10]",
)


@right("counts weights and biases apart")
def count_1989(maps, first, second, reads, hidden):
    weights = (
        maps * 25,
        maps * reads * 25,
        maps * second * second * hidden,
        hidden * 10,
    )
    biases = (maps * first * first, maps * second * second, hidden, 10)
    return tuple(w + b for w, b in zip(weights, biases))


@right("names the areas")
def count_1989(maps, first, second, reads, hidden):
    area1, area2 = first * first, second * second
    return (
        25 * maps + area1 * maps,
        25 * reads * maps + area2 * maps,
        hidden * (area2 * maps) + hidden,
        10 * hidden + 10,
    )
