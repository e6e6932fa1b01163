// SPDX-License-Identifier: Apache-2.0
// The light door: trainer, callbacks, loggers, optimizers, schedulers and the plain loader (the rest
// of the data layer is in lt/data.hpp). It includes
// neither LibTorch's umbrella nor torch::nn; models made of torch::nn layers add lt/nn.hpp.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/data/data_loader.hpp"
#include "lt/data/random_split.hpp"
#include "lt/data/tensor_dataset.hpp"
#include "lt/data_module.hpp"
#include "lt/module.hpp"
#include "lt/optim/configured.hpp"
#include "lt/optim/optimizers.hpp"
#include "lt/optim/lr_schedulers.hpp"
#include "lt/policies/callback/early_stopping.hpp"
#include "lt/policies/callback/gradient_accumulation_scheduler.hpp"
#include "lt/policies/callback/lambda_callback.hpp"
#include "lt/policies/callback/learning_rate_monitor.hpp"
#include "lt/policies/callback/model_checkpoint.hpp"
#include "lt/policies/callback/model_summary.hpp"
#include "lt/policies/callback/on_exception_checkpoint.hpp"
#include "lt/policies/callback/prediction_writer.hpp"
#include "lt/policies/callback/timer.hpp"
#include "lt/policies/logger/csv_logger.hpp"
#include "lt/policies/progress/terminal.hpp"
#include "lt/seed.hpp"
#include "lt/tensor.hpp"
#include "lt/trainer/load.hpp"
#include "lt/trainer.hpp"
#include "lt/trainer/freeze.hpp"
