// SPDX-License-Identifier: Apache-2.0
#include "values.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string_view>

namespace conformance {

namespace {

std::string_view dtype_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    case at::kLong:
      return "int64";
    case at::kInt:
      return "int32";
    case at::kBool:
      return "bool";
    default:
      throw std::runtime_error("a tensor of a type that no trace has");
  }
}

// The bytes of each element, the most significant digit first.
std::string bits(const lt::Tensor& tensor) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::string_view digits = "0123456789abcdef";
  const lt::Tensor flat = tensor.detach().cpu().contiguous();
  const auto size = static_cast<std::size_t>(flat.element_size());
  const auto count = static_cast<std::size_t>(flat.numel());
  const auto* bytes = static_cast<const std::uint8_t*>(flat.const_data_ptr());
  std::string out;
  out.reserve(2 * size * count);
  for (std::size_t element = 0; element < count; ++element) {
    for (std::size_t byte = size; byte-- > 0;) {
      const std::uint8_t value = bytes[element * size + byte];
      out += digits[value >> 4];
      out += digits[value & 15];
    }
  }
  return out;
}

void append_spread(const Json& object, std::string& out);

// Lists of events and alike: one item on a line.
void append_items(std::string_view key, const Json& list, std::string& out) {
  out += "[\n";
  bool first = true;
  for (const Json& item : list) {
    out += first ? "" : ",\n";
    first = false;
    if (key == "runs" || key == "calls") {
      append_spread(item, out);
    } else {
      out += item.dump();
    }
  }
  out += "\n]";
}

void append_spread(const Json& object, std::string& out) {
  static const std::set<std::string> on_lines = {
      "runs",   "calls",     "events",           "steps",    "train_outputs",
      "logged", "snapshots", "checkpoint_files", "callbacks"};
  out += "{\n";
  bool first = true;
  for (const auto& [key, item] : object.items()) {
    out += first ? "" : ",\n";
    first = false;
    out += Json(key).dump() + ":";
    if (item.is_array() && !item.empty() && on_lines.contains(key)) {
      append_items(key, item, out);
    } else {
      out += item.dump();
    }
  }
  out += "\n}";
}

}  // namespace

Json number(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  return value;
}

Json number(const std::optional<double>& value) {
  return value ? number(*value) : Json(nullptr);
}

Json number(lt::BatchCount value) {
  return value.is_infinite() ? Json("inf") : Json(value.value());
}

Json scalar(const lt::Tensor& value) {
  return {{"hex", bits(value)}, {"dec", number(value.item().toDouble())}};
}

Json dump_tensor(const lt::Tensor& tensor) {
  Json out;
  out["dtype"] = dtype_name(tensor.scalar_type());
  out["shape"] = Json::array();
  for (const std::int64_t size : tensor.sizes()) {
    out["shape"].push_back(size);
  }
  if (tensor.is_floating_point()) {
    out["hex"] = bits(tensor);
    return out;
  }
  out["values"] = Json::array();
  const lt::Tensor flat = tensor.detach().cpu().to(at::kLong).contiguous();
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    out["values"].push_back(flat.const_data_ptr<std::int64_t>()[i]);
  }
  return out;
}

Json metrics(const lt::MetricTable& table) {
  Json out = Json::object();
  for (const auto& [name, value] : table) {
    out[name] = number(value);
  }
  return out;
}

void write_trace(const Json& trace, const std::filesystem::path& path) {
  std::string text;
  append_spread(trace, text);
  std::ofstream file(path);
  file << text << '\n';
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

}  // namespace conformance
