#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the fit loop of a program dispatches nothing dynamically.

    check_static.py PROGRAM [--allowed FILE] [--must-find TEXT] [--objdump O --addr2line A]

PROGRAM is built with `g++ -O2 -g1`. From the symbol of `lt::FitLoop<...>::run` on, and from the functions of the
program's threads, every direct call and jump is followed through all functions of the program. Each indirect call or jump found on the way belongs to the innermost
function that was inlined at its place (`addr2line -i`); it fails the test if that function is in namespace `lt`.

 - Functions of the standard library that only call what they were given (`std::function`, `std::visit`,
   `std::__invoke`) do not count as that innermost function: who called them does.
 - Jump tables of `switch` and the stubs of the procedure linkage table are no dispatch.
 - FILE names what is allowed all the same: a line `function  # reason` for each, functions of `lt` in full (without
      template arguments), those of other libraries by their namespace (`std::`). A line of `lt` that allows nothing is an error.

With --must-find the roles change: the test passes only if a function that contains TEXT is found to dispatch.
"""

import argparse
import re
import subprocess
import sys

ROOT = "lt::FitLoop::run"
THREADS = "std::thread::_State_impl::_M_run"
# Callers by trade: who uses them is the one who dispatches.
FORWARDERS = re.compile(
    r"^std::(function::|_Function_handler|move_only_function|visit|__detail::__variant::|__do_visit|invoke|__invoke"
    r"|reference_wrapper|apply|__apply|any|_Any)"
)


def strip_templates(name):
    """`lt::FitLoop<lt::E<int> >::run()` becomes `lt::FitLoop::run()`."""
    name = re.sub(r"operator(<=>|<<=?|>>=?|->\*?|[<>]=?|\(\))", lambda m: "operator" + words(m[1]), name)
    out, depth = [], 0
    for char in name:
        if char == "<":
            depth += 1
        elif char == ">":
            depth -= 1
        elif depth == 0:
            out.append(char)
    return "".join(out)


def words(symbols):
    return "_" + "".join({"<": "lt", ">": "gt", "=": "eq", "-": "minus", "*": "star", "(": "call", ")": ""}[c]
                         for c in symbols)


def qualified(demangled):
    """The plain qualified name of a function: no return type, template arguments, parameters, clone notes."""
    name = re.sub(r" \[clone [^]]*\]", "", demangled)
    name = strip_templates(name)
    name = name.replace("(anonymous namespace)", "{anonymous}").replace("decltype(auto)", "auto")
    name = re.sub(r"\{lambda\([^}]*?\)(#\d+)?\}", "{lambda}", name)
    name = re.sub(r"\boperator ", "operator_", name)
    out, depth = [], 0  # parameters of enclosing functions, as in f(int)::{lambda}::operator()
    for char in name:
        depth += char == "("
        if depth == 0:
            out.append(char)
        depth -= char == ")"
    name = re.sub(r"\s+(const|volatile|noexcept|&&?)\b", "", "".join(out)).rstrip(" &")
    return name.split(" ")[-1].removesuffix("::_FUN")


class Program:
    """The functions of a program: where each goes, and its indirect calls and jumps."""

    def __init__(self, path, objdump):
        self.goes_to, self.indirect = {}, {}  # by mangled name
        text = subprocess.run([objdump, "-d", "--no-show-raw-insn", "-w", path], check=True, capture_output=True,
                              text=True).stdout
        section, name, recent = "", None, []
        for line in text.splitlines():
            if line.startswith("Disassembly of section"):
                section, name = line.split()[-1].rstrip(":"), None
            elif match := re.match(r"^[0-9a-f]+ <(.+)>:$", line):
                name = match[1] if section.startswith(".text") else None  # stubs of .plt are no functions
                if name:
                    self.goes_to.setdefault(name, set())
                    self.indirect.setdefault(name, [])
                recent = []
            elif name and (match := re.match(r"^\s*([0-9a-f]+):\s+(.+?)\s*$", line)):
                self.read(name, int(match[1], 16), match[2], recent)
                recent = (recent + [match[2]])[-24:]

    def read(self, name, address, instruction, recent):
        match = re.match(r"^(?:bnd |notrack )*(call|j\w+)\s+(.*)$", instruction)
        if not match:
            return
        kind, target = match[1], match[2]
        if not target.startswith("*"):
            if found := re.search(r"<([^>+]+)(\+0x[0-9a-f]+)?>", target):
                if found[1] != name and not found[1].endswith("@plt"):
                    self.goes_to[name].add(found[1])
        elif kind == "call" or not is_jump_table(target, recent):
            self.indirect[name].append((address, f"{kind} {target}"))


def is_jump_table(target, recent):
    """`switch`: the offset read from a table is added to the table's own address, then jumped to."""
    if re.match(r"^\*0x[0-9a-f]+\(,%\w+,8\)", target):
        return True
    register = target.lstrip("*").split()[0]
    step = len(recent) - 1
    while step >= 0 and not (match := re.match(rf"^add\s+(%\w+),{re.escape(register)}$", recent[step])):
        if writes(recent[step], register):
            return False
        step -= 1
    if step < 0:
        return False
    table = match[1]
    return any(re.match(rf"^movslq \((%\w+),%\w+,4\),({re.escape(register)}|{re.escape(table)})$", earlier)
               for earlier in recent[:step])


def writes(instruction, register):
    return re.search(rf",{re.escape(register)}$", instruction) is not None and not re.match(r"^(cmp|test)", instruction)


def demangle(names):
    names = list(names)
    out = subprocess.run(["c++filt"], input="\n".join(names), check=True, capture_output=True, text=True).stdout
    return dict(zip(names, out.split("\n")))


def inlined_frames(path, addresses, addr2line):
    """For each address its functions, the innermost first."""
    if not addresses:
        return {}
    lines = subprocess.run([addr2line, "-a", "-i", "-f", "-C", "-e", path], check=True, capture_output=True, text=True,
                           input="\n".join(hex(a) for a in addresses)).stdout.splitlines()
    frames, current = {}, None
    i = 0
    while i < len(lines):
        if lines[i].startswith("0x"):
            current = frames.setdefault(int(lines[i], 16), [])
            i += 1
        else:
            current.append((lines[i], lines[i + 1].split(" (disc")[0]))
            i += 2
    return frames


def culprit(frames):
    """The innermost function that is not a mere forwarder of the standard library."""
    names = [qualified(name) for name, _ in frames]
    for name in names:
        if not FORWARDERS.match(name):
            return name
    return names[0]


def read_allowed(path):
    allowed = {}
    for line in open(path, encoding="utf-8"):
        entry, _, reason = line.partition("#")
        if entry.strip():
            if not reason.strip():
                sys.exit(f"{path}: no reason for {entry.strip()}")
            allowed[entry.strip()] = reason.strip()
    return allowed


def matches(entry, name):
    """A namespace (`std::`) stands for all it holds, a function of lt only for itself."""
    return name.startswith(entry) if entry.endswith("::") and not entry.startswith("lt::") else name == entry


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--allowed")
    parser.add_argument("--must-find")
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--addr2line", default="addr2line")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()

    program = Program(args.program, args.objdump)
    plain = {name: qualified(text) for name, text in demangle(program.goes_to).items()}
    roots = [name for name, text in plain.items() if text in (ROOT, THREADS)]
    if ROOT not in (plain[name] for name in roots):
        sys.exit("no symbol lt::FitLoop<...>::run in the program: was it built with -O2 -g1 from lt's headers?")

    reached_from = {root: None for root in roots}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        for target in program.goes_to[name]:
            if target in program.goes_to and target not in reached_from:
                reached_from[target] = name
                waiting.append(target)

    places = [(address, instruction, name) for name in reached_from for address, instruction in program.indirect[name]]
    frames = inlined_frames(args.program, [address for address, _, _ in places], args.addr2line)
    allowed = read_allowed(args.allowed) if args.allowed else {}
    used, found, counts = set(), [], {}
    for address, instruction, name in sorted(places):
        who = culprit(frames[address])
        entry = next((entry for entry in allowed if matches(entry, who)), None)
        if entry is not None:
            used.add(entry)
            counts[entry] = counts.get(entry, 0) + 1
        elif who.startswith("lt::") or args.allowed:
            found.append((who, address, instruction, name))

    print(f"{len(reached_from)} functions reached from lt::FitLoop::run, {len(places)} indirect calls and jumps in them")
    for entry, count in counts.items():
        print(f"  allowed {count:4}  {entry}: {allowed[entry]}")
    for who, address, instruction, name in found:
        path = []
        while name is not None:
            path.append(plain[name])
            name = reached_from[name]
        print(f"  FOUND   {who}\n          {instruction} at {address:#x}, line {frames[address][0][1]}\n"
              f"          reached by {' <- '.join(path)}")
        if args.verbose:
            for function, line in frames[address]:
                print(f"            {qualified(function)}  {line}")

    if args.must_find:
        hits = [who for who, *_ in found if args.must_find in who]
        if not hits:
            sys.exit(f"the dispatch in {args.must_find} was not found: this test cannot see dynamic dispatch")
        print(f"found, as expected: {hits[0]}")
        return
    stale = sorted(entry for entry in set(allowed) - used if entry.startswith("lt::"))
    for entry in stale:
        print(f"  STALE   {entry} is allowed, but nothing there dispatches")
    if found or stale:
        sys.exit(f"{len(found)} dynamic calls that are not allowed, {len(stale)} stale lines of {args.allowed}")
    print("lt dispatches nothing dynamically but what is listed")


if __name__ == "__main__":
    main()
