// SPDX-License-Identifier: Apache-2.0
//
// Prints the broadcasts that reach this machine.

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "examples/broadcast_receiver/broadcast_receiver.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "examples/common/wait_for_all.h"
#include "platform/native_engine.h"

ABSL_FLAG(int, port, 45454, "the port to listen on; 0: one that is free");
ABSL_FLAG(int, count, 0, "how many datagrams to wait for; 0: until Ctrl-C");
ABSL_FLAG(absl::Duration, timeout, absl::InfiniteDuration(), "how long to wait for them");

namespace pollux::examples {
namespace {

int Run(uint16_t port) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) return Failure(engine.status());
  StopOnSignal signals((*engine)->loop());
  const int wanted = absl::GetFlag(FLAGS_count);
  int received = 0;
  const auto on_datagram = [&](const Datagram& datagram) {
    if (wanted != 0 && received == wanted) return;
    ++received;
    std::cout << "received \"" << absl::CHexEscape(datagram.payload) << "\" from "
              << datagram.info.source << std::endl;
  };
  BroadcastReceiver receiver(**engine, {.port = port, .on_datagram = on_datagram});
  if (absl::Status s = receiver.Start(); !s.ok()) return FailedToBind(s, port);
  std::cout << "listening on " << receiver.endpoint() << std::endl;
  return WaitForAll((*engine)->loop(), signals, received, wanted, absl::GetFlag(FLAGS_timeout));
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "Prints the datagrams that are sent to a port.")) {
    return *exit_code;
  }
  const absl::StatusOr<uint16_t> port = PortFromFlag(absl::GetFlag(FLAGS_port), 0);
  if (!port.ok()) return UsageError(port.status());
  if (absl::Status s = CheckCount(absl::GetFlag(FLAGS_count)); !s.ok()) return UsageError(s);
  if (absl::Status s = CheckPositive("timeout", absl::GetFlag(FLAGS_timeout)); !s.ok()) {
    return UsageError(s);
  }
  return Run(*port);
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
