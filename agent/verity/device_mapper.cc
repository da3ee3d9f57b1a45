#include "agent/verity/device_mapper.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include "lib/base/unique_fd.h"

namespace matic::verity {
namespace {

constexpr char kControl[] = "/dev/mapper/control";

// What every call begins with, and behind it `more` bytes of its own.
class Request {
 public:
  explicit Request(const std::string& name, size_t more = 0) : bytes_(sizeof(dm_ioctl) + more) {
    dm_ioctl& header = this->header();
    header.version[0] = DM_VERSION_MAJOR;
    header.data_size = static_cast<uint32_t>(bytes_.size());
    header.data_start = sizeof(dm_ioctl);
    header.flags = DM_READONLY_FLAG;
    std::ranges::copy(name, header.name);
  }

  dm_ioctl& header() { return *reinterpret_cast<dm_ioctl*>(bytes_.data()); }
  std::span<uint8_t> rest() { return std::span(bytes_).subspan(sizeof(dm_ioctl)); }

  Result<> Send(const UniqueFd& control, unsigned long call, const std::string& what) {
    if (ioctl(control.get(), call, bytes_.data()) == 0) return {};
    const int error = errno;
    if (error != EINVAL) return Fail(OsError(what, error));
    return Fail(ErrorCode::kInvalidArgument, what + ": refused; the kernel's log says why");
  }

 private:
  std::vector<uint8_t> bytes_;
};

Result<> LoadTable(const UniqueFd& control, const MappedDevice& device) {
  constexpr size_t kAlignment = 8;
  const size_t parameters = (device.parameters.size() + kAlignment) / kAlignment * kAlignment;
  Request request(device.name, sizeof(dm_target_spec) + parameters);
  request.header().target_count = 1;
  dm_target_spec target{};
  target.length = device.sectors;
  target.next = static_cast<uint32_t>(sizeof(dm_target_spec) + parameters);
  std::ranges::copy(device.target, target.target_type);
  std::memcpy(request.rest().data(), &target, sizeof target);
  std::ranges::copy(device.parameters, request.rest().begin() + sizeof target);
  return request.Send(control, DM_TABLE_LOAD, "load the table of " + device.name);
}

Result<> Activate(const UniqueFd& control, const MappedDevice& device) {
  MATIC_TRY(LoadTable(control, device));
  Request resume(device.name);
  return resume.Send(control, DM_DEV_SUSPEND, "start " + device.name);
}

}  // namespace

Result<std::filesystem::path> MapReadOnly(const MappedDevice& device) {
  if (device.name.size() >= DM_NAME_LEN || device.target.size() >= DM_MAX_TYPE_NAME) {
    return Fail(ErrorCode::kInvalidArgument, device.name + ": a name that is too long");
  }
  const UniqueFd control(open(kControl, O_RDWR | O_CLOEXEC));
  if (!control.valid()) return Fail(OsError(std::string("open ") + kControl, errno));
  Request create(device.name);
  MATIC_TRY(create.Send(control, DM_DEV_CREATE, "make " + device.name));
  const uint64_t numbers = create.header().dev;
  if (auto active = Activate(control, device); !active) {
    Request remove(device.name);
    [[maybe_unused]] const auto ignored =
        remove.Send(control, DM_DEV_REMOVE, "remove " + device.name);
    return Fail(std::move(active).error());
  }
  return std::filesystem::path("/dev/dm-" + std::to_string(minor(static_cast<dev_t>(numbers))));
}

}  // namespace matic::verity
