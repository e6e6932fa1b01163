// SPDX-License-Identifier: Apache-2.0
// Collectives, Fabric's own loop on several ranks, dry runs, failures.
#include "support.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>

using lt::distributed::run_thread_ranks;

namespace {
using Fabric = lt::Fabric<lt::strategy::Ddp, lt::accelerator::Cpu, lt::precision::F32>;

/// Gloo on the loopback device: ranks of one machine, whatever its name.
class LoopbackGloo {
 public:
  static constexpr std::string_view name = "gloo on the loopback device";
  static constexpr auto type = c10d::ProcessGroup::BackendType::GLOO;
  static constexpr c10::DeviceType device = c10::kCPU;
  static constexpr bool averages = false;
  static constexpr bool connects = true;

  static c10::intrusive_ptr<c10d::Backend> make(const c10::intrusive_ptr<c10d::Store>& store,
                                                std::int64_t rank, std::int64_t ranks,
                                                std::chrono::milliseconds timeout) {
    using Gloo = c10d::ProcessGroupGloo;
    auto options = Gloo::Options::create(timeout);
    options->devices = {Gloo::createDeviceForHostname("127.0.0.1")};
    return c10::make_intrusive<Gloo>(store, static_cast<int>(rank), static_cast<int>(ranks),
                                     options);
  }
};
static_assert(lt::Backend<LoopbackGloo>);

/// An environment among the parts: this process is rank 3 of 4, whoever else says what.
struct ThirdOfFour : lt::archetype::Environment {
  lt::RankPlace place() const { return {.world_size = 4, .global_rank = 3, .local_rank = 3}; }
};
}  // namespace

TEST_CASE("collectives") {
  run_thread_ranks(3, [](std::int64_t rank) {
    Fabric fabric;
    fabric.launch();
    const auto own = static_cast<double>(rank);
    const at::Tensor tensor = torch::tensor({own, 2.0 * own});
    const bool gathered =
        fabric.all_gather(tensor).equal(torch::tensor({0.0, 0.0, 1.0, 2.0, 2.0, 4.0}).view({3, 2}));
    const bool mean = fabric.all_reduce(tensor).equal(torch::tensor({1.0, 2.0}));
    const bool sum = fabric.all_reduce(tensor, lt::ReduceOp::sum).equal(torch::tensor({3.0, 6.0}));
    const bool most = fabric.all_reduce(tensor, lt::ReduceOp::max).equal(torch::tensor({2.0, 4.0}));
    const bool least = fabric.all_reduce(tensor, lt::ReduceOp::min).equal(torch::tensor({0.0, 0.0}));
    const bool whole = fabric.all_reduce(torch::tensor({rank + 1})).equal(torch::tensor({2L}));
    const bool sent = fabric.broadcast(tensor, 2).equal(torch::tensor({2.0, 4.0}));
    auto& strategy = fabric.strategy();
    const bool any = strategy.decide(rank == 1, false) && !strategy.decide(false, false);
    const bool all = strategy.decide(true, true) && !strategy.decide(rank != 1, true);
    const std::string words = strategy.broadcast_text(rank == 0 ? "rank zero's, which is longer" : "");
    fabric.barrier();
    fabric.teardown();
    CHECK(gathered);
    CHECK(mean);
    CHECK(sum);
    CHECK(most);
    CHECK(least);
    CHECK(whole);
    CHECK(sent);
    CHECK(any);
    CHECK(all);
    CHECK(words == "rank zero's, which is longer");
  });
}

TEST_CASE("broadcast from a rank that is not there") {
  Fabric fabric;
  fabric.launch();
  CHECK_THROWS_WITH_AS(fabric.broadcast(torch::ones({1}), 1),
                       doctest::Contains("lt[E525] broadcast from rank 1; expected a rank from 0 to 0"),
                       lt::ConfigError);
}

TEST_CASE("a loop of one's own: Fabric's module, optimizer and accumulation") {
  std::vector<at::Tensor> weights(2);
  run_thread_ranks(2, [&](std::int64_t rank) {
    Fabric fabric;
    fabric.launch();
    test::Net net;
    auto adam = lt::optim::Adam(net.parameters(), {.lr = 0.01});
    auto [module, optimizer] = fabric.setup(net, adam);
    const test::Batch all = test::samples(8);
    for (int step = 0; step < 6; ++step) {
      const at::Tensor x = all.data.slice(0, 4 * rank, 4 * rank + 4);
      const at::Tensor y = all.target.slice(0, 4 * rank, 4 * rank + 4);
      const bool last = step % 2 == 1;
      {
        const auto guard = fabric.no_backward_sync(!last);
        const at::Tensor prediction = module(x) + 0.0 * net.spare(x).sum();
        fabric.backward(torch::mse_loss(prediction, y));
      }
      if (last) {
        optimizer.step();
        optimizer.zero_grad();
      }
    }
    fabric.teardown();
    weights[static_cast<std::size_t>(rank)] = net.weights();
  });
  CHECK(weights[1].equal(weights[0]));
}

TEST_CASE("a generator for each rank that is a thread") {
  std::vector<at::Tensor> drawn(2);
  run_thread_ranks(2, [&](std::int64_t rank) {
    lt::seed_everything(7);
    drawn[static_cast<std::size_t>(rank)] = lt::rng::permutation(100, {});
  });
  CHECK(drawn[0].equal(drawn[1]));
  CHECK(drawn[0].equal(lt::rng::permutation(100, lt::rng::make_generator(7))));
}

TEST_CASE("a rank of 1,024 that never were: what would be sent") {
  using Dry = lt::strategy::DdpOn<lt::backend::Dry>;
  test::Net model;
  auto data = test::loader(1024 * 4, 2);
  Dry strategy({.bucket_cap_mb = 0.0001});
  strategy.set_place({.world_size = 1024, .global_rank = 5, .local_rank = 5, .local_world_size = 8});
  test::Trainer<Dry> trainer(test::quiet({.max_epochs = 1, .limit_train_batches = 2}),
                             std::move(strategy));
  trainer.fit(model, data);
  CHECK(model.losses.size() == 2);
  const auto& group = trainer.strategy().group();
  const auto& backend = dynamic_cast<const lt::backend::DryBackend&>(
      *group.handle()->getBackend(c10::kCPU));
  std::int64_t reduced = 0;
  for (const lt::backend::DryCall& call : backend.calls()) {
    if (call.operation == "all_reduce" && call.bytes > 64) {
      reduced += call.bytes;
    }
  }
  // Both steps: weights of 6 x 16 and 16 values in four bytes; smaller ones are in the rest.
  CHECK(reduced >= 2 * 4 * 6 * 16);
}

TEST_CASE("a rank that does not come is named within the time-out") {
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_WITH_AS(run_thread_ranks(2,
                                        [](std::int64_t rank) {
                                          Fabric fabric{lt::strategy::Ddp({.timeout = 1})};
                                          fabric.launch();
                                          if (rank == 1) {
                                            return;
                                          }
                                          fabric.barrier("the end of the epoch");
                                        }),
                       doctest::Contains("lt[E511] rank 0 of 2: the end of the epoch failed: "),
                       lt::DistributedError);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("a store that is not there; a port in use") {
  const auto port_taken = [](int& socket) {
    socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof(address);
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  };
  int socket = -1;
  const std::uint16_t port = port_taken(socket);  // bound, and nobody listens
  lt::strategy::Ddp client({.timeout = 1});
  client.set_place({.world_size = 2, .global_rank = 1, .main_port = port});
  CHECK_THROWS_WITH_AS(client.setup_environment(c10::kCPU),
                       doctest::Contains("could not be reached within 1 s; expected rank zero"),
                       lt::DistributedError);
  ::listen(socket, 1);
  lt::strategy::Ddp server({.timeout = 1});
  server.set_place({.world_size = 2, .global_rank = 0, .main_port = port});
  CHECK_THROWS_WITH_AS(server.setup_environment(c10::kCPU),
                       doctest::Contains("is in use by another program"), lt::DistributedError);
  ::close(socket);
}

TEST_CASE("a backend of one's own, as docs/policies/backend.md shows it") {
  run_thread_ranks(2, [](std::int64_t rank) {
    lt::Fabric<lt::strategy::DdpOn<LoopbackGloo>> fabric;
    fabric.launch();
    const at::Tensor sum = fabric.all_reduce(torch::tensor({rank + 1}), lt::ReduceOp::sum);
    fabric.teardown();
    CHECK(sum.item<std::int64_t>() == 3);
  });
}

TEST_CASE("an environment among the parts says where the ranks are") {
  using Dry = lt::strategy::DdpOn<lt::backend::Dry>;
  lt::Fabric<Dry, lt::accelerator::Cpu, lt::precision::F32, ThirdOfFour> fabric;
  fabric.launch();
  CHECK(fabric.world_size() == 4);
  CHECK(fabric.global_rank() == 3);
  test::Net model;
  auto data = test::loader(8, 1);
  lt::Trainer<test::Net, lt::Loaders<test::Loader>, Dry, lt::accelerator::Cpu, lt::precision::F32,
              ThirdOfFour>
      trainer(test::quiet({.max_epochs = 1}));
  trainer.fit(model, data);
  CHECK(trainer.global_rank() == 3);
  CHECK(model.losses.size() == 2);  // its share of 8 samples
}

namespace {

/// A backend of a device whose work is done later than its calls return, and of which one rank never
/// brings its part: as NCCL where another rank hangs.
class Hanging {
 public:
  static constexpr std::string_view name = "hanging";
  static constexpr auto type = c10d::ProcessGroup::BackendType::CUSTOM;
  static constexpr c10::DeviceType device = c10::kCPU;
  static constexpr bool averages = true;
  static constexpr bool connects = false;
  static constexpr bool returns_early = true;

  class Work : public c10d::Work {
   public:
    bool isCompleted() override { return false; }
    bool wait(std::chrono::milliseconds) override { return true; }  // only orders streams
  };
  class Handle : public c10d::Backend {
   public:
    using Backend::Backend;
    const std::string getBackendName() const override { return "hanging"; }
    c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>&,
                                             const c10d::AllreduceOptions&) override {
      return c10::make_intrusive<Work>();
    }
  };

  static c10::intrusive_ptr<c10d::Backend> make(const c10::intrusive_ptr<c10d::Store>&,
                                                std::int64_t rank, std::int64_t ranks,
                                                std::chrono::milliseconds) {
    return c10::make_intrusive<Handle>(static_cast<int>(rank), static_cast<int>(ranks));
  }
};
static_assert(lt::Backend<Hanging>);

}  // namespace

TEST_CASE("an exchange on a device that does not come about ends with the rank and its name") {
  lt::strategy::DdpOn<Hanging> strategy({.timeout = 0.05});
  strategy.set_place({.world_size = 2, .global_rank = 1, .local_rank = 1});
  strategy.setup_environment(c10::kCPU);
  CHECK_THROWS_WITH_AS(
      strategy.all_reduce(torch::ones({1}), lt::ReduceOp::sum),
      "lt[E511] rank 1 of 2: all_reduce failed: (no answer within 50 ms)", lt::DistributedError);
}
