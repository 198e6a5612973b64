"""A small GPT: a decoder of attention blocks that predicts the next character."""

import math

import torch
from torch import nn
from torch.nn import functional

# Name → settings; each can be overridden on the command line. Parameters for a text of 75 characters.
SIZES = {
    "tiny": {"layers": 2, "width": 32, "heads": 4, "context": 64, "batch": 16, "dropout": 0.1, "lr": 3e-3},  # 30 thousand
    "small": {"layers": 5, "width": 128, "heads": 4, "context": 64, "batch": 16, "dropout": 0.0, "lr": 2e-3},  # 1.0 million
    "medium": {"layers": 6, "width": 384, "heads": 6, "context": 256, "batch": 16, "dropout": 0.1, "lr": 1e-3},  # 10.8 million
}


class Block(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def attend(self, x, mask):
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
                   for part in self.qkv(x).split(width, dim=2))
        weights = (q @ k.transpose(2, 3)) / math.sqrt(width // self.heads)
        weights = functional.softmax(weights + mask[:length, :length], dim=3)
        weights = functional.dropout(weights, self.dropout, self.training)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))

    def forward(self, x, mask):
        x = x + functional.dropout(self.attend(self.norm_1(x), mask), self.dropout, self.training)
        hidden = functional.gelu(self.up(self.norm_2(x)))
        return x + functional.dropout(self.down(hidden), self.dropout, self.training)


class Gpt(nn.Module):
    """forward(numbers: batch × length, length ≤ context) → logits: batch × length × vocabulary."""

    def __init__(self, vocabulary, layers, width, heads, context, dropout):
        super().__init__()
        if width % heads:
            raise ValueError(f"--width {width} is not a multiple of --heads {heads}")
        self.context, self.dropout = context, dropout
        self.token, self.place = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        mask = torch.full((context, context), float("-inf")).triu(1)
        self.register_buffer("mask", mask, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                # The two layers that write into the residual stream start smaller, so that its size does not grow with depth.
                shrink = math.sqrt(2 * layers) if name.endswith(("out.weight", "down.weight")) else 1.0
                nn.init.normal_(parameter, std=0.02 / shrink)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, numbers):
        x = self.token(numbers) + self.place.weight[:numbers.shape[1]]
        x = functional.dropout(x, self.dropout, self.training)
        for block in self.blocks:
            x = block(x, self.mask)
        return functional.linear(self.norm(x), self.token.weight)  # the output layer is the input table, turned round


def rate_at(step, steps, peak):
    """The learning rate of a step (counted from 0): up in a straight line, then down along half a cosine to a tenth."""
    rise = max(1, min(100, steps // 10))
    if step < rise:
        return peak * (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return peak * (0.1 + 0.45 * (1 + math.cos(math.pi * min(1.0, done))))


@torch.no_grad()
def write_on(model, numbers, count, seed, device, stop):
    """Continues `numbers` by `count` characters drawn from the model's own odds; the same weights give the same text.

    `stop()` is asked before each character; true ends the writing early.
    """
    was_training = model.training
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    numbers = list(numbers)
    for _ in range(count):
        if stop():
            break
        window = torch.tensor([numbers[-model.context:]], device=device)
        odds = functional.softmax(model(window)[0, -1].float().cpu() / 0.7, dim=0)
        numbers.append(int(torch.multinomial(odds, 1, generator=generator)))
    model.train(was_training)
    return numbers
