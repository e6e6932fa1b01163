// SPDX-License-Identifier: Apache-2.0
// A door of its own for lt::Tuner, LearningRateFinder and BatchSizeFinder, which few programs need.
#pragma once

#include "lt/tuner/batch_size_finder.hpp"
#include "lt/tuner/learning_rate_finder.hpp"
#include "lt/tuner/tune.hpp"
#include "lt/tuner/tuner.hpp"
