#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write lightning.json: what Lightning and torch put into checkpoints. Needs `lightning` and `torch`.

`loops`: of a checkpoint written in the middle of an epoch. `optimizers`: the state_dict of each optimizer after three
steps, the parameters then, and after one step more. `schedulers`: the state_dict of each scheduler after two steps.
"""

import copy
import json
import math
import pathlib
import tempfile
import warnings

import lightning
import torch
from torch.optim import lr_scheduler as lrs


def tree(value):
    if isinstance(value, torch.Tensor):
        return {"tensor": value.double().flatten().tolist(), "shape": list(value.shape), "dtype": str(value.dtype)[6:]}
    if isinstance(value, dict):
        return {str(key): tree(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [tree(item) for item in value]
    if isinstance(value, float) and math.isinf(value):
        return {"infinite": value > 0}
    return value


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def training_step(self, batch, batch_idx):
        return self.layer(batch).sum()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        return [optimizer], [{"scheduler": lrs.StepLR(optimizer, 2), "interval": "step"}]


def loops():
    with tempfile.TemporaryDirectory() as folder:
        keeper = lightning.pytorch.callbacks.ModelCheckpoint(dirpath=folder, filename="c", every_n_train_steps=7)
        trainer = lightning.Trainer(
            max_steps=7, accelerator="cpu", logger=False, callbacks=[keeper], default_root_dir=folder,
            enable_progress_bar=False, enable_model_summary=False, val_check_interval=2, accumulate_grad_batches=1)
        loader = torch.utils.data.DataLoader(torch.ones(10, 3), batch_size=2)
        trainer.fit(Model(), loader, loader)
        return torch.load(folder + "/c.ckpt", weights_only=True)["loops"]


def values(count, seed):
    return [((i * 37 + seed * 101) % 64 - 32) / 64 for i in range(count)]


def gradients(params, step):
    for k, param in enumerate(params):
        param.grad = torch.tensor(values(param.numel(), 10 * step + k)).reshape(param.shape)


def optimizer(make):
    params = [torch.nn.Parameter(torch.tensor(values(6, 1)).reshape(2, 3)), torch.nn.Parameter(torch.tensor(values(2, 2)))]
    weights = [torch.tensor(values(6, 3)).reshape(2, 3).abs() + 0.5, torch.tensor(values(2, 4)).abs() + 0.5]
    opt = make(params)

    def closure():
        loss = torch.zeros(())
        for param, weight in zip(params, weights):
            param.grad = (param * weight * 2).detach()
            loss = loss + (param * param * weight).sum()
        return loss.detach()

    def step(i):
        if isinstance(opt, torch.optim.LBFGS):
            opt.step(closure)
        else:
            gradients(params, i)
            opt.step()

    for i in range(3):
        step(i)
    result = {"params": tree(list(params)), "state_dict": tree(copy.deepcopy(opt.state_dict()))}
    step(3)
    result["after"] = tree(list(params))
    return result


def scheduler(make):
    opt = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    sched = make(opt)
    for _ in range(2):
        opt.step()
        sched.step(*([1.0] if isinstance(sched, lrs.ReduceLROnPlateau) else []))
    return tree(sched.state_dict())


def main():
    warnings.filterwarnings("ignore")
    o = torch.optim
    recorded = {
        "versions": {"lightning": lightning.__version__, "torch": torch.__version__.split("+")[0]},
        "loops": loops(),
        "optimizers": {
            "SGD": optimizer(lambda p: o.SGD(p, lr=0.1)),
            "SGD momentum": optimizer(lambda p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
            "Adam": optimizer(lambda p: o.Adam(p, lr=0.1, amsgrad=True)),
            "AdamW": optimizer(lambda p: o.AdamW([{"params": p[:1], "lr": 0.02, "name": "body"}, {"params": p[1:]}])),
            "RMSprop": optimizer(lambda p: o.RMSprop(p, lr=0.1, momentum=0.9, centered=True)),
            "Adagrad": optimizer(lambda p: o.Adagrad(p, lr=0.1, lr_decay=0.01)),
            "LBFGS": optimizer(lambda p: o.LBFGS(p, lr=0.3, max_iter=2, history_size=4)),
        },
        "schedulers": {
            "StepLR": scheduler(lambda p: lrs.StepLR(p, 2)),
            "MultiStepLR": scheduler(lambda p: lrs.MultiStepLR(p, [1, 3])),
            "CosineAnnealingLR": scheduler(lambda p: lrs.CosineAnnealingLR(p, 10)),
            "OneCycleLR": scheduler(lambda p: lrs.OneCycleLR(p, 0.3, total_steps=10)),
            "ReduceLROnPlateau": scheduler(lambda p: lrs.ReduceLROnPlateau(p, patience=3)),
        },
    }
    path = pathlib.Path(__file__).with_name("lightning.json")
    path.write_text(json.dumps(recorded, indent=None, separators=(", ", ": ")).replace('}, "', '},\n"') + "\n")


if __name__ == "__main__":
    main()
