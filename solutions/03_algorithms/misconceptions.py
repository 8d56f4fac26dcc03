"""Plausible answers to the questions of algorithms.ipynb: wrong ones with hints, right ones."""

import torch
import torch.nn.functional as F

from cnnbook.grading.misconceptions import right, wrong, wrong_change


# 1 · product_table

Q = "product_table"
wrong_change(
    Q,
    "sums the products",
    "(window * w).flatten()",
    "(window * w).sum()[None]",
    "The table holds the products; the sum of a row is the output.",
)
wrong_change(
    Q,
    "flips the kernel",
    "(window * w)",
    "(window * w.flip(0, 1))",
    "In networks the kernel is not flipped: its upper left entry meets the window's upper left one.",
)
wrong_change(
    Q,
    "goes column by column inside a window",
    "(window * w).flatten()",
    "(window * w).T.flatten()",
    "Count the kernel's entries row by row.",
)
wrong_change(
    Q,
    "forgets the last row of outputs",
    "x.shape[0] - k + 1",
    "x.shape[0] - k",
    "A window may end on the last row: there are H - K + 1 of them.",
)
wrong_change(
    Q,
    "forgets the last column of outputs",
    "x.shape[1] - m + 1",
    "x.shape[1] - m",
    "A window may end in the last column.",
)
wrong_change(
    Q,
    "swaps the kernel's sides",
    "k, m = w.shape",
    "m, k = w.shape",
    "w is (K, L): the first number is its height.",
)
wrong_change(
    Q,
    "takes windows side by side",
    "range(x.shape[0] - k + 1)",
    "range(0, x.shape[0] - k + 1, k)",
    "The stride is 1: windows overlap.",
)
wrong_change(
    Q,
    "lists the windows only",
    "(window * w).flatten()",
    "window.flatten()",
    "Each number of the window is multiplied by the kernel's.",
)
wrong_change(
    Q,
    "puts outputs into columns",
    "torch.stack(rows)",
    "torch.stack(rows, 1)",
    "One row for each output.",
)


@wrong(
    "goes through the outputs column by column",
    hint="Count the outputs row by row.",
)
def product_table(x, w):
    k, m = w.shape
    rows = []
    for j in range(x.shape[1] - m + 1):
        for i in range(x.shape[0] - k + 1):
            rows.append((x[i : i + k, j : j + m] * w).flatten())
    return torch.stack(rows)


@right("unfolds")
def product_table(x, w):
    return F.unfold(x[None, None], tuple(w.shape))[0].T * w.flatten()


@right("uses two views")
def product_table(x, w):
    windows = x.unfold(0, w.shape[0], 1).unfold(1, w.shape[1], 1)
    return (windows * w).flatten(2).flatten(0, 1)


# 2 · conv2d_backward

Q = "conv2d_backward"
wrong_change(
    Q,
    "overwrites instead of adding",
    "dx[:, :, rows, columns] +=",
    "dx[:, :, rows, columns] =",
    "Windows overlap: what an input gets from different outputs adds up.",
)
wrong_change(
    Q,
    "forgets to pad",
    "F.pad(x, [padding] * 4)",
    "x",
    "The windows lie on the padded picture.",
)
wrong_change(
    Q,
    "leaves the padding on the gradient",
    "return dx[:, :, rows, columns], dw",
    "return dx, dw",
    "dx has the shape of x: cut the padding off.",
)
wrong_change(
    Q,
    "flips the kernel",
    "w[:, :, u, v]\n",
    "w.flip(2, 3)[:, :, u, v]\n",
    "Tap (u, v) was multiplied by w[u, v] on the way forward, and is on the way back.",
)
wrong_change(
    Q,
    "adds the padding only below and right",
    "F.pad(x, [padding] * 4)",
    "F.pad(x, [0, 2 * padding, 0, 2 * padding])",
    "Padding is put on all four sides.",
)
wrong_change(
    Q,
    "ignores the stride",
    "stride)\n            columns = slice(v, v + wide, stride)",
    "1)\n            columns = slice(v, v + wide, 1)",
    "Neighbouring outputs look at inputs that lie a stride apart.",
)
wrong_change(
    Q,
    "averages over the batch",
    'torch.einsum("nohw,nchw->oc", g, seen)',
    'torch.einsum("nohw,nchw->oc", g, seen) / len(x)',
    "If the loss is a mean, g knows it already. Sum over the pictures.",
)
wrong_change(
    Q,
    "forgets the first picture",
    '"nohw,nchw->oc", g, seen',
    '"nohw,nchw->oc", g[1:], seen[1:]',
    "All pictures of the batch contribute to the gradient of the weights.",
)
wrong_change(
    Q,
    "takes the weights without sign",
    "g, tap)",
    "g, tap.abs())",
    "The sign of a weight matters on the way back, too.",
)
wrong_change(
    Q,
    "swaps rows and columns of the taps",
    "tap = padded[:, :, rows, columns], w[:, :, u, v]",
    "tap = padded[:, :, rows, columns], w.transpose(2, 3)[:, :, u % w.shape[3], v % w.shape[2]]",
    "u counts the kernel's rows, v its columns.",
)
wrong_change(
    Q,
    "returns (dw, dx)",
    "return dx[:, :, rows, columns], dw",
    "return dw, dx[:, :, rows, columns]",
    "First the gradient of x, then that of w.",
)


@right("goes output by output")
def conv2d_backward(x, w, g, stride=1, padding=0):
    padded = F.pad(x, [padding] * 4)
    dx, dw = torch.zeros_like(padded), torch.zeros_like(w)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            top, left = i * stride, j * stride
            rows, columns = (
                slice(top, top + w.shape[2]),
                slice(left, left + w.shape[3]),
            )
            dw += torch.einsum(
                "no,nckl->ockl", g[:, :, i, j], padded[:, :, rows, columns]
            )
            dx[:, :, rows, columns] += torch.einsum(
                "no,ockl->nckl", g[:, :, i, j], w
            )
    return dx[
        :, :, padding : padding + x.shape[2], padding : padding + x.shape[3]
    ], dw


@right("unfolds and folds")
def conv2d_backward(x, w, g, stride=1, padding=0):
    size, windows = (
        tuple(w.shape[2:]),
        F.unfold(x, w.shape[2:], padding=padding, stride=stride),
    )
    flat = g.flatten(2)  # (N, O, places)
    dw = torch.einsum("nop,nkp->ok", flat, windows).view_as(w)
    columns = torch.einsum("nop,ok->nkp", flat, w.flatten(1))
    return F.fold(
        columns, tuple(x.shape[2:]), size, padding=padding, stride=stride
    ), dw


# 3 · maxpool_backward

Q = "maxpool_backward"
wrong_change(
    Q,
    "overwrites instead of adding",
    "+= g[i, j]",
    "= g[i, j]",
    "An input that wins in two windows gets both gradients.",
)
wrong_change(
    Q,
    "takes windows side by side",
    "top, left = i * stride, j * stride",
    "top, left = i * kernel_size, j * kernel_size",
    "Windows move by the stride, which may be smaller than the window.",
)
wrong_change(
    Q,
    "sends ones",
    "+= g[i, j]",
    "+= 1",
    "What is handed on is the gradient of the output.",
)
wrong_change(
    Q,
    "hands on the value",
    "+= g[i, j]",
    "+= g[i, j] * window.max()",
    "The slope of the maximum is 1: the value does not enter.",
)
wrong_change(
    Q,
    "takes the smallest",
    "argmax",
    "argmin",
    "The output is the largest number of the window.",
)
wrong_change(
    Q,
    "swaps row and column of the winner",
    "row, column = divmod",
    "column, row = divmod",
    "Counted row by row, a place divided by the width gives the row.",
)
wrong_change(
    Q,
    "takes the largest absolute value",
    "window.flatten().argmax()",
    "window.flatten().abs().argmax()",
    "Max pooling compares values, not sizes.",
)
wrong_change(
    Q,
    "shares like an average",
    "gradient[top + row, left + column] += g[i, j]",
    "gradient[top : top + kernel_size, left : left + kernel_size] += g[i, j] / kernel_size**2",
    "That is average pooling; the maximum has one winner.",
)


@wrong(
    "gives the gradient to all of a tie",
    hint="Ties go to the first one, row by row.",
)
def maxpool_backward(x, g, kernel_size, stride):
    gradient = torch.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            rows = slice(i * stride, i * stride + kernel_size)
            columns = slice(j * stride, j * stride + kernel_size)
            window = x[rows, columns]
            gradient[rows, columns] += g[i, j] * (window == window.max())
    return gradient


@wrong(
    "begins with zero, so negative windows have no winner",
    hint="All numbers of a window may be negative.",
)
def maxpool_backward(x, g, kernel_size, stride):
    gradient = torch.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            best, place = 0.0, (i * stride, j * stride)
            for u in range(kernel_size):
                for v in range(kernel_size):
                    value = x[i * stride + u, j * stride + v]
                    if value > best:
                        best, place = value, (i * stride + u, j * stride + v)
            gradient[place] += g[i, j]
    return gradient


@right("searches by hand")
def maxpool_backward(x, g, kernel_size, stride):
    gradient = torch.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            best, place = None, None
            for u in range(kernel_size):
                for v in range(kernel_size):
                    here = i * stride + u, j * stride + v
                    if best is None or x[here] > best:
                        best, place = x[here], here
            gradient[place] += g[i, j]
    return gradient


@right("asks for the indices")
def maxpool_backward(x, g, kernel_size, stride):
    _, places = F.max_pool2d(
        x[None, None], kernel_size, stride, return_indices=True
    )
    gradient = torch.zeros_like(x).flatten()
    gradient.index_add_(0, places.flatten(), g.flatten())
    return gradient.view_as(x)


# 4 · cross_entropy_gradient

Q = "cross_entropy_gradient"
wrong_change(
    Q,
    "forgets the mean",
    " / len(labels)",
    "",
    "The loss is the mean over the batch, so each picture's share is 1/N.",
)
wrong_change(
    Q,
    "divides by the number of classes",
    "/ len(labels)",
    "/ logits.shape[1]",
    "The mean is over the pictures.",
)
wrong_change(
    Q,
    "has the sign wrong",
    "(shares - target)",
    "(target - shares)",
    "Raising the right logit lowers the loss: its gradient is negative.",
)
wrong_change(
    Q,
    "forgets the target",
    "(shares - target)",
    "shares",
    "Subtract 1 at the right class.",
)
wrong_change(
    Q,
    "normalises over the batch",
    "shifted.exp().sum(1, keepdim=True)",
    "shifted.exp().sum(0, keepdim=True)",
    "Shares add up to 1 for each picture, along the classes.",
)
wrong_change(
    Q,
    "subtracts one everywhere",
    "(shares - target)",
    "(shares - 1)",
    "Only the right class gets the 1 subtracted.",
)
wrong_change(
    Q,
    "overflows",
    "logits - logits.amax(1, keepdim=True)",
    "logits",
    "exp(1000) is infinite: subtract the row's largest logit first.",
)
wrong_change(
    Q,
    "returns log-probabilities minus the target",
    "shares = shifted.exp() / shifted.exp().sum(1, keepdim=True)",
    "shares = shifted.log_softmax(1)",
    "The gradient has the probabilities in it, not their logarithms.",
)
wrong_change(
    Q,
    "returns the loss of each picture",
    "(shares - target) / len(labels)",
    "-(shares.log() * target).sum(1, keepdim=True)",
    "The gradient is asked for, one number for each logit.",
)


@right("uses softmax")
def cross_entropy_gradient(logits, labels):
    gradient = logits.softmax(1)
    gradient[torch.arange(len(labels)), labels] -= 1
    return gradient / len(labels)


@right("asks autograd")
def cross_entropy_gradient(logits, labels):
    z = logits.detach().clone().requires_grad_()
    F.cross_entropy(z, labels).backward()
    return z.grad


# 5 · arithmetic_intensity

Q = "arithmetic_intensity"
wrong_change(
    Q,
    "counts MACs",
    "2 * places * weights",
    "places * weights",
    "A multiplication and an addition are two operations.",
)
wrong_change(
    Q,
    "counts numbers, not bytes",
    "(4 * numbers)",
    "numbers",
    "Each number has 4 bytes.",
)
wrong_change(
    Q,
    "forgets the groups",
    "(channels_in // groups)",
    "channels_in",
    "In a group, a kernel sees channels_in / groups channels.",
)
wrong_change(
    Q,
    "divides both channel counts by the groups",
    "channels_out * (channels_in // groups)",
    "(channels_out // groups) * (channels_in // groups)",
    "Every output channel has a kernel, whatever its group.",
)
wrong_change(
    Q,
    "forgets the output",
    " + places * channels_out",
    "",
    "The output is written to memory, too.",
)
wrong_change(
    Q,
    "forgets the weights",
    "places * channels_in + weights +",
    "places * channels_in +",
    "The weights have to be fetched, once.",
)
wrong_change(
    Q,
    "fetches weights for every picture",
    "places * channels_in + weights +",
    "places * channels_in + batch * weights +",
    "The weights serve the whole batch: fetched once.",
)
wrong_change(
    Q,
    "takes one row for the picture",
    "batch * size**2",
    "batch * size",
    "A picture has size × size places.",
)
wrong_change(
    Q,
    "forgets the batch",
    "batch * size**2",
    "size**2",
    "Every picture of the batch has its places.",
)
wrong_change(
    Q,
    "gives bytes per FLOP",
    "flops / (4 * numbers)",
    "(4 * numbers) / flops",
    "Operations per byte: operations above the line.",
)


@right("counts with tensors that cost nothing")
def arithmetic_intensity(
    batch, channels_in, channels_out, size, kernel_size, groups=1
):
    x = torch.empty(batch, channels_in, size, size, device="meta")
    w = torch.empty(
        channels_out,
        channels_in // groups,
        kernel_size,
        kernel_size,
        device="meta",
    )
    outputs = batch * channels_out * size * size
    return (
        2 * outputs * w[0].numel() / (4 * (x.numel() + w.numel() + outputs))
    )


@right("simplifies the factor")
def arithmetic_intensity(
    batch, channels_in, channels_out, size, kernel_size, groups=1
):
    places = batch * size * size
    weights = channels_out * channels_in * kernel_size * kernel_size // groups
    return (
        places
        * weights
        / (2 * (places * (channels_in + channels_out) + weights))
    )


# 6 · conv_by_unfold

Q = "conv_by_unfold"
wrong_change(
    Q,
    "ignores the padding",
    "padding=padding, stride=stride",
    "padding=0, stride=stride",
    "Give unfold the padding as well.",
)
wrong_change(
    Q,
    "ignores the stride",
    "padding=padding, stride=stride",
    "padding=padding, stride=1",
    "Give unfold the stride as well.",
)
wrong_change(
    Q,
    "pads one side in the size",
    "2 * padding",
    "padding",
    "Padding is added on both sides.",
)
wrong_change(
    Q,
    "has one row too few",
    "// stride + 1",
    "// stride",
    "The first window counts, too: + 1.",
)
wrong_change(
    Q,
    "takes the width for the height",
    "x.shape[2] + 2 * padding - w.shape[2]",
    "x.shape[3] + 2 * padding - w.shape[3]",
    "Fold back by rows: the height decides how many.",
)
wrong_change(
    Q,
    "leaves the places in a row",
    "y.unflatten(2, (height, -1))",
    "y",
    "The outputs form a picture: (N, O, H_out, W_out).",
)
wrong_change(
    Q,
    "keeps the input's size",
    "y.unflatten(2, (height, -1))",
    "y.unflatten(2, tuple(x.shape[2:]))",
    "The output may be smaller than the input.",
)
wrong_change(
    Q,
    "flips the kernel",
    "w.flatten(1)",
    "w.flip(2, 3).flatten(1)",
    "In networks the kernel is not flipped.",
)
wrong_change(
    Q,
    "calls PyTorch's convolution",
    "w.flatten(1) @ windows",
    "F.conv2d(x, w, stride=stride, padding=padding).flatten(2)",
    "Write your own sum: unfold and one matrix product.",
)
wrong_change(
    Q,
    "transposes the picture",
    "y.unflatten(2, (height, -1))",
    "y.unflatten(2, (-1, height)).transpose(2, 3)",
    "Places are counted row by row.",
)


@right("uses einsum")
def conv_by_unfold(x, w, stride=1, padding=0):
    windows = F.unfold(x, w.shape[2:], padding=padding, stride=stride)
    y = torch.einsum("ok,nkp->nop", w.flatten(1), windows)
    wide = (x.shape[3] + 2 * padding - w.shape[3]) // stride + 1
    return y.reshape(x.shape[0], w.shape[0], -1, wide)


@right("uses views")
def conv_by_unfold(x, w, stride=1, padding=0):
    padded = F.pad(x, [padding] * 4)
    windows = padded.unfold(2, w.shape[2], stride).unfold(
        3, w.shape[3], stride
    )
    return torch.einsum("nchwkl,ockl->nohw", windows, w)


# 7 · circular_conv_by_fft

Q = "circular_conv_by_fft"
wrong_change(
    Q,
    "forgets the conjugate",
    "spectrum.conj()",
    "spectrum",
    "The product of the transforms flips the kernel; the complex conjugate undoes it.",
)
wrong_change(
    Q,
    "conjugates the picture instead",
    "torch.fft.rfft2(x) * spectrum.conj()",
    "torch.fft.rfft2(x).conj() * spectrum",
    "Then the picture is flipped: conjugate the kernel's transform.",
)
wrong_change(
    Q,
    "does not enlarge the kernel",
    "torch.fft.rfft2(w, s=x.shape)",
    "torch.fft.rfft2(w, s=w.shape)",
    "The kernel's transform must have the size of the picture's: s=x.shape.",
)
wrong_change(
    Q,
    "lets the width be even",
    "spectrum.conj(), s=x.shape)",
    "spectrum.conj())",
    "irfft2 cannot know an odd width: give it s=x.shape.",
)
wrong_change(
    Q,
    "adds instead of multiplying",
    "torch.fft.rfft2(x) * spectrum.conj()",
    "torch.fft.rfft2(x) + spectrum.conj()",
    "Convolving is multiplying on the transforms.",
)
wrong_change(
    Q,
    "scales by the number of pixels",
    "return torch",
    "return x.numel() * torch",
    "irfft2 divides by the number of pixels already, as it should.",
)
wrong_change(
    Q,
    "keeps only the valid outputs",
    "spectrum.conj(), s=x.shape)",
    "spectrum.conj(), s=x.shape)[: x.shape[0] - w.shape[0] + 1, : x.shape[1] - w.shape[1] + 1]",
    "The circular layer has as many outputs as inputs.",
)
wrong_change(
    Q,
    "drops the imaginary part too early",
    "spectrum.conj()",
    "spectrum.real",
    "The phases carry the places: keep the complex numbers.",
)


@wrong(
    "uses a window with zeros",
    hint="The window continues on the other side of the picture.",
)
def circular_conv_by_fft(x, w):
    x = F.pad(x, (0, w.shape[1] - 1, 0, w.shape[0] - 1))
    y = torch.fft.irfft2(
        torch.fft.rfft2(x) * torch.fft.rfft2(w, s=x.shape).conj(), s=x.shape
    )
    return y[: x.shape[0] - w.shape[0] + 1, : x.shape[1] - w.shape[1] + 1]


@right("uses the full transform")
def circular_conv_by_fft(x, w):
    return torch.fft.ifft2(
        torch.fft.fft2(x) * torch.fft.fft2(w, s=x.shape).conj()
    ).real


@right("flips the kernel in space")
def circular_conv_by_fft(x, w):
    kernel = torch.zeros_like(x)
    kernel[: w.shape[0], : w.shape[1]] = w
    kernel = kernel.flip(0, 1).roll((1, 1), (0, 1))
    return torch.fft.irfft2(
        torch.fft.rfft2(x) * torch.fft.rfft2(kernel), s=x.shape
    )


# 8 · smallest_even_kernel

Q = "smallest_even_kernel"
wrong_change(
    Q,
    "rounds down",
    "-(-at_least // stride) * stride",
    "at_least // stride * stride",
    "At least: round up.",
)
wrong_change(
    Q,
    "always goes one further",
    "-(-at_least // stride) * stride",
    "(at_least // stride + 1) * stride",
    "at_least itself may be divisible by the stride.",
)
wrong_change(
    Q,
    "doubles the stride",
    "-(-at_least // stride) * stride",
    "2 * stride",
    "2 · stride is even, but is it the smallest, and large enough?",
)
wrong_change(
    Q,
    "returns the stride",
    "-(-at_least // stride) * stride",
    "stride",
    "The kernel must also be at least as large as asked.",
)
wrong_change(
    Q,
    "takes the next even number",
    "-(-at_least // stride) * stride",
    "at_least + at_least % 2",
    "Even strokes, not even numbers: the stride must divide the kernel size.",
)
wrong_change(
    Q,
    "takes the next odd number",
    "-(-at_least // stride) * stride",
    "at_least + 1 - at_least % 2",
    "Odd kernels have a middle, but the checkerboard asks for a multiple of the stride.",
)
wrong_change(
    Q,
    "returns a float",
    "-(-at_least // stride) * stride",
    "-(-at_least // stride) * stride / 1",
    "A kernel size is a whole number.",
)
wrong_change(
    Q,
    "counts the strokes",
    "-(-at_least // stride) * stride",
    "-(-at_least // stride)",
    "That is how many strokes each place gets; the kernel size is asked for.",
)
wrong_change(
    Q,
    "adds the stride",
    "-(-at_least // stride) * stride",
    "at_least + stride",
    "Find the next multiple of the stride.",
)


@right("searches")
def smallest_even_kernel(at_least, stride):
    k = at_least
    while k % stride:
        k += 1
    return k


@right("uses ceil")
def smallest_even_kernel(at_least, stride):
    import math

    return math.ceil(at_least / stride) * stride


# 9 · winograd_tile

Q = "winograd_tile"
wrong_change(
    Q,
    "multiplies as matrices",
    "(M @ g @ M.T) * (B @ d @ B.T)",
    "(M @ g @ M.T) @ (B @ d @ B.T)",
    "The 16 products are number by number: *.",
)
wrong_change(
    Q,
    "transforms the tile on one side",
    "(B @ d @ B.T)",
    "(B @ d)",
    "Rows and columns both need the transform: B on the left, its transpose on the right.",
)
wrong_change(
    Q,
    "transforms the kernel on one side",
    "(M @ g @ M.T) * (B @ d @ B.T)",
    "(M @ g @ torch.eye(3, 4)) * (B @ d @ B.T)",
    "Rows and columns both need the transform: M on the left, its transpose on the right.",
)
wrong_change(
    Q,
    "swaps the matrices' sides for the tile",
    "(B @ d @ B.T)",
    "(B.T @ d @ B)",
    "B stands on the left, its transpose on the right.",
)
wrong_change(
    Q,
    "returns the 4×4 products as outputs",
    "products, A @ products @ A.T",
    "products, products",
    "Transform the products back with A, to 2×2 outputs.",
)
wrong_change(
    Q,
    "returns outputs first",
    "return products, A @ products @ A.T",
    "return A @ products @ A.T, products",
    "First the products, then the outputs.",
)
wrong_change(
    Q,
    "flips the kernel",
    "M @ g @ M.T",
    "M @ g.flip(0, 1) @ M.T",
    "In networks the kernel is not flipped.",
)
wrong_change(
    Q,
    "transposes the kernel",
    "M @ g @ M.T",
    "M @ g.T @ M.T",
    "g's rows are rows: do not transpose it.",
)
wrong_change(
    Q,
    "transposes the outputs",
    "A @ products @ A.T",
    "(A @ products @ A.T).T",
    "Rows stay rows.",
)
wrong_change(
    Q,
    "adds the transforms",
    "(M @ g @ M.T) * (B @ d @ B.T)",
    "(M @ g @ M.T) + (B @ d @ B.T)",
    "Multiply number by number.",
)


@right("uses einsum")
def winograd_tile(d, g):
    kernel = torch.einsum("ai,ij,bj->ab", M, g, M)
    tile = torch.einsum("ai,ij,bj->ab", B, d, B)
    products = kernel * tile
    return products, torch.einsum("ia,ab,jb->ij", A, products, A)


@right("writes the matrices of the kernel out")
def winograd_tile(d, g):
    g = g.to(d.dtype)
    rows = torch.stack(
        [g[0], (g[0] + g[1] + g[2]) / 2, (g[0] - g[1] + g[2]) / 2, g[2]]
    )
    kernel = torch.stack(
        [
            rows[:, 0],
            rows.sum(1) / 2,
            (rows[:, 0] - rows[:, 1] + rows[:, 2]) / 2,
            rows[:, 2],
        ],
        1,
    )
    products = kernel * (B @ d @ B.T)
    return products, A @ products @ A.T
