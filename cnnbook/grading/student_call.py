"""The student's side of a call: do it, and say what came back and what it changed.

Nothing in here is trusted by anyone: it shares its process with the student's code.
"""

import contextlib
from collections.abc import Iterator

import torch

from cnnbook import checks
from cnnbook.grading import kept, wire
from cnnbook.grading.cells import Capped
from cnnbook.grading.generators import set_generators
from cnnbook.grading.module_tree import changed_settings, is_lazy, settings_of, tree_of
from cnnbook.grading.student_networks import NetworkBefore, gradient_of, marks_of
from cnnbook.grading.student_values import Decoder, Encoder, ListedIterator

RESTRICTIONS = {"no_convolutions": checks.no_convolutions}


def call(student, request: dict, buffers: list, out: list) -> dict:
    """Call a function, a class, a method or a network of the student's."""
    for number in request["release"]:
        student.graphs.pop(number, None)
    decoder = Decoder(student, request, buffers)
    decoder.restore(request["networks"])
    target = student.objects[request["target"]]
    if "attribute" in request:
        target = getattr(target, request["attribute"])
    arguments = decoder.decode(request["arguments"])
    named = {name: decoder.decode(form) for name, form in request["named"].items()}
    if request["random"]:
        set_generators(decoder.decode(request["random"]))
    for place in range(len(decoder.module_forms)):
        decoder.module(place)
    for place in range(len(decoder.kept_forms)):
        decoder.keep(place)
    held = [*arguments, *named.values()]
    before = Before(student, decoder, held)
    student.passed = [
        *(("tensor", place, t) for place, t in enumerate(decoder.tensors) if decoder.is_new(place)),
        *(("module", place, module) for place, module in decoder.modules.items()),
        *(("kept", place, value) for place, value in decoder.kept.items()),
        *(("argument", place, value) for place, value in before.containers.items()),
    ]
    networks = {t: NetworkBefore(decoder.networks[t], full) for t, full, _ in request["networks"]}
    printed = Capped(student.limits.output)
    passed: list = []
    listening = _listen(target, request.get("listen", ()), passed)
    with listening, _surroundings(request), contextlib.redirect_stdout(printed):
        value = target(*arguments, **named)
        if isinstance(value, Iterator):
            value = ListedIterator(value)
    encoder = Encoder(student, out, decoder)
    answer = {"value": _as_argument(value, held) or encoder.encode(value)}
    answer["passed"] = encoder.encode(passed)
    answer["printed"], answer["tensors"] = printed.text(), encoder.forms
    answer["changed"] = before.changes(encoder)
    answer["networks"] = [[target, one.changes(encoder)] for target, one in networks.items()]
    if request["grad"] and encoder.with_graph:
        inputs = [["sent", i] for i, t in enumerate(decoder.tensors) if t.requires_grad]
        leaves = [t for t in decoder.tensors if t.requires_grad]
        for number, network in decoder.networks.items():
            found = network.named_parameters()
            wanted = [(n, p) for n, p in found if p.requires_grad and not is_lazy(p)]
            inputs += [["network", number, name] for name, _ in wanted]
            leaves += [p for _, p in wanted]
        answer["graph"], answer["inputs"] = next(student.graph_numbers), inputs
        student.graphs[answer["graph"]] = (encoder.with_graph, leaves)
    return answer


@contextlib.contextmanager
def _surroundings(request: dict):
    """Be in the block as the test is: its gradient mode, default dtype, autocast and restrictions."""
    was, wanted = torch.get_default_dtype(), wire.DTYPES[request["dtype"]]
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(Capped(0)))
        stack.enter_context(torch.set_grad_enabled(request["grad"]))
        if request["autocast"]:
            stack.enter_context(torch.autocast("cpu", wire.DTYPES[request["autocast"]]))
        for name in request["within"]:
            stack.enter_context(RESTRICTIONS[name]())
        if was is not wanted:
            torch.set_default_dtype(wanted)
            stack.callback(torch.set_default_dtype, was)
        yield


@contextlib.contextmanager
def _listen(network, names: list[str], passed: list):
    """Note what goes through these parts of a network in the block."""
    handles = [
        network.get_submodule(name).register_forward_hook(
            lambda part, arguments, output, name=name: passed.append((name, arguments, output))
        )
        for name in names
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _as_argument(value, held: list) -> dict | None:
    """Return the place of the argument that came back, where it is one that can be changed."""
    if not _is_container(value):
        return None
    places = [place for place, argument in enumerate(held) if argument is value]
    return {"t": "argument", "i": places[0]} if places else None


def _is_container(value) -> bool:
    return isinstance(value, kept.CONTAINERS)


class Before:
    """The arguments of a call as they were before it.

    A tensor's version tells nothing of what was done through `.data` or `.numpy()`, so bytes are compared.
    """

    def __init__(self, student, decoder: Decoder, held: list):
        self.student, self.decoder = student, decoder
        self.containers = {p: value for p, value in enumerate(held) if _is_container(value)}
        self.pictures = {place: self._picture(value) for place, value in self.containers.items()}
        self.kept = {p: self._picture(kept.state_of(value)) for p, value in decoder.kept.items()}
        self.modules = {
            place: (marks_of(module), settings_of(module))
            for place, module in decoder.modules.items()
        }
        self.gradients = [gradient_of(tensor) for tensor in decoder.tensors]

    def _picture(self, value) -> tuple | None:
        return kept.picture(Encoder(self.student, []), value)

    def _is_other(self, value, picture: tuple | None) -> bool:
        now = self._picture(value)
        return None not in (now, picture) and now != picture

    def changes(self, encoder: Encoder) -> dict:
        """Return which of the arguments the call changed."""
        changed: dict = {"tensors": [], "gradients": [], "containers": [], "networks": []}
        changed |= {"settings": [], "kept": []}
        for place, tensor in enumerate(self.decoder.tensors):
            form = self.decoder.forms[place]
            if "own" in form:
                continue
            needs = tensor.requires_grad
            is_same = list(tensor.shape) == form["s"] and needs == form["grad"]
            sent = self.decoder.buffers[form["b"]]
            if not is_same or wire.bytes_of(tensor, form.get("o")) != sent:
                changed["tensors"].append([place, encoder.whole_index(tensor), needs])
            gradient = gradient_of(tensor)
            if gradient != self.gradients[place]:
                now_there = None if gradient is None else tensor.grad
                index = None if now_there is None else encoder.whole_index(now_there)
                changed["gradients"].append([place, index])
        for place, value in self.containers.items():
            if self._is_other(value, self.pictures[place]):
                changed["containers"].append([place, encoder.encode(value)])
        for place, value in self.decoder.kept.items():
            state = kept.state_of(value)
            if self._is_other(state, self.kept[place]):
                changed["kept"].append([place, encoder.encode(state)])
        for place, module in self.decoder.modules.items():
            marks, settings = self.modules[place]
            now = marks_of(module)
            if now != marks:
                tree = tree_of(module, encoder.tensor_index)
                changed["networks"].append([place, tree, [mark[2] for mark in now]])
            others = changed_settings(settings, settings_of(module))
            if others:
                listed = [[*names, value] for names, value in others.items()]
                changed["settings"].append([place, encoder.encode(listed)])
        return changed
