// SPDX-License-Identifier: Apache-2.0
// Progress: how far a run has come, for people. A callback that is called at every batch, shows
// something at most a few times a second, and stands in for the trainer's default bar.
//
// Satisfied by: TerminalProgress.
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/type_list.hpp"
#include "lt/policies/callback.hpp"

#include <concepts>
#include <cstdint>

namespace lt {

/// A callback that replaces the default bar and follows the batches of a fit. Only rank zero shows
/// anything.
template <class P>
concept ProgressBar = Callback<P> && substitute_of<P> == DefaultPart::progress_bar &&
                      requires(P& bar, RunView& run, int any, std::int64_t batch_idx) {
                        bar.on_train_batch_end(run, any, any, batch_idx);  // any outputs, any batch
                      };

namespace archetype {
/// The smallest legal progress bar: it shows nothing.
struct ProgressBar {
  static constexpr DefaultPart substitute = DefaultPart::progress_bar;
  template <class Outputs, class Batch>
  void on_train_batch_end(RunView&, const Outputs&, const Batch&, std::int64_t) {}
};
}  // namespace archetype

class TerminalProgress;

namespace progress {
/// All progress bars, the default first.
using all = type_list<TerminalProgress>;
}  // namespace progress

}  // namespace lt
