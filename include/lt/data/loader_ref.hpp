// SPDX-License-Identifier: Apache-2.0
// A loader that lives elsewhere.
#pragma once

#include "lt/core/loader.hpp"

#include <cstdint>
#include <optional>
#include <ranges>

namespace lt {

/// Refers to a loader where one is held by value: `lt::LoaderRef(loader)`. The loader must outlive
/// it.
template <Loader L>
  requires(!EpochMaker<L>)
class LoaderRef {
 public:
  explicit LoaderRef(L& loader) : loader_(&loader) {}

  auto begin() const { return std::ranges::begin(*loader_); }
  auto end() const { return std::ranges::end(*loader_); }
  std::optional<std::int64_t> size() const { return loader_size(*loader_); }
  L& get() const { return *loader_; }

  void set_epoch(std::int64_t epoch)
    requires requires(L& loader) { loader.set_epoch(epoch); }
  {
    loader_->set_epoch(epoch);
  }

  /// The position, of a loader that keeps one.
  auto state_dict() const
    requires requires(const L& loader) { loader.state_dict(); }
  {
    return loader_->state_dict();
  }
  template <class State>
  void load_state_dict(const State& state)
    requires requires(L& loader) { loader.load_state_dict(state); }
  {
    loader_->load_state_dict(state);
  }

 private:
  L* loader_;
};

template <class L>
inline constexpr bool enable_loader<LoaderRef<L>> = RepeatableRange<L>;

}  // namespace lt
