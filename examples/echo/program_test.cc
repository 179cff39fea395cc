// SPDX-License-Identifier: Apache-2.0
//
// The echo programs as their user sees them, on the loopback interface.

#include "examples/common/program.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {
namespace {

using ::testing::HasSubstr;

class Echo : public Program {
 public:
  explicit Echo(const std::vector<std::string>& arguments)
      : Program("examples/echo/echo", arguments) {}

  // The port that it says it listens on; 0 if it says none.
  uint16_t WaitForPort() {
    const std::string before = "echoing on 0.0.0.0:";
    if (!WaitFor(before) || !WaitFor("\n")) return 0;
    return static_cast<uint16_t>(std::stoi(output().substr(output().find(before) + before.size())));
  }
};

class EchoProgramTest : public ::testing::Test {
 protected:
  // Whether a new socket's datagram to that port comes back.
  bool IsAnswered(uint16_t port) {
    UdpSocket client(*engine_);
    EXPECT_TRUE(client.WriteDatagram("hello", {IpAddress::LoopbackIpv4(), port}).ok());
    client.OnReadyRead([&] { engine_->loop().Stop(); });
    engine_->loop().RunFor(absl::Seconds(20));
    const absl::StatusOr<Datagram> answer = client.ReceiveDatagram();
    return answer.ok() && answer->payload == "hello";
  }

  const std::unique_ptr<SocketEngine> engine_ = *NewNativeEngine();
};

TEST_F(EchoProgramTest, AnswersUntilCtrlC) {
  Echo echo({"--port=0"});
  const uint16_t port = echo.WaitForPort();
  ASSERT_NE(port, 0) << echo.output();
  EXPECT_TRUE(IsAnswered(port));
  echo.Interrupt();
  EXPECT_EQ(echo.Wait(), 0) << echo.output();
  EXPECT_THAT(echo.output(), HasSubstr("stopped; 1 received, 1 answered"));
}

TEST_F(EchoProgramTest, WorkersShareThePortAndCtrlCStopsThemAll) {
  Echo echo({"--port=0", "--workers=3", "--spin=20us"});
  const uint16_t port = echo.WaitForPort();
  ASSERT_NE(port, 0) << echo.output();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(IsAnswered(port));
  echo.Interrupt();
  EXPECT_EQ(echo.Wait(), 0) << echo.output();
  EXPECT_THAT(echo.output(), HasSubstr("with 3 workers"));
  EXPECT_THAT(echo.output(), HasSubstr("stopped; 20 received, 20 answered"));
}

TEST_F(EchoProgramTest, APortThatIsTakenIsSaidEvenWhereItsHolderShares) {
  Echo first({"--port=0", "--workers=2"});
  const uint16_t port = first.WaitForPort();
  ASSERT_NE(port, 0) << first.output();
  Echo second({absl::StrCat("--port=", port), "--workers=2"});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.output(), HasSubstr(absl::StrCat("Another program holds port ", port)));
}

TEST_F(EchoProgramTest, WrongArgumentsExitWithTwo) {
  for (const std::string argument :
       {"--port=-1", "--workers=0", "--workers=257", "--spin=-1us", "--x", "x"}) {
    Echo echo({argument});
    EXPECT_EQ(echo.Wait(), 2) << argument << "\n" << echo.output();
  }
}

TEST_F(EchoProgramTest, TheSimulatedOneTellsItsOutcome) {
  Program echo("examples/echo/echo_simulated", {"--count=3"});
  EXPECT_EQ(echo.Wait(), 0) << echo.output();
  EXPECT_THAT(echo.output(), HasSubstr("outcome: 3 sent, "));
}

}  // namespace
}  // namespace pollux::examples
