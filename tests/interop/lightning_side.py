# SPDX-License-Identifier: Apache-2.0
"""The model and the data of interop.cpp, for Python's Lightning."""

import logging

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Linear(lightning.LightningModule):
    def __init__(self, lr=0.05, note="from Lightning"):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Linear(4, 1)
        with torch.no_grad():
            self.net.weight.fill_(0.25)
            self.net.bias.fill_(-0.5)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return torch.nn.functional.mse_loss(self.net(x), y)

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)]


def loader():
    x = (torch.arange(48, dtype=torch.float32).reshape(12, 4) / 48).sin()
    y = x @ torch.tensor([[0.5], [-0.25], [0.125], [1.0]])
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)


def fit(folder, epochs, ckpt_path=None):
    """Trains and saves last.ckpt; returns model and trainer."""
    model = Linear()
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", devices=1, logger=False, default_root_dir=folder,
        enable_progress_bar=False, enable_model_summary=False,
        callbacks=[ModelCheckpoint(dirpath=folder, filename="model", save_last=True)])
    trainer.fit(model, loader(), ckpt_path=ckpt_path)
    return model, trainer
