#include "agent/channel/trust_store.h"

#include <spdlog/spdlog.h>

#include "lib/os/durable_file.h"
#include "lib/os/executable_folder.h"

namespace matic::channel {
namespace {

// The content of a file of ours. One that is too large was not written by us; one that others can
// change is not believed.
Result<std::string> ReadOwn(const std::filesystem::path& path, size_t limit) {
  MATIC_TRY(CheckFile(path));
  Result<std::string> text = ReadFile(path, limit);
  if (!text && text.error().code == ErrorCode::kInvalidArgument) {
    return Fail(ErrorCode::kCorrupt, text.error().message);
  }
  return text;
}

Result<> SetAsideLoudly(const std::filesystem::path& path, const Error& why) {
  MATIC_ASSIGN(const std::filesystem::path aside, SetAside(path));
  spdlog::error("{}: {}; set aside as {}", path.string(), why.message, aside.string());
  return {};
}

trust::TrustState NewState(const std::string& running_version) {
  auto state = trust::RaiseFloor({}, running_version);
  return state ? *std::move(state) : trust::TrustState{};  // a running system without a version
}

}  // namespace

Result<trust::Root> TrustStore::ConfiguredRoot() const {
  // Whoever writes there decides whose signature is trusted.
  if (const Result<> good = CheckFile(configured_root_);
      !good && good.error().code != ErrorCode::kNotFound) {
    return Fail(good.error());
  }
  const Result<std::string> text = ReadFile(configured_root_, trust::kMaxRootBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kRefused, "no root document is configured: there is no " +
                                         configured_root_.string() +
                                         ", so nobody's signature is trusted");
  }
  if (!text) return Fail(text.error());
  Result<trust::Root> root = trust::ParseConfiguredRoot(*text);
  if (!root) return Fail(root.error().Context(configured_root_.string()));
  return root;
}

Result<trust::Root> TrustStore::NewestRoot() {
  MATIC_ASSIGN(trust::Root configured, ConfiguredRoot());
  const Result<std::string> text = ReadOwn(RootFile(), trust::kMaxRootBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) return configured;
  if (!text && text.error().code != ErrorCode::kCorrupt) return Fail(text.error());
  // It was verified before it was written, and nobody else can change it.
  Result<trust::Root> adopted =
      text ? trust::ParseConfiguredRoot(*text) : Result<trust::Root>(Fail(text.error()));
  if (!adopted) {
    MATIC_TRY(SetAsideLoudly(RootFile(), adopted.error()));
    return configured;
  }
  return adopted->version > configured.version ? *std::move(adopted) : configured;
}

Result<trust::TrustState> TrustStore::LoadState(const std::string& running_version) {
  const Result<std::string> text = ReadOwn(StateFile(), trust::kMaxTrustStateBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) return NewState(running_version);
  if (!text && text.error().code != ErrorCode::kCorrupt) return Fail(text.error());
  Result<trust::TrustState> state =
      text ? trust::ParseTrustState(*text) : Result<trust::TrustState>(Fail(text.error()));
  if (state) return state;
  MATIC_TRY(SetAsideLoudly(StateFile(), state.error()));
  return NewState(running_version);
}

Result<Trusted> TrustStore::Load(const std::string& running_version) {
  MATIC_ASSIGN(trust::Root root, NewestRoot());
  MATIC_ASSIGN(trust::TrustState state, LoadState(running_version));
  if (root.version < state.root_version) return Trusted{std::move(root), std::move(state)};
  MATIC_ASSIGN(trust::TrustState adopted, trust::AdoptRoot(state, root));
  if (trust::FormatTrustState(adopted) != trust::FormatTrustState(state)) MATIC_TRY(Save(adopted));
  return Trusted{std::move(root), std::move(adopted)};
}

Result<Trusted> TrustStore::Adopt(const trust::TrustState& state, const trust::FetchedRoot& next) {
  MATIC_ASSIGN(trust::TrustState adopted, trust::AdoptRoot(state, next.root));
  MATIC_TRY(MakeFolderDurably(folder_));
  MATIC_TRY(WriteFileDurably(RootFile(), next.document.bytes));
  MATIC_TRY(Save(adopted));
  spdlog::info("root document {} is trusted from now on", next.root.version);
  return Trusted{next.root, std::move(adopted)};
}

WallTime TrustStore::LastVerifiedTime() const {
  const Result<std::string> text = ReadOwn(StateFile(), trust::kMaxTrustStateBytes);
  if (!text) return {};
  const Result<trust::TrustState> state = trust::ParseTrustState(*text);
  return state ? state->last_verified_time : WallTime{};
}

Result<> TrustStore::Save(const trust::TrustState& state) {
  MATIC_TRY(MakeFolderDurably(folder_));
  return WriteFileDurably(StateFile(), trust::FormatTrustState(state));
}

}  // namespace matic::channel
