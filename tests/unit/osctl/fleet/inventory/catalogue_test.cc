// Machines that a program lists.
#include "osctl/fleet/inventory/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osctl/fleet/inventory/address.h"
#include "tests/unit/osctl/fleet/inventory/reading.h"

namespace matic::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kFile[] = "inventory: {exec: [/bin/list, --list]}\n";

class CatalogueTest : public testing::Test {
 protected:
  Checked ReadWith(const std::string& printed, const std::string& file = kFile) {
    fakes::FakeProcessRunner runner;
    runner.Script({"/bin/list", "--list"}, ProcessOutcome{.output = printed});
    return CheckInventory("/etc/matic/fleet.yaml", file, runner);
  }

  std::vector<std::string> ComplaintsWith(const std::string& printed,
                                          const std::string& file = kFile) {
    std::vector<std::string> messages;
    for (const Error& problem : ReadWith(printed, file).problems) {
      messages.push_back(problem.message);
    }
    return messages;
  }

  fakes::FakeProcessRunner runner_;
};

std::vector<std::string> Shown(const Inventory& fleet) {
  std::vector<std::string> shown;
  for (const Machine& machine : fleet.machines) {
    std::string line = machine.name + " " + FormatAddress(machine.address);
    for (const std::string& tag : machine.tags) line += " " + tag;
    shown.push_back(line);
  }
  return shown;
}

TEST_F(CatalogueTest, AddsToTheMachinesOfTheFile) {
  const Checked checked =
      ReadWith(R"({"machines": {"b": {"host": "b", "tags": ["t"]}, "c": {"address": "ssh://c"}}})",
               std::string(kFile) + "machines: {a: {host: a}}\ngroups: {g: {tags: [t]}}\n");
  ASSERT_THAT(checked.problems, IsEmpty()) << checked.problems.front().message;
  EXPECT_THAT(Shown(checked.inventory), ElementsAre("a a:50051", "b b:50051 t", "c ssh://c"));
  EXPECT_THAT(checked.inventory.groups.at(0).machines, ElementsAre("b"));
}

TEST_F(CatalogueTest, TheProgramRunsWhereTheFileIsAndHasATime) {
  runner_.Script({"/etc/matic/list"}, ProcessOutcome{.output = "machines: {a: {host: a}}\n"});
  const Checked checked =
      CheckInventory("/etc/matic/fleet.yaml", "inventory: {exec: ./list, timeout: 5s}\n", runner_);
  EXPECT_THAT(checked.problems, IsEmpty()) << checked.problems.front().message;
  ASSERT_EQ(runner_.commands().size(), 1u);
  EXPECT_EQ(runner_.commands()[0].folder, "/etc/matic");
}

TEST_F(CatalogueTest, TakesWhatAnsiblesProgramsPrint) {
  const Checked checked = ReadWith(R"({
    "_meta": {"hostvars": {
      "web-1": {"ansible_host": "10.0.0.11", "ansible_port": 2222},
      "web-2": {"matic_address": "10.0.0.12:50051", "rack": {"row": 3}},
      "desk": {"ansible_connection": "local"}}},
    "all": {"children": ["ungrouped", "prod"], "vars": {"ansible_user": "root"}},
    "prod": {"children": ["web", "prod"]},
    "web": {"hosts": ["web-1", "web-2"], "vars": {"ansible_user": "deploy"}},
    "db": ["db-1"],
    "ungrouped": {"hosts": ["desk"]}})");
  ASSERT_THAT(checked.problems, IsEmpty()) << checked.problems.front().message;
  EXPECT_THAT(Shown(checked.inventory),
              testing::UnorderedElementsAre(
                  "web-1 ssh://deploy@10.0.0.11:2222 prod web", "web-2 10.0.0.12:50051 prod web",
                  "db-1 ssh://root@db-1 db", "desk unix:///run/matic/agent.sock"));
  EXPECT_TRUE(checked.inventory.FindMachine("desk")->self);
}

TEST_F(CatalogueTest, MistakesInWhatItPrintsAreToldWithTheirPlace) {
  EXPECT_THAT(ComplaintsWith("machines:\n  a: {hots: a}\n"),
              ElementsAre("output of /bin/list:2: machines.a.hots: no such key"));
  EXPECT_THAT(ComplaintsWith("machines:\n  a: {host: a}\n",
                             std::string(kFile) + "machines: {a: {host: b}}\n"),
              ElementsAre("output of /bin/list:2: machines.a: is there already, at "
                          "/etc/matic/fleet.yaml:2"));
  EXPECT_THAT(ComplaintsWith("groups: {}\n"),
              ElementsAre("output of /bin/list:1: groups: no such key"));
  EXPECT_EQ(ComplaintsWith(R"({"all": {"hosts": ["a b", "-x"]}})").size(), 2u);
  EXPECT_THAT(ComplaintsWith(R"({"all": {"hosts": ["a"], "vars": {"ansible_host": "-oX"}}})"),
              ElementsAre(HasSubstr("host 'a': its address must be")));
}

TEST_F(CatalogueTest, AProgramThatFailsIsTold) {
  runner_.Script({"/bin/list", "--list"},
                 ProcessOutcome{.exit_code = 3, .errors = "warming up\nno token\n"});
  EXPECT_THAT(CheckInventory("f", kFile, runner_).problems.at(0).message,
              "inventory.exec: /bin/list exited with 3: no token");
}

TEST_F(CatalogueTest, IsNotAskedForAFileThatIsWrong) {
  const Checked checked = CheckInventory("f", std::string(kFile) + "grups: {}\n", runner_);
  EXPECT_EQ(checked.problems.size(), 1u);
  EXPECT_THAT(runner_.commands(), IsEmpty());
}

TEST_F(CatalogueTest, EndsInTimeAndIsBounded) {
  SystemProcessRunner runner;
  const Checked late = CheckInventory(
      "/tmp/fleet.yaml", "inventory: {exec: [/bin/sleep, '60'], timeout: 1s}\n", runner);
  ASSERT_EQ(late.problems.size(), 1u);
  EXPECT_EQ(late.problems[0].code, ErrorCode::kDeadline);
  const Checked large = CheckInventory(
      "/tmp/fleet.yaml", "inventory: {exec: [/bin/head, -c, 9M, /dev/zero]}\n", runner);
  ASSERT_EQ(large.problems.size(), 1u);
  EXPECT_THAT(large.problems[0].message, HasSubstr("larger than 8388608 bytes"));
}

TEST_F(CatalogueTest, GroupsMayWaitForMachinesThatItDoesNotListToday) {
  const Checked checked =
      ReadWith("machines: {}\n", std::string(kFile) + "groups: {g: {tags: [t]}}\n");
  EXPECT_THAT(checked.problems, IsEmpty()) << checked.problems.front().message;
  EXPECT_THAT(checked.notes, ElementsAre("groups.g: no machine is in it"));
}

}  // namespace
}  // namespace matic::fleet
