// SPDX-License-Identifier: Apache-2.0
// What is refused with which text is in tests/compile_fail; here is what passes and what does not.
#include <lt/core/hook_checks.hpp>

#include <lt/core/run_view.hpp>

#include <doctest/doctest.h>

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace {

struct Batch {};
struct OtherBatch {};
struct Types {
  using Context = lt::RunView;
  using Tensor = std::string;
  using Optimizer = int;
  using TrainBatch = Batch;
  using TrainOutputs = double;
  using ValBatch = Batch;
  using ValOutputs = double;
  using TestBatch = void;  // there is no test loader
};

template <class P>
inline constexpr bool callback = lt::is_fine<lt::callback_check<P, Types>>;
template <class M>
inline constexpr bool model = lt::is_fine<lt::model_check<M, Types>>;
template <class D>
inline constexpr bool data = lt::is_fine<lt::data_check<D, Types>>;

// -- callbacks ------------------------------------------------------------------------------------

struct Usual {
  void setup(lt::RunView&, lt::RunFn) {}
  void on_fit_start(lt::RunView&) {}
  void on_exception(lt::RunView&, const std::exception&) {}
  void on_before_backward(lt::RunView&, const std::string&) {}
  void on_train_batch_start(lt::RunView&, const Batch&, std::int64_t) {}
  void on_train_batch_end(lt::RunView&, double, const Batch&, std::int64_t) {}
  void on_validation_batch_start(lt::RunView&, const Batch&, std::int64_t) {}
  void on_validation_batch_end(lt::RunView&, double, const Batch&, std::int64_t, std::int64_t) {}
};
static_assert(callback<Usual>);

// Bodies are not instantiated: these could not be compiled.
struct Generic {
  void on_fit_start(auto& ctx) { ctx.nonsense(); }
  int on_train_batch_end(auto& ctx, const auto& outputs, const auto& batch, auto index) {
    return ctx.nonsense(outputs, batch, index);
  }
  void on_before_optimizer_step(auto& ctx, auto& optimizer) { optimizer.nonsense(ctx); }
};
static_assert(callback<Generic>);

struct ConstrainedIndex {
  void on_train_batch_start(lt::RunView&, const Batch&, std::integral auto) {}
};
static_assert(callback<ConstrainedIndex>);
struct ConstIndex {
  void on_train_batch_start(lt::RunView&, Batch, const std::int64_t&) {}
};
static_assert(callback<ConstIndex>);
struct Overloads {
  void on_train_batch_start(lt::RunView&, const Batch&, std::int64_t) {}
  void on_train_batch_start(lt::RunView&, const OtherBatch&, std::int64_t) {}
};
static_assert(callback<Overloads>);
struct Inherits : Usual {};
static_assert(callback<Inherits>);
struct MoveOnly {
  std::unique_ptr<int> owned;
  void on_fit_end(lt::RunView&) {}
};
static_assert(callback<MoveOnly>);
// What the trainer has not told is not checked: here the checkpoint, and the test loader's batch.
struct Untold {
  void on_save_checkpoint(int, int, int) {}
  void on_test_batch_start(int) {}
};
static_assert(callback<Untold>);
struct StateOnly {
  int state_dict() const { return 0; }
};
static_assert(callback<StateOnly>);

struct NarrowIndex {
  void on_train_batch_start(lt::RunView&, const Batch&, int) {}
};
static_assert(!callback<NarrowIndex>);
struct UnsignedIndex {
  void on_train_batch_start(lt::RunView&, const Batch&, std::size_t) {}
};
static_assert(!callback<UnsignedIndex>);
struct FloatingIndex {
  void on_train_batch_start(lt::RunView&, const Batch&, double) {}
};
static_assert(!callback<FloatingIndex>);
struct NarrowLoader {
  void on_validation_batch_start(lt::RunView&, const Batch&, std::int64_t, int) {}
};
static_assert(!callback<NarrowLoader>);
struct WritesBatch {
  void on_train_batch_start(lt::RunView&, Batch&, std::int64_t) {}
};
static_assert(!callback<WritesBatch>);
struct NoContext {
  void on_fit_start() {}
};
static_assert(!callback<NoContext>);
struct Nothing {};
static_assert(!callback<Nothing>);
struct StepInCallback {
  void training_step(lt::RunView&, const Batch&, std::int64_t) {}
};
static_assert(!callback<StepInCallback>);

// -- models ---------------------------------------------------------------------------------------

struct Model {
  double training_step(const Batch&, std::int64_t) { return 0; }
  void validation_step(const Batch&) {}
  void test_step(const OtherBatch&) {}  // no test loader, so no mismatch
  int configure_optimizers() { return 0; }
  int on_train_batch_start(const Batch&, std::int64_t) { return 0; }
  void on_validation_batch_end(double, const Batch&, std::int64_t) {}
  Batch on_after_batch_transfer(Batch batch, std::int64_t) { return batch; }
  void on_train_epoch_end(lt::RunView&) {}  // the context may come last
};
static_assert(model<Model>);
static_assert(lt::is_fine<lt::model_check_for_fit<Model, Types>>);
static_assert(lt::is_fine<lt::required_check<Model, lt::hook::test_step>>);
static_assert(!lt::is_fine<lt::required_check<Model, lt::hook::predict_step>>);

struct GenericSteps {
  double training_step(const auto& batch, auto index) { return batch.nonsense(index); }
  void validation_step(const auto& batch, std::int64_t, std::int64_t, auto& ctx) {
    ctx.nonsense(batch);
  }
};
static_assert(model<GenericSteps>);
struct NoOptimizers {
  double training_step(const Batch&) { return 0; }
};
static_assert(model<NoOptimizers>);
static_assert(!lt::is_fine<lt::model_check_for_fit<NoOptimizers, Types>>);
struct WrongBatch {
  double training_step(const OtherBatch&, std::int64_t) { return 0; }
};
static_assert(!model<WrongBatch>);
struct NarrowStep {
  double training_step(const Batch&, int) { return 0; }
};
static_assert(!model<NarrowStep>);
struct OnException {
  void on_exception(const std::exception&) {}
};
static_assert(!model<OnException>);
static_assert(data<OnException>);

struct TransferOfOther {
  OtherBatch on_after_batch_transfer(OtherBatch batch, std::int64_t) { return batch; }
};
static_assert(!model<TransferOfOther>);

// Loaders that yield two types: the check once for each.
struct OtherTypes : Types {
  using TrainBatch = OtherBatch;
};
static_assert(lt::is_fine<lt::model_check<WrongBatch, OtherTypes>>);

// -- names ----------------------------------------------------------------------------------------

template <class T>
inline constexpr bool named_well = lt::is_fine<lt::name_check<T>>;

struct Swapped {
  void on_fit_strat() {}
};
struct LetterLost {
  void on_fit_star() {}
};
struct DataMember {
  int trainin_step = 0;
};
struct GenericMisspelt {
  template <class T>
  void on_fit_ned(T&) {}
};
struct OldName {
  void validation_epoch_end() {}
};
struct OtherWord {
  void train_step() {}
};
struct Helper {
  void train_step() {}
  void training_step() {}
};
struct OwnName {
  void on_my_event() {}
  void step() {}
  void training() {}
};
struct Final final {};
static_assert(!named_well<Swapped>);
static_assert(!named_well<LetterLost>);
static_assert(!named_well<DataMember>);
static_assert(!named_well<GenericMisspelt>);
static_assert(!named_well<OldName>);
static_assert(!named_well<OtherWord>);
static_assert(named_well<Helper>);  // another word is harmless beside the right one
static_assert(named_well<OwnName>);
static_assert(!named_well<Final>);

}  // namespace

TEST_CASE("no near miss is a hook, each leads to one, and all are different") {
  std::set<std::string_view> hooks;
  for (const lt::HookInfo& info : lt::hook_table) {
    hooks.insert(info.name);
  }
  std::set<std::string_view> misses;
  const auto see = [&](std::string_view wrong, std::string_view right) {
    CAPTURE(wrong);
    CHECK(!hooks.contains(wrong));
    CHECK(hooks.contains(right));
    CHECK(misses.insert(wrong).second);
  };
#define LT_NEAR_MISS(wrong, right) see(#wrong, #right);
#define LT_OTHER_NAME(wrong, right) see(#wrong, #right);
#include <lt/core/hook_near_misses.def>
#undef LT_NEAR_MISS
#undef LT_OTHER_NAME
  CHECK(misses.size() > 2000);
  CHECK(misses.contains("on_train_batch_strat"));
  CHECK(misses.contains("on_val_epoch_begin"));
}
