// SPDX-License-Identifier: Apache-2.0
// Runs a case and writes down what happened.
#pragma once

#include "values.hpp"

#include <filesystem>

namespace conformance {

/// The trace of a case, run in the empty directory `root`. Errors: Unsupported.
Json record(const Json& the_case, const std::filesystem::path& root);

}  // namespace conformance
