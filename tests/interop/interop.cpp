// SPDX-License-Identifier: Apache-2.0
// What tests/interop/*.py ask of lt. Usage: interop COMMAND ARGUMENT...; the answer is JSON on
// standard output.
//   events DIR                 writes an event file, one value of each kind
//   values FILE                writes a checkpoint, one value of each kind
//   read FILE                  what such a checkpoint holds
//   load FILE                  the model of a checkpoint, with its hyper-parameters
//   fit DIR EPOCHS [CKPT]      trains for so many epochs, from a checkpoint if one is given, and
//   saves DIR/last.ckpt
#include <lt/lt.hpp>
#include <lt/nn.hpp>
#include <lt/torch_checkpoint.hpp>

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

using Json = nlohmann::ordered_json;
namespace ckpt = lt::checkpoint;

namespace {

// -- the same model and data as in lightning_side.py ----------------------------------------------

/// 12 points of a line in four dimensions, in batches of four.
struct Line {
  auto train_dataloader() {
    const at::Tensor x = torch::arange(48, torch::kFloat).reshape({12, 4}).div(48).sin();
    const at::Tensor y = x.matmul(torch::tensor({0.5F, -0.25F, 0.125F, 1.0F}).view({4, 1}));
    return lt::DataLoader(lt::TensorDataset<lt::Example<>>(lt::Example<>{x, y}), {.batch_size = 4});
  }
};

}  // namespace

/// Adam with a schedule: both keep a state.
struct Linear : lt::nn::Module {
  struct Options {
    double lr = 0.05;
    std::string note = "from lt";
  };
  Linear() : Linear(Options{}) {}
  explicit Linear(Options given) : options(std::move(given)) {}
  const Options& hparams() const { return options; }

  at::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    return torch::mse_loss(net(batch.data), batch.target);
  }
  lt::Optimizers<lt::optim::Adam, lt::Schedule<lt::optim::StepLR>> configure_optimizers() {
    return {lt::optim::Adam(parameters(), {.lr = options.lr}),
            lt::Schedule{lt::optim::StepLR({.step_size = 2, .gamma = 0.5})}};
  }

  Options options;
  torch::nn::Linear net{register_module("net", torch::nn::Linear(4, 1))};
};
LT_REFLECT(Linear::Options, (lr, "learning rate"), (note, "any text"))

namespace {

Json to_json(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(torch::kDouble).flatten().contiguous();
  const double* data = flat.const_data_ptr<double>();
  return {{"shape", tensor.sizes().vec()},
          {"dtype", std::string(c10::toString(tensor.scalar_type()))},
          {"data", std::vector<double>(data, data + flat.numel())}};
}

Json to_json(const ckpt::Value& value) {
  switch (value.kind()) {
    case ckpt::Kind::null:
      return nullptr;
    case ckpt::Kind::boolean:
      return value.as<bool>();
    case ckpt::Kind::integer:
      return value.as<std::int64_t>();
    case ckpt::Kind::number:
      return value.as<double>();
    case ckpt::Kind::text:
      return value.as<std::string>();
    case ckpt::Kind::tensor:
      return to_json(value.as<at::Tensor>());
    case ckpt::Kind::bytes:
      return {{"bytes", value.as<ckpt::Bytes>().data.size()}};
    case ckpt::Kind::list: {
      Json list = Json::array();
      for (const ckpt::Value& item : value.list()) {
        list.push_back(to_json(item));
      }
      return list;
    }
    default: {
      Json dict = Json::object();
      for (const ckpt::Entry& entry : value.dict()) {
        dict[lt::text(entry.key)] = to_json(entry.value);
      }
      return dict;
    }
  }
}

Json write_events(const std::string& dir) {
  lt::TensorBoardLogger logger{{.save_dir = dir, .name = "run/deep"}};
  lt::MetricTable metrics;
  metrics.set("loss", 0.1);
  metrics.set("epoch", 3.0);
  metrics.set("nan", std::numeric_limits<double>::quiet_NaN());
  metrics.set("inf", -std::numeric_limits<double>::infinity());
  logger.log_metrics(metrics, 7);
  for (std::int64_t step = 0; step < 1000; ++step) {
    logger.add_scalar("many", static_cast<double>(step) / 8, step);
    logger.save_soon();
  }
  logger.log_hyperparams(
      lt::HyperParams{{"lr", {0.1}},
                      {"hidden", {std::int64_t{128}}},
                      {"flag", {true}},
                      {"name", {std::string("ü")}},
                      {"nothing", {}},
                      {"sizes", {lt::HyperValue::List{{std::int64_t{1}}, {2.5}}}},
                      {"deep", {lt::HyperParams{{"a", {std::int64_t{1}}}}}}});
  logger.add_text("note", "**bold** ü", 2);
  logger.add_histogram("weights", torch::arange(-50, 50, torch::kDouble).div(7), 3);
  logger.add_histogram("zero", torch::zeros({5}), 3);
  logger.add_image("grey", torch::arange(12, torch::kByte).view({1, 3, 4}), 4);
  logger.add_image("colour",
                   torch::arange(300 * 200 * 3).remainder(256).view({3, 300, 200}).div(255.0), 5);
  logger.finalize("success");
  return {{"dir", logger.log_dir().string()}};
}

Json write_values(const std::string& path) {
  const at::Tensor base = torch::arange(10, torch::kFloat);
  ckpt::List types;
  for (const auto type :
       {torch::kFloat, torch::kDouble, torch::kHalf, torch::kBFloat16, torch::kLong, torch::kInt,
        torch::kShort, torch::kChar, torch::kByte, torch::kBool, torch::kComplexFloat}) {
    types.push_back(torch::ones({2, 2}, type));
  }
  ckpt::write_torch(path, ckpt::Dict{{"small", 3},
                                     {"negative", -5},
                                     {"large", std::numeric_limits<std::int64_t>::min()},
                                     {"number", 0.1},
                                     {"inf", std::numeric_limits<double>::infinity()},
                                     {"flag", false},
                                     {"nothing", nullptr},
                                     {"text", "ü\n"},
                                     {"bytes", ckpt::Bytes{std::string("\0\x7f\xff", 3)}},
                                     {"list", ckpt::List{1, "a", ckpt::Dict{{7, 2.5}}}},
                                     {"turned", torch::arange(6.0F).view({2, 3}).t()},
                                     {"base", base},
                                     {"part", base.slice(0, 2, 5)},
                                     {"scalar", torch::tensor(2.0)},
                                     {"empty", torch::zeros({0, 3})},
                                     {"types", types}});
  return "written";
}

Json fit(const std::string& dir, std::int64_t epochs, const std::string& from) {
  Linear model;
  {
    const torch::NoGradGuard guard;
    model.net->weight.fill_(0.25);
    model.net->bias.fill_(-0.5);
  }
  Line data;
  lt::TrainerOptions options;
  options.max_epochs = epochs;
  options.enable_progress_bar = false;
  options.enable_model_summary = false;
  options.logger = false;
  options.default_root_dir = dir;
  lt::Trainer<Linear, Line, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              lt::checkpoint_io::Torch, lt::ModelCheckpoint>
      trainer{options, lt::ModelCheckpoint{
                           {.dirpath = dir, .filename = "model", .save_last = lt::SaveLast::yes}}};
  trainer.set_message_sink({});
  trainer.fit(model, data, {.ckpt_path = from});
  return {{"epoch", trainer.current_epoch()},
          {"global_step", trainer.global_step()},
          {"weight", to_json(model.net->weight)},
          {"bias", to_json(model.net->bias)}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() < 2) {
      throw lt::ConfigError("usage: interop events|values|read|load|fit ARGUMENT...");
    }
    const std::string& path = words[1];
    Json out;
    if (words[0] == "events") {
      out = write_events(path);
    } else if (words[0] == "values") {
      out = write_values(path);
    } else if (words[0] == "read") {
      out = to_json(ckpt::read_torch(path));
    } else if (words[0] == "load") {
      const auto model = lt::load_from_checkpoint<Linear, lt::checkpoint_io::Torch>(path);
      out = {{"note", model->options.note}, {"weight", to_json(model->net->weight)}};
    } else if (words[0] == "fit" && words.size() > 2) {
      out = fit(path, std::stoll(words[2]), words.size() > 3 ? words[3] : "");
    } else {
      throw lt::ConfigError("unknown command " + words[0]);
    }
    std::cout << out.dump() << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
