#include "agent/nixos/flake_inputs.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "agent/nixos/build.h"
#include "tests/unit/agent/nixos/nix_host.h"

namespace matic::nixos {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(UpdateCommandTest, SuitsTheVersion) {
  const InputsUpdate all{.flake = "/etc/nixos", .inputs = {}};
  const InputsUpdate two{.flake = "/etc/nixos", .inputs = {"nixpkgs", "home"}};
  constexpr const char* kFeatures = "--extra-experimental-features";
  EXPECT_THAT(UpdateCommand({2, 8}, all),
              ElementsAre("nix", "flake", "update", kFeatures, "nix-command flakes", "/etc/nixos"));
  EXPECT_THAT(UpdateCommand({2, 18}, two),
              ElementsAre("nix", "flake", "lock", kFeatures, "nix-command flakes", "/etc/nixos",
                          "--update-input", "nixpkgs", "--update-input", "home"));
  EXPECT_THAT(UpdateCommand({2, 19}, all),
              ElementsAre("nix", "flake", "update", kFeatures, "nix-command flakes", "--flake",
                          "/etc/nixos"));
  EXPECT_THAT(UpdateCommand({3, 0}, two),
              ElementsAre("nix", "flake", "update", kFeatures, "nix-command flakes", "--flake",
                          "/etc/nixos", "nixpkgs", "home"));
}

// A system made of two inputs, as "1-1": what it builds is what they were when they were locked.
class FlakeInputsTest : public NixHost {
 protected:
  FlakeInputsTest() {
    Release("one", "1");
    Release("two", "1");
    Write("config/flake.nix", "{ inputs.one.url = \"path:" + (folder_ / "one").string() +
                                  "\"; inputs.two.url = \"path:" + (folder_ / "two").string() +
                                  R"(";
  outputs = { self, one, two }: {
    nixosConfigurations.web.config.system.build.toplevel =
      import ./toplevel.nix { version = "${one.release}-${two.release}"; };
  };
})");
  }

  void Release(const std::string& input, const std::string& release) {
    Write(input + "/flake.nix", "{ outputs = { self }: { release = \"" + release + "\"; }; }");
  }

  Result<> Update(const std::vector<std::string>& inputs) {
    const Result<NixVersion> version = GetNixVersion(programs_, {});
    if (!version) return Fail(version.error());
    const Result<std::string> updated =
        UpdateInputs(programs_, *version, {.flake = folder_ / "config", .inputs = inputs}, {});
    if (!updated) return Fail(updated.error());
    return {};
  }

  std::string Built() {
    const Result<System> system =
        BuildSystem(programs_,
                    {.target = FlakeTarget{.flake = (folder_ / "config").string(), .host = "web"},
                     .out_link = folder_ / "next"},
                    {});
    return system ? system->version : system.error().message;
  }

  std::string Lock() const {
    std::ifstream file(folder_ / "config/flake.lock");
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(FlakeInputsTest, AreTakenAllOrByName) {
  ASSERT_TRUE(Update({}));
  Release("one", "2");
  Release("two", "2");
  EXPECT_EQ(Built(), "1-1");

  const Result<> one = Update({"one"});
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(Built(), "2-1");

  ASSERT_TRUE(Update({}));
  EXPECT_EQ(Built(), "2-2");
}

TEST_F(FlakeInputsTest, AnInputThatIsNotThereIsToldAndNothingChanged) {
  ASSERT_TRUE(Update({}));
  const std::string before = Lock();
  Release("one", "2");
  const Result<> unknown = Update({"nope"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(unknown.error().message, HasSubstr("nope"));
  EXPECT_EQ(Lock(), before);

  const Result<> option = Update({"--impure"});
  ASSERT_FALSE(option);
  EXPECT_EQ(option.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(FlakeInputsTest, AnInputThatCannotBeFetchedChangesNothing) {
  ASSERT_TRUE(Update({}));
  const std::string before = Lock();
  std::filesystem::rename(folder_ / "two", folder_ / "away");
  Release("one", "2");
  const Result<> updated = Update({});
  ASSERT_FALSE(updated);
  EXPECT_THAT(updated.error().message, HasSubstr((folder_ / "two").string()));
  EXPECT_EQ(Lock(), before);
}

}  // namespace
}  // namespace matic::nixos
