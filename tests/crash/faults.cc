#include "tests/crash/faults.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace matic::crash {
namespace {

constexpr const char* kStateFile = "rollback_state.json";
constexpr const char* kTrustFile = "trust/state.json";

bool IsWriteTo(const Operation& operation, const Layout& layout, Area area) {
  return operation.kind == Kind::kDiskWrite &&
         layout.AreaOf(operation.offset, operation.offset + operation.bytes.size()) == area;
}

bool IsEmptyBlock(const Operation& operation) {
  return std::ranges::all_of(operation.bytes, [](uint8_t byte) { return byte == 0; });
}

void Drop(Journal& journal, Kind kind) {
  std::erase_if(journal, [&](const Operation& operation) { return operation.kind == kind; });
}

// Each flush goes with the disk write that it follows.
void DropFlushesAfter(Journal& journal, const Layout& layout, Area area) {
  bool drop = false;
  Journal kept;
  for (Operation& operation : journal) {
    if (operation.kind == Kind::kDiskWrite) drop = IsWriteTo(operation, layout, area);
    if (operation.kind == Kind::kDiskFlush && drop) continue;
    kept.push_back(std::move(operation));
  }
  journal = std::move(kept);
}

void DropSelectorFlushes(Journal& journal) {
  std::erase_if(journal, [](const Operation& operation) {
    return operation.kind == Kind::kDiskFlush && operation.actor == Actor::kSelector;
  });
}

// Of the content of what is given that name.
void DropSyncsOf(Journal& journal, const std::string& name) {
  std::set<uint32_t> files;
  for (const Operation& operation : journal) {
    if (operation.kind == Kind::kRename && operation.new_name == name) files.insert(operation.file);
  }
  std::erase_if(journal, [&](const Operation& operation) {
    return operation.kind == Kind::kFileSync && files.contains(operation.file);
  });
}

// Those between a disk write and the next one, where they are so.
void DropFlushesBetween(Journal& journal, const std::function<bool(const Operation&)>& write,
                        const std::function<bool(const Operation&)>& next) {
  std::vector<bool> dropped(journal.size());
  std::vector<size_t> between;
  const Operation* last = nullptr;
  for (size_t i = 0; i < journal.size(); ++i) {
    if (journal[i].kind == Kind::kDiskFlush) between.push_back(i);
    if (journal[i].kind != Kind::kDiskWrite) continue;
    const bool wanted = last != nullptr && write(*last) && next(journal[i]);
    for (const size_t flush : between) dropped[flush] = wanted;
    between.clear();
    last = &journal[i];
  }
  Journal kept;
  for (size_t i = 0; i < journal.size(); ++i) {
    if (!dropped[i]) kept.push_back(std::move(journal[i]));
  }
  journal = std::move(kept);
}

// The agent's before its first write after the selector's last.
void DropFlushesBeforeTable(Journal& journal) {
  DropFlushesBetween(
      journal, [](const Operation& op) { return op.actor == Actor::kSelector; },
      [](const Operation& op) { return op.actor == Actor::kAgent; });
}

void DropFlushesBeforeSelector(Journal& journal) {
  DropFlushesBetween(
      journal, [](const Operation& op) { return op.actor != Actor::kSelector; },
      [](const Operation& op) { return op.actor == Actor::kSelector; });
}

void DropPayloadFlushes(Journal& journal, const Layout& layout) {
  DropFlushesBetween(
      journal, [&](const Operation& op) { return IsWriteTo(op, layout, Area::kPayload); },
      [&](const Operation& op) { return IsWriteTo(op, layout, Area::kFirstBlock); });
}

void DropFirstBlockFlushes(Journal& journal, const Layout& layout) {
  DropFlushesBetween(
      journal,
      [&](const Operation& op) {
        return IsWriteTo(op, layout, Area::kFirstBlock) && !IsEmptyBlock(op);
      },
      [](const Operation&) { return true; });
}

// The operations [begin, end) before the one at `to`.
void MoveBefore(Journal& journal, size_t begin, size_t end, size_t to) {
  const auto at = [&](size_t i) { return journal.begin() + static_cast<ptrdiff_t>(i); };
  std::rotate(at(to), at(begin), at(end));
}

size_t FindNext(const Journal& journal, size_t from,
                const std::function<bool(const Operation&)>& wanted) {
  size_t i = from;
  while (i < journal.size() && !wanted(journal[i])) ++i;
  return i;
}

// The last replacement of `file` that one of `other` follows comes after it.
void ReplaceLate(Journal& journal, const std::string& file, const std::string& other) {
  const auto find = [&](size_t from, const std::string& name) {
    return FindNext(journal, from, [&](const Operation& op) {
      return op.kind == Kind::kRename && op.new_name == name;
    });
  };
  std::optional<std::pair<size_t, size_t>> last;
  for (size_t at = find(0, file); at < journal.size(); at = find(at + 1, file)) {
    if (const size_t next = find(at, other); next < journal.size()) last = {at, next};
  }
  // Each with the sync of the folder behind it.
  if (last) MoveBefore(journal, last->first + 2, last->second + 2, last->first);
}

// The last writing of what is trusted comes before the change of the table that it follows.
void RaiseFloorEarly(Journal& journal, const Layout& layout) {
  const auto find_last = [&](size_t before, const std::function<bool(const Operation&)>& wanted) {
    size_t i = before;
    while (i > 0 && !wanted(journal[i - 1])) --i;
    return i;
  };
  // With the sync of the folder behind it.
  const size_t end = find_last(journal.size(),
                               [](const Operation& op) {
                                 return op.kind == Kind::kRename && op.new_name == kTrustFile;
                               }) +
                     1;
  const size_t behind = find_last(end, [](const Operation& op) {
    return op.kind == Kind::kCreate && op.name == "trust/.state.json.new";
  });
  const auto is_table = [&](const Operation& op) {
    return op.actor == Actor::kAgent && IsWriteTo(op, layout, Area::kTable);
  };
  const size_t table_end = find_last(behind, is_table);
  const size_t table = find_last(
      table_end, [&](const Operation& op) { return !is_table(op) && op.kind != Kind::kDiskFlush; });
  if (table > 0) MoveBefore(journal, behind - 1, end, table);
}

// Swaps the writing of the first block with that of the block behind it.
void WriteFirstBlockFirst(Journal& journal, const Layout& layout) {
  const size_t payload = FindNext(
      journal, 0, [&](const Operation& op) { return IsWriteTo(op, layout, Area::kPayload); });
  const size_t block = FindNext(journal, payload, [&](const Operation& op) {
    return IsWriteTo(op, layout, Area::kFirstBlock) && !IsEmptyBlock(op);
  });
  if (block < journal.size()) std::swap(journal[payload], journal[block]);
}

// The table's change that follows the staging of a slot comes before it.
void ActivateFirst(Journal& journal, const Layout& layout) {
  const auto of_agent = [&](const Operation& op, Area area) {
    return op.actor == Actor::kAgent && IsWriteTo(op, layout, area);
  };
  const size_t payload =
      FindNext(journal, 0, [&](const Operation& op) { return of_agent(op, Area::kPayload); });
  const size_t block = FindNext(
      journal, payload, [&](const Operation& op) { return of_agent(op, Area::kFirstBlock); });
  const size_t begin =
      FindNext(journal, block, [&](const Operation& op) { return of_agent(op, Area::kTable); });
  size_t end = begin;
  while (end < journal.size() &&
         (of_agent(journal[end], Area::kTable) || journal[end].kind == Kind::kDiskFlush)) {
    ++end;
  }
  if (begin < journal.size()) MoveBefore(journal, begin, end, payload);
}

// The state's new name comes after the change of the table that follows it.
void WriteStateLate(Journal& journal, const Layout& layout) {
  Journal late;
  Journal held;
  bool table_changed = false;
  const auto release = [&] {
    std::ranges::move(held, std::back_inserter(late));
    held.clear();
    table_changed = false;
  };
  for (Operation& operation : journal) {
    const bool of_table =
        operation.actor == Actor::kAgent && IsWriteTo(operation, layout, Area::kTable);
    const bool renames_state = operation.kind == Kind::kRename && operation.new_name == kStateFile;
    const bool syncs_it = operation.kind == Kind::kFolderSync && held.size() == 1;
    if (renames_state || (table_changed && !of_table && operation.kind != Kind::kDiskFlush)) {
      release();
    }
    if (of_table && !held.empty()) table_changed = true;
    Journal& to = renames_state || syncs_it ? held : late;
    to.push_back(std::move(operation));
  }
  release();
  journal = std::move(late);
}

}  // namespace

std::string FaultName(Fault fault) {
  switch (fault) {
    case Fault::kNoFileSync:
      return "no-file-sync";
    case Fault::kNoStateSync:
      return "no-state-sync";
    case Fault::kNoTrustSync:
      return "no-trust-sync";
    case Fault::kNoFolderSync:
      return "no-folder-sync";
    case Fault::kNoTableFlush:
      return "no-table-flush";
    case Fault::kNoFlushBeforeTable:
      return "no-flush-before-table";
    case Fault::kNoSelectorFlush:
      return "no-selector-flush";
    case Fault::kNoFlushBeforeSelector:
      return "no-flush-before-selector";
    case Fault::kNoPayloadFlush:
      return "no-payload-flush";
    case Fault::kNoFirstBlockFlush:
      return "no-first-block-flush";
    case Fault::kFirstBlockFirst:
      return "first-block-first";
    case Fault::kActivatedTooEarly:
      return "activated-too-early";
    case Fault::kStateAfterTheTable:
      return "state-after-the-table";
    case Fault::kRootAfterItsState:
      return "root-after-its-state";
    case Fault::kFloorTooEarly:
      return "floor-too-early";
    case Fault::kFloorAfterTheEnd:
      return "floor-after-the-end";
  }
  return "unknown";
}

Journal WithFault(Journal journal, Fault fault, const Layout& layout) {
  switch (fault) {
    case Fault::kNoFileSync:
      Drop(journal, Kind::kFileSync);
      break;
    case Fault::kNoStateSync:
      DropSyncsOf(journal, kStateFile);
      break;
    case Fault::kNoTrustSync:
      DropSyncsOf(journal, kTrustFile);
      break;
    case Fault::kNoFolderSync:
      Drop(journal, Kind::kFolderSync);
      break;
    case Fault::kNoTableFlush:
      DropFlushesAfter(journal, layout, Area::kTable);
      break;
    case Fault::kNoFlushBeforeTable:
      DropFlushesBeforeTable(journal);
      break;
    case Fault::kNoSelectorFlush:
      DropSelectorFlushes(journal);
      break;
    case Fault::kNoFlushBeforeSelector:
      DropFlushesBeforeSelector(journal);
      break;
    case Fault::kNoPayloadFlush:
      DropPayloadFlushes(journal, layout);
      break;
    case Fault::kNoFirstBlockFlush:
      DropFirstBlockFlushes(journal, layout);
      break;
    case Fault::kFirstBlockFirst:
      WriteFirstBlockFirst(journal, layout);
      break;
    case Fault::kActivatedTooEarly:
      ActivateFirst(journal, layout);
      break;
    case Fault::kStateAfterTheTable:
      WriteStateLate(journal, layout);
      break;
    case Fault::kRootAfterItsState:
      ReplaceLate(journal, "trust/root.json", kTrustFile);
      break;
    case Fault::kFloorTooEarly:
      RaiseFloorEarly(journal, layout);
      break;
    case Fault::kFloorAfterTheEnd:
      ReplaceLate(journal, kTrustFile, kStateFile);
      break;
  }
  return journal;
}

}  // namespace matic::crash
