// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>  // before doctest: both define CHECK, the latter counts

#include "lt/policies/callback/model_summary.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <string>

namespace {

struct Model : torch::nn::Module {
  torch::nn::Sequential net{register_module(
      "net", torch::nn::Sequential(torch::nn::Linear(256, 512), torch::nn::BatchNorm1d(512)))};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(512, 10))};
};

struct WithOwn : torch::nn::Module {
  torch::Tensor scale = register_parameter("scale", torch::ones({1500}));
  torch::nn::Linear a{register_module("a", torch::nn::Linear(2, 2))};
  torch::nn::Linear b{
      register_module("b", torch::nn::Linear(torch::nn::LinearOptions(2, 2).bias(false)))};
};

struct NoModule {};

template <class M>
struct Context : lt_test::FakeRun {
  explicit Context(M& m) : model_(&m) {}
  M& model() { return *model_; }
  M* model_;
};

template <class M>
std::string shown(M& model, std::int64_t max_depth = 1, std::int64_t rank = 0) {
  std::string out;
  Context<M> ctx(model);
  ctx.global_rank = rank;
  lt::ModelSummary summary{{.max_depth = max_depth}};
  summary.set_console(lt::Console(out, false));
  summary.on_fit_start(ctx);
  return out;
}

}  // namespace

TEST_CASE("counts have three digits and a unit") {
  CHECK(lt::human_count(0) == "0  ");
  CHECK(lt::human_count(123) == "123  ");
  CHECK(lt::human_count(1234) == "1.2 K");
  CHECK(lt::human_count(999999) == "999 K");
  CHECK(lt::human_count(2000000) == "2.0 M");
  CHECK(lt::human_count(3000000000) == "3.0 B");
  CHECK(lt::human_count(400000000000000) == "400 T");
  CHECK(lt::human_count(5000000000000000) == "5,000 T");
}

TEST_CASE("the table of an unowned module, one level deep") {
  Model model;
  model.output->eval();
  CHECK(shown(model) ==
        "  | Name   | Type       | Params | Mode \n"
        "----------------------------------------------\n"
        "0 | net    | Sequential | 132 K  | train\n"
        "1 | output | Linear     | 5.1 K  | eval \n"
        "----------------------------------------------\n"
        "137 K     Trainable params\n"
        "0         Non-trainable params\n"
        "137 K     Total params\n"
        "0.551     Total estimated model params size (MB)\n"
        "3         Modules in train mode\n"
        "1         Modules in eval mode\n");
}

TEST_CASE("all levels") {
  Model model;
  for (const std::int64_t depth : {std::int64_t{-1}, std::int64_t{2}}) {
    CHECK(shown(model, depth)
              .starts_with("  | Name   | Type        | Params | Mode \n"
                           "-----------------------------------------------\n"
                           "0 | net    | Sequential  | 132 K  | train\n"
                           "1 | net.0  | Linear      | 131 K  | train\n"
                           "2 | net.1  | BatchNorm1d | 1.0 K  | train\n"
                           "3 | output | Linear      | 5.1 K  | train\n"
                           "-----------------------------------------------\n"));
  }
}

TEST_CASE("parameters of the model itself, shared and frozen ones") {
  WithOwn model;
  model.a->weight.set_requires_grad(false);
  model.b->weight = model.b->register_parameter("again", model.a->weight, false);
  const lt::Summary summary = lt::summarize(model);
  CHECK(summary.other == 1500);
  CHECK(summary.total == 1500 + 6 + 4);  // a's weight is counted once
  CHECK(summary.trainable == 1500 + 2 + 4);
  CHECK(summary.layers[1].parameters == 8);
  CHECK(shown(model).find("  | other params | n/a    | 1.5 K  | n/a  \n") != std::string::npos);
}

TEST_CASE("a double takes twice the space") {
  Model model;
  model.to(torch::kFloat64);
  CHECK(lt::summarize(model).bytes == 8 * lt::summarize(model).total);
}

TEST_CASE("holders, and models without layers") {
  torch::nn::Sequential holder(torch::nn::Linear(2, 3));
  CHECK(shown(holder).find("0 | 0    | Linear | 9      | train") != std::string::npos);
  NoModule nothing;
  CHECK(shown(nothing).empty());
}

TEST_CASE("not at depth 0, not on other ranks, not below -1") {
  Model model;
  CHECK(shown(model, 0).empty());
  CHECK(shown(model, 1, 1).empty());
  CHECK_THROWS_WITH_AS(lt::ModelSummary({.max_depth = -2}), doctest::Contains("max_depth = -2"),
                       lt::ConfigError);
}
