// SPDX-License-Identifier: Apache-2.0
// accelerator::CudaOn on a layer without a device: device choice, the way of batches, options.
#include "fake_layer.hpp"

#include "../trainer/models.hpp"
#include "doctest_torch.hpp"

#include <lt/lt.hpp>
#include <lt/policies/accelerator/cuda.hpp>
#include <lt/policies/accelerator/mps.hpp>
#include <lt/trainer/auto_trainer.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using test::FakeLayer;
using Cuda = lt::accelerator::CudaOn<FakeLayer>;
using Calls = std::vector<std::string>;

static_assert(lt::Accelerator<Cuda>);
static_assert(lt::Accelerator<lt::accelerator::Mps>);

struct Fresh {
  Fresh() { FakeLayer::world() = {}; }
};

std::int64_t count(std::string_view call) {
  const Calls& calls = FakeLayer::world().calls;
  return std::count_if(calls.begin(), calls.end(), [&](const std::string& one) {
    return std::string_view(one).starts_with(call);
  });
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

// A trainer with its model, one linear layer, which lives longer.
template <class A>
struct TrainerOn {
  test::Linear model;
  test::Data data;
  lt::Trainer<test::Linear, test::Data, lt::strategy::SingleDevice, A> trainer;

  template <class... Given>
  explicit TrainerOn(lt::TrainerOptions options, Given... given)
      : trainer(std::move(options), std::move(given)...) {
    trainer.set_message_sink({});
  }
};

// Its weights after training.
template <class A>
at::Tensor train(TrainerOn<A>& on) {
  const at::NoGradGuard no_grad;
  on.model.net->weight.fill_(0.25);
  on.model.net->bias.fill_(0.5);
  on.trainer.fit(on.model, on.data);
  return on.model.net->weight.detach().clone();
}

}  // namespace

TEST_CASE_FIXTURE(Fresh,
                  "a copy has its own stream, and the computing stream waits for its event") {
  lt::cuda::Prefetcher<FakeLayer> prefetcher(0, /*pin=*/true, 2);
  const at::Tensor moved = prefetcher.move(at::ones({2}));
  CHECK(moved.equal(at::ones({2})));
  CHECK(FakeLayer::world().calls ==
        Calls{"pin", "copy on 1", "record 1 on 1", "stream 0 waits for 1", "keep for 0"});
}

TEST_CASE_FIXTURE(Fresh, "batches ahead are bounded: the host waits for the one `depth` before") {
  lt::cuda::Prefetcher<FakeLayer> prefetcher(0, /*pin=*/false, 2);
  for (int i = 0; i < 2; ++i) {
    prefetcher.move(at::ones({1}));
  }
  CHECK(count("host waits") == 0);
  FakeLayer::world().calls.clear();
  prefetcher.move(at::ones({1}));
  // Event 1 and 2 are copies; 3 stands behind the work on the first batch.
  CHECK(FakeLayer::world().calls.front() == "host waits for 3");
  CHECK(count("pin") == 0);
}

TEST_CASE_FIXTURE(Fresh, "a copy may begin long before it is needed") {
  lt::cuda::Prefetcher<FakeLayer> prefetcher(0, false, 2);
  auto first = prefetcher.start(at::ones({1}));
  auto second = prefetcher.start(at::ones({1}).mul(2));
  CHECK(count("stream 0 waits") == 0);
  CHECK(prefetcher.take(std::move(first)).item<float>() == 1.0F);
  CHECK(prefetcher.take(std::move(second)).item<float>() == 2.0F);
  CHECK(count("stream 0 waits") == 2);
}

TEST_CASE_FIXTURE(Fresh,
                  "training through it gives the numbers of the host, one copy for a tensor") {
  TrainerOn<Cuda> on_device(test::quiet({.max_epochs = 2}));
  TrainerOn<lt::accelerator::Cpu> on_host(test::quiet({.max_epochs = 2}));
  const at::Tensor expected = train(on_host);
  CHECK(train(on_device).equal(expected));
  // Two epochs of 3 training and 2 validation batches, and the sanity check of 2, of two tensors.
  CHECK(count("copy on") == (2 * (3 + 2) + 2) * 2);
  CHECK(count("set_device 0") == 1);
}

TEST_CASE_FIXTURE(Fresh, "the device is the rank's, and one that is not there is an error") {
  Cuda cuda({.devices = {1, 0}});
  cuda.set_local_rank(1);
  cuda.setup();
  CHECK(cuda.index() == 0);
  CHECK(FakeLayer::world().current == 0);

  TrainerOn<Cuda> trainer(test::quiet({.max_epochs = 1}), Cuda({.devices = {7}}));
  CHECK(error_of([&] { train(trainer); })
            .starts_with(
                "lt[E883] devices = [7]: there is no CUDA device 7; expected indices below 2"));
}

TEST_CASE_FIXTURE(Fresh, "without a device the error says why") {
  FakeLayer::world().devices = 0;
  TrainerOn<Cuda> trainer(test::quiet({.max_epochs = 1}));
  CHECK(error_of([&] { train(trainer); }) ==
        "lt[E190] accelerator cuda is not available on this machine: the test has none");
  TrainerOn<lt::accelerator::Mps> mps(test::quiet({.max_epochs = 1}));
  CHECK(error_of([&] { train(mps); }).starts_with("lt[E190] accelerator mps is not available"));
}

namespace {
/// Runs out of memory in its fifth step.
class Hungry : public test::Linear {
 public:
  at::Tensor training_step(const test::Batch& batch, std::int64_t batch_idx) {
    if (global_step() == 4) {
      throw std::runtime_error("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore of it");
    }
    return Linear::training_step(batch, batch_idx);
  }
};
}  // namespace

TEST_CASE_FIXTURE(Fresh,
                  "out of memory: the step, the batch and what was allocated; checkpoints stay") {
  const test::Folder folder;
  Hungry model;
  test::Data data;
  lt::TrainerOptions options{.max_epochs = 2, .enable_checkpointing = true};
  options.default_root_dir = folder.str();
  lt::Trainer<Hungry, test::Data, lt::strategy::SingleDevice, Cuda> trainer(test::quiet(options));
  trainer.set_message_sink({});
  CHECK(
      error_of([&] { trainer.fit(model, data); }) ==
      "lt[E895] out of memory on device 0 in `fit`, step 4, on a batch of [[4, 4], [4, 1]]: 1000 "
      "bytes were in tensors (at most 2000), 4096 taken from the device (CUDA out of memory. Tried "
      "to allocate 2.00 GiB.); expected smaller batches, with accumulate_grad_batches for the same "
      "step, or a precision of 16 bits");
  // That of the first epoch is whole: another run goes on from it, here on the host.
  const std::string saved = trainer.get<lt::ModelCheckpoint>().best_model_path();
  TrainerOn<lt::accelerator::Cpu> on(test::quiet({.max_epochs = 2}));
  on.trainer.fit(on.model, on.data, {.ckpt_path = saved});
  CHECK(on.trainer.global_step() == 6);
}

TEST_CASE_FIXTURE(Fresh, "what is logged on a device is read when somebody looks, all at once") {
  const auto run = []<class A>(std::type_identity<A>, bool loggers) {
    test::Folder folder;
    lt::TrainerOptions options{.max_epochs = 2, .log_every_n_steps = 10};
    options.default_root_dir = folder.str();
    options.logger = loggers;
    options.val_check_interval = 5;  // in the middle of epochs, too
    auto on = std::make_unique<TrainerOn<A>>(test::quiet(options));
    on->data.count = 80;  // 20 batches
    train(*on);
    return on;
  };
  const auto device = run(std::type_identity<Cuda>(), true);
  const auto host = run(std::type_identity<lt::accelerator::Cpu>(), true);
  CHECK(device->trainer.callback_metrics().names() == host->trainer.callback_metrics().names());
  for (const auto& [name, value] : host->trainer.callback_metrics()) {
    CAPTURE(name);
    CHECK(device->trainer.callback_metrics().find(name) == value);
  }
  const auto logged = device->trainer.logged_metrics();
  for (const auto& [name, value] : host->trainer.logged_metrics()) {
    CAPTURE(name);
    CHECK(logged.find(name) == value);
  }
  // 40 training and some 20 validation batches with a value each; far fewer waits.
  const auto& numbers = device->trainer.engine().metrics().numbers;
  REQUIRE(numbers != nullptr);
  CHECK(numbers->size() == 0);
  CHECK(numbers->reads() >= 4);
  CHECK(numbers->reads() < 30);
  CHECK(host->trainer.engine().metrics().numbers == nullptr);
}

TEST_CASE_FIXTURE(Fresh, "numerics hold during a run, and are as before behind it") {
  Cuda cuda({.allow_tf32 = true, .cudnn_benchmark = true});
  cuda.setup();
  CHECK(FakeLayer::world().numerics == lt::cuda::Numerics{true, true, false});
  cuda.teardown();
  CHECK(FakeLayer::world().numerics == lt::cuda::Numerics{false, false, false});
  cuda.teardown();  // as after an error
  CHECK(FakeLayer::world().numerics == lt::cuda::Numerics{false, false, false});
}

TEST_CASE_FIXTURE(Fresh, "options out of range") {
  CHECK(error_of([] { Cuda({.prefetch = 0}); }).starts_with("lt[E885] Cuda: prefetch must be 1"));
  CHECK(error_of([] { Cuda({.graph_warmup = 0}); }).starts_with("lt[E886]"));
}

TEST_CASE_FIXTURE(Fresh, "memory statistics under Python's names") {
  Cuda cuda({.devices = {1}});
  cuda.setup();
  CHECK(cuda.device_stats().find("allocated_bytes.all.current") == 1001.0);
  CHECK(cuda.device_stats().find("reserved_bytes.all.peak") == 8192.0);
  CHECK(cuda.device_stats().find("num_alloc_retries") == 1.0);
}

TEST_CASE_FIXTURE(Fresh, "Auto takes the first that is there") {
  using Auto = lt::accelerator::Auto<lt::accelerator::Mps, Cuda, lt::accelerator::Cpu>;
  const auto chosen = [] {
    TrainerOn<Auto> on(test::quiet({.max_epochs = 1}), Cuda({.devices = {1}}));
    train(on);
    CHECK(on.trainer.state().global_step() == 3);
    CHECK(on.trainer.callback_metrics().contains("val_loss"));
    return std::string(on.trainer.accelerator_name());
  };
  CHECK(chosen() == "cuda");
  CHECK(FakeLayer::world().current == 1);
  FakeLayer::world().devices = 0;
  CHECK(chosen() == "cpu");
  CHECK(error_of([] { TrainerOn<lt::accelerator::Auto<lt::accelerator::Mps, Cuda>> none({}); }) ==
        "lt[E888] no accelerator of the list is available: mps (this LibTorch was built without "
        "Metal), cuda (the test has none); expected one of them");
}

TEST_CASE_FIXTURE(Fresh, "the same choice for a loop on a Fabric") {
  const auto name = [] {
    return lt::accelerator::with_first_available<Cuda, lt::accelerator::Cpu>(
        []<class A>(std::type_identity<A>) {
          lt::Fabric<lt::strategy::SingleDevice, A> fabric;
          fabric.launch();
          return fabric.to_device(at::ones({1})).template item<float>() == 1.0F ? A::name : "";
        });
  };
  CHECK(name() == "cuda");
  FakeLayer::world().devices = 0;
  CHECK(name() == "cpu");
}

TEST_CASE_FIXTURE(Fresh,
                  "a Fabric's loader begins the copy of the next batch before this one is used") {
  lt::Fabric<lt::strategy::SingleDevice, Cuda> fabric;
  fabric.launch();
  std::vector<at::Tensor> batches{at::zeros({1}), at::ones({1}), at::ones({1}).mul(2)};
  auto loader = fabric.setup_dataloaders(batches);
  float expected = 0;
  for (const at::Tensor& batch : loader) {
    CHECK(batch.item<float>() == expected);
    expected += 1;
    CHECK(count("copy on") == std::min<std::int64_t>(3, static_cast<std::int64_t>(expected) + 1));
  }
  CHECK(expected == 3);
}
