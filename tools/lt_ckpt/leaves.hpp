// SPDX-License-Identifier: Apache-2.0
// A checkpoint as a list of its leaves: what `show` prints and `diff` compares.
#pragma once

#include <lt/checkpoint/value.hpp>
#include <lt/core/text.hpp>

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

using lt::checkpoint::Value;

/// One value of the tree that holds no further ones, under its path: `state_dict.layer.weight`,
/// `optimizer_states[0].state[1].step`. Keys may have dots in them: `id` tells such paths apart.
struct Leaf {
  std::string path;
  std::string id;
  const Value* value;
};

inline void add_leaves(const Value& value, const Leaf& above, std::vector<Leaf>& out) {
  const auto add = [&](const lt::checkpoint::Key& key, const Value& below) {
    const std::string dot = above.path.empty() ? "" : ".";
    const std::string shown = key.number() ? lt::text("[", key, "]") : lt::text(dot, key);
    const char kind = key.number() ? '#' : '.';
    add_leaves(below, {above.path + shown, lt::text(above.id, '\0', kind, key), &below}, out);
  };
  if (value.is_dict() && value.size() > 0) {
    for (const auto& entry : value.dict()) {
      add(entry.key, entry.value);
    }
  } else if (value.is_list() && value.size() > 0) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      add(i, value.list()[i]);
    }
  } else {
    out.push_back({above.path, above.id, &value});
  }
}

inline std::vector<Leaf> leaves_of(const Value& tree) {
  std::vector<Leaf> out;
  add_leaves(tree, {"", "", &tree}, out);
  return out;
}

/// The name of an element type as Python has it.
inline std::string_view type_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kLong:
      return "int64";
    case at::kInt:
      return "int32";
    case at::kShort:
      return "int16";
    case at::kChar:
      return "int8";
    case at::kByte:
      return "uint8";
    case at::kBool:
      return "bool";
    case at::kComplexFloat:
      return "complex64";
    case at::kComplexDouble:
      return "complex128";
    default:
      return c10::toString(type);
  }
}

/// What a leaf is: type, shape and size of a tensor, the value of anything else.
inline std::string describe(const Value& value) {
  using lt::checkpoint::Kind;
  switch (value.kind()) {
    case Kind::tensor: {
      const auto& tensor = value.as<at::Tensor>();
      return lt::text(type_name(tensor.scalar_type()), " ", tensor.sizes(), ", ", tensor.nbytes(),
                      " bytes");
    }
    case Kind::null:
      return "None";
    case Kind::boolean:
      return value.as<bool>() ? "True" : "False";
    case Kind::integer:
      return lt::text(value.as<std::int64_t>());
    case Kind::number:
      return lt::text(value.as<double>());
    case Kind::text:
      return lt::text("\"", value.as<std::string>(), "\"");
    case Kind::list:
      return "[]";
    case Kind::dict:
      return "{}";
    case Kind::bytes:
      return value.describe();
  }
  return {};
}

/// True if two tensors have the same type, shape and bits.
inline bool same_tensor(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) {
    return false;
  }
  const at::Tensor x = a.contiguous();
  const at::Tensor y = b.contiguous();
  return x.nbytes() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

inline bool same(const Value& a, const Value& b) {
  using lt::checkpoint::Kind;
  if (a.kind() != b.kind()) {
    return false;
  }
  switch (a.kind()) {
    case Kind::tensor:
      return same_tensor(a.as<at::Tensor>(), b.as<at::Tensor>());
    case Kind::bytes:
      return a.as<lt::checkpoint::Bytes>().data == b.as<lt::checkpoint::Bytes>().data;
    case Kind::number: {  // NaN is NaN
      const double x = a.as<double>();
      const double y = b.as<double>();
      return std::memcmp(&x, &y, sizeof x) == 0;
    }
    default:
      return describe(a) == describe(b);
  }
}

}  // namespace tool
