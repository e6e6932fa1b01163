// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/tuner/rate_sequence.hpp"

#include <cstdint>
#include <optional>

namespace lt {

/// Lightning's arguments of `Tuner.lr_find`.
struct LrFindOptions {
  double min_lr = 1e-8;
  double max_lr = 1.0;
  std::int64_t num_training = 100;
  LrMode mode = LrMode::exponential;
  std::optional<double> early_stop_threshold = 4.0;
  bool update_attr = true;
  Text attr_name{};
};

}  // namespace lt

LT_REFLECT(lt::LrFindOptions, (min_lr, "least learning rate to try"),
           (max_lr, "largest learning rate to try"), (num_training, "how many rates are tried"),
           (mode, "grow the rate exponentially or linearly"),
           (early_stop_threshold,
            "end the search once the loss is this many times the best one; none: never"),
           (update_attr, "set the attribute of the model to the rate that was found"),
           (attr_name, "name of the attribute; default: lr or learning_rate"))

LT_CHECKS(lt::LrFindOptions,
          LT_CHECK(E770, min_lr, o.min_lr > 0 || (o.min_lr == 0 && o.mode == lt::LrMode::linear),
                   "must be above 0, since rates grow by a factor"),
          LT_CHECK(E771, max_lr, o.max_lr > o.min_lr, "must be larger than min_lr"),
          LT_CHECK(E772, num_training, o.num_training >= 1, "must be 1 or more"),
          LT_CHECK(E773, early_stop_threshold,
                   !o.early_stop_threshold || *o.early_stop_threshold > 1,
                   "must be above 1, or none"))
