// SPDX-License-Identifier: Apache-2.0
// What a program holds to choose from: plain data, filled from types by cli/choices.hpp.
#pragma once

#include "lt/cli/nearest.hpp"
#include "lt/cli/node.hpp"
#include "lt/cli/schema.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

/// A class that can be chosen.
struct Kind {
  std::string name;                // "EarlyStopping", "ddp"
  const Schema* schema = nullptr;  // of its options, if it has some
  bool distributed = false;        // a strategy of several ranks
};

/// A place of the configuration that one class, or a list of them, is chosen for.
struct Slot {
  std::string path;  // "model", "trainer.callbacks"
  std::string what;  // "model", "callback"
  std::vector<Kind> kinds{};
  bool list = false;
  bool optional = false;  // nothing is chosen unless somebody asks for it
};

/// A sub-command.
struct Command {
  std::string name;
  std::string help;
};

/// Everything that one program offers.
struct Catalogue {
  std::string program = "program";
  std::string env_prefix = "LT";
  std::vector<Command> commands{};
  std::vector<Slot> slots{};
  const Schema* tuner = nullptr;  // of the sub-command `tune`, under "tuner"
};

/// Letters and digits alone, small: CSVLogger, CsvLogger and csv_logger are one name.
inline std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out += c;
    }
  }
  return out;
}

inline std::vector<std::string> kind_names(const Slot& slot) {
  std::vector<std::string> names;
  for (const Kind& kind : slot.kinds) {
    names.push_back(kind.name);
  }
  return names;
}

/// The class that `name` means: as it is written here, by its path (torch.optim.AdamW,
/// lightning.pytorch.callbacks.EarlyStopping, lt::EarlyStopping), or under Lightning's short names
/// (DDPStrategy, bf16, 32).
inline std::optional<std::size_t> find_kind(const Slot& slot, std::string_view name) {
  if (slot.what == "precision") {
    for (const auto& [alias, full] :
         {std::pair<std::string_view, std::string_view>{"32", "32-true"},
          {"64", "64-true"},
          {"16", "16-mixed"},
          {"bf16", "bf16-mixed"}}) {
      name = name == alias ? full : name;
    }
  } else {
    name = name.substr(name.find_last_of(".:") + 1);
  }
  const std::string wanted = plain_name(name);
  for (std::size_t i = 0; i < slot.kinds.size(); ++i) {
    const std::string own = plain_name(slot.kinds[i].name);
    if (!wanted.empty() && (own == wanted || own + plain_name(slot.what) == wanted)) {
      return i;
    }
  }
  return std::nullopt;
}

/// The same. Errors: lt::ConfigError with the classes that the program holds.
inline std::size_t require_kind(const Slot& slot, std::string_view name, const Node& where) {
  if (const auto found = find_kind(slot, name)) {
    return *found;
  }
  const std::vector<std::string> names = kind_names(slot);
  const std::string near = nearest(name, names);
  throw ConfigError(text("lt[E856] ", at_origin(where), slot.path, " = '", name,
                         "': this program holds no such ", slot.what, "; it holds ",
                         names.empty() ? "none" : join(names, ", "),
                         near.empty() ? "" : text("; did you mean ", near, "?")));
}

/// The slot whose path is `path`, or a beginning of it that ends at a dot; `rest` becomes what
/// follows. nullptr if there is none.
inline const Slot* find_slot(const Catalogue& catalogue, std::string_view path,
                             std::string_view& rest) {
  for (const Slot& slot : catalogue.slots) {
    if (path == slot.path) {
      rest = {};
      return &slot;
    }
    if (path.size() > slot.path.size() && path.starts_with(slot.path) &&
        path[slot.path.size()] == '.') {
      rest = path.substr(slot.path.size() + 1);
      return &slot;
    }
  }
  return nullptr;
}

}  // namespace lt::cli
