# SPDX-License-Identifier: Apache-2.0
"""torch.load reads lt's checkpoints, Lightning resumes from them, and lt reads and resumes Lightning's."""

import collections
import math
from pathlib import Path

import lightning_side
import torch
from support import InteropTest, ask


def numbers(value):
    return torch.tensor(value["data"]).reshape(value["shape"])


class Values(InteropTest):
    def test_every_kind_as_python_has_it(self):
        path = self.folder / "values.ckpt"
        ask("values", path)
        loaded = torch.load(path, weights_only=True)
        plain = {k: v for k, v in loaded.items() if not isinstance(v, torch.Tensor) and k != "types"}
        self.assertEqual(plain, {
            "small": 3, "negative": -5, "large": -2**63, "number": 0.1, "inf": math.inf, "flag": False,
            "nothing": None, "text": "ü\n", "bytes": b"\x00\x7f\xff", "list": [1, "a", {7: 2.5}]})
        self.assertIs(type(loaded["flag"]), bool)
        self.assertTrue(torch.equal(loaded["turned"], torch.arange(6.0).view(2, 3).t()))
        self.assertTrue(torch.equal(loaded["part"], torch.arange(10.0)[2:5]))
        self.assertEqual(loaded["part"].untyped_storage().data_ptr(), loaded["base"].untyped_storage().data_ptr())
        self.assertEqual(loaded["scalar"].item(), 2.0)
        self.assertEqual(tuple(loaded["empty"].shape), (0, 3))
        self.assertEqual([t.dtype for t in loaded["types"]], [
            torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
            torch.int8, torch.uint8, torch.bool, torch.complex64])
        self.assertTrue(all((t == 1).all() for t in loaded["types"]))

    def test_lt_reads_what_python_saves(self):
        path = self.folder / "python.ckpt"
        shared = torch.arange(10.0)
        torch.save({
            "int": 2**40, "float": -0.5, "none": None, "tuple": (1, True), "text": "ü", "bytes": b"\xff\x00",
            "ordered": collections.OrderedDict(w=torch.arange(6.0).view(2, 3).t()), "set": {5}, 7: "number",
            "parameter": torch.nn.Parameter(torch.ones(2)), "half": torch.ones(2, dtype=torch.bfloat16),
            "part": shared[2:5], "shared": shared, "size": torch.Size([2, 3]), "device": torch.device("cpu"),
            "dtype": torch.float32, "state": torch.nn.Linear(2, 1).state_dict(), "empty": torch.zeros(0, 4),
        }, path)
        read = ask("read", path)
        self.assertEqual(read["int"], 2**40)
        self.assertEqual(read["float"], -0.5)
        self.assertIsNone(read["none"])
        self.assertEqual(read["tuple"], [1, True])
        self.assertEqual(read["bytes"], {"bytes": 2})
        self.assertEqual(read["ordered"]["w"], {"shape": [3, 2], "dtype": "Float", "data": [0, 3, 1, 4, 2, 5]})
        self.assertEqual(read["set"], [5])
        self.assertEqual(read["7"], "number")
        self.assertEqual(read["parameter"]["data"], [1, 1])
        self.assertEqual(read["half"]["dtype"], "BFloat16")
        self.assertEqual(read["part"]["data"], [2, 3, 4])
        self.assertEqual(read["size"], [2, 3])
        self.assertEqual(read["device"], "cpu")
        self.assertEqual(read["dtype"], "torch.float32")
        self.assertEqual(list(read["state"]), ["weight", "bias"])
        self.assertEqual(read["empty"]["shape"], [0, 4])

    def test_an_object_that_lt_does_not_know_is_named(self):
        path = self.folder / "object.ckpt"
        torch.save({"path": Path("x")}, path)
        self.assertIn("pathlib", ask("read", path, fails=True))


class Resume(InteropTest):
    def test_lightning_goes_on_where_lt_stopped(self):
        whole = ask("fit", self.folder / "whole", 5)
        ask("fit", self.folder / "half", 3)
        path = self.folder / "half/last.ckpt"
        saved = torch.load(path, weights_only=True)
        self.assertEqual((saved["epoch"], saved["global_step"]), (2, 9))
        self.assertEqual(saved["pytorch-lightning_version"], "2.6.6")
        self.assertEqual(saved["hyper_parameters"], {"lr": 0.05, "note": "from lt"})
        model, trainer = lightning_side.fit(self.folder / "rest", 5, path)
        self.assertEqual((trainer.current_epoch, trainer.global_step), (5, 15))
        torch.testing.assert_close(model.net.weight.detach(), numbers(whole["weight"]), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(model.net.bias.detach(), numbers(whole["bias"]), rtol=1e-5, atol=1e-6)
        loaded = lightning_side.Linear.load_from_checkpoint(path, weights_only=True)
        self.assertEqual(loaded.hparams.note, "from lt")

    def test_lt_goes_on_where_lightning_stopped(self):
        whole, _ = lightning_side.fit(self.folder / "whole", 5)
        lightning_side.fit(self.folder / "half", 3)
        rest = ask("fit", self.folder / "rest", 5, self.folder / "half/last.ckpt")
        self.assertEqual((rest["epoch"], rest["global_step"]), (5, 15))
        torch.testing.assert_close(numbers(rest["weight"]), whole.net.weight.detach(), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(numbers(rest["bias"]), whole.net.bias.detach(), rtol=1e-5, atol=1e-6)

    def test_lt_makes_the_model_of_lightnings_checkpoint(self):
        model, _ = lightning_side.fit(self.folder, 1)
        read = ask("load", self.folder / "last.ckpt")
        self.assertEqual(read["note"], "from Lightning")
        self.assertTrue(torch.equal(numbers(read["weight"]), model.net.weight.detach()))

    def test_the_keys_are_lightnings(self):
        ask("fit", self.folder / "lt", 1)
        lightning_side.fit(self.folder / "python", 1)
        ours = torch.load(self.folder / "lt/last.ckpt", weights_only=True)
        theirs = torch.load(self.folder / "python/last.ckpt", weights_only=True)
        self.assertEqual(set(theirs) - set(ours), set())
        self.assertEqual(set(ours["loops"]["fit_loop"]), set(theirs["loops"]["fit_loop"]))
        self.assertEqual(list(ours["state_dict"]), list(theirs["state_dict"]))
        group = theirs["optimizer_states"][0]["param_groups"][0]
        self.assertEqual(set(group) - set(ours["optimizer_states"][0]["param_groups"][0]), set())
