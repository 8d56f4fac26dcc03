"""Plausible answers to the question of ramp.ipynb: wrong ones with hints, right ones."""

from cnnbook.grading.misconceptions import right, wrong

# Wrong ones


@wrong("counts steps, not places", hint="The window has a place before its first step.")
def places(n, kernel_size):
    return n - kernel_size


@wrong("gives each square a place", hint="The whole window must lie on the row.")
def places(n, kernel_size):
    return n


@wrong("jumps by the width of the window", hint="The window moves by one square.")
def places(n, kernel_size):
    return n // kernel_size


@wrong("lets the window hang over both ends", hint="The whole window must lie on the row.")
def places(n, kernel_size):
    return n + kernel_size - 1


@wrong("lets half of the window hang over", hint="The whole window must lie on the row.")
def places(n, kernel_size):
    return n - kernel_size // 2


@wrong("counts one place too many", hint="Try a window as wide as the row: it has one place.")
def places(n, kernel_size):
    return n - kernel_size + 2


@wrong("knows one window only", hint="Not every window has three squares.")
def places(n, kernel_size):
    return n - 2


@wrong("knows one row only", hint="Not every row has five squares.")
def places(n, kernel_size):
    return 6 - kernel_size


# Right ones


@right("the last place, and one for the first")
def places(n, kernel_size):
    last = n - kernel_size
    return last + 1


@right("slides and counts")
def places(n, kernel_size):
    return sum(start + kernel_size <= n for start in range(n))
