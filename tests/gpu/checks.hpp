// SPDX-License-Identifier: Apache-2.0
// What waits for a device: each check prints what it shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gpu {

struct Check {
  std::string_view name;
  std::string_view shows;
  int devices;    // that it needs
  bool (*run)();  // true if it holds
};

/// All of them.
std::vector<Check> checks();

// By file.
std::vector<Check> single_device_checks();
std::vector<Check> nccl_checks();

/// Devices that this process sees, and why there are none.
int device_count();
std::string why_unavailable();

}  // namespace gpu
