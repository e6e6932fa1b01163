// SPDX-License-Identifier: Apache-2.0
// Which random generator is meant where none is given.
#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include <optional>

namespace lt::rng {

/// A generator of this thread's own, where ranks are threads; undefined everywhere else.
inline at::Generator& thread_generator() {
  thread_local at::Generator own;
  return own;
}

/// The process's default CPU generator, the one `torch.manual_seed` seeds; in a thread that is a
/// rank its own.
inline at::Generator default_generator() {
  const at::Generator& own = thread_generator();
  return own.defined() ? own : at::detail::getDefaultCPUGenerator();
}

/// The generator given, or this thread's own, or nothing: LibTorch then takes the default one.
inline std::optional<at::Generator> or_default(const std::optional<at::Generator>& given) {
  return given || !thread_generator().defined() ? given : std::optional(thread_generator());
}

}  // namespace lt::rng
