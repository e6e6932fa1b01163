// SPDX-License-Identifier: Apache-2.0
// The sub-command `sweep`: fits with every combination of some options, or with points drawn at
// random, in processes of their own; what is done already is not done again.
#pragma once

#include "lt/cli/parse.hpp"
#include "lt/cli/program.hpp"
#include "lt/cli/sweep/pool.hpp"
#include "lt/cli/sweep/space.hpp"
#include "lt/cli/sweep/table.hpp"
#include "lt/cli/sweep/trial.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lt::cli {

inline constexpr std::string_view sweep_command = "sweep";

/// What a sweep was asked for. All but `jobs` stands in the folder, for going on later.
struct SweepRequest {
  std::vector<std::string> axes{};    ///< "model.hidden=32,64"
  std::vector<std::string> common{};  ///< flags of every trial
  std::filesystem::path dir = "sweep";
  std::size_t jobs = 0;  ///< processes at a time; 0: one for each processor
  std::size_t samples = 0;  ///< 0: the whole grid
  std::uint64_t seed = 0;
  std::string monitor{};
  std::string mode = "min";
};

namespace detail {

inline const char* sweep_usage() {
  return "sweep KEY=VALUES... [flags of the sweep] [flags of fit]\n\n"
         "Fits with every combination of values, each in a process and a folder of its own.\n"
         "  model.hidden=32,64,128     these values\n"
         "  optimizer.lr=1e-4..1e-1    a range, for --samples; 1e-4..1e-1:log evenly in the "
         "logarithm\n"
         "The sweep of a folder goes on when it is called again, also without its KEY=VALUES.\n";
}

/// Splits the arguments behind `sweep`. True: the help text is wanted, and `help` is it.
inline bool parse_sweep(std::vector<std::string> arguments, SweepRequest& request,
                        std::string& help) {
  const auto is_flag = [](const std::string& word) { return word.starts_with("-"); };
  const auto first_flag = std::find_if(arguments.begin(), arguments.end(), is_flag);
  request.axes.assign(arguments.begin(), first_flag);
  arguments.erase(arguments.begin(), first_flag);

  CLI::App app(sweep_usage(), "sweep KEY=VALUES...");
  app.allow_extras();
  app.add_option("--dir", request.dir, "folder of the sweep [sweep]");
  app.add_option("--jobs", request.jobs, "trials at a time [one for each processor]");
  app.add_option("--samples", request.samples, "points drawn at random [all: a grid]");
  app.add_option("--seed", request.seed, "of the points [0]");
  app.add_option("--monitor", request.monitor, "metric by which the table is sorted");
  app.add_option("--mode", request.mode, "min or max: which monitored value is best [min]")
      ->check(CLI::IsMember({"min", "max"}));
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    help = app.help();
    return true;
  } catch (const CLI::ParseError& error) {
    throw ConfigError(text("lt[E844] sweep: ", std::string_view(error.what())));
  }
  request.common = app.remaining();
  return false;
}

inline Node word_list(const std::vector<std::string>& words) {
  Node list = Node::list();
  for (const std::string& word : words) {
    list.items.push_back(text_node(word));
  }
  return list;
}

inline std::vector<std::string> words_of(const Node* list) {
  std::vector<std::string> words;
  if (list != nullptr) {
    for (const Node& item : list->items) {
      words.push_back(item.text);
    }
  }
  return words;
}

inline std::string sweep_yaml(const SweepRequest& request) {
  Node root = Node::map();
  root.add("axes", word_list(request.axes));
  root.add("flags", word_list(request.common));
  root.add("samples", Node::scalar(text(request.samples)));
  root.add("seed", Node::scalar(text(request.seed)));
  root.add("monitor", text_node(request.monitor));
  root.add("mode", text_node(request.mode));
  return to_yaml(root);
}

/// Takes what is not said from the folder's sweep; another one than the folder's is an error (E845).
inline void join_folder(SweepRequest& request) {
  const std::filesystem::path file = request.dir / "sweep.yaml";
  if (!std::filesystem::is_regular_file(file)) {
    if (request.axes.empty()) {
      throw ConfigError(text("lt[E846] no option to try, and no sweep in ", request.dir.string(),
                             " to go on with; expected one as model.hidden=32,64,128"));
    }
    return;
  }
  const Node root = read_yaml(file.string());
  const auto word = [&root](std::string_view name) {
    const Node* const node = root.find(name);
    return node == nullptr ? std::string() : node->text;
  };
  SweepRequest before;
  before.axes = words_of(root.find("axes"));
  before.common = words_of(root.find("flags"));
  before.samples = std::strtoull(word("samples").c_str(), nullptr, 10);
  before.seed = std::strtoull(word("seed").c_str(), nullptr, 10);
  before.monitor = word("monitor");
  before.mode = word("mode");
  before.dir = request.dir;
  before.jobs = request.jobs;
  if (request.axes.empty() && request.common.empty()) {
    if (!request.monitor.empty()) {
      before.monitor = request.monitor;
      before.mode = request.mode;
    }
    request = before;
    return;
  }
  if (before.axes != request.axes || before.common != request.common ||
      before.samples != request.samples || before.seed != request.seed) {
    throw ConfigError(text("lt[E845] ", request.dir.string(), " holds another sweep, of",
                           [&before] {
                             std::string all;
                             for (const std::string& axis : before.axes) {
                               all += " " + axis;
                             }
                             return all;
                           }(),
                           "; expected the same options and flags, or another --dir"));
  }
}

inline std::vector<std::string> fit_arguments(const SweepRequest& request, const Trial& trial) {
  std::vector<std::string> arguments = {"fit"};
  arguments.insert(arguments.end(), request.common.begin(), request.common.end());
  for (const auto& [key, value] : trial.point) {
    arguments.push_back("--" + key);
    arguments.push_back(value);
  }
  arguments.insert(arguments.end(), {"--trainer.default_root_dir", trial.folder.string()});
  return arguments;
}

inline std::vector<Trial> trials_of(const SweepRequest& request) {
  std::vector<Axis> axes;
  for (const std::string& word : request.axes) {
    axes.push_back(parse_axis(word));
    for (std::size_t i = 0; i + 1 < axes.size(); ++i) {
      if (axes[i].key == axes.back().key) {
        throw ConfigError(text("lt[E846] ", axes[i].key, " is given twice; expected all its values ",
                               "in one list"));
      }
    }
  }
  std::vector<Trial> trials;
  for (Point& point : request.samples == 0 ? grid(axes) : draw(axes, request.samples, request.seed)) {
    const std::string number = text(trials.size());
    const std::string name = std::string(number.size() < 3 ? 3 - number.size() : 0, '0') + number;
    trials.push_back({.index = trials.size(),
                      .point = std::move(point),
                      .folder = request.dir / name});
  }
  return trials;
}

/// What is said when a trial is over.
inline std::string progress_line(const Trial& trial, std::size_t count, std::string_view monitor) {
  std::string line = text("trial ", trial.index, " of ", count, ": ", point_text(trial.point), ": ");
  if (!trial.done) {
    return line + trial.failure + " (see " + trial.output_file().string() + ")";
  }
  if (const auto value = metric_of(trial, monitor)) {
    line += text(monitor, " ", short_number(*value), ", ");
  }
  return line + short_number(trial.seconds) + " s";
}

}  // namespace detail

/// Runs the sub-command; `arguments` stand behind `sweep`. Everything is checked before a folder is
/// made. Status: 0, 1 if a trial failed, 128 + the signal if one ended it.
/// Errors: lt::ConfigError (E840 to E846, and all of `fit`).
inline int sweep(const Program& program, std::vector<std::string> arguments,
                 std::ostream& out = std::cout) {
  SweepRequest request;
  std::string help;
  if (detail::parse_sweep(std::move(arguments), request, help)) {
    out << help;
    return 0;
  }
  detail::join_folder(request);
  std::vector<Trial> trials = detail::trials_of(request);
  for (const Trial& trial : trials) {
    CommandLine line(program.catalogue);
    settings_of(program, line.parse(detail::fit_arguments(request, trial)));
  }

  std::filesystem::create_directories(request.dir);
  write_whole(request.dir / "sweep.yaml", detail::sweep_yaml(request));
  std::vector<Trial*> waiting;
  for (Trial& trial : trials) {
    find_result(trial);
    if (!trial.done) {
      waiting.push_back(&trial);
    }
  }
  const std::size_t processors = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  const std::size_t jobs = request.jobs == 0 ? processors : request.jobs;
  out << trials.size() << " trials, " << trials.size() - waiting.size() << " of them done, "
      << std::min(jobs, waiting.size()) << " at a time; each in a folder of "
      << request.dir.string() << std::endl;
  const std::string name = distributed::own_arguments().at(0);
  TrialPool pool(
      jobs,
      [&](const Trial& trial) {
        std::vector<std::string> all = detail::fit_arguments(request, trial);
        all.insert(all.begin(), name);
        return all;
      },
      std::max<std::size_t>(processors / jobs, 1));
  const int told = pool.run(std::move(waiting), [&](const Trial& trial) {
    out << detail::progress_line(trial, trials.size(), request.monitor) << std::endl;
  });

  const Table table = results_table(trials, request.monitor, request.mode == "max");
  write_whole(request.dir / "results.csv", comma_separated(table));
  out << '\n' << aligned(table);
  const bool all = std::all_of(trials.begin(), trials.end(), [](const Trial& t) { return t.done; });
  if (!all) {
    out << "\nto go on: " << name << " sweep --dir " << request.dir.string() << std::endl;
  }
  return told != 0 ? 128 + told : all ? 0 : 1;
}

}  // namespace lt::cli
