"""Compact re-creations of common architectures in plain torch: transformers in the style of Hugging Face, speech, tables, diffusion."""

import math
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BertLayer(nn.Module):
    def __init__(self, size: int, heads: int):
        super().__init__()
        self.heads = heads
        self.head = size // heads
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.dense = nn.Linear(size, size)
        self.norm = nn.LayerNorm(size, eps=1e-12)
        self.intermediate = nn.Linear(size, 4 * size)
        self.output = nn.Linear(4 * size, size)
        self.output_norm = nn.LayerNorm(size, eps=1e-12)
        self.dropout = nn.Dropout(0.1)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.size()[:-1] + (self.heads, self.head)).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.head)
        weights = self.dropout(nn.functional.softmax(scores + mask, dim=-1))
        mixed = torch.matmul(weights, value).permute(0, 2, 1, 3).contiguous()
        mixed = mixed.view(mixed.size()[:-2] + (self.heads * self.head,))
        x = self.norm(self.dropout(self.dense(mixed)) + x)
        return self.output_norm(self.output(F.gelu(self.intermediate(x))) + x)


class Bert(nn.Module):
    """Tokens, their mask and segments; the last hidden states and the pooled first one."""

    def __init__(self, words: int = 100, size: int = 32, heads: int = 4, layers: int = 2, longest: int = 64):
        super().__init__()
        self.words = nn.Embedding(words, size, padding_idx=0)
        self.positions = nn.Embedding(longest, size)
        self.segments = nn.Embedding(2, size)
        self.norm = nn.LayerNorm(size, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(longest).expand((1, -1)))
        self.layers = nn.ModuleList(BertLayer(size, heads) for _ in range(layers))
        self.pooler = nn.Linear(size, size)

    def forward(self, ids: Tensor, attention_mask: Tensor, segment_ids: Tensor) -> Tuple[Tensor, Tensor]:
        positions = self.position_ids[:, 0 : ids.size(1)]
        x = self.norm(self.words(ids) + self.segments(segment_ids) + self.positions(positions))
        mask = (1.0 - attention_mask[:, None, None, :].to(dtype=x.dtype)) * -3.4028234663852886e38
        for layer in self.layers:
            x = layer(x, mask)
        return x, torch.tanh(self.pooler(x[:, 0]))


def bert():
    def inputs(rows, steps):
        lengths = torch.randint(2, steps + 1, (rows, 1))
        ids = torch.randint(1, 100, (rows, steps))
        return ids, (torch.arange(steps)[None] < lengths).long(), torch.randint(0, 2, (rows, steps))

    return Bert(), [inputs(1, 7), inputs(3, 7), inputs(2, 12)]


class GptBlock(nn.Module):
    def __init__(self, size: int, heads: int, longest: int):
        super().__init__()
        self.heads = heads
        self.size = size
        self.norm_1, self.norm_2 = nn.LayerNorm(size), nn.LayerNorm(size)
        # Hugging Face's Conv1D: the weight is not transposed.
        self.attend_weight, self.attend_bias = nn.Parameter(torch.randn(size, 3 * size) * 0.1), nn.Parameter(torch.randn(3 * size) * 0.1)
        self.project = nn.Linear(size, size)
        self.widen, self.narrow = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.register_buffer("bias", torch.tril(torch.ones(longest, longest, dtype=torch.bool)).view(1, 1, longest, longest))

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.size(0), x.size(1), self.heads, self.size // self.heads).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, past_key: Tensor, past_value: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        normal = self.norm_1(x)
        flat = torch.addmm(self.attend_bias, normal.view(-1, self.size), self.attend_weight)
        query, key, value = flat.view(x.size(0), x.size(1), 3 * self.size).split(self.size, dim=2)
        query, key, value = self.split(query), self.split(key), self.split(value)
        key, value = torch.cat((past_key, key), dim=-2), torch.cat((past_value, value), dim=-2)
        scores = torch.matmul(query, key.transpose(-1, -2)) / (value.size(-1) ** 0.5)
        steps, all_steps = query.size(-2), key.size(-2)
        causal = self.bias[:, :, all_steps - steps : all_steps, :all_steps]
        scores = torch.where(causal, scores, torch.full([], -3.4028234663852886e38, dtype=scores.dtype))
        mixed = torch.matmul(F.softmax(scores, dim=-1), value).permute(0, 2, 1, 3).contiguous().view(x.size())
        x = x + self.project(mixed)
        wide = self.widen(self.norm_2(x))
        active = 0.5 * wide * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (wide + 0.044715 * torch.pow(wide, 3.0))))
        return x + self.narrow(active), key, value


class Gpt(nn.Module):
    """The next words' scores, and the cache for the next call."""

    def __init__(self, words: int = 100, size: int = 32, heads: int = 4, layers: int = 2, longest: int = 64):
        super().__init__()
        self.words, self.positions = nn.Embedding(words, size), nn.Embedding(longest, size)
        self.blocks = nn.ModuleList(GptBlock(size, heads, longest) for _ in range(layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, ids: Tensor, past: Tensor) -> Tuple[Tensor, Tensor]:
        start = past.size(-2)
        positions = torch.arange(start, start + ids.size(-1), dtype=torch.long).unsqueeze(0)
        x = self.words(ids) + self.positions(positions)
        present: List[Tensor] = []
        for i, block in enumerate(self.blocks):
            x, key, value = block(x, past[i, 0], past[i, 1])
            present.append(torch.stack([key, value]))
        return F.linear(self.norm(x), self.words.weight), torch.stack(present)


def gpt():
    def inputs(rows, steps, before):
        return torch.randint(0, 100, (rows, steps)), torch.randn(2, 2, rows, 4, before, 8)

    return Gpt(), [inputs(1, 5, 3), inputs(2, 5, 3), inputs(2, 9, 0), inputs(1, 1, 8)]


class T5Attention(nn.Module):
    def __init__(self, size: int, heads: int, buckets: int, farthest: int, has_bias: bool):
        super().__init__()
        self.heads, self.buckets, self.farthest, self.has_bias = heads, buckets, farthest, has_bias
        self.q, self.k, self.v, self.o = (nn.Linear(size, size, bias=False) for _ in range(4))
        self.relative = nn.Embedding(buckets, heads)

    def bucket(self, distance: Tensor) -> Tensor:
        half = self.buckets // 2
        buckets = (distance > 0).to(torch.long) * half
        distance = torch.abs(distance)
        exact = half // 2
        is_small = distance < exact
        large = exact + (torch.log(distance.float() / exact) / math.log(self.farthest / exact) * (half - exact)).to(torch.long)
        large = torch.min(large, torch.full_like(large, half - 1))
        return buckets + torch.where(is_small, distance, large)

    def bias(self, steps: int) -> Tensor:
        here = torch.arange(steps, dtype=torch.long)
        buckets = self.bucket(here[None, :] - here[:, None])
        return self.relative(buckets).permute([2, 0, 1]).unsqueeze(0)

    def forward(self, x: Tensor, bias: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
        rows, steps = x.shape[:2]
        q, k, v = [proj.view(rows, -1, self.heads, x.size(2) // self.heads).transpose(1, 2) for proj in (self.q(x), self.k(x), self.v(x))]
        scores = torch.matmul(q, k.transpose(3, 2))
        if bias is None:
            bias = self.bias(steps)
        weights = nn.functional.softmax((scores + bias).float(), dim=-1).type_as(scores)
        mixed = torch.matmul(weights, v).transpose(1, 2).contiguous().view(rows, -1, x.size(2))
        return self.o(mixed), bias


class RmsNorm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(size))

    def forward(self, x: Tensor) -> Tensor:
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + 1e-6))


class T5Encoder(nn.Module):
    def __init__(self, words: int = 100, size: int = 32, heads: int = 4, layers: int = 2):
        super().__init__()
        self.words = nn.Embedding(words, size)
        self.attentions = nn.ModuleList(T5Attention(size, heads, 32, 128, i == 0) for i in range(layers))
        self.norms = nn.ModuleList(RmsNorm(size) for _ in range(2 * layers + 1))
        self.gates, self.ins = (nn.ModuleList(nn.Linear(size, 64, bias=False) for _ in range(layers)) for _ in range(2))
        self.outs = nn.ModuleList(nn.Linear(64, size, bias=False) for _ in range(layers))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.words(ids)
        first = self.norms[0](x)
        mixed, bias = self.attentions[0](first, None)
        x = x + mixed
        normal = self.norms[1](x)
        x = x + self.outs[0](F.gelu(self.gates[0](normal)) * self.ins[0](normal))
        mixed, bias = self.attentions[1](self.norms[2](x), bias)
        x = x + mixed
        normal = self.norms[3](x)
        x = x + self.outs[1](F.gelu(self.gates[1](normal)) * self.ins[1](normal))
        return self.norms[4](x)


def t5():
    return T5Encoder(), [(torch.randint(0, 100, shape),) for shape in ((1, 20), (2, 20), (2, 33))]


class Llama(nn.Module):
    """Rotary positions, grouped queries, a gated feed-forward."""

    def __init__(self, words: int = 100, size: int = 32, heads: int = 4, shared: int = 2):
        super().__init__()
        self.heads, self.shared, self.head = heads, shared, size // heads
        self.words = nn.Embedding(words, size)
        self.q, self.o = (nn.Linear(size, size, bias=False) for _ in range(2))
        self.k, self.v = (nn.Linear(size, shared * self.head, bias=False) for _ in range(2))
        self.gate, self.up, self.down = nn.Linear(size, 96, bias=False), nn.Linear(size, 96, bias=False), nn.Linear(96, size, bias=False)
        self.norm_1, self.norm_2, self.norm_3 = RmsNorm(size), RmsNorm(size), RmsNorm(size)
        self.register_buffer("frequencies", 1.0 / (10000.0 ** (torch.arange(0, self.head, 2).float() / self.head)))

    def rotated(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        half = x.shape[-1] // 2
        turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
        return x * cos + turned * sin

    def repeated(self, x: Tensor) -> Tensor:
        rows, shared, steps, head = x.shape
        times = self.heads // self.shared
        return x[:, :, None, :, :].expand(rows, shared, times, steps, head).reshape(rows, shared * times, steps, head)

    def forward(self, ids: Tensor) -> Tensor:
        rows, steps = ids.shape
        x = self.words(ids)
        angles = torch.outer(torch.arange(steps).to(self.frequencies.dtype), self.frequencies)
        angles = torch.cat((angles, angles), dim=-1)
        cos, sin = angles.cos()[None, None], angles.sin()[None, None]
        normal = self.norm_1(x)
        q = self.q(normal).view(rows, steps, self.heads, self.head).transpose(1, 2)
        k = self.k(normal).view(rows, steps, self.shared, self.head).transpose(1, 2)
        v = self.v(normal).view(rows, steps, self.shared, self.head).transpose(1, 2)
        q, k, v = self.rotated(q, cos, sin), self.repeated(self.rotated(k, cos, sin)), self.repeated(v)
        mask = torch.full((steps, steps), float("-inf"))
        mask = torch.triu(mask, diagonal=1)
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.head) + mask
        weights = F.softmax(scores, dim=-1, dtype=torch.float32).to(q.dtype)
        mixed = torch.matmul(weights, v).transpose(1, 2).reshape(rows, steps, -1)
        x = x + self.o(mixed)
        normal = self.norm_2(x)
        x = x + self.down(F.silu(self.gate(normal)) * self.up(normal))
        return F.linear(self.norm_3(x), self.words.weight)


def llama():
    return Llama(), [(torch.randint(0, 100, shape),) for shape in ((1, 6), (3, 6), (2, 11))]


class Vit(nn.Module):
    def __init__(self, size: int = 32, heads: int = 4, layers: int = 2, patch: int = 8):
        super().__init__()
        self.patches = nn.Conv2d(3, size, patch, patch)
        self.first = nn.Parameter(torch.randn(1, 1, size))
        self.positions = nn.Parameter(torch.randn(1, 17, size))
        layer = nn.TransformerEncoderLayer(size, heads, 64, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(size), enable_nested_tensor=False)
        self.head = nn.Linear(size, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.first.expand(x.shape[0], -1, -1), x), dim=1)
        # Positions for other sizes than those that it was trained with.
        if x.shape[1] != self.positions.shape[1]:
            side = int(math.sqrt(x.shape[1] - 1))
            grid = self.positions[:, 1:].reshape(1, 4, 4, -1).permute(0, 3, 1, 2)
            grid = F.interpolate(grid, size=[side, side], mode="bicubic", align_corners=False)
            positions = torch.cat((self.positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)), dim=1)
        else:
            positions = self.positions
        return self.head(self.encoder(x + positions)[:, 0])


def vit():
    return Vit(), [(torch.rand(1, 3, 32, 32),), (torch.rand(2, 3, 32, 32),)]


def vit_resized():
    return Vit(), [(torch.rand(1, 3, 48, 48),), (torch.rand(2, 3, 48, 48),)]


class Translator(nn.Module):
    """torch's own transformer, with masks of all kinds."""

    def __init__(self, words: int = 50, size: int = 32):
        super().__init__()
        self.words = nn.Embedding(words, size)
        self.transformer = nn.Transformer(size, 4, 2, 2, 64, batch_first=True)
        self.out = nn.Linear(size, words)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        steps = target.size(1)
        mask = torch.triu(torch.full((steps, steps), float("-inf")), diagonal=1)
        padding = source == 0
        mixed = self.transformer(self.words(source), self.words(target), None, mask, None, padding, None, padding)
        return self.out(mixed)


def translator():
    def inputs(rows, long, short):
        source = torch.randint(1, 50, (rows, long))
        source[0, -2:] = 0
        return source, torch.randint(1, 50, (rows, short))

    return Translator(), [inputs(2, 7, 5), inputs(3, 7, 5), inputs(2, 9, 4)]


class ConformerBlock(nn.Module):
    def __init__(self, size: int, heads: int, kernel: int):
        super().__init__()
        self.feed_1 = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 4 * size), nn.SiLU(), nn.Dropout(0.1), nn.Linear(4 * size, size))
        self.feed_2 = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 4 * size), nn.SiLU(), nn.Dropout(0.1), nn.Linear(4 * size, size))
        self.norm = nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(size, heads, dropout=0.1)
        self.norm_conv = nn.LayerNorm(size)
        self.conv = nn.Sequential(
            nn.Conv1d(size, 2 * size, 1),
            nn.GLU(dim=1),
            nn.Conv1d(size, size, kernel, padding=(kernel - 1) // 2, groups=size),
            nn.BatchNorm1d(size),
            nn.SiLU(),
            nn.Conv1d(size, size, 1),
        )
        self.final = nn.LayerNorm(size)

    def forward(self, x: Tensor, padding: Optional[Tensor]) -> Tensor:
        x = x + 0.5 * self.feed_1(x)
        normal = self.norm(x)
        mixed, _ = self.attention(normal, normal, normal, key_padding_mask=padding, need_weights=False)
        x = x + mixed
        x = x + self.conv(self.norm_conv(x).permute(1, 2, 0)).permute(2, 0, 1)
        return self.final(x + 0.5 * self.feed_2(x))


class Conformer(nn.Module):
    """Frames of a spectrogram and how many of them each row has."""

    def __init__(self, bands: int = 40, size: int = 32):
        super().__init__()
        self.subsample = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU())
        self.project = nn.Linear(8 * 9, size)
        self.blocks = nn.ModuleList(ConformerBlock(size, 4, 7) for _ in range(2))
        self.out = nn.Linear(size, 20)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        x = self.subsample(frames.unsqueeze(1))
        x = self.project(x.transpose(1, 2).flatten(2)).transpose(0, 1)
        lengths = torch.div(torch.div(lengths - 1, 2, rounding_mode="floor") - 1, 2, rounding_mode="floor")
        padding = torch.arange(x.size(0))[None, :] >= lengths[:, None]
        for block in self.blocks:
            x = block(x, padding)
        return F.log_softmax(self.out(x), dim=-1).transpose(0, 1), lengths


def conformer():
    return Conformer(), [(torch.randn(rows, steps, 40), torch.tensor(lengths)) for rows, steps, lengths in ((2, 50, [50, 31]), (3, 50, [50, 22, 40]), (1, 64, [64]))]


class DeepSpeech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 4, (11, 5), (2, 2), (5, 2)), nn.BatchNorm2d(4), nn.Hardtanh(0.0, 20.0))
        self.rnn = nn.GRU(4 * 20, 16, 2, bidirectional=True)
        self.out = nn.Linear(32, 29)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = x.view(x.size(0), x.size(1) * x.size(2), x.size(3)).permute(2, 0, 1).contiguous()
        x, _ = self.rnn(x)
        return self.out(x).transpose(0, 1).softmax(-1)


def deepspeech():
    return DeepSpeech(), [(torch.randn(rows, 1, 40, steps),) for rows, steps in ((1, 30), (2, 30), (2, 41))]


class Tagger(nn.Module):
    """A bidirectional LSTM over rows of different lengths."""

    def __init__(self, words: int = 50, size: int = 16, layers: int = 2):
        super().__init__()
        self.words = nn.Embedding(words, size, padding_idx=0)
        self.lstm = nn.LSTM(size, size, layers, batch_first=True, bidirectional=True, dropout=0.2)
        self.out = nn.Linear(2 * size, 5)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(self.words(ids), lengths, batch_first=True, enforce_sorted=False)
        x, (held, _) = self.lstm(packed)
        x, _ = nn.utils.rnn.pad_packed_sequence(x, batch_first=True, total_length=ids.size(1))
        return self.out(x), held


def tagger():
    return Tagger(), [(torch.randint(1, 50, (len(lengths), steps)), torch.tensor(lengths)) for steps, lengths in ((8, [8, 3, 5]), (8, [2, 8, 8]), (6, [6]))]


class Recurrent(nn.Module):
    """Layers of all kinds, with states of their own."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 12, 2, bias=False)
        self.projected = nn.LSTM(12, 16, 1, proj_size=6, batch_first=False)
        self.gru = nn.GRU(6, 10, bidirectional=True)
        self.rnn = nn.RNN(20, 6, nonlinearity="relu")
        self.tanh = nn.RNN(6, 6, bidirectional=True)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        x, (h, c) = self.lstm(x, (h, c))
        x, _ = self.projected(x)
        x, _ = self.gru(x)
        x, _ = self.rnn(x)
        x, _ = self.tanh(x)
        return x, h, c


def recurrent():
    return Recurrent(), [(torch.randn(steps, rows, 8), torch.randn(2, rows, 12), torch.randn(2, rows, 12)) for steps, rows in ((5, 1), (5, 3), (9, 2))]


class Unbatched(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.lstm = nn.GRU(8, 6, bidirectional=True), nn.LSTM(12, 5, 2)
        self.cell = nn.LSTMCell(5, 4)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        x, _ = self.gru(x)
        x, (h, _) = self.lstm(x)
        h, c = self.cell(x[-1:])
        return x, h


def unbatched():
    return Unbatched(), [(torch.randn(steps, 8),) for steps in (5, 3)]


class Beam(nn.Module):
    """A cell in a loop over the steps."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.cell = nn.GRUCell(8, 8)
        self.out = nn.Linear(8, 20)

    def forward(self, word: Tensor, held: Tensor) -> Tuple[Tensor, Tensor]:
        words: List[Tensor] = []
        for _ in range(6):
            held = self.cell(self.words(word), held)
            word = self.out(held).argmax(dim=-1)
            words.append(word)
        return torch.stack(words, dim=1), held


def greedy():
    return Beam(), [(torch.randint(0, 20, (rows,)), torch.randn(rows, 8)) for rows in (1, 4)]


class GhostNorm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(size)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


def sparsemax(x: Tensor) -> Tensor:
    ordered, _ = torch.sort(x, dim=-1, descending=True)
    sums = ordered.cumsum(-1) - 1
    places = torch.arange(1, x.size(-1) + 1, dtype=x.dtype)
    support = (places * ordered > sums).sum(dim=-1, keepdim=True)
    threshold = sums.gather(-1, support - 1) / support.to(x.dtype)
    return torch.clamp(x - threshold, min=0)


class TabNet(nn.Module):
    """Steps that look at some of the columns, chosen by sparsemax."""

    def __init__(self, columns: int = 12, size: int = 8, steps: int = 3):
        super().__init__()
        self.size = size
        self.first = nn.BatchNorm1d(columns)
        self.shared = nn.Linear(columns, 4 * size, bias=False)
        self.shared_norm = GhostNorm(4 * size)
        self.steps = nn.ModuleList(nn.Sequential(nn.Linear(2 * size, 4 * size, bias=False), GhostNorm(4 * size)) for _ in range(steps))
        self.attentive = nn.ModuleList(nn.Sequential(nn.Linear(size, columns, bias=False), GhostNorm(columns)) for _ in range(steps))
        self.out = nn.Linear(size, 3)

    def transformed(self, x: Tensor, step: nn.Module) -> Tensor:
        return x

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        x = self.first(x)
        prior = torch.ones_like(x)
        entropy = torch.zeros(1)
        shared = F.glu(self.shared_norm(self.shared(x)))
        attended = shared[:, self.size :]
        out = torch.zeros(x.size(0), self.size)
        for step, attentive in zip(self.steps, self.attentive):
            mask = sparsemax(attentive(attended) * prior)
            entropy = entropy + torch.mean(torch.sum(-mask * torch.log(mask + 1e-15), dim=1))
            prior = prior * (1.3 - mask)
            hidden = F.glu(self.shared_norm(self.shared(mask * x)))
            hidden = (F.glu(step(hidden)) + hidden) * math.sqrt(0.5)
            out = out + F.relu(hidden[:, : self.size])
            attended = hidden[:, self.size :]
        return self.out(out), entropy


def tabnet():
    return TabNet(), [(torch.randn(rows, 12),) for rows in (4, 1, 7)]


class FtTransformer(nn.Module):
    """Numbers and categories as tokens."""

    def __init__(self, sizes: Tuple[int, int, int] = (4, 7, 3), numbers: int = 5, size: int = 16):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(numbers, size)), nn.Parameter(torch.randn(numbers, size))
        self.categories = nn.Embedding(sum(sizes), size)
        self.register_buffer("offsets", torch.tensor([0, sizes[0], sizes[0] + sizes[1]]))
        self.token = nn.Parameter(torch.randn(size))
        self.layers = nn.ModuleList(nn.MultiheadAttention(size, 2, batch_first=True) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(4))
        self.widen = nn.ModuleList(nn.Linear(size, 4 * size) for _ in range(2))
        self.narrow = nn.ModuleList(nn.Linear(2 * size, size) for _ in range(2))
        self.head = nn.Sequential(nn.LayerNorm(size), nn.ReLU(), nn.Linear(size, 1))

    def forward(self, numbers: Tensor, categories: Tensor) -> Tensor:
        tokens = self.weight[None] * numbers[:, :, None] + self.bias[None]
        x = torch.cat([self.token.view(1, 1, -1).repeat(numbers.size(0), 1, 1), tokens, self.categories(categories + self.offsets[None])], dim=1)
        for i, (layer, widen, narrow) in enumerate(zip(self.layers, self.widen, self.narrow)):
            normal = F.layer_norm(x, [16])
            mixed, _ = layer(normal, normal, normal)
            x = x + mixed
            left, right = widen(F.layer_norm(x, [16])).chunk(2, dim=-1)
            x = x + narrow(left * F.relu(right))
        return self.head(x[:, 0]).squeeze(-1)


def ft_transformer():
    return FtTransformer(), [(torch.randn(rows, 5), torch.stack([torch.randint(0, n, (rows,)) for n in (4, 7, 3)], 1)) for rows in (3, 5)]


class WideDeep(nn.Module):
    """Bags of words and crossed columns."""

    def __init__(self):
        super().__init__()
        self.bag = nn.EmbeddingBag(40, 8, mode="mean")
        self.total = nn.EmbeddingBag(40, 8, mode="sum")
        self.deep = nn.Sequential(nn.Linear(28, 16), nn.SELU(), nn.AlphaDropout(0.1), nn.Linear(16, 16), nn.PReLU(), nn.Linear(16, 2))
        self.cross = nn.Bilinear(4, 4, 8)

    def forward(self, words: Tensor, numbers: Tensor) -> Tensor:
        crossed = self.cross(numbers, numbers)
        pairs = torch.cat([self.bag(words), self.total(words), numbers, crossed], dim=1)
        return torch.sigmoid(self.deep(pairs))


def wide_deep():
    return WideDeep(), [(torch.randint(0, 40, (rows, 5)), torch.randn(rows, 4)) for rows in (2, 3)]


class ResBlock(nn.Module):
    def __init__(self, size_in: int, size: int, times: int):
        super().__init__()
        self.norm_1, self.conv_1 = nn.GroupNorm(4, size_in), nn.Conv2d(size_in, size, 3, padding=1)
        self.time = nn.Linear(times, 2 * size)
        self.norm_2, self.conv_2 = nn.GroupNorm(4, size), nn.Conv2d(size, size, 3, padding=1)
        self.skip = nn.Conv2d(size_in, size, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        hidden = self.conv_1(F.silu(self.norm_1(x)))
        scale, shift = self.time(F.silu(time))[:, :, None, None].chunk(2, dim=1)
        hidden = self.norm_2(hidden) * (1 + scale) + shift
        return self.conv_2(F.silu(hidden)) + self.skip(x)


class SpatialAttention(nn.Module):
    def __init__(self, size: int, context: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(4, size, eps=1e-6)
        self.qkv = nn.Conv1d(size, 3 * size, 1)
        self.out = nn.Conv1d(size, size, 1)
        self.norm_cross = nn.LayerNorm(size)
        self.q, self.kv = nn.Linear(size, size, bias=False), nn.Linear(context, 2 * size, bias=False)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        rows, size, height, width = x.shape
        flat = self.norm(x).reshape(rows, size, -1)
        q, k, v = self.qkv(flat).reshape(rows * self.heads, 3 * size // self.heads, -1).split(size // self.heads, dim=1)
        scale = 1 / math.sqrt(math.sqrt(size // self.heads))
        weights = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale), dim=-1)
        mixed = torch.einsum("bts,bcs->bct", weights, v).reshape(rows, size, -1)
        x = x + self.out(mixed).reshape(rows, size, height, width)
        tokens = x.flatten(2).transpose(1, 2)
        k, v = self.kv(context).chunk(2, dim=-1)
        scores = torch.baddbmm(torch.empty(rows, tokens.size(1), k.size(1)), self.q(self.norm_cross(tokens)), k.transpose(-1, -2), beta=0, alpha=size**-0.5)
        tokens = tokens + torch.bmm(scores.softmax(dim=-1), v)
        return tokens.transpose(1, 2).reshape(rows, size, height, width)


class UNet(nn.Module):
    """A noisy image, the time step and a context to attend to."""

    def __init__(self, size: int = 16, context: int = 12):
        super().__init__()
        self.size = size
        self.time = nn.Sequential(nn.Linear(size, 4 * size), nn.SiLU(), nn.Linear(4 * size, 4 * size))
        self.first = nn.Conv2d(3, size, 3, padding=1)
        self.down_1, self.down_2 = ResBlock(size, size, 4 * size), ResBlock(size, 2 * size, 4 * size)
        self.shrink = nn.Conv2d(size, size, 3, stride=2, padding=1)
        self.attention = SpatialAttention(2 * size, context, 4)
        self.middle = ResBlock(2 * size, 2 * size, 4 * size)
        self.up = ResBlock(3 * size, size, 4 * size)
        self.grow = nn.Conv2d(2 * size, 2 * size, 3, padding=1)
        self.norm, self.out = nn.GroupNorm(4, size), nn.Conv2d(size, 3, 3, padding=1)

    def forward(self, x: Tensor, step: Tensor, context: Tensor) -> Tensor:
        half = self.size // 2
        frequencies = torch.exp(-math.log(10000.0) * torch.arange(0, half, dtype=torch.float32) / half)
        angles = step[:, None].float() * frequencies[None]
        time = self.time(torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1))
        first = self.down_1(self.first(x), time)
        hidden = self.down_2(F.avg_pool2d(self.shrink(F.pad(first, [0, 1, 0, 1])), 1), time)
        hidden = self.middle(self.attention(hidden, context), time)
        hidden = self.grow(F.interpolate(hidden, scale_factor=2.0, mode="nearest"))
        hidden = F.interpolate(hidden, size=first.shape[2:], mode="nearest")
        return self.out(F.silu(self.norm(self.up(torch.cat([hidden, first], dim=1), time))))


def unet():
    return UNet(), [(torch.randn(rows, 3, side, side), torch.randint(0, 1000, (rows,)), torch.randn(rows, 5, 12)) for rows, side in ((1, 16), (2, 16), (1, 24))]


class Vae(nn.Module):
    """A decoder with transposed convolutions and pixel shuffling, and what a generator of images needs besides."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16 * 4 * 4)
        self.blocks = nn.Sequential(
            nn.ConvTranspose2d(16, 12, 4, 2, 1), nn.InstanceNorm2d(12, affine=True), nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(12, 8, 3, 2, 1, output_padding=1), nn.BatchNorm2d(8), nn.ELU(),
            nn.ReflectionPad2d(1), nn.Conv2d(8, 12, 3), nn.PixelShuffle(2), nn.UpsamplingBilinear2d(scale_factor=2), nn.Conv2d(3, 3, 3, padding="same", padding_mode="replicate"),
        )

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.blocks(self.first(z).view(-1, 16, 4, 4)))


def vae():
    return Vae(), [(torch.randn(rows, 8),) for rows in (1, 3)]


class TemporalConv(nn.Module):
    """WaveNet's gated, dilated convolutions."""

    def __init__(self, size: int = 8, layers: int = 4):
        super().__init__()
        self.first = nn.Conv1d(1, size, 1)
        self.pads = [2**i for i in range(layers)]
        self.filters = nn.ModuleList(nn.utils.weight_norm(nn.Conv1d(size, 2 * size, 2, dilation=2**i)) for i in range(layers))
        self.skips = nn.ModuleList(nn.Conv1d(size, size, 1) for _ in range(layers))
        self.out = nn.Sequential(nn.ReLU(), nn.Conv1d(size, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        total = torch.zeros_like(x)
        for i, (filters, skip) in enumerate(zip(self.filters, self.skips)):
            gate, signal = filters(F.pad(x, [self.pads[i], 0])).chunk(2, dim=1)
            part = skip(torch.sigmoid(gate) * torch.tanh(signal))
            total = total + part
            x = x + part
        return self.out(total)


def wavenet():
    # The hook of weight_norm runs in Python: scripts get the plain weight.
    module = TemporalConv()
    for part in module.filters:
        nn.utils.remove_weight_norm(part)
    return module, [(torch.randn(rows, 1, steps),) for rows, steps in ((1, 40), (2, 40), (2, 55))]


class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.align = nn.Linear(32, 9)
        self.convs = nn.ModuleList([nn.Conv1d(3, 16, 1), nn.Conv1d(16, 32, 1)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(16), nn.BatchNorm1d(32)])
        self.out = nn.Linear(32, 5)

    def features(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms):
            x = F.relu(norm(conv(x)))
        return torch.max(x, 2, keepdim=False)[0]

    def forward(self, points: Tensor) -> Tensor:
        turn = self.align(self.features(points)).view(-1, 3, 3) + torch.eye(3, dtype=points.dtype).view(1, 3, 3).repeat(points.size(0), 1, 1)
        moved = torch.bmm(points.transpose(2, 1), turn).transpose(2, 1)
        return F.log_softmax(self.out(self.features(moved)), dim=1)


def pointnet():
    return PointNet(), [(torch.randn(rows, 3, points),) for rows, points in ((1, 20), (2, 20), (2, 33))]


class GraphAttention(nn.Module):
    """Messages along the edges of a graph, added up with index_add and scatter."""

    def __init__(self):
        super().__init__()
        self.lin, self.attend = nn.Linear(6, 8), nn.Linear(16, 1)
        self.out = nn.Linear(8, 3)

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        h = self.lin(x)
        source, target = edges[0], edges[1]
        score = F.leaky_relu(self.attend(torch.cat([h[source], h[target]], dim=1)).squeeze(1), 0.2)
        weight = torch.exp(score - score.max())
        total = torch.zeros(x.size(0), dtype=x.dtype).scatter_add(0, target, weight)
        mixed = torch.zeros_like(h).index_add(0, target, h[source] * (weight / total[target]).unsqueeze(1))
        return F.log_softmax(self.out(F.elu(mixed)), dim=1)


def graph_attention():
    return GraphAttention(), [(torch.randn(nodes, 6), torch.cat([torch.randint(0, nodes, (2, edges)), torch.arange(nodes).repeat(2, 1)], 1)) for nodes, edges in ((5, 9), (8, 20))]


GROUPS = {
    "transformers": {"bert": bert, "gpt_with_cache": gpt, "t5_encoder": t5, "llama_block": llama, "vit": vit, "vit_resized": vit_resized, "translator": translator},
    "speech and sequences": {
        "conformer": conformer, "deepspeech": deepspeech, "wavenet": wavenet, "lstm_tagger_packed": tagger, "recurrent_layers": recurrent,
        "recurrent_unbatched": unbatched, "gru_cell_greedy": greedy,
    },
    "tables, graphs and points": {"tabnet": tabnet, "ft_transformer": ft_transformer, "wide_and_deep": wide_deep, "pointnet": pointnet, "graph_attention": graph_attention},
    "images": {"diffusion_unet": unet, "vae_decoder": vae},
}
