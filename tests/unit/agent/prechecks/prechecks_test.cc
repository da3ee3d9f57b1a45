#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include "lib/base/unique_fd.h"
#include "tests/unit/agent/prechecks/small_machine.h"

namespace matic::prechecks {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

class PrechecksTest : public SmallMachine {
 protected:
  std::vector<std::string> Refusing(const std::set<std::string>& overridden = {}) {
    std::vector<std::string> names;
    for (const Refusal& refusal :
         Prechecks(wanted_, machine_, processes_, clock_).Run(overridden)) {
      EXPECT_NE(refusal.reason, "") << refusal.check;
      names.push_back(refusal.check);
    }
    return names;
  }

  // Nothing that could be wrong is right.
  void MakeEverythingWrong() {
    wanted_.space_min_mib = 1ull << 40;
    wanted_.disk = {.max_percent = 90, .paths = {folder_}};
    machine_.measure_room = [](const auto&) {
      return health::Room{.path = {}, .bytes = 1000, .used_bytes = 1000};
    };
    machine_.switch_lock = [] { return Fail(ErrorCode::kRefused, "nixos-rebuild (pid 12)"); };
    wanted_.load_max_percent = 100;
    Write("proc/loadavg", "7.00 1.00 1.00 1/100 1000\n");
    wanted_.memory_min_mib = 1000;
    Write("proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 100 kB\n");
    wanted_.min_uptime = std::chrono::hours(1);
    wanted_.battery_min_percent = 50;
    Write("power/BAT0/type", "Battery\n");
    Write("power/BAT0/status", "Discharging\n");
    Write("power/BAT0/capacity", "10\n");
    wanted_.units = {"shop.service"};
    processes_.Script(
        {"systemctl", "show", "--property=LoadState,ActiveState,SubState", "--", "shop.service"},
        ProcessOutcome{0, "LoadState=loaded\nActiveState=failed\nSubState=failed\n"});
    wanted_.system_state = config::SystemState::kRunning;
    processes_.Script({"systemctl", "is-system-running"}, ProcessOutcome{1, "starting\n"});
    wanted_.metered_allowed = false;
    processes_.Script(
        {"busctl", "get-property", "--auto-start=no", "org.freedesktop.NetworkManager",
         "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered"},
        ProcessOutcome{0, "u 1\n"});
    wanted_.backup.file = folder_ / "absent";
    const auto lock = Write("lock", "");
    machine_.package_locks = {{"nix", lock, PackageLock::Kind::kWholeFile}};
    package_work_.Reset(open(lock.c_str(), O_RDWR));
    EXPECT_EQ(flock(package_work_.get(), LOCK_EX), 0);
  }

  UniqueFd package_work_;
};

TEST_F(PrechecksTest, ASoundMachinePassesByDefault) {
  machine_.package_locks = PackageLocks();
  EXPECT_THAT(Refusing({"packages"}), IsEmpty());
  EXPECT_THAT(processes_.runs(), IsEmpty()) << "no program is asked for what nobody wants to know";
}

TEST_F(PrechecksTest, EveryRefusalIsToldAtOnce) {
  MakeEverythingWrong();
  EXPECT_THAT(Refusing(), UnorderedElementsAreArray(Names()));
}

TEST_F(PrechecksTest, OnlyWhatIsNamedIsOverridden) {
  MakeEverythingWrong();
  std::set<std::string> all;
  for (const std::string_view name : Names()) {
    const auto refusing = Refusing({std::string(name)});
    EXPECT_THAT(refusing, testing::Not(testing::Contains(name)));
    EXPECT_EQ(refusing.size(), Names().size() - 1);
    all.insert(std::string(name));
  }
  EXPECT_THAT(Refusing(all), IsEmpty());
  EXPECT_EQ(Refusing({"everything", ""}).size(), Names().size()) << "a name that no check has";
}

TEST_F(PrechecksTest, StoppedItLooksNoFurther) {
  MakeEverythingWrong();
  std::stop_source source;
  source.request_stop();
  EXPECT_THAT(Prechecks(wanted_, machine_, processes_, clock_).Run({}, source.get_token()),
              IsEmpty());
  EXPECT_THAT(processes_.runs(), IsEmpty());
}

TEST_F(PrechecksTest, NamesAreThoseOfTheConfigurationAndForce) {
  EXPECT_THAT(Names(),
              ElementsAre("space", "disk", "load", "memory", "uptime", "battery", "packages",
                          "switch-lock", "services", "system", "metered", "backup"));
}

}  // namespace
}  // namespace matic::prechecks
