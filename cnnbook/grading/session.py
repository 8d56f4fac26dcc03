"""The trusted end of the channel to one student's process: requests, answers and deadlines."""

import pickle
import random
import time

import numpy as np
import torch

from cnnbook import checks
from cnnbook.grading import frames
from cnnbook.grading.answers import Decoder
from cnnbook.grading.arguments import Encoder, generator_marks, generator_states
from cnnbook.grading.student_errors import StudentGone, error_from


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
        marks = generator_marks()
        changed = [name for name in marks if marks[name] != self.sent_random.get(name)]
        states = generator_states(changed)
        random.random(), np.random.random(), torch.rand(())
        self.sent_random = generator_marks()
        if not changed:
            return None
        encoder.out.append(pickle.dumps(states))
        return {"t": "pickle", "b": len(encoder.out) - 1}
