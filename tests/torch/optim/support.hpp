// SPDX-License-Identifier: Apache-2.0
// The small problem on which tests/recorded/optim/record.py ran Python's optimizers.
#pragma once

#include "lt/core/reflect.hpp"

#include <ATen/Version.h>
#include <torch/torch.h>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace optim_test {

inline constexpr int steps = 50;

/// What record.py wrote for a case: a hash after each step.
struct Recorded {
  std::string_view name;
  std::vector<std::uint64_t> hashes;
};

inline const std::vector<std::uint64_t>& recorded(const std::vector<Recorded>& all,
                                                  std::string_view name) {
  for (const Recorded& one : all) {
    if (one.name == name) {
      return one.hashes;
    }
  }
  throw std::runtime_error("no recorded case " + std::string(name));
}

/// The values were recorded with LibTorch's AVX2 kernels (AVX-512 gives the same); kernels of other
/// widths sum in another order and fuse other products.
inline bool same_kernels() {
  const std::string capability = at::get_cpu_capability();
  return capability == "AVX2" || capability == "AVX512";
}

inline std::uint32_t mix(std::uint32_t i, std::uint32_t seed) {
  std::uint32_t h = i * 2654435761U + seed * 2246822519U + 374761393U;
  h ^= h >> 15;
  h *= 2246822519U;
  h ^= h >> 13;
  h *= 3266489917U;
  h ^= h >> 16;
  return h;
}

inline double unit(std::uint32_t i, std::uint32_t seed) {
  return (static_cast<double>(mix(i, seed) >> 16) - 32768.0) / 65536.0;
}

inline at::Tensor tensor(at::IntArrayRef shape, std::uint32_t seed, at::ScalarType dtype,
                         std::uint32_t offset = 0) {
  at::Tensor result = torch::empty(shape, torch::kDouble);
  double* values = result.data_ptr<double>();
  for (std::int64_t e = 0; e < result.numel(); ++e) {
    values[e] = unit(static_cast<std::uint32_t>(e) + offset, seed);
  }
  return result.to(dtype);
}

/// FNV-1a over the bytes of values as doubles.
class Hash {
 public:
  void add(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) {
      hash_ = (hash_ ^ (bits >> shift & 0xFF)) * 0x100000001B3U;
    }
  }
  void add(const at::Tensor& tensor) {
    const at::Tensor wide = tensor.detach().to(torch::kDouble).reshape({-1});
    for (std::int64_t e = 0; e < wide.numel(); ++e) {
      add(wide[e].item<double>());
    }
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

inline std::vector<at::Tensor> params(at::ScalarType dtype) {
  return {tensor({5, 7}, 1000, dtype).requires_grad_(), tensor({6}, 1001, dtype).requires_grad_()};
}

/// grad = param / 2 + noise; the second parameter has none in every seventh step.
inline void set_grads(std::vector<at::Tensor>& ps, int step) {
  for (std::size_t p = 0; p < ps.size(); ++p) {
    at::Tensor& grad = ps[p].mutable_grad();
    if (p == 1 && step % 7 == 6) {
      grad.reset();
    } else {
      const auto seed = static_cast<std::uint32_t>(2000 + p);
      grad = ps[p].detach() * 0.5 + tensor(ps[p].sizes(), seed, ps[p].scalar_type(),
                                           static_cast<std::uint32_t>(1000 * step));
    }
  }
}

/// A copy of an aggregate made field by field, as a checkpoint makes it: what LT_REFLECT does not
/// name is lost.
template <class T>
T through_reflection(const T& value) {
  T copy{};
  lt::for_each_field_info<T>([&](const auto& field) {
    using Value = typename std::remove_cvref_t<decltype(field)>::value_type;
    if constexpr (std::same_as<Value, at::Tensor>) {
      const at::Tensor& tensor = value.*(field.member);
      copy.*(field.member) = tensor.defined() ? tensor.clone() : tensor;
    } else {
      copy.*(field.member) = value.*(field.member);
    }
  });
  return copy;
}

}  // namespace optim_test
