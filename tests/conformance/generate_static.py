#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes trainers of static type for the cases of the suite that have several callbacks.

Usage: generate_static.py CASES PASSING OUT

Selects the cases of PASSING with two or more callbacks or with callbacks of the model. Runs with the same
sequence of callbacks and as many loggers share a type of trainer. OUT gets static_0.cpp ... static_3.cpp with the
types, static_table.cpp with the table, and selected.txt with the names of the cases.
"""

import json
import sys
from collections import Counter
from pathlib import Path

FILES = 4
# The types that are not simply those of that name in lt.
TYPES = {
    "Probe": "Probe",
    "ProbeCheckpoint": "ProbeCheckpoint",
    "PredictionWriter": "lt::PredictionWriter<RecordingWriter>",
}

HEAD = "// Written by generate_static.py.\n"


def names(specs: list) -> tuple:
    return tuple(spec["name"] for spec in specs)


def loggers(trainer: dict) -> int:
    return 0 if trainer.get("barebones", False) else int(trainer.get("logger", True))


def runs_of(case: dict):
    """The callbacks, the callbacks of the model and the number of loggers of each run."""
    for change in [{}, *case.get("resume", [])]:
        model = case.get("model", {}) | change.get("model", {})
        trainer = case.get("trainer", {}) | change.get("trainer", {})
        callbacks = change.get("callbacks", case.get("callbacks", []))
        yield names(callbacks), names(model.get("callbacks", [])), loggers(trainer)


def cpp_tuple(callbacks: tuple) -> str:
    seen = Counter()
    types = []
    for name in callbacks:
        type_ = TYPES.get(name, f"lt::{name}")
        types.append(f"Again<{type_}, {seen[name]}>" if seen[name] else type_)
        seen[name] += 1
    return f"std::tuple<{', '.join(types)}>"


def write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main() -> None:
    cases, passing, out = map(Path, sys.argv[1:])
    selected = []
    types = Counter()
    for name in sorted(passing.read_text().split()):
        runs = list(runs_of(json.loads((cases / f"{name}.json").read_text())))
        if any(len(callbacks) >= 2 or of_model for callbacks, of_model, _ in runs):
            selected.append(name)
            types.update(runs)

    out.mkdir(parents=True, exist_ok=True)
    declared, table = [], []
    bodies = [[] for _ in range(FILES)]
    for i, (callbacks, of_model, count) in enumerate(sorted(types)):
        signature = f"Json run_static_{i}(const Json& run, const std::filesystem::path& root, std::uint64_t seed)"
        declared.append(f"{signature};\n")
        table.append(f'    {{"{",".join(callbacks)}|{",".join(of_model)}|{count}", run_static_{i}}},\n')
        bodies[i % FILES].append(
            f"{signature} {{\n"
            f"  using Kit = StaticKit<{cpp_tuple(callbacks)}, {cpp_tuple(of_model)},\n"
            f"                        std::make_index_sequence<{count}>>;\n"
            f"  return Run<Kit>(run, root, seed).execute();\n"
            f"}}\n"
        )
    for i, functions in enumerate(bodies):
        write(out / f"static_{i}.cpp", f'{HEAD}#include "static_kit.hpp"\n\nnamespace conformance {{\n\n'
              + "".join(declared) + "\n" + "\n".join(functions) + "\n}  // namespace conformance\n")
    write(out / "static_table.cpp", f'{HEAD}#include "run_static.hpp"\n\nnamespace conformance {{\n\n'
          + "".join(declared)
          + "\nstd::span<const StaticRun> static_runs() {\n  static constexpr StaticRun all[] = {\n" + "".join(table)
          + "  };\n  return all;\n}\n"
          + "\nstd::span<const std::string_view> static_cases() {\n  static constexpr std::string_view all[] = {\n"
          + "".join(f'    "{name}",\n' for name in selected) + "  };\n  return all;\n}\n\n}  // namespace conformance\n")
    write(out / "selected.txt", "\n".join(selected) + "\n")
    print(f"{len(selected)} cases on {len(types)} types of trainer")


if __name__ == "__main__":
    main()
