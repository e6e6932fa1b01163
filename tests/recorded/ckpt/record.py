#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes two checkpoints of Lightning, of one run: first.ckpt and second.ckpt, read by tests/tools/test_lt_ckpt.py.

Run with a Python that has lightning 2.6.6 (`sh cmake/interop.sh` prints one): `python record.py`.
"""

import logging
import pathlib
import tempfile
import warnings

import lightning.pytorch as pl
import torch

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.CRITICAL)
HERE = pathlib.Path(__file__).parent


class Model(pl.LightningModule):
    def __init__(self, hidden=2):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(3, hidden)
        with torch.no_grad():
            self.layer.weight.fill_(0.5)
            self.layer.bias.zero_()

    def training_step(self, batch, _):
        return self.layer(batch).square().mean()

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.25, momentum=0.5)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]


def main():
    with tempfile.TemporaryDirectory() as folder:
        keeper = pl.callbacks.ModelCheckpoint(dirpath=folder, filename="{epoch}", save_top_k=-1)
        trainer = pl.Trainer(
            max_epochs=2, accelerator="cpu", devices=1, logger=False, callbacks=[keeper], default_root_dir=folder,
            enable_progress_bar=False, enable_model_summary=False)
        trainer.fit(Model(), torch.utils.data.DataLoader(torch.ones(4, 3), batch_size=2))
        for epoch, name in enumerate(("first", "second")):
            checkpoint = torch.load(f"{folder}/epoch={epoch}.ckpt", weights_only=True)
            for state in checkpoint["callbacks"].values():  # without the name of the folder
                state.update({key: "" for key, value in state.items() if folder in str(value)})
            torch.save(checkpoint, HERE / f"{name}.ckpt")


if __name__ == "__main__":
    main()
