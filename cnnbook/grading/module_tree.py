"""Networks as data: their parts, parameters and plain settings, without any code.

A part whose class is one of torch.nn's own is built again on the other side, as it is; a part of a
class that a student wrote becomes a bare `nn.Module` with the same parameters, whose `forward` is
asked for where the student's process runs.
"""

from types import MappingProxyType

import torch
from torch import nn

from cnnbook.grading.wire import WireError

OWN = frozenset(nn.Module().__dict__)  # what every module has
GUARDED = {
    "_session",
    "_target",
    "_whole",
    "_known",
    "_modes",
    "_parts_known",
    "_set",
}  # of a proxy
ATOMS = frozenset((bool, int, float, str, type(None)))
PARTS = 20_000
LAZY = "lazy"  # in place of a parameter without a shape yet


def is_plain(value, depth: int = 0) -> bool:
    """Return whether a setting can travel: numbers, text, None, and short containers of them."""
    if type(value) is dict and all(type(key) is str for key in value):
        value = [*value.values()]
    if isinstance(value, tuple | list):
        return depth < 3 and len(value) < 1000 and all(is_plain(v, depth + 1) for v in value)
    return type(value) in ATOMS


def settings_of(module: nn.Module, *, of_parts: bool = True) -> dict[tuple[str, str], object]:
    """Return the plain attributes of a network and its parts, by the names of part and attribute."""
    found = {}
    for name, part in module.named_modules() if of_parts else [("", module)]:
        for key, value in part.__dict__.items():
            kind = type(value)
            if key[:1] != "_" and key not in OWN and (kind in ATOMS or is_plain(value)):
                found[name, key] = kind(value) if kind in (list, dict) else value
    return found


def changed_settings(old: dict, new: dict) -> dict:
    """Return the attributes that are new or have another value."""
    return {key: value for key, value in new.items() if key not in old or old[key] != value}


def is_lazy(tensor) -> bool:
    """Return whether a layer still waits for its first input to know this parameter's shape."""
    return nn.parameter.is_lazy(tensor)


def tensors_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return the parameters and buffers that have values, by name."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tensor for name, tensor in named if not is_lazy(tensor)}


def has_hooks(module: nn.Module) -> bool:
    """Return whether anything runs beside `forward`."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, name) for name in hooks)


def known_class(module: nn.Module) -> str | None:
    """Return the name in torch.nn of a module that behaves as its class says, else None."""
    kind = type(module)
    settings = {k: v for k, v in module.__dict__.items() if k not in OWN}
    if getattr(nn, kind.__name__, None) is not kind or has_hooks(module):
        return None
    return kind.__name__ if all(map(is_plain, settings.values())) else None


def known_base(kind: type) -> str:
    """Return the name of the first class of torch.nn that a network's class comes from."""
    return next(k.__name__ for k in kind.__mro__ if getattr(nn, k.__name__, None) is k)


def tree_of(module: nn.Module, tensor_index, number_of=None, there=MappingProxyType({})) -> dict:
    """Return a module as data.

    `tensor_index(tensor)` returns a tensor's place in the message, and `number_of(part)` what the
    student's process knows of a part of a class of its own; `there` says of parts that the other
    side has, by identity, where it finds them.
    """
    if id(module) in there:
        return {"there": there[id(module)]}
    settings = {k: v for k, v in module.__dict__.items() if k not in OWN | GUARDED and is_plain(v)}

    def indices(tensors):
        return {
            n: None if t is None else LAZY if is_lazy(t) else tensor_index(t)
            for n, t in tensors.items()
        }

    known = known_class(module)
    return {
        "class": known,
        **({} if known or number_of is None else number_of(module)),
        "name": type(module).__name__,
        "settings": [[k, _listed(v), isinstance(v, tuple)] for k, v in settings.items()],
        "training": module.training,
        "parameters": indices(module._parameters),
        "buffers": indices(module._buffers),
        "unsaved": sorted(module._non_persistent_buffers_set),
        "parts": {
            n: None if part is None else tree_of(part, tensor_index, number_of, there)
            for n, part in module._modules.items()
        },
    }


def all_known(tree: dict | None) -> bool:
    """Return whether every part is of a class of torch.nn."""
    if tree is None or "there" in tree:
        return True
    return tree.get("class") is not None and all(map(all_known, tree["parts"].values()))


def module_from(
    tree: dict, tensors: list[torch.Tensor], make=None, found=None, left: list[int] | None = None
):
    """Return the module that `tree_of` describes.

    `make(tree)` makes an empty one for a part of the student's, and `found(place)` returns one that
    is here. Raises WireError where the description is not one.
    """
    left = [PARTS] if left is None else left
    left[0] -= 1
    if left[0] < 0 or not isinstance(tree, dict):
        raise WireError("a network with too many parts")
    if found is not None and "there" in tree:
        return found(*tree["there"])
    try:
        kind = getattr(nn, tree["class"]) if tree["class"] else nn.Module
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise WireError(f"{tree['class']!r} is no class of torch.nn")
        if make is not None and "object" in tree:
            module = make(tree)
        else:
            module = kind.__new__(kind)
            nn.Module.__init__(module)
        for name, value, is_tuple in tree["settings"]:
            if name in OWN or name in GUARDED or name.startswith("__") or not is_plain(value):
                raise WireError(f"a setting {name!r} that is not allowed")
            if kind is not nn.Module or not hasattr(nn.Module, name):
                module.__dict__[name] = _tupled(value) if is_tuple else value
        module.training = bool(tree["training"])
        for name, index in tree["parameters"].items():
            value = _tensor_at(index, tensors, nn.UninitializedParameter)
            if value is not None and not isinstance(value, nn.Parameter):
                raise WireError(f"{name!r} is no parameter")
            module.register_parameter(name, value)
        for name, index in tree["buffers"].items():
            persistent = name not in tree["unsaved"]
            value = _tensor_at(index, tensors, nn.UninitializedBuffer)
            module.register_buffer(name, value, persistent=persistent)
        for name, part in tree["parts"].items():
            module.add_module(
                name, None if part is None else module_from(part, tensors, make, found, left)
            )
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"a network that cannot be read: {error}") from None
    return module


def _tensor_at(index, tensors: list[torch.Tensor], without_shape: type) -> torch.Tensor | None:
    if index is None:
        return None
    return without_shape() if index == LAZY else tensors[index]


def _listed(value):
    if isinstance(value, dict):
        return {key: _listed(v) for key, v in value.items()}
    return [_listed(v) for v in value] if isinstance(value, tuple | list) else value


def _tupled(value):
    return tuple(_tupled(v) for v in value) if isinstance(value, list) else value
