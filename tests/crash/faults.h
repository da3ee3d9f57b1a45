// Faults that are planted into a recording, to see that a sweep finds them: as if the program had
// left out a sync, or written in another order.
#pragma once

#include <cstddef>
#include <string>

#include "tests/crash/disk.h"
#include "tests/crash/operation.h"

namespace matic::crash {

enum class Fault {
  kNoFileSync,             // a file is renamed before its content is durable
  kNoStateSync,            // the state is, and no other file
  kNoTrustSync,            // what is trusted is, and no other file
  kNoFolderSync,           // a rename is not waited for
  kNoTableFlush,           // the copies of the partition table are written without a flush between
  kNoFlushBeforeTable,     // the agent changes it before the selector's write is durable
  kNoSelectorFlush,        // the selector starts a slot before its try is durably taken
  kNoFlushBeforeSelector,  // it writes before what the firmware wrote is durable
  kNoPayloadFlush,         // a slot's first block is written before what follows it is durable
  kNoFirstBlockFlush,      // what is staged is noted before its first block is durable
  kFirstBlockFirst,        // a slot's first block is written before what follows it
  kActivatedTooEarly,      // a slot is made bootable before it is written
  kStateAfterTheTable,     // the state is written after the act that it is about
  kRootAfterItsState,      // a root document is written after the state that tells of it
  kFloorTooEarly,          // older versions are shut out before an update is confirmed
  kFloorAfterTheEnd,       // an update is noted as confirmed before older versions are shut out
};

std::string FaultName(Fault fault);

// `journal` as it would have been recorded.
Journal WithFault(Journal journal, Fault fault, const Layout& layout);

}  // namespace matic::crash
