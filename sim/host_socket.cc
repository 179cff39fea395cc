// SPDX-License-Identifier: Apache-2.0

#include "sim/host_socket.h"

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "udp/internal/datagram_info.h"
#include "udp/internal/prefetch.h"
#include "udp/socket_error.h"

namespace pollux::sim {
namespace {

std::string Describe(absl::string_view verb, const GroupMembership& membership) {
  std::string text = absl::StrCat(verb, " ", membership.group.ToString());
  if (membership.interface_index != 0) {
    absl::StrAppend(&text, " on interface ", membership.interface_index);
  }
  if (membership.source.is_set()) {
    absl::StrAppend(&text, " from source ", membership.source.ToString());
  }
  return text;
}

}  // namespace

HostSocket::HostSocket(HostEngine& engine, SocketId id, AddressFamily family)
    : EngineSocket(engine), family_(family), block_(engine.stack().Find(id)), id_(id) {
  SetKnownErrors(Waiting::kNothing);
}

HostSocket::~HostSocket() {
  if (dead_) return;
  stack().Close(id_);
  host_engine().Forget(id_);
}

void HostSocket::Kill() {
  dead_ = true;
  SetKnownDatagrams(Waiting::kNothing);
  SetKnownErrors(Waiting::kNothing);
}

// ---- Addresses ----

absl::Status HostSocket::Bind(const Endpoint& local) {
  const std::string what = absl::StrCat("bind ", local.ToString());
  if (dead_) return host_engine().Gone(what);
  if (local.is_set() && !Speaks(local.address)) {
    return Failure(OsError::kAddressFamilyNotSupported, what);
  }
  return StatusOf(stack().Bind(id_, local), what);
}

absl::Status HostSocket::Connect(const Endpoint& peer) {
  const std::string what = absl::StrCat("connect to ", peer.ToString());
  if (dead_) return host_engine().Gone(what);
  if (absl::Status status = CheckDestination(peer, what); !status.ok()) return status;
  StashErrors();
  const Endpoint before = LocalEndpoint();
  const bool again = stack().PeerEndpoint(id_).has_value();
  const Outcome<> outcome = stack().Connect(id_, peer);
  SetKnownDatagrams(Waiting::kUnknown);  // Some kernels throw away what waits.
  // A kernel binds the socket before it looks for a route.
  if (!outcome.ok() && !again && before.port == 0) static_cast<void>(stack().Disconnect(id_));
  if (outcome.ok() && !again) before_connect_ = before;
  return StatusOf(outcome, what);
}

absl::Status HostSocket::Disconnect() {
  if (dead_) return host_engine().Gone("disconnect");
  const std::optional<Endpoint> peer = stack().PeerEndpoint(id_);
  if (!peer.has_value()) return absl::OkStatus();
  StashErrors();
  const Outcome<> outcome = stack().Disconnect(id_);
  SetKnownDatagrams(Waiting::kUnknown);
  if (!outcome.ok() && !stack().rules().disconnect_is_error) {
    return Failure(outcome.error(), absl::StrCat("disconnect from ", peer->ToString()));
  }
  // Some kernels give a port up that they chose themselves.
  if (!before_connect_ || before_connect_->port == 0 || LocalEndpoint().port != 0) {
    return absl::OkStatus();
  }
  return StatusOf(stack().Bind(id_, *before_connect_),
                  absl::StrCat("bind ", before_connect_->ToString(), " again"));
}

Endpoint HostSocket::LocalEndpoint() const {
  return dead_ ? Endpoint() : stack().LocalEndpoint(id_);
}

bool HostSocket::Speaks(const IpAddress& address) const {
  switch (address.family()) {
    case AddressFamily::kIpv4:
      return family_ != AddressFamily::kIpv6;
    case AddressFamily::kIpv6:
      return family_ != (address.is_mapped() ? AddressFamily::kIpv6 : AddressFamily::kIpv4);
    case AddressFamily::kDual:
      return family_ == AddressFamily::kDual;
    case AddressFamily::kNone:
      return false;
  }
  return false;
}

// What is wrong with a destination on every platform.
absl::Status HostSocket::CheckDestination(const Endpoint& destination,
                                          absl::string_view what) const {
  if (!destination.is_set() || destination.address == IpAddress::Any()) {
    return Failure(OsError::kDestinationRequired, what);
  }
  if (destination.port == 0) {
    return SocketStatus(SocketError::kNetwork, absl::StrCat(what, ": port 0 is no destination"));
  }
  if (!Speaks(destination.address)) {
    return Failure(OsError::kNetworkUnreachable,
                   absl::StrCat(what, " from a socket of family ", ToString(family_)));
  }
  return absl::OkStatus();
}

// ---- Datagrams ----

absl::StatusOr<size_t> HostSocket::Send(absl::Span<const SendSlot> datagrams) {
  if (dead_) return host_engine().Gone("send");
  StashErrors();
  size_t sent = 0;
  while (sent < datagrams.size()) {
    const SendSlot& slot = datagrams[sent];
    if (!IsSendable(slot)) return sent > 0 ? absl::StatusOr<size_t>(sent) : Refusal(slot);
    const Outcome<> outcome = stack().Send(block_, slot);
    if (!outcome.ok()) return sent > 0 ? absl::StatusOr<size_t>(sent) : SendFailure(outcome, slot);
    ++sent;
  }
  return sent;
}

// As `Send`, for one that has no options.
absl::Status HostSocket::SendTo(absl::string_view payload, const Endpoint& destination,
                                absl::Status& error) {
  const SendSlot slot = {.payload = payload, .destination = destination};
  if (ABSL_PREDICT_FALSE(dead_ || !IsSendable(slot))) {
    return EngineSocket::SendTo(payload, destination, error);
  }
  StashErrors();
  const Outcome<> outcome = stack().Send(block_, slot);
  if (ABSL_PREDICT_TRUE(outcome.ok())) return absl::OkStatus();
  return NoneSent(SendFailure(outcome, slot), error);
}

bool HostSocket::IsSendable(const SendSlot& slot) const {
  const Endpoint& to = slot.destination;
  const bool wildcard = to.address.family() == AddressFamily::kDual;
  if (to.is_set() && (to.port == 0 || wildcard || !Speaks(to.address))) return false;
  return slot.options.hop_limit != 0;
}

absl::Status HostSocket::Refusal(const SendSlot& slot) const {
  const std::string what = DescribeSend(slot);
  if (absl::Status status = CheckDestination(slot.destination, what); !status.ok()) return status;
  return Failure(OsError::kInvalidArgument, absl::StrCat(what, " with hop limit 0 (1..255)"));
}

absl::StatusOr<size_t> HostSocket::SendFailure(const Outcome<>& outcome,
                                               const SendSlot& slot) const {
  if (outcome.error() != OsError::kAgain) return Failure(outcome.error(), DescribeSend(slot));
  // A socket that could not be bound for want of a port says the same as a full buffer.
  if (LocalEndpoint().port != 0) return 0;
  return Failure(OsError::kAgain, absl::StrCat(DescribeSend(slot), ": no port is free"));
}

std::string HostSocket::DescribeSend(const SendSlot& slot) const {
  const Endpoint destination =
      slot.destination.is_set() ? slot.destination : stack().PeerEndpoint(id_).value_or(Endpoint());
  std::string text =
      absl::StrCat("send ", slot.payload.size(), " bytes to ", destination.ToString());
  const SendOptions& options = slot.options;
  if (options.source.is_set()) absl::StrAppend(&text, " from ", options.source.ToString());
  if (options.interface_index != 0) {
    absl::StrAppend(&text, " by interface ", options.interface_index);
  }
  if (options.transmit_time.has_value()) absl::StrAppend(&text, " with a transmit time");
  return text;
}

inline bool HostSocket::Take(ReceiveSlot& slot, Outcome<bool>& outcome) {
  outcome = stack().Receive(block_, slot);
  // Where a datagram that is too large for its buffer is an error of the platform, the stack has
  // filled the slot all the same.
  return outcome.ok() ? *outcome : outcome.error() == OsError::kMessageTooLong;
}

absl::StatusOr<size_t> HostSocket::Receive(absl::Span<ReceiveSlot> slots) {
  if (ABSL_PREDICT_FALSE(dead_)) return host_engine().Gone("receive");
  StashErrors();
  Outcome<bool> outcome = false;
  size_t received = 0;
  while (received < slots.size() && Take(slots[received], outcome)) ++received;
  SetKnownDatagrams(UdpStack::KnownDatagrams(block_));
  if (ABSL_PREDICT_FALSE(received == 0)) return ReceiveFailure(outcome);
  return received;
}

absl::StatusOr<size_t> HostSocket::ReceiveFailure(const Outcome<bool>& outcome) const {
  if (outcome.ok() || outcome.error() == OsError::kAgain) return 0;
  return Failure(outcome.error(), "receive");
}

// As `Receive`, into one buffer.
absl::StatusOr<size_t> HostSocket::ReceiveFrom(absl::Span<char> buffer, DatagramInfo* info,
                                               absl::Status& error) {
  if (ABSL_PREDICT_FALSE(dead_)) return EngineSocket::ReceiveFrom(buffer, info, error);
  StashErrors();
  ReceiveSlot& slot = scratch();
  slot.buffer = buffer;
  Outcome<bool> outcome = false;
  const bool taken = Take(slot, outcome);
  SetKnownDatagrams(UdpStack::KnownDatagrams(block_));
  if (ABSL_PREDICT_FALSE(!taken)) return NoneReceived(ReceiveFailure(outcome), error);
  Gives();
  if (info != nullptr) internal::CopyInfo(slot.info, with_metadata_, *info);
  return slot.size;
}

std::optional<size_t> HostSocket::PendingDatagramSize() {
  return dead_ ? std::nullopt : stack().PendingDatagramSize(id_);
}

bool HostSocket::HasPending() {
  if (dead_) return false;
  const bool pending = UdpStack::HasDatagram(block_);
  SetKnownDatagrams(pending ? Waiting::kSomething : Waiting::kNothing);
  return pending;
}

std::optional<AsyncError> HostSocket::TakeAsyncError() {
  if (dead_) return std::nullopt;
  StashErrors();
  if (!errors_) return std::nullopt;
  const PendingError error = errors_->front();
  errors_->erase(errors_->begin());
  if (errors_->empty()) {
    errors_.reset();
    SetKnownErrors(Waiting::kNothing);
  }
  return AsyncError{Failure(error.error, AsyncError::What(error.destination)), error.destination};
}

void HostSocket::TakeErrors() {
  while (const std::optional<PendingError> error = stack().TakeError(id_)) {
    if (!errors_) errors_ = std::vector<PendingError>();
    if (errors_->size() < kAsyncErrorsMax) errors_->push_back(*error);
  }
  SetKnownErrors(errors_ ? Waiting::kSomething : Waiting::kNothing);
}

// ---- Readiness ----

// What comes later tells of itself: only what is there already needs a turn.
void HostSocket::RequestReady() {
  if (dead_ || (!errors_ && !stack().Readable(id_))) return;
  requested_ = true;
  Enlist();
}

void HostSocket::Enlist() {
  if (listed_ || dead_) return;
  listed_ = true;
  host_engine().AddReady(id_);
}

void HostSocket::RunReady() {
  listed_ = false;
  const bool arrived = arrived_;
  const bool requested = requested_;
  arrived_ = requested_ = false;
  const bool pending = arrived || (requested && (errors_ || stack().Readable(id_)));
  if (pending && listener_ != nullptr) listener_->OnReady();
}

void HostSocket::Approach() const {
  UdpStack::Prefetch(block_);
  // Behind the program's socket is who listens, and right before that, since it was made right
  // before, mostly what the program's callback looks at.
  constexpr ptrdiff_t kBefore = 48;
  constexpr size_t kLines = 4;
  internal::PrefetchLines<kLines>(listener_, -kBefore);
}

// ---- Options and groups ----

absl::Status HostSocket::RequestMetadata(Metadata fields) {
  if (dead_) return host_engine().Gone("ask for metadata");
  stack().RequestMetadata(id_, fields);
  with_metadata_ = fields != Metadata::kNone;
  return absl::OkStatus();
}

absl::Status HostSocket::SetOption(SocketOption option, int value) {
  const std::string what = absl::StrCat("set option ", ToString(option), " to ", value);
  if (dead_) return host_engine().Gone(what);
  return StatusOf(stack().SetOption(id_, option, value), what);
}

absl::StatusOr<int> HostSocket::GetOption(SocketOption option) const {
  if (dead_) return host_engine().Gone(absl::StrCat("get option ", ToString(option)));
  const Outcome<int> value = stack().GetOption(id_, option);
  if (!value.ok()) return Failure(value.error(), absl::StrCat("get option ", ToString(option)));
  return *value;
}

absl::Status HostSocket::Join(const GroupMembership& membership) {
  const std::string what = Describe("join", membership);
  if (dead_) return host_engine().Gone(what);
  if (const auto error = Check(membership)) return Failure(*error, what);
  Outcome<> outcome = stack().Join(id_, membership);
  // The second join of one source has an error of its own on some platforms.
  if (!outcome.ok() && membership.source.is_set() &&
      outcome.error() == OsError::kAddressNotAvailable) {
    outcome = OsError::kAddressInUse;
  }
  return StatusOf(outcome, what);
}

absl::Status HostSocket::Leave(const GroupMembership& membership) {
  const std::string what = Describe("leave", membership);
  if (dead_) return host_engine().Gone(what);
  if (const auto error = Check(membership)) return Failure(*error, what);
  Outcome<> outcome = stack().Leave(id_, membership);
  // The request is valid; so nothing of the group was joined, or not this way.
  if (!outcome.ok() && outcome.error() == OsError::kInvalidArgument) {
    outcome = OsError::kAddressNotAvailable;
  }
  return StatusOf(outcome, what);
}

absl::Status HostSocket::SetMulticastInterface(uint32_t interface_index) {
  const std::string what = absl::StrCat("send to groups by interface ", interface_index);
  if (dead_) return host_engine().Gone(what);
  Outcome<> outcome = stack().SetMulticastInterface(id_, interface_index);
  // IPv4 kernels call an unknown index an unknown address; there is no address in this request.
  if (!outcome.ok() && outcome.error() == OsError::kAddressNotAvailable) {
    outcome = OsError::kNoDevice;
  }
  return StatusOf(outcome, what);
}

absl::StatusOr<uint32_t> HostSocket::MulticastInterface() const {
  if (dead_) return host_engine().Gone("ask for the multicast interface");
  return stack().MulticastInterface(id_);
}

// What is wrong with a membership on every platform.
std::optional<OsError> HostSocket::Check(const GroupMembership& membership) const {
  if (!membership.group.is_multicast()) return OsError::kInvalidArgument;
  if (!Speaks(membership.group)) return OsError::kAddressFamilyNotSupported;
  const IpAddress& source = membership.source;
  if (!source.is_set()) return std::nullopt;
  if (source.family() != membership.group.family()) return OsError::kAddressFamilyNotSupported;
  if (source.is_multicast() || source.is_unspecified()) return OsError::kInvalidArgument;
  return std::nullopt;
}

absl::Status HostSocket::Failure(OsError error, absl::string_view what) const {
  return OsStatus(stack().rules().platform, error, what);
}

}  // namespace pollux::sim
