// What a value of agent.yaml may be. Inside this folder only, like fields.h.
#pragma once

#include "lib/settings/values.h"

namespace matic::config {

using settings::Checked;
using settings::Choice;
using settings::Decimal;
using settings::Flag;
using settings::Holds;
using settings::IsAbsolute;
using settings::IsHostname;
using settings::kAnyText;
using settings::kHostname;
using settings::kPath;
using settings::kPathOrNothing;
using settings::kSecret;
using settings::kSecretOrNothing;
using settings::Must;
using settings::Number;
using settings::Parsed;
using settings::ParsedList;
using settings::Seconds;
using settings::Text;
using settings::TextList;
using settings::TextRule;
using settings::WholeNumber;
using settings::WrongList;

extern const TextRule kGroup;
extern const TextRule kDisk;
extern const TextRule kListen;
extern const TextRule kUnit;

}  // namespace matic::config
