#include "agent/transfer/held_content.h"

#include <spdlog/spdlog.h>

#include "lib/delta/index_image.h"
#include "lib/image/image_reader.h"

namespace matic::transfer {

Result<std::optional<delta::ChunkIndex>> LookAtSlot(BlockDevice& slot, bool image_digest,
                                                    std::stop_token stop) {
  const auto image = image::InspectImage(slot);
  if (!image) return std::nullopt;
  auto index = delta::IndexImage(slot, image->image_bytes, {image_digest, stop});
  if (index) return *std::move(index);
  if (index.error().code == ErrorCode::kCancelled) return Fail(index.error());
  spdlog::warn("download: nothing of a slot is reused: {}", index.error().message);
  return std::nullopt;
}

}  // namespace matic::transfer
