// SPDX-License-Identifier: Apache-2.0
//
// The discovery program as its user sees it: what it prints, how it exits, and that on a real
// machine it answers programs that are not ours.

#include "examples/common/program.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/bind_mode.h"
#include "udp/ip_address.h"
#include "udp/socket_engine.h"
#include "udp/udp_socket.h"

namespace pollux::examples {
namespace {

using ::testing::HasSubstr;

class Discovery : public Program {
 public:
  explicit Discovery(const std::vector<std::string>& arguments)
      : Program("examples/discovery/discovery", arguments) {}
};

TEST(DiscoveryProgramTest, TellsAStoryByDefault) {
  Discovery first({});
  EXPECT_EQ(first.Wait(), 0) << first.output();
  EXPECT_THAT(first.output(), HasSubstr("seed 2,"));
  EXPECT_THAT(first.output(), HasSubstr("outcome: 2 of 2 clients have their answer"));
  Discovery again({"--seed=2", "--loss", "1/4"});
  EXPECT_EQ(again.Wait(), 0);
  EXPECT_EQ(again.output(), first.output());
}

TEST(DiscoveryProgramTest, MakesFilesOfTheRunOnRequest) {
  const std::string folder = ::testing::TempDir();
  Discovery program({absl::StrCat("--pcapng=", folder, "/run.pcapng"),
                     absl::StrCat("--html=", folder, "/run.html")});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  std::string line;
  std::ifstream capture(absl::StrCat(folder, "/run.pcapng"), std::ios::binary);
  std::getline(capture, line);
  std::getline(capture, line);
  EXPECT_EQ(line.substr(0, 2), "\r\r") << "of a section header block's number";
  std::ifstream page(absl::StrCat(folder, "/run.html"));
  std::getline(page >> std::ws, line);
  EXPECT_EQ(line, "<!DOCTYPE html>");
  for (const char* flag : {"--pcapng=", "--html="}) {
    const std::string path = absl::StrCat(folder, "/no/such/folder");
    Discovery refused({absl::StrCat(flag, path)});
    EXPECT_EQ(refused.Wait(), 1) << refused.output();
    EXPECT_THAT(refused.output(), HasSubstr(absl::StrCat("cannot write ", path)));
  }
}

// As "bazel run" begins it: elsewhere, and with the user's folder in the environment.
TEST(DiscoveryProgramTest, NamesOfFilesAreMeantFromTheUsersFolder) {
  const std::string folder = ::testing::TempDir();
  ASSERT_EQ(setenv("BUILD_WORKING_DIRECTORY", folder.c_str(), 1), 0);
  Discovery program({"--html=here.html"});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_TRUE(std::ifstream(absl::StrCat(folder, "/here.html")).is_open());
  ASSERT_EQ(unsetenv("BUILD_WORKING_DIRECTORY"), 0);
}

TEST(DiscoveryProgramTest, FailsWhenAClientHasNoAnswer) {
  Discovery program({"--loss=1", "--timeout=3s", "--clients=1"});
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.output(), HasSubstr("client-1: found no service within 3s"));
}

// A file of the test's own with that text.
std::string FileWith(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(DiscoveryProgramTest, APlanHasTheServiceCrashAndComeBack) {
  const std::string plan = FileWith("crash.plan",
                                    "at 101ms crash service  # Before anyone has an answer.\n"
                                    "at 3s restart service\n");
  Discovery program({"--loss=0", "--plan=" + plan});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("! crashed"));
  EXPECT_THAT(program.output(), HasSubstr("! restarted"));
  EXPECT_THAT(program.output(), HasSubstr("outcome: 2 of 2 clients have their answer"));
}

TEST(DiscoveryProgramTest, AClientThatAPlanCrashesHasNoAnswer) {
  const std::string plan = FileWith("client.plan", "at 50ms crash client-1\n");
  Discovery program({"--loss=0", "--timeout=3s", "--plan=" + plan});
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.output(), HasSubstr("client-1: did not live to tell"));
  EXPECT_THAT(program.output(), HasSubstr("outcome: 1 of 2 clients"));
}

TEST(DiscoveryProgramTest, APlanThatCannotBeIsNamed) {
  const std::string damaged = FileWith("damaged.plan", "\nat 2s explode service\n");
  Discovery damage({"--plan=" + damaged});
  EXPECT_EQ(damage.Wait(), 2);
  EXPECT_THAT(damage.output(), HasSubstr("damaged.plan:2: \"at 2s explode service\": \"explode\""));
  const std::string stranger = FileWith("stranger.plan", "at 2s crash server\n");
  Discovery unknown({"--plan=" + stranger});
  EXPECT_EQ(unknown.Wait(), 1);
  EXPECT_THAT(unknown.output(),
              HasSubstr("stranger.plan:1: \"at 2s crash server\": there is no host"));
  Discovery missing({"--plan=/nowhere/at.all"});
  EXPECT_EQ(missing.Wait(), 2);
  EXPECT_THAT(missing.output(), HasSubstr("--plan=/nowhere/at.all: the file cannot be read"));
}

TEST(DiscoveryProgramTest, WrongArgumentsAreNamedAndExitWithTwo) {
  const std::pair<std::string, std::string> cases[] = {
      {"--los=1/4", "there is no flag '--los=1/4'"},
      {"--loss=5/4", "5/4"},
      {"--seed=x", "'x' is no value for --seed"},
      {"--clients=0", "--clients=0"},
      {"--group=10.0.0.1", "--group=10.0.0.1 is no multicast group"},
      {"--group=239.1.2", "239.1.2"},
      {"--port=70000", "--port=70000"},
      {"--port=", "--port"},
      {"--engine=real", "--engine=real"},
      {"--timeout=0", "--timeout"},
      {"--seed", "needs a value"},
      {"story", "'story' is no flag"},
  };
  for (const auto& [argument, message] : cases) {
    Discovery program({argument});
    EXPECT_EQ(program.Wait(), 2) << argument << "\n" << program.output();
    EXPECT_THAT(program.output(), HasSubstr(message));
  }
  Discovery role({"--engine=native", "--role=king"});
  EXPECT_EQ(role.Wait(), 2);
  EXPECT_THAT(role.output(), HasSubstr("--role=king"));
}

TEST(DiscoveryProgramTest, HelpListsItsFlags) {
  Discovery program({"--help"});
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_THAT(program.output(), HasSubstr("--loss"));
  EXPECT_THAT(program.output(), HasSubstr("[1/4]"));
}

// ---- On this machine, on its loopback interface ----

class NativeDiscoveryTest : public ::testing::Test {
 protected:
  // Holds a port that is free, so that no other test gets it, and shares it with those who ask.
  NativeDiscoveryTest() : engine_(NewNativeEngine()), holder_(**engine_) {
    EXPECT_TRUE(holder_.Bind(IpAddress::AnyIpv4(), 0, BindMode::kShareAddress).ok());
  }

  std::string Port() const { return absl::StrCat("--port=", holder_.local_endpoint().port); }

  absl::StatusOr<std::unique_ptr<SocketEngine>> engine_;
  UdpSocket holder_;
};

TEST_F(NativeDiscoveryTest, ClientsFindTheServiceOfThisMachine) {
  Discovery program({"--engine=native", "--clients=3", Port()});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("outcome: 3 of 3 clients have their answer"));
}

TEST_F(NativeDiscoveryTest, ServiceAndClientsCanBeTwoPrograms) {
  Discovery service({"--engine=native", "--role=service", Port()});
  ASSERT_TRUE(service.WaitFor("Ctrl-C stops it")) << service.output();
  Discovery clients({"--engine=native", "--role=client", Port()});
  EXPECT_EQ(clients.Wait(), 0) << clients.output();
  service.Interrupt();
  EXPECT_EQ(service.Wait(), 0) << service.output();
  EXPECT_THAT(service.output(), HasSubstr("stopped; 2 questions answered"));
}

TEST_F(NativeDiscoveryTest, AnswersAProgramThatIsNotOurs) {
  Discovery service({"--engine=native", "--role=service", Port()});
  ASSERT_TRUE(service.WaitFor("Ctrl-C stops it")) << service.output();

  // Nothing of Pollux from here: what any program does to ask a group on the loopback interface.
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_GE(fd, 0);
  const timeval second = {.tv_sec = 1, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
  const in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback));
  sockaddr_in group = {};
  group.sin_family = AF_INET;
  group.sin_port = htons(holder_.local_endpoint().port);
  ASSERT_EQ(inet_pton(AF_INET, "239.255.43.21", &group.sin_addr), 1);
  const absl::string_view question = "ASK 7 name\n";
  char answer[100];
  ssize_t size = -1;
  for (int attempt = 0; attempt < 10 && size < 0; ++attempt) {
    EXPECT_GT(sendto(fd, question.data(), question.size(), 0,
                     reinterpret_cast<const sockaddr*>(&group), sizeof(group)),
              0);
    size = recv(fd, answer, sizeof(answer), 0);
  }
  close(fd);
  ASSERT_GT(size, 0);
  EXPECT_EQ(absl::string_view(answer, static_cast<size_t>(size)), "ANSWER 7 clock");
}

TEST_F(NativeDiscoveryTest, CtrlCEndsClientsThatStillWait) {
  Discovery clients({"--engine=native", "--role=client", "--timeout=1h", Port()});
  ASSERT_TRUE(clients.WaitFor("client-2   looks for a service")) << clients.output();
  clients.Interrupt();
  EXPECT_EQ(clients.Wait(), 1) << clients.output();
  EXPECT_THAT(clients.output(), HasSubstr("stopped"));
}

TEST_F(NativeDiscoveryTest, APortThatIsTakenIsSaid) {
  UdpSocket taker(**engine_);
  ASSERT_TRUE(taker.Bind(IpAddress::AnyIpv4(), 0).ok());
  const uint16_t port = taker.local_endpoint().port;
  Discovery program({"--engine=native", absl::StrCat("--port=", port)});
  EXPECT_EQ(program.Wait(), 1) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("address already in use"));
  EXPECT_THAT(program.output(), HasSubstr(absl::StrCat("Another program holds port ", port)));
}

TEST_F(NativeDiscoveryTest, AnInterfaceThatDoesNotExistIsSaid) {
  Discovery program({"--engine=native", "--interface=nosuch0", Port()});
  EXPECT_EQ(program.Wait(), 1) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("nosuch0"));
}

}  // namespace
}  // namespace pollux::examples
