// SPDX-License-Identifier: Apache-2.0
//
// Sends broadcasts from this machine.

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/broadcast_sender/broadcast_sender.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "platform/native_engine.h"
#include "udp/ip_address.h"

ABSL_FLAG(std::string, address, "255.255.255.255", "where to send");
ABSL_FLAG(std::string, interface, "",
          "send to the broadcast address of this interface's network instead");
ABSL_FLAG(int, port, 45454, "the port to send to");
ABSL_FLAG(std::string, text, "Broadcast message", "what to send; a number follows it");
ABSL_FLAG(int, count, 0, "how many to send; 0: until Ctrl-C");
ABSL_FLAG(absl::Duration, interval, absl::Seconds(1), "how long to wait between two");

namespace pollux::examples {
namespace {

absl::StatusOr<IpAddress> Destination(SocketEngine& engine, const IpAddress& address) {
  const std::string name = absl::GetFlag(FLAGS_interface);
  if (name.empty()) return address;
  const absl::StatusOr<NetworkInterface> interface = InterfaceFromFlag(engine, name);
  if (!interface.ok()) return interface.status();
  return BroadcastAddressOf(*interface);
}

int Run(const IpAddress& address, uint16_t port) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) return Failure(engine.status());
  const absl::StatusOr<IpAddress> destination = Destination(**engine, address);
  if (!destination.ok()) return Failure(destination.status());

  const Endpoint endpoint(*destination, port);
  EventLoop& loop = (*engine)->loop();
  StopOnSignal signals(loop);
  absl::Status failure;
  const auto on_sent = [&](absl::string_view payload, const absl::Status& status) {
    if (status.ok()) {
      std::cout << "sent \"" << payload << "\" to " << endpoint << std::endl;
    } else {
      failure = status;
      loop.Stop();
    }
  };
  BroadcastSender sender(**engine, {.destination = endpoint,
                                    .text = absl::GetFlag(FLAGS_text),
                                    .count = absl::GetFlag(FLAGS_count),
                                    .interval = absl::GetFlag(FLAGS_interval),
                                    .on_sent = on_sent});
  sender.Start([&] { loop.Stop(); });
  loop.Run();
  if (!failure.ok()) return Failure(failure);
  if (signals.signalled()) std::cout << "stopped" << std::endl;
  return 0;
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "Sends a numbered text to every host of a network.")) {
    return *exit_code;
  }
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(absl::GetFlag(FLAGS_address));
  if (!address.ok()) return UsageError(address.status());
  const absl::StatusOr<uint16_t> port = PortFromFlag(absl::GetFlag(FLAGS_port));
  if (!port.ok()) return UsageError(port.status());
  if (absl::Status s = CheckCount(absl::GetFlag(FLAGS_count)); !s.ok()) return UsageError(s);
  if (absl::Status s = CheckPositive("interval", absl::GetFlag(FLAGS_interval)); !s.ok()) {
    return UsageError(s);
  }
  return Run(*address, *port);
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
