// SPDX-License-Identifier: Apache-2.0
#include "loaders.hpp"

#include "errors.hpp"
#include "formulas.hpp"

#include <torch/torch.h>

#include <algorithm>

namespace conformance {

namespace {

lt::Tensor table(std::int64_t rows, std::int64_t columns, const auto& value) {
  const lt::Tensor out = torch::empty({rows, columns}, torch::kFloat);
  auto* element = out.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      *element++ = static_cast<float>(value(row, column));
    }
  }
  return out;
}

Triple formula_data(const Json& spec, const Json& data) {
  const auto n = spec.at("n").get<std::int64_t>();
  const auto seed = spec.at("seed").get<std::uint32_t>();
  const auto features = data.at("features").get<std::int64_t>();
  const auto outputs = data.at("outputs").get<std::int64_t>();
  return {table(n, features, [&](auto i, auto j) { return feature(i, j, features, seed); }),
          table(n, outputs, [&](auto i, auto o) { return target(i, o, features, outputs, seed); }),
          torch::arange(n, torch::kLong)};
}

Json numbers_of(const std::optional<Triple>& part) {
  if (!part) {
    return nullptr;
  }
  const lt::Tensor& numbers = std::get<2>(*part);
  const auto* first = numbers.const_data_ptr<std::int64_t>();
  return std::vector<std::int64_t>(first, first + numbers.numel());
}

Batch as_batch(Triple triple) {
  return {{std::move(triple)}};
}

template <class Part>
Batch as_batch(std::vector<Part> parts) {
  Batch batch{{}, false};
  for (Part& part : parts) {
    batch.parts.emplace_back(std::move(part));
  }
  return batch;
}

template <class Part>
Batch as_batch(std::map<std::string, Part> parts) {
  Batch batch{{}, false};
  for (auto& [name, part] : parts) {
    batch.parts.emplace_back(std::move(part));
    batch.names.push_back(name);
  }
  return batch;
}

const auto to_batch = [](const auto& found) { return as_batch(found); };

}  // namespace

Json Batch::samples() const {
  if (is_single) {
    return numbers_of(parts.front());
  }
  Json out = names.empty() ? Json::array() : Json::object();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (names.empty()) {
      out.push_back(numbers_of(parts[i]));
    } else {
      out[names[i]] = numbers_of(parts[i]);
    }
  }
  return out;
}

// -- SingleLoader
// -----------------------------------------------------------------------------------

SingleLoader::SingleLoader(const Json& spec, const Json& data) : loader_(make(spec, data)) {}

std::variant<lt::DataLoader<lt::TensorDataset<Triple>>, lt::StreamLoader<SingleLoader::Stream>>
SingleLoader::make(const Json& spec, const Json& data) {
  // An own generator: the loaders must not draw from the default one.
  const lt::DataLoaderOptions options{.batch_size = spec.at("batch_size").get<std::int64_t>(),
                                      .drop_last = spec.value("drop_last", false),
                                      .seed = 0};
  const Triple all = formula_data(spec, data);
  if (!spec.value("iterable", false)) {
    return lt::DataLoader<lt::TensorDataset<Triple>>(lt::TensorDataset<Triple>(all), options);
  }
  Stream stream;
  for (std::int64_t i = std::get<0>(all).size(0); i-- > 0;) {
    stream.emplace_front(std::get<0>(all)[i], std::get<1>(all)[i], i);
  }
  return lt::StreamLoader<Stream>(std::move(stream), options);
}

SingleLoader::iterator SingleLoader::begin() {
  return std::visit(
      [](auto& loader) {
        return iterator(std::make_unique<Pass<Triple>>(loader, [](const Triple& t) { return t; }));
      },
      loader_);
}

std::optional<std::int64_t> SingleLoader::size() const {
  return std::visit([](const auto& loader) { return lt::loader_size(loader); }, loader_);
}

void SingleLoader::keep_last_batch() {
  if (auto* loader = std::get_if<lt::DataLoader<lt::TensorDataset<Triple>>>(&loader_)) {
    loader->keep_last_batch();
  }
}

// -- Loader
// -------------------------------------------------------------------------------------------

template <class Mode>
void Loader::combine(List loaders, bool by_name) {
  if (!by_name) {
    loader_.emplace<lt::CombinedLoader<Mode, List>>(lt::combine<Mode>(std::move(loaders)));
    return;
  }
  Named named;
  for (SingleLoader& loader : loaders) {
    const char name = static_cast<char>('a' + static_cast<char>(named.size()));
    named.emplace(std::string(1, name), std::move(loader));
  }
  loader_.emplace<lt::CombinedLoader<Mode, Named>>(lt::combine<Mode>(std::move(named)));
}

Loader::Loader(List loaders, std::string_view mode, std::string_view form) : loader_(InTurn{}) {
  const bool by_name = form == "dict";
  if (mode == "min_size") {
    combine<lt::MinSize>(std::move(loaders), by_name);
  } else if (mode == "max_size") {
    combine<lt::MaxSize>(std::move(loaders), by_name);
  } else if (mode == "max_size_cycle") {
    combine<lt::MaxSizeCycle>(std::move(loaders), by_name);
  } else {
    loader_ = InTurn{std::move(loaders)};
  }
}

Loader::iterator Loader::begin() {
  return std::visit(
      [this]<class L>(L& loader) {
        if constexpr (std::same_as<L, InTurn>) {
          // A first look at the batches is the mistake.
          return iterator(
              std::make_unique<Pass<Batch>>(loader.loaders.front(), [](const Triple&) -> Batch {
                throw CaseError("ValueError", "sequential_loader_in_fit");
              }));
        } else {
          return iterator(std::make_unique<Pass<Batch>>(loader, to_batch));
        }
      },
      loader_);
}

void Loader::keep_last_batch() {
  if (auto* single = std::get_if<SingleLoader>(&loader_)) {
    single->keep_last_batch();
  }
}

std::vector<lt::BatchCount> Loader::part_sizes() const {
  return std::visit(
      []<class L>(const L& loader) -> std::vector<lt::BatchCount> {
        if constexpr (std::same_as<L, InTurn>) {
          std::vector<lt::BatchCount> sizes;
          for (const SingleLoader& part : loader.loaders) {
            sizes.push_back(lt::part_sizes(part)[0]);
          }
          return sizes;
        } else {
          return lt::part_sizes(loader);
        }
      },
      loader_);
}

lt::BatchCount Loader::limited_size(const std::vector<lt::BatchCount>& limits) const {
  return std::visit(
      [&]<class L>(const L& loader) -> lt::BatchCount {
        if constexpr (lt::CompositeLoader<L>) {
          return loader.limited_size(limits);
        } else {
          std::int64_t total = 0;
          for (const lt::BatchCount limit : limits) {
            if (limit.is_infinite()) {
              return limit;
            }
            total += limit.value();
          }
          return total;
        }
      },
      loader_);
}

// -- from the case
// ------------------------------------------------------------------------------------

namespace {

std::vector<SingleLoader> make_loaders(const Json& data, std::string_view which) {
  std::vector<SingleLoader> loaders;
  for (const Json& spec : data.at(which)) {
    loaders.emplace_back(spec, data);
  }
  return loaders;
}

std::string mode_of(const Json& data, std::string_view which) {
  const std::string_view usual = which == "train" ? "max_size_cycle" : "sequential";
  return data.value(std::string(which) + "_mode", std::string(usual));
}

// "single", "list" or "dict".
std::string form_of(const Json& data, std::string_view which) {
  const std::string_view usual = data.at(which).size() > 1 ? "list" : "single";
  return data.value(std::string(which) + "_as", std::string(usual));
}

}  // namespace

bool has_loaders(const Json& data, std::string_view which) {
  return data.contains(which) && !data.at(which).empty();
}

bool several_in_turn(const Json& data, std::string_view which) {
  return has_loaders(data, which) && mode_of(data, which) == "sequential" &&
         form_of(data, which) != "single" && data.at(which).size() > 1;
}

Loader make_train_loader(const Json& data) {
  auto loaders = make_loaders(data, "train");
  const std::string form = form_of(data, "train");
  if (form == "single") {
    return Loader(std::move(loaders.front()));
  }
  return Loader(std::move(loaders), mode_of(data, "train"), form);
}

EvalLoaders make_eval_loaders(const Json& data, std::string_view which) {
  auto loaders = make_loaders(data, which);
  const std::string form = form_of(data, which);
  const std::string mode = mode_of(data, which);
  EvalLoaders out;
  if (form != "single" && mode != "sequential") {
    out.side_by_side = true;
    out.loaders.emplace_back(std::move(loaders), mode, form);
    return out;
  }
  const std::size_t count = form == "single" ? 1 : loaders.size();
  for (std::size_t i = 0; i < count; ++i) {
    out.loaders.emplace_back(std::move(loaders[i]));
  }
  return out;
}

EvalSource::EvalSource(EvalLoaders loaders) {
  if (loaders.side_by_side) {
    combined_.emplace(std::move(loaders.loaders.front()));
  } else {
    in_turn_.emplace(std::move(loaders.loaders));
  }
}

}  // namespace conformance
