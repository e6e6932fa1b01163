// SPDX-License-Identifier: Apache-2.0
// Which hook a value is logged from.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/metrics/metric_store.hpp"

namespace lt {

/// While it lives, `log` follows the rules of one hook.
class HookScope {
 public:
  HookScope(MetricStore& store, HookId hook) : store_(&store), outer_(store.current_hook) {
    store.current_hook = hook;
  }
  ~HookScope() { store_->current_hook = outer_; }
  HookScope(const HookScope&) = delete;
  HookScope& operator=(const HookScope&) = delete;

 private:
  MetricStore* store_;
  HookId outer_;
};

}  // namespace lt
