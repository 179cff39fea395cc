// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/native_pair.h"

namespace pollux::conformance {

bool NativePair::RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) {
  const absl::Time deadline = a_->loop().Now() + timeout;
  while (!predicate()) {
    const absl::Duration left = deadline - a_->loop().Now();
    if (left <= absl::ZeroDuration()) return false;
    WaitForEither(left);
    Turn();
  }
  return true;
}

// Wires and loopback keep the order, so what follows a datagram on its way arrives after it. A
// probe along each way, there and back, thus sweeps out everything, ICMP answers included.
void NativePair::Settle() {
  for (const auto& [from, to] : {std::pair(kA, kB), {kAOther, kBOther}}) {
    Probe(*a_, from, *b_, to);
    Probe(*b_, to, *a_, from);
  }
  Probe(*a_, IpAddress::LoopbackIpv4(), *a_, IpAddress::LoopbackIpv4());
  Probe(*b_, IpAddress::LoopbackIpv4(), *b_, IpAddress::LoopbackIpv4());
  // Callbacks cause callbacks; a handful of turns more than any chain of them in this suite.
  for (int i = 0; i < 20; ++i) Turn();
}

void NativePair::Turn() {
  a_->loop().RunFor(absl::ZeroDuration());
  b_->loop().RunFor(absl::ZeroDuration());
}

void NativePair::Probe(SocketEngine& from, const IpAddress& source, SocketEngine& to,
                       const IpAddress& destination) {
  UdpSocket sender(from), receiver(to);
  EXPECT_THAT(sender.Bind(source, 0), IsOk());
  EXPECT_THAT(receiver.Bind(destination, 0), IsOk());
  EXPECT_THAT(sender.WriteDatagram("probe", receiver.local_endpoint()), IsOk());
  EXPECT_TRUE(RunUntil([&] { return receiver.HasPendingDatagrams(); }, absl::Seconds(5)));
}

}  // namespace pollux::conformance
