// SPDX-License-Identifier: Apache-2.0
// A trainer of the program in app.hpp that this translation unit makes for the others.
#include "app.hpp"

#include <doctest/doctest.h>

#include <sstream>

LT_CLI_HERE(app::Program::trainer<app::Bare, app::Data, lt::strategy::SingleDevice,
                                  lt::accelerator::Cpu, lt::precision::F64>);

TEST_CASE("a trainer of another translation unit is chosen like any other") {
  std::ostringstream out;
  std::ostringstream err;
  const int status = app::Program().run(
      {"fit", "--model", "Bare", "--precision", "64-true", "--trainer.fast_dev_run", "1"}, out, err);
  CHECK(err.str() == "");
  CHECK(status == 0);
  CHECK(out.str().find("epoch 1, step 1\n") != std::string::npos);
}
