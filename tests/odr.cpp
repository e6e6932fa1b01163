// SPDX-License-Identifier: Apache-2.0
// A second unit in every test binary: whatever a header defines twice, the linker says here.
#ifdef LT_TEST_TORCH
#include <lt/lt.hpp>
#include <lt/nn.hpp>
#else
#include "lt_core_headers.hpp"  // all headers of layers 1-2, written by tests/CMakeLists.txt
#endif
