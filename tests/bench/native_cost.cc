// SPDX-License-Identifier: Apache-2.0
//
// What UdpSocket costs over the bare system calls: CPU time per datagram of WriteDatagram and
// ReadDatagram, against sendto and recvfrom that do the same, in one run and by turns.
//
//   ./bazelw run -c opt //tests/bench:native_cost -- --rounds=25
//
// The figures are of this machine and this moment; what holds beyond them is the ratio.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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
#include "platform/native_engine.h"
#include "udp/testing/allocations.h"
#include "udp/udp_socket.h"

ABSL_FLAG(int, rounds, 25, "How often each side is measured; the medians are printed.");

namespace pollux {
namespace {

constexpr int kBurst = 64;  // Datagrams sent before they are read: they fit the receive buffer.
constexpr int kBurstsPerRound = 150;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "native_cost: %s\n", what.c_str());
  std::exit(1);
}

int64_t CpuNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// CPU nanoseconds per datagram of one round.
struct Cost {
  double send = 0;
  double receive = 0;
};

// Two sockets on loopback that somebody sends and receives on.
class Side {
 public:
  virtual ~Side() = default;
  virtual void Send(absl::string_view payload) = 0;
  virtual void Receive() = 0;

  Cost Round(absl::string_view payload) {
    int64_t send = 0, receive = 0;
    for (int burst = 0; burst < kBurstsPerRound; ++burst) {
      const int64_t start = CpuNanoseconds();
      for (int i = 0; i < kBurst; ++i) Send(payload);
      const int64_t middle = CpuNanoseconds();
      for (int i = 0; i < kBurst; ++i) Receive();
      send += middle - start;
      receive += CpuNanoseconds() - middle;
    }
    constexpr double kDatagrams = double{kBurst} * kBurstsPerRound;
    return {static_cast<double>(send) / kDatagrams, static_cast<double>(receive) / kDatagrams};
  }

 protected:
  std::array<char, 2048> buffer_;
};

class RawSide final : public Side {
 public:
  RawSide() {
    sender_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    receiver_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sender_ < 0 || receiver_ < 0) Die("no sockets");
    to_.sin_family = AF_INET;
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof to_;
    if (bind(receiver_, Generic(&to_), sizeof to_) != 0 ||
        getsockname(receiver_, Generic(&to_), &length) != 0) {
      Die("no port");
    }
  }
  ~RawSide() override {
    close(sender_);
    close(receiver_);
  }
  void Send(absl::string_view payload) override {
    if (sendto(sender_, payload.data(), payload.size(), MSG_NOSIGNAL, Generic(&to_), sizeof to_) <
        0) {
      Die("sendto failed");
    }
  }
  void Receive() override {
    sockaddr_in from;
    socklen_t length = sizeof from;
    if (recvfrom(receiver_, buffer_.data(), buffer_.size(), 0, Generic(&from), &length) < 0) {
      Die("recvfrom failed");
    }
  }

 private:
  static sockaddr* Generic(sockaddr_in* address) { return reinterpret_cast<sockaddr*>(address); }

  int sender_ = -1;
  int receiver_ = -1;
  sockaddr_in to_ = {};
};

class PolluxSide final : public Side {
 public:
  explicit PolluxSide(SocketEngine& engine) : sender_(engine), receiver_(engine) {
    if (absl::Status s = receiver_.Bind(IpAddress::LoopbackIpv4(), 0); !s.ok()) Die(s.ToString());
    if (absl::Status s = sender_.Bind(IpAddress::AnyIpv4(), 0); !s.ok()) Die(s.ToString());
    to_ = receiver_.local_endpoint();
  }
  void Send(absl::string_view payload) override {
    if (absl::Status s = sender_.WriteDatagram(payload, to_); !s.ok()) Die(s.ToString());
  }
  void Receive() override {
    const absl::StatusOr<size_t> size = receiver_.ReadDatagram(absl::MakeSpan(buffer_), &info_);
    if (!size.ok()) Die(size.status().ToString());
  }

 private:
  UdpSocket sender_;
  UdpSocket receiver_;
  Endpoint to_;
  DatagramInfo info_;
};

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void Compare(RawSide& raw, PolluxSide& pollux, size_t size, int rounds) {
  const std::string payload(size, 'x');
  raw.Round(payload);
  pollux.Round(payload);
  std::vector<double> raw_send, raw_receive, our_send, our_receive, send_ratio, receive_ratio;
  uint64_t in_rounds = 0;
  for (int i = 0; i < rounds; ++i) {
    // Whoever comes second finds warmer caches, so they take turns at that too.
    Cost bare, ours;
    if (i % 2 == 0) bare = raw.Round(payload);
    const uint64_t start = testing::AllocationsSoFar();
    ours = pollux.Round(payload);
    in_rounds += testing::AllocationsSoFar() - start;
    if (i % 2 == 1) bare = raw.Round(payload);
    raw_send.push_back(bare.send);
    raw_receive.push_back(bare.receive);
    our_send.push_back(ours.send);
    our_receive.push_back(ours.receive);
    send_ratio.push_back(ours.send / bare.send);
    receive_ratio.push_back(ours.receive / bare.receive);
  }
  std::printf("%7zu  %8.0f %8.0f  %5.3f  %8.0f %8.0f  %5.3f  %11llu\n", size, Median(raw_send),
              Median(our_send), Median(send_ratio), Median(raw_receive), Median(our_receive),
              Median(receive_ratio), static_cast<unsigned long long>(in_rounds));
}

int Main(int rounds) {
  if (rounds < 1) Die("--rounds has to be at least 1");
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  if (!engine.ok()) Die(engine.status().ToString());
  RawSide raw;
  PolluxSide pollux(**engine);
  std::printf("CPU ns per datagram on loopback, medians of %d rounds of %d datagrams\n", rounds,
              kBurst * kBurstsPerRound);
  std::printf("          ------- send -------     ----- receive ------\n");
  std::printf("  bytes    sendto   pollux  ratio  recvfrom   pollux  ratio  allocations\n");
  for (const size_t size : {64, 512, 1200, 1472}) Compare(raw, pollux, size, rounds);
  return 0;
}

}  // namespace
}  // namespace pollux

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("What UdpSocket costs over sendto and recvfrom.");
  absl::ParseCommandLine(argc, argv);
  return pollux::Main(absl::GetFlag(FLAGS_rounds));
}
