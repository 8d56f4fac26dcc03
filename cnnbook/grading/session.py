"""The trusted end of the channel to one student's process: requests, answers and deadlines."""

import contextlib
import pickle
import random
import signal
import sys
import time
import weakref

import numpy as np
import torch

from cnnbook import checks
from cnnbook.forked import messages
from cnnbook.grading import kept
from cnnbook.grading.answers import Decoder
from cnnbook.grading.arguments import Encoder
from cnnbook.grading.cells import Capped
from cnnbook.grading.deadlines import Clock, Deadline
from cnnbook.grading.generators import generator_marks, generator_states
from cnnbook.grading.lent import Lent, LentNetwork, LentObject, LentTensor, modules_in
from cnnbook.grading.network_proxy import ModuleProxy, network_class
from cnnbook.grading.proxies import Proxy
from cnnbook.grading.student_errors import StudentGone, error_from, reading_an_answer


class Session:
    """The trusted end of the channel to one student's process."""

    def __init__(self, channel, message_limit: int):
        self.channel, self.message_limit = channel, message_limit
        self.number = 0
        self.deadline = Deadline(Clock(lambda: 0.0), float("inf"), float("inf"))
        self.sent_random: dict = {}
        self.calls = 0
        # number there → what stands for it here
        self.networks: weakref.WeakValueDictionary[int, ModuleProxy] = weakref.WeakValueDictionary()
        self.objects: weakref.WeakValueDictionary[int, Proxy] = weakref.WeakValueDictionary()
        self.classes: dict[tuple, type] = {}
        self.lent: dict[int, Lent] = {}
        self.released: list[int] = []  # graphs that nothing here leads to any more

    def ask(self, op: str, buffers: list | None = None, **content) -> tuple[dict, list]:
        """Send a request and return its answer. Raises StudentGone where none comes in time."""
        self.number += 1
        try:
            self.channel.settimeout(max(self.deadline.end - time.monotonic(), 0.001))
            messages.send(self.channel, {"op": op, "n": self.number, **content}, buffers or [])
            self.deadline.wait(self.channel)
            answer, out = messages.receive(self.channel, self.message_limit, self.deadline.end)
        except TimeoutError as error:
            raise StudentGone("timeout", str(error) or str(self.deadline.over())) from None
        except (EOFError, OSError):
            raise StudentGone("crashed", "its process ended in the middle") from None
        except messages.WireError as error:
            raise StudentGone("crashed", f"its answer could not be read: {error}") from None
        if "ended" in answer:
            if answer["ended"] == signal.SIGKILL:
                why = "its process was killed, most likely for its use of memory"
                raise StudentGone("memory", why)
            raise StudentGone("crashed", "its process ended in the middle")
        if answer.get("n") != self.number:
            raise StudentGone("crashed", "it answered what was not asked")
        return answer, out

    def names(self, names: list[str]) -> dict[str, object]:
        """Return what the student defines under these names: plain values, or proxies."""
        answer, buffers = self.ask("names", names=names)
        found = {}
        with reading_an_answer():
            decoder = Decoder(self, answer, buffers)
            for name, form in answer["values"].items():
                if isinstance(form, dict) and form.get("t") == "unsendable":
                    continue
                found[name] = decoder.decode(form)
        return found

    def call(
        self, target: int, arguments, named, network=None, attribute: str | None = None, holder=None
    ):
        """Call what the student's process keeps under this number.

        `network` is the one whose `forward`, or whose method of that name, is called, and `holder`
        the function or object, or the object whose method it is.
        """
        self.calls += 1
        passed = list(modules_in([arguments, named]))
        encoder = Encoder(self.networks.values(), self.lent, passed)
        if holder is not None:
            encoder.lend(holder)
        content = {
            "target": target,
            "arguments": encoder.encode(tuple(arguments)),
            "named": {name: encoder.encode(value) for name, value in named.items()},
        }
        content["networks"] = _involved(encoder, network, is_forward=attribute is None)
        if attribute is not None:
            content["attribute"] = attribute
        elif network is not None:
            content["listen"] = network._listened_to()
        content |= {"random": self._random(encoder), **_surroundings()}
        content |= {"tensors": encoder.forms, "kept": encoder.kept_forms}
        content["modules"] = encoder.module_forms
        content["release"], self.released = self.released, []
        answer, buffers = self.ask("call", encoder.out, **content)
        if "error" in answer:
            raise error_from(answer["error"])
        with _readable():
            held = [*arguments, *named.values()]
            decoder = Decoder(self, answer, buffers, encoder, held)
            decoder.apply_changes()
            new = self._lend(encoder, held, answer["lent"])
            value = decoder.decode(answer["value"])
            if isinstance(value, Proxy):
                value._given |= new | (holder._given if holder is not None else set())
            if holder is not None and holder._keeps:
                holder._given |= new
            printed, passed = str(answer["printed"]), decoder.decode(answer["passed"])
        if printed and not isinstance(sys.stdout, Capped):  # a test listens
            sys.stdout.write(printed)
        if passed:
            network._tell_hooks(passed)
        return value

    def _lend(self, encoder: Encoder, held: list, lent: list) -> set[int]:
        """Take note of what the student's process still has of the test's after a call."""
        for one in self.lent.values():
            if any(one.value is value for value in [*encoder.modules, *encoder.kept]):
                one.remember()
        kinds: dict[str, tuple[type[Lent], list]] = {
            "module": (LentNetwork, encoder.modules),
            "tensor": (LentTensor, encoder.tensors),
            "kept": (LentObject, encoder.kept),
            "argument": (LentObject, held),
        }
        for kind, place, number in lent:
            make, things = kinds[kind]
            value = things[int(place)]
            if kind == "argument" and not isinstance(value, kept.CONTAINERS):
                raise ValueError("an argument that cannot be shared")
            self.lent.setdefault(int(number), make(int(number), value))
        return {int(number) for _, _, number in lent}

    def class_of(self, target: int | None, name: str, base: str) -> type:
        """Return the class of a student's networks; the same one each time."""
        key = (target, name, base)
        if key not in self.classes:
            self.classes[key] = network_class(self, *key)
        return self.classes[key]

    def attribute(self, target: int, name: str):
        """Return an attribute of what the student's process keeps under this number."""
        answer, buffers = self.ask("attribute", target=target, name=name)
        if "error" in answer:
            raise error_from(answer["error"])
        with _readable():
            return Decoder(self, answer, buffers).decode(answer["value"])

    def _random(self, encoder: "Encoder") -> dict | None:
        """Return the states of the generators that a test set or used since the last call.

        After each call they are moved on here, so that a test which seeds them anew, even as
        before, is noticed; a test that does not lets the student's generators run on.
        """
        marks = generator_marks()
        changed = [name for name in marks if marks[name] != self.sent_random.get(name)]
        states = generator_states(changed)
        random.random(), np.random.random(), torch.rand(())
        self.sent_random = generator_marks()
        if not changed:
            return None
        encoder.out.append(pickle.dumps(states))
        return {"t": "pickle", "b": len(encoder.out) - 1}


def _involved(encoder: Encoder, network, is_forward: bool) -> list:
    """Return the student's networks that take part in a call, and what the tests changed in them.

    Those that are passed may be changed in any way; a `forward` changes no more than buffers.
    """
    looked_at = list(encoder.involved)
    if network is not None:
        encoder.involve(network)
        looked_at += [] if is_forward else [network._top()]
    found = []
    for one in encoder.involved:
        thorough = any(one is other for other in looked_at)
        found.append([one._target, thorough, one._state(encoder, thorough)])
    return found


@contextlib.contextmanager
def _readable():
    """Say that the student's process is at fault where its answer is not what it has to be."""
    try:
        yield
    except messages.WireError as error:
        raise StudentGone("crashed", f"its answer could not be read: {error}") from None
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise StudentGone("crashed", f"its answer is not complete: {error}") from None


def _surroundings() -> dict:
    """Return what a test may have set for all that it calls."""
    cast = torch.is_autocast_enabled("cpu")
    return {
        "grad": torch.is_grad_enabled(),
        "within": checks.active_restrictions(),
        "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "autocast": str(torch.get_autocast_dtype("cpu")).removeprefix("torch.") if cast else None,
    }
