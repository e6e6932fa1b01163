// SPDX-License-Identifier: Apache-2.0
// Policies as users write them: those that docs/policies shows, in one trainer. (A callback, a
// logger and a strategy of one's own: examples/custom_*.)
#include "lt/precision.hpp"

#include "models.hpp"

#include "doctest_torch.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// -- accelerator ----------------------------------------------------------------------------------

/// The host with a number of threads of its own for LibTorch's operators.
class FewThreads {
 public:
  using policy_family = lt::accelerator_tag;
  static constexpr std::string_view name = "few_threads";
  static constexpr bool is_host = true;  // batches and models stay where they are

  explicit FewThreads(int threads = 1) : threads_(threads) {}

  static bool is_available() { return true; }
  lt::Device device() const { return lt::Device(c10::kCPU); }
  void setup() {
    before_ = at::get_num_threads();
    at::set_num_threads(threads_);
  }
  void teardown() {
    if (before_ > 0) {  // also called when `setup` never was
      at::set_num_threads(std::exchange(before_, 0));
    }
  }

 private:
  int threads_;
  int before_ = 0;
};
static_assert(lt::Accelerator<FewThreads>);

// -- precision ------------------------------------------------------------------------------------

/// float32 with values that bfloat16 has, too: what a model would lose there, tried anywhere.
class RoundedToBf16 {
 public:
  using policy_family = lt::precision_tag;
  static constexpr std::string_view name = "rounded-to-bf16";
  static constexpr bool metrics_in_double = false;
  static constexpr bool converts_batches = true;
  struct Guard {
    ~Guard() {}  // makes it used: nothing is switched on around steps
  };

  void convert_module(auto& module) {
    const c10::NoGradGuard no_grad;
    for (lt::Tensor& parameter : module.parameters()) {
      parameter.copy_(rounded(parameter));
    }
  }
  void convert_input(auto& batch) {
    lt::for_each_tensor(batch, [](lt::Tensor& tensor) { tensor = rounded(tensor); });
  }
  void convert_output(auto&) {}
  Guard step_guard(lt::Device) { return {}; }
  Guard init_guard() { return {}; }
  const lt::Tensor& scale(const lt::Tensor& loss) { return loss; }

 private:
  static lt::Tensor rounded(const lt::Tensor& tensor) {
    return tensor.is_floating_point() ? tensor.to(at::kBFloat16).to(tensor.scalar_type()) : tensor;
  }
};
static_assert(lt::Precision<RoundedToBf16>);

// -- checkpoint IO --------------------------------------------------------------------------------

/// Keeps each checkpoint twice, the second time in another folder (on another disk), and reads that
/// one when the first is lost or damaged.
class Mirrored {
 public:
  using policy_family = lt::checkpoint_io_tag;
  explicit Mirrored(std::filesystem::path mirror = "mirror") : mirror_(std::move(mirror)) {}

  void save_checkpoint(const lt::Checkpoint& checkpoint, const std::filesystem::path& path) {
    io_.save_checkpoint(checkpoint, path);
    io_.save_checkpoint(checkpoint, copy_of(path));
  }
  lt::Checkpoint load_checkpoint(const std::filesystem::path& path) {
    try {
      return io_.load_checkpoint(path);
    } catch (const lt::CheckpointError&) {
      if (!std::filesystem::exists(copy_of(path))) {
        throw;
      }
      return io_.load_checkpoint(copy_of(path));
    }
  }
  void remove_checkpoint(const std::filesystem::path& path) {
    io_.remove_checkpoint(path);
    io_.remove_checkpoint(copy_of(path));
  }
  void teardown() { io_.teardown(); }

 private:
  std::filesystem::path copy_of(const std::filesystem::path& path) const {
    return mirror_ / path.filename();
  }
  std::filesystem::path mirror_;
  lt::checkpoint_io::Binary io_;
};
static_assert(lt::CheckpointIo<Mirrored>);

// -- profiler -------------------------------------------------------------------------------------

/// The longest time that each action took: what stalls a run, which means hide.
class Slowest {
 public:
  using policy_family = lt::profiler_tag;

  void open(lt::RunView& run) { messages_ = &run.messages(); }
  void start(std::string_view) { began_.push_back(Clock::now()); }
  void stop(std::string_view action) {
    const std::chrono::duration<double> took = Clock::now() - began_.back();
    began_.pop_back();  // the action that began last ends first
    double& longest = longest_[std::string(action)];
    longest = std::max(longest, took.count());
  }
  std::string summary() const {
    std::string out;
    for (const auto& [action, seconds] : longest_) {
      out += lt::text(action, ": at most ", seconds, " s\n");
    }
    return out;
  }
  void describe() { messages_->info("slowest", summary()); }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> began_;
  std::map<std::string, double> longest_;
  lt::Messages* messages_ = nullptr;
};
static_assert(lt::Profiler<Slowest>);

// -- progress bar ---------------------------------------------------------------------------------

/// A dot for each batch and a line for each epoch, for logs of batch systems.
class Dots {
 public:
  static constexpr auto substitute = lt::DefaultPart::progress_bar;  // in the place of the default
  static constexpr auto order = lt::CallbackOrder::monitor;  // after the model at an epoch's end
  explicit Dots(std::ostream& out) : out_(&out) {}

  void on_train_batch_end(lt::RunView& run, const auto&, const auto&, std::int64_t) {
    if (run.is_global_zero()) {
      *out_ << '.' << std::flush;
    }
  }
  void on_train_epoch_end(lt::RunView& run) {
    if (run.is_global_zero()) {
      *out_ << " epoch " << run.current_epoch();
      for (const auto& [name, value] : run.progress_bar_metrics()) {
        *out_ << ", " << name << " = " << value;
      }
      *out_ << '\n';
    }
  }

 private:
  std::ostream* out_;
};
static_assert(lt::ProgressBar<Dots>);

// -- what they do in a trainer --------------------------------------------------------------------

at::Tensor rounded(const at::Tensor& tensor) {
  return tensor.to(at::kBFloat16).to(at::kFloat);
}

/// Notes under how many threads it ran, and whether weights and batches were rounded.
struct Watched : test::Linear {
  at::Tensor training_step(const test::Batch& batch, std::int64_t batch_idx) {
    threads = at::get_num_threads();
    rounded_batches = rounded_batches && rounded(batch.data).equal(batch.data);
    if (batch_idx == 0) {
      rounded_weights = rounded_weights || rounded(net->weight).equal(net->weight);
    }
    const at::Tensor value = loss(batch);
    log("loss", value, {.prog_bar = true, .on_step = false, .on_epoch = true});
    return value;
  }
  int threads = 0;
  bool rounded_batches = true;
  bool rounded_weights = false;
};

using Loaders = lt::Loaders<test::Loader>;
using Trainer = lt::Trainer<Watched, Loaders, lt::strategy::SingleDevice, FewThreads, RoundedToBf16,
                            Mirrored, Slowest, Dots>;

}  // namespace

TEST_CASE("an accelerator, a precision, a checkpoint IO, a profiler and a bar of one's own") {
  const test::Folder folder;
  at::set_num_threads(1);
  Watched model;
  std::ostringstream bar;
  std::string messages;
  lt::TrainerOptions options = test::quiet({.max_epochs = 2});
  options.enable_progress_bar = {};
  Trainer trainer{options, FewThreads(3), Mirrored(folder / "mirror"), Dots(bar)};
  trainer.set_message_sink([&](const lt::Message& message) { messages += message.text; });
  trainer.fit(model, test::loader());

  CHECK(model.threads == 3);
  CHECK(at::get_num_threads() == 1);
  CHECK(model.rounded_batches);
  CHECK(model.rounded_weights);

  CHECK(messages.find("run_training_batch: at most ") != std::string::npos);
  CHECK(trainer.get<Slowest>().summary().find("optimizer_step: at most ") != std::string::npos);

  const std::string lines = bar.str();
  CHECK(lines.starts_with("... epoch 0, loss = "));
  CHECK(lines.find("\n... epoch 1, loss = ") != std::string::npos);
  CHECK(lines.find("Epoch") == std::string::npos);  // the default bar is silent

  const std::filesystem::path path = folder / "model.ckpt";
  trainer.save_checkpoint(path);
  std::ofstream(path) << "damaged";
  Watched loaded;
  Trainer resumed{test::quiet({.max_epochs = 2}), Mirrored(folder / "mirror"), Dots(bar)};
  resumed.set_message_sink({});
  resumed.fit(loaded, test::loader(), {.ckpt_path = path.string()});
  CHECK(loaded.net->weight.equal(rounded(model.net->weight)));  // loaded, then set up

  Mirrored io(folder / "mirror");
  io.remove_checkpoint(path);
  CHECK_THROWS_AS(io.load_checkpoint(path), lt::CheckpointError);
}
