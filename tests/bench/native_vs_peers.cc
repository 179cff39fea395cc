// SPDX-License-Identifier: Apache-2.0
//
// Pollux against the bare system calls and against other libraries, on loopback, in one run:
//
//   ./bazelw run -c opt --config=peers //tests/bench:native_vs_peers -- --svg=/tmp/peers.svg
//
// Every method sends, or receives, by turns with all others; what holds beyond this machine and
// this moment are ratios within a round, of which the medians are printed. A sample in which the
// thread lost its processor to somebody is measured again. The last lines are one for each bar.

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "tests/bench/peers/peer.h"
#include "tests/bench/peers/report.h"

ABSL_FLAG(int, rounds, 15, "How many alternations, at least 9 for the bars to mean something.");
ABSL_FLAG(bool, quick, false, "3 alternations of 1200 bytes alone.");
ABSL_FLAG(std::vector<std::string>, sizes,
          (std::vector<std::string>{"64", "512", "1200", "1472", "8192"}),
          "Payload sizes in bytes; the bars are about 1200.");
ABSL_FLAG(std::vector<std::string>, parts, (std::vector<std::string>{"costs", "floods", "trips"}),
          "What to measure: costs, floods, trips. A bar of what was not measured is not printed.");
ABSL_FLAG(
    std::string, only, "",
    "Measures alone the ways that one of these texts is part of, separated by |, as \"pollux: "
    "OnReadyRead|raw: epoll\". For profilers, and for bars that want many rounds.");
ABSL_FLAG(std::string, svg, "", "Where to write the plot; nowhere if empty.");

namespace pollux::bench {
namespace {

constexpr size_t kBurst = 256;  // Datagrams sent before they are received.
constexpr size_t kBurstsPerSample = 8;
constexpr int kTriesPerSample = 3;
// How often each end is made anew: where its memory happens to lie decides some of what it costs.
constexpr int kMakings = 4;
constexpr size_t kRoundTripsPerSample = 200;
constexpr size_t kBarSize = 1200;  // What the bars are about.
// Round trips have more rounds than the rest, since libraries lie close together there.
constexpr int kTripRounds = 4;

int64_t Nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t CpuNow() { return Nanoseconds(CLOCK_THREAD_CPUTIME_ID); }
int64_t WallNow() { return Nanoseconds(CLOCK_MONOTONIC); }

// How often the kernel has taken this thread's processor away.
int64_t Preemptions() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  sched_setaffinity(0, sizeof(set), &set);
}

// The processors that this process may use, as asked before any thread was pinned.
std::vector<int> FindProcessors() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof(set), &set);
  std::vector<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<size_t>(i), &set)) processors.push_back(i);
  }
  return processors;
}

const std::vector<int>& Processors() {
  static const auto& processors = *new std::vector<int>(FindProcessors());
  return processors;
}

// CPU nanoseconds per datagram of both sides, in one thread: a burst is sent, then received. The
// first one is not measured.
std::pair<double, double> Cost(Sender& sender, Receiver& receiver, size_t burst) {
  std::pair<double, double> best = {0, 0};
  // What the others have left in the processor's caches is nobody's cost.
  sender.Send(burst);
  receiver.Receive(burst);
  for (int attempt = 0; attempt < kTriesPerSample; ++attempt) {
    const int64_t preemptions = Preemptions();
    int64_t send = 0, receive = 0;
    for (size_t i = 0; i < kBurstsPerSample; ++i) {
      const int64_t start = CpuNow();
      sender.Send(burst);
      const int64_t middle = CpuNow();
      receiver.Receive(burst);
      send += middle - start;
      receive += CpuNow() - middle;
    }
    const double datagrams = static_cast<double>(burst * kBurstsPerSample);
    best = {static_cast<double>(send) / datagrams, static_cast<double>(receive) / datagrams};
    if (Preemptions() == preemptions) break;
  }
  return best;
}

// Whether --only leaves the method.
template <typename T>
bool IsWanted(const Method<T>& method) {
  const std::string name = absl::StrCat(method.library, ": ", method.name);
  const std::vector<std::string> texts = absl::StrSplit(absl::GetFlag(FLAGS_only), '|');
  return std::any_of(texts.begin(), texts.end(),
                     [&name](const std::string& text) { return absl::StrContains(name, text); });
}

class Bench {
 public:
  Bench(const Catalogue& catalogue, int rounds) : catalogue_(catalogue), rounds_(rounds) {}

  // What each method of sending, and of receiving, costs.
  void MeasureCosts(size_t size, Report& report) {
    const int makings = std::min(kMakings, rounds_);
    for (int i = 0; i < makings; ++i) {
      MeasureCostsOnce(size, (rounds_ + makings - 1) / makings, report);
    }
  }
  void MeasureCostsOnce(size_t size, int rounds, Report& report) {
    std::vector<std::function<void()>> samples;
    // What each has for a partner is the same for all: the plainest there is, by which it is fed.
    const Method<Sender>& feeder = catalogue_.senders[0];
    const Method<Sender>& run_feeder =
        *std::find_if(catalogue_.senders.begin(), catalogue_.senders.end(),
                      [](const Method<Sender>& method) { return method.name == "UDP_SEGMENT"; });
    const Method<Receiver>& sink = catalogue_.receivers[0];
    const Method<Receiver>& run_sink =
        *std::find_if(catalogue_.receivers.begin(), catalogue_.receivers.end(),
                      [](const Method<Receiver>& method) { return method.name == "UDP_GRO"; });
    for (const Method<Sender>& method : catalogue_.senders) {
      if (!IsWanted(method)) continue;
      const bool runs = method.name == "UDP_SEGMENT" || method.name == "SendBatch to one";
      std::shared_ptr<Receiver> receiver = (runs ? run_sink : sink).make();
      std::shared_ptr<Sender> sender = method.make();
      sender->Aim(receiver->port(), size);
      samples.push_back([=, &report] {
        report.Add("send", method.library, method.name, size,
                   Cost(*sender, *receiver, kBurst).first);
      });
    }
    for (const Method<Receiver>& method : catalogue_.receivers) {
      if (!IsWanted(method)) continue;
      std::shared_ptr<Receiver> receiver = method.make();
      std::shared_ptr<Sender> sender = (method.wants_runs ? run_feeder : feeder).make();
      sender->Aim(receiver->port(), size);
      samples.push_back([=, &report] {
        report.Add("receive", method.library, method.name, size,
                   Cost(*sender, *receiver, kBurst).second);
      });
    }
    Alternate(samples, rounds);
  }

  // One thread sends as fast as it can, another receives.
  void MeasureFloods(size_t size, Report& report) {
    std::vector<std::function<void()>> samples;
    for (const Method<Receiver>& receiving : catalogue_.receivers) {
      const Method<Sender>* const sending = SenderFor(receiving);
      if (sending == nullptr || !IsWanted(receiving)) continue;
      samples.push_back(
          [=, this, &receiving, &report] { Flood(*sending, receiving, size, report); });
    }
    Alternate(samples, size == kBarSize ? rounds_ : std::max(3, rounds_ / 3));
  }

  // Round trips: of both ends on one processor, where what counts is what the library does, and on
  // two, where waking up costs most, but for those who do not sleep.
  void MeasureRoundTrips(Report& report) {
    const std::vector<int>& processors = Processors();
    std::vector<std::function<void()>> samples;
    for (const Method<PingPong>& method : catalogue_.ping_pongs) {
      if (!IsWanted(method)) continue;
      if (!method.spins) {
        samples.push_back([=, this, &method, &report] {
          RoundTrips(method, processors[0], processors[0], "one processor", report);
        });
      }
      if (processors.size() > 1) {
        samples.push_back([=, this, &method, &report] {
          RoundTrips(method, processors[0], processors[1], "two processors", report);
        });
      }
    }
    Alternate(samples, rounds_ * kTripRounds);
  }

 private:
  // Every sample once in each round, in an order of chance, so that none has a place of its own.
  void Alternate(std::vector<std::function<void()>>& samples, int rounds) {
    for (int round = -1; round < rounds; ++round) {
      std::shuffle(samples.begin(), samples.end(), order_);
      warming_ = round < 0;
      Report::SetWarming(warming_);
      for (const std::function<void()>& sample : samples) sample();
    }
  }

  // What the library itself would send with; the raw calls where it has nothing of its own.
  const Method<Sender>* SenderFor(const Method<Receiver>& receiving) const {
    static const std::map<std::string, std::string> kBest = {
        {"recvfrom", "sendto"},
        {"recvmmsg 64", "sendmmsg 64"},
        {"UDP_GRO", "UDP_SEGMENT"},
        {"OnReadyRead, until empty", "WriteDatagram"},
        {"OnReadyRead, ReceiveBatch", "SendBatch to two"},
        {"OnReadyRead, DatagramBatch", "SendBatch to one"},
        {"readDatagram", "writeDatagram"},
        {"async_wait, until empty", "send_to"},
        {"async_receive_from", "send_to"},
        {"recv", "try_send"},
        {"recv, RECVMMSG", "send queue"},
        {"until empty", "sendto"}};
    const auto name = kBest.find(receiving.name);
    if (name == kBest.end()) return nullptr;
    for (const Method<Sender>& sending : catalogue_.senders) {
      const bool own = sending.library == receiving.library || receiving.library == "libevent";
      if (own && sending.name == name->second) return &sending;
    }
    return nullptr;
  }

  void Flood(const Method<Sender>& sending, const Method<Receiver>& receiving, size_t size,
             Report& report) {
    const std::vector<int>& processors = Processors();
    std::promise<uint16_t> port;
    std::atomic<bool> done = false;
    double cpu = 0;
    uint64_t received = 0;
    std::thread thread([&] {
      PinTo(processors.back());
      const std::unique_ptr<Receiver> receiver = receiving.make();
      port.set_value(receiver->port());
      receiver->Receive(1);
      const int64_t start = CpuNow();
      receiver->Receive(UINT64_MAX / 2);
      cpu = static_cast<double>(CpuNow() - start);
      received = receiver->received();
      done = true;
    });
    PinTo(processors.front());
    const std::unique_ptr<Sender> sender = sending.make();
    const uint16_t to = port.get_future().get();
    sender->Aim(to, size);
    uint64_t sent = 0;
    const int64_t start = WallNow();
    const int64_t cpu_start = CpuNow();
    while (WallNow() - start < kFloodNanoseconds) {
      sender->Send(kBurst);
      sent += kBurst;
    }
    const double sender_cpu = static_cast<double>(CpuNow() - cpu_start);
    const double seconds = static_cast<double>(WallNow() - start) * 1e-9;
    End(to, done);
    thread.join();
    report.AddFlood(receiving.library, receiving.name, sending.name, size,
                    {.rate = static_cast<double>(received) / seconds,
                     .loss = 1 - static_cast<double>(received) / static_cast<double>(sent),
                     .send = sender_cpu / static_cast<double>(sent),
                     .receive = cpu / static_cast<double>(std::max<uint64_t>(received, 1))});
  }

  // Sends ending datagrams until they have been noticed: a full buffer can swallow one.
  static void End(uint16_t port, const std::atomic<bool>& done) {
    const int fd = NewSocket();
    sockaddr_in to = Loopback(port);
    while (!done) {
      ::sendto(fd, "", 1, 0, Generic(&to), sizeof(to));
      sched_yield();
    }
    ::close(fd);
  }

  void RoundTrips(const Method<PingPong>& method, int here, int there, const char* where,
                  Report& report) {
    std::promise<uint16_t> port;
    std::atomic<bool> done = false;
    std::thread thread([&] {
      PinTo(there);
      const std::unique_ptr<PingPong> server = method.make();
      port.set_value(server->port());
      server->Serve();
      done = true;
    });
    PinTo(here);
    const std::unique_ptr<PingPong> client = method.make();
    const uint16_t to = port.get_future().get();
    client->Aim(to);
    std::vector<double> microseconds;
    for (size_t i = 0; i < kRoundTripsPerSample + kRoundTripsPerSample / 4; ++i) {
      const int64_t start = WallNow();
      client->RoundTrip();
      const double took = static_cast<double>(WallNow() - start) * 1e-3;
      if (i >= kRoundTripsPerSample / 4) microseconds.push_back(took);
    }
    End(to, done);
    thread.join();
    report.AddRoundTrips(where, method.library, method.name, std::move(microseconds));
  }

  static constexpr int64_t kFloodNanoseconds = 150'000'000;

  const Catalogue& catalogue_;
  const int rounds_;
  bool warming_ = false;
  std::mt19937 order_{7};
};

// The sizes that were asked for.
std::vector<size_t> Sizes(bool quick) {
  if (quick) return {1200};
  std::vector<size_t> sizes;
  for (const std::string& text : absl::GetFlag(FLAGS_sizes)) {
    size_t size = 0;
    // One byte ends a receiver; more than this does not fit the slots that are compared.
    if (!absl::SimpleAtoi(text, &size) || size < 2 || size > 8192) {
      Die(absl::StrCat("--sizes has to be numbers from 2 to 8192, not \"", text, "\""));
    }
    sizes.push_back(size);
  }
  return sizes;
}

std::set<std::string> Parts() {
  std::set<std::string> parts;
  for (const std::string& part : absl::GetFlag(FLAGS_parts)) {
    if (part != "costs" && part != "floods" && part != "trips") {
      Die(absl::StrCat("--parts has to be of costs, floods, trips, not \"", part, "\""));
    }
    parts.insert(part);
  }
  return parts;
}

int Main() {
  const bool quick = absl::GetFlag(FLAGS_quick);
  const int rounds = quick ? 3 : absl::GetFlag(FLAGS_rounds);
  if (rounds < 1) Die("--rounds has to be at least 1");
  const std::vector<size_t> sizes = Sizes(quick);
  const std::set<std::string> parts = Parts();
  Catalogue catalogue;
  AddRaw(catalogue);
  AddPollux(catalogue);
  AddQt(catalogue);
  AddAsio(catalogue);
  AddBoostAsio(catalogue);
  AddLibuv(catalogue);
  AddLibevent(catalogue);

  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Processors();
  Report report;
  Report::PrintMachine(rounds);
  Bench bench(catalogue, rounds);
  for (const size_t size : sizes) {
    if (parts.count("costs") > 0) bench.MeasureCosts(size, report);
    if (parts.count("floods") > 0) bench.MeasureFloods(size, report);
  }
  if (parts.count("costs") > 0) report.PrintCosts(sizes);
  if (parts.count("floods") > 0) report.PrintFloods(sizes);
  if (parts.count("trips") > 0) {
    bench.MeasureRoundTrips(report);
    report.PrintRoundTrips();
  }
  const int missed = report.PrintBars(kBarSize);
  if (const std::string path = absl::GetFlag(FLAGS_svg); !path.empty()) {
    std::ofstream out(path);
    out << report.Svg(kBarSize);
    if (!out.flush()) Die(absl::StrCat("cannot write ", path));
  }
  return missed == 0 ? 0 : 2;
}

}  // namespace
}  // namespace pollux::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Pollux against the bare system calls and other libraries.");
  absl::ParseCommandLine(argc, argv);
  return pollux::bench::Main();
}
