#include "lib/image/file_order.h"

#include <gtest/gtest.h>

#include "tests/unit/lib/os/temporary_folder.h"

namespace matic::image {
namespace {

TEST(FileOrder, PutsFilesOfOnePackageTogether) {
  const TemporaryFolder root;
  root.Put("usr/bin/b-tool", "x");
  root.Put("usr/bin/a-tool", "x");
  root.Put("usr/lib/a.so", "x");
  root.Put("usr/share/a name\\with#signs", "x");
  root.Put("etc/nobodys", "x");
  root.Put("var/lib/dpkg/info/a.list",
           "/.\n/bin\n/bin/a-tool\n/usr/lib/a.so\n/usr/gone\n"
           "/usr/share/a name\\with#signs\n");
  root.Put("var/lib/dpkg/info/b.list", "/usr/bin/b-tool\n/usr/lib/a.so");
  root.Put("var/lib/dpkg/info/b.md5sums", "x");
  std::filesystem::create_symlink("a-tool", root.path() / "usr/bin/link");
  const auto order = FileOrder(root.path());
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(*order,
            "usr/bin/a-tool 32767\n"
            "usr/lib/a.so 32767\n"
            "usr/share/a\\ name\\\\with\\#signs 32767\n"
            "var/lib/dpkg/info/a.list 32767\n"
            "usr/bin/b-tool 32766\n"
            "var/lib/dpkg/info/b.list 32766\n"
            "var/lib/dpkg/info/b.md5sums 32766\n");
}

TEST(FileOrder, TakesListsFromElsewhere) {
  const TemporaryFolder root;
  const TemporaryFolder lists;
  root.Put("usr/bin/tool", "x");
  lists.Put("a.list", "/usr/bin/tool\n");
  const auto order = FileOrder(root.path(), lists.path());
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(*order, "usr/bin/tool 32767\n");
}

TEST(FileOrder, IsNobodysWhereTheRootHasNoPackages) {
  const TemporaryFolder root;
  root.Put("usr/bin/tool", "x");
  const auto order = FileOrder(root.path());
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(*order, "");
}

}  // namespace
}  // namespace matic::image
