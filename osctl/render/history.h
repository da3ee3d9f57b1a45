// What happened on a node, as text.
#pragma once

#include <string>

#include "matic/v1/node.pb.h"
#include "osctl/render/terminal.h"

namespace matic::osctl {

using Events = google::protobuf::RepeatedPtrField<v1::HistoryEvent>;

// A line each, below a heading.
std::string EventTable(const Events& events, const Terminal& terminal);

std::string HistoryTable(const v1::GetHistoryResponse& history, const Terminal& terminal);

// The same, one event a paragraph, with the output that belongs to it.
std::string HistoryWithOutput(const v1::GetHistoryResponse& history, const Terminal& terminal);

}  // namespace matic::osctl
