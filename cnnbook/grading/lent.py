"""Networks of a test's that an object of the student's keeps after a call, such as a trainer.

They stay known by number. With each later call of the object both sides hear what the other one did
to them: values, gradients, modes, plain settings and parts.
"""

from torch import nn

from cnnbook.grading.module_tree import changed_settings, settings_of


class Lent:
    """One such network, as the tests see it."""

    def __init__(self, number: int, module: nn.Module):
        self.number, self.module = number, module
        self.remember()

    def remember(self) -> None:
        """Take note of its parts and settings, which are now the same on both sides."""
        self.parts, self.settings = _parts(self.module), _settings(self.module)

    def form(self, encoder) -> dict:
        """Return it as the student's process has to have it for the next call."""
        form: dict = {"lent": self.number}
        now = _parts(self.module)
        if now.keys() != self.parts.keys() or any(now[n] is not self.parts[n] for n in now):
            return {**form, "b": encoder.pickled(self.module, root=self.module)}
        for name, tensor in [*self.module.named_parameters(), *self.module.named_buffers()]:
            encoder.forms[encoder.tensor_index(tensor)].setdefault("lent", [self.number, name])
        changed = changed_settings(self.settings, _settings(self.module))
        form["settings"] = [[*names, encoder.encode(value)] for names, value in changed.items()]
        return form


def modules_in(value, depth: int = 0):
    """Yield the networks in a value, and in the lists, tuples and dictionaries in it."""
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, list | tuple | dict) and depth < 3:
        for part in value.values() if isinstance(value, dict) else value:
            yield from modules_in(part, depth + 1)


def _parts(module: nn.Module) -> dict[str, nn.Module]:
    return dict(module.named_modules())


def _settings(module: nn.Module) -> dict[tuple[str, str], object]:
    modes = {(name, "training"): part.training for name, part in module.named_modules()}
    return modes | settings_of(module)
