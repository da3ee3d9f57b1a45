// The CRC-32 of GPT headers, GPT entries and the section table (reflected polynomial 0xedb88320).
#pragma once

#include <cstdint>
#include <span>

namespace matic::boot {

uint32_t Crc32(std::span<const uint8_t> bytes);

}  // namespace matic::boot
