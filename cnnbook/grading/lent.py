"""Things of a test's that an object of the student's keeps after a call, such as a trainer its network.

They stay known by number. With each later call of the object both sides hear what the other one did
to them: to a network's values, gradients, modes, settings and parts, or to the state of something
else that `kept` knows.
"""

from torch import nn

from cnnbook.grading import kept
from cnnbook.grading.module_tree import changed_settings, settings_of, tensors_of


class Lent:
    """Something that a student's object keeps, as the tests see it."""

    def __init__(self, number: int, value):
        self.number, self.value = number, value
        self.remember()

    def remember(self) -> None:
        """Take note of how it is, which is now the same on both sides."""

    def form(self, encoder) -> dict:
        """Return it as the student's process has to have it for the next call."""
        raise TypeError(f"{type(self.value).__name__} travels with each call, and has no form")


class LentTensor(Lent):
    """A parameter that came by itself, as to an optimizer; its values travel with each call."""


class LentNetwork(Lent):
    """A network."""

    def remember(self) -> None:
        """Take note of its parts and settings, which are now the same on both sides."""
        self.parts, self.settings = _parts(self.value), _settings(self.value)

    def form(self, encoder) -> dict:
        """Return it as the student's process has to have it for the next call."""
        form: dict = {"lent": self.number}
        now = _parts(self.value)
        if now.keys() != self.parts.keys() or any(now[n] is not self.parts[n] for n in now):
            return {**form, "b": encoder.pickled(self.value, root=self.value)}
        for name, tensor in tensors_of(self.value).items():
            encoder.forms[encoder.tensor_index(tensor)].setdefault("lent", [self.number, name])
        changed = changed_settings(self.settings, _settings(self.value))
        form["settings"] = [[*names, encoder.encode(value)] for names, value in changed.items()]
        return form


class LentObject(Lent):
    """Something else whose state `kept` knows: an optimizer, a generator, a list."""

    def remember(self) -> None:
        """Take note of its state, which is now the same on both sides."""
        self.state = kept.look(kept.state_of(self.value))

    def form(self, encoder) -> dict:
        """Return it as the student's process has to have it for the next call."""
        state = kept.state_of(self.value)
        if kept.look(state) == self.state:
            return {"lent": self.number}
        return {"lent": self.number, "state": encoder.encode(state)}


def modules_in(value, depth: int = 0):
    """Yield the networks in a value, and in the lists, tuples and dictionaries in it."""
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, list | tuple | dict) and depth < 3 and len(value) <= 1000:
        for part in value.values() if isinstance(value, dict) else value:
            yield from modules_in(part, depth + 1)


def _parts(network: nn.Module) -> dict[str, nn.Module]:
    return dict(network.named_modules())


def _settings(network: nn.Module) -> dict[tuple[str, str], object]:
    modes = {(name, "training"): part.training for name, part in network.named_modules()}
    return modes | settings_of(network)
