// SPDX-License-Identifier: Apache-2.0
// The file in which torchrun's agent looks for the error of a process that failed.
#pragma once

#include "lt/distributed/variables.hpp"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

namespace lt::distributed {

namespace detail {
inline std::string json_text(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}
}  // namespace detail

/// Writes the error where TORCHELASTIC_ERROR_FILE says; the first of a process stays.
/// Source: torch/distributed/elastic/multiprocessing/errors/error_handler.py.
inline void write_error_file(std::string_view error) {
  const auto path = variable("TORCHELASTIC_ERROR_FILE");
  if (!path || std::ifstream(*path).good()) {
    return;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  std::ofstream(*path) << "{\"message\": {\"message\": " << detail::json_text(error)
                       << ", \"extraInfo\": {\"py_callstack\": \"\", \"timestamp\": \"" << seconds
                       << "\"}}}";
}

}  // namespace lt::distributed
