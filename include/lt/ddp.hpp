// SPDX-License-Identifier: Apache-2.0
// The door to several ranks: strategy::Ddp, environments, lt::launch. Costs c10d's headers, and
// needs gloo's (Debian: libgloo-dev).
#pragma once

#include "lt/distributed/thread_rank.hpp"
#include "lt/launch.hpp"
#include "lt/policies/backend/dry.hpp"
#include "lt/policies/backend/gloo.hpp"
#include "lt/policies/environment/detect.hpp"
#include "lt/policies/strategy/ddp.hpp"
