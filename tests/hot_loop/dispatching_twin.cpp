// SPDX-License-Identifier: Apache-2.0
// What check_static.py must find: a trainer with a callback whose hook is virtual, and one that keeps
// its hook in a std::function. And what check_no_profiler.py must find: a profiler.
#include "mlp.hpp"

#include <cstdint>
#include <functional>
#include <memory>

/// The trainer cannot know which class stands behind a reference to it.
class VirtualHook {
 public:
  virtual ~VirtualHook() = default;
  virtual void on_train_batch_end(lt::RunView& run, std::int64_t batch_idx) = 0;
};

class Counts final : public VirtualHook {
 public:
  void on_train_batch_end(lt::RunView&, std::int64_t) override { ++batches_; }

 private:
  std::int64_t batches_ = 0;
};

namespace lt {

/// As `lt` would do it if its callbacks had a base class.
struct ErasedCallback {
  std::shared_ptr<VirtualHook> hook;
  template <class Outputs, class Batch>
  void on_train_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t batch_idx) {
    hook->on_train_batch_end(run, batch_idx);
  }
};

/// As `lt` would do it if its callbacks were functions.
struct FunctionCallback {
  std::function<void(RunView&)> hook;
  template <class Batch>
  void on_train_batch_start(RunView& run, const Batch&, std::int64_t) {
    hook(run);
  }
};

}  // namespace lt

int main(int argc, char**) {
  mlp::Network<lt::optim::SGD> model({64, 32, 10});
  std::function<void(lt::RunView&)> hook;
  if (argc > 0) {
    hook = [argc](lt::RunView& run) { run.state().should_stop = argc > 3; };
  }
  mlp::train_by_lt(model, mlp::make_batches(8, 32, 64, 10), mlp::bare_options(),
                   lt::ErasedCallback{std::make_shared<Counts>()}, lt::FunctionCallback{hook},
                   lt::SimpleProfiler{});
}
