#include "boot/efi/ata_cache.h"

#include <array>

namespace matic::boot {
namespace {

// The protocol; gnu-efi has none of it.

constexpr EFI_GUID kAtaPassThruGuid = {
    0x1d3de7f0, 0x0807, 0x424f, {0xaa, 0x69, 0x11, 0xa5, 0x4e, 0x19, 0xa4, 0x6f}};

struct CommandBlock {
  uint8_t reserved1[2];
  uint8_t command;
  uint8_t parameters[11];
  uint8_t reserved2[6];
};
static_assert(sizeof(CommandBlock) == 20);

struct StatusBlock {
  uint8_t reserved1[2];
  uint8_t status;
  uint8_t error;
  uint8_t results[10];
  uint8_t reserved2[6];
};
static_assert(sizeof(StatusBlock) == 20);

struct CommandPacket {
  StatusBlock* status;
  const CommandBlock* command;
  uint64_t timeout;  // in units of 100 ns
  void* in;
  void* out;
  uint32_t in_bytes;
  uint32_t out_bytes;
  uint8_t protocol;
  uint8_t length;
};

struct PassThruMode {
  uint32_t attributes;
  uint32_t io_align;
};

struct PassThru {
  PassThruMode* mode;
  EFI_STATUS(EFIAPI* pass_thru)
  (PassThru* self, uint16_t port, uint16_t multiplier_port, CommandPacket* packet, EFI_EVENT event);
  void* get_next_port;
  void* get_next_device;
  void* build_device_path;
  EFI_STATUS(EFIAPI* get_device)
  (PassThru* self, EFI_DEVICE_PATH* path, uint16_t* port, uint16_t* multiplier_port);
};

constexpr uint8_t kNonData = 0x02;
constexpr uint8_t kNoDataTransfer = 0x00;
constexpr uint64_t kDeadline = 300'000'000;  // 30 s
constexpr uint32_t kStatusAlign = 64;

constexpr uint8_t kFlushCacheExt = 0xea;
constexpr uint8_t kFlushCache = 0xe7;    // of disks that count sectors in 28 bits
constexpr uint8_t kStatusFaults = 0x21;  // DF, ERR
constexpr uint8_t kErrorAborted = 0x04;

// A firmware that knows the protocol and not this command leaves its own flush, as one that does
// not know the protocol.
bool IsNotSent(EFI_STATUS status) {
  return status == EFI_UNSUPPORTED || status == EFI_INVALID_PARAMETER ||
         status == EFI_BAD_BUFFER_SIZE;
}

}  // namespace

bool FlushAtaCache(const Firmware& firmware, std::span<const uint8_t> disk_nodes) {
  WholeDevicePath path(disk_nodes);
  EFI_DEVICE_PATH* rest = nullptr;
  EFI_HANDLE controller = path.Nearest(firmware, kAtaPassThruGuid, rest);
  auto* ata = controller ? firmware.Protocol<PassThru>(controller, kAtaPassThruGuid) : nullptr;
  uint16_t port = 0;
  uint16_t multiplier_port = 0;
  if (ata == nullptr || ata->mode->io_align > kStatusAlign ||
      ata->get_device(ata, rest, &port, &multiplier_port) != EFI_SUCCESS) {
    return true;
  }
  for (const uint8_t command : {kFlushCacheExt, kFlushCache}) {
    CommandBlock block{};
    block.command = command;
    alignas(kStatusAlign) StatusBlock status{};
    CommandPacket packet{};
    packet.status = &status;
    packet.command = &block;
    packet.timeout = kDeadline;
    packet.protocol = kNonData;
    packet.length = kNoDataTransfer;
    const EFI_STATUS sent = ata->pass_thru(ata, port, multiplier_port, &packet, nullptr);
    if (sent == EFI_SUCCESS && (status.status & kStatusFaults) == 0) return true;
    if (IsNotSent(sent)) return true;
    if ((status.error & kErrorAborted) == 0) return false;
  }
  return true;
}

}  // namespace matic::boot
