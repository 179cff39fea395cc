// SPDX-License-Identifier: Apache-2.0
//
// A peer on this machine, or the server where peers meet. Without a role, all three of them in one
// process, on the loopback interface.

#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "examples/hole_punch/hole_punch.h"
#include "platform/native_engine.h"
#include "udp/endpoint.h"

ABSL_FLAG(std::string, role, "all",
          "'server', which runs until Ctrl-C; 'peer'; or 'all': a server and two peers here");
ABSL_FLAG(int, port, 3478, "server: the port to listen on; 0: one that is free");
ABSL_FLAG(std::string, server, "127.0.0.1:3478", "peer: where the server is");
ABSL_FLAG(std::string, room, "tea", "peer: a word that both peers know");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(10), "peer: when it gives up");

namespace pollux::examples {
namespace {

struct Run {
  bool server = true;
  int peers = 2;
  uint16_t port = 0;
  Endpoint meeting = {};
};

int RunAll(const Run& run) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) return Failure(engine.status());
  EventLoop& loop = (*engine)->loop();
  StopOnSignal signals(loop);
  std::optional<Rendezvous> server;
  Endpoint meeting = run.meeting;
  if (run.server) {
    server.emplace(**engine, run.port);
    if (absl::Status s = server->Start(); !s.ok()) return FailedToBind(s, run.port);
    std::cout << "peers meet at port " << server->endpoint().port << std::endl;
    if (run.peers > 0) meeting = Endpoint(IpAddress::LoopbackIpv4(), server->endpoint().port);
  }
  std::vector<std::unique_ptr<Peer>> peers;
  int waiting = run.peers;
  int failed = 0;
  for (int i = 0; i < run.peers; ++i) {
    peers.push_back(
        std::make_unique<Peer>(**engine, Peer::Options{.server = meeting,
                                                       .room = absl::GetFlag(FLAGS_room),
                                                       .timeout = absl::GetFlag(FLAGS_timeout)}));
    const auto done = [&](const absl::StatusOr<Endpoint>& other) {
      --waiting;
      if (!other.ok()) ++failed;
      std::cout << (other.ok() ? absl::StrCat("reached ", other->ToString())
                               : std::string(other.status().message()))
                << std::endl;
    };
    if (absl::Status s = peers.back()->Start(done); !s.ok()) return Failure(s);
  }
  if (run.peers == 0) {
    loop.Run();
    return 0;
  }
  loop.RunUntil([&] { return waiting == 0; }, absl::InfiniteDuration());
  // The last answer may still be asked for.
  if (waiting == 0 && failed == 0) loop.RunFor(absl::Milliseconds(500));
  return waiting == 0 && failed == 0 ? 0 : kExitFailed;
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code = ParseCommandLine(
          argc, argv, "Peers that reach each other through translators, and where they meet.")) {
    return *exit_code;
  }
  const std::string role = absl::GetFlag(FLAGS_role);
  if (role != "all" && role != "server" && role != "peer") {
    return UsageError(
        absl::InvalidArgumentError(absl::StrCat("--role=", role, " is none of all, server, peer")));
  }
  if (absl::Status s = CheckPositive("timeout", absl::GetFlag(FLAGS_timeout)); !s.ok()) {
    return UsageError(s);
  }
  const absl::StatusOr<uint16_t> port = PortFromFlag(absl::GetFlag(FLAGS_port), 0);
  if (!port.ok()) return UsageError(port.status());
  const absl::StatusOr<Endpoint> meeting = Endpoint::Parse(absl::GetFlag(FLAGS_server));
  if (!meeting.ok() || !meeting->address.is_ipv4() || meeting->port == 0) {
    return UsageError(absl::InvalidArgumentError(
        absl::StrCat("--server=", absl::GetFlag(FLAGS_server), " is no IPv4 address and port")));
  }
  return RunAll({.server = role != "peer",
                 .peers = role == "server" ? 0
                          : role == "peer" ? 1
                                           : 2,
                 .port = role == "all" ? uint16_t{0} : *port,
                 .meeting = *meeting});
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
