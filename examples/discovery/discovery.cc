// SPDX-License-Identifier: Apache-2.0

#include "examples/discovery/discovery.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "udp/bind_mode.h"
#include "udp/datagram.h"
#include "udp/ip_address.h"
#include "udp/socket_error.h"
#include "udp/socket_option.h"

namespace pollux::examples {
namespace {

// A question id: one client asks one question.
constexpr uint32_t kQuestionId = 1;

// Opens the two sockets of a member. If that fails both are closed again.
absl::Status OpenSockets(const Group& group, UdpSocket& group_socket, UdpSocket& own_socket) {
  const IpAddress& address = group.endpoint.address;
  const IpAddress any = address.is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6();
  // Every member on this host binds the port of the group: Unix asks each of them to share it,
  // Windows asks the later ones to insist.
  absl::Status status = group_socket.Bind(any, group.endpoint.port,
                                          BindMode::kShareAddress | BindMode::kReuseAddressHint);
  if (status.ok()) status = group_socket.JoinMulticastGroup(address, group.interface);
  // The address on that interface: it is where others answer to, and Linux gives what leaves by the
  // loopback interface none by itself.
  const IpAddress own = address.is_ipv4() ? group.interface.PrimaryIpv4() : any;
  if (status.ok()) status = own_socket.Bind(own.is_set() ? own : any, 0);
  if (status.ok()) status = own_socket.SetMulticastInterface(group.interface);
  if (!status.ok()) {
    group_socket.Close();
    own_socket.Close();
  }
  return status;
}

// Where to send what is meant for the group: a group that means something else on every link is
// told the link.
Endpoint DestinationOf(const Group& group) {
  const IpAddress& address = group.endpoint.address;
  if (!address.needs_scope() || address.scope_id() != 0) return group.endpoint;
  return Endpoint(address.WithScope(group.interface.index), group.endpoint.port);
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

}  // namespace

// ---- Service ----

Service::Service(SocketEngine& engine, Options options)
    : options_(std::move(options)),
      group_socket_(engine),
      own_socket_(engine),
      announce_(engine.loop(), [this] { Announce(); }) {}

absl::Status Service::Start() {
  if (absl::Status s = OpenSockets(options_.group, group_socket_, own_socket_); !s.ok()) return s;
  group_socket_.OnReadyRead([this] { Read(group_socket_); });
  own_socket_.OnReadyRead([this] { Read(own_socket_); });
  Announce();
  return absl::OkStatus();
}

void Service::Announce() {
  Send({.kind = Message::Kind::kHere, .text = options_.name}, DestinationOf(options_.group));
  announce_.Start(options_.announce_interval);
}

void Service::Read(UdpSocket& socket) {
  while (socket.HasPendingDatagrams()) {
    const absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
    if (!datagram.ok()) continue;
    const std::optional<Message> message = Message::Parse(datagram->payload);
    if (!message.has_value()) continue;
    const Endpoint& source = datagram->info.source;
    if (message->kind == Message::Kind::kWho) {
      Send({.kind = Message::Kind::kHere, .text = options_.name}, source);
    } else if (message->kind == Message::Kind::kAsk) {
      ++answered_;
      Send({.kind = Message::Kind::kAnswer,
            .id = message->id,
            .text = options_.answer(message->text)},
           source);
    }
  }
}

void Service::Send(const Message& message, const Endpoint& destination) {
  const absl::Status status = own_socket_.WriteDatagram(message.ToString(), destination);
  // Not the end: who asked will ask again, and the next announcement may get through.
  if (!status.ok() && options_.narrator) {
    options_.narrator(absl::StrCat("could not ", status.message()));
  }
}

// ---- Client ----

Client::Client(SocketEngine& engine, Options options)
    : options_(std::move(options)),
      group_socket_(engine),
      own_socket_(engine),
      retry_(engine.loop(), [this] { Retry(); }),
      timeout_(engine.loop(),
               [this] {
                 Finish(SocketStatus(
                     SocketError::kSocketTimeout,
                     absl::StrCat(phase_ == Phase::kSearching ? "found no service"
                                                              : "the service gave no answer",
                                  " within ", absl::FormatDuration(options_.timeout),
                                  failure_.ok() ? "" : "; last failure: ", failure_.message())));
               }),
      finish_(engine.loop(), [this] {
        // Nothing of this client is touched after the call: it may be gone.
        Done done = std::move(done_);
        done(std::move(result_));
      }) {}

absl::Status Client::Start(Done done) {
  if (absl::Status s = OpenSockets(options_.group, group_socket_, own_socket_); !s.ok()) return s;
  group_socket_.OnReadyRead([this] { Read(group_socket_); });
  own_socket_.OnReadyRead([this] { Read(own_socket_); });
  done_ = std::move(done);
  timeout_.Start(options_.timeout);
  phase_ = Phase::kSearching;
  wait_ = options_.retry;
  Say("looks for a service");
  Search();
  return absl::OkStatus();
}

void Client::Search() {
  Send({.kind = Message::Kind::kWho}, DestinationOf(options_.group));
  retry_.Start(wait_);
}

void Client::Ask() {
  ++asks_;
  Send({.kind = Message::Kind::kAsk, .id = kQuestionId, .text = options_.question},
       finding_.endpoint);
  retry_.Start(wait_);
}

void Client::Retry() {
  ++finding_.retries;
  wait_ = std::min(wait_ * 2, options_.retry_max);
  if (phase_ == Phase::kSearching) {
    Say("has heard of no service; looks again");
    Search();
  } else if (asks_ < options_.asks_max) {
    Say("has no answer; asks again");
    Ask();
  } else {
    Say(absl::StrCat("gives ", finding_.service, " up; looks for another service"));
    phase_ = Phase::kSearching;
    wait_ = options_.retry;
    Search();
  }
}

void Client::Read(UdpSocket& socket) {
  while (phase_ != Phase::kDone && socket.HasPendingDatagrams()) {
    const absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
    if (!datagram.ok()) continue;
    const std::optional<Message> message = Message::Parse(datagram->payload);
    if (message.has_value()) Handle(*message, datagram->info.source);
  }
}

void Client::Handle(const Message& message, const Endpoint& source) {
  if (phase_ == Phase::kSearching && message.kind == Message::Kind::kHere) {
    Say(absl::StrCat("has found ", message.text, " at ", source.ToString(), "; asks it ",
                     Quoted(options_.question)));
    finding_.service = message.text;
    finding_.endpoint = source;
    phase_ = Phase::kAsking;
    wait_ = options_.retry;
    asks_ = 0;
    Ask();
  } else if (phase_ == Phase::kAsking && message.kind == Message::Kind::kAnswer &&
             message.id == kQuestionId && source == finding_.endpoint) {
    Say(absl::StrCat("has its answer: ", Quoted(message.text)));
    finding_.answer = message.text;
    Finish(std::move(finding_));
  }
}

void Client::Send(const Message& message, const Endpoint& destination) {
  ++finding_.sent;
  absl::Status status = own_socket_.WriteDatagram(message.ToString(), destination);
  if (status.ok()) return;
  // Not the end: the network may be back when it is time to try again.
  Say(absl::StrCat("could not ", status.message()));
  failure_ = std::move(status);
}

void Client::Finish(absl::StatusOr<Finding> result) {
  phase_ = Phase::kDone;
  retry_.Stop();
  timeout_.Stop();
  group_socket_.Close();
  own_socket_.Close();
  result_ = std::move(result);
  finish_.Start(absl::ZeroDuration());
}

void Client::Say(absl::string_view sentence) {
  if (options_.narrator) options_.narrator(sentence);
}

}  // namespace pollux::examples
