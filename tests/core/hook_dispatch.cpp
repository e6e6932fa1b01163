// SPDX-License-Identifier: Apache-2.0
#include <lt/core/hook_dispatch.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <type_traits>

namespace {

namespace hook = lt::hook;
using Index = std::int64_t;

struct Batch {
  int value = 3;
};
struct Ctx {
  std::string heard;
};

struct Callback {
  void on_fit_start(Ctx& ctx) { ctx.heard += "start "; }
  void on_train_batch_start(auto& ctx, const Batch& batch, Index index) {
    ctx.heard += "batch" + std::to_string(batch.value + index) + " ";
  }
  void on_validation_batch_start(Ctx& ctx, const Batch&, Index index) {
    ctx.heard += "val" + std::to_string(index) + " ";
  }
  int on_validation_batch_end(Ctx&, const auto& outputs, const Batch&, Index, Index loader) {
    return outputs + static_cast<int>(loader);
  }
  int on_test_batch_end(Ctx&, const auto& outputs, const Batch&, Index) { return outputs; }
};

struct Model {
  int on_train_batch_start(const Batch&, Index index) { return index == 1 ? -1 : 0; }
  Batch on_after_batch_transfer(Batch batch, Index) { return {batch.value + 1}; }
  int on_predict_batch_start(const Batch&, Index index) { return static_cast<int>(index); }
  int on_test_batch_end(int outputs, const Batch&, Index) { return outputs; }
};

static_assert(lt::loader_is_optional<hook::on_validation_batch_start>);
static_assert(lt::loader_is_optional<hook::on_test_batch_end>);
static_assert(lt::loader_is_optional<hook::on_predict_batch_end>);
static_assert(!lt::loader_is_optional<hook::on_train_batch_start>);
static_assert(!lt::loader_is_optional<hook::on_before_batch_transfer>);
static_assert(!lt::loader_is_optional<hook::on_fit_start>);

}  // namespace

TEST_CASE("a callback's hook gets the context first") {
  Callback callback;
  Ctx ctx;
  const Batch batch;
  lt::invoke_callback_hook<hook::on_fit_start>(callback, ctx);
  lt::invoke_callback_hook<hook::on_train_batch_start>(callback, ctx, batch, Index{4});
  CHECK(ctx.heard == "start batch7 ");
}

TEST_CASE("dataloader_idx may be left out of evaluation hooks") {
  Callback callback;
  Ctx ctx;
  const Batch batch;
  lt::invoke_callback_hook<hook::on_validation_batch_start>(callback, ctx, batch, Index{4},
                                                            Index{1});
  CHECK(ctx.heard == "val4 ");
  CHECK(lt::invoke_callback_hook<hook::on_validation_batch_end>(callback, ctx, 10, batch, Index{4},
                                                                Index{1}) == 11);
  CHECK(lt::invoke_callback_hook<hook::on_test_batch_end>(callback, ctx, 10, batch, Index{4},
                                                          Index{1}) == 10);
}

TEST_CASE("a model's hook gets Lightning's arguments and returns what it returns") {
  Model model;
  const Batch batch;
  CHECK(lt::invoke_model_hook<hook::on_train_batch_start>(model, batch, Index{1}) == -1);
  CHECK(lt::invoke_model_hook<hook::on_after_batch_transfer>(model, batch, Index{0}).value == 4);
  CHECK(lt::invoke_model_hook<hook::on_predict_batch_start>(model, batch, Index{5}, Index{0}) == 5);
  CHECK(lt::invoke_model_hook<hook::on_test_batch_end>(model, 8, batch, Index{5}, Index{0}) == 8);
}

// -- steps ----------------------------------------------------------------------------------------

namespace {

struct Forms {
  std::string training_step(const Batch&) { return "batch"; }
  std::string validation_step(const Batch&, Index i) { return "index" + std::to_string(i); }
  std::string test_step(const Batch&, Index, Index l) { return "loader" + std::to_string(l); }
  std::string predict_step(const Batch&, auto& ctx) { return "context " + ctx.heard; }
};
struct WithContext {
  std::string training_step(const Batch&, Index, auto& ctx) { return "index, " + ctx.heard; }
  std::string validation_step(const Batch&, Index, Index, Ctx& ctx) {
    return "loader, " + ctx.heard;
  }
  std::string test_step(const Batch&, auto index) { return std::to_string(index); }
  const Batch& predict_step(const Batch& batch) { return batch; }
};

template <class H, class M>
inline constexpr lt::StepForm form = lt::step_form<H, M, Ctx, const Batch>;
using enum lt::StepForm;
static_assert(form<hook::training_step, Forms> == batch);
static_assert(form<hook::validation_step, Forms> == batch_index);
static_assert(form<hook::test_step, Forms> == batch_index_loader);
static_assert(form<hook::predict_step, Forms> == batch_context);
static_assert(form<hook::training_step, WithContext> == batch_index_context);
static_assert(form<hook::validation_step, WithContext> == batch_index_loader_context);
static_assert(form<hook::test_step, WithContext> == batch_index);
static_assert(lt::step_form<hook::training_step, Forms, Ctx, int> == none);

template <class H, class M>
decltype(auto) step(M& model, const Batch& batch) {
  static Ctx ctx{"hello"};
  return lt::invoke_step<H>(model, ctx, batch, 4, 2);
}

}  // namespace

TEST_CASE("a step is called in the form in which it is declared") {
  const Batch batch;
  Forms forms;
  CHECK(step<hook::training_step>(forms, batch) == "batch");
  CHECK(step<hook::validation_step>(forms, batch) == "index4");
  CHECK(step<hook::test_step>(forms, batch) == "loader2");
  CHECK(step<hook::predict_step>(forms, batch) == "context hello");
  WithContext with_context;
  CHECK(step<hook::training_step>(with_context, batch) == "index, hello");
  CHECK(step<hook::validation_step>(with_context, batch) == "loader, hello");
  CHECK(step<hook::test_step>(with_context, batch) == "4");
}

TEST_CASE("a step may return a reference, or nothing") {
  const Batch batch;
  WithContext model;
  CHECK(&step<hook::predict_step>(model, batch) == &batch);
  struct Silent {
    bool called = false;
    void training_step(const Batch&) { called = true; }
  } silent;
  static_assert(std::is_void_v<decltype(step<hook::training_step>(silent, batch))>);
  step<hook::training_step>(silent, batch);
  CHECK(silent.called);
}
