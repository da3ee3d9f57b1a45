#include "tests/crash/medium.h"

#include <algorithm>
#include <random>
#include <utility>

namespace matic::crash {
namespace {

constexpr size_t kSector = 512;

bool Survives(const Fate& fate, size_t at, std::mt19937& random) {
  switch (fate.kind) {
    case Fate::Kind::kLost:
      return false;
    case Fate::Kind::kKept:
      return true;
    case Fate::Kind::kHead:
      return at < fate.amount;
    case Fate::Kind::kTail:
      return at >= fate.amount;
    case Fate::Kind::kHole:
      return false;
    case Fate::Kind::kSectors:
      return random() % 2 == 0;
  }
  return false;
}

// `bytes` must have room for the whole of the write.
template <typename Bytes>
void WriteParts(Bytes& bytes, const Operation& write, const Fate& fate) {
  std::mt19937 random(fate.amount);
  for (size_t at = 0; at < write.bytes.size(); at += kSector) {
    if (!Survives(fate, at, random)) continue;
    const size_t length = std::min(kSector, write.bytes.size() - at);
    const auto from = write.bytes.begin() + static_cast<ptrdiff_t>(at);
    std::copy_n(from, length, bytes.begin() + static_cast<ptrdiff_t>(write.offset + at));
  }
}

// A size is never beyond what is there: what has not arrived at a file's end is not of the file.
size_t SizeAfter(const Operation& write, const Fate& fate, size_t before) {
  if (fate.kind == Fate::Kind::kLost) return before;
  size_t length = write.bytes.size();
  if (fate.kind == Fate::Kind::kHead) length = std::min<size_t>(length, fate.amount);
  return std::max<size_t>(before, write.offset + length);
}

bool IsOfNames(Kind kind) {
  return kind == Kind::kCreate || kind == Kind::kRename || kind == Kind::kUnlink;
}

}  // namespace

Storage::Storage(const Medium& start) {
  durable_.disk = start.disk;
  uint32_t number = 0;
  for (const auto& [name, content] : start.files) {
    durable_.names[name] = ++number;
    durable_.files[number] = content;
  }
}

void Storage::Content::Apply(const Operation& operation, const Fate& fate) {
  if (fate.kind == Fate::Kind::kLost) return;
  switch (operation.kind) {
    case Kind::kDiskWrite:
      WriteParts(disk, operation, fate);
      break;
    case Kind::kFileWrite: {
      std::string& file = files[operation.file];
      const size_t size = SizeAfter(operation, fate, file.size());
      file.resize(std::max<size_t>(size, operation.offset + operation.bytes.size()));
      WriteParts(file, operation, fate);
      file.resize(size);
      break;
    }
    case Kind::kTruncate:
      files[operation.file].resize(operation.offset);
      break;
    case Kind::kCreate:
      names[operation.name] = operation.file;
      break;
    case Kind::kRename:
      if (const auto from = names.find(operation.name);
          from != names.end() && from->second == operation.file) {
        names.erase(from);
      }
      names[operation.new_name] = operation.file;
      break;
    case Kind::kUnlink:
      if (const auto name = names.find(operation.name);
          name != names.end() && name->second == operation.file) {
        names.erase(name);
      }
      break;
    case Kind::kDiskFlush:
    case Kind::kFileSync:
    case Kind::kFolderSync:
    case Kind::kStart:
      break;
  }
}

Medium Storage::Content::ToMedium() && {
  Medium medium{std::move(disk), {}};
  for (const auto& [name, number] : names) {
    const std::string folder = FolderOf(name);
    if (!folder.empty() && !names.contains(folder)) continue;  // it is lost, with what is in it
    const auto content = files.find(number);
    medium.files[name] = content == files.end() ? "" : content->second;
  }
  return medium;
}

template <typename Predicate>
void Storage::MakeDurable(Predicate covers) {
  for (const Operation* operation : pending_) {
    if (covers(*operation)) durable_.Apply(*operation, {Fate::Kind::kKept});
  }
  std::erase_if(pending_, [&](const Operation* operation) { return covers(*operation); });
}

void Storage::Take(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kDiskFlush:
      MakeDurable([](const Operation& op) { return op.kind == Kind::kDiskWrite; });
      break;
    case Kind::kFileSync:
      MakeDurable([&](const Operation& op) {
        const bool content = op.kind == Kind::kFileWrite || op.kind == Kind::kTruncate;
        return content && op.file == operation.file;
      });
      break;
    case Kind::kFolderSync:
      MakeDurable([&](const Operation& op) {
        return IsOfNames(op.kind) && FolderOf(op.name) == operation.name;
      });
      break;
    case Kind::kStart:
      break;
    case Kind::kDiskWrite:
    case Kind::kCreate:
    case Kind::kFileWrite:
    case Kind::kTruncate:
    case Kind::kRename:
    case Kind::kUnlink:
      pending_.push_back(&operation);
      break;
  }
}

Medium Storage::After(std::span<const Fate> fates) const {
  Content content = durable_;
  for (size_t i = 0; i < pending_.size(); ++i) content.Apply(*pending_[i], fates[i]);
  return std::move(content).ToMedium();
}

Medium Storage::Live() const {
  const std::vector<Fate> kept(pending_.size(), Fate{Fate::Kind::kKept});
  return After(kept);
}

}  // namespace matic::crash
