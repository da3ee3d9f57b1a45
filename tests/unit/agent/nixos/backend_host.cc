#include "tests/unit/agent/nixos/backend_host.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "agent/nixos/boot_loader.h"
#include "lib/os/clean_environment.h"

namespace matic::nixos {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVendor = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

std::vector<std::string> Environment(const fs::path& root, const std::string& path) {
  std::vector<std::string> environment = CleanEnvironment();
  std::erase_if(environment, [](const std::string& text) {
    return text.starts_with("HOME=") || text.starts_with("PATH=");
  });
  const std::string nix = (root / "nix").string();
  for (const std::string& variable :
       {"PATH=" + path, "HOME=" + (root.parent_path() / "home").string(),
        "NIX_STORE_DIR=" + nix + "/store", "NIX_STATE_DIR=" + nix + "/var/nix",
        "NIX_LOG_DIR=" + nix + "/var/log", "NIX_CONF_DIR=" + nix + "/etc",
        "NIX_LOCALSTATE_DIR=" + nix + "/var",
        std::string("NIX_CONFIG=build-users-group =\nsandbox = false\nsubstitute = false\n"
                    "fsync-metadata = false\nexperimental-features = nix-command flakes\n"
                    "flake-registry =\n")}) {
    environment.push_back(variable);
  }
  return environment;
}

}  // namespace

BackendHost::BackendHost() : path_before_(::getenv("PATH")) {
  const fs::path fixture = NIX_SYSTEM_FIXTURE;
  const std::string path = (root_ / "programs").string() + ":" + path_before_;
  ::setenv("PATH", path.c_str(), 1);
  for (const char* name : {"home", "state/nixos", "work", "host/units"}) {
    fs::create_directories(folder_ / name);
  }
  fs::copy(fixture / "programs", root_ / "programs", fs::copy_options::recursive);
  options_.environment = Environment(root_, path);
  options_.host_name = "lab";
  options_.state_dir = folder_ / "state";
  options_.work_dir = folder_ / "work";
  options_.settings.host_root = root_;
  options_.settings.flake = (root_ / "etc/nixos").string() + "#lab";
  Do({fixture / "make-host", root_});
  first_ = InProfile();
  Reboot(first_);
}

BackendHost::~BackendHost() { ::setenv("PATH", path_before_.c_str(), 1); }

std::string BackendHost::Do(const std::vector<std::string>& argv) {
  const fs::path tree = root_ / "etc/nixos";
  const Result<std::string> output = Programs(processes_, options_.environment)
                                         .Run({.argv = argv,
                                               .deadline = std::chrono::minutes(1),
                                               .folder = fs::exists(tree) ? tree : fs::path("/")},
                                              {});
  EXPECT_TRUE(output) << (output ? "" : output.error().message);
  return output.value_or("");
}

void BackendHost::WriteFile(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

void BackendHost::SetVariable(const std::string& name, const std::string& value) {
  std::string bytes("\6\0\0\0", 4);
  for (const char c : value + '\0') bytes += std::string{c, '\0'};
  WriteFile(root_ / "sys/firmware/efi/efivars" / (name + kVendor), bytes);
}

fs::path BackendHost::Build(const std::string& version) {
  WriteFile(root_ / "etc/nixos/settings/version", version + "\n");
  const fs::path link = folder_ / ("built-" + version);
  Do({"nix", "build", "--out-link", link,
      ".#nixosConfigurations.lab.config.system.build.toplevel"});
  return fs::canonical(link);
}

void BackendHost::Reboot(const fs::path& system) {
  static int starts = 0;
  fs::remove(root_ / "run/booted-system");
  fs::create_symlink(system, root_ / "run/booted-system");
  Do({system / "activate"});
  WriteFile(root_ / "proc/sys/kernel/random/boot_id", "boot-" + std::to_string(++starts) + "\n");
  fs::remove(root_ / "sys/firmware/efi/efivars" / (std::string("LoaderEntryOneShot") + kVendor));
  SetVariable("LoaderInfo", "systemd-boot 255");
  RestartAgent();
}

void BackendHost::RestartAgent() {
  backend_ = std::make_unique<NixosBackend>(options_, processes_, steps_, clock_);
}

update::StagedImage BackendHost::Stage(const fs::path& system, update::Mode mode) {
  const auto staged =
      backend_->Stage({.source = system, .sha256 = "", .mode = mode}, [](const auto&) {}, {});
  EXPECT_TRUE(staged) << (staged ? "" : staged.error().message);
  return staged.value_or(update::StagedImage{});
}

fs::path BackendHost::Activate(const std::string& version, update::Mode mode) {
  const fs::path system = Build(version);
  const Result<> done = backend_->Activate(Stage(system, mode), {});
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return system;
}

fs::path BackendHost::Update(const std::string& version, update::Mode mode) {
  const fs::path system = Activate(version, mode);
  if (mode == update::Mode::kBoot) Reboot(system);
  const Result<> done = backend_->Confirm();
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return system;
}

update::Target BackendHost::TargetOf(const fs::path& system) {
  const Result<update::Facts> facts = backend_->GetFacts();
  EXPECT_TRUE(facts) << (facts ? "" : facts.error().message);
  const update::Target* target = facts ? facts->Find(system.filename()) : nullptr;
  return target == nullptr ? update::Target{} : *target;
}

fs::path BackendHost::Link(const std::string& name) const { return fs::canonical(root_ / name); }

fs::path BackendHost::DefaultEntry() {
  const Programs programs(processes_, options_.environment);
  const HostPaths paths = options_.paths();
  const auto loader = MakeBootLoader(programs, paths, config::LoaderChoice::kSystemdBoot);
  return loader->Default({}).value().value_or(fs::path());
}

std::optional<fs::path> BackendHost::StartedOnce() {
  const Programs programs(processes_, options_.environment);
  const HostPaths paths = options_.paths();
  return MakeBootLoader(programs, paths, config::LoaderChoice::kSystemdBoot)->Next({}).value();
}

std::vector<std::string> BackendHost::Entries() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root_ / "boot/loader/entries")) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<uint64_t> BackendHost::Generations() {
  const Programs programs(processes_, options_.environment);
  const std::vector<Generation> generations =
      Profile(programs, options_.paths().profile).List().value();
  std::vector<uint64_t> numbers;
  for (const Generation& generation : generations) {
    numbers.push_back(generation.number);
  }
  return numbers;
}

HostState BackendHost::State() const {
  return HostStateStore(folder_ / "state/nixos.json").Load().value().state;
}

}  // namespace matic::nixos
