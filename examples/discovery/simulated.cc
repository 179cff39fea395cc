// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/simulated.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/discovery/answers.h"
#include "examples/discovery/discovery.h"
#include "examples/discovery/narrator.h"
#include "examples/discovery/story.h"
#include "sim/network.h"
#include "sim/trace/html.h"
#include "sim/trace/pcapng.h"
#include "sim/trace/write_file.h"

namespace pollux::examples {
namespace {

constexpr absl::Duration kLatency = absl::Milliseconds(2);
// How long the clients are there before the service.
constexpr absl::Duration kServiceDelay = absl::Milliseconds(100);

// A client and what came of it.
struct Asker {
  std::string name;
  std::unique_ptr<Client> client;
  absl::StatusOr<Finding> result = absl::UnknownError("did not live to tell");
  bool done = false;
  absl::Duration took;
};

void PrintTitle(const SimulatedRun& run, std::ostream& out) {
  out << "discovery, simulated: seed " << run.seed << ", 1 service and " << run.clients
      << (run.clients == 1 ? " client" : " clients") << " on a LAN that loses "
      << run.loss.ToString() << " of all datagrams\n"
      << "(another --seed is another story; the same one is this story again)\n\n";
}

// What makes files of the run, as far as they are asked for.
class Files {
 public:
  Files(const SimulatedRun& run, sim::Network& net) : run_(run), net_(net) {
    if (!run.pcapng.empty()) capture_.emplace(net.trace(), net.scene());
    if (!run.html.empty()) page_.emplace(net.trace(), net.scene());
  }

  absl::Status Write() const {
    absl::Status status;
    if (capture_) status.Update(sim::WriteFile(run_.pcapng, capture_->File()));
    if (page_) {
      status.Update(sim::WriteFile(
          run_.html, page_->Page({.title = absl::StrCat("discovery, seed ", run_.seed),
                                  .story = net_.Story().ToString()})));
    }
    return status;
  }

 private:
  const SimulatedRun& run_;
  const sim::Network& net_;
  std::optional<sim::PcapngTrace> capture_;
  std::optional<sim::HtmlTrace> page_;
};

SimulatedResult Summarise(const std::vector<Asker>& askers, const Story& story,
                          uint64_t fingerprint, std::ostream& out) {
  SimulatedResult result;
  result.lost = story.lost();
  result.fingerprint = fingerprint;
  out << "\n";
  for (const Asker& asker : askers) {
    out << asker.name << ": ";
    if (!asker.result.ok()) {
      out << asker.result.status().message() << "\n";
      continue;
    }
    ++result.found;
    result.retries += asker.result->retries;
    out << asker.result->service << " says \"" << asker.result->answer << "\" after "
        << absl::FormatDuration(asker.took) << " and " << asker.result->retries << " retries\n";
  }
  out << absl::StrFormat(
      "outcome: %d of %d clients have their answer; %d datagrams sent, %d received, %d lost; "
      "fingerprint %016x\n",
      result.found, askers.size(), story.sent(), story.delivered(), story.lost(), fingerprint);
  return result;
}

}  // namespace

absl::StatusOr<SimulatedResult> RunSimulated(const SimulatedRun& run, std::ostream& out) {
  PrintTitle(run, out);
  sim::Network net({.seed = run.seed});
  sim::Segment& lan =
      net.AddSegment("lan", run.group.address.is_ipv6() ? "fd77::/64" : "10.0.0.0/24",
                     {.latency = kLatency, .loss = run.loss});
  Story story(net.trace(), out);
  const Files files(run, net);

  sim::Host& server = net.AddHost("service");
  lan.Attach(server);
  EventLoop& loop = server.engine().loop();
  const Group group = {.endpoint = run.group};
  int running = run.clients;
  std::vector<Asker> askers(static_cast<size_t>(run.clients));
  for (Asker& asker : askers) {
    asker.name = absl::StrCat("client-", &asker - askers.data() + 1);
    sim::Host& host = net.AddHost(asker.name);
    lan.Attach(host);
    asker.client = std::make_unique<Client>(
        host.engine(), Client::Options{.group = group,
                                       .question = "time",
                                       .timeout = run.timeout,
                                       .narrator = NarratorFor(out, loop, asker.name)});
    const absl::Status started = asker.client->Start(
        [&asker, &running, &loop, start = loop.Now()](absl::StatusOr<Finding> result) {
          asker.result = std::move(result);
          asker.took = loop.Now() - start;
          --running;
        });
    if (!started.ok()) return started;
  }
  if (absl::Status s = net.Apply(run.plan); !s.ok()) return s;
  net.RunFor(kServiceDelay);
  absl::Status served;
  server.OnBoot([&](SocketEngine& engine) {
    auto service = std::make_unique<Service>(
        engine, Service::Options{.name = "clock",
                                 .group = group,
                                 .answer = AnswersFor("clock", engine.loop()),
                                 .narrator = NarratorFor(out, engine.loop(), "service")});
    served = service->Start();
    return service;
  });
  // A client that is paused for good is never done.
  const absl::Duration limit = run.plan.End() + 2 * run.timeout;
  net.RunUntil([&] { return running == 0 || !served.ok(); }, limit);
  if (!served.ok()) return served;
  const SimulatedResult result = Summarise(askers, story, net.Fingerprint(), out);
  if (absl::Status s = files.Write(); !s.ok()) return s;
  return result;
}

}  // namespace pollux::examples
