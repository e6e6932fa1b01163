// SPDX-License-Identifier: Apache-2.0
// Every learning-rate scheduler. They need no LibTorch.
#pragma once

#include "lt/optim/lr_scheduler/any_lr.hpp"
#include "lt/optim/lr_scheduler/lambda_lr.hpp"
#include "lt/optim/lr_scheduler/sequential_lr.hpp"
#include "lt/optim/lr_scheduler/swa_lr.hpp"
