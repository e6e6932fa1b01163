// SPDX-License-Identifier: Apache-2.0
// Errors that mean that memory ran out.
#pragma once

#include <exception>
#include <new>
#include <string_view>

namespace lt {

/// Whether the text of an error says that a device has no memory left. LibTorch throws the same
/// type for many things, so the text decides, as in Lightning (utilities/memory.py).
constexpr bool says_out_of_memory(std::string_view what) {
  const auto has = [&](std::string_view part) { return what.find(part) != std::string_view::npos; };
  return (has("CUDA") && has("out of memory")) || has("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED.") ||
         has("DefaultCPUAllocator: can't allocate memory");
}

/// The same for an exception; std::bad_alloc means it by its type.
inline bool is_out_of_memory(const std::exception& error) {
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr || says_out_of_memory(error.what());
}

}  // namespace lt
