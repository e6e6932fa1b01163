#include "train.hpp"

#include "data.hpp"
#include "model.hpp"

Report train(std::int64_t epochs, bool quiet) {
  lt::seed_everything(42);
  Classifier model{{.hidden = 32}};
  Points data{{.batch_size = 32}};

  lt::TrainerOptions options{.max_epochs = epochs, .log_every_n_steps = 10};
  if (quiet) {
    options.logger = options.enable_checkpointing = false;
    options.enable_progress_bar = options.enable_model_summary = false;
  }
  lt::Trainer<Classifier, Points> trainer{options};
  const lt::Result result = trainer.fit(model, data);

  Report report{
      .epochs = result.epoch, .accuracy = result.metrics.find("val_acc").value(), .checkpoint = {}};
  if (!quiet) {
    report.checkpoint = trainer.get<lt::ModelCheckpoint>().best_model_path();
  }
  return report;
}
