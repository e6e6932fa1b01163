// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/value.hpp"
#include "lt/core/text.hpp"

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "doctest_torch.hpp"

#include <unistd.h>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

namespace test {

namespace ck = lt::checkpoint;
using Json = nlohmann::ordered_json;

/// Same type, shape and bits.
inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().contiguous();
  const at::Tensor y = b.detach().contiguous();
  return x.scalar_type() == y.scalar_type() && x.sizes() == y.sizes() &&
         (x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0);
}

/// The first place where two trees differ; empty if they are the same. Dicts may have another
/// order. Under `loose` a whole number may stand for a floating-point one and `a` may have more
/// keys.
inline std::string difference(const ck::Value& a, const ck::Value& b, bool loose = false,
                              const std::string& path = "") {
  using ck::Kind;
  const auto numeric = [](Kind kind) { return kind == Kind::integer || kind == Kind::number; };
  if (loose && numeric(a.kind()) && numeric(b.kind())) {
    return a.as<double>() == b.as<double>() ? "" : path + ": " + a.describe() + ", " + b.describe();
  }
  if (a.kind() != b.kind() || (a.size() != b.size() && (!loose || a.size() < b.size()))) {
    return path + ": " + a.describe() + ", " + b.describe();
  }
  bool same = true;
  switch (a.kind()) {
    case Kind::null:
      break;
    case Kind::boolean:
      same = a.as<bool>() == b.as<bool>();
      break;
    case Kind::integer:
      same = a.as<std::int64_t>() == b.as<std::int64_t>();
      break;
    case Kind::number:
      same = std::bit_cast<std::uint64_t>(a.as<double>()) ==
             std::bit_cast<std::uint64_t>(b.as<double>());
      break;
    case Kind::text:
      same = a.as<std::string>() == b.as<std::string>();
      break;
    case Kind::bytes:
      same = a.as<ck::Bytes>() == b.as<ck::Bytes>();
      break;
    case Kind::tensor:
      same = same_bits(a.as<at::Tensor>(), b.as<at::Tensor>());
      break;
    case Kind::list:
      for (std::size_t i = 0; i < b.size(); ++i) {
        if (auto found = difference(a[i], b[i], loose, lt::text(path, "[", i, "]"));
            !found.empty()) {
          return found;
        }
      }
      break;
    case Kind::dict:
      for (const ck::Entry& entry : b.dict()) {
        const std::string below = lt::text(path, ".", entry.key);
        if (!a.contains(entry.key)) {
          return below + ": missing";
        }
        if (auto found = difference(a[entry.key], entry.value, loose, below); !found.empty()) {
          return found;
        }
      }
  }
  return same ? "" : path + ": " + a.describe() + ", " + b.describe();
}

/// A tree that record.py wrote. Keys of digits are whole numbers.
inline ck::Value from_json(const Json& json) {
  if (json.is_object() && json.contains("tensor")) {
    const auto dtype = json["dtype"] == "float64" ? at::kDouble : at::kFloat;
    const auto values = json["tensor"].get<std::vector<double>>();
    return torch::tensor(values, torch::kDouble)
        .reshape(json["shape"].get<std::vector<std::int64_t>>())
        .to(dtype);
  }
  if (json.is_object() && json.contains("infinite")) {
    const double infinity = std::numeric_limits<double>::infinity();
    return json["infinite"].get<bool>() ? infinity : -infinity;
  }
  if (json.is_object()) {
    ck::Dict dict;
    for (const auto& [key, value] : json.items()) {
      const bool number = key.find_first_not_of("0123456789") == std::string::npos;
      dict[number ? ck::Key(std::stoll(key)) : ck::Key(key)] = from_json(value);
    }
    return dict;
  }
  if (json.is_array()) {
    ck::List list;
    for (const Json& item : json) {
      list.push_back(from_json(item));
    }
    return list;
  }
  if (json.is_boolean()) {
    return json.get<bool>();
  }
  if (json.is_number_integer()) {
    return json.get<std::int64_t>();
  }
  if (json.is_number()) {
    return json.get<double>();
  }
  return json.is_string() ? ck::Value(json.get<std::string>()) : ck::Value();
}

/// What Lightning and torch wrote; see record.py.
inline const Json& recorded() {
  static const Json json = [] {
    const auto path = std::filesystem::path(__FILE__).parent_path() / "lightning.json";
    std::ifstream in(path);
    return Json::parse(in);
  }();
  return json;
}

/// A folder of its own that goes away.
class Folder {
 public:
  Folder() {
    static std::atomic<int> count = 0;
    path_ = std::filesystem::temp_directory_path() /
            lt::text("lt-checkpoint-", ::getpid(), "-", count++);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, error);
    std::filesystem::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  /// How many files are there.
  auto count() const {
    return std::distance(std::filesystem::directory_iterator(path_),
                         std::filesystem::directory_iterator());
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The text of the CheckpointError that `f` throws; empty if it throws none.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const lt::CheckpointError& error) {
    return error.what();
  }
  return {};
}

inline bool has(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) {
    MESSAGE("\"" << text << "\" lacks \"" << std::string(part) << "\"");
  }
  return found;
}

}  // namespace test
