// SPDX-License-Identifier: Apache-2.0
// lt_gpu [NAME...]: runs the checks of that name, or all. `lt_gpu --list` names them.
// Exit status: 0 all hold, 1 one does not, 2 there is no such check, 3 a device is missing.
#include "checks.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace gpu {

std::vector<Check> checks() {
  std::vector<Check> all = single_device_checks();
  for (const Check& check : nccl_checks()) {
    all.push_back(check);
  }
  return all;
}

namespace {

// Whether the check holds; what it threw is printed.
bool holds(const Check& check) {
  std::cout << "== " << check.name << ": " << check.shows << std::endl;
  bool well = false;
  try {
    well = check.run();
  } catch (const std::exception& error) {
    std::cout << "   " << error.what() << '\n';
  }
  std::cout << "== " << check.name << ": " << (well ? "holds" : "DOES NOT HOLD") << std::endl;
  return well;
}

int run(std::vector<std::string_view> names) {
  if (std::getenv("LOCAL_RANK") != nullptr) {
    names = {"nccl"};  // started by that check as one of its ranks
  }
  const int devices = device_count();
  if (devices == 0) {
    std::cerr << "lt_gpu: no CUDA device, so nothing was run (" << why_unavailable() << ")\n";
    return 3;
  }
  int failed = 0;
  int missing = 0;
  for (const Check& check : checks()) {
    if (!names.empty() && std::find(names.begin(), names.end(), check.name) == names.end()) {
      continue;
    }
    if (devices < check.devices) {
      std::cout << "== " << check.name << ": needs " << check.devices << " devices, found "
                << devices << '\n';
      ++missing;
    } else {
      failed += holds(check) ? 0 : 1;
    }
  }
  return failed > 0 ? 1 : missing > 0 ? 3 : 0;
}

}  // namespace
}  // namespace gpu

int main(int count, char** arguments) {
  const std::vector<std::string_view> names(arguments + 1, arguments + count);
  const std::vector<gpu::Check> all = gpu::checks();
  if (names == std::vector<std::string_view>{"--list"}) {
    for (const gpu::Check& check : all) {
      std::cout << check.name << ": " << check.shows << '\n';
    }
    return 0;
  }
  for (const std::string_view name : names) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name; })) {
      std::cerr << "lt_gpu: there is no check " << name << "; see lt_gpu --list\n";
      return 2;
    }
  }
  return gpu::run(names);
}
