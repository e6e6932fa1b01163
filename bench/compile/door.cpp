// SPDX-License-Identifier: Apache-2.0
// The light door, nothing else.
#include <lt/lt.hpp>
