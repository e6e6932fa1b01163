// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "errors.hpp"
#include "read.hpp"

#include <array>
#include <map>

namespace conformance {

lt::TrainerOptions trainer_options(const Json& trainer, const std::filesystem::path& root) {
  lt::TrainerOptions options;
  options.compat = lt::Compat::lightning;
  options.default_root_dir = root.string();
  if (!trainer.value("barebones", false)) {
    options.enable_progress_bar = false;
    options.enable_model_summary = false;
    const Json loggers = trainer.value("logger", Json(true));
    if (loggers == false || loggers == 0) {
      options.logger = false;
    }
  }
  read_fields(trainer, options, {"logger", "logger_version", "precision"});
  return options;
}

std::string precision_of(const Json& trainer) {
  static const std::map<std::string, std::string> long_forms = {
      {"64", "64-true"}, {"32", "32-true"}, {"16", "16-mixed"}, {"bf16", "bf16-mixed"}};
  static constexpr std::array known = {"transformer-engine",
                                       "transformer-engine-float16",
                                       "16-true",
                                       "16-mixed",
                                       "bf16-true",
                                       "bf16-mixed",
                                       "32-true",
                                       "64-true"};
  const Json given = trainer.value("precision", Json("32-true"));
  if (given.is_null()) {
    return "32-true";
  }
  std::string text = given.is_string() ? given.get<std::string>() : given.dump();
  if (long_forms.contains(text)) {
    text = long_forms.at(text);
  }
  for (const std::string_view other : known) {
    if (other == text) {
      return text;
    }
  }
  throw CaseError("ValueError", "invalid_precision");
}

}  // namespace conformance
