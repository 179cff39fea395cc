// SPDX-License-Identifier: Apache-2.0
//
// How fast a simulation is, and how much memory it takes: datagrams per second of processor time,
// so per core, that go all the way from one `UdpSocket` through both kernels and the segment
// between them to another `UdpSocket`, the fingerprint of the run included. Beside it the same
// program on this machine's own loopback interface and, where its program is there, ns-3.
//
//   ./bazelw run -c opt //tests/bench:sim_speed [-- --seconds=3 --ns3=PROGRAM]
//
// One row alone, and a fixed number of deliveries instead of a time, so that valgrind's callgrind
// has the same to count each time, however busy the machine is:
//
//   ... --unicast=1000 --bytes=1200 --deliveries=100000
//   ... --multicast=100000 --hosts=100 --deliveries=300000
//
// Unicast: sockets stand in a ring, every other one on the other of two hosts. Each passes what it
// gets on to the next, so that the number of datagrams under way stays the same, and all sockets
// have their turn. Multicast: a host sends to a group whose members are on others, and read.

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "platform/native_engine.h"
#include "sim/network.h"
#include "udp/udp_socket.h"

ABSL_FLAG(double, seconds, 1, "Processor time for each row.");
ABSL_FLAG(std::string, ns3, "", "The program //tests/bench:ns3_speed, to measure ns-3 beside it.");
ABSL_FLAG(int, unicast, 0, "Only the row with a ring of so many sockets.");
ABSL_FLAG(int, multicast, 0, "Only the row with a group of so many members.");
ABSL_FLAG(int, hosts, 1, "On how many hosts these are.");
ABSL_FLAG(int, bytes, 1200, "The size of the datagrams of that row.");
ABSL_FLAG(uint64_t, deliveries, 0, "Of each row, instead of a time; 0: by time.");

namespace pollux {
namespace {

constexpr int kInFlight = 10000;

void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

// Processor time: other work on the machine does not count.
double SecondsSince(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Whether a row that has delivered so many datagrams since then is long enough.
bool IsDone(uint64_t delivered, std::clock_t start) {
  const uint64_t wanted = absl::GetFlag(FLAGS_deliveries);
  return wanted > 0 ? delivered >= wanted : SecondsSince(start) >= absl::GetFlag(FLAGS_seconds);
}

size_t HeapBytes() { return mallinfo2().uordblks; }

// A socket that passes what it gets on to the next one of its ring, and counts.
class Relay {
 public:
  Relay(SocketEngine& engine, const Endpoint& local, uint64_t& count)
      : socket_(engine), count_(count) {
    Require(socket_.Bind(local.address, local.port));
    socket_.OnReadyRead([this] { PassOn(); });
  }

  Endpoint endpoint() const { return socket_.local_endpoint(); }
  void SetNext(const Endpoint& next) { next_ = next; }
  void Send(absl::string_view payload) { Require(socket_.WriteDatagram(payload, next_)); }

 private:
  void PassOn() {
    static char buffer[2048];
    while (socket_.HasPendingDatagrams()) {
      const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer));
      Require(size.status());
      ++count_;
      Send(absl::string_view(buffer, *size));
    }
  }

  UdpSocket socket_;
  uint64_t& count_;
  Endpoint next_;
};

using Ring = std::vector<std::unique_ptr<Relay>>;

void Close(Ring& ring) {
  for (size_t i = 0; i < ring.size(); ++i) {
    ring[i]->SetNext(ring[(i + 1) % ring.size()]->endpoint());
  }
}

struct Result {
  uint64_t delivered = 0;
  double per_second = 0;
};

// Bytes of a socket that is bound, listened to, and has nothing to do.
double MeasureIdleSocket(int sockets) {
  sim::Network net({.seed = 1});
  sim::Host& host = net.AddHost("alice");
  net.AddSegment("lan", "10.0.0.0/24").Attach(host);
  std::vector<UdpSocket> all;
  all.reserve(sockets);
  const size_t before = HeapBytes();
  for (int i = 0; i < sockets; ++i) {
    UdpSocket& socket = all.emplace_back(host.engine());
    Require(socket.Bind(host.address(), static_cast<uint16_t>(2000 + i)));
    socket.OnReadyRead([&socket] { Require(socket.ReceiveDatagram().status()); });
  }
  net.RunFor(absl::Milliseconds(1));
  return sizeof(UdpSocket) + static_cast<double>(HeapBytes() - before) / sockets;
}

Result MeasureRing(int sockets, size_t payload_size) {
  sim::Network net({.seed = 1});
  sim::Host* hosts[] = {&net.AddHost("alice"), &net.AddHost("bob")};
  sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  for (sim::Host* host : hosts) lan.Attach(*host);

  uint64_t count = 0;
  Ring ring;
  ring.reserve(sockets);
  for (int i = 0; i < sockets; ++i) {
    sim::Host& host = *hosts[i % 2];
    const auto port = static_cast<uint16_t>(2000 + i / 2);
    ring.push_back(std::make_unique<Relay>(host.engine(), Endpoint(host.address(), port), count));
  }
  Close(ring);

  // No more for each than fit its receive buffer.
  const int each = std::min(50, std::max(1, kInFlight / sockets));
  const int senders = std::min(sockets, kInFlight / each);
  const std::string payload(payload_size, 'x');
  for (int i = 0; i < senders; ++i) {
    Relay& relay = *ring[static_cast<size_t>(i) * sockets / senders];
    for (int n = 0; n < each; ++n) relay.Send(payload);
    net.RunFor(absl::Milliseconds(1) / (senders + 1));
  }
  net.RunFor(absl::Milliseconds(20));
  count = 0;
  const std::clock_t start = std::clock();
  do {
    net.RunFor(absl::Milliseconds(5));
  } while (!IsDone(count, start));
  return {.delivered = count, .per_second = static_cast<double>(count) / SecondsSince(start)};
}

// The same on the machine's own loopback interface.
double MeasureLoopback(int sockets, size_t payload_size) {
  const absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  Require(engine.status());
  uint64_t count = 0;
  Ring ring;
  for (int i = 0; i < sockets; ++i) {
    ring.push_back(
        std::make_unique<Relay>(**engine, Endpoint(IpAddress::LoopbackIpv4(), 0), count));
  }
  Close(ring);
  const std::string payload(payload_size, 'x');
  for (const std::unique_ptr<Relay>& relay : ring) {
    for (int n = 0; n < std::min(10, std::max(1, kInFlight / sockets)); ++n) relay->Send(payload);
  }
  const std::clock_t start = std::clock();
  do {
    (*engine)->loop().RunFor(absl::Milliseconds(10));
  } while (!IsDone(count, start));
  return static_cast<double>(count) / SecondsSince(start);
}

// A member of a group, that reads what it gets.
class Member {
 public:
  Member(sim::Host& host, const Endpoint& group, uint64_t& count)
      : socket_(host.engine()), count_(count) {
    Require(socket_.Bind(IpAddress::AnyIpv4(), group.port, BindMode::kShareAddress));
    Require(socket_.JoinMulticastGroup(group.address));
    socket_.OnReadyRead([this] { Read(); });
  }

 private:
  void Read() {
    static char buffer[2048];
    while (socket_.HasPendingDatagrams()) {
      Require(socket_.ReadDatagram(absl::MakeSpan(buffer)).status());
      ++count_;
    }
  }

  UdpSocket socket_;
  uint64_t& count_;
};

// Members, as many on each of the hosts: delivered and read per second.
Result MeasureGroup(int hosts, int members, size_t payload_size) {
  sim::Network net({.seed = 1});
  sim::Segment& lan = net.AddSegment("lan", "10.0.0.0/8", {.latency = absl::Milliseconds(1)});
  sim::Host& sender_host = net.AddHost("sender");
  lan.Attach(sender_host);
  const Endpoint group(IpAddress::Ipv4(239, 1, 2, 3), 7755);
  uint64_t count = 0;
  std::vector<std::unique_ptr<Member>> all;
  all.reserve(members);
  for (int h = 0; h < hosts; ++h) {
    sim::Host& host = net.AddHost(absl::StrCat("host-", h));
    lan.Attach(host);
    for (int m = h; m < members; m += hosts) {
      all.push_back(std::make_unique<Member>(host, group, count));
    }
  }
  UdpSocket sender(sender_host.engine());
  const std::string payload(payload_size, 'x');
  const auto send = [&] {
    Require(sender.WriteDatagram(payload, group));
    net.RunFor(absl::Milliseconds(2));
  };
  send();
  count = 0;
  const std::clock_t start = std::clock();
  do {
    send();
  } while (!IsDone(count, start));
  return {.delivered = count, .per_second = static_cast<double>(count) / SecondsSince(start)};
}

// What ns-3 does with the same: 0 if it is not there.
double MeasureNs3(int sockets, size_t payload_size) {
  const std::string program = absl::GetFlag(FLAGS_ns3);
  if (program.empty()) return 0;
  const std::string command = absl::StrCat("'", program, "' ", sockets, " ", kInFlight, " ",
                                           payload_size, " ", absl::GetFlag(FLAGS_seconds));
  std::FILE* const pipe = popen(command.c_str(), "r");
  double per_second = 0;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf", &per_second) == 1;
  if (pipe == nullptr || pclose(pipe) != 0 || !read) {
    std::fprintf(stderr, "%s has not said how fast it is\n", command.c_str());
    return 0;
  }
  return per_second;
}

// Prints a figure with the bar that it is held against.
void Bar(bool met, const std::string& what, double figure, absl::string_view relation, double limit,
         absl::string_view unit) {
  std::printf("bar %s: %s: %.3g %s (%s %.3g)\n", met ? "met" : "missed", what.c_str(), figure,
              std::string(unit).c_str(), std::string(relation).c_str(), limit);
}

// What `measure` says in a process of its own: so no row finds the heap as another has left it.
template <typename Measure>
auto InOwnProcess(Measure measure) {
  int ends[2];
  std::fflush(stdout);
  if (pipe(ends) != 0) Require(absl::ErrnoToStatus(errno, "pipe"));
  const pid_t child = fork();
  if (child < 0) Require(absl::ErrnoToStatus(errno, "fork"));
  decltype(measure()) result = {};
  if (child == 0) {
    result = measure();
    _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
  }
  close(ends[1]);
  const bool told = read(ends[0], &result, sizeof(result)) == sizeof(result);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!told || status != 0) Require(absl::InternalError("a row has ended without a result"));
  return result;
}

// The one row that was asked for, and no bars.
int MainOfOneRow() {
  const auto payload_size = static_cast<size_t>(absl::GetFlag(FLAGS_bytes));
  const int sockets = absl::GetFlag(FLAGS_unicast);
  const Result result = sockets > 0 ? MeasureRing(sockets, payload_size)
                                    : MeasureGroup(absl::GetFlag(FLAGS_hosts),
                                                   absl::GetFlag(FLAGS_multicast), payload_size);
  std::printf("%llu delivered, %.0f a second\n",
              static_cast<unsigned long long>(result.delivered),  // NOLINT: printf's own type.
              result.per_second);
  return 0;
}

int Main() {
  if (absl::GetFlag(FLAGS_unicast) > 0 || absl::GetFlag(FLAGS_multicast) > 0) {
    return MainOfOneRow();
  }
  const double memory = InOwnProcess([] { return MeasureIdleSocket(50000); });
  std::printf("%-10s %9s %6s %14s %8s %14s %12s\n", "unicast", "sockets", "bytes", "delivered/s",
              "ns each", "loopback/s", "ns-3/s");
  double thousand = 0;
  double many = 0;
  double ns3 = 0;
  for (const size_t payload : {size_t{64}, size_t{1200}}) {
    for (const int sockets : {10, 1000, 100000}) {
      const Result result = InOwnProcess([&] { return MeasureRing(sockets, payload); });
      const double loopback = sockets <= 1000 ? MeasureLoopback(sockets, payload) : 0;
      const double rival = sockets <= 1000 ? MeasureNs3(sockets, payload) : 0;
      std::printf("%-10s %9d %6zu %14.0f %8.0f %14.0f %12.0f\n", "", sockets, payload,
                  result.per_second, 1e9 / result.per_second, loopback, rival);
      std::fflush(stdout);
      if (payload != 1200) continue;
      if (sockets == 1000) thousand = result.per_second, ns3 = rival;
      if (sockets == 100000) many = result.per_second;
    }
  }
  struct Group {
    int hosts;
    int members;
  };
  std::printf("%-10s %9s %6s %14s %8s   on hosts\n", "multicast", "members", "bytes", "delivered/s",
              "ns each");
  double group = 0;
  for (const size_t payload : {size_t{64}, size_t{1200}}) {
    for (const Group& row : {Group{1, 10}, Group{10, 10}, Group{1, 1000}, Group{100, 1000},
                             Group{10, 100000}, Group{100, 100000}}) {
      const double per_second =
          InOwnProcess([&] { return MeasureGroup(row.hosts, row.members, payload); }).per_second;
      std::printf("%-10s %9d %6zu %14.0f %8.0f   %d\n", "", row.members, payload, per_second,
                  1e9 / per_second, row.hosts);
      std::fflush(stdout);
      if (row.members == 100000 && payload == 1200) group = std::max(group, per_second);
    }
  }
  Bar(thousand >= 3e6, "1,000 sockets, 1200 bytes", thousand, "at least", 3e6, "datagrams/s");
  Bar(many >= thousand / 3, "100,000 sockets, time of a datagram as against 1,000", thousand / many,
      "at most", 3, "times");
  Bar(group >= 10e6, "a group of 100,000 members, delivered and read", group, "at least", 10e6,
      "deliveries/s");
  Bar(memory <= 1024, "an idle socket", memory, "at most", 1024, "bytes");
  if (ns3 > 0) {
    Bar(thousand >= 20 * ns3, "1,000 sockets, 1200 bytes, as against ns-3", thousand / ns3,
        "at least", 20, "times");
  } else {
    std::printf("no bar for ns-3: build //tests/bench:ns3_speed and name it with --ns3\n");
  }
  return 0;
}

}  // namespace
}  // namespace pollux

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("how fast a simulation is, and how much memory it takes");
  absl::ParseCommandLine(argc, argv);
  return pollux::Main();
}
