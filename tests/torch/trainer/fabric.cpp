// SPDX-License-Identifier: Apache-2.0
// Fabric by itself: hand-written loops.
#include "models.hpp"

#include <lt/precision.hpp>

#include "doctest_torch.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace {

using test::Batch;
using test::Folder;

template <class P = lt::precision::F32, class... Parts>
using FabricFor = lt::Fabric<lt::strategy::SingleDevice, lt::accelerator::Cpu, P, Parts...>;

/// y = net(x), with the types that its forward pass saw.
struct Net : torch::nn::Module {
  at::Tensor forward(const at::Tensor& x) {
    input_type = x.scalar_type();
    return net(x);
  }
  torch::nn::Linear net{register_module("net", torch::nn::Linear(4, 1))};
  at::ScalarType input_type{};
};

/// Keeps what it is given.
struct Notes {
  using policy_family = lt::logger_tag;
  void open(lt::RunView& run) { rank = run.global_rank; }
  std::string name() const { return "notes"; }
  std::string version() const { return {}; }
  std::string save_dir() const { return {}; }
  void log_metrics(const lt::MetricTable& metrics, std::int64_t step) {
    for (const auto& [key, value] : metrics) {
      records.emplace_back(key, value, step);
    }
  }
  void log_hyperparams(const lt::HyperParams&) {}
  void save() {}
  void finalize(std::string_view status) { end = status; }

  std::int64_t rank = -1;
  std::vector<std::tuple<std::string, double, std::int64_t>> records;
  std::string end;
};

struct Listening {
  void on_train_epoch_end(const std::string& text) { heard.push_back(text); }
  void on_after_setup(auto&, Net&) { ++setups; }
  void on_after_optimizer_step(auto&, auto&) { ++steps; }
  std::vector<std::string> heard;
  int setups = 0;
  int steps = 0;
};

template <class P>
double train(std::int64_t epochs) {
  torch::manual_seed(0);
  FabricFor<P> fabric;
  fabric.launch();
  Net net;
  lt::optim::SGD sgd(net.parameters(), {.lr = 0.1});
  auto [module, optimizer] = fabric.setup(net, sgd);
  auto data = test::loader();
  auto batches = fabric.setup_dataloaders(data);
  at::Tensor loss;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (const Batch& batch : batches) {
      optimizer.zero_grad();
      const at::Tensor out = module(batch.data);
      CHECK((out.scalar_type() == at::kFloat));
      loss = torch::mse_loss(out, batch.target);
      fabric.backward(loss);
      optimizer.step();
    }
  }
  fabric.teardown();
  return loss.item().toDouble();
}

TEST_CASE("a loop trains under every precision") {
  const double before = train<lt::precision::F32>(1);
  const double single = train<lt::precision::F32>(40);
  CHECK(single < 0.2 * before);
  CHECK(train<lt::precision::F64>(40) == doctest::Approx(single).epsilon(1e-4));
  CHECK(train<lt::precision::F16Mixed>(40) == doctest::Approx(single).epsilon(0.1));
  CHECK(train<lt::precision::Bf16Mixed>(40) < 0.2 * before);
  CHECK(train<lt::precision::Bf16True>(40) < 0.2 * before);
}

TEST_CASE("a loop computes what the same loop without Fabric computes") {
  torch::manual_seed(0);
  Net net;
  lt::optim::SGD sgd(net.parameters(), {.lr = 0.1});
  auto data = test::loader();
  at::Tensor loss;
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const Batch& batch : data) {
      sgd.zero_grad();
      loss = torch::mse_loss(net.forward(batch.data), batch.target);
      loss.backward();
      sgd.step();
    }
  }
  CHECK(train<lt::precision::F32>(3) == loss.item().toDouble());
}

TEST_CASE_TEMPLATE("the forward pass gets the precision's type", P, lt::precision::F64,
                   lt::precision::Bf16True, lt::precision::Bf16Mixed, lt::precision::F16Mixed) {
  const std::map<std::string_view, at::ScalarType> types = {{"64-true", at::kDouble},
                                                            {"bf16-true", at::kBFloat16},
                                                            {"bf16-mixed", at::kBFloat16},
                                                            {"16-mixed", at::kHalf}};
  FabricFor<P> fabric;
  fabric.launch();
  Net net;
  auto module = fabric.setup(net);
  CHECK((module(torch::ones({2, 4})).scalar_type() == at::kFloat));
  CHECK((net.input_type == types.at(P::name)));
  CHECK(&*module == &net);
}

TEST_CASE("gradients are clipped by norm or by value, and unscaled before") {
  FabricFor<lt::precision::F16Mixed> fabric{lt::precision::F16Mixed({.init_scale = 1024.0})};
  fabric.launch();
  Net net;
  lt::optim::SGD sgd(net.parameters(), {.lr = 0.1});
  auto [module, optimizer] = fabric.setup(net, sgd);
  fabric.backward(module(torch::ones({1, 4})).sum());  // every gradient is 1
  CHECK(net.net->weight.grad()[0][0].item<float>() == 1024.0F);
  const auto norm = fabric.clip_gradients(module, optimizer, {.max_norm = 1.0});
  REQUIRE(norm);
  CHECK(norm->item<float>() == doctest::Approx(std::sqrt(5.0)));
  CHECK(net.net->weight.grad()[0][0].item<float>() == doctest::Approx(1.0 / std::sqrt(5.0)));
  optimizer.step();

  FabricFor<> plain;
  Net other;
  lt::optim::SGD own(other.parameters(), {.lr = 0.1});
  plain.backward(other.forward(torch::ones({1, 4})).sum());
  CHECK_FALSE(plain.clip_gradients(other, own, {.clip_val = 0.25}).has_value());
  CHECK(other.net->weight.grad()[0][0].item<float>() == 0.25F);
  CHECK_THROWS_WITH_AS(plain.clip_gradients(other, own, {}), doctest::Contains("lt[E179]"),
                       lt::ConfigError);
  CHECK_THROWS_AS(plain.clip_gradients(other, own, {.max_norm = 1.0, .clip_val = 1.0}),
                  lt::ConfigError);
  other.net->weight.mutable_grad()[0][0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(plain.clip_gradients(other, own, {.max_norm = 1.0}), lt::Error);
}

TEST_CASE("a scale that stays at its floor is said once") {
  FabricFor<lt::precision::F16Mixed> fabric{lt::precision::F16Mixed({.init_scale = 2.0})};
  int said = 0;
  fabric.set_message_sink([&](const lt::Message& message) { said += message.code == "W041"; });
  fabric.launch();
  Net net;
  lt::optim::SGD sgd(net.parameters(), {.lr = 0.1});
  auto [module, optimizer] = fabric.setup(net, sgd);
  const at::Tensor before = net.net->weight.detach().clone();
  const at::Tensor bad = torch::full({1, 4}, std::numeric_limits<float>::quiet_NaN());
  for (int i = 0; i < 130; ++i) {
    optimizer.zero_grad();
    fabric.backward(module(bad).sum());
    optimizer.step();
  }
  CHECK(said == 1);
  CHECK(torch::equal(net.net->weight, before));
}

TEST_CASE("entries are saved, loaded, filtered and left over") {
  const Folder folder;
  const auto path = folder / "loop.ckpt";
  FabricFor<> fabric;
  fabric.launch();
  Net net;
  lt::optim::Adam adam(net.parameters(), {.lr = 0.1});
  auto [module, optimizer] = fabric.setup(net, adam);
  fabric.backward(module(torch::ones({1, 4})).sum());
  optimizer.step();
  std::int64_t epoch = 3;
  const std::string note = "text";
  fabric.save(path, lt::entry("model", module), lt::entry("optimizer", optimizer),
              lt::entry("epoch", epoch), lt::entry("note", note));

  Net other;
  lt::optim::Adam others(other.parameters(), {.lr = 0.5});
  std::int64_t found = 0;
  const auto rest = fabric.load(path, lt::entry("model", other), lt::entry("optimizer", others),
                                lt::entry("epoch", found));
  CHECK(other.net->weight.equal(net.net->weight));
  CHECK(others.param_groups()[0].options.lr == 0.1);
  CHECK(found == 3);
  CHECK(rest.size() == 1);
  CHECK(rest.get<std::string>("note") == "text");

  CHECK_THROWS_WITH_AS(fabric.load(path, lt::entry("missing", found)),
                       doctest::Contains("lt[E213]"), lt::CheckpointError);
  CHECK_NOTHROW(fabric.load(path, {.strict = false}, lt::entry("missing", found)));

  const auto only_bias = [](std::string_view name, const auto&) { return name == "net.bias"; };
  fabric.save(path, lt::entry("model", module, only_bias));
  const auto saved = fabric.load(path);
  CHECK(saved.at("model").size() == 1);
  CHECK(saved.find("model", "net.bias") != nullptr);
  CHECK_THROWS_AS(fabric.save(path, lt::entry("epoch", epoch, only_bias)), lt::ConfigError);
}

TEST_CASE("a file with one state alone is loaded raw") {
  const Folder folder;
  FabricFor<> fabric;
  Net net;
  lt::checkpoint_io::Binary().save_checkpoint(lt::module_state(net), folder / "raw.ckpt");
  Net other;
  fabric.load_raw(folder / "raw.ckpt", other);
  CHECK(other.net->weight.equal(net.net->weight));
}

TEST_CASE("numbers go to all loggers, between launch and teardown") {
  FabricFor<lt::precision::F32, Notes> fabric;
  CHECK_THROWS_WITH_AS(fabric.log("early", 1), doctest::Contains("lt[E194]"), lt::ConfigError);
  fabric.launch();
  fabric.log("loss", torch::tensor(0.5F), 7);
  fabric.log_dict({{"a", 1.0}, {"b", 2.0}}, 8);
  fabric.log("next", 3);
  Notes& notes = fabric.get<Notes>();
  CHECK(notes.rank == 0);
  REQUIRE(notes.records.size() == 4);
  CHECK(notes.records[0] == std::tuple(std::string("loss"), 0.5, std::int64_t{7}));
  CHECK(notes.records[2] == std::tuple(std::string("b"), 2.0, std::int64_t{8}));
  CHECK(std::get<2>(notes.records[3]) == 2);  // the third record
  CHECK_THROWS_AS(fabric.log("two", torch::ones({2})), lt::ConfigError);
  fabric.teardown();
  CHECK(notes.end == "success");
}

TEST_CASE("callbacks hear of set-up, steps and calls") {
  FabricFor<lt::precision::F32, Listening, Notes> fabric;
  fabric.launch();
  Net net;
  lt::optim::SGD sgd(net.parameters(), {.lr = 0.1});
  auto [module, optimizer] = fabric.setup(net, sgd);
  fabric.call<lt::hook::on_train_epoch_end>(std::string("one"));
  fabric.call<lt::hook::on_train_end>(1);  // nobody has it
  fabric.backward(module(torch::ones({1, 4})).sum());
  optimizer.step();
  const Listening& listening = fabric.get<Listening>();
  CHECK(listening.heard == std::vector<std::string>{"one"});
  CHECK(listening.setups == 1);
  CHECK(listening.steps == 1);
}

TEST_CASE("launch runs a function and gives back its result") {
  FabricFor<> fabric;
  CHECK(fabric.launch([](auto& own, int x) { return own.is_global_zero() ? x : 0; }, 5) == 5);
}

TEST_CASE("LBFGS gets its closure") {
  FabricFor<> fabric;
  Net net;
  lt::optim::LBFGS lbfgs(net.parameters());
  auto optimizer = fabric.setup_optimizers(lbfgs);
  const auto batch = Batch{torch::ones({2, 4}), torch::zeros({2, 1})};
  int calls = 0;
  optimizer.step([&] {
    ++calls;
    optimizer.zero_grad();
    const at::Tensor loss = torch::mse_loss(net.forward(batch.data), batch.target);
    fabric.backward(loss);
    return loss;
  });
  CHECK(calls > 1);
}

TEST_CASE("among one rank, values stay as they are") {
  FabricFor<> fabric;
  const at::Tensor x = torch::ones({2});
  CHECK(fabric.all_reduce(x).equal(x));
  CHECK(fabric.all_reduce(x, lt::ReduceOp::sum).equal(x));
  CHECK(fabric.all_gather(x).equal(x));
  CHECK(fabric.broadcast(std::vector<at::Tensor>{x, x}).size() == 2);
  CHECK(fabric.world_size() == 1);
  const auto guard = fabric.no_backward_sync(x, false);
  (void)guard;
  fabric.barrier();
}

/// Three ranks in name only: every value is theirs.
struct ThreeAlike : lt::archetype::Strategy {
  static constexpr std::string_view name = "three";
  std::int64_t world_size() const { return 3; }
  at::Tensor all_gather(const at::Tensor& t) { return torch::stack({t, t, t}); }
  at::Tensor all_reduce(const at::Tensor& t, lt::ReduceOp op) {
    return op == lt::ReduceOp::sum ? t * 3 : t;
  }
};

TEST_CASE("trees of tensors go through the strategy") {
  lt::Fabric<ThreeAlike> fabric;
  const auto pair = std::pair(torch::ones({2}), torch::ones({1}));
  CHECK((fabric.all_gather(pair).first.sizes() == at::IntArrayRef({3, 2})));
  CHECK(fabric.all_reduce(pair, lt::ReduceOp::sum).second.item<float>() == 3.0F);
  CHECK(fabric.all_reduce(pair).second.item<float>() == 1.0F);
}

TEST_CASE("layers made under init_module have the precision's type") {
  FabricFor<lt::precision::Bf16True> fabric;
  {
    const auto guard = fabric.init_module();
    CHECK((Net().net->weight.scalar_type() == at::kBFloat16));
  }
  CHECK((Net().net->weight.scalar_type() == at::kFloat));
}

}  // namespace
