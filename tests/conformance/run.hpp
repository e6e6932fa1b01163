// SPDX-License-Identifier: Apache-2.0
// Runs a case and writes down what happened. Two programs define these: `conformance` in run.cpp,
// `conformance_static` in run_static.cpp.
#pragma once

#include "values.hpp"

#include <filesystem>
#include <string>

namespace conformance {

/// Whether this program runs the case of that name.
bool is_selected(const std::string& name);

/// The trace of a case, run in the empty directory `root`. Errors: Unsupported.
Json record(const Json& the_case, const std::filesystem::path& root);

}  // namespace conformance
