#include "tests/unit/agent/prechecks/small_machine.h"

namespace matic::prechecks {
namespace {

class BatteryTest : public SmallMachine {
 protected:
  BatteryTest() { wanted_.battery_min_percent = 30; }

  void Add(const std::string& name, const std::string& status, const std::string& capacity,
           const std::string& type = "Battery") {
    Write("power/" + name + "/type", type + "\n");
    Write("power/" + name + "/status", status + "\n");
    Write("power/" + name + "/capacity", capacity + "\n");
  }
};

constexpr char kTooLow[] =
    "battery: the machine runs on its battery, which is at 29 %, at least 30 % are needed: connect "
    "it to power";

TEST_F(BatteryTest, AMachineWithoutOnePasses) {
  EXPECT_EQ(Refusals(), "");
  Write("power/AC/type", "Mains\n");
  Write("power/AC/online", "0\n");
  EXPECT_EQ(Refusals(), "");
}

TEST_F(BatteryTest, ALowOneRefusesWhileItDischarges) {
  Add("BAT0", "Discharging", "29");
  EXPECT_EQ(Refusals(), kTooLow);
  Add("BAT0", "Charging", "29");
  EXPECT_EQ(Refusals(), "");
  Add("BAT0", "Not charging", "29");
  EXPECT_EQ(Refusals(), "");
  Add("BAT0", "Discharging", "30");
  EXPECT_EQ(Refusals(), "");
}

TEST_F(BatteryTest, SeveralAreOneSupply) {
  Add("BAT0", "Unknown", "55");
  Add("BAT1", "Discharging", "3");
  EXPECT_EQ(Refusals(), kTooLow);
  Add("BAT0", "Unknown", "57");
  EXPECT_EQ(Refusals(), "");
}

TEST_F(BatteryTest, AnUninterruptibleSupplyIsOne) {
  Add("ups", "Discharging", "29", "UPS");
  EXPECT_EQ(Refusals(), kTooLow);
}

TEST_F(BatteryTest, ThatOfAMouseIsNoSupply) {
  Add("hid-mouse", "Discharging", "2");
  Write("power/hid-mouse/scope", "Device\n");
  EXPECT_EQ(Refusals(), "");
}

TEST_F(BatteryTest, AnEmptyBayAndNonsenseAreNoSupply) {
  Add("BAT0", "Discharging", "0");
  Write("power/BAT0/present", "0\n");
  Add("BAT1", "Discharging", "");
  Add("BAT2", "Discharging", "-1");
  Add("BAT3", "Discharging", "12 %");
  Add("BAT4", "Discharging", "4000000000000000000000");
  Add("BAT5", "Discharging", std::string(100000, '1'));
  EXPECT_EQ(Refusals(), "");
}

}  // namespace
}  // namespace matic::prechecks
