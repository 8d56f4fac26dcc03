"""What the tests see of a student's functions and networks: proxies that ask the student's process.

Arguments travel as data, or as pickle towards the student. Answers come back as data only. What a
call changes in its arguments is changed here too, aliases stay aliases, and gradients flow through.
"""

import builtins
import io
import pickle
import random
import time

import cloudpickle
import numpy as np
import torch
from torch import nn

from cnnbook import checks
from cnnbook.grading import frames, wire
from cnnbook.grading.module_tree import all_known, module_from


class StudentError(Exception):
    """What a student's code raised, where its class is not one of Python's own."""


class StudentGone(BaseException):
    """The student's process died, hung or broke the protocol; `state` says which."""

    def __init__(self, state: str, reason: str):
        super().__init__(reason)
        self.state, self.reason = state, reason


class Session:
    """The trusted end of the channel to one student's process."""

    def __init__(self, channel, message_limit: int):
        self.channel, self.message_limit = channel, message_limit
        self.number = 0
        self.deadline = float("inf")
        self.sent_random: dict = {}
        self.calls = 0

    def ask(self, op: str, buffers: list | None = None, **content) -> tuple[dict, list]:
        """Send a request and return its answer. Raises StudentGone where none comes in time."""
        self.number += 1
        try:
            self.channel.settimeout(max(self.deadline - time.monotonic(), 0.001))
            frames.send(self.channel, {"op": op, "n": self.number, **content}, buffers or [])
            answer, out = frames.receive(self.channel, self.message_limit, self.deadline)
        except TimeoutError:
            raise StudentGone("timeout", "it did not end in time") from None
        except (EOFError, OSError):
            raise StudentGone("crashed", "its process ended in the middle") from None
        except frames.WireError as error:
            raise StudentGone("crashed", f"its answer could not be read: {error}") from None
        if "ended" in answer:
            reasons = {9: ("memory", "its process was killed, most likely for its use of memory")}
            state = reasons.get(answer["ended"], ("crashed", "its process ended in the middle"))
            raise StudentGone(*state)
        if answer.get("n") != self.number:
            raise StudentGone("crashed", "it answered what was not asked")
        return answer, out

    def names(self, names: list[str]) -> dict[str, object]:
        """Return what the student defines under these names: plain values, or proxies."""
        answer, buffers = self.ask("names", names=names)
        decoder = Decoder(self, answer, buffers)
        found = {}
        for name, form in answer["values"].items():
            if isinstance(form, dict) and form.get("t") == "unsendable":
                continue
            found[name] = decoder.decode(form)
        return found

    def call(self, target: int, arguments, named, network=None, attribute: str | None = None):
        """Call what the student's process keeps under this number."""
        self.calls += 1
        encoder = Encoder()
        state = network._state(encoder) if network is not None else None
        content = {
            "target": target,
            "arguments": encoder.encode(tuple(arguments)),
            "named": {name: encoder.encode(value) for name, value in named.items()},
            "state": state,
            "random": self._random(encoder),
            "grad": torch.is_grad_enabled(),
            "within": checks.active_restrictions(),
        }
        if attribute is not None:
            content["attribute"] = attribute
        answer, buffers = self.ask("call", encoder.out, tensors=encoder.forms, **content)
        if "error" in answer:
            raise error_from(answer["error"])
        try:
            inputs = [t for t in encoder.tensors if t.requires_grad]
            inputs += network._needing_gradients() if network is not None else []
            decoder = Decoder(self, answer, buffers, encoder, inputs)
            value = decoder.decode(answer["value"])
            decoder.apply_changes([*arguments, *named.values()])
            if network is not None and "state" in answer:
                network._adopt(answer["state"], decoder)
        except frames.WireError as error:
            raise StudentGone("crashed", f"its answer could not be read: {error}") from None
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise StudentGone("crashed", f"its answer is not complete: {error}") from None
        return value

    def attribute(self, target: int, name: str):
        """Return an attribute of what the student's process keeps under this number."""
        answer, buffers = self.ask("attribute", target=target, name=name)
        if "error" in answer:
            raise error_from(answer["error"])
        return Decoder(self, answer, buffers).decode(answer["value"])

    def _random(self, encoder: "Encoder") -> dict | None:
        """Return the states of the generators that a test set or used since the last call.

        After each call they are moved on here, so that a test which seeds them anew, even as
        before, is noticed; a test that does not lets the student's generators run on.
        """
        now, marks = generator_states()
        changed = {name: now[name] for name in now if marks[name] != self.sent_random.get(name)}
        random.random(), np.random.random(), torch.rand(())
        _, self.sent_random = generator_states()
        if not changed:
            return None
        encoder.out.append(pickle.dumps(changed))
        return {"t": "pickle", "b": len(encoder.out) - 1}


def generator_states() -> tuple[dict, dict]:
    """Return the states of the generators of Python, NumPy and torch, and forms to compare."""
    python, numpy, torch_state = (
        random.getstate(),
        np.random.get_state(),
        torch.get_rng_state().numpy(),
    )
    marks = {
        "python": python,
        "numpy": (numpy[1].tobytes(), numpy[2:]),
        "torch": torch_state.tobytes(),
    }
    return {"python": python, "numpy": numpy, "torch": torch_state}, marks


class Encoder:
    """Encodes the arguments of one call."""

    def __init__(self):
        self.out: list = []
        self.forms: list[dict] = []
        self.tensors: list[torch.Tensor] = []
        self.modules: list[nn.Module] = []
        self.places: dict[int, int] = {}

    def encode(self, value):
        """Return a value as JSON."""
        return wire.plain(value, self.out, self.other)

    def other(self, value):
        """Encode tensors and proxies; pickle everything else."""
        if isinstance(value, torch.Tensor):
            return {"t": "tensor", "i": self.tensor_index(value)}
        if isinstance(value, Proxy | ModuleProxy) or is_class_proxy(value):
            return {"t": "object", "i": value._target}
        stream = io.BytesIO()
        Pickler(stream, self).dump(value)
        self.out.append(stream.getvalue())
        if isinstance(value, nn.Module):
            self.modules.append(value)
        return {"t": "pickle", "b": len(self.out) - 1}

    def tensor_index(self, tensor: torch.Tensor) -> int:
        """Return the tensor's place in this message."""
        if id(tensor) not in self.places:
            self.places[id(tensor)] = len(self.tensors)
            self.forms.append(wire.tensor_form(tensor, self.out))
            self.tensors.append(tensor)
        return self.places[id(tensor)]


class Pickler(cloudpickle.Pickler):
    """Leaves tensors to the message, and proxies to the student's own objects."""

    def __init__(self, stream, encoder: Encoder):
        super().__init__(stream)
        self.encoder = encoder

    def persistent_id(self, value):
        if isinstance(value, torch.Tensor):
            return "tensor", self.encoder.tensor_index(value)
        if isinstance(value, Proxy | ModuleProxy) or is_class_proxy(value):
            return "object", value._target
        return None


class Decoder:
    """Decodes one answer."""

    def __init__(self, session: Session, answer: dict, buffers: list, sent=None, inputs=()):
        self.session, self.answer, self.buffers, self.sent = session, answer, buffers, sent
        self.tensors = [self._tensor(form) for form in answer.get("tensors", ())]
        if "graph" in answer:
            linked = [i for i, form in enumerate(answer["tensors"]) if "graph" in form]
            values = [self.tensors[i] for i in linked]
            joined = _Bridge.apply(session, answer["graph"], tuple(values), *inputs)
            for index, value in zip(linked, joined, strict=True):
                self.tensors[index] = value

    def _tensor(self, form: dict) -> torch.Tensor:
        tensor = wire.tensor_of(form, self.buffers)
        if "alias" in form and self.sent is not None:
            place, shape, stride, offset = form["alias"]
            original = self.sent.tensors[place].detach()
            if original.is_contiguous():  # else it was copied on its way, and offsets differ
                first = original.storage_offset() + int(offset)
                tensor = original.as_strided(
                    [int(n) for n in shape], [int(n) for n in stride], first
                )
        if form.get("parameter"):
            return nn.Parameter(tensor, requires_grad=bool(form["grad"]))
        return tensor

    def decode(self, form):
        """Return the value of a form."""
        return wire.value_of(form, self.buffers, self.other)

    def other(self, form: dict):
        """Decode tensors; make proxies of what stays with the student."""
        kind = form.get("t")
        if kind == "tensor":
            return self.tensors[form["i"]]
        if kind == "iterator":
            return iter([self.decode(part) for part in form["v"]])
        if kind == "sent":
            return self.sent.modules[form["i"]]
        if kind != "object":
            raise frames.WireError(f"a value of kind {kind!r}")
        target, name = int(form["i"]), str(form["name"])
        if form["kind"] == "network":
            if all_known(form["tree"]):
                return module_from(form["tree"], self.tensors)
            kind_of = network_class(self.session, None, name)
            proxy = module_from(form["tree"], self.tensors, lambda: _bare(kind_of))
            proxy.__dict__.update(_session=self.session, _target=target)
            proxy._remember()
            return proxy
        if form["kind"] == "network class":
            return network_class(self.session, target, name)
        return Proxy(self.session, target, name)

    def apply_changes(self, arguments: list) -> None:
        """Do to the arguments here what the call did to them there."""
        changed = self.answer["changed"]
        for place, index in changed["tensors"]:
            original = self.sent.tensors[place]
            new = wire.tensor_of(self.answer["tensors"][index], self.buffers)  # never an alias
            if original.shape == new.shape:
                with torch.no_grad():
                    original.copy_(new)
        for place, form in changed["containers"]:
            _replace(arguments[place], self.decode(form))
        for place, tree, hooks in changed["networks"]:
            _imitate(self.sent.modules[place], module_from(tree, self.tensors), hooks)


def _replace(container, new) -> None:
    if isinstance(container, np.ndarray) and isinstance(new, np.ndarray):
        if container.shape == new.shape:
            container[...] = new
    elif isinstance(container, list) and isinstance(new, list):
        container[:] = new
    elif isinstance(container, dict | set) and type(new) in (dict, set):
        container.clear()
        container.update(new)


def _imitate(original: nn.Module, new: nn.Module, hooks: list) -> None:
    """Give a network the parts, modes, needs of gradients and numbers of hooks of its changed copy."""
    _graft(original, new)
    changed = dict(new.named_modules())
    for (name, module), count in zip(list(original.named_modules()), hooks, strict=False):
        module.training = changed[name].training
        for _ in range(int(count) - len(module._forward_hooks) - len(module._forward_pre_hooks)):
            module.register_forward_hook(lambda *_: None)
    wanted = {name: p.requires_grad for name, p in new.named_parameters()}
    for name, parameter in original.named_parameters():
        parameter.requires_grad_(wanted.get(name, parameter.requires_grad))


def _graft(original: nn.Module, new: nn.Module) -> None:
    """Take over the parts that were replaced, added or removed, and leave the others as they are."""
    for name in [name for name in original._modules if name not in new._modules]:
        del original._modules[name]
    for name, part in new._modules.items():
        mine = original._modules.get(name)
        if (
            mine is None
            or part is None
            or _looks(mine) != _looks(part)
            or type(part) not in (type(mine), nn.Module)
        ):
            original._modules[name] = part
        else:
            _graft(mine, part)


def _looks(module: nn.Module) -> list:
    own = [*module._parameters.items(), *module._buffers.items()]
    return [(name, None if tensor is None else tensor.shape) for name, tensor in own]


def _bare(kind: type) -> nn.Module:
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    return module


class Proxy:
    """A function or an object of the student's."""

    def __init__(self, session: Session, target: int, name: str):
        self._session, self._target, self.__name__ = session, target, name

    def __call__(self, *arguments, **named):
        return self._session.call(self._target, arguments, named)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._session.attribute(self._target, name)

    def __repr__(self) -> str:
        return f"<{self.__name__} of the submission>"


class _Method:
    """A method of a student's network."""

    def __init__(self, owner: "ModuleProxy", name: str):
        self._owner, self.__name__ = owner, name

    def __call__(self, *arguments, **named):
        owner = self._owner
        return owner._session.call(owner._target, arguments, named, owner, self.__name__)


def is_class_proxy(value) -> bool:
    """Return whether a value is the proxy of a class of the student's."""
    return isinstance(value, type) and issubclass(value, ModuleProxy) and hasattr(value, "_target")


def network_class(session: Session, target: int | None, name: str) -> type:
    """Return a class whose instances are made and run by the student's process."""
    members = {"_session": session, "_target": target, "__module__": "__main__"}
    return type(name or "Network", (ModuleProxy,), members)


class ModuleProxy(nn.Module):
    """A network of a student's class: parameters and parts are here, `forward` runs there.

    Values that a test changes here are sent along with the next call.
    """

    def __init__(self, *arguments, **named):
        made = self._session.call(self._target, arguments, named)
        if not isinstance(made, ModuleProxy):
            raise TypeError(f"{type(self).__name__}(…) is no network")
        self.__dict__.update(made.__dict__)

    def forward(self, *arguments, **named):
        return self._session.call(self._target, arguments, named, self)

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or "_known" not in self.__dict__:  # not complete yet
                raise
            value = self._session.attribute(self._target, name)
            return _Method(self, name) if isinstance(value, Proxy) else value

    def _remember(self) -> None:
        tensors = [*self.named_parameters(), *self.named_buffers()]
        self.__dict__["_known"] = {n: (t.detach().clone(), t.requires_grad) for n, t in tensors}
        self.__dict__["_modes"] = {n: part.training for n, part in self.named_modules()}

    def _state(self, encoder: Encoder) -> dict:
        """Return what changed here since the last call."""
        tensors, grad = {}, {}
        for name, tensor in [*self.named_parameters(), *self.named_buffers()]:
            known, needed = self._known[name]
            if not torch.equal(known, tensor.detach()):
                tensors[name] = encoder.tensor_index(tensor.detach())
            if needed != tensor.requires_grad:
                grad[name] = tensor.requires_grad
        modes = {n: p.training for n, p in self.named_modules() if p.training != self._modes.get(n)}
        self._remember()
        return {"tensors": tensors, "grad": grad, "training": modes}

    def _needing_gradients(self) -> list[nn.Parameter]:
        return [p for p in self.parameters() if p.requires_grad]

    def _adopt(self, state: dict, decoder: Decoder) -> None:
        own = dict(self.named_buffers())
        with torch.no_grad():
            for name, index in state.items():
                if name in own and own[name].shape == decoder.tensors[index].shape:
                    own[name].copy_(decoder.tensors[index].detach())
        self._remember()


class _Bridge(torch.autograd.Function):
    """Carries gradients into the student's process and back."""

    @staticmethod
    def forward(ctx, session, graph, outputs, *inputs):
        ctx.session, ctx.graph, ctx.shapes = session, graph, [t.shape for t in inputs]
        ctx.dtypes = [(t.shape, t.dtype) for t in outputs]
        return tuple(output.clone() for output in outputs)

    @staticmethod
    def backward(ctx, *gradients):
        buffers: list = []
        filled = [
            torch.zeros(shape, dtype=dtype) if g is None else g
            for g, (shape, dtype) in zip(gradients, ctx.dtypes, strict=True)
        ]
        forms = [wire.tensor_form(g, buffers) for g in filled]
        answer, out = ctx.session.ask("backward", buffers, graph=ctx.graph, tensors=forms)
        if "error" in answer:
            raise error_from(answer["error"])
        found = []
        for form, shape in zip(answer["gradients"], ctx.shapes, strict=True):
            gradient = None if form is None else wire.tensor_of(form, out)
            if gradient is not None and gradient.shape != shape:
                raise StudentGone("crashed", "a gradient of another shape came back")
            found.append(gradient)
        return None, None, None, *found


def error_from(form: dict) -> Exception:
    """Return the student's error as one of Python's own, with the place where it happened."""
    text, where = str(form.get("text", "")), str(form.get("where", ""))
    for name in form.get("classes", ()):
        kind = getattr(builtins, str(name), None)
        usual = isinstance(kind, type) and issubclass(kind, Exception)
        if usual and kind is not Exception and not issubclass(kind, UnicodeError | OSError):
            error = kind(text)
            break
    else:
        classes = form.get("classes") or ["Error"]
        error = StudentError(f"{classes[0]}: {text}")
    error.student_where = where
    error.student_class = str((form.get("classes") or ["Error"])[0])
    return error
