// SPDX-License-Identifier: Apache-2.0
//
// A socket's life, its addresses, and its readiness. What it sends and receives is in
// epoll_transfer.cc.

#include "platform/linux/epoll_socket.h"

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/linux/multicast.h"
#include "platform/linux/socket_options.h"

namespace pollux::linux_engine {

using internal::SocketAddress;

absl::StatusOr<std::unique_ptr<EngineSocket>> EpollSocket::Create(const SocketHome& home,
                                                                  AddressFamily family) {
  const std::string what = absl::StrCat("create a UDP socket of family ", ToString(family));
  if (family == AddressFamily::kNone) return StatusOf(-EAFNOSUPPORT, what);
  const int fd = home.calls.Socket(family == AddressFamily::kIpv4 ? AF_INET : AF_INET6,
                                   SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
  if (fd < 0) return StatusOf(fd, what);
  // Closes the descriptor whatever happens next.
  std::unique_ptr<EpollSocket> socket(
      new EpollSocket(home, {.calls = &home.calls, .fd = fd, .family = family}));
  if (family != AddressFamily::kIpv4) {
    // Always said, since the default is a setting of the machine.
    const int only = family == AddressFamily::kIpv6 ? 1 : 0;
    const int result = socket->socket_.Set(IPPROTO_IPV6, IPV6_V6ONLY, only);
    if (result < 0) return StatusOf(result, what);
  }
  if (absl::Status status = home.loop.Watch(fd, *socket); !status.ok()) return status;
  return std::unique_ptr<EngineSocket>(std::move(socket));
}

EpollSocket::EpollSocket(const SocketHome& home, const SocketRef& socket)
    : EngineSocket(home.engine),
      Watched(home.loop),
      loop_(home.loop),
      buffers_(home.buffers),
      socket_(socket) {}

EpollSocket::~EpollSocket() {
  loop_.Unwatch(socket_.fd, *this);
  socket_.calls->Close(socket_.fd);
}

absl::Status EpollSocket::Bind(const Endpoint& local) {
  const std::string what = absl::StrCat("bind ", local.ToString());
  SocketAddress address;
  if (!SocketAddress::From(local, socket_.family, address)) return StatusOf(-EAFNOSUPPORT, what);
  const int result = socket_.calls->Bind(socket_.fd, address.data(), address.length());
  if (result >= 0) bound_ = true;
  return StatusOf(result, what);
}

absl::Status EpollSocket::Connect(const Endpoint& peer) {
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
  const bool again = peer_.is_set();
  const SocketAddress before = again ? before_connect_ : KernelAddress();
  const int result = socket_.calls->Connect(socket_.fd, address.data(), address.length());
  if (result < 0) {
    // The kernel has bound the socket before it looked for a route.
    if (!again && before.ToEndpoint().port == 0) Dissolve();
    return StatusOf(result, what);
  }
  before_connect_ = before;
  peer_ = peer;
  bound_ = true;
  return absl::OkStatus();
}

absl::Status EpollSocket::Disconnect() {
  if (!peer_.is_set()) return absl::OkStatus();
  const int result = Dissolve();
  if (result < 0) return StatusOf(result, absl::StrCat("disconnect from ", peer_.ToString()));
  peer_ = Endpoint();
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

int EpollSocket::Dissolve() {
  sockaddr nobody = {};
  nobody.sa_family = AF_UNSPEC;
  return socket_.calls->Connect(socket_.fd, &nobody, sizeof(nobody));
}

SocketAddress EpollSocket::KernelAddress() const {
  SocketAddress address;
  const int result =
      socket_.calls->GetSockName(socket_.fd, address.mutable_data(), address.mutable_length());
  return result < 0 ? SocketAddress() : address;
}

Endpoint EpollSocket::LocalEndpoint() const {
  Endpoint local = KernelAddress().ToEndpoint();
  if (socket_.family == AddressFamily::kDual && local.address == IpAddress::AnyIpv6()) {
    local.address = IpAddress::Any();
  }
  return local;
}

void EpollSocket::SetReadyCallback(absl::AnyInvocable<void()> ready) {
  ready_ =
      ready == nullptr ? nullptr : std::make_shared<absl::AnyInvocable<void()>>(std::move(ready));
}

void EpollSocket::RequestReady() {
  // What comes later is told by epoll.
  if (maybe_readable_ || maybe_failed_ || errors_.kept()) loop_.MarkReady(*this);
}

void EpollSocket::OnReady() {
  const std::shared_ptr<absl::AnyInvocable<void()>> ready = ready_;
  if (ready != nullptr) (*ready)();
}

std::optional<AsyncError> EpollSocket::TakeAsyncError() {
  if (errors_.kept()) return errors_.TakeKept();
  if (!maybe_failed_) return std::nullopt;
  std::optional<AsyncError> error = errors_.TakePending(socket_, peer_);
  if (!error.has_value()) maybe_failed_ = false;
  return error;
}

absl::Status EpollSocket::RequestMetadata(Metadata fields) {
  absl::Status status = SetMetadata(socket_, fields, metadata_);
  if (status.ok()) metadata_ = fields;
  return status;
}

absl::Status EpollSocket::SetOption(SocketOption option, int value) {
  absl::Status status = SetSocketOption(socket_, option, value);
  if (!status.ok()) return status;
  if (option == SocketOption::kTypeOfService) type_of_service_ = value;
  if (option == SocketOption::kReportUnreachable) errors_.set_queue_in_use(value != 0);
  return status;
}

absl::StatusOr<int> EpollSocket::GetOption(SocketOption option) const {
  return GetSocketOption(socket_, option);
}

absl::Status EpollSocket::Join(const GroupMembership& membership) {
  return JoinGroup(socket_, membership);
}

absl::Status EpollSocket::Leave(const GroupMembership& membership) {
  return LeaveGroup(socket_, membership);
}

absl::Status EpollSocket::SetMulticastInterface(uint32_t interface_index) {
  absl::Status status = SetGroupInterface(socket_, interface_index, multicast_interface_);
  if (status.ok()) multicast_interface_ = interface_index;
  return status;
}

}  // namespace pollux::linux_engine
