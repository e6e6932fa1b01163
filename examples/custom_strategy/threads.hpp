// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lt/lt.hpp>

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>

#include <barrier>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The threads of a job, and how they give each other values. One that throws leaves the others
/// waiting: what connects processes must not.
class Team {
 public:
  explicit Team(int ranks)
      : meeting_(ranks),
        tensors_(static_cast<std::size_t>(ranks)),
        texts_(static_cast<std::size_t>(ranks)) {}

  std::int64_t size() const { return static_cast<std::int64_t>(texts_.size()); }
  void wait() { meeting_.arrive_and_wait(); }
  /// What all ranks gave, in their order.
  std::vector<lt::Tensor> gather(std::int64_t rank, lt::Tensor mine) {
    return gather(tensors_, rank, std::move(mine));
  }
  std::vector<std::string> gather(std::int64_t rank, std::string mine) {
    return gather(texts_, rank, std::move(mine));
  }

 private:
  template <class T>
  std::vector<T> gather(std::vector<T>& places, std::int64_t rank, T mine) {
    places[static_cast<std::size_t>(rank)] = std::move(mine);
    wait();  // all are there
    std::vector<T> all = places;
    wait();  // all have read
    return all;
  }

  std::barrier<> meeting_;
  std::vector<lt::Tensor> tensors_;
  std::vector<std::string> texts_;
};

/// All tensors along the first dimension become one.
inline lt::Tensor reduce(const lt::Tensor& all, lt::ReduceOp op) {
  return op == lt::ReduceOp::mean  ? all.mean(0)
         : op == lt::ReduceOp::sum ? all.sum(0)
         : op == lt::ReduceOp::min ? all.amin(0)
         : op == lt::ReduceOp::max ? all.amax(0)
                                   : all.prod(0);
}

/// Data parallelism among threads: each rank trains a model of its own on its share of the data,
/// and gradients are averaged as they come.
class Threads : public lt::archetype::Strategy {  // the rest is as for one process
 public:
  static constexpr std::string_view name = "threads";
  static constexpr bool is_distributed = true;
  Threads(std::shared_ptr<Team> team, std::int64_t rank) : team_(std::move(team)), rank_(rank) {}

  std::int64_t world_size() const { return team_->size(); }
  std::int64_t global_rank() const { return rank_; }
  std::int64_t local_rank() const { return rank_; }
  void setup_module(auto& module, bool /*trains*/) {
    for (lt::Tensor& parameter : module.parameters()) {
      parameter.set_data(broadcast(parameter.detach(), 0));  // all begin as rank zero does
      const auto average = [this](const lt::Tensor& gradient) {
        return all_reduce(gradient, lt::ReduceOp::mean);
      };
      hooks_.emplace_back(parameter, parameter.register_hook(average));
    }
  }
  void teardown() {
    for (auto& [parameter, hook] : hooks_) {
      parameter.remove_hook(hook);
    }
    hooks_.clear();
  }
  void barrier(std::string_view) { team_->wait(); }
  lt::Tensor all_gather(const lt::Tensor& t) { return at::stack(team_->gather(rank_, t)); }
  lt::Tensor all_reduce(const lt::Tensor& t, lt::ReduceOp op) { return reduce(all_gather(t), op); }
  lt::Tensor broadcast(const lt::Tensor& t, std::int64_t src) { return all_gather(t)[src]; }
  bool decide(bool mine, bool all) {
    const lt::Tensor votes = all_gather(at::scalar_tensor(mine ? 1 : 0));
    return (all ? votes.min() : votes.max()).item().toBool();
  }
  std::string broadcast_text(std::string own) { return team_->gather(rank_, own)[0]; }

 private:
  std::shared_ptr<Team> team_;
  std::int64_t rank_;
  std::vector<std::pair<lt::Tensor, unsigned>> hooks_;
};
