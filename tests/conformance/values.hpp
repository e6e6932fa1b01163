// SPDX-License-Identifier: Apache-2.0
// How values are written into a trace (suite/README.md, "Values").
#pragma once

#include "lt/core/limits.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/tensor.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace conformance {

/// Keeps the order of keys, and whether a number was written `1` or `1.0`.
using Json = nlohmann::ordered_json;

/// A decimal; NaN and the infinities as texts.
Json number(double value);
Json number(const std::optional<double>& value);
Json number(lt::BatchCount value);

/// One floating-point value as its bits and as a decimal.
Json scalar(const lt::Tensor& value);

/// A tensor with its type, shape and the bits of its elements.
Json dump_tensor(const lt::Tensor& tensor);

Json metrics(const lt::MetricTable& table);

/// Writes a trace as JSON, one event on a line.
void write_trace(const Json& trace, const std::filesystem::path& path);

}  // namespace conformance
