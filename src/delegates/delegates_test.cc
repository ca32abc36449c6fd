// SPDX-License-Identifier: Apache-2.0
#include "delegates/delegates.h"

#include <gmock/gmock.h>

namespace safelight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(DelegateRequestTest, ANameAndItsOptions) {
  const auto request = ParseDelegateRequest("opencl,memory:64MB,profile:a:b");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->name, "opencl");
  EXPECT_THAT(request->options, ElementsAre(Pair("memory", "64MB"), Pair("profile", "a:b")));
  for (const char* wrong : {"", ",memory:1", "opencl,memory", "opencl,:1", "opencl,"}) {
    EXPECT_FALSE(ParseDelegateRequest(wrong).ok()) << wrong;
  }
}

TEST(DelegateRequestTest, UnknownNamesAndOptionsAreErrors) {
  const auto unknown = OpenDelegate("abacus", {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.status().message(), HasSubstr("delegate 'abacus' is not known; there are cpu, reference"));
  const auto option = OpenDelegate("reference,colour:red", {});
  ASSERT_FALSE(option.ok());
  EXPECT_THAT(option.status().message(), HasSubstr("delegate reference: option 'colour' is not known"));
}

}  // namespace
}  // namespace safelight
