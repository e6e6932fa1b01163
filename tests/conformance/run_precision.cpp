// SPDX-License-Identifier: Apache-2.0
// Each precision is a type of trainer of its own. These cases have one Probe, which keeps them
// small.
#include "run_precision.hpp"

#include "static_kit.hpp"

#include "lt/precision.hpp"

#include <string>

namespace conformance {

namespace {

template <class... Ps>
bool any_is(const std::string& name, lt::type_list<Ps...>) {
  return ((name == Ps::name && name != lt::precision::F32::name) || ...);
}

template <class P>
void run_if(const std::string& name, const Json& run, const std::filesystem::path& root,
            std::uint64_t seed, Json& out) {
  if (name == P::name) {
    using Kit = StaticKit<std::tuple<Probe>, std::tuple<>, std::make_index_sequence<1>, P>;
    out = Run<Kit>(run, root, seed).execute();
  }
}

template <class... Ps>
Json run_as(const std::string& name, const Json& run, const std::filesystem::path& root,
            std::uint64_t seed, lt::type_list<Ps...>) {
  Json out;
  (run_if<Ps>(name, run, root, seed, out), ...);
  return out;
}

std::string name_in(const Json& run) {
  const Json given = run.at("trainer").value("precision", Json());
  return given.is_string() ? given.get<std::string>() : std::string();
}

}  // namespace

bool is_of_precision(const Json& run) {
  return any_is(name_in(run), lt::precision::all{});
}

Json run_with_precision(const Json& run, const std::filesystem::path& root, std::uint64_t seed) {
  const Json& callbacks = run.at("callbacks");
  if (callbacks.size() != 1 || callbacks[0].at("name") != "Probe" ||
      logger_count(run.at("trainer")) != 1) {
    throw Unsupported("a precision with other parts than one Probe and one logger");
  }
  return run_as(name_in(run), run, root, seed, lt::precision::all{});
}

}  // namespace conformance
