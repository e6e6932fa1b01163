// SPDX-License-Identifier: Apache-2.0
// The door to the precisions beside lt::precision::F32, which lt/lt.hpp brings.
#pragma once

#include "lt/policies/precision/bf16_mixed.hpp"
#include "lt/policies/precision/bf16_true.hpp"
#include "lt/policies/precision/f16_mixed.hpp"
#include "lt/policies/precision/f16_true.hpp"
#include "lt/policies/precision/f32.hpp"
#include "lt/policies/precision/f64.hpp"
