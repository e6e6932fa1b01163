// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/lambda_callback.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <cstdint>
#include <string>

TEST_CASE("functions become hooks") {
  lt_test::FakeRun run;
  std::string seen;
  lt::LambdaCallback callback{
      lt::on<lt::hook::on_train_start>([&](lt::RunView&) { seen += "start "; }),
      lt::on<lt::hook::on_train_batch_end>(
          [&](lt::RunView& view, const auto&, const auto&, std::int64_t batch_idx) -> void {
            seen += std::to_string(view.current_epoch()) + "/" + std::to_string(batch_idx);
          })};
  run.at(2, 0);
  callback.on_train_start(run);
  callback.on_train_batch_end(run, 1.0, "batch", std::int64_t{7});
  CHECK(seen == "start 2/7");
}

TEST_CASE("only those that were given are there") {
  lt::LambdaCallback callback{lt::on<lt::hook::on_fit_end>([](lt::RunView&) {})};
  using Type = decltype(callback);
  CHECK(lt::Callback<Type>);
  CHECK(lt::declares<lt::hook::on_fit_end, Type>);
  CHECK_FALSE(lt::declares<lt::hook::on_fit_start, Type>);
  CHECK_FALSE(lt::StatefulCallback<Type>);
}

TEST_CASE("a hook takes what its function takes") {
  lt::LambdaCallback callback{lt::on<lt::hook::on_validation_batch_start>(
      [](lt::RunView&, const int&, std::int64_t) {})};
  using Type = decltype(callback);
  using H = lt::hook::on_validation_batch_start;
  CHECK(H::callable<Type, lt::RunView&, const int&, std::int64_t>);
  CHECK_FALSE(H::callable<Type, lt::RunView&, const int&, std::int64_t, std::int64_t>);
}
