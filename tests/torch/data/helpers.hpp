// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lt/core/errors.hpp>
#include <lt/data/index_tensor.hpp>
#include <lt/data/rng.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

using Ints = std::vector<std::int64_t>;

inline void manual_seed(std::uint64_t seed) {
  at::Generator generator = lt::rng::default_generator();
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(seed);
}

/// The next draw from the default generator, as record.py's `after`.
inline std::int64_t after() { return lt::rng::draw_seed(std::nullopt); }

inline at::Tensor ints(const Ints& values) { return lt::index_tensor(values); }

/// 0, 1, ..., n - 1.
inline at::Tensor count(std::int64_t n) {
  Ints values;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(i);
  }
  return ints(values);
}

/// The numbers of an int64 tensor, flattened.
inline Ints values(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  const std::int64_t* data = plain.const_data_ptr<std::int64_t>();
  return {data, data + plain.numel()};
}

inline Ints shape(const at::Tensor& tensor) { return tensor.sizes().vec(); }

/// One pass over a loader of int64 tensors, flattened.
template <class L>
Ints flat(L& loader) {
  Ints all;
  for (auto&& batch : loader) {
    const Ints some = values(batch);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

/// The text of the exception of type `E` that `f` throws, or what else happened.
template <class E, class F>
std::string text_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another exception: ") + error.what();
  }
  return "no exception";
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// A dataset of the numbers 0 to n - 1, whose samples are scalars.
struct Numbers {
  std::int64_t n = 10;

  std::int64_t size() const { return n; }
  std::int64_t get(std::int64_t index) const { return index; }
};

/// A folder that is removed with its contents.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lt-data-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace test
