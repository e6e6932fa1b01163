// SPDX-License-Identifier: Apache-2.0
// The seldom used services of RunView, answered by an engine whose type is known here.
#pragma once

#include "lt/core/run_view.hpp"
#include "lt/core/type_name.hpp"
#include "lt/optim/group_rates.hpp"
#include "lt/tensor.hpp"

#include <ATen/ops/empty_ops.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

template <class Engine>
class TrainerRun;

namespace detail {

// A RunView of a run is the base of its engine's context.
template <class Engine>
Engine& engine_of(RunView& run) {
  return static_cast<typename Engine::Ctx&>(run).engine();
}

template <class O>
std::string_view optimizer_class(const O& optimizer) {
  if constexpr (requires { { optimizer.class_name() } -> std::convertible_to<std::string_view>; }) {
    return optimizer.class_name();
  } else if constexpr (requires { { O::class_name } -> std::convertible_to<std::string_view>; }) {
    return O::class_name;
  } else {
    return type_name<O>();
  }
}

// One number each, on the CPU.
inline Tensor as_tensor(const std::vector<double>& numbers) {
  Tensor tensor = at::_ops::empty_memory_format::call({std::ssize(numbers)}, at::kDouble, {}, {},
                                                      {}, std::nullopt);
  std::copy(numbers.begin(), numbers.end(), tensor.mutable_data_ptr<double>());
  return tensor;
}

template <class O>
void add_groups(O& optimizer, std::size_t index, std::string_view name,
                std::vector<GroupView>& out) {
  if constexpr (requires { optimizer.visit([](auto&) {}); }) {
    optimizer.visit([&](auto& chosen) { add_groups(chosen, index, name, out); });
  } else {
    for (std::size_t i = 0; i < group_count(optimizer); ++i) {
      const optim::GroupRates found = rates(optimizer, i);
      GroupView view;
      view.optimizer = index;
      view.group = i;
      view.optimizer_class = name;
      view.lr = found.lr;
      view.momentum = found.momentum;
      if constexpr (requires { optimizer.param_groups()[i].options.weight_decay; }) {
        view.weight_decay = optimizer.param_groups()[i].options.weight_decay;
      }
      if constexpr (requires { std::string_view(optimizer.param_groups()[i].name); }) {
        view.group_name = optimizer.param_groups()[i].name;
      }
      out.push_back(view);
    }
  }
}

}  // namespace detail

/// The function table of RunView for one type of engine.
template <class Engine>
inline constexpr RunServices services = {
    .refresh_metrics =
        [](RunView& run, MetricKind kind) {
          detail::engine_of<Engine>(run).metrics().refresh(kind);
        },
    .log =
        [](RunView& run, std::string_view name, double value, const LogOptions& options) {
          detail::engine_of<Engine>(run).metrics().log(name, {value, false}, options);
        },
    .log_metrics =
        [](RunView& run, const MetricTable& metrics, std::int64_t step) {
          detail::engine_of<Engine>(run).write_metrics(metrics, step);
        },
    .save_checkpoint =
        [](RunView& run, const std::filesystem::path& path, bool weights_only) {
          detail::engine_of<Engine>(run).save_checkpoint(path, weights_only);
        },
    .remove_checkpoint =
        [](RunView& run, const std::filesystem::path& path) {
          detail::engine_of<Engine>(run).checkpoint_io().remove_checkpoint(path);
        },
    .link_checkpoint =
        [](RunView& run, const std::filesystem::path& target, const std::filesystem::path& link) {
          detail::engine_of<Engine>(run).link_checkpoint(target, link);
        },
    .after_save_checkpoint =
        [](RunView& run) { detail::engine_of<Engine>(run).after_save_checkpoint(); },
    .logger_places =
        [](RunView& run) { return detail::engine_of<Engine>(run).logger_places(); },
    .groups =
        [](RunView& run) {
          std::vector<GroupView> out;
          detail::engine_of<Engine>(run).for_each_optimizer([&](std::size_t i, auto& optimizer) {
            detail::add_groups(optimizer, i, detail::optimizer_class(optimizer), out);
          });
          return out;
        },
    .schedules =
        [](RunView& run) {
          std::vector<ScheduleView> out;
          detail::engine_of<Engine>(run).for_each_schedule([&](std::size_t, auto& schedule) {
            out.push_back({schedule.optimizer, schedule.options.interval, schedule.options.name});
          });
          return out;
        },
    .set_lr =
        [](RunView& run, std::size_t index, std::size_t group, double lr) {
          detail::engine_of<Engine>(run).for_each_optimizer([&](std::size_t i, auto& optimizer) {
            if (i == index) {
              optim::GroupRates changed = rates(optimizer, group);
              changed.lr = lr;
              set_rates(optimizer, group, changed);
            }
          });
        },
    .estimated_stepping_batches =
        [](RunView& run) {
          auto& engine = detail::engine_of<Engine>(run);
          return TrainerRun<Engine>(engine).estimated_stepping_batches();
        },
    .decide =
        [](RunView& run, bool mine, bool all) {
          return detail::engine_of<Engine>(run).fabric().strategy().decide(mine, all);
        },
    .broadcast =
        [](RunView& run, std::string text) {
          return detail::engine_of<Engine>(run).fabric().strategy().broadcast_text(
              std::move(text));
        },
    .exchange =
        [](RunView& run, const std::vector<double>& own) {
          const Tensor all =
              detail::engine_of<Engine>(run).fabric().strategy().all_gather(
                  detail::as_tensor(own));
          const double* numbers = all.const_data_ptr<double>();
          std::vector<std::vector<double>> ranks;
          for (std::int64_t at = 0; at < all.numel(); at += std::ssize(own)) {
            ranks.emplace_back(numbers + at, numbers + at + std::ssize(own));
          }
          return ranks;
        },
};

}  // namespace lt
