// SPDX-License-Identifier: Apache-2.0
#include "lt/core/memory_error.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

TEST_CASE("errors that mean that memory ran out, by their text") {
  CHECK(lt::says_out_of_memory("CUDA out of memory. Tried to allocate 20.00 GiB"));
  CHECK(lt::says_out_of_memory("CUDA error: out of memory"));
  CHECK(lt::says_out_of_memory("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear"));
  CHECK(lt::says_out_of_memory(
      "[enforce fail at alloc_cpu.cpp:130] err == 0. DefaultCPUAllocator: can't allocate memory: "
      "you tried to allocate 400000000000 bytes. Error code 12 (Cannot allocate memory)"));
  CHECK_FALSE(lt::says_out_of_memory("out of memory"));
  CHECK_FALSE(lt::says_out_of_memory("CUDA error: device-side assert triggered"));
  CHECK_FALSE(lt::says_out_of_memory(""));
}

TEST_CASE("and by their type") {
  CHECK(lt::is_out_of_memory(std::bad_alloc()));
  CHECK(lt::is_out_of_memory(std::runtime_error("CUDA out of memory")));
  CHECK_FALSE(lt::is_out_of_memory(std::runtime_error("sizes differ")));
}
