// SPDX-License-Identifier: Apache-2.0
// The arguments of `log`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lt {

/// How the values of an epoch become one.
enum class ReduceFx : std::uint8_t { mean, sum, min, max };

constexpr std::string_view enum_name(ReduceFx reduce) {
  constexpr std::string_view names[] = {"mean", "sum", "min", "max"};
  return names[static_cast<std::size_t>(reduce)];
}

/// What `log(name, value, {...})` takes beside name and value; names and defaults are Lightning's.
/// Whether `on_step` and `on_epoch` are on when unset depends on the hook (see core/hooks.def).
struct LogOptions {
  bool prog_bar = false;
  bool logger = true;
  std::optional<bool> on_step{};
  std::optional<bool> on_epoch{};
  ReduceFx reduce_fx = ReduceFx::mean;
  bool sync_dist = false;
  bool add_dataloader_idx = true;
  std::optional<std::int64_t> batch_size{};  // weight of the value in a mean
  bool rank_zero_only = false;
};

/// Whether two calls of `log` mean the same metric: equal in all but the weight of the value.
constexpr bool same_metric(const LogOptions& a, const LogOptions& b) {
  return a.prog_bar == b.prog_bar && a.logger == b.logger && a.on_step == b.on_step &&
         a.on_epoch == b.on_epoch && a.reduce_fx == b.reduce_fx && a.sync_dist == b.sync_dist &&
         a.add_dataloader_idx == b.add_dataloader_idx && a.rank_zero_only == b.rank_zero_only;
}

}  // namespace lt
