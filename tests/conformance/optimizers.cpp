// SPDX-License-Identifier: Apache-2.0
#include "optimizers.hpp"

#include "errors.hpp"
#include "read.hpp"

#include <torch/nn/module.h>

#include <algorithm>
#include <string>

namespace conformance {

namespace {

// The parameters below the modules that `prefixes` names; all of them without.
std::vector<at::Tensor> select(const torch::nn::Module& module, const Json& prefixes) {
  std::vector<at::Tensor> out;
  for (const auto& item : module.named_parameters()) {
    const std::string& name = item.key();
    const bool wanted =
        prefixes.is_null() || std::ranges::any_of(prefixes, [&](const Json& prefix) {
          const auto text = prefix.get<std::string>();
          return name == text || name.starts_with(text + ".");
        });
    if (wanted) {
      out.push_back(item.value());
    }
  }
  return out;
}

template <class O>
O make(const torch::nn::Module& module, const Json& spec) {
  typename O::Options options;
  read_fields(spec, options, {"name", "params", "groups"});
  if (!spec.contains("groups")) {
    return O(select(module, spec.value("params", Json())), options);
  }
  std::vector<typename O::Group> groups;
  for (const Json& group : spec["groups"]) {
    typename O::Group own;
    own.params = select(module, group.value("params", Json()));
    own.options = options;
    own.name = group.value("name", std::string());
    read_fields(group, own.options, {"name", "params"});
    groups.push_back(std::move(own));
  }
  return O(std::move(groups));
}

using Count = std::shared_ptr<std::int64_t>;

template <class... Os>
CountedOptimizer choose(std::type_identity<lt::optim::OneOf<Os...>>,
                        const torch::nn::Module& module, const Json& spec, const Count& count) {
  std::optional<CountedOptimizer> out;
  const auto consider = [&]<class O>(std::type_identity<O>) {
    if (spec.at("name") == O::class_name) {
      out.emplace(make<O>(module, spec), count);
    }
  };
  (consider(std::type_identity<Os>{}), ...);
  if (!out) {
    throw Unsupported("optimizer " + spec.at("name").get<std::string>());
  }
  return std::move(*out);
}

template <class... Ss>
lt::optim::AnyLR choose(std::type_identity<lt::optim::OneOfSchedulers<Ss...>>, const Json& spec,
                        const Json& args) {
  std::optional<lt::optim::AnyLR> out;
  const auto consider = [&]<class S>(std::type_identity<S>) {
    if (spec.at("name") == S::class_name) {
      typename S::Options options;
      read_fields(args, options);
      out.emplace(S(std::move(options)));
    }
  };
  (consider(std::type_identity<Ss>{}), ...);
  if (!out) {
    throw Unsupported("scheduler " + spec.at("name").get<std::string>());
  }
  return std::move(*out);
}

}  // namespace

std::vector<CountedOptimizer> make_optimizers(const torch::nn::Module& module, const Json& specs,
                                              std::vector<Count>& counts) {
  std::vector<CountedOptimizer> out;
  counts.clear();
  for (const Json& spec : specs.is_array() ? specs : Json::array({specs})) {
    counts.push_back(std::make_shared<std::int64_t>(0));
    out.push_back(
        choose(std::type_identity<lt::optim::AnyOptimizer>{}, module, spec, counts.back()));
  }
  return out;
}

std::vector<Schedule> make_schedules(const Json& specs,
                                     const std::function<std::int64_t()>& estimated) {
  std::vector<Schedule> out;
  for (const Json& spec : specs) {
    Json args = spec.value("args", Json::object());
    if (args.contains("total_steps") && args["total_steps"] == "estimated") {
      args["total_steps"] = estimated();
    }
    lt::ScheduleOptions options;
    read_fields(spec, options, {"name", "args", "label"});
    if (spec.contains("label")) {
      options.name = spec["label"].get<std::string>();
    }
    out.push_back({choose(std::type_identity<lt::optim::AnyLR>{}, spec, args), options});
  }
  return out;
}

}  // namespace conformance
