// agent.yaml as anybody may have written it.

#include "agent/config/changes.h"
#include "agent/config/config.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/temporary_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace matic;
  static const fuzz::TemporaryFolder folder;
  folder.Empty();
  const auto file = folder.Put("agent.yaml", fuzz::Text(data, size));
  const auto loaded = config::LoadFiles({file}, config::MissingFile::kRefused);
  if (!loaded) {
    FUZZ_CLAIM(loaded.error().code == ErrorCode::kInvalidArgument);
    // People are told where: the file, and mostly the line.
    FUZZ_CLAIM(loaded.error().message.find(file.string()) != std::string::npos);
    FUZZ_CLAIM(loaded.error().message.find('\0') == std::string::npos);
    return 0;
  }
  const config::Config& read = loaded->config;
  FUZZ_CLAIM(read.trial_deadline >= read.health.timeout + config::kTrialDeadlineMargin);
  FUZZ_CLAIM(read.tries >= 1 && read.tries <= 15);
  FUZZ_CLAIM(!read.reboot_command.empty() && !read.reboot_command.front().empty());
  FUZZ_CLAIM(read.state_dir.is_absolute());
  // The same file twice says the same.
  const auto again = config::LoadFiles({file, file}, config::MissingFile::kRefused);
  FUZZ_CLAIM(again && again->config == read);
  return 0;
}
