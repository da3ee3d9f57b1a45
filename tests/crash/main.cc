// crash-sweep: what tools/crash-sweep runs.
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <thread>

#include "tests/crash/replay.h"
#include "tests/crash/report.h"
#include "tests/crash/sweep.h"

namespace matic::crash {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFullStates = 100'000;
// A power loss leaves many states that others leave too, in stories that begin alike.
constexpr double kShared = 2.2;

struct Arguments {
  bool full = false;
  size_t states = 5000;
  uint32_t seed = 1;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> stories;
  std::string replay;
  fs::path keep = "build/crash";
  bool list = false;
};

fs::path Scratch(const std::string& name) {
  const fs::path memory = "/dev/shm";
  const fs::path base = fs::is_directory(memory) ? memory : fs::temp_directory_path();
  return base / ("crash-sweep-" + std::to_string(::getpid()) + "-" + name);
}

std::string Keep(const Failure& failure, size_t number, const fs::path& folder) {
  const fs::path path = folder / (failure.story + "-" + std::to_string(number) + ".json");
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  const Result<> saved = SaveFailure(failure, path);
  const std::string text = "after operation " + failure.where + ": " + failure.what;
  return text + (saved ? " [" + path.string() + "]" : " [" + saved.error().message + "]");
}

StoryReport SweepStory(const Story& story, const SweepOptions& options, const fs::path& keep) {
  StoryReport report;
  Result<SweepResult> result = Sweep(story, options, Scratch("disk"));
  if (!result) {
    report.error = result.error().message;
    return report;
  }
  report.operations = result->operations;
  report.runs = result->runs;
  report.payload_only = result->payload_only;
  report.states = std::move(result->states);
  for (const Failure& failure : result->failures) {
    report.failures.push_back(Keep(failure, report.failures.size() + 1, keep));
  }
  return report;
}

// Each story in a process of its own, since what is recorded is what a process does.
class Processes {
 public:
  Processes(const SweepOptions& options, fs::path keep)
      : options_(options), keep_(std::move(keep)), folder_(Scratch("reports")) {
    fs::create_directories(folder_);
  }
  ~Processes() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  void Start(const Story& story) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      StoryReport report;
      try {
        SweepOptions options = options_;
        // Stories that begin alike are not to meet the same states.
        options.seed += static_cast<uint32_t>(&story - Stories().data()) * 1000;
        report = SweepStory(story, options, keep_);
      } catch (const std::exception& error) {
        report.error = error.what();
      }
      WriteReport(report, folder_ / story.name);
      std::_Exit(0);
    }
    running_[child] = story.name;
  }

  size_t running() const { return running_.size(); }

  StoryReport Await() {
    int status = 0;
    const pid_t child = ::wait(&status);
    const std::string story = running_.at(child);
    running_.erase(child);
    return ReadReport(story, folder_ / story);
  }

 private:
  const SweepOptions& options_;
  const fs::path keep_;
  const fs::path folder_;
  std::map<pid_t, std::string> running_;
};

int SweepAll(const Arguments& arguments) {
  std::vector<const Story*> stories;
  for (const Story& story : Stories()) {
    const bool named = std::ranges::find(arguments.stories, story.name) != arguments.stories.end();
    if (arguments.stories.empty() || named) stories.push_back(&story);
  }
  const size_t wanted = arguments.full ? kFullStates : arguments.states;
  SweepOptions options;
  options.seed = arguments.seed;
  options.payload_every = arguments.full ? 1 : 8;
  options.wanted_states = static_cast<size_t>(kShared * static_cast<double>(wanted) /
                                              static_cast<double>(stories.size()));
  Processes processes(options, arguments.keep);
  Summary summary;
  const auto take = [&] {
    const StoryReport report = processes.Await();
    Print(report, stdout);
    summary.Add(report);
  };
  for (const Story* story : stories) {
    if (processes.running() == arguments.jobs) take();
    processes.Start(*story);
  }
  while (processes.running() > 0) take();
  if (summary.states() < wanted) {
    std::printf("fewer states than the %zu that were asked for\n", wanted);
  }
  summary.Print(stdout);
  return summary.failures() == 0 && summary.states() >= wanted ? 0 : 1;
}

int ReplayFile(const std::string& path) {
  const Result<Failure> failure = LoadFailure(path);
  if (!failure) {
    std::fprintf(stderr, "crash-sweep: %s\n", failure.error().message.c_str());
    return 2;
  }
  std::printf("story %s, the power failed after operation %s\nwas: %s\n", failure->story.c_str(),
              failure->where.c_str(), failure->what.c_str());
  const Result<> replayed = Replay(*failure, Scratch("replay"));
  std::printf("now: %s\n", replayed ? "all holds" : replayed.error().message.c_str());
  return replayed ? 0 : 1;
}

int List() {
  for (const Story& story : Stories()) {
    std::printf("%-24s %s\n", story.name.c_str(), story.what.c_str());
  }
  return 0;
}

int ParseAndRun(int argc, char** argv) {
  CLI::App app(
      "Lets the power fail after every operation of an update's stories, and runs the machine from "
      "each of the states that this may leave.");
  app.footer(
      "Exit codes: 0 all holds, 1 something does not, or states are too few, 2 wrong usage.");
  Arguments arguments;
  app.add_flag("--full", arguments.full, "100,000 distinct states, payload looked at everywhere");
  app.add_option("--states", arguments.states, "So many distinct states at least")
      ->capture_default_str();
  app.add_option("--seed", arguments.seed, "Of what is left to chance")->capture_default_str();
  app.add_option("--jobs", arguments.jobs, "Processes")->check(CLI::Range(1, 256));
  app.add_option("--story", arguments.stories, "Only this one; may be repeated");
  app.add_option("--replay", arguments.replay, "Run one state that was kept, whatever it is now");
  app.add_option("--keep", arguments.keep, "Where states go that something does not hold in")
      ->capture_default_str();
  app.add_flag("--list", arguments.list, "What stories there are");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const std::string& story : arguments.stories) {
    if (FindStory(story) != nullptr) continue;
    std::fprintf(stderr, "crash-sweep: no story is named %s (--list)\n", story.c_str());
    return 2;
  }
  if (arguments.list) return List();
  return arguments.replay.empty() ? SweepAll(arguments) : ReplayFile(arguments.replay);
}

}  // namespace
}  // namespace matic::crash

int main(int argc, char** argv) {
  spdlog::set_level(spdlog::level::off);
  try {
    return matic::crash::ParseAndRun(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crash-sweep: %s\n", error.what());
    return 1;
  }
}
