// SPDX-License-Identifier: Apache-2.0
// The file behind CsvLogger: a table that grows by rows, and by columns when a new name comes.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/logger/append_file.hpp"
#include "lt/policies/logger/file_logger.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::detail {

/// Rows wait in memory until `flush`; a file is never left with half a row.
class CsvTable {
 public:
  CsvTable(std::filesystem::path file, std::string_view prefix)
      : file_(std::move(file)), prefix_(prefix) {}

  void add(std::int64_t step, const MetricTable& metrics) {
    Row row{step, {}};
    for (const auto& [key, value] : metrics) {
      row.values.set(prefixed(prefix_, key), value);
    }
    row.values.take("step");  // the column of the record's own step
    pending_.push_back(std::move(row));
  }

  /// Errors: lt::Error lt[E341] with the rows that are lost.
  void flush() {
    if (pending_.empty()) {
      return;
    }
    // Whatever happens, a row is tried once: the next flush must not fail for it again.
    const std::vector<Row> rows = std::exchange(pending_, {});
    const std::vector<std::string> old_keys = keys_;
    add_keys(rows);
    const bool fresh = old_keys.empty();
    const bool rewrite = !fresh && keys_.size() != old_keys.size();
    std::string block = fresh ? header(keys_) : rewrite ? widened(old_keys) : std::string();
    for (const Row& row : rows) {
      append_row(block, row);
    }
    const auto why = rewrite ? replace_file(file_, block) : append_or_nothing(file_, block);
    if (why) {
      keys_ = old_keys;
      const auto counted = [](std::size_t n) { return text(n, n == 1 ? " row" : " rows"); };
      throw Error(text("lt[E341] CsvLogger: cannot write '", file_.string(), "': ", *why, "; lost ",
                       counted(rows.size()), " (step ", rows.front().step, " to step ",
                       rows.back().step, "); still there: ", counted(written_), " before"));
    }
    written_ += rows.size();
  }

 private:
  struct Row {
    std::int64_t step = 0;
    MetricTable values;
  };

  void add_keys(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      for (const auto& entry : row.values) {
        insert_key(entry.first);
      }
    }
    insert_key("step");
  }

  void insert_key(const std::string& key) {
    const auto at = std::lower_bound(keys_.begin(), keys_.end(), key);
    if (at == keys_.end() || *at != key) {
      keys_.insert(at, key);
    }
  }

  static std::string header(const std::vector<std::string>& keys) {
    std::string out;
    for (const std::string& key : keys) {
      out += out.empty() ? "" : ",";
      if (key.find_first_of(",\"\r\n") == std::string::npos) {
        out += key;
        continue;
      }
      out += '"';
      for (const char c : key) {
        out += c == '"' ? "\"\"" : std::string(1, c);
      }
      out += '"';
    }
    return out + "\r\n";
  }

  void append_row(std::string& out, const Row& row) const {
    bool first = true;
    for (const std::string& key : keys_) {
      out += first ? "" : ",";
      first = false;
      if (key == "step") {
        out += text(row.step);
      } else if (const auto value = row.values.find(key)) {
        out += number_text(prefix_, key, *value);
      }
    }
    out += "\r\n";
  }

  // The file with the new columns. Cells are numbers, so a comma always ends one.
  std::string widened(const std::vector<std::string>& old_keys) const {
    std::ifstream in(file_, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    std::string out = header(keys_);
    std::string_view rest = whole;
    rest.remove_prefix(std::min(rest.size(), header(old_keys).size()));
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find("\r\n"), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(rest.size(), end + 2));
      std::size_t column = 0;
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        out += i == 0 ? "" : ",";
        if (column < old_keys.size() && keys_[i] == old_keys[column]) {
          const std::size_t comma = std::min(line.find(','), line.size());
          out += line.substr(0, comma);
          line.remove_prefix(std::min(line.size(), comma + 1));
          ++column;
        }
      }
      out += "\r\n";
    }
    return out;
  }

  std::filesystem::path file_;
  std::string prefix_;
  std::vector<std::string> keys_;  // the columns, sorted
  std::vector<Row> pending_;
  std::size_t written_ = 0;
};

}  // namespace lt::detail
