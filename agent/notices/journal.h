// The history in systemd's journal, with fields to search by (docs/reference/journal.md).
#pragma once

#include <string>
#include <vector>

#include "agent/engine/engine.h"
#include "lib/journal/journal.h"

namespace matic::notices {

struct JournalEntry {
  journal::Priority priority = journal::Priority::kInfo;
  std::string message;
  std::vector<journal::Field> fields;  // none of them empty
};

JournalEntry EntryOf(const engine::HistoryEvent& event);

// Where nothing goes to a journal nothing happens: the history is kept in its file.
void WriteToJournal(const engine::HistoryEvent& event);

}  // namespace matic::notices
