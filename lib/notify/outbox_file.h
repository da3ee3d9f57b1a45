// What waits for one channel, kept over the end of the program. Written as a whole at each change,
// at most a few hundred KiB (docs/formats.md, "notifications").
#pragma once

#include <filesystem>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/notify/outbox.h"
#include "lib/os/kept_json.h"

namespace matic::notify {

class OutboxFile {
 public:
  explicit OutboxFile(std::filesystem::path file);

  // Empty where there is none. Ages have grown by the time since it was saved, as far as the wall
  // clock tells it. kCorrupt for a file that was set aside, others for one that cannot be read
  // (lib/os/kept_json.h).
  Result<OutboxContent> Load(WallTime now);

  // Durable when it returns; the folder is made when needed.
  Result<> Save(const OutboxContent& content, WallTime now);

 private:
  KeptJson file_;
};

}  // namespace matic::notify
