// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/reflect.hpp"

#include <cstdint>
#include <optional>

namespace lt {

/// How gradients travel.
enum class CommHook : std::uint8_t {
  all_reduce,     ///< as they are
  fp16_compress,  ///< as float16: half the bytes, and its range and precision
  bf16_compress,  ///< as bfloat16: half the bytes, the range of float32
};

/// Options of `strategy::Ddp`. Names and defaults are those of Python's DistributedDataParallel
/// and of Lightning's DDPStrategy.
struct DdpOptions {
  std::optional<std::int64_t> devices{};  // ranks on this machine; a launcher knows it better
  double timeout = 1800.0;                // seconds
  bool find_unused_parameters = false;
  bool static_graph = false;
  bool gradient_as_bucket_view = false;
  bool broadcast_buffers = true;
  std::optional<double> bucket_cap_mb{};  // 25, the first bucket 1
  CommHook comm_hook = CommHook::all_reduce;
  bool exact_evaluation = false;
};

}  // namespace lt

LT_REFLECT(lt::DdpOptions,
           (devices, "ranks on this machine, started by the program itself when no launcher has"),
           (timeout, "seconds after which an exchange that does not come about is an error"),
           (find_unused_parameters, "some parameters have no part in the loss of some steps"),
           (static_graph, "the same parameters have the same part in every step"),
           (gradient_as_bucket_view, "gradients lie in the memory from which they are sent"),
           (broadcast_buffers, "buffers are rank zero's before each step"),
           (bucket_cap_mb, "MiB of gradients that are sent together (25, the first time 1)"),
           (comm_hook, "the type in which gradients travel"),
           (exact_evaluation, "evaluation reads each sample once, none twice for equal shares"))
LT_CHECKS(lt::DdpOptions,
          LT_CHECK(E526, devices, !o.devices || *o.devices >= 1, "must be 1 or more"),
          LT_CHECK(E527, timeout, o.timeout > 0.0, "must be a positive number of seconds"),
          LT_CHECK(E528, bucket_cap_mb, !o.bucket_cap_mb || *o.bucket_cap_mb > 0.0,
                   "must be a positive number of MiB"))
