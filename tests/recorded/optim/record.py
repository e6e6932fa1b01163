#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what Python's torch.optim computes: optimizers.inc, clip.inc and lr_schedulers.inc.

Run with a Python that has torch 2.15: `python record.py`. Output is deterministic. The tests in
tests/torch/optim/ build the same cases, under the same names, and compare bits.
"""

import pathlib
import struct
import warnings

import torch
from torch.optim import lr_scheduler as lrs

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent
STEPS = 50
M32 = 0xFFFFFFFF


def mix(i, seed):
    h = (i * 2654435761 + seed * 2246822519 + 374761393) & M32
    h ^= h >> 15
    h = h * 2246822519 & M32
    h ^= h >> 13
    h = h * 3266489917 & M32
    return h ^ h >> 16


def unit(i, seed):
    return (float(mix(i & M32, seed) >> 16) - 32768.0) / 65536.0


def tensor(shape, seed, dtype, offset=0):
    n = 1
    for s in shape:
        n *= s
    return torch.tensor([unit(e + offset, seed) for e in range(n)], dtype=torch.float64).to(dtype).reshape(shape)


def fnv(tensors):
    """FNV-1a (64 bits) over the bytes of the values, widened to double."""
    h = 0xCBF29CE484222325
    for t in tensors:
        assert t.isfinite().all()
        for v in t.detach().double().reshape(-1).tolist():
            for b in struct.pack("<d", v):
                h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


SHAPES = [(5, 7), (6,)]


def params(dtype):
    return [tensor(s, 1000 + p, dtype).requires_grad_() for p, s in enumerate(SHAPES)]


def set_grads(ps, step, dtype):
    """grad = param / 2 + noise; the second parameter has none in every seventh step."""
    for p, w in enumerate(ps):
        if p == 1 and step % 7 == 6:
            w.grad = None
        else:
            w.grad = w.detach() * 0.5 + tensor(SHAPES[p], 2000 + p, dtype, 1000 * step)


# name, class, dtype, options of the first group, what differs in the second
F32, F64, BF16 = torch.float32, torch.float64, torch.bfloat16
O = torch.optim
CASES = [
    ("sgd", O.SGD, F32, dict(lr=0.05), dict(lr=0.02)),
    ("sgd momentum", O.SGD, F32, dict(lr=0.05, momentum=0.9, dampening=0.1, weight_decay=0.01), dict(lr=0.02)),
    ("sgd nesterov", O.SGD, F32, dict(lr=0.05, momentum=0.9, nesterov=True), dict(lr=0.02, weight_decay=0.1)),
    ("sgd maximize", O.SGD, F32, dict(lr=0.003, momentum=0.5, maximize=True), dict(lr=0.002)),
    ("sgd double", O.SGD, F64, dict(lr=0.05, momentum=0.9), dict(lr=0.02)),
    ("sgd bfloat16", O.SGD, BF16, dict(lr=0.05, momentum=0.9, weight_decay=0.1), dict(lr=0.02)),
    ("sgd fused", O.SGD, F32, dict(lr=0.05, momentum=0.9, weight_decay=0.01, fused=True), dict(lr=0.02)),
    ("adam", O.Adam, F32, dict(), dict(lr=0.02)),
    ("adam options", O.Adam, F32, dict(lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1), dict(lr=0.02)),
    ("adam amsgrad", O.Adam, F32, dict(lr=0.01, amsgrad=True), dict(lr=0.02, amsgrad=False)),
    ("adam maximize", O.Adam, F32, dict(lr=0.01, maximize=True), dict(lr=0.02)),
    ("adam decoupled", O.Adam, F32, dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True), dict(lr=0.02)),
    ("adam double", O.Adam, F64, dict(lr=0.01), dict(lr=0.02)),
    ("adam bfloat16", O.Adam, BF16, dict(lr=0.01), dict(lr=0.02)),
    ("adam fused", O.Adam, F32, dict(lr=0.01, weight_decay=0.1, amsgrad=True, fused=True), dict(lr=0.02)),
    ("adamw", O.AdamW, F32, dict(), dict(lr=0.02)),
    ("adamw amsgrad", O.AdamW, F32, dict(lr=0.01, weight_decay=0.1, amsgrad=True), dict(lr=0.02, maximize=True)),
    ("adamw bfloat16", O.AdamW, BF16, dict(lr=0.05, betas=(0.9, 0.95), weight_decay=0.3), dict(lr=0.02)),
    ("adamw half", O.AdamW, torch.float16, dict(lr=0.05, betas=(0.9, 0.95), eps=1e-4, weight_decay=0.3), dict(lr=0.02)),
    ("adamw fused", O.AdamW, F32, dict(lr=0.01, fused=True), dict(lr=0.02)),
    ("rmsprop", O.RMSprop, F32, dict(), dict(lr=0.02)),
    ("rmsprop centered", O.RMSprop, F32, dict(lr=0.01, alpha=0.9, eps=1e-6, centered=True), dict(lr=0.02)),
    ("rmsprop momentum", O.RMSprop, F32, dict(lr=0.01, momentum=0.8, weight_decay=0.1, maximize=True), dict(lr=0.02, centered=True)),
    ("rmsprop bfloat16", O.RMSprop, BF16, dict(lr=0.01, momentum=0.7), dict(lr=0.02)),
    ("adagrad", O.Adagrad, F32, dict(), dict(lr=0.02)),
    ("adagrad options", O.Adagrad, F32, dict(lr=0.1, lr_decay=0.01, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-8), dict(lr=0.2)),
    ("adagrad bfloat16", O.Adagrad, BF16, dict(lr=0.1), dict(lr=0.2)),
    ("adagrad maximize", O.Adagrad, F32, dict(lr=0.1, maximize=True), dict(lr=0.2)),
]


def run_case(cls, dtype, options, second):
    ps = params(dtype)
    options = dict(options)
    if cls is not O.RMSprop and cls is not O.Adagrad:
        options.setdefault("fused", False)
    opt = cls([{"params": [ps[0]]}, {"params": [ps[1]], **second}], foreach=False if not options.get("fused") else None, **options)
    hashes = []
    for step in range(STEPS):
        set_grads(ps, step, dtype)
        opt.step()
        hashes.append(fnv(ps))
    return hashes


def run_sparse():
    p = tensor((4, 3), 1000, F32).requires_grad_()
    opt = O.Adagrad([p], lr=0.1, lr_decay=0.01, foreach=False)
    hashes = []
    for step in range(STEPS):
        i = torch.tensor([[step % 4, (step + 1) % 4, step % 4]])
        p.grad = torch.sparse_coo_tensor(i, tensor((3, 3), 2000, F32, 1000 * step), (4, 3))
        opt.step()
        hashes.append(fnv([p]))
    return hashes


LBFGS = [
    ("lbfgs", F32, dict(lr=0.1, max_iter=4)),
    ("lbfgs history", F32, dict(lr=0.05, max_iter=3, history_size=3)),
    ("lbfgs double", F64, dict(lr=0.1, max_iter=4, max_eval=3)),
    ("lbfgs maximize", F32, dict(lr=0.1, max_iter=4, maximize=True)),
    ("lbfgs wolfe", F32, dict(lr=1, max_iter=2, line_search_fn="strong_wolfe")),
    ("lbfgs wolfe double", F64, dict(lr=0.5, max_iter=3, history_size=4, line_search_fn="strong_wolfe")),
    ("lbfgs wolfe maximize", F32, dict(lr=3, max_iter=2, line_search_fn="strong_wolfe", maximize=True)),
]


def run_lbfgs(dtype, options):
    """Rosenbrock's function of the elements of each parameter, with the gradient by hand."""
    ps = params(dtype)
    opt = O.LBFGS(ps, **options)
    sign = -1.0 if options.get("maximize") else 1.0
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        with torch.no_grad():
            total = None
            for w in ps:
                x = w.reshape(-1)
                a = x[1:] - x[:-1] * x[:-1]
                b = 1 - x[:-1]
                loss = (a * a * 10 + b * b).sum() * sign
                g = torch.zeros_like(x)
                g[1:] += a * 20
                g[:-1] += a * x[:-1] * -40 - b * 2
                w.grad = (g * sign).reshape(w.shape)
                total = loss if total is None else total + loss
            return total

    hashes = []
    for _ in range(STEPS):
        loss = opt.step(closure)
        hashes.append(fnv([*ps, loss, torch.tensor(float(calls))]))
    return hashes


def run_clip(max_norm, norm_type, dtype):
    ps = params(dtype)
    hashes = []
    for step in range(STEPS):
        set_grads(ps, step, dtype)
        norm = torch.nn.utils.clip_grad_norm_(ps, max_norm, norm_type)
        hashes.append(fnv([norm, *[p.grad for p in ps if p.grad is not None]]))
    return hashes


def run_clip_value():
    ps = params(F32)
    hashes = []
    for step in range(STEPS):
        set_grads(ps, step, F32)
        torch.nn.utils.clip_grad_value_(ps, 0.3)
        hashes.append(fnv([p.grad for p in ps if p.grad is not None]))
    return hashes


def write_hashes(file, cases):
    with open(HERE / file, "w") as out:
        out.write("// SPDX-License-Identifier: Apache-2.0\n// Written by record.py with torch "
                  + torch.__version__.split("+")[0] + ": one hash for each of the steps.\n")
        for name, hashes in cases:
            out.write('{"' + name + '",\n {')
            for i in range(0, len(hashes), 4):
                out.write(("" if i == 0 else "\n  ") + " ".join(f"0x{h:016x}," for h in hashes[i:i + 4]))
            out.write("}},\n")


# --- schedulers -------------------------------------------------------------------------------


def two_groups(kind="sgd"):
    a, b = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    groups = [{"params": [a], "lr": 0.1}, {"params": [b], "lr": 0.023}]
    return O.Adam(groups) if kind == "adam" else O.SGD(groups, lr=0.1, momentum=0.9)


def metric(step):
    """Falls, then stays, then rises and falls in waves."""
    return 1.0 / (1 + min(step, 12)) + 0.25 * unit(step, 77) * (step > 20)


SCHEDULERS = [
    ("step", "sgd", lambda o: lrs.StepLR(o, 3, gamma=0.7)),
    ("multi step", "sgd", lambda o: lrs.MultiStepLR(o, [4, 9, 9, 30], gamma=0.3)),
    ("exponential", "sgd", lambda o: lrs.ExponentialLR(o, 0.93)),
    ("linear", "sgd", lambda o: lrs.LinearLR(o)),
    ("linear down", "sgd", lambda o: lrs.LinearLR(o, 0.9, 0.05, 37)),
    ("constant", "sgd", lambda o: lrs.ConstantLR(o)),
    ("constant long", "sgd", lambda o: lrs.ConstantLR(o, 0.7, 30)),
    ("polynomial", "sgd", lambda o: lrs.PolynomialLR(o)),
    ("polynomial power", "sgd", lambda o: lrs.PolynomialLR(o, 43, 2.3)),
    ("cosine", "sgd", lambda o: lrs.CosineAnnealingLR(o, 50)),
    ("cosine twice", "sgd", lambda o: lrs.CosineAnnealingLR(o, 9, eta_min=0.001)),
    ("restarts", "sgd", lambda o: lrs.CosineAnnealingWarmRestarts(o, 7)),
    ("restarts growing", "sgd", lambda o: lrs.CosineAnnealingWarmRestarts(o, 3, 2, eta_min=0.002)),
    ("one cycle", "sgd", lambda o: lrs.OneCycleLR(o, 0.3, 51)),
    ("one cycle adam", "adam", lambda o: lrs.OneCycleLR(o, [0.3, 0.07], epochs=3, steps_per_epoch=17, pct_start=0.41, anneal_strategy="linear")),
    ("one cycle three", "sgd", lambda o: lrs.OneCycleLR(o, 0.3, 60, three_phase=True, base_momentum=[0.7, 0.8], max_momentum=0.99, div_factor=10.0, final_div_factor=100.0)),
    ("one cycle alone", "sgd", lambda o: lrs.OneCycleLR(o, 0.3, 51, cycle_momentum=False)),
    ("cyclic", "sgd", lambda o: lrs.CyclicLR(o, 0.01, 0.3, step_size_up=7)),
    ("cyclic 2", "adam", lambda o: lrs.CyclicLR(o, [0.01, 0.02], [0.3, 0.5], step_size_up=5, step_size_down=8, mode="triangular2", base_momentum=0.71, max_momentum=0.93)),
    ("cyclic exp", "sgd", lambda o: lrs.CyclicLR(o, 0.01, 0.3, step_size_up=6, mode="exp_range", gamma=0.97)),
    ("cyclic alone", "sgd", lambda o: lrs.CyclicLR(o, 0.01, 0.3, step_size_up=6, cycle_momentum=False)),
    ("lambda", "sgd", lambda o: lrs.LambdaLR(o, lambda e: 0.95**e)),
    ("lambdas", "sgd", lambda o: lrs.LambdaLR(o, [lambda e: 1 / (1 + e), lambda e: e // 10])),
    ("sequential", "sgd", lambda o: lrs.SequentialLR(o, [lrs.LinearLR(o, 0.1, total_iters=6), lrs.CosineAnnealingLR(o, 40, eta_min=0.003)], [6])),
    ("sequential three", "sgd", lambda o: lrs.SequentialLR(o, [lrs.ConstantLR(o, 0.1, 10), lrs.ExponentialLR(o, 0.9), lrs.StepLR(o, 4, 0.5)], [10, 30])),
    ("sequential more", "sgd", lambda o: lrs.SequentialLR(o, [lrs.CosineAnnealingWarmRestarts(o, 5), lrs.MultiStepLR(o, [0, 5], 0.5), lrs.PolynomialLR(o, 20, 2.0), lrs.CosineAnnealingWarmRestarts(o, 4)], [8, 20, 35])),
    ("sequential momentum", "sgd", lambda o: lrs.SequentialLR(o, [lrs.LambdaLR(o, lambda e: 0.5 + e / 10), lrs.OneCycleLR(o, 0.2, 45)], [5])),
    ("plateau", "sgd", lambda o: lrs.ReduceLROnPlateau(o, patience=2, factor=0.5)),
    ("plateau max", "sgd", lambda o: lrs.ReduceLROnPlateau(o, "max", 0.3, 1, threshold=0.01, threshold_mode="abs", cooldown=3, min_lr=[0.002, 0.01])),
    ("plateau rel", "sgd", lambda o: lrs.ReduceLROnPlateau(o, "max", 0.7, 0, threshold=0.02, eps=0.001)),
    ("plateau abs", "sgd", lambda o: lrs.ReduceLROnPlateau(o, "min", 0.9, 0, threshold=0.02, threshold_mode="abs")),
    ("chained", "sgd", lambda o: [lrs.ConstantLR(o, 0.1, 20), lrs.ExponentialLR(o, 0.9)]),
    ("chained more", "sgd", lambda o: [lrs.LinearLR(o, 0.2, total_iters=9), lrs.CosineAnnealingLR(o, 33, eta_min=0.001), lrs.StepLR(o, 5, 0.8)]),
]


def rates(opt):
    """lr and momentum (or betas[0]) of both groups."""
    return [torch.tensor([g["lr"], g["momentum"] if "momentum" in g else g["betas"][0]], dtype=torch.float64) for g in opt.param_groups]


def run_scheduler(kind, make):
    opt = two_groups(kind)
    made = make(opt)
    made = made if isinstance(made, list) else [made]
    rows = [fnv(rates(opt))]
    for step in range(STEPS):
        for s in made:
            if isinstance(s, lrs.ReduceLROnPlateau):
                s.step(metric(step))
            else:
                s.step()
        rows.append(fnv(rates(opt)))
    return rows


if __name__ == "__main__":
    torch.set_num_threads(1)
    optimizers = [(n, run_case(c, d, o, s)) for n, c, d, o, s in CASES]
    optimizers.append(("adagrad sparse", run_sparse()))
    optimizers += [(n, run_lbfgs(d, o)) for n, d, o in LBFGS]
    write_hashes("optimizers.inc", optimizers)
    write_hashes("clip.inc", [("norm", run_clip(1.5, 2.0, F32)), ("norm large", run_clip(100.0, 2.0, F32)),
                              ("norm inf", run_clip(0.4, float("inf"), F32)), ("norm 1", run_clip(3.0, 1.0, F64)),
                              ("norm bfloat16", run_clip(1.3, 2.0, BF16)), ("value", run_clip_value())])
    write_hashes("lr_schedulers.inc", [(n, run_scheduler(k, m)) for n, k, m in SCHEDULERS])
