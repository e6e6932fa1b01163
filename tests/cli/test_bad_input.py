#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong input to a program: status 2, one line that says what is wrong, and nothing on disk.

Usage: test_bad_input.py DIGITS_CLI ROOT
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

program, root = (Path(argument).resolve() for argument in sys.argv[1:3])

FILES = {
    "malformed.yaml": "trainer:\n  max_epochs: 3\n  callbacks: [EarlyStopping\n",
    "tabs.yaml": "trainer:\n\tmax_epochs: 3\n",
    "typed.yaml": "trainer:\n  max_epochs: many\n",
    "unknown.yaml": "trainer:\n  max_epohcs: 3\n",
    "group.yaml": "trianer:\n  max_epochs: 3\n",
    "twice.yaml": "trainer:\n  max_epochs: 3\n  max_epochs: 4\n",
    "list.yaml": "- trainer\n",
    "stranger.yaml": "trainer:\n  callbacks:\n    - class_path: lightning.pytorch.callbacks.RichProgressBar\n",
    "argument.yaml": "model:\n  class_path: Mlp\n  init_args: {hiden: 3}\n",
    "dict.yaml": "trainer:\n  callbacks:\n    - class_path: EarlyStopping\n      args: {monitor: x}\n",
    "nodes.yaml": "trainer: {num_nodes: 4}\n",
}

#: arguments -> what the message must say.
CASES = [
    (["fit", "--config", "malformed.yaml"], ["malformed.yaml:4:1", "not valid YAML"]),
    (["fit", "--config", "tabs.yaml"], ["tabs.yaml:2:", "not valid YAML"]),
    (["fit", "--config", "typed.yaml"], ["typed.yaml:2:15", "trainer.max_epochs = 'many'", "expected int or null"]),
    (["fit", "--config", "unknown.yaml"], ["unknown.yaml:2:15", "did you mean trainer.max_epochs?"]),
    (["fit", "--config", "group.yaml"], ["unknown key trianer", "did you mean trainer?"]),
    (["fit", "--config", "twice.yaml"], ["twice.yaml:3:3", "stands there twice"]),
    (["fit", "--config", "list.yaml"], ["expected a map"]),
    (["fit", "--config", "stranger.yaml"],
     ["stranger.yaml:3:19", "holds no such callback", "EarlyStopping, ModelCheckpoint"]),
    (["fit", "--config", "argument.yaml"], ["unknown key model.hiden", "did you mean model.hidden?"]),
    (["fit", "--config", "dict.yaml"], ["unknown key trainer.callbacks.args", "class_path and init_args"]),
    (["fit", "--config", "nodes.yaml"], ["unknown key trainer.num_nodes"]),
    (["fit", "--config", "missing.yaml"], ["cannot read the configuration file 'missing.yaml'"]),
    (["fit", "--config", "."], ["cannot read the configuration file '.'"]),
    (["test", "--ckpt_path", "missing.ckpt"], ["ckpt_path = 'missing.ckpt': there is no such file"]),
    (["fit", "--trainer.max_epoch", "3"], ["did you mean --trainer.max_epochs?"]),
    (["fit", "--trainer.max_epochs"], ["--trainer.max_epochs has no value"]),
    (["fit", "--trainer.max_epochs", "3.5"], ["'3.5' has the wrong type"]),
    (["fit", "--trainer.max_epochs", "99999999999999999999"], ["out of range"]),
    (["fit", "--trainer.max_epochs", "-2"], ["max_epochs must be -1 (no limit), 0 or more"]),
    (["fit", "--trainer.limit_val_batches", "1.5"], ["limit_val_batches must be a fraction"]),
    (["fit", "--trainer.inference_mode", "maybe"], ["'maybe' has the wrong type; expected bool"]),
    (["fit", "--trainer.gradient_clip_algorithm", "both"], ["expected {norm,value}"]),
    (["fit", "--optimizer", "AdamW", "--optimizer.betas", "[0.9]"], ["[float, ...] of 2"]),
    (["fit", "--optimizer", "AdamW", "--optimizer.lr", "-1"], ["lr"]),
    (["fit", "--optimizer.lr", "1"], ["optimizer has options but no class", "AdamW, SGD"]),
    (["fit", "--trainer.max_epochs", "1", "--trainer.max_epochs", "2"], ["given twice", "'1'", "'2'"]),
    (["fit", "--strategy", "ddp", "--trainer.strategy", "single_device"], ["given twice"]),
    (["fit", "--strategy", "single_device", "--devices", "2"], ["single_device has one process"]),
    (["fit", "--trainer.barebones", "true", "--logger", "true"], ["together with barebones"]),
    (["fit", "--trainer.callbacks", "EarlyStopping"], ["monitor must name a logged metric"]),
    (["fit", "--trainer.callbacks.monitor", "x"], ["no callback was chosen before"]),
    (["fit", "--devices", "0"], ["out of range"]),
    (["fit", "--devices", "2", "--trainer.callbacks", "EarlyStopping"], ["monitor must name a logged metric"]),
    (["fit", "--seed_everything", "-1"], ["seed_everything = '-1'"]),
    (["fit", "--strategy", "fsdp"], ["holds no such strategy", "single_device, ddp"]),
    (["fit", "--precision", "16-mixed"], ["holds no such precision", "32-true, bf16-mixed"]),
    (["fit", "--accelerator", "cuda"], ["holds no such accelerator", "cpu"]),
    (["fit", "--model", "Resnet"], ["holds no such model", "Classifier, Mlp"]),
    (["fit", "--optimizer", "Lion"], ["holds no such optimizer", "AdamW, SGD"]),
    (["fit", "--trainer.logger", "WandbLogger"], ["holds no such logger", "CsvLogger"]),
    (["fit", "now"], ["unexpected 'now'"]),
    (["fti"], ["unknown sub-command 'fti'", "did you mean fit?"]),
    (["tune", "--model", "Classifier"], ["the model Classifier has no learning rate or batch size that can be set"]),
    (["predict"], ["unknown sub-command 'predict'", "fit, sweep, validate, test, tune"]),
    ([], ["no sub-command"]),
    (["--trainer.max_epochs", "3", "fit"], ["no flag --trainer.max_epochs before the sub-command"]),
    (["--completion", "fish"], ["expected bash"]),
]


class BadInput(unittest.TestCase):
    def run_in_new_folder(self, arguments, variables=()):
        with tempfile.TemporaryDirectory() as folder:
            inputs = Path(folder, "inputs")
            inputs.mkdir()
            Path(inputs, "examples").symlink_to(root / "examples")
            for name, text in FILES.items():
                Path(inputs, name).write_text(text, encoding="utf-8")
            before = sorted(Path(folder).rglob("*"))
            run = subprocess.run([program, *arguments], cwd=inputs, env={**os.environ, **dict(variables)},
                                 text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
            return run, sorted(Path(folder).rglob("*")) == before

    def check(self, arguments, wanted, variables=()):
        with self.subTest(arguments=arguments, variables=variables):
            run, untouched = self.run_in_new_folder(arguments, variables)
            self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
            self.assertEqual(run.stdout, "")
            self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
            self.assertTrue(run.stderr.startswith("digits_cli: "), run.stderr)
            for text in wanted:
                self.assertIn(text, run.stderr)
            self.assertTrue(untouched, "something was written")

    def test_each(self):
        for arguments, wanted in CASES:
            self.check(arguments, wanted)

    def test_environment(self):
        self.check(["fit"], ["LT_TRAINER__MAX_EPOCHS: trainer.max_epochs = 'x'"], [("LT_TRAINER__MAX_EPOCHS", "x")])
        self.check(["fit"], ["LT_MODEL__HIDEN"], [("LT_MODEL__HIDEN", "3")])

    def test_the_same_input_made_right(self):
        # The harness can tell: what is right ends with 0.
        run, _ = self.run_in_new_folder(["fit", "--trainer.fast_dev_run", "1", "--model", "Mlp",
                                         "--trainer.enable_progress_bar", "false"])
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
