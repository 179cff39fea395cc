// SPDX-License-Identifier: Apache-2.0
//
// Groups, options and callbacks of a socket.

#include <utility>

#include "absl/strings/str_cat.h"
#include "udp/internal/advice.h"
#include "udp/internal/socket_core.h"
#include "udp/membership.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

namespace pollux {

using internal::SocketCore;

namespace {

std::string Describe(absl::string_view call, const GroupMembership& membership) {
  std::string text = absl::StrCat(call, " group ", membership.group.ToString());
  if (membership.source.is_set()) {
    absl::StrAppend(&text, " from ", membership.source.ToString());
  }
  if (membership.interface_index != 0) {
    absl::StrAppend(&text, " on interface ", membership.interface_index);
  }
  return text;
}

// The contract allows the multicast calls in one state only.
absl::Status CheckBound(SocketCore& core, absl::string_view call) {
  if (core.state == SocketState::kBound) return absl::OkStatus();
  return core.Refuse(SocketError::kOperation, call,
                     absl::StrCat("the socket is ", ToString(core.state),
                                  "; it has to be Bound, so Bind() it first"));
}

absl::Status CheckGroup(SocketCore& core, absl::string_view call,
                        const GroupMembership& membership) {
  if (absl::Status s = CheckBound(core, Describe(call, membership)); !s.ok()) return s;
  if (membership.group.is_multicast()) return absl::OkStatus();
  return core.Refuse(SocketError::kOperation, Describe(call, membership),
                     "the address is not a multicast group (224.0.0.0/4 or ff00::/8)");
}

GroupMembership On(const IpAddress& group, const NetworkInterface& interface) {
  return {.group = group, .interface_index = interface.index};
}

}  // namespace

absl::Status UdpSocket::JoinMulticastGroup(const IpAddress& group) {
  return JoinMulticastGroup(GroupMembership{.group = group});
}

absl::Status UdpSocket::JoinMulticastGroup(const IpAddress& group,
                                           const NetworkInterface& network_interface) {
  return JoinMulticastGroup(On(group, network_interface));
}

absl::Status UdpSocket::JoinMulticastGroup(const GroupMembership& membership) {
  SocketCore& c = core();
  if (absl::Status s = CheckGroup(c, "join", membership); !s.ok()) return s;
  absl::Status status = c.socket->Join(membership);
  if (status.ok()) return status;
  return c.Fail(internal::AdviseOnJoin(status, membership, c.socket->LocalEndpoint().address));
}

absl::Status UdpSocket::LeaveMulticastGroup(const IpAddress& group) {
  return LeaveMulticastGroup(GroupMembership{.group = group});
}

absl::Status UdpSocket::LeaveMulticastGroup(const IpAddress& group,
                                            const NetworkInterface& network_interface) {
  return LeaveMulticastGroup(On(group, network_interface));
}

absl::Status UdpSocket::LeaveMulticastGroup(const GroupMembership& membership) {
  SocketCore& c = core();
  if (absl::Status s = CheckGroup(c, "leave", membership); !s.ok()) return s;
  absl::Status status = c.socket->Leave(membership);
  return status.ok() ? status : c.Fail(internal::AdviseOnLeave(status));
}

absl::StatusOr<Membership> UdpSocket::JoinScoped(const GroupMembership& membership) {
  if (absl::Status s = JoinMulticastGroup(membership); !s.ok()) return s;
  return Membership(core_, membership);
}

std::optional<NetworkInterface> UdpSocket::MulticastInterface() {
  SocketCore& c = core();
  if (c.state != SocketState::kBound) return std::nullopt;
  const absl::StatusOr<uint32_t> index = c.socket->MulticastInterface();
  if (!index.ok() || *index == 0) return std::nullopt;
  const absl::StatusOr<std::vector<NetworkInterface>> interfaces = c.engine.Interfaces();
  if (!interfaces.ok()) return std::nullopt;
  for (const NetworkInterface& interface : *interfaces) {
    if (interface.index == *index) return interface;
  }
  return std::nullopt;
}

absl::Status UdpSocket::SetMulticastInterface(const NetworkInterface& network_interface) {
  SocketCore& c = core();
  const std::string call = absl::StrCat("set multicast interface ", network_interface.index);
  if (absl::Status s = CheckBound(c, call); !s.ok()) return s;
  absl::Status status = c.socket->SetMulticastInterface(network_interface.index);
  return status.ok() ? status : c.Fail(std::move(status));
}

absl::Status UdpSocket::SetOption(SocketOption option, int value) {
  SocketCore& c = core();
  if (absl::Status s = CheckOptionValue(option, value); !s.ok()) return c.Fail(std::move(s));
  if (c.socket != nullptr) {
    if (absl::Status s = c.socket->SetOption(option, value); !s.ok()) return c.Fail(std::move(s));
  }
  if (c.options == nullptr) c.options = std::make_unique<SocketCore::Options>();
  for (auto& [known, kept] : *c.options) {
    if (known != option) continue;
    kept = value;
    return absl::OkStatus();
  }
  c.options->emplace_back(option, value);
  return absl::OkStatus();
}

absl::StatusOr<int> UdpSocket::GetOption(SocketOption option) const {
  SocketCore& c = core();
  if (c.socket != nullptr) {
    absl::StatusOr<int> value = c.socket->GetOption(option);
    return value.ok() ? value : c.Fail(value.status());
  }
  if (c.options != nullptr) {
    for (const auto& [known, kept] : *c.options) {
      if (known == option) return kept;
    }
  }
  return c.Refuse(SocketError::kOperation, absl::StrCat("get option ", ToString(option)),
                  "the socket is not open yet, and the option was not set; bind it first");
}

void UdpSocket::OnReadyRead(absl::AnyInvocable<void()> callback) {
  SocketCore& c = core();
  c.ready_read.Set(std::move(callback));
  c.ListenAsNeeded();
  c.ReadyReadReplaced();
}

void UdpSocket::OnBytesWritten(absl::AnyInvocable<void(size_t)> callback) {
  core().bytes_written.Set(std::move(callback));
}

void UdpSocket::OnStateChanged(absl::AnyInvocable<void(SocketState)> callback) {
  core().state_changed.Set(std::move(callback));
}

void UdpSocket::OnError(absl::AnyInvocable<void(const absl::Status&)> callback) {
  SocketCore& c = core();
  c.error_occurred.Set(std::move(callback));
  c.ListenAsNeeded();
  if (c.socket != nullptr && c.error_occurred.is_set()) c.socket->RequestReady();
}

std::optional<NativeHandle> UdpSocket::native_handle() {
  SocketCore& c = core();
  if (c.socket == nullptr) return std::nullopt;
  const std::optional<NativeHandle> handle = c.socket->native_handle();
  if (handle.has_value()) c.HandleTaken();
  return handle;
}

Membership::Membership(const std::shared_ptr<SocketCore>& core, const GroupMembership& group)
    : core_(core), group_(group), opening_(core->openings) {}

Membership& Membership::operator=(Membership&& other) noexcept {
  if (this == &other) return *this;
  Leave().IgnoreError();
  core_ = std::move(other.core_);
  group_ = other.group_;
  opening_ = other.opening_;
  return *this;
}

Membership::~Membership() { Leave().IgnoreError(); }

absl::Status Membership::Leave() {
  const std::shared_ptr<SocketCore> core = core_.lock();
  core_.reset();
  // A close gave up all memberships; a bind after it began anew.
  if (core == nullptr || core->socket == nullptr || core->openings != opening_) {
    return absl::OkStatus();
  }
  absl::Status status = core->socket->Leave(group_);
  return status.ok() ? status : core->Fail(std::move(status));
}

}  // namespace pollux
