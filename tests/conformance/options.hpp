// SPDX-License-Identifier: Apache-2.0
// The trainer's options from a case.
#pragma once

#include "values.hpp"

#include "lt/core/trainer_options.hpp"

#include <filesystem>
#include <string>

namespace conformance {

/// Errors: CaseError for a text that is none of `lt`'s enumerators; Unsupported.
lt::TrainerOptions trainer_options(const Json& trainer, const std::filesystem::path& root);

/// The precision of a case in its long form: "32-true", "bf16-mixed", ...
std::string precision_of(const Json& trainer);

}  // namespace conformance
