// SPDX-License-Identifier: Apache-2.0

#include "platform/windows/windows_socket.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/windows/multicast.h"

namespace pollux::windows_engine {

using internal::SocketAddress;

namespace {

// A program that never asks shall not make us keep more than this. Later ones are lost.
constexpr size_t kErrorsMax = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<EngineSocket>> WindowsSocket::Create(const SocketHome& home,
                                                                    AddressFamily family) {
  const std::string what = absl::StrCat("create a UDP socket of family ", ToString(family));
  if (family == AddressFamily::kNone) return StatusOf(-WSAEAFNOSUPPORT, what);
  SOCKET handle = INVALID_SOCKET;
  Result result =
      home.calls.NewSocket(family == AddressFamily::kIpv4 ? AF_INET : AF_INET6, &handle);
  if (result < 0) return StatusOf(result, what);
  // Closes the socket whatever happens next.
  std::unique_ptr<WindowsSocket> socket(
      new WindowsSocket(home, {.calls = &home.calls, .handle = handle, .family = family}));
  if (family != AddressFamily::kIpv4) {
    result = socket->socket_.Set(IPPROTO_IPV6, IPV6_V6ONLY, family == AddressFamily::kIpv6 ? 1 : 0);
    if (result < 0) return StatusOf(result, what);
  }
  // Said aloud, for the defaults of the two are not the same. A system that has none reports none.
  ReportUnreachable(socket->socket_, true);
  return std::unique_ptr<EngineSocket>(std::move(socket));
}

WindowsSocket::WindowsSocket(const SocketHome& home, const SocketRef& socket)
    : EngineSocket(home.engine),
      Watched(home.loop),
      loop_(home.loop),
      socket_(socket),
      sender_{.platform = Platform::kWindows, .family = socket.family} {}

WindowsSocket::~WindowsSocket() {
  loop_.Unwatch(*this);
  socket_.calls->Close(socket_.handle);
}

absl::Status WindowsSocket::Bind(const Endpoint& local) {
  const std::string what = absl::StrCat("bind ", local.ToString());
  SocketAddress address;
  if (!SocketAddress::From(local, socket_.family, address)) return StatusOf(-WSAEAFNOSUPPORT, what);
  const Result result = socket_.calls->Bind(socket_.handle, address.data(), address.length());
  if (result >= 0) bound_ = true;
  return StatusOf(result, what);
}

absl::Status WindowsSocket::Connect(const Endpoint& peer) {
  const std::string what = absl::StrCat("connect to ", peer.ToString());
  if (!peer.is_set() || peer.address == IpAddress::Any()) return StatusOf(-WSAEDESTADDRREQ, what);
  if (peer.port == 0) {
    return SocketStatus(SocketError::kNetwork, absl::StrCat(what, ": port 0 is no destination"));
  }
  SocketAddress address;
  if (!SocketAddress::From(peer, socket_.family, address)) {
    return StatusOf(-WSAENETUNREACH,
                    absl::StrCat(what, " from a socket of family ", ToString(socket_.family)));
  }
  const SocketAddress before = sender_.peer.is_set() ? before_connect_ : SystemAddress();
  const Result result = socket_.calls->Connect(socket_.handle, address.data(), address.length());
  if (result < 0) return StatusOf(result, what);
  before_connect_ = before;
  sender_.peer = peer;
  bound_ = true;
  return absl::OkStatus();
}

absl::Status WindowsSocket::Disconnect() {
  if (!sender_.peer.is_set()) return absl::OkStatus();
  // An address of zeros dissolves the association, as connect's page says.
  sockaddr_in6 nobody = {};
  const Result result = socket_.calls->Connect(
      socket_.handle, reinterpret_cast<const sockaddr*>(&nobody),
      socket_.family == AddressFamily::kIpv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  if (result < 0) {
    return StatusOf(result, absl::StrCat("disconnect from ", sender_.peer.ToString()));
  }
  sender_.peer = Endpoint();
  const Endpoint before = before_connect_.ToEndpoint();
  bound_ = before.port != 0;
  if (!bound_ || SystemAddress().ToEndpoint().port == before.port) return absl::OkStatus();
  // The port has gone with the peer.
  const Result rebound =
      socket_.calls->Bind(socket_.handle, before_connect_.data(), before_connect_.length());
  bound_ = rebound >= 0;
  return StatusOf(rebound, absl::StrCat("bind ", before.ToString(), " again"));
}

SocketAddress WindowsSocket::SystemAddress() const {
  SocketAddress address;
  const Result result =
      socket_.calls->SocketName(socket_.handle, address.mutable_data(), address.mutable_length());
  return result < 0 ? SocketAddress() : address;
}

Endpoint WindowsSocket::LocalEndpoint() const {
  Endpoint local = SystemAddress().ToEndpoint();
  if (socket_.family == AddressFamily::kDual && local.address == IpAddress::AnyIpv6()) {
    local.address = IpAddress::Any();
  }
  return local;
}

std::optional<NativeHandle> WindowsSocket::native_handle() {
  // Whoever has it may read where this class does not see it, so that nothing may be taken ahead.
  handle_taken_ = true;
  return static_cast<NativeHandle>(socket_.handle);
}

void WindowsSocket::SetListener(ReadyListener* listener) {
  listener_ = listener;
  if (listener_ == nullptr) return loop_.Unwatch(*this);
  RequestReady();
}

void WindowsSocket::BeWatched() {
  if (watched()) return;
  const Result result = loop_.Watch(socket_.handle, *this);
  if (result < 0) Keep(StatusOf(result, "watch a UDP socket"), Endpoint());
}

void WindowsSocket::RequestReady() {
  if (listener_ == nullptr) return;
  if (!failed_) BeWatched();
  if (maybe_readable_ || !errors_.empty() || !held_.empty()) loop_.MarkReady(*this);
}

void WindowsSocket::OnNews(Result result) {
  maybe_readable_ = true;
  if (result < 0) Fail(result);
}

void WindowsSocket::OnReady() {
  // A network that is down is told once; to watch on would be to spin.
  if (failed_ && watched()) loop_.Unwatch(*this);
  if (listener_ != nullptr) listener_->OnReady();
}

void WindowsSocket::Fail(Result result) {
  failed_ = true;
  maybe_readable_ = false;
  Keep(StatusOf(result, "wait for datagrams"), Endpoint());
}

void WindowsSocket::Keep(absl::Status status, const Endpoint& destination) {
  if (errors_.size() >= kErrorsMax) return;
  errors_.push_back({.status = std::move(status), .destination = destination});
  if (listener_ != nullptr) loop_.MarkReady(*this);
}

std::optional<AsyncError> WindowsSocket::TakeAsyncError() {
  if (errors_.empty() && maybe_readable_) {
    const Result result = must_leave() ? Peek() : Hold();
    if (result < 0 && result != -WSAEWOULDBLOCK) Fail(result);
  }
  if (errors_.empty()) return std::nullopt;
  AsyncError error = std::move(errors_.front());
  errors_.pop_front();
  return error;
}

absl::Status WindowsSocket::RequestMetadata(Metadata fields) {
  absl::Status status = SetMetadata(socket_, fields, metadata_);
  if (status.ok()) metadata_ = fields;
  return status;
}

absl::Status WindowsSocket::SetOption(SocketOption option, int value) {
  return SetSocketOption(socket_, option, value, remembered_);
}

absl::StatusOr<int> WindowsSocket::GetOption(SocketOption option) const {
  return GetSocketOption(socket_, option, remembered_);
}

absl::Status WindowsSocket::Join(const GroupMembership& membership) {
  return JoinGroup(socket_, membership);
}

absl::Status WindowsSocket::Leave(const GroupMembership& membership) {
  return LeaveGroup(socket_, membership);
}

absl::Status WindowsSocket::SetMulticastInterface(uint32_t interface_index) {
  absl::Status status = SetGroupInterface(socket_, interface_index, multicast_interface_);
  if (status.ok()) multicast_interface_ = interface_index;
  return status;
}

}  // namespace pollux::windows_engine
