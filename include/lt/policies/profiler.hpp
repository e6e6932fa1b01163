// SPDX-License-Identifier: Apache-2.0
// Profiler: where the time of a run goes. Consulted around every hook, step and data access that
// the loops perform, by the name of the action; without a profiler none of this is compiled.
//
// Satisfied by: SimpleProfiler, AdvancedProfiler, KinetoProfiler.
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/type_list.hpp"

#include <concepts>
#include <string>
#include <string_view>

namespace lt {

/// Measures named actions, which may be nested in each other. A trainer has at most one.
template <class P>
concept Profiler = std::same_as<family_of_t<P>, profiler_tag> &&
                   requires(P& profiler, const P& constant, RunView& run, std::string_view action) {
                     profiler.open(run);     // start of fit, validate, test or predict
                     profiler.start(action);  // the names are those of the hooks and steps
                     profiler.stop(action);
                     { constant.summary() } -> std::same_as<std::string>;
                     profiler.describe();  // end of the run: shows or writes the summary
                   };

namespace archetype {
/// The smallest legal profiler: it measures nothing.
struct Profiler {
  using policy_family = profiler_tag;
  void open(RunView&) {}
  void start(std::string_view) {}
  void stop(std::string_view) {}
  std::string summary() const { return {}; }
  void describe() {}
};
}  // namespace archetype

class SimpleProfiler;
class AdvancedProfiler;
class KinetoProfiler;  // lt/kineto.hpp

namespace profiler {
/// All profilers.
using all = type_list<SimpleProfiler, AdvancedProfiler, KinetoProfiler>;
}  // namespace profiler

}  // namespace lt
