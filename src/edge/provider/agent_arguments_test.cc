#include "edge/provider/agent_arguments.h"

#include <gtest/gtest.h>

namespace tradewind::provider {
namespace {

TEST(AgentArguments, AcceleratorsMayBeParts) {
  EXPECT_EQ(accelerator_argument({"A10G", 4, 24}), "--accelerator=A10G:4");
  EXPECT_EQ(accelerator_argument({"H100", 0.5, 80}), "--accelerator=H100:0.5");
}

TEST(AgentArguments, AFolderOfThisMachineIsNoStoreOfACloud) {
  LaunchRequest request;
  request.agent_arguments = {"--store=s3://b/p"};
  EXPECT_TRUE(prove_network_stores(request, "aws").ok());
  request.agent_arguments.push_back("--data-store=file:///home/ana");
  const Status refused = prove_network_stores(request, "aws");
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_EQ(refused.error().message, "aws cannot reach the store file:///home/ana");
}

}  // namespace
}  // namespace tradewind::provider
