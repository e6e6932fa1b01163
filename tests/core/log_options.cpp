// SPDX-License-Identifier: Apache-2.0
#include <lt/core/log_options.hpp>

#include <lt/core/text.hpp>

#include <doctest/doctest.h>

TEST_CASE("the defaults are Lightning's") {
  const lt::LogOptions options;
  CHECK(!options.prog_bar);
  CHECK(options.logger);
  CHECK(!options.on_step.has_value());
  CHECK(!options.on_epoch.has_value());
  CHECK(options.reduce_fx == lt::ReduceFx::mean);
  CHECK(!options.sync_dist);
  CHECK(options.add_dataloader_idx);
  CHECK(!options.batch_size.has_value());
  CHECK(!options.rank_zero_only);
}

TEST_CASE("options compare field by field") {
  CHECK(lt::same_metric({.prog_bar = true}, {.prog_bar = true}));
  CHECK(lt::same_metric({.batch_size = 4}, {}));
}

TEST_CASE("names of reductions") {
  CHECK(lt::text(lt::ReduceFx::mean, lt::ReduceFx::sum, lt::ReduceFx::min, lt::ReduceFx::max) ==
        "meansumminmax");
}
