"""The controller: a recurrent policy that makes the decisions of a space one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn

from segsmith.spaces import Decision

HIDDEN, LAYERS, INITIAL_RANGE = 100, 2, 0.1
IMPOSSIBLE = -1e9  # finite: a probability of 0 then adds 0 to an entropy, not NaN
TINY = 1e-39  # below the smallest number of full precision


class Judged(NamedTuple):
    """Choices, their log-probabilities and the entropies of the decisions, all (networks, decisions)."""

    choices: Tensor
    log_probs: Tensor
    entropies: Tensor


class Policy(nn.Module):
    """Two LSTM layers; they read the choice before, or a learned vector at the first decision.

    Decisions of one kind share a head and an embedding table. The heads of all kinds are rows of one matrix, and so
    are the tables: each decision sees its own kind's rows alone. Every parameter starts uniform in +-0.1.
    """

    first_row: Tensor
    last_row: Tensor
    foreign_rows: Tensor

    def __init__(self, decisions: Sequence[Decision], generator: torch.Generator) -> None:
        super().__init__()
        sizes = {decision.kind: len(decision.options) for decision in decisions}
        starts = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))
        rows = torch.arange(sum(sizes.values()))
        first = torch.tensor([starts[decision.kind] for decision in decisions])
        last = first + torch.tensor([len(decision.options) - 1 for decision in decisions])
        self.register_buffer("first_row", first, persistent=False)
        self.register_buffer("last_row", last, persistent=False)
        self.register_buffer("foreign_rows", (rows < first[:, None]) | (rows > last[:, None]), persistent=False)
        self.start = nn.Parameter(torch.empty(HIDDEN))
        self.embedding = nn.Parameter(torch.empty(len(rows), HIDDEN))
        # made on the meta device, for their own initialisation would draw from the global random state
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, LAYERS, batch_first=True, device="meta").to_empty(device="cpu")
        self.head = nn.Linear(HIDDEN, len(rows), device="meta").to_empty(device="cpu")
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -INITIAL_RANGE, INITIAL_RANGE, generator=generator)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Judged:
        """``count`` networks at once: the same ones that as many calls for one network would draw."""
        luck = torch.rand(count, len(self.first_row), generator=generator)
        rows: list[Tensor] = []
        seen = self.start.expand(count, HIDDEN)
        memories = [(torch.zeros(count, HIDDEN), torch.zeros(count, HIDDEN))] * LAYERS
        for step, last in enumerate(self.last_row):
            for layer, weights in enumerate(self.lstm.all_weights):
                memories[layer] = torch.lstm_cell(seen, memories[layer], *weights)
                seen = memories[layer][0]
            below = self._log_chances(seen, step).exp().cumsum(1)
            row = (below <= luck[:, step, None] * below[:, -1:]).sum(1).clamp(max=last)
            rows.append(row)
            seen = self.embedding[row]
        return self.evaluate(torch.stack(rows, 1) - self.first_row)

    def evaluate(self, choices: Tensor) -> Judged:
        """Given choices, (networks, decisions) of indices, as the policy stands."""
        rows = choices + self.first_row
        start = self.start.expand(len(rows), 1, HIDDEN)
        output, _ = self.lstm(torch.cat((start, self.embedding[rows[:, :-1]]), 1))
        log_chances = self._log_chances(output)
        log_probs = log_chances.gather(2, rows.unsqueeze(2)).squeeze(2)
        return Judged(choices, log_probs, -(log_chances.exp() * log_chances).sum(2))

    def _log_chances(self, output: Tensor, steps: int | slice = slice(None)) -> Tensor:
        logits: Tensor = self.head(output)
        return logits.masked_fill(self.foreign_rows[steps], IMPOSSIBLE).log_softmax(-1)


@contextmanager
def small_arithmetic() -> Iterator[None]:
    """One thread: a controller is too small for several, and their number would change the last bits of what it learns.

    Gradients of a policy that has made up its mind fall below what a processor calculates at full speed (learning was
    seen to take five times as long): such numbers are taken as 0.
    """
    threads, flushed = torch.get_num_threads(), not torch.tensor([TINY]).mul(1.0).any()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.set_num_threads(threads)
