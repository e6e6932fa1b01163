// SPDX-License-Identifier: Apache-2.0
// A program as LibTorch's own tutorial writes one: a torch::nn::Module, torch::optim::Adam and a
// torch::data loader. To train it with `lt` it got two members, marked below. Its last line says
//   fitted: loss ... -> ...
#include <lt/torch.hpp>

#include <iostream>

// The dataset: points on a plane, labelled by the side of a circle on which they lie.
class Circle : public torch::data::Dataset<Circle> {
 public:
  explicit Circle(std::int64_t count)
      : points_(torch::rand({count, 2}) * 2 - 1),
        labels_((points_.pow(2).sum(1) < 0.6).to(torch::kLong)) {}

  torch::data::Example<> get(std::size_t index) override {
    const auto i = static_cast<std::int64_t>(index);
    return {points_[i], labels_[i]};
  }
  torch::optional<std::size_t> size() const override {
    return static_cast<std::size_t>(points_.size(0));
  }

 private:
  torch::Tensor points_, labels_;
};

struct NetImpl : torch::nn::Module {
  NetImpl() {
    fc1 = register_module("fc1", torch::nn::Linear(2, 32));
    fc2 = register_module("fc2", torch::nn::Linear(32, 2));
  }
  torch::Tensor forward(torch::Tensor x) { return fc2->forward(torch::relu(fc1->forward(x))); }

  torch::nn::Linear fc1{nullptr}, fc2{nullptr};

  // The two members that `lt` needs.
  torch::Tensor training_step(const torch::data::Example<>& batch) {
    return torch::nn::functional::cross_entropy(forward(batch.data), batch.target);
  }
  torch::optim::Adam configure_optimizers() {
    return torch::optim::Adam(parameters(), torch::optim::AdamOptions(1e-2));
  }
};
TORCH_MODULE(Net);

int main() {
  torch::manual_seed(0);
  const auto loader = torch::data::make_data_loader<torch::data::samplers::RandomSampler>(
      Circle(512).map(torch::data::transforms::Stack<>()), 32);
  Net net;

  const auto loss = [&] {
    torch::NoGradGuard no_grad;
    torch::Tensor sum = torch::zeros({});
    for (const auto& batch : *loader) {
      sum += net->training_step(batch);
    }
    return (sum / 16).item<float>();
  };

  const float before = loss();
  lt::Loaders data{lt::from_torch(*loader)};
  auto trainer = lt::make_trainer<NetImpl, decltype(data)>({.max_epochs = 10});
  trainer.fit(net, data);
  std::cout << "fitted: loss " << before << " -> " << loss() << '\n';
}
