// SPDX-License-Identifier: Apache-2.0
// The cases that were selected, each on a trainer of its own type (generate_static.py).
#include "run_static.hpp"

#include "errors.hpp"
#include "parts.hpp"
#include "report.hpp"
#include "run.hpp"

#include <algorithm>
#include <string>

namespace conformance {

namespace {

std::string names_of(const Json& specs) {
  std::string out;
  for (const Json& spec : specs) {
    out += (out.empty() ? "" : ",") + spec.at("name").get<std::string>();
  }
  return out;
}

Json execute(const Json& run, const std::filesystem::path& root, std::uint64_t seed) {
  const std::string key = names_of(run.at("callbacks")) + '|' +
                          names_of(run.at("model").value("callbacks", Json::array())) + '|' +
                          std::to_string(logger_count(run.at("trainer")));
  const auto found = std::ranges::find(static_runs(), key, &StaticRun::key);
  if (found == static_runs().end()) {
    throw Unsupported("no static trainer for " + key);
  }
  return found->execute(run, root, seed);
}

}  // namespace

bool is_selected(const std::string& name) {
  return std::ranges::find(static_cases(), name) != static_cases().end();
}

Json record(const Json& the_case, const std::filesystem::path& root) {
  return record_runs(the_case, root, execute);
}

}  // namespace conformance
