// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/native.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "examples/discovery/answers.h"
#include "examples/discovery/discovery.h"
#include "examples/discovery/narrator.h"
#include "platform/native_engine.h"

namespace pollux::examples {
namespace {

// The loopback interface unless another was named, so that nothing leaves the machine unasked.
absl::StatusOr<NetworkInterface> InterfaceFor(SocketEngine& engine, const std::string& name) {
  if (!name.empty()) return InterfaceFromFlag(engine, name);
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = engine.Interfaces();
  if (!interfaces.ok()) return interfaces.status();
  for (const NetworkInterface& interface : *interfaces) {
    if (interface.loopback) return interface;
  }
  return absl::NotFoundError("this machine has no loopback interface; name one with --interface");
}

// What a run has, in the order in which it is needed.
struct Party {
  std::unique_ptr<Service> service;
  std::vector<std::unique_ptr<Client>> clients;
  int running = 0;
  int found = 0;
};

absl::Status StartAll(const NativeRun& run, const Group& group, SocketEngine& engine, Party& party,
                      std::ostream& out) {
  if (run.service) {
    party.service = std::make_unique<Service>(
        engine, Service::Options{.name = "clock",
                                 .group = group,
                                 .answer = AnswersFor("clock", engine.loop()),
                                 .narrator = NarratorFor(out, engine.loop(), "service")});
    if (absl::Status s = party.service->Start(); !s.ok()) return s;
    out << "service on " << party.service->endpoint() << ", group " << group.endpoint << " on "
        << group.interface.name << std::endl;
  }
  for (int i = 1; i <= run.clients; ++i) {
    const std::string name = absl::StrCat("client-", i);
    party.clients.push_back(std::make_unique<Client>(
        engine, Client::Options{.group = group,
                                .question = "time",
                                .timeout = run.timeout,
                                .narrator = NarratorFor(out, engine.loop(), name)}));
    const auto done = [&party, &out, name](const absl::StatusOr<Finding>& result) {
      --party.running;
      if (result.ok()) {
        ++party.found;
      } else {
        out << name << ": " << result.status().message() << std::endl;
      }
    };
    if (absl::Status s = party.clients.back()->Start(done); !s.ok()) return s;
    ++party.running;
  }
  return absl::OkStatus();
}

}  // namespace

int RunNative(const NativeRun& run, std::ostream& out) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) return Failure(engine.status());
  const absl::StatusOr<NetworkInterface> interface = InterfaceFor(**engine, run.interface);
  if (!interface.ok()) return Failure(interface.status());

  StopOnSignal signals((*engine)->loop());
  const Group group = {.endpoint = run.group, .interface = *interface};
  Party party;
  if (absl::Status s = StartAll(run, group, **engine, party, out); !s.ok()) {
    return FailedToBind(s, run.group.port);
  }
  if (run.clients == 0) {
    out << "Ctrl-C stops it" << std::endl;
    (*engine)->loop().Run();
    out << "stopped; " << party.service->answered() << " questions answered" << std::endl;
    return 0;
  }
  (*engine)->loop().RunUntil([&] { return party.running == 0; }, absl::InfiniteDuration());
  if (signals.signalled()) out << "stopped" << std::endl;
  out << "outcome: " << party.found << " of " << run.clients << " clients have their answer"
      << std::endl;
  return party.found == run.clients ? 0 : kExitFailed;
}

}  // namespace pollux::examples
