// SPDX-License-Identifier: Apache-2.0
// Runs under another precision than 32-true.
#pragma once

#include "values.hpp"

#include <cstdint>
#include <filesystem>

namespace conformance {

/// Whether a run asks for one of them. What is no precision at all is an error of the trainer's.
bool is_of_precision(const Json& run);

/// Errors: Unsupported for callbacks other than one Probe, and for several loggers.
Json run_with_precision(const Json& run, const std::filesystem::path& root, std::uint64_t seed);

}  // namespace conformance
