#include "tests/crash/walk.h"

#include "tests/crash/cuts.h"

namespace matic::crash {
namespace {

bool IsOfFolder(Kind kind) {
  return kind == Kind::kCreate || kind == Kind::kFileWrite || kind == Kind::kTruncate ||
         kind == Kind::kRename || kind == Kind::kUnlink;
}

std::optional<StateClass> ClassOf(const Operation& operation, const Layout& layout) {
  if (IsOfFolder(operation.kind)) return StateClass::kStateFolder;
  if (operation.kind != Kind::kDiskWrite) return std::nullopt;
  switch (layout.AreaOf(operation.offset, operation.offset + operation.bytes.size())) {
    case Area::kTable:
      return StateClass::kTable;
    case Area::kFirstBlock:
      return StateClass::kFirstBlock;
    case Area::kPayload:
      return StateClass::kPayload;
  }
  return std::nullopt;
}

bool IsSlotWrite(const Operation& operation, const Layout& layout) {
  const std::optional<StateClass> of = ClassOf(operation, layout);
  return of == StateClass::kFirstBlock || of == StateClass::kPayload;
}

Result<> JudgeIntent(const Storage& storage, const Operation& operation) {
  const std::vector<Fate> lost(storage.pending().size());
  const Result<update::UpdateState> state = UpdateIn(storage.After(lost));
  if (state && std::holds_alternative<update::Staging>(*state)) return {};
  return Fail(ErrorCode::kCorrupt,
              "staging was begun before it was durably noted (" + Describe(operation) + ")");
}

// A place in the recording.
class Place {
 public:
  Place(const Medium& start, const Past& past, const Layout& layout)
      : storage_(start), past_(past), layout_(layout) {}

  const Storage& storage() const { return storage_; }

  void Take(const Operation& operation) {
    storage_.Take(operation);
    ++operations_;
    last_ = &operation;
    if (operation.kind == Kind::kStart) {
      past_ = {operation.start, /*table_written=*/false, operation.start.number};
    }
    const std::optional<StateClass> state_class = ClassOf(operation, layout_);
    if (state_class) class_ = *state_class;
    if (state_class == StateClass::kTable) past_.table_written = true;
  }

  CutState Cut(const std::vector<Fate>& fates) const {
    const std::string where =
        std::to_string(operations_) + (last_ == nullptr ? "" : ", " + Describe(*last_));
    return {{operations_, fates}, storage_.After(fates), past_, class_, where};
  }

 private:
  Storage storage_;
  Past past_;
  const Layout& layout_;
  size_t operations_ = 0;
  const Operation* last_ = nullptr;
  StateClass class_ = StateClass::kTable;
};

}  // namespace

std::string_view ClassName(StateClass state_class) {
  switch (state_class) {
    case StateClass::kTable:
      return "table";
    case StateClass::kFirstBlock:
      return "first-block";
    case StateClass::kPayload:
      return "payload";
    case StateClass::kStateFolder:
      return "state-folder";
  }
  return "unknown";
}

Result<> Walk::Run(const std::function<bool(CutState)>& visit) const {
  Place place(start_, past_, layout_);
  uint32_t seed = seed_;
  const auto cut = [&] {
    for (const std::vector<Fate>& fates : Fates(place.storage().pending(), ++seed)) {
      if (!visit(place.Cut(fates))) return false;
    }
    return true;
  };
  if (!cut()) return {};
  for (const Operation& operation : journal_) {
    if (IsSlotWrite(operation, layout_)) MATIC_TRY(JudgeIntent(place.storage(), operation));
    place.Take(operation);
    if (!cut()) return {};
  }
  return {};
}

CutState Walk::At(const CutId& id) const {
  Place place(start_, past_, layout_);
  for (size_t i = 0; i < id.operations; ++i) place.Take(journal_[i]);
  return place.Cut(id.fates);
}

}  // namespace matic::crash
