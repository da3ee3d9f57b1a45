#include "agent/api/rules.h"

#include <gtest/gtest.h>

#include "matic/v1/node.pb.h"

namespace matic::api {
namespace {

const google::protobuf::ServiceDescriptor& Node() {
  return *v1::GetStatusRequest::descriptor()->file()->FindServiceByName("Node");
}

TEST(RulesTest, EveryMethodHasARule) {
  for (int i = 0; i < Node().method_count(); ++i) {
    EXPECT_NE(FindRule(Node().method(i)->name()), nullptr)
        << Node().method(i)->name() << " may be called by nobody: agent/api/rules.cc has no row";
  }
}

TEST(RulesTest, EveryRuleHasAMethod) {
  EXPECT_EQ(MethodRules().size(), static_cast<size_t>(Node().method_count()));
  for (const MethodRule& rule : MethodRules()) {
    EXPECT_NE(Node().FindMethodByName(std::string(rule.method)), nullptr) << rule.method;
  }
}

TEST(RulesTest, ReadersReadAndOperatorsChange) {
  for (const MethodRule& rule : MethodRules()) {
    const bool reads = rule.method.starts_with("Get") || rule.method.starts_with("List") ||
                       rule.method.starts_with("Watch");
    EXPECT_EQ(rule.role, reads ? rpc::Role::kReader : rpc::Role::kOperator) << rule.method;
    // A plan changes nothing, and asks whatever server it is told to.
    EXPECT_EQ(rule.changes, !reads && rule.method != "PlanUpdate") << rule.method;
    EXPECT_EQ(Authorise({rpc::Role::kReader, "reader"}, rule.method).has_value(), reads);
    EXPECT_TRUE(Authorise({rpc::Role::kOperator, "operator"}, rule.method));
    EXPECT_TRUE(Authorise({rpc::Role::kAdmin, "admin"}, rule.method));
    EXPECT_FALSE(Authorise({std::nullopt, "nobody"}, rule.method));
  }
}

TEST(RulesTest, DeniesWhatItDoesNotKnow) {
  const auto denied = Authorise({rpc::Role::kAdmin, "admin"}, "EraseDisk");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kPermission);
}

}  // namespace
}  // namespace matic::api
