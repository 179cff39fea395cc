// SPDX-License-Identifier: Apache-2.0
//
// Prints what is sent to a multicast group that this machine can hear.

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "examples/common/wait_for_all.h"
#include "examples/multicast_receiver/multicast_receiver.h"
#include "platform/native_engine.h"

ABSL_FLAG(std::string, group, "239.255.43.21", "the multicast group to join");
ABSL_FLAG(int, port, 45454, "the port to listen on; 0: one that is free");
ABSL_FLAG(std::string, interface, "",
          "on which interface, name or index; without, the one that the platform chooses");
ABSL_FLAG(int, count, 0, "how many datagrams to wait for; 0: until Ctrl-C");
ABSL_FLAG(absl::Duration, timeout, absl::InfiniteDuration(), "how long to wait for them");

namespace pollux::examples {
namespace {

int Run(const Endpoint& group) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) return Failure(engine.status());
  const absl::StatusOr<NetworkInterface> interface =
      InterfaceFromFlag(**engine, absl::GetFlag(FLAGS_interface));
  if (!interface.ok()) return Failure(interface.status());

  StopOnSignal signals((*engine)->loop());
  const int wanted = absl::GetFlag(FLAGS_count);
  int received = 0;
  const auto on_datagram = [&](const Datagram& datagram) {
    if (wanted != 0 && received == wanted) return;
    ++received;
    std::cout << "received \"" << absl::CHexEscape(datagram.payload) << "\" from "
              << datagram.info.source << std::endl;
  };
  MulticastReceiver receiver(**engine,
                             {.group = group, .interface = *interface, .on_datagram = on_datagram});
  if (absl::Status s = receiver.Start(); !s.ok()) return FailedToBind(s, group.port);
  std::cout << "listening on " << receiver.endpoint() << ", member of " << group.address
            << std::endl;
  return WaitForAll((*engine)->loop(), signals, received, wanted, absl::GetFlag(FLAGS_timeout));
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "Prints what is sent to a multicast group.")) {
    return *exit_code;
  }
  const absl::StatusOr<Endpoint> group =
      GroupFromFlags(absl::GetFlag(FLAGS_group), absl::GetFlag(FLAGS_port), 0);
  if (!group.ok()) return UsageError(group.status());
  if (absl::Status s = CheckCount(absl::GetFlag(FLAGS_count)); !s.ok()) return UsageError(s);
  if (absl::Status s = CheckPositive("timeout", absl::GetFlag(FLAGS_timeout)); !s.ok()) {
    return UsageError(s);
  }
  return Run(*group);
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
