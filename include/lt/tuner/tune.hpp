// SPDX-License-Identifier: Apache-2.0
// Both searches with options alone, for programs that choose at run time what is tuned.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/mistake.hpp"
#include "lt/core/reflect.hpp"
#include "lt/tuner/checks.hpp"
#include "lt/tuner/tuner.hpp"

#include <cstdint>
#include <optional>
#include <type_traits>

namespace lt {

/// What `tune` does, and how.
struct TuneOptions {
  bool scale_batch_size = false;
  bool lr_find = true;
  ScaleBatchSizeOptions batch_size{};
  LrFindOptions lr{};
};

/// What `tune` found.
struct TuneResult {
  std::optional<std::int64_t> batch_size;
  std::optional<LrFindResult> lr;
};

/// Finds a batch size, then a learning rate, as the options say, and sets both.
/// Errors: lt::ConfigError as the methods of Tuner, and for what these refuse while compiling.
template <class Trainer, class Model, class Data>
TuneResult tune(Trainer& trainer, Model& model, Data& data, const TuneOptions& options = {}) {
  using Fabric = std::remove_cvref_t<decltype(trainer.engine().fabric())>;
  Tuner<Trainer> tuner(trainer);
  TuneResult result;
  if (options.scale_batch_size) {
    if constexpr (is_fine<loaders_check<Data, typename Fabric::strategy_type>>) {
      result.batch_size = tuner.scale_batch_size_by_name(model, data, options.batch_size);
    } else {
      throw ConfigError(
          "lt[E782] tune: scale_batch_size = true needs one process, and a data module "
          "or a model that makes its loaders with the batch size");
    }
  }
  if (options.lr_find) {
    result.lr = tuner.lr_find_by_name(model, data, options.lr);
  }
  return result;
}

}  // namespace lt

LT_REFLECT(lt::TuneOptions, (scale_batch_size, "find a batch size"),
           (lr_find, "find a learning rate"), (batch_size, "how a batch size is searched"),
           (lr, "how a learning rate is searched"))
