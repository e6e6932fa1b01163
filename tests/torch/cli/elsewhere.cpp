// SPDX-License-Identifier: Apache-2.0
// A trainer of the program in app.hpp that another translation unit runs.
#include "app.hpp"

LT_CLI_HERE(app::Program::trainer<app::Bare, app::Data, lt::strategy::SingleDevice,
                                  lt::accelerator::Cpu, lt::precision::F64>);
