// SPDX-License-Identifier: Apache-2.0
//
// Each sender with its receiver as their user sees them, on the loopback interface.

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/common/program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {
namespace {

using ::testing::HasSubstr;

// Two programs that know each other's messages, and the flags that keep them on loopback.
struct Pair {
  std::string kind;    // "Broadcast": how its messages begin.
  std::string folder;  // How the programs' names begin.
  std::vector<std::string> sender_stays;
  std::vector<std::string> receiver_stays;
};

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.kind; }

std::vector<std::string> Plus(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class SenderReceiverTest : public ::testing::TestWithParam<Pair> {
 protected:
  // On loopback; the destructor ends what still runs.
  static std::unique_ptr<Program> Receiver(const std::vector<std::string>& arguments) {
    return Start("receiver", Plus(GetParam().receiver_stays, arguments));
  }
  static std::unique_ptr<Program> Sender(const std::vector<std::string>& arguments) {
    return Start("sender", Plus(GetParam().sender_stays, arguments));
  }
  // With these arguments alone.
  static std::unique_ptr<Program> Start(const std::string& role,
                                        const std::vector<std::string>& arguments) {
    const std::string name = absl::StrCat(GetParam().folder, "_", role);
    return std::make_unique<Program>(absl::StrCat("examples/", name, "/", name), arguments);
  }

  // The port that a receiver says it listens on; 0 if it says none.
  static int WaitForPort(Program& receiver) {
    const std::string before = "listening on 0.0.0.0:";
    if (!receiver.WaitFor(before) || !receiver.WaitFor("\n")) return 0;
    const std::string& output = receiver.output();
    return std::stoi(output.substr(output.find(before) + before.size()));
  }

  static std::string Message(int number) {
    return absl::StrCat("\"", GetParam().kind, " message ", number, "\"");
  }
};

TEST_P(SenderReceiverTest, TheReceiverPrintsWhatTheSenderSends) {
  const auto receiver = Receiver({"--port=0", "--count=2"});
  const int port = WaitForPort(*receiver);
  ASSERT_NE(port, 0) << receiver->output();
  const auto sender = Sender({absl::StrCat("--port=", port), "--count=2", "--interval=1ms"});
  EXPECT_EQ(sender->Wait(), 0) << sender->output();
  EXPECT_THAT(sender->output(), HasSubstr(absl::StrCat("sent ", Message(2))));
  EXPECT_EQ(receiver->Wait(), 0) << receiver->output();
  for (const int number : {1, 2}) {
    EXPECT_THAT(receiver->output(),
                HasSubstr(absl::StrCat("received ", Message(number), " from 127.0.0.1:")));
  }
}

TEST_P(SenderReceiverTest, CtrlCStopsBoth) {
  if (!Program::CanInterrupt()) GTEST_SKIP() << "there is no console to press Ctrl-C at";
  const auto receiver = Receiver({"--port=0"});
  const int port = WaitForPort(*receiver);
  ASSERT_NE(port, 0) << receiver->output();
  receiver->Interrupt();
  EXPECT_EQ(receiver->Wait(), 0) << receiver->output();
  EXPECT_THAT(receiver->output(), HasSubstr("stopped; 0 received"));

  const auto sender = Sender({absl::StrCat("--port=", port), "--interval=1h"});
  ASSERT_TRUE(sender->WaitFor("sent")) << sender->output();
  sender->Interrupt();
  EXPECT_EQ(sender->Wait(), 0) << sender->output();
  EXPECT_THAT(sender->output(), HasSubstr("stopped"));
}

TEST_P(SenderReceiverTest, TheReceiverGivesUpAtItsTimeout) {
  const auto receiver = Receiver({"--port=0", "--count=1", "--timeout=10ms"});
  EXPECT_EQ(receiver->Wait(), 1);
  EXPECT_THAT(receiver->output(), HasSubstr("0 received within 10ms"));
}

TEST_P(SenderReceiverTest, APortThatIsTakenIsSaid) {
  const absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  ASSERT_TRUE(engine.ok());
  UdpSocket taker(**engine);
  ASSERT_TRUE(taker.Bind(IpAddress::AnyIpv4(), 0).ok());
  const uint16_t port = taker.local_endpoint().port;
  const auto receiver = Receiver({absl::StrCat("--port=", port)});
  EXPECT_EQ(receiver->Wait(), 1);
  EXPECT_THAT(receiver->output(), HasSubstr(absl::StrCat("Another program holds port ", port)));
}

TEST_P(SenderReceiverTest, AnInterfaceThatDoesNotExistIsSaid) {
  const auto sender = Start("sender", {"--interface=nosuch0", "--count=1"});
  EXPECT_EQ(sender->Wait(), 1);
  EXPECT_THAT(sender->output(), HasSubstr("nosuch0"));
}

TEST_P(SenderReceiverTest, WrongArgumentsExitWithTwo) {
  for (const std::string argument :
       {"--port=0", "--port=66000", "--count=-1", "--interval=0", "--x"}) {
    const auto sender = Sender({argument});
    EXPECT_EQ(sender->Wait(), 2) << argument << "\n" << sender->output();
  }
  for (const std::string argument : {"--port=-1", "--count=-1", "--timeout=0", "x"}) {
    const auto receiver = Receiver({argument});
    EXPECT_EQ(receiver->Wait(), 2) << argument << "\n" << receiver->output();
  }
}

INSTANTIATE_TEST_SUITE_P(
    , SenderReceiverTest,
    ::testing::Values(Pair{"Broadcast", "broadcast", {"--address=127.255.255.255"}, {}},
                      Pair{"Multicast", "multicast", {"--interface=lo"}, {"--interface=lo"}}),
    [](const ::testing::TestParamInfo<Pair>& info) { return info.param.kind; });

}  // namespace
}  // namespace pollux::examples
