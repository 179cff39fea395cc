// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/kernel_netem.h"

#include <arpa/inet.h>
#include <linux/pkt_sched.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace pollux::differential {
namespace {

constexpr uint32_t kBatch = 100;  // How many datagrams are sent before the receiver reads.
constexpr int kSilence = 200;     // Milliseconds without one: all have come.

// netem's chances are parts of 2^32 - 1.
uint32_t PartOf(sim::Ratio chance) {
  return static_cast<uint32_t>(uint64_t{UINT32_MAX} * chance.numerator() / chance.denominator());
}

std::string LossModelOf(const sim::LossModel& model) {
  if (const auto* gilbert = std::get_if<sim::GilbertElliott>(&model)) {
    tc_netem_gemodel options = {};
    options.p = PartOf(gilbert->into_bad);
    options.r = PartOf(gilbert->out_of_bad);
    options.h = UINT32_MAX - PartOf(gilbert->loss_in_bad);
    options.k1 = PartOf(gilbert->loss_in_good);
    return Attribute(TCA_NETEM_LOSS, Attribute(NETEM_LOSS_GE, BytesOf(options)));
  }
  if (const auto* four = std::get_if<sim::FourStates>(&model)) {
    tc_netem_gimodel options = {};
    options.p13 = PartOf(four->gap_to_burst_loss);
    options.p31 = PartOf(four->burst_loss_to_gap);
    options.p32 = PartOf(four->burst_loss_to_burst);
    options.p14 = PartOf(four->gap_to_single_loss);
    options.p23 = PartOf(four->burst_to_burst_loss);
    return Attribute(TCA_NETEM_LOSS, Attribute(NETEM_LOSS_GI, BytesOf(options)));
  }
  return "";
}

std::string OptionsOf(const sim::LinkProfile& profile) {
  tc_netem_qopt options = {};
  options.limit = 10'000;
  options.loss = PartOf(profile.loss);
  options.duplicate = PartOf(profile.duplicate);
  std::string bytes = BytesOf(options);
  tc_netem_corr correlations = {};
  correlations.loss_corr = PartOf(profile.loss_correlation);
  correlations.dup_corr = PartOf(profile.duplicate_correlation);
  bytes += Attribute(TCA_NETEM_CORR, BytesOf(correlations));
  return bytes + LossModelOf(profile.loss_model);
}

absl::Status Failure(const char* what) {
  return absl::InternalError(absl::StrCat("netem: ", what, ": ", std::strerror(errno)));
}

// A pair of sockets on the loopback interface; closed with it.
struct Pair {
  Pair() : sender(Open()), receiver(Open()) {}
  ~Pair() {
    ::close(sender);
    ::close(receiver);
  }
  static int Open() { return ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

  absl::Status Connect() const {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const auto generic = reinterpret_cast<sockaddr*>(&address);
    const int room = 4 << 20;
    if (::setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) < 0 ||
        ::bind(receiver, generic, size) < 0 || ::getsockname(receiver, generic, &size) < 0 ||
        ::connect(sender, generic, size) < 0) {
      return Failure("connect two sockets");
    }
    return absl::OkStatus();
  }
  void Read(std::vector<uint8_t>& arrivals) const {
    uint32_t number = 0;
    while (::recv(receiver, &number, sizeof(number), 0) == sizeof(number)) {
      if (number < arrivals.size()) ++arrivals[number];
    }
  }

  const int sender;
  const int receiver;
};

}  // namespace

absl::StatusOr<std::unique_ptr<KernelNetem>> KernelNetem::Open() {
  absl::StatusOr<std::unique_ptr<GuestQueue>> queue = GuestQueue::Open();
  if (!queue.ok()) return queue.status();
  if (absl::Status s = (*queue)->Set("netem", OptionsOf({})); !s.ok()) return s;
  return std::unique_ptr<KernelNetem>(new KernelNetem(*std::move(queue)));
}

absl::StatusOr<std::vector<uint8_t>> KernelNetem::Send(const sim::LinkProfile& profile,
                                                       uint32_t datagrams) {
  // A new one, so that it begins in its first state.
  const std::string options = OptionsOf(profile);
  for (const auto& [kind, what] : {std::pair("pfifo", std::string()), {"netem", options}}) {
    if (absl::Status s = queue_->Set(kind, what); !s.ok()) return s;
  }
  const Pair pair;
  if (absl::Status s = pair.Connect(); !s.ok()) return s;
  std::vector<uint8_t> arrivals(datagrams);
  for (uint32_t number = 0; number < datagrams; ++number) {
    // The sender is told of a loss by ENOBUFS on some kernels: that is a packet sent and lost.
    if (::send(pair.sender, &number, sizeof(number), 0) < 0 && errno != ENOBUFS) {
      return Failure("send");
    }
    if (number % kBatch == 0) pair.Read(arrivals);
  }
  pollfd ready = {.fd = pair.receiver, .events = POLLIN, .revents = 0};
  while (::poll(&ready, 1, kSilence) > 0) pair.Read(arrivals);
  return arrivals;
}

}  // namespace pollux::differential
