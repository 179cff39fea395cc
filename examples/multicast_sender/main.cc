// SPDX-License-Identifier: Apache-2.0
//
// Sends to a multicast group from this machine.

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "examples/multicast_sender/multicast_sender.h"
#include "platform/native_engine.h"

ABSL_FLAG(std::string, group, "239.255.43.21", "the multicast group to send to");
ABSL_FLAG(int, port, 45454, "and the port");
ABSL_FLAG(std::string, interface, "",
          "by which interface, name or index; without, the one that the platform chooses");
ABSL_FLAG(int, ttl, 1, "how many networks far it goes, 0 to 255; 0: for this machine alone");
ABSL_FLAG(std::string, text, "Multicast message", "what to send; a number follows it");
ABSL_FLAG(int, count, 0, "how many to send; 0: until Ctrl-C");
ABSL_FLAG(absl::Duration, interval, absl::Seconds(1), "how long to wait between two");

namespace pollux::examples {
namespace {

int Run(const Endpoint& group) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) return Failure(engine.status());
  const absl::StatusOr<NetworkInterface> interface =
      InterfaceFromFlag(**engine, absl::GetFlag(FLAGS_interface));
  if (!interface.ok()) return Failure(interface.status());

  EventLoop& loop = (*engine)->loop();
  StopOnSignal signals(loop);
  absl::Status failure;
  const auto on_sent = [&](absl::string_view payload, const absl::Status& status) {
    if (status.ok()) {
      std::cout << "sent \"" << payload << "\" to " << group << std::endl;
    } else {
      failure = status;
      loop.Stop();
    }
  };
  MulticastSender sender(**engine, {.group = group,
                                    .interface = *interface,
                                    .ttl = absl::GetFlag(FLAGS_ttl),
                                    .text = absl::GetFlag(FLAGS_text),
                                    .count = absl::GetFlag(FLAGS_count),
                                    .interval = absl::GetFlag(FLAGS_interval),
                                    .on_sent = on_sent});
  if (absl::Status s = sender.Start([&] { loop.Stop(); }); !s.ok()) return Failure(s);
  loop.Run();
  if (!failure.ok()) return Failure(failure);
  if (signals.signalled()) std::cout << "stopped" << std::endl;
  return 0;
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "Sends a numbered text to a multicast group.")) {
    return *exit_code;
  }
  const absl::StatusOr<Endpoint> group =
      GroupFromFlags(absl::GetFlag(FLAGS_group), absl::GetFlag(FLAGS_port));
  if (!group.ok()) return UsageError(group.status());
  const int ttl = absl::GetFlag(FLAGS_ttl);
  if (ttl < 0 || ttl > 255) {
    return UsageError(absl::InvalidArgumentError(absl::StrCat("--ttl=", ttl, " is not 0 to 255")));
  }
  if (absl::Status s = CheckCount(absl::GetFlag(FLAGS_count)); !s.ok()) return UsageError(s);
  if (absl::Status s = CheckPositive("interval", absl::GetFlag(FLAGS_interval)); !s.ok()) {
    return UsageError(s);
  }
  return Run(*group);
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }
