// SPDX-License-Identifier: Apache-2.0
//
// multicast_sender and multicast_receiver as their user sees them, on the loopback interface.

#include "examples/common/program.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {
namespace {

using ::testing::HasSubstr;

class Receiver : public Program {
 public:
  explicit Receiver(const std::vector<std::string>& arguments)
      : Program("examples/multicast_receiver/multicast_receiver", arguments) {}

  // The port that it says it listens on; 0 if it says none.
  int WaitForPort() {
    const std::string before = "listening on 0.0.0.0:";
    if (!WaitFor(before) || !WaitFor("\n")) return 0;
    return std::stoi(output().substr(output().find(before) + before.size()));
  }
};

class Sender : public Program {
 public:
  explicit Sender(const std::vector<std::string>& arguments)
      : Program("examples/multicast_sender/multicast_sender", arguments) {}
};

TEST(MulticastProgramTest, TheReceiverPrintsWhatTheSenderSends) {
  Receiver receiver({"--port=0", "--interface=lo", "--count=2"});
  const int port = receiver.WaitForPort();
  ASSERT_NE(port, 0) << receiver.output();
  Sender sender({absl::StrCat("--port=", port), "--interface=lo", "--count=2", "--interval=1ms"});
  EXPECT_EQ(sender.Wait(), 0) << sender.output();
  EXPECT_THAT(sender.output(), HasSubstr("sent \"Multicast message 2\""));
  EXPECT_EQ(receiver.Wait(), 0) << receiver.output();
  EXPECT_THAT(receiver.output(), HasSubstr("received \"Multicast message 1\" from 127.0.0.1:"));
  EXPECT_THAT(receiver.output(), HasSubstr("received \"Multicast message 2\" from 127.0.0.1:"));
}

TEST(MulticastProgramTest, CtrlCStopsBoth) {
  Receiver receiver({"--port=0", "--interface=lo"});
  const int port = receiver.WaitForPort();
  ASSERT_NE(port, 0) << receiver.output();
  receiver.Interrupt();
  EXPECT_EQ(receiver.Wait(), 0) << receiver.output();
  EXPECT_THAT(receiver.output(), HasSubstr("stopped; 0 received"));

  Sender sender({absl::StrCat("--port=", port), "--interface=lo", "--interval=1h"});
  ASSERT_TRUE(sender.WaitFor("sent")) << sender.output();
  sender.Interrupt();
  EXPECT_EQ(sender.Wait(), 0) << sender.output();
  EXPECT_THAT(sender.output(), HasSubstr("stopped"));
}

TEST(MulticastProgramTest, TheReceiverGivesUpAtItsTimeout) {
  Receiver receiver({"--port=0", "--interface=lo", "--count=1", "--timeout=10ms"});
  EXPECT_EQ(receiver.Wait(), 1);
  EXPECT_THAT(receiver.output(), HasSubstr("0 received within 10ms"));
}

TEST(MulticastProgramTest, APortThatIsTakenIsSaid) {
  const absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  ASSERT_TRUE(engine.ok());
  UdpSocket taker(**engine);
  ASSERT_TRUE(taker.Bind(IpAddress::AnyIpv4(), 0).ok());
  const uint16_t port = taker.local_endpoint().port;
  Receiver receiver({absl::StrCat("--port=", port)});
  EXPECT_EQ(receiver.Wait(), 1);
  EXPECT_THAT(receiver.output(), HasSubstr(absl::StrCat("Another program holds port ", port)));
}

TEST(MulticastProgramTest, AnInterfaceThatDoesNotExistIsSaid) {
  Sender sender({"--interface=nosuch0", "--count=1"});
  EXPECT_EQ(sender.Wait(), 1);
  EXPECT_THAT(sender.output(), HasSubstr("nosuch0"));
}

TEST(MulticastProgramTest, WrongArgumentsExitWithTwo) {
  for (const std::string argument :
       {"--port=0", "--port=66000", "--count=-1", "--interval=0", "--x"}) {
    Sender sender({argument});
    EXPECT_EQ(sender.Wait(), 2) << argument << "\n" << sender.output();
  }
  for (const std::string argument : {"--port=-1", "--count=-1", "--timeout=0", "x"}) {
    Receiver receiver({argument});
    EXPECT_EQ(receiver.Wait(), 2) << argument << "\n" << receiver.output();
  }
}

}  // namespace
}  // namespace pollux::examples
