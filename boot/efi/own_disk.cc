#include "boot/efi/own_disk.h"

#include <algorithm>

#include "boot/efi/ata_cache.h"
#include "boot/efi/device_path.h"

namespace matic::boot {
namespace {

constexpr size_t kBounceBytes = 64 * 1024;

// The handle whose device path is exactly `nodes`, and which is a block device.
EFI_BLOCK_IO_PROTOCOL* FindDevice(const Firmware& firmware, std::span<const uint8_t> nodes) {
  WholeDevicePath path(nodes);
  EFI_DEVICE_PATH* rest = nullptr;
  EFI_HANDLE handle = path.Nearest(firmware, EFI_BLOCK_IO_PROTOCOL_GUID, rest);
  if (handle == nullptr) return nullptr;
  // A device further up the path is not the disk.
  const auto left = DevicePathNodes(rest);
  if (!left || !left->empty()) return nullptr;
  return firmware.Protocol<EFI_BLOCK_IO_PROTOCOL>(handle, EFI_BLOCK_IO_PROTOCOL_GUID);
}

}  // namespace

std::optional<OwnDisk> OwnDisk::Find(const Firmware& firmware) {
  const auto* image =
      firmware.Protocol<EFI_LOADED_IMAGE_PROTOCOL>(firmware.image, EFI_LOADED_IMAGE_PROTOCOL_GUID);
  if (image == nullptr || image->DeviceHandle == nullptr) return std::nullopt;
  const auto* path =
      firmware.Protocol<EFI_DEVICE_PATH>(image->DeviceHandle, EFI_DEVICE_PATH_PROTOCOL_GUID);
  if (path == nullptr) return std::nullopt;
  const auto nodes = DevicePathNodes(path);
  if (!nodes) return std::nullopt;
  const auto disk_nodes = DiskOfPartition(*nodes);
  if (!disk_nodes) return std::nullopt;
  EFI_BLOCK_IO_PROTOCOL* device = FindDevice(firmware, *disk_nodes);
  if (device == nullptr || !device->Media->MediaPresent || device->Media->LogicalPartition) {
    return std::nullopt;
  }
  std::optional<Pages> bounce = Pages::Allocate(firmware, kBounceBytes);
  if (!bounce) return std::nullopt;
  return OwnDisk(firmware, *device, *disk_nodes, static_cast<Pages&&>(*bounce));
}

DiskGeometry OwnDisk::geometry() const {
  return {device_.Media->BlockSize, device_.Media->LastBlock + 1};
}

bool OwnDisk::IsAligned(const void* address) const {
  const uintptr_t align = std::max<uintptr_t>(device_.Media->IoAlign, 1);
  return reinterpret_cast<uintptr_t>(address) % align == 0;
}

bool OwnDisk::Contains(uint64_t lba, size_t bytes) const {
  const DiskGeometry disk = geometry();
  return bytes % disk.sector_bytes == 0 && lba <= disk.sectors &&
         bytes / disk.sector_bytes <= disk.sectors - lba;
}

bool OwnDisk::Read(uint64_t lba, std::span<uint8_t> into) {
  if (!Contains(lba, into.size())) return false;
  const UINT32 media = device_.Media->MediaId;
  if (IsAligned(into.data())) {
    return device_.ReadBlocks(&device_, media, lba, into.size(), into.data()) == EFI_SUCCESS;
  }
  while (!into.empty()) {
    const std::span<uint8_t> part = bounce_.bytes().first(std::min(into.size(), kBounceBytes));
    if (device_.ReadBlocks(&device_, media, lba, part.size(), part.data()) != EFI_SUCCESS) {
      return false;
    }
    std::copy(part.begin(), part.end(), into.begin());
    into = into.subspan(part.size());
    lba += part.size() / device_.Media->BlockSize;
  }
  return true;
}

bool OwnDisk::Write(uint64_t lba, std::span<const uint8_t> bytes) {
  if (!Contains(lba, bytes.size()) || device_.Media->ReadOnly) return false;
  const UINT32 media = device_.Media->MediaId;
  while (!bytes.empty()) {
    const std::span<uint8_t> part = bounce_.bytes().first(std::min(bytes.size(), kBounceBytes));
    std::copy_n(bytes.begin(), part.size(), part.begin());
    if (device_.WriteBlocks(&device_, media, lba, part.size(), part.data()) != EFI_SUCCESS) {
      return false;
    }
    bytes = bytes.subspan(part.size());
    lba += part.size() / device_.Media->BlockSize;
  }
  return true;
}

bool OwnDisk::Flush() {
  return device_.FlushBlocks(&device_) == EFI_SUCCESS && FlushAtaCache(firmware_, path_nodes_);
}

EFI_HANDLE OwnDisk::PartitionHandle(const Partition& partition) const {
  EFI_GUID block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
  UINTN count = 0;
  EFI_HANDLE* handles = nullptr;
  if (firmware_.boot().LocateHandleBuffer(ByProtocol, &block_io, nullptr, &count, &handles) !=
      EFI_SUCCESS) {
    return nullptr;
  }
  EFI_HANDLE found = nullptr;
  for (EFI_HANDLE handle : std::span(handles, count)) {
    const auto* path = firmware_.Protocol<EFI_DEVICE_PATH>(handle, EFI_DEVICE_PATH_PROTOCOL_GUID);
    if (path == nullptr) continue;
    const auto nodes = DevicePathNodes(path);
    if (nodes && IsPartitionOf(*nodes, path_nodes_, partition)) found = handle;
  }
  firmware_.boot().FreePool(handles);
  return found;
}

}  // namespace matic::boot
