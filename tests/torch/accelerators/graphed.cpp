// SPDX-License-Identifier: Apache-2.0
// Steps that are captured and done again, on a layer without a device: when which happens, and that
// a run comes to the same as one without graphs. (That a device does the same waits in tests/gpu.)
#include "recording_layer.hpp"

#include "../trainer/models.hpp"
#include "doctest_torch.hpp"

#include <lt/lt.hpp>
#include <lt/policies/accelerator/cuda.hpp>
#include <lt/precision.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&test::record>());
}

namespace {

using test::FakeLayer;
using Graphed = lt::accelerator::CudaGraphedOn<FakeLayer>;
using Recorded = lt::accelerator::CudaGraphedOn<test::RecordingLayer>;

struct Fresh {
  Fresh() { FakeLayer::world() = {}; }
};

/// Two outputs of a step, and all that a schedule and clipping may do to it.
class Model : public test::Linear {
 public:
  explicit Model(bool fused = true, bool moves_momentum = false)
      : fused_(fused), moves_momentum_(moves_momentum) {
    const at::NoGradGuard no_grad;
    net->weight.fill_(0.25);
    net->bias.fill_(0.5);
  }
  at::Tensor training_step(const test::Batch& batch, std::int64_t) {
    ++calls;
    if (fails) {
      throw std::runtime_error("CUDA error: operation not permitted\nwhen stream is capturing");
    }
    const at::Tensor value = loss(batch);
    log("train_loss", value);
    log("twice", value * 2, {.on_step = true, .on_epoch = true});
    log("constant", 3.0);
    if (reads && value.item<double>() < 0.0) {
      return {};
    }
    return value;
  }
  lt::Optimizers<lt::optim::SGD, lt::Schedule<lt::optim::OneCycleLR>> configure_optimizers() {
    // Rates that floats have exactly, so that both ways round alike.
    lt::optim::OneCycleLR schedule(
        {.max_lr = {0.125}, .total_steps = 100, .cycle_momentum = moves_momentum_});
    lt::ScheduleOptions every_step;
    every_step.interval = lt::ScheduleInterval::step;
    return {lt::optim::SGD(parameters(), {.lr = 0.125, .momentum = 0.5, .fused = fused_}),
            lt::Schedule{std::move(schedule), every_step}};
  }
  template <class Outputs>
  void on_train_batch_end(const Outputs& outputs, const test::Batch&, std::int64_t) {
    losses.push_back(outputs.loss().template item<double>());
  }

  int calls = 0;
  bool fails = false;
  bool reads = false;
  std::vector<double> losses;

 private:
  bool fused_;
  bool moves_momentum_;
};

using Data = lt::Loaders<test::Loader>;

template <class A, class P = lt::precision::F32>
struct Run {
  Model model;
  Data data;
  lt::Trainer<Model, Data, lt::strategy::SingleDevice, A, P> trainer;
  std::vector<std::string> messages;

  explicit Run(std::int64_t samples, lt::TrainerOptions options = {}, A accelerator = A())
      : data(test::loader(samples)),
        trainer(test::quiet(with_epochs(std::move(options))), std::move(accelerator)) {
    trainer.set_message_sink(
        [this](const lt::Message& message) { messages.push_back(lt::text(message.text)); });
  }
  void fit() { trainer.fit(model, data); }
  static lt::TrainerOptions with_epochs(lt::TrainerOptions options) {
    options.max_epochs = options.max_epochs.value_or(2);
    return options;
  }
};

std::int64_t captures() {
  return FakeLayer::world().captures;
}
std::int64_t replays() {
  return FakeLayer::world().replays;
}

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const lt::ConfigError& error) {
    return error.what();
  }
  return "";
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0.0 : 1e9;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
  }
  return most;
}

}  // namespace

TEST_CASE_FIXTURE(Fresh, "a run with a graph comes to the same as one without") {
  Run<Graphed> graphed(40, {.gradient_clip_val = 0.5});
  Run<lt::accelerator::Cpu> plain(40, {.gradient_clip_val = 0.5});
  graphed.fit();
  plain.fit();
  // 10 batches in each of two epochs: three by themselves, the fourth captured.
  CHECK(captures() == 1);
  CHECK(replays() == 17);
  CHECK(farthest(graphed.model.losses, plain.model.losses) < 1e-6);
  CHECK(graphed.model.losses.size() == 20);
  CHECK(graphed.model.losses.front() != doctest::Approx(graphed.model.losses.back()));
  CHECK(graphed.model.net->weight.allclose(plain.model.net->weight, 1e-6, 1e-7));
  CHECK(graphed.trainer.state().fit == plain.trainer.state().fit);
  const lt::MetricTable& metrics = graphed.trainer.callback_metrics();
  CHECK(metrics.names() == plain.trainer.callback_metrics().names());
  for (const auto& [name, value] : plain.trainer.callback_metrics()) {
    CAPTURE(name);
    CHECK(metrics.find(name).value() == doctest::Approx(value));
  }
  CHECK(metrics.find("constant") == 3.0);
}

TEST_CASE_FIXTURE(Fresh, "replays are operators alone: the host's code runs four times") {
  Run<Recorded> recorded(40, {.gradient_clip_val = 0.5});
  Run<lt::accelerator::Cpu> plain(40, {.gradient_clip_val = 0.5});
  recorded.fit();
  plain.fit();
  CHECK(captures() == 1);
  CHECK(replays() == 17);
  CHECK(recorded.model.calls == 4);
  CHECK(plain.model.calls == 20);
  CHECK(farthest(recorded.model.losses, plain.model.losses) < 1e-6);
  CHECK(recorded.model.net->weight.allclose(plain.model.net->weight, 1e-6, 1e-7));
  CHECK(recorded.trainer.state().fit == plain.trainer.state().fit);
  for (const auto& [name, value] : plain.trainer.callback_metrics()) {
    CAPTURE(name);
    CHECK(recorded.trainer.callback_metrics().find(name).value() == doctest::Approx(value));
  }
}

TEST_CASE_FIXTURE(Fresh, "a step that reads a number is named when it is captured") {
  Run<Recorded> run(40);
  run.model.reads = true;
  const std::string error = error_of([&] { run.fit(); });
  CHECK(
      error.starts_with("lt[E894] CudaGraphed: the step could not be captured (operation not "
                        "permitted when stream is capturing"));
  CHECK(run.model.calls == 4);  // three by themselves
}

TEST_CASE_FIXTURE(Fresh,
                  "the last batch of an epoch, smaller than the others, is no reason to capture") {
  Run<Graphed> run(30, {.max_epochs = 4});  // seven of four samples, one of two
  run.fit();
  CHECK(captures() == 1);
  CHECK(replays() == 4 * 7 - 3);
  CHECK(run.trainer.global_step() == 32);
  Run<lt::accelerator::Cpu> plain(30, {.max_epochs = 4});
  plain.fit();
  CHECK(farthest(run.model.losses, plain.model.losses) < 1e-6);
}

TEST_CASE_FIXTURE(Fresh, "batches that stay of another shape: captured again, with a message") {
  lt::cuda::GraphedStep<FakeLayer, at::Tensor> step(0, 2);
  using Way = decltype(step)::Way;
  std::vector<Way> ways;
  double sum = 0;
  const auto work = [&](const at::Tensor& batch) { sum += batch.sum().item<double>(); };
  for (const std::int64_t size : {4, 4, 4, 4, 2, 4, 2, 2, 2, 2, 4}) {
    const at::Tensor batch = at::ones({size});
    ways.push_back(step.next(batch));
    if (ways.back() == Way::by_itself) {
      step.by_itself([&] { work(batch); });
    } else {
      if (ways.back() == Way::capture) {
        step.capture(batch, work);
      }
      step.replay(batch);
    }
  }
  const auto own = Way::by_itself;
  CHECK(ways == std::vector<Way>{own, own, Way::capture, Way::replay, own, Way::replay, own, own,
                                 Way::capture, Way::replay, own});
  CHECK(sum == 4 * 6 + 2 * 5);
  CHECK(lt::text(*step.captured()) == "[[2]]");
}

TEST_CASE_FIXTURE(Fresh, "the message names the shapes") {
  Run<Graphed> run(40, {.max_epochs = 1});
  run.fit();
  auto& engine = run.trainer.engine();
  const test::Batch other{at::ones({3, 4}), at::ones({3, 1})};
  int steps = 0;
  run.messages.clear();
  engine.state().stage = lt::Stage::train;
  for (int i = 0; i < 4; ++i) {
    engine.run_captured(other, [&](const test::Batch&) { ++steps; });
  }
  CHECK(steps == 4);
  REQUIRE(run.messages.size() == 1);
  CHECK(run.messages[0] ==
        "CudaGraphed: batches went from [[4, 4], [4, 1]] to [[3, 4], [3, 1]]: the "
        "step is captured again");
}

TEST_CASE_FIXTURE(Fresh,
                  "steps by themselves and captured ones are on one stream, behind the others") {
  lt::cuda::GraphedStep<FakeLayer, at::Tensor> step(0, 1);
  step.by_itself([] { FakeLayer::note("work on " + std::to_string(FakeLayer::world().stream)); });
  CHECK(FakeLayer::world().calls ==
        std::vector<std::string>{"record 1 on 0", "stream 1 waits for 1", "work on 1",
                                 "record 2 on 1", "stream 0 waits for 2"});
}

TEST_CASE_FIXTURE(Fresh, "16-mixed in a graph: the device decides which steps are left out") {
  Run<Graphed, lt::precision::F16Mixed> graphed(40);
  Run<lt::accelerator::Cpu, lt::precision::F16Mixed> plain(40);
  graphed.fit();
  plain.fit();
  CHECK(captures() == 1);
  CHECK(farthest(graphed.model.losses, plain.model.losses) < 1e-5);
}

TEST_CASE_FIXTURE(Fresh, "what cannot be captured says so") {
  Run<Graphed> accumulates(40, {.accumulate_grad_batches = 2});
  CHECK(error_of([&] {
          accumulates.fit();
        }).starts_with("lt[E891] CudaGraphed: accumulate_grad_batches = 2"));

  Graphed late({.graph_warmup = 1});
  Run<Graphed> fails(40, {}, late);
  fails.model.fails = true;
  // The first step is by itself, where the model's own error comes through.
  CHECK_THROWS_WITH_AS(fails.fit(), doctest::Contains("operation not permitted"),
                       std::runtime_error);
}

TEST_CASE_FIXTURE(Fresh, "an error of the capture names what the step may not do") {
  Run<Graphed> run(40, {.max_epochs = 1});
  run.fit();
  const test::Batch other{at::ones({3, 4}), at::ones({3, 1})};
  run.trainer.engine().state().stage = lt::Stage::train;
  const std::string error = error_of([&] {
    int calls = 0;
    for (int i = 0; i < 4; ++i) {
      run.trainer.engine().run_captured(other, [&calls](const test::Batch&) {
        if (++calls == 4) {
          throw std::runtime_error("operation not permitted when stream is capturing\nmore");
        }
      });
    }
  });
  CHECK(
      error.starts_with("lt[E894] CudaGraphed: the step could not be captured (operation not "
                        "permitted when stream is capturing); expected"));
}

TEST_CASE_FIXTURE(Fresh, "a second fit captures anew") {
  Run<Graphed> run(40, {.max_epochs = 1});
  run.fit();
  run.fit();
  CHECK(captures() == 1);  // it ended where the first had: no batch
  Run<Graphed> other(40, {.max_epochs = 1});
  other.fit();
  CHECK(captures() == 2);
}

namespace {

/// A model whose optimizer is one that a step cannot be captured with.
template <bool Fused, bool MovesMomentum>
class Wrong : public Model {
 public:
  Wrong() : Model(Fused, MovesMomentum) {}
};

template <class M>
std::string error_with() {
  M model;
  lt::Trainer<M, Data, lt::strategy::SingleDevice, Graphed> trainer(test::quiet({.max_epochs = 1}));
  trainer.set_message_sink({});
  Data data(test::loader(40));
  return error_of([&] { trainer.fit(model, data); });
}

}  // namespace

TEST_CASE_FIXTURE(Fresh, "an optimizer that asks the host, a schedule that moves a constant") {
  CHECK(error_with<Wrong<false, false>>().starts_with(
      "lt[E890] SGD: a step that is captured needs the fused kernels"));
  CHECK(error_with<Wrong<true, true>>().find(
            "lt[E893] CudaGraphed: a schedule moved the momentum") == 0);
}
