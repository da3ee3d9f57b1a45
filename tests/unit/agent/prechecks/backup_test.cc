#include <gmock/gmock.h>

#include "tests/unit/agent/prechecks/small_machine.h"

namespace matic::prechecks {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BackupTest : public SmallMachine {
 protected:
  void MakeBackup(std::chrono::seconds age) {
    wanted_.backup.file = Write("backup", "");
    const auto written = std::chrono::file_clock::from_sys(clock_.Now() - age);
    std::filesystem::last_write_time(wanted_.backup.file, written);
  }
};

TEST_F(BackupTest, AFileThatIsNewEnough) {
  wanted_.backup.max_age = 24h;
  MakeBackup(24h);
  EXPECT_EQ(Refusals(), "");
  MakeBackup(24h + 1s);
  EXPECT_EQ(Refusals(), "backup: the backup " + wanted_.backup.file.string() +
                            " is 24 hours old, at most 24 are allowed: make one");
  MakeBackup(-2h);
  EXPECT_THAT(Refusals(), HasSubstr("of a time that is yet to come"));
  std::filesystem::remove(wanted_.backup.file);
  EXPECT_EQ(Refusals(), "backup: no backup: " + wanted_.backup.file.string() +
                            ": No such file or directory; make one");
}

TEST_F(BackupTest, ACommandThatKnows) {
  wanted_.backup.command = {"/usr/bin/backup-is-new", "24h"};
  processes_.Script(wanted_.backup.command, ProcessOutcome{0, "fine\n"});
  EXPECT_EQ(Refusals(), "");
}

TEST_F(BackupTest, ACommandThatFailsIsQuoted) {
  wanted_.backup.command = {"/usr/bin/backup-is-new"};
  processes_.Script(wanted_.backup.command,
                    ProcessOutcome{2, "looking\nthe last one is of \x1b[1mMonday\xff\r\n\n"});
  EXPECT_THAT(Refusals(),
              StartsWith("backup: no backup: /usr/bin/backup-is-new exited with 2: \""));
  EXPECT_THAT(Refusals(), HasSubstr("the last one is of ?[1mMonday?"));
}

TEST_F(BackupTest, ACommandThatSaysNothingOrTooMuch) {
  wanted_.backup.command = {"/usr/bin/backup-is-new"};
  processes_.Script(wanted_.backup.command, ProcessOutcome{1, ""});
  processes_.Script(wanted_.backup.command, ProcessOutcome{1, std::string(60000, 'x')});
  EXPECT_THAT(Refusals(), HasSubstr("exited with 1;"));
  EXPECT_LT(Refusals().size(), 700u);
}

TEST_F(BackupTest, ACommandThatCannotBeRunIsNoBackup) {
  wanted_.backup.command = {"/absent"};
  processes_.Script({"/absent"}, Fail(ErrorCode::kNotFound, "run /absent: No such file"));
  EXPECT_EQ(Refusals(), "backup: the backup's command: run /absent: No such file");
}

TEST_F(BackupTest, BothMustHoldWhereBothAreGiven) {
  MakeBackup(1h);
  wanted_.backup.command = {"/usr/bin/backup-is-new"};
  processes_.Script(wanted_.backup.command, ProcessOutcome{1, ""});
  EXPECT_NE(Refusals(), "");
}

}  // namespace
}  // namespace matic::prechecks
