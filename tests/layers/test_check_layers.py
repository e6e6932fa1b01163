#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer check must find what it is there to find: each rule broken once in a small tree, and a tree that is right."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import check_layers  # noqa: E402

GOOD = {
    "core/errors.hpp": "#include <string>\n",
    "loops/fit.hpp": "#include <lt/core/errors.hpp>\n",
    "policies/strategy.hpp": "#include <lt/core/errors.hpp>\n",
    "policies/strategy/ddp.hpp": "#include <lt/policies/strategy.hpp>\n#include <lt/data/loader.hpp>\n",
    "data/loader.hpp": "#include <lt/policies/strategy.hpp>\n#include <ATen/ops/add_ops.h>\n",
    "nn/traced.hpp": "#include <torch/nn/module.h>\n",
    "trainer.hpp": "#include <lt/policies/strategy/ddp.hpp>\n",
    "lt.hpp": "#include <lt/trainer.hpp>\n",
    "nn.hpp": "#include <lt/nn/traced.hpp>\n#include <lt/trainer.hpp>\n",
}


class Rules(unittest.TestCase):
    def errors(self, **changes: str) -> list:
        files = dict(GOOD)
        files.update({name.replace("__", "/") + ".hpp": text for name, text in changes.items()})
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, "include/lt", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_layers.check_includes(check_layers.Tree(Path(root)))

    def expect(self, part: str, **changes: str) -> None:
        errors = self.errors(**changes)
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(part, errors[0])

    def test_a_tree_that_is_right(self) -> None:
        self.assertEqual(self.errors(), [])

    def test_upwards(self) -> None:
        self.expect("includes upwards", core__errors="#include <lt/loops/fit.hpp>\n")

    def test_upwards_by_a_quoted_include(self) -> None:
        self.expect("includes upwards", core__errors='#include "../loops/fit.hpp"\n')

    def test_below_a_door(self) -> None:
        self.expect("includes upwards", policies__strategy="#include <lt/lt.hpp>\n")

    def test_torch_in_the_core(self) -> None:
        self.expect("never include LibTorch", core__errors="#include <c10/core/Device.h>\n")

    def test_fmt_in_the_loops(self) -> None:
        self.expect("never include LibTorch or fmt", loops__fit="#include <fmt/format.h>\n")

    def test_contract_includes_a_member(self) -> None:
        self.expect("never includes a member", policies__strategy="#include <lt/policies/strategy/ddp.hpp>\n")

    def test_layer_4_includes_a_member(self) -> None:
        self.expect("never a member", data__loader="#include <lt/policies/strategy/ddp.hpp>\n")

    def test_operator_header_behind_the_light_door(self) -> None:
        self.expect("behind the light door", data__loader="#include <ATen/ops/add.h>\n")

    def test_torch_nn_behind_the_light_door(self) -> None:
        self.expect("behind the light door", data__loader="#include <torch/nn/module.h>\n")

    def test_umbrella_behind_the_light_door(self) -> None:
        self.expect("behind the light door", trainer="#  include <torch/torch.h>\n")

    def test_unknown_folder(self) -> None:
        self.expect("in no layer", stray__thing="\n")

    def test_missing_header(self) -> None:
        self.expect("does not exist", trainer="#include <lt/core/nothing.hpp>\n")

    def test_too_long(self) -> None:
        self.expect("at most 600", trainer="\n" * 601)


if __name__ == "__main__":
    unittest.main()
