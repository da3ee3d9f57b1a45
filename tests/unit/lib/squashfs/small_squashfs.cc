#include "tests/unit/lib/squashfs/small_squashfs.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "lib/os/process_runner.h"
#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::squashfs {
namespace {

namespace fs = std::filesystem;

void Write(const fs::path& root, const Files& files) {
  fs::create_directories(root);
  for (const auto& [name, content] : files) {
    const fs::path path = root / name;
    fs::create_directories(path.parent_path());
    if (content.starts_with("-> ")) {
      fs::create_symlink(content.substr(3), path);
    } else {
      std::ofstream(path, std::ios::binary) << content;
    }
  }
}

}  // namespace

std::string Text(size_t bytes, uint32_t seed) {
  static constexpr const char* kWords[] = {"slot ",     "image ", "kernel ", "library ", "update ",
                                           "section\n", "chunk ", "root ",   "block ",   "0x"};
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < bytes) {
    text += kWords[random() % std::size(kWords)];
    if (random() % 4 == 0) text += std::to_string(random());
  }
  text.resize(bytes);
  return text;
}

std::string Noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random() & 0xff);
  return noise;
}

std::vector<uint8_t> MakeSquashfs(const Files& files, const std::vector<std::string>& options) {
  const TemporaryFolder folder;
  Write(folder / "root", files);
  std::vector<std::string> argv = {"mksquashfs",
                                   (folder / "root").string(),
                                   (folder / "out").string(),
                                   "-noappend",
                                   "-no-progress",
                                   "-quiet",
                                   "-reproducible",
                                   "-all-root",
                                   "-all-time",
                                   "0",
                                   "-mkfs-time",
                                   "0",
                                   "-comp",
                                   "zstd",
                                   "-Xcompression-level",
                                   "15"};
  argv.insert(argv.end(), options.begin(), options.end());
  SystemProcessRunner runner;
  const auto outcome = runner.Run(argv, std::chrono::minutes(1));
  std::vector<uint8_t> bytes;
  if (outcome && outcome->exit_code == 0) {
    std::ifstream file(folder / "out", std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  } else {
    std::fprintf(stderr, "mksquashfs: %s\n",
                 outcome ? outcome->output.c_str() : outcome.error().message.c_str());
  }
  return bytes;
}

}  // namespace matic::squashfs
