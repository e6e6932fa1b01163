// SPDX-License-Identifier: Apache-2.0
// The door for KinetoProfiler, which needs the heavy headers of LibTorch's profiler.
#pragma once

#include "lt/lt.hpp"
#include "lt/policies/profiler/kineto_profiler.hpp"
