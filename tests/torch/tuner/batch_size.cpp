// SPDX-License-Identifier: Apache-2.0
#include "../trainer/models.hpp"

#include <lt/tuner.hpp>

#include "doctest_torch.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using test::Batch;
using test::quiet;

namespace {

/// A memory that holds so many samples, and what was tried.
class Model : public test::Linear {
 public:
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    use(batch);
    return loss(batch);
  }
  void validation_step(const Batch& batch, std::int64_t) { use(batch); }
  at::Tensor predict_step(const Batch& batch, std::int64_t) {
    use(batch);
    return net(batch.data);
  }
  void use(const Batch& batch) {
    const std::int64_t size = batch.data.size(0);
    const at::Tensor held = at::zeros({size, activations});
    if (tried.empty() || tried.back() != size) {
      tried.push_back(size);
    }
    if (size > fits) {
      throw std::runtime_error(message);
    }
  }
  std::int64_t fits = 1000;
  std::int64_t activations = 0;  // numbers of 4 bytes for each sample
  std::string message = "CUDA out of memory. Tried to allocate 2.00 GiB";
  std::vector<std::int64_t> tried;
};

struct Data {
  struct Options {
    std::int64_t batch_size = 4;
  };
  const Options& hparams() const { return options; }
  Options& hparams() { return options; }
  test::Loader train_dataloader() { return test::loader(96, options.batch_size); }
  test::Loader val_dataloader() { return test::loader(96, options.batch_size, 1); }
  test::Loader predict_dataloader() { return test::loader(96, options.batch_size, 2); }
  Options options;
};

using Trainer = lt::Trainer<Model, Data>;
using Sizes = std::vector<std::int64_t>;

}  // namespace

LT_REFLECT(Data::Options, (batch_size, "samples in a batch"))

TEST_CASE("scale_batch_size tries sizes until memory runs out, sets the attribute and says so") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  std::string said;
  trainer.set_message_sink([&](const lt::Message& message) {
    said += std::string(message.code) + " " + std::string(message.text) + "\n";
  });
  const at::Tensor weight = model.net->weight.detach().clone();
  model.fits = 20;
  lt::Tuner tuner(trainer);
  CHECK(tuner.scale_batch_size(model, data) == 16);
  CHECK(model.tried == Sizes{2, 4, 8, 16, 32});
  CHECK(data.options.batch_size == 16);
  CHECK(at::equal(model.net->weight, weight));
  CHECK_FALSE(model.net->weight.grad().defined());
  CHECK(model.is_training());
  CHECK(trainer.global_step() == 0);
  CHECK(trainer.options().limit_val_batches == lt::BatchLimit(1.0));
  CHECK(said.find("I762 Batch size 2 succeeded, trying batch size 4\n") != std::string::npos);
  CHECK(said.find("I763 Finished batch size finder, will continue with full run using batch size "
                  "16\n") != std::string::npos);
  CHECK(trainer.fit(model, data).step == 6);
}

TEST_CASE("binsearch closes in, less a margin; a batch of all samples ends the search") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  lt::Tuner tuner(trainer);
  model.fits = 11;
  CHECK(tuner.scale_batch_size(model, data, {.mode = lt::BatchSizeMode::binsearch}) == 10);
  CHECK(data.options.batch_size == 10);
  model.fits = 1000;
  model.tried.clear();
  CHECK(tuner.scale_batch_size(model, data, {.steps_per_trial = 1, .init_val = 48}) == 96);
  CHECK(model.tried == Sizes{48, 96});
}

TEST_CASE("other errors pass through, and the attribute is put back") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  model.fits = 8;
  model.message = "sizes differ";
  lt::Tuner tuner(trainer);
  CHECK_THROWS_WITH(tuner.scale_batch_size(model, data), "sizes differ");
  CHECK(data.options.batch_size == 4);
  CHECK(trainer.options().max_steps == -1);
}

TEST_CASE("nothing fits: no answer, a warning, the attribute stays") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  std::string said;
  trainer.set_message_sink([&](const lt::Message& message) { said += message.code; });
  model.fits = 0;
  lt::Tuner tuner(trainer);
  CHECK_FALSE(tuner.scale_batch_size(model, data));
  CHECK(data.options.batch_size == 4);
  CHECK(said.find("W764") != std::string::npos);
}

TEST_CASE("validate and predict are tried, too") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  model.fits = 40;
  lt::Tuner tuner(trainer);
  CHECK(tuner.scale_batch_size<lt::RunFn::validate>(model, data) == 32);
  CHECK(tuner.scale_batch_size<lt::RunFn::predict>(model, data) == 32);
  CHECK(model.is_training());
}

TEST_CASE("a memory budget on the CPU counts what tensors occupy") {
  lt::CpuMemoryBudget budget(100000);
  at::Tensor kept = at::zeros({1000});
  CHECK(budget.used() >= 4000);
  CHECK(budget.used() < 5000);
  {
    const at::Tensor more = at::zeros({20000});
  }
  CHECK(budget.peak() >= 84000);
  CHECK(budget.used() < 5000);
  CHECK_THROWS_WITH(at::zeros({25000}),
                    doctest::Contains("[memory_budget = 100000] DefaultCPUAllocator: can't "
                                      "allocate memory: you tried to allocate 100000 bytes"));
  CHECK(budget.used() < 5000);
  kept.resize_({2000});
  CHECK(budget.used() >= 8000);
}

TEST_CASE("memory taken under a budget is freed after it, and the other way round") {
  at::Tensor before = at::ones({1000});
  at::Tensor during;
  {
    lt::CpuMemoryBudget budget(1000000);
    during = at::ones({1000}) + before;
    before = at::Tensor();
    CHECK(budget.used() > 0);
  }
  during.resize_({5000});
  CHECK(during[999].item<float>() == 2.0F);
  during = at::Tensor();
  CHECK(at::zeros({1 << 20}).numel() == 1 << 20);
}

TEST_CASE("a search under a budget: the size that fits into it") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  lt::Tuner tuner(trainer);
  model.activations = 1000;
  CHECK(tuner.scale_batch_size(model, data, {.memory_budget = 200'000}) == 32);
  CHECK(model.tried == Sizes{2, 4, 8, 16, 32});  // 64 samples would take 256 KB
  CHECK(tuner.scale_batch_size(model, data, {.memory_budget = 100'000'000}) == 128);
}

TEST_CASE("BatchSizeFinder: runs begin with the size that it finds") {
  using WithFinder = lt::Trainer<Model, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                                 lt::precision::F32, lt::BatchSizeFinder>;
  Model model;
  Data data;
  model.fits = 20;
  WithFinder trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  CHECK(trainer.fit(model, data).step == 6);
  CHECK(trainer.get<lt::BatchSizeFinder>().optimal_batch_size() == 16);
  model.fits = 40;
  const auto predictions = trainer.predict(model, data);
  REQUIRE(predictions);
  CHECK(predictions->at(0).size() == 3);
  CHECK(trainer.get<lt::BatchSizeFinder>().optimal_batch_size() == 32);
  CHECK_NOTHROW(trainer.validate(model, data));
  lt::Tuner tuner(trainer);
  CHECK_THROWS_WITH(tuner.scale_batch_size(model, data), doctest::Contains("lt[E766]"));
}

TEST_CASE("the wrong options and attributes are named; fast_dev_run skips the search") {
  Model model;
  Data data;
  {
    Trainer trainer{quiet({.max_epochs = 1})};
    trainer.set_message_sink({});
    lt::Tuner tuner(trainer);
    CHECK_THROWS_WITH(tuner.scale_batch_size(model, data, {.batch_arg_name = "size"}),
                      doctest::Contains("lt[E768]"));
    CHECK_THROWS_WITH(tuner.scale_batch_size(model, data, {.margin = 1.0}),
                      doctest::Contains("E778"));
    CHECK_THROWS_WITH(tuner.scale_batch_size(model, data, {.init_val = 9000}),
                      doctest::Contains("E776"));
  }
  Trainer trainer{quiet({.fast_dev_run = 1})};
  trainer.set_message_sink({});
  lt::Tuner tuner(trainer);
  CHECK_FALSE(tuner.scale_batch_size(model, data));
  CHECK(model.tried.empty());
}

TEST_CASE("tune: both searches by options") {
  Model model;
  Data data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  model.fits = 20;
  const auto nothing = lt::tune(trainer, model, data, {.lr_find = false});
  CHECK_FALSE(nothing.batch_size);
  CHECK_FALSE(nothing.lr);
  const auto size =
      lt::tune(trainer, model, data,
               {.scale_batch_size = true, .lr_find = false, .batch_size = {.max_val = 8}});
  CHECK(size.batch_size == 8);
  CHECK(data.options.batch_size == 8);
  const auto rate =
      lt::tune(trainer, model, data, {.lr = {.num_training = 5, .update_attr = false}});
  REQUIRE(rate.lr);
  CHECK(rate.lr->results.lr.size() == 5);
  // test::Linear keeps its rate where it cannot be set.
  CHECK_THROWS_WITH(lt::tune(trainer, model, data), doctest::Contains("lt[E764] lr_find: neither"));
}

TEST_CASE("tune refuses what cannot work when it runs: loaders that were given") {
  struct Sized : test::Linear {
    double lr = 0.5;
    std::int64_t batch_size = 4;
  };
  using Loaders = lt::Loaders<test::Loader>;
  Sized model;
  Loaders data(test::loader());
  lt::Trainer<Sized, Loaders> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  CHECK_THROWS_WITH(lt::tune(trainer, model, data, {.scale_batch_size = true}),
                    doctest::Contains("lt[E782]"));
  const auto found = lt::tune(trainer, model, data, {.lr = {.min_lr = 1e-3, .num_training = 40}});
  CHECK(model.lr == found.lr->suggestion());
}

TEST_CASE("callbacks that tune come first") {
  struct First {
    lt::BatchSizeFinder* finder = nullptr;
    bool found = false;
    void on_fit_start(lt::RunView&) { found = finder->optimal_batch_size().has_value(); }
  };
  Model model;
  Data data;
  lt::Trainer<Model, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              First, lt::BatchSizeFinder>
      trainer{quiet({.max_epochs = 1}), lt::BatchSizeFinder{{.max_val = 4}}};
  trainer.set_message_sink({});
  trainer.get<First>().finder = &trainer.get<lt::BatchSizeFinder>();
  trainer.fit(model, data);
  CHECK(trainer.get<First>().found);
}
