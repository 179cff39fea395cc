// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/kernel_socket.h"

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "platform/posix/control_messages.h"
#include "platform/posix/multicast.h"
#include "platform/posix/socket_options.h"
#include "platform/posix/system.h"
#include "platform/posix/transmit_time.h"

namespace pollux::posix {

using internal::SocketAddress;

namespace {

// How often a call is made again for asynchronous errors: with a peer that refuses, another one can
// have come in between.
constexpr int kRetriesMax = 16;

}  // namespace

absl::StatusOr<SocketRef> KernelSocket::Open(SystemCalls& calls, AddressFamily family) {
  const std::string what = absl::StrCat("create a UDP socket of family ", ToString(family));
  if (family == AddressFamily::kNone) return StatusOf(-EAFNOSUPPORT, what);
  // Not made non-blocking: every call here says MSG_DONTWAIT, and Linux' epoll checks the checksum
  // of what it reports from such sockets alone (udp_poll in net/ipv4/udp.c).
  const int fd =
      calls.Socket(family == AddressFamily::kIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
  if (fd < 0) return StatusOf(fd, what);
  const SocketRef socket = {.calls = &calls, .fd = fd, .family = family};
  if (family == AddressFamily::kIpv4) return socket;
  // Always said, since the default is a setting of the machine.
  const int result = socket.Set(IPPROTO_IPV6, IPV6_V6ONLY, family == AddressFamily::kIpv6 ? 1 : 0);
  if (result >= 0) return socket;
  calls.Close(fd);
  return StatusOf(result, what);
}

KernelSocket::KernelSocket(SocketEngine& engine, const SocketRef& socket)
    : EngineSocket(engine),
      socket_(socket),
      sender_{.platform = kPlatform, .family = socket.family} {}

KernelSocket::~KernelSocket() { socket_.calls->Close(socket_.fd); }

// ---- Addresses ----

absl::Status KernelSocket::Bind(const Endpoint& local) {
  const std::string what = absl::StrCat("bind ", local.ToString());
  SocketAddress address;
  if (!SocketAddress::From(local, socket_.family, address)) return StatusOf(-EAFNOSUPPORT, what);
  const int result = socket_.calls->Bind(socket_.fd, address.data(), address.length());
  if (result >= 0) bound_ = true;
  return StatusOf(result, what);
}

absl::Status KernelSocket::Connect(const Endpoint& peer) {
  const std::string what = absl::StrCat("connect to ", peer.ToString());
  if (!peer.is_set() || peer.address == IpAddress::Any()) return StatusOf(-EDESTADDRREQ, what);
  if (peer.port == 0) {
    return SocketStatus(SocketError::kNetwork, absl::StrCat(what, ": port 0 is no destination"));
  }
  SocketAddress address;
  if (!SocketAddress::From(peer, socket_.family, address)) {
    return StatusOf(-ENETUNREACH,
                    absl::StrCat(what, " from a socket of family ", ToString(socket_.family)));
  }
  const bool again = sender_.peer.is_set();
  const SocketAddress before = again ? before_connect_ : KernelAddress();
  const int result = socket_.calls->Connect(socket_.fd, address.data(), address.length());
  if (result < 0) {
    // The kernel has bound the socket before it looked for a route.
    if (!again && before.ToEndpoint().port == 0) Dissolve();
    return StatusOf(result, what);
  }
  before_connect_ = before;
  sender_.peer = peer;
  bound_ = true;
  return absl::OkStatus();
}

absl::Status KernelSocket::Disconnect() {
  if (!sender_.peer.is_set()) return absl::OkStatus();
  const int result = Dissolve();
  if (result < 0)
    return StatusOf(result, absl::StrCat("disconnect from ", sender_.peer.ToString()));
  sender_.peer = Endpoint();
  const Endpoint before = before_connect_.ToEndpoint();
  bound_ = before.port != 0;
  if (!bound_ || KernelAddress().ToEndpoint().port == before.port) return absl::OkStatus();
  // The kernel gives a port up that it chose itself.
  bound_ = false;
  const int rebound =
      socket_.calls->Bind(socket_.fd, before_connect_.data(), before_connect_.length());
  bound_ = rebound >= 0;
  return StatusOf(rebound, absl::StrCat("bind ", before.ToString(), " again"));
}

int KernelSocket::Dissolve() {
  sockaddr nobody = {};
  nobody.sa_family = AF_UNSPEC;
  const int result = socket_.calls->Connect(socket_.fd, &nobody, sizeof(nobody));
  // The BSDs say that there is no such address, and disconnect (udp-semantics 2.3).
  const bool done =
      kPlatform != Platform::kLinux && (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL);
  return done ? 0 : result;
}

SocketAddress KernelSocket::KernelAddress() const {
  SocketAddress address;
  const int result =
      socket_.calls->GetSockName(socket_.fd, address.mutable_data(), address.mutable_length());
  return result < 0 ? SocketAddress() : address;
}

Endpoint KernelSocket::LocalEndpoint() const {
  Endpoint local = KernelAddress().ToEndpoint();
  if (socket_.family == AddressFamily::kDual && local.address == IpAddress::AnyIpv6()) {
    local.address = IpAddress::Any();
  }
  return local;
}

// ---- Transfers ----

// An error that ICMP can have caused may be this call's own, or have been pending. The call is made
// again: if that goes otherwise, the error was not the call's. A refusal and, when receiving, any
// of them, never is.
int64_t KernelSocket::TransferAgain(Direction direction, absl::FunctionRef<int64_t()> call,
                                    int64_t result) {
  int suspect = 0;
  for (int retries = 0; retries < kRetriesMax; ++retries) {
    while (result == -EINTR) result = call();
    const int error = result < 0 ? static_cast<int>(-result) : 0;
    const bool repeated = error != 0 && error == suspect;
    if (repeated && direction == Direction::kSend && error != ECONNREFUSED) return result;
    if (suspect != 0) {
      errors_.Keep(suspect, sender_.peer);
      TellLater();
    }
    if (!CanBeAsynchronous(error)) return result;
    suspect = error;
    result = call();
  }
  // A flood of errors: the rest is dealt with when the loop comes round.
  if (direction == Direction::kReceive && result < 0) {
    TellLater();
    return -EAGAIN;
  }
  return result;
}

bool KernelSocket::AskForTransmitTimes(int64_t& result) {
  if (has_transmit_times_) return false;
  const int asked = AllowTransmitTimes(socket_);
  if (asked < 0) {
    result = asked;
    return false;
  }
  has_transmit_times_ = true;
  errors_.set_times_in_queue();
  return true;
}

absl::StatusOr<size_t> KernelSocket::SendFailure(int64_t result, const SendSlot& slot) {
  if (result == -EAGAIN) {
    // A socket that could not be bound for want of a port says the same as a full buffer.
    bound_ = bound_ || KernelAddress().ToEndpoint().port != 0;
    if (bound_) return 0;
    return StatusOf(-EAGAIN, absl::StrCat(sender_.Describe(slot), ": no port is free"));
  }
  return StatusOf(static_cast<int>(result), sender_.Describe(slot));
}

// ---- Options and memberships ----

absl::Status KernelSocket::RequestMetadata(Metadata fields) {
  absl::Status status = RequestControl(socket_, fields, metadata_);
  if (status.ok()) metadata_ = fields;
  return status;
}

absl::Status KernelSocket::SetOption(SocketOption option, int value) {
  absl::Status status = SetSocketOption(socket_, option, value);
  if (!status.ok()) return status;
  if (option == SocketOption::kTypeOfService) sender_.type_of_service = value;
  if (option == SocketOption::kReportUnreachable) errors_.set_queue_in_use(value != 0);
  return status;
}

absl::StatusOr<int> KernelSocket::GetOption(SocketOption option) const {
  return GetSocketOption(socket_, option);
}

absl::Status KernelSocket::Join(const GroupMembership& membership) {
  return JoinGroup(socket_, membership);
}

absl::Status KernelSocket::Leave(const GroupMembership& membership) {
  return LeaveGroup(socket_, membership);
}

absl::Status KernelSocket::SetMulticastInterface(uint32_t interface_index) {
  absl::Status status = SetGroupInterface(socket_, interface_index, multicast_interface_);
  if (status.ok()) multicast_interface_ = interface_index;
  return status;
}

}  // namespace pollux::posix
