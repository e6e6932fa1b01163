#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what Lightning's Tuner finds: tuner.json, read by tests/tuner/recorded.cpp and tests/torch/tuner/lr_find.cpp.

Run with a Python that has lightning 2.6.6 (`sh cmake/interop.sh` prints one): `python record.py`. Output is
deterministic. `rates` are range tests of one linear layer, `suggestions` are those for made-up curves, `sizes` are
searches of a batch size with a memory that holds so many samples.
"""

import json
import logging
import pathlib
import tempfile
import warnings

import lightning.pytorch as pl
import torch
from lightning.pytorch.tuner import Tuner
from lightning.pytorch.tuner.lr_finder import _LRFinder

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.CRITICAL)
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
M32 = 0xFFFFFFFF


def unit(i, seed):
    """A number in [-0.5, 0.5) with 16 bits, the same in C++."""
    h = (i * 2654435761 + seed * 2246822519 + 374761393) & M32
    h ^= h >> 15
    h = h * 2246822519 & M32
    h ^= h >> 13
    h = h * 3266489917 & M32
    h ^= h >> 16
    return (float(h >> 16) - 32768.0) / 65536.0


def tensor(shape, seed):
    count = torch.Size(shape).numel()
    return torch.tensor([unit(i, seed) for i in range(count)], dtype=torch.float32).reshape(shape)


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.lr = 0.1
        self.net = torch.nn.Linear(4, 1)
        with torch.no_grad():
            self.net.weight.copy_(tensor((1, 4), 1))
            self.net.bias.copy_(tensor((1,), 2))

    def training_step(self, batch, _):
        return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


def loader(samples=20, batch_size=4):
    return torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(tensor((samples, 4), 3), tensor((samples, 1), 4)), batch_size=batch_size
    )


def trainer(folder, **options):
    return pl.Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=folder, **options
    )


RATES = [
    ("defaults", {}, {}),
    ("linear", {"mode": "linear", "max_lr": 0.5, "num_training": 40}, {}),
    ("short", {"num_training": 12}, {}),
    ("too short", {"num_training": 11}, {}),
    ("one step", {"num_training": 1}, {}),
    ("diverges", {"min_lr": 0.01, "max_lr": 1e4, "num_training": 80}, {}),
    ("no threshold", {"min_lr": 0.01, "max_lr": 1e3, "num_training": 40, "early_stop_threshold": None}, {}),
    ("accumulates", {"max_lr": 0.1, "num_training": 30}, {"accumulate_grad_batches": 2}),
    ("few epochs", {"max_lr": 0.1, "num_training": 30}, {"max_epochs": 3}),
    ("after a fit", {"num_training": 30}, {"max_epochs": 100, "fit_steps": 7}),
]


def finite(values):
    """JSON has no NaN and no infinity."""
    return [v if abs(v) < float("inf") else None for v in values]


def record_rates(folder):
    out = []
    for name, options, given in RATES:
        given = dict(given)
        steps = given.pop("fit_steps", 0)
        given.setdefault("max_epochs", 1000)
        model, train = Line(), loader()
        t = trainer(folder, **given)
        if steps:
            t = trainer(folder, **given, max_steps=steps)
            t.fit(model, train)
            t.fit_loop.epoch_loop.max_steps = -1
        found = Tuner(t).lr_find(model, train, **options)
        out.append({
            "name": name, "options": options, "trainer": given, "fit_steps": steps, "lr": found.results["lr"],
            "loss": finite(found.results["loss"]), "suggestion": found.suggestion(), "model_lr": model.lr,
        })
    return out


CURVES = [
    ("falls and rises", lambda p: (p - 0.7) ** 2),
    ("noise", lambda p: 1.0),
    ("cliff", lambda p: 1.0 if p < 0.6 else 0.2),
    ("flat, then explodes", lambda p: 1.0 if p < 0.8 else 1.0 + (p - 0.8) * 30),
]


def record_suggestions():
    out = []
    for seed, (name, shape) in enumerate(CURVES):
        for mode in ("exponential", "linear"):
            parts = [k / 49 for k in range(50)]
            lr = [1e-6 ** (1 - p) if mode == "exponential" else 1e-6 + p * (1 - 1e-6) for p in parts]
            loss = [shape(p) + 0.05 * unit(k, 10 + seed) for k, p in enumerate(parts)]
            for gaps in (False, True):
                if gaps:
                    loss[20], loss[33], loss[-1] = float("nan"), float("inf"), float("nan")
                finder = _LRFinder(mode, 1e-6, 1.0, 50)
                finder.results = {"lr": lr, "loss": loss}
                skips = [(10, 1), (0, 1), (5, 20), (0, 0), (48, 1)]
                out.append({
                    "name": f"{name}, {mode}, gaps {gaps}", "mode": mode, "lr": lr, "loss": finite(loss),
                    "skips": skips, "suggestions": [finder.suggestion(*skip) for skip in skips],
                })
    return out


class Sized(Line):
    def __init__(self, fits, samples):
        super().__init__()
        self.batch_size, self.fits, self.samples, self.tried = 1, fits, samples, []

    def train_dataloader(self):
        return loader(self.samples, self.batch_size)

    def on_train_start(self):
        self.tried.append(self.batch_size)

    def training_step(self, batch, index):
        if self.batch_size > self.fits:
            raise RuntimeError("CUDA out of memory. Tried to allocate much")
        return super().training_step(batch, index)


SIZES = [
    ({}, 20, 1000), ({}, 8, 1000), ({"init_val": 32}, 10, 1000), ({"max_trials": 3}, 1000, 1000),
    ({"max_trials": 3}, 4, 1000), ({"init_val": 16, "max_trials": 1}, 4, 1000), ({"max_val": 20}, 1000, 1000),
    ({"max_val": 32}, 1000, 1000), ({}, 1000, 12), ({}, 1000, 16), ({"init_val": 3}, 100, 1000),
    ({"init_val": 64, "max_trials": 3}, 4, 1000),
    ({"mode": "binsearch"}, 11, 1000), ({"mode": "binsearch"}, 64, 1000), ({"mode": "binsearch"}, 100, 1000),
    ({"mode": "binsearch", "margin": 0.0}, 23, 1000), ({"mode": "binsearch", "margin": 0.5}, 23, 1000),
    ({"mode": "binsearch", "init_val": 50}, 7, 1000), ({"mode": "binsearch", "max_val": 64}, 1000, 1000),
    ({"mode": "binsearch", "max_trials": 5}, 1000, 1000), ({"mode": "binsearch", "max_trials": 5}, 11, 1000),
    ({"mode": "binsearch"}, 1000, 12), ({"mode": "binsearch", "init_val": 2}, 1, 1000),
]


def record_sizes(folder):
    out = []
    for options, fits, samples in SIZES:
        model = Sized(fits, samples)
        found = Tuner(trainer(folder, max_epochs=1)).scale_batch_size(model, steps_per_trial=1, **options)
        out.append({
            "options": options, "fits": fits, "samples": samples, "tried": model.tried, "found": found,
            "model_size": model.batch_size,
        })
    return out


def main():
    with tempfile.TemporaryDirectory() as folder:
        recorded = {"lightning": pl.__version__, "rates": record_rates(folder), "suggestions": record_suggestions(),
                    "sizes": record_sizes(folder)}
    # One case a line.
    lines = [f'"lightning": {json.dumps(recorded["lightning"])}']
    for key in ("rates", "suggestions", "sizes"):
        cases = ",\n".join(json.dumps(case) for case in recorded[key])
        lines.append(f'"{key}": [\n{cases}\n]')
    (HERE / "tuner.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
