// SPDX-License-Identifier: Apache-2.0
//
// A socket's life, its addresses, and its readiness. What it sends and receives is in
// epoll_send.cc and epoll_receive.cc.

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
  // Without SOCK_NONBLOCK: every call here says MSG_DONTWAIT, and epoll checks the checksum of what
  // it reports from such sockets alone (udp_poll in net/ipv4/udp.c).
  const int fd = home.calls.Socket(family == AddressFamily::kIpv4 ? AF_INET : AF_INET6,
                                   SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
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
  return std::unique_ptr<EngineSocket>(std::move(socket));
}

EpollSocket::EpollSocket(const SocketHome& home, const SocketRef& socket)
    : EngineSocket(home.engine),
      Watched(home.loop),
      loop_(home.loop),
      batches_(home.batches),
      socket_(socket),
      sender_{.family = socket.family, .peer = {}, .type_of_service = 0} {}

EpollSocket::~EpollSocket() {
  if (destroyed_ != nullptr) *destroyed_ = true;
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

absl::Status EpollSocket::Disconnect() {
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

std::optional<NativeHandle> EpollSocket::native_handle() {
  if (!handle_taken_) {
    // Whoever has it expects it not to block, and may read where this class does not see it: what
    // epoll reports is then no more than a hint, and nothing may be taken ahead.
    handle_taken_ = true;
    levels_refused_ = true;
    socket_.calls->SetNonBlocking(socket_.fd);
    loop_.StopSpinning(*this);
    if (watch_ == Watch::kLevels) loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  }
  return static_cast<NativeHandle>(socket_.fd);
}

void EpollSocket::SetReadyCallback(absl::AnyInvocable<void()> ready) {
  if (ready == nullptr) {
    ready_ = nullptr;
    loop_.Unwatch(socket_.fd, *this);
    return;
  }
  ready_ = std::make_shared<absl::AnyInvocable<void()>>(std::move(ready));
  BeWatched();
  if (errors_.kept() || !held_.empty()) loop_.MarkReady(*this);
}

void EpollSocket::BeWatched() {
  if (watch_ != Watch::kNothing) return;
  // The kernel reports at once what is there already.
  const int result = loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  if (result < 0) errors_.KeepWatchFailure(-result);
}

void EpollSocket::RequestReady() {
  if (ready_ == nullptr) return;
  BeWatched();
  // Epoll tells of what comes later, and of levels in the next turn by itself.
  const bool by_itself = watch_ == Watch::kLevels;
  const bool pending = maybe_failed_ || (maybe_readable_ && !by_itself);
  if (pending || errors_.kept() || !held_.empty()) loop_.MarkReady(*this);
}

void EpollSocket::OnReady() {
  const std::shared_ptr<absl::AnyInvocable<void()>> ready = ready_;
  if (ready == nullptr) return;
  bool destroyed = false;
  bool* const outer = std::exchange(destroyed_, &destroyed);
  received_ = false;
  (*ready)();
  if (destroyed) {
    if (outer != nullptr) *outer = true;
    return;
  }
  destroyed_ = outer;
  AdaptToCallback();
}

void EpollSocket::AdaptToCallback() {
  if (watch_ == Watch::kEdges && received_ && !levels_refused_) {
    loop_.SetWatch(socket_.fd, *this, Watch::kLevels);
  } else if (watch_ == Watch::kLevels && (surely_readable_ || maybe_failed_)) {
    // Left as it was: levels would have the loop run for nothing until that changes.
    levels_refused_ = true;
    loop_.SetWatch(socket_.fd, *this, Watch::kEdges);
  }
}

std::optional<AsyncError> EpollSocket::TakeAsyncError() {
  if (errors_.kept()) return errors_.TakeKept();
  if (!maybe_failed_ && watch_ != Watch::kNothing) return std::nullopt;
  std::optional<AsyncError> error = errors_.TakePending(socket_, sender_.peer);
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
  if (option == SocketOption::kTypeOfService) sender_.type_of_service = value;
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
