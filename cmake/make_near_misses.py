#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes include/lt/core/hook_near_misses.def from include/lt/core/hooks.def.

    make_near_misses.py ROOT           writes the file
    make_near_misses.py ROOT --check   says whether the file is up to date (exit code 1: it is stale)

Two kinds of rows: slips of the finger, made from every hook's name (two neighbouring letters exchanged, one letter
left out), and other words for the same thing, among them the names that Lightning has dropped.
"""

import pathlib
import re
import sys

HEADER = """\
// SPDX-License-Identifier: Apache-2.0
// Made from hooks.def by cmake/make_near_misses.py; a test says when it is stale. Included with
//   LT_NEAR_MISS(wrong, right)   a slip of the finger, or a name that Lightning has dropped
//   LT_OTHER_NAME(wrong, right)  another word; harmless in a class that declares `right` too
// defined; no include guard.
"""

# Names that Lightning has dropped (trainer/configuration_validator.py and the 2.0 migration guide).
DROPPED = {
    "training_epoch_end": "on_train_epoch_end",
    "validation_epoch_end": "on_validation_epoch_end",
    "test_epoch_end": "on_test_epoch_end",
    "predict_epoch_end": "on_predict_epoch_end",
    "training_step_end": "on_train_batch_end",
    "validation_step_end": "on_validation_batch_end",
    "test_step_end": "on_test_batch_end",
    "on_epoch_start": "on_train_epoch_start",
    "on_epoch_end": "on_train_epoch_end",
    "on_batch_start": "on_train_batch_start",
    "on_batch_end": "on_train_batch_end",
    "on_pretrain_routine_start": "on_fit_start",
    "on_pretrain_routine_end": "on_fit_start",
    "on_init_start": "setup",
    "on_init_end": "setup",
    "on_keyboard_interrupt": "on_exception",
    "on_hpc_save": "on_save_checkpoint",
    "on_hpc_load": "on_load_checkpoint",
    "configure_sharded_model": "configure_model",
    "on_before_accelerator_backend_setup": "setup",
}

# Words that people use for those in a hook's name, in names with these beginnings or ends.
WORDS = [
    (r"_start$", "_begin"),
    (r"_start$", "_started"),
    (r"_end$", "_finish"),
    (r"_end$", "_ended"),
    (r"^on_train_", "on_training_"),
    (r"^on_validation_", "on_val_"),
    (r"^on_validation_", "on_valid_"),
    (r"^on_validation_", "on_validate_"),
    (r"^on_test_", "on_testing_"),
    (r"^on_predict_", "on_prediction_"),
    (r"^on_sanity_check_", "on_sanity_"),
    (r"^on_sanity_check_", "on_validation_sanity_check_"),
    (r"^train_dataloader", "training_dataloader"),
    (r"^val_dataloader", "validation_dataloader"),
    (r"^val_dataloader", "valid_dataloader"),
    (r"^predict_dataloader", "prediction_dataloader"),
    (r"_dataloader$", "_dataloaders"),
    (r"_dataloader$", "_data_loader"),
    (r"^training_step", "train_step"),
    (r"^validation_step", "val_step"),
    (r"^validation_step", "valid_step"),
    (r"^predict_step", "prediction_step"),
    (r"^test_step", "testing_step"),
    (r"^teardown$", "tear_down"),
    (r"^setup$", "set_up"),
    (r"_checkpoint$", "_ckpt"),
    (r"^configure_optimizers$", "configure_optim"),
]


def slips(name):
    """Names that a slip of the finger makes of `name`."""
    for i in range(len(name) - 1):
        yield name[:i] + name[i + 1] + name[i] + name[i + 2 :]
    for i in range(len(name)):
        yield name[:i] + name[i + 1 :]


def make(hooks):
    rows = {}  # wrong name -> (macro, right name)
    for wrong, right in DROPPED.items():
        assert right in hooks and wrong not in hooks, wrong
        rows[wrong] = ("LT_NEAR_MISS", right)
    for hook in hooks:
        names = {hook}
        for pattern, word in WORDS:  # two words may be replaced in one name: on_val_begin
            names |= {re.sub(pattern, word, name) for name in names}
        for wrong in sorted(names):
            if wrong not in hooks:
                rows.setdefault(wrong, ("LT_OTHER_NAME", hook))
    for hook in hooks:
        for wrong in slips(hook):
            if wrong not in hooks and re.fullmatch("[a-z_]+", wrong):
                rows.setdefault(wrong, ("LT_NEAR_MISS", hook))
    order = {hook: i for i, hook in enumerate(hooks)}
    ordered = sorted(rows.items(), key=lambda row: (order[row[1][1]], row[1][0], row[0]))
    lines = [f"{macro}({wrong}, {right})" for wrong, (macro, right) in ordered]
    return HEADER + "\n" + "\n".join(lines) + "\n"


def main():
    core = pathlib.Path(sys.argv[1]) / "include/lt/core"
    hooks = re.findall(r"^LT_HOOK\((\w+),", (core / "hooks.def").read_text(), re.MULTILINE)
    target = core / "hook_near_misses.def"
    text = make(hooks)
    if "--check" in sys.argv:
        if not target.exists() or target.read_text() != text:
            sys.exit(f"{target} is stale: run cmake/make_near_misses.py")
        print(f"{len(hooks)} hooks, {text.count(chr(10)) - HEADER.count(chr(10)) - 1} near misses, up to date")
    else:
        target.write_text(text)


if __name__ == "__main__":
    main()
