// SPDX-License-Identifier: Apache-2.0
// What generate_static.py writes: one function for each type of trainer, and a table of them.
#pragma once

#include "values.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace conformance {

/// A type of trainer: `key` is "callbacks|callbacks of the model|number of loggers".
struct StaticRun {
  std::string_view key;
  Json (*execute)(const Json& run, const std::filesystem::path& root, std::uint64_t seed);
};

std::span<const StaticRun> static_runs();
std::span<const std::string_view> static_cases();

}  // namespace conformance
