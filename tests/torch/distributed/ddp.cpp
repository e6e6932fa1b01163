// SPDX-License-Identifier: Apache-2.0
// Training on several ranks, which are threads here.
#include "support.hpp"

#include <algorithm>

static_assert(lt::Strategy<lt::strategy::Ddp>);
static_assert(lt::Strategy<lt::strategy::DdpOn<lt::backend::Dry>>);
static_assert(lt::Backend<lt::backend::Gloo> && lt::Backend<lt::backend::Dry>);

using lt::distributed::run_thread_ranks;

namespace {

/// The weights of each rank after a fit.
std::vector<at::Tensor> train(std::int64_t ranks, lt::TrainerOptions options,
                                  lt::DdpOptions ddp, std::int64_t batch_size,
                                  bool has_spare = false, std::int64_t count = 48) {
  std::vector<at::Tensor> weights(static_cast<std::size_t>(ranks));
  torch::manual_seed(3);
  const test::Net model_zero(has_spare);
  run_thread_ranks(ranks, [&](std::int64_t rank) {
    test::Net model(has_spare);  // with weights of its own, which rank zero's replace
    if (rank == 0) {
      const c10::NoGradGuard no_grad;
      for (std::size_t i = 0; i < model.parameters().size(); ++i) {
        model.parameters()[i].copy_(model_zero.parameters()[i]);
      }
    }
    auto data = test::loader(count, batch_size);
    test::Trainer<lt::strategy::Ddp> trainer(test::quiet(options), lt::strategy::Ddp(ddp));
    trainer.fit(model, data);
    weights[static_cast<std::size_t>(rank)] = model.weights();
  });
  return weights;
}

/// One process with whole batches. A rank reads every n-th sample, so its batches joined with the
/// others' are these.
at::Tensor train_alone(lt::TrainerOptions options, std::int64_t batch_size, bool has_spare = false,
                       std::int64_t count = 48) {
  torch::manual_seed(3);
  test::Net model(has_spare);
  auto data = test::loader(count, batch_size);
  test::Trainer<lt::strategy::SingleDevice> trainer(test::quiet(options));
  trainer.fit(model, data);
  return model.weights();
}

}  // namespace

TEST_CASE("two and four ranks learn what one learns with the joined batches") {
  const at::Tensor alone = train_alone({.max_epochs = 3}, 8);
  for (const std::int64_t ranks : {2, 4}) {
    const auto weights = train(ranks, {.max_epochs = 3}, {}, 8 / ranks);
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      CHECK(test::distance(weights[static_cast<std::size_t>(rank)], alone) < 1e-6);
      CHECK(weights[static_cast<std::size_t>(rank)].equal(weights[0]));
    }
  }
}

TEST_CASE("accumulation exchanges at the end of a window") {
  const at::Tensor alone = train_alone({.max_epochs = 2, .accumulate_grad_batches = 3}, 4);
  const auto weights = train(2, {.max_epochs = 2, .accumulate_grad_batches = 3}, {}, 2);
  CHECK(test::distance(weights[0], alone) < 1e-6);
  CHECK(weights[1].equal(weights[0]));
}

TEST_CASE("the options of the exchange: small buckets, views, static graph, no buffers") {
  const at::Tensor alone = train_alone({.max_epochs = 2}, 4);
  for (const lt::DdpOptions& options :
       {lt::DdpOptions{.bucket_cap_mb = 0.0001}, lt::DdpOptions{.gradient_as_bucket_view = true},
        lt::DdpOptions{.static_graph = true}, lt::DdpOptions{.broadcast_buffers = false},
        lt::DdpOptions{.find_unused_parameters = true}}) {
    const auto weights = train(2, {.max_epochs = 2}, options, 2);
    CHECK(test::distance(weights[0], alone) < 1e-6);
    CHECK(weights[1].equal(weights[0]));
  }
}

TEST_CASE("gradients that travel as halves are near, and equal on all ranks") {
  const at::Tensor alone = train_alone({.max_epochs = 2}, 4);
  for (const lt::CommHook hook : {lt::CommHook::fp16_compress, lt::CommHook::bf16_compress}) {
    const auto weights = train(2, {.max_epochs = 2}, {.comm_hook = hook}, 2);
    CHECK(test::distance(weights[0], alone) < 0.02);
    CHECK(test::distance(weights[0], alone) > 1e-6);  // they did travel so
    CHECK(weights[1].equal(weights[0]));
  }
}

TEST_CASE("parameters without a part in the loss: an error that says what to do, or the option") {
  CHECK_THROWS_WITH_AS(train(2, {.max_epochs = 1}, {.timeout = 20}, 2, /*has_spare=*/true),
                       doctest::Contains("DdpOptions::find_unused_parameters = true"),
                       lt::DistributedError);
  const at::Tensor alone = train_alone({.max_epochs = 2}, 4, /*has_spare=*/true);
  const auto weights =
      train(2, {.max_epochs = 2}, {.find_unused_parameters = true}, 2, /*has_spare=*/true);
  CHECK(test::distance(weights[0], alone) < 1e-6);
}

TEST_CASE("each rank has its share: all samples, none twice where it says so") {
  for (const bool exact : {false, true}) {
    std::vector<std::int64_t> seen(4);
    run_thread_ranks(4, [&](std::int64_t rank) {
      test::Net model;
      lt::Loaders<test::Loader, test::Loader> data(test::loader(4, 1), test::loader(10, 1));
      test::Evaluator<lt::strategy::Ddp> trainer(
          test::quiet(), lt::strategy::Ddp({.exact_evaluation = exact}));
      trainer.validate(model, data);
      seen[static_cast<std::size_t>(rank)] = model.seen;
    });
    CHECK(seen[0] == 3);
    CHECK(seen[3] == (exact ? 2 : 3));
  }
}

TEST_CASE("a synchronized mean is that of all samples") {
  std::vector<double> mean(2);
  torch::manual_seed(5);
  test::Net model_zero;
  run_thread_ranks(2, [&](std::int64_t rank) {
    test::Net model;
    if (rank == 0) {
      for (std::size_t i = 0; i < model.parameters().size(); ++i) {
        model.parameters()[i].set_data(model_zero.parameters()[i].detach().clone());
      }
    }
    lt::Loaders<test::Loader, test::Loader> data(test::loader(4, 1),
                                                 test::loader(7, 2));  // 4 samples and 3
    test::Evaluator<lt::strategy::Ddp> trainer(test::quiet(),
                                             lt::strategy::Ddp({.exact_evaluation = true}));
    const auto results = trainer.validate(model, data);
    mean[static_cast<std::size_t>(rank)] = results.at(0).find("val_loss").value();
  });
  const c10::NoGradGuard no_grad;
  const test::Batch all = test::samples(7);
  const double expected = torch::mse_loss(model_zero.forward(all.data), all.target).item<double>();
  CHECK(mean[0] == doctest::Approx(expected).epsilon(1e-6));
  CHECK(mean[1] == mean[0]);
}

TEST_CASE("shuffled shares are those of Python's DistributedSampler under the run's seed") {
  const auto order_of = [](std::int64_t rank, std::int64_t epoch) {
    lt::DistributedSampler sampler({.num_replicas = 2, .rank = rank, .seed = 11});
    sampler.set_epoch(epoch);
    std::vector<std::int64_t> order;
    sampler.sample(9, order);
    return order;
  };
  setenv("PL_GLOBAL_SEED", "11", 1);
  std::vector<std::vector<std::int64_t>> order(2);
  run_thread_ranks(2, [&](std::int64_t rank) {
    struct Reader : test::Net {
      at::Tensor training_step(const test::Batch& batch, std::int64_t n) {
        for (std::int64_t i = 0; i < batch.data.size(0); ++i) {
          numbers.push_back(batch.target[i].item<std::int64_t>());
        }
        return test::Net::training_step({batch.data, batch.target.to(torch::kFloat)}, n);
      }
      std::vector<std::int64_t> numbers;
    };
    Reader model;
    auto data = lt::DataLoader(
        lt::TensorDataset<test::Batch>(test::Batch{test::samples(9).data,
                                                   torch::arange(9).view({9, 1})}),
        {.batch_size = 2, .shuffle = true});
    lt::Trainer<Reader, lt::Loaders<decltype(data)>, lt::strategy::Ddp> trainer(
        test::quiet({.max_epochs = 2}), lt::strategy::Ddp());
    trainer.fit(model, data);
    order[static_cast<std::size_t>(rank)] = model.numbers;
  });
  unsetenv("PL_GLOBAL_SEED");
  unsetenv("PL_SEED_WORKERS");
  for (std::int64_t rank = 0; rank < 2; ++rank) {
    std::vector<std::int64_t> expected = order_of(rank, 0);
    const std::vector<std::int64_t> second = order_of(rank, 1);
    expected.insert(expected.end(), second.begin(), second.end());
    CHECK(order[static_cast<std::size_t>(rank)] == expected);
  }
}

TEST_CASE("ranks that do not do the same are told so before they train") {
  const auto fit = [](auto change) {
    run_thread_ranks(2, [&](std::int64_t rank) {
      lt::TrainerOptions options{.max_epochs = 1};
      std::int64_t count = 8;
      lt::DdpOptions ddp{.timeout = 20};
      if (rank == 1) {
        change(options, count, ddp);
      }
      test::Net model;
      auto data = test::loader(count, 2);
      options.use_distributed_sampler = false;
      test::Trainer<lt::strategy::Ddp> trainer(test::quiet(options), lt::strategy::Ddp(ddp));
      trainer.fit(model, data);
    });
  };
  CHECK_THROWS_WITH_AS(fit([](auto& options, auto&, auto&) { options.max_epochs = 2; }),
                       doctest::Contains("lt[E512] the options of fit: rank 1 has `max_epochs = 2` "
                                         "and rank 0 has `max_epochs = 1`"),
                       lt::DistributedError);
  CHECK_THROWS_WITH_AS(fit([](auto&, auto& count, auto&) { count = 10; }),
                       doctest::Contains("the number of training batches: rank 1 has "
                                         "`batches = 5` and rank 0 has `batches = 4`"),
                       lt::DistributedError);
  CHECK_THROWS_WITH_AS(fit([](auto&, auto&, auto& ddp) { ddp.find_unused_parameters = true; }),
                       doctest::Contains("find_unused_parameters"), lt::DistributedError);
}

TEST_CASE("options out of range, and models that cannot be exchanged") {
  CHECK_THROWS_WITH_AS(lt::strategy::Ddp({.devices = 0}), doctest::Contains("lt[E526] Ddp: devices"),
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(lt::strategy::Ddp({.timeout = 0}), doctest::Contains("timeout"),
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(lt::strategy::Ddp().group(), doctest::Contains("have not met yet"),
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(run_thread_ranks(2,
                                        [](std::int64_t) {
                                          test::Net model;
                                          for (at::Tensor& parameter : model.parameters()) {
                                            parameter.set_requires_grad(false);
                                          }
                                          auto data = test::loader(8, 2);
                                          test::Trainer<lt::strategy::Ddp> trainer(
                                              test::quiet({.max_epochs = 1}), lt::strategy::Ddp());
                                          trainer.fit(model, data);
                                        }),
                       doctest::Contains("no parameter that requires a gradient"), lt::ConfigError);
}

TEST_CASE("one rank alone needs nobody") {
  const at::Tensor alone = train_alone({.max_epochs = 2}, 4);
  torch::manual_seed(3);
  test::Net model;
  auto data = test::loader(48, 4);
  test::Trainer<lt::strategy::Ddp> trainer(test::quiet({.max_epochs = 2}), lt::strategy::Ddp());
  trainer.fit(model, data);
  CHECK(test::distance(model.weights(), alone) < 1e-7);
}
