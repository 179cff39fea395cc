// SPDX-License-Identifier: Apache-2.0
//
// What pacing comes to in a kernel whose interface has the queue fq (tc-fq(8)): kMaxPacingRate and
// transmit times, by when the kernel received each datagram; and what becomes of them without such
// a queue, and with etf. And whether a simulated interface with that queue does the same. Run by
//
//   tools/inside/inside uml tests/differential/fq
//
// Its exit code is 1 where something is not as our documentation has it, and 0 as well where the
// kernel has no fq, which it says.

#include <linux/pkt_sched.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "platform/native_engine.h"
#include "tests/differential/fq_courses.h"
#include "tests/differential/guest_queue.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux::differential {
namespace {

constexpr size_t kPayload = 1000;
// What fq counts: the headers of UDP, of IPv4, and of the loopback interface, which has Ethernet's.
constexpr int kOnWire = kPayload + 8 + 20 + 14;
constexpr absl::Duration kSilence = absl::Milliseconds(300);  // Without one: all have come.
// How much too early counts as early: fq may let go 10 microseconds before the time, and the two
// clocks are not read at one instant.
constexpr absl::Duration kEarly = absl::Microseconds(200);
// How late a datagram may be on a machine that has other things to do, of half of them.
constexpr absl::Duration kLate = absl::Milliseconds(5);

struct Arrival {
  size_t number = 0;
  absl::Time at;  // By the loop's clock.
};

// Two sockets on the loopback interface, and the queue between them.
class Bench {
 public:
  explicit Bench(std::unique_ptr<GuestQueue> queue) : queue_(std::move(queue)) {
    Check(receiver_.RequestMetadata(Metadata::kKernelTime));
    Check(receiver_.Bind(IpAddress::LoopbackIpv4(), 0));
    Check(sender_.Bind(IpAddress::LoopbackIpv4(), 0));
    receiver_.OnReadyRead([this] {
      while (receiver_.HasPendingDatagrams()) Note(*receiver_.ReceiveDatagram());
    });
    sender_.OnError([this](const absl::Status& status) { errors_.push_back(status); });
  }

  EventLoop& loop() { return engine_->loop(); }
  SocketEngine& engine() { return *engine_; }
  UdpSocket& sender() { return sender_; }
  const std::vector<absl::Status>& errors() const { return errors_; }

  absl::Status SetQueue(const std::string& kind, const std::string& options) {
    return queue_->Set(kind, options);
  }
  // A datagram of that number. They do not leave as one, since each is a call of its own.
  absl::Status Send(size_t number, std::optional<absl::Time> when) {
    return sender_.WriteDatagram(Payload(number), receiver_.local_endpoint(),
                                 {.transmit_time = when});
  }
  // So many by one call.
  size_t SendBatch(size_t count) {
    std::vector<std::string> payloads;
    for (size_t i = 0; i < count; ++i) payloads.push_back(Payload(i));
    std::vector<SendSlot> slots;
    for (const std::string& payload : payloads) {
      slots.push_back({.payload = payload, .destination = receiver_.local_endpoint()});
    }
    return sender_.SendBatch(slots).value_or(0);
  }
  // What arrives until nothing does any more, in its order.
  std::vector<Arrival> Arrivals(size_t expected) {
    arrivals_.clear();
    size_t before = 0;
    do {
      before = arrivals_.size();
      const auto more = [&] { return arrivals_.size() > before; };
      if (before < expected) static_cast<void>(loop().RunUntil(more, absl::Seconds(2)));
    } while (arrivals_.size() > before);
    loop().RunFor(kSilence);
    return std::exchange(arrivals_, {});
  }

 private:
  static void Check(const absl::Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "fq: %s\n", status.ToString().c_str());
    std::exit(1);
  }
  static std::string Payload(size_t number) {
    std::string payload(kPayload, 'x');
    payload.replace(0, sizeof(number), BytesOf(number));
    return payload;
  }
  void Note(const Datagram& datagram) {
    Arrival arrival;
    std::copy_n(datagram.payload.data(), sizeof(arrival.number),
                reinterpret_cast<char*>(&arrival.number));
    // The kernel's times are of the wall clock. That is read first: what comes in between makes a
    // datagram look late, never early.
    const absl::Time wall = loop().WallNow();
    arrival.at = loop().Now() - (wall - *datagram.info.kernel_time);
    arrivals_.push_back(arrival);
  }

  const std::unique_ptr<GuestQueue> queue_;
  const std::unique_ptr<SocketEngine> engine_ = *NewNativeEngine();
  UdpSocket sender_{*engine_};
  UdpSocket receiver_{*engine_};
  std::vector<Arrival> arrivals_;
  std::vector<absl::Status> errors_;
};

// One statement, and whether it holds.
class Verdict {
 public:
  void Add(bool holds, const std::string& what) {
    absl::PrintF("%s: %s\n", holds ? "holds" : "FAILS", what);
    if (!holds) ++failed_;
  }
  int failed() const { return failed_; }

 private:
  int failed_ = 0;
};

double Milliseconds(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

absl::Duration Spread(const std::vector<Arrival>& arrivals) {
  if (arrivals.empty()) return absl::ZeroDuration();
  return arrivals.back().at - arrivals.front().at;
}

// Datagrams each 10 milliseconds after the other, given to the socket in the order of their times
// or in the opposite one, and when they arrived: after their times, or, negative, before.
struct Timed {
  bool all = false;
  absl::Duration earliest;
  absl::Duration median;
  absl::Duration spread;  // From the first to the last.
};

Timed SendTimed(Bench& bench, bool in_order) {
  constexpr size_t kCount = 40;
  const absl::Time start = bench.loop().Now() + absl::Milliseconds(30);
  const auto time_of = [&](size_t number) {
    return start + absl::Milliseconds(10) * static_cast<int64_t>(number);
  };
  size_t sent = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const size_t number = in_order ? i : kCount - 1 - i;
    sent += bench.Send(number, time_of(number)).ok() ? 1 : 0;
  }
  const std::vector<Arrival> arrivals = bench.Arrivals(kCount);
  std::vector<absl::Duration> after;
  for (const Arrival& arrival : arrivals) after.push_back(arrival.at - time_of(arrival.number));
  if (after.empty()) return {};
  std::sort(after.begin(), after.end());
  return {.all = sent == kCount && arrivals.size() == kCount,
          .earliest = after.front(),
          .median = after[after.size() / 2],
          .spread = Spread(arrivals)};
}

// Whether the interface has the queue from now on; what did not come to be compared is no success.
bool Puts(Bench& bench, const std::string& kind, const std::string& options, Verdict& verdict) {
  const absl::Status set = bench.SetQueue(kind, options);
  if (!set.ok()) verdict.Add(false, absl::StrFormat("%s: %s", kind, set.message()));
  return set.ok();
}

void TransmitTimes(Bench& bench, Verdict& verdict) {
  if (!Puts(bench, "pfifo", "", verdict)) return;
  const Timed ignored = SendTimed(bench, true);
  verdict.Add(ignored.all && ignored.median < -absl::Milliseconds(100),
              absl::StrFormat("pfifo: transmit times are ignored; half left %.1f ms before theirs",
                              -Milliseconds(ignored.median)));
  if (!Puts(bench, "fq", "", verdict)) return;
  const Timed kept = SendTimed(bench, true);
  verdict.Add(kept.all && kept.earliest > -kEarly && kept.median < kLate,
              absl::StrFormat("fq: of 40 datagrams 10 ms apart none leaves before its transmit "
                              "time, the first %.3f ms after it, half within %.3f ms",
                              Milliseconds(kept.earliest), Milliseconds(kept.median)));
  const Timed reversed = SendTimed(bench, false);
  verdict.Add(
      reversed.all && reversed.earliest > -kEarly && reversed.spread < absl::Milliseconds(50),
      absl::StrFormat("fq: sent in the order opposite to their times none overtakes the "
                      "first, for which their flow waits: all arrive within %.3f ms",
                      Milliseconds(reversed.spread)));
}

// Times that are too far away.
void Horizon(Bench& bench, Verdict& verdict) {
  const absl::Status quiet = bench.Send(0, bench.loop().Now() + absl::Seconds(11));
  const size_t arrived = bench.Arrivals(1).size();
  verdict.Add(quiet.ok() && arrived == 0,
              "fq: a datagram for in 11 seconds is dropped, and nothing says so");
  static_cast<void>(bench.sender().SetOption(SocketOption::kReportUnreachable, 1));
  const absl::Status told = bench.Send(0, bench.loop().Now() + absl::Seconds(11));
  static_cast<void>(bench.sender().SetOption(SocketOption::kReportUnreachable, 0));
  verdict.Add(SocketErrorOf(told) == SocketError::kSocketResource,
              absl::StrFormat("fq: with kReportUnreachable the send fails: %s", told.message()));
}

// kMaxPacingRate: below 68,750 bytes a second fq spaces each datagram, above it each quantum.
void Rates(Bench& bench, Verdict& verdict) {
  constexpr size_t kCount = 30;
  constexpr int kRate = 50'000;
  const absl::Duration gap = absl::Seconds(1) * kOnWire / kRate;
  const auto send = [&] {
    for (size_t i = 0; i < kCount; ++i) static_cast<void>(bench.Send(i, std::nullopt));
    return bench.Arrivals(kCount);
  };
  static_cast<void>(bench.sender().SetOption(SocketOption::kMaxPacingRate, kRate));
  if (!Puts(bench, "pfifo", "", verdict)) return;
  const std::vector<Arrival> at_once = send();
  verdict.Add(
      at_once.size() == kCount && Spread(at_once) < gap,
      absl::StrFormat("pfifo: kMaxPacingRate is ignored; 30 datagrams arrive within %.3f ms",
                      Milliseconds(Spread(at_once))));
  if (!Puts(bench, "fq", "", verdict)) return;
  const std::vector<Arrival> paced = send();
  absl::Duration least = absl::InfiniteDuration();
  for (size_t i = 1; i < paced.size(); ++i) {
    least = std::min(least, paced[i].at - paced[i - 1].at);
  }
  const absl::Duration mean = Spread(paced) / static_cast<int64_t>(kCount - 1);
  // To make up for timers that were late fq shortens a gap, by half of it at most.
  verdict.Add(
      paced.size() == kCount && least > gap / 2 - kEarly && mean > 0.98 * gap && mean < 1.1 * gap,
      absl::StrFormat("fq: at 50,000 bytes a second datagrams of 1,042 are %.3f ms apart, "
                      "on average; arithmetic has %.3f; no two closer than %.3f",
                      Milliseconds(mean), Milliseconds(gap), Milliseconds(least)));
}

// A run is one packet to the queue.
void Runs(Bench& bench, Verdict& verdict) {
  constexpr size_t kCount = 12;
  const size_t sent = bench.SendBatch(kCount);
  const std::vector<Arrival> arrivals = bench.Arrivals(kCount);
  verdict.Add(
      sent == kCount && arrivals.size() == kCount && Spread(arrivals) < absl::Milliseconds(5),
      absl::StrFormat("fq: 12 alike of one SendBatch, at the same rate, leave as one: "
                      "within %.3f ms",
                      Milliseconds(Spread(arrivals))));
  static_cast<void>(bench.sender().SetOption(SocketOption::kMaxPacingRate, -1));
}

// The other queue that knows transmit times: of CLOCK_TAI alone, and throws away all else.
void Etf(Bench& bench, Verdict& verdict) {
  tc_etf_qopt options = {};
  options.delta = 300'000;
  options.clockid = CLOCK_TAI;
  const absl::Status set = bench.SetQueue("etf", Attribute(TCA_ETF_PARMS, BytesOf(options)));
  if (!set.ok()) {
    absl::PrintF("skipped: %s\n", set.message());
    return;
  }
  const absl::Status sent = bench.Send(0, bench.loop().Now() + absl::Milliseconds(5));
  const size_t arrived = bench.Arrivals(1).size();
  const bool told = bench.errors().size() == 1 &&
                    SocketErrorOf(bench.errors()[0]) == SocketError::kUnsupportedOperation;
  verdict.Add(sent.ok() && arrived == 0 && told,
              absl::StrFormat("etf: a transmit time is of another clock than its own, and OnError "
                              "tells: %s",
                              bench.errors().empty() ? "nothing" : bench.errors()[0].message()));
}

// How far apart one datagram may arrive on the kernel and in the simulator, and half of them. A
// kernel that wakes up late is late with one, and makes up for it with the next ones.
constexpr absl::Duration kApart = absl::Milliseconds(25);
constexpr absl::Duration kHalfApart = absl::Milliseconds(3);

// The same course on both: the same datagrams, in the same order, at the same times.
void Compare(const Course& course, Bench& bench, Verdict& verdict) {
  const auto here = RunCourse(course, bench.engine(), bench.engine(), IpAddress::LoopbackIpv4());
  const auto simulated = SimulateCourse(course);
  std::vector<absl::Duration> apart;
  bool same = here.size() == simulated.size();
  for (size_t burst = 0; same && burst < here.size(); ++burst) {
    same = here[burst].size() == simulated[burst].size();
    for (size_t i = 0; same && i < here[burst].size(); ++i) {
      same = here[burst][i].number == simulated[burst][i].number;
      apart.push_back(absl::AbsDuration(here[burst][i].after - simulated[burst][i].after));
    }
  }
  if (!same || apart.empty()) {
    verdict.Add(false, absl::StrFormat("simulated, %s: other datagrams, or in another order; the "
                                       "last burst has %d here, %d there",
                                       course.what, here.back().size(), simulated.back().size()));
    return;
  }
  std::sort(apart.begin(), apart.end());
  const absl::Duration half = apart[apart.size() / 2];
  verdict.Add(
      half < kHalfApart && apart.back() < kApart,
      absl::StrFormat("simulated, %s: %d arrive in the same order, half of them within "
                      "%.3f ms of the kernel's time, all within %.3f",
                      course.what, apart.size(), Milliseconds(half), Milliseconds(apart.back())));
}

void BesideTheSimulator(Bench& bench, Verdict& verdict) {
  const std::string options =
      Attribute(TCA_FQ_QUANTUM, BytesOf(uint32_t{kEthernetQuantum})) +
      Attribute(TCA_FQ_INITIAL_QUANTUM, BytesOf(uint32_t{kEthernetFirstQuantum}));
  if (!Puts(bench, "fq", options, verdict)) return;
  for (const Course& course : Courses()) Compare(course, bench, verdict);
}

int Run() {
  absl::StatusOr<std::unique_ptr<GuestQueue>> queue = GuestQueue::Open();
  absl::Status ready = queue.status();
  if (ready.ok()) ready = (*queue)->Set("fq", "");
  if (!ready.ok()) {
    absl::PrintF("fq: %s\n", ready.message());
    return absl::IsUnimplemented(ready) ? kNotHere : 1;
  }
  Bench bench(*std::move(queue));
  Verdict verdict;
  TransmitTimes(bench, verdict);
  Horizon(bench, verdict);
  Rates(bench, verdict);
  Runs(bench, verdict);
  BesideTheSimulator(bench, verdict);
  Etf(bench, verdict);
  absl::PrintF("%d not as documented\n", verdict.failed());
  return verdict.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pollux::differential

int main() { return pollux::differential::Run(); }
