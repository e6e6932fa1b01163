// SPDX-License-Identifier: Apache-2.0
// The loaders of a case: formula data, batched and combined by `lt`'s own data layer. How several
// are combined is chosen at run time, so one type stands for all of them.
#pragma once

#include "values.hpp"

#include "lt/core/limits.hpp"
#include "lt/core/reflect.hpp"
#include "lt/data/combined_loader.hpp"
#include "lt/data/data_loader.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/stream_loader.hpp"
#include "lt/data/tensor_dataset.hpp"
#include "lt/tensor.hpp"
#include "lt/trainer/batch_source.hpp"
#include "lt/trainer/type_checks.hpp"

#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace conformance {

/// Features [B, F], targets [B, O], sample numbers [B].
using Triple = std::tuple<lt::Tensor, lt::Tensor, lt::Tensor>;

/// What a step gets: one triple, or those of several loaders as a list or by name. An exhausted
/// loader has none.
struct Batch {
  std::vector<std::optional<Triple>> parts;
  bool is_single = true;
  std::vector<std::string> names{};  // of the parts; empty: a list

  /// The sample numbers, in the form of the batch.
  Json samples() const;
};

/// One pass over a loader of any type, its batches converted to `B`.
template <class B>
class Pass {
 public:
  using batch_type = B;

  template <class L, class Convert>
  Pass(L& loader, Convert convert) {
    const auto it = std::make_shared<std::ranges::iterator_t<L>>(loader.begin());
    if constexpr (requires { it->pass().indices(); }) {
      indices_ = [it] { return std::vector<std::int64_t>(it->pass().indices()); };
    }
    next_ = [it, end = loader.end(), convert, started = false](std::optional<B>& out) mutable {
      out.reset();
      if (std::exchange(started, true)) {
        ++*it;
      }
      if (*it == end) {
        return false;
      }
      out.emplace(convert(**it));
      return true;
    };
  }

  bool next(std::optional<B>& out) { return next_(out); }
  /// The samples of the batch, where the loader tells them.
  std::vector<std::int64_t> indices() const {
    return indices_ ? indices_() : std::vector<std::int64_t>();
  }

 private:
  std::function<std::vector<std::int64_t>()> indices_;
  std::function<bool(std::optional<B>&)> next_;
};

/// One entry of `train`, `val`, `test` or `predict`.
class SingleLoader {
  using Sample = std::tuple<lt::Tensor, lt::Tensor, std::int64_t>;
  // Something that can be walked but has no length.
  using Stream = std::forward_list<Sample>;

 public:
  using lt_loader = void;
  using iterator = lt::detail::LazyIterator<Pass<Triple>>;

  SingleLoader(const Json& spec, const Json& data);

  iterator begin();
  std::default_sentinel_t end() const { return {}; }
  std::optional<std::int64_t> size() const;
  /// Streams keep their drop_last, as in Lightning.
  void keep_last_batch();

 private:
  static std::variant<lt::DataLoader<lt::TensorDataset<Triple>>, lt::StreamLoader<Stream>> make(
      const Json& spec, const Json& data);

  std::variant<lt::DataLoader<lt::TensorDataset<Triple>>, lt::StreamLoader<Stream>> loader_;
};

/// One loader, or several that are read side by side. Models lt::CompositeLoader.
class Loader {
  using List = std::vector<SingleLoader>;
  using Named = std::map<std::string, SingleLoader>;
  // Mode `sequential` where batches must come side by side: refused when a batch is asked for.
  struct InTurn {
    List loaders;
  };

 public:
  using lt_loader = void;
  using iterator = lt::detail::LazyIterator<Pass<Batch>>;

  explicit Loader(SingleLoader single) : loader_(std::move(single)) {}
  /// `mode` is one of Lightning's four, `form` is "list" or "dict".
  Loader(List loaders, std::string_view mode, std::string_view form);

  iterator begin();
  std::default_sentinel_t end() const { return {}; }

  void keep_last_batch();
  std::vector<lt::BatchCount> part_sizes() const;
  lt::BatchCount limited_size(const std::vector<lt::BatchCount>& limits) const;

 private:
  template <class Mode>
  void combine(List loaders, bool by_name);

  std::variant<SingleLoader, lt::CombinedLoader<lt::MinSize, List>,
               lt::CombinedLoader<lt::MaxSize, List>, lt::CombinedLoader<lt::MaxSizeCycle, List>,
               lt::CombinedLoader<lt::MinSize, Named>, lt::CombinedLoader<lt::MaxSize, Named>,
               lt::CombinedLoader<lt::MaxSizeCycle, Named>, InTurn>
      loader_;
};

/// Loaders for an evaluation: one combination, or several loaders that come one after the other.
struct EvalLoaders {
  std::vector<Loader> loaders;
  bool side_by_side = false;

  void keep_last_batch() {
    for (Loader& loader : loaders) {
      loader.keep_last_batch();
    }
  }
};

/// Whether the case has a list of loaders of that name (`train`, `val`, ...).
bool has_loaders(const Json& data, std::string_view which);

/// Whether the loaders of that name come one after the other, and are more than one.
bool several_in_turn(const Json& data, std::string_view which);

Loader make_train_loader(const Json& data);
EvalLoaders make_eval_loaders(const Json& data, std::string_view which);

/// Walks EvalLoaders. Models lt::BatchSource.
class EvalSource {
  template <class F>
  decltype(auto) visit(F&& f) {
    return in_turn_ ? f(*in_turn_) : f(*combined_);
  }
  template <class F>
  decltype(auto) visit(F&& f) const {
    return in_turn_ ? f(*in_turn_) : f(*combined_);
  }

 public:
  using batch_type = Batch;

  explicit EvalSource(EvalLoaders loaders);

  std::vector<lt::BatchCount> sizes() const {
    return visit([](auto& source) { return source.sizes(); });
  }
  void set_limits(std::vector<lt::BatchCount> limits) {
    visit([&](auto& source) { source.set_limits(std::move(limits)); });
  }
  const std::vector<lt::BatchCount>& max_batches() const {
    return visit([](auto& source) -> const auto& { return source.max_batches(); });
  }
  bool sequential() const { return in_turn_.has_value(); }
  void set_epoch(std::int64_t epoch) {
    visit([&](auto& source) { source.set_epoch(epoch); });
  }
  void restart(std::int64_t skipped) {
    visit([&](auto& source) { source.restart(skipped); });
  }
  void count_as_fetched(std::int64_t count) {
    visit([&](auto& source) { source.count_as_fetched(count); });
  }
  bool next() {
    return visit([](auto& source) { return source.next(); });
  }
  bool done() const {
    return visit([](auto& source) { return source.done(); });
  }
  std::int64_t batch_idx() const {
    return visit([](auto& source) { return source.batch_idx(); });
  }
  std::int64_t dataloader_idx() const {
    return visit([](auto& source) { return source.dataloader_idx(); });
  }
  const Batch& batch() {
    return visit([](auto& source) -> const Batch& { return source.batch(); });
  }
  std::vector<std::int64_t> batch_indices() const {
    return visit([](auto& source) { return source.batch_indices(); });
  }

 private:
  std::optional<lt::BatchStream<Loader>> combined_;
  std::optional<lt::SequentialSource<Loader>> in_turn_;
};

}  // namespace conformance

// The batch size is found in the tensors.
LT_REFLECT(conformance::Batch, (parts, "the batch of each loader"))

template <>
struct lt::detail::EvalSource<conformance::EvalLoaders> {
  using type = conformance::EvalSource;
};
template <>
struct lt::detail::ReturnedLoader<conformance::EvalLoaders> {
  using check = lt::Fine;
};
