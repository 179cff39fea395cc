// SPDX-License-Identifier: Apache-2.0

#include "tools/program/answer.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pollux::program {
namespace {

uint32_t Fnv1a(absl::string_view bytes) {
  uint32_t hash = 2166136261u;
  for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  return hash;
}

// Whether one of a host's interfaces has an address.
bool Has(const HostSpec& host, const IpAddress& address) {
  for (const InterfaceSpec& interface : host.interfaces) {
    if (LinkLocalOf(interface) == address) return true;
    for (absl::string_view text : interface.addresses) {
      const absl::StatusOr<IpAddress> own = IpAddress::Parse(text.substr(0, text.find('/')));
      if (own.ok() && *own == address) return true;
    }
  }
  return false;
}

}  // namespace

std::string ShowPayload(absl::string_view bytes) {
  constexpr size_t kLongestShown = 32;
  if (bytes.size() <= kLongestShown) return absl::StrCat("\"", absl::CEscape(bytes), "\"");
  return absl::StrFormat("checksum %08x", Fnv1a(bytes));
}

void AnswerWriter::Reset() {
  named_ports_.clear();
  chosen_ports_.clear();
}

void AnswerWriter::Note(const Call& call) {
  if (call.endpoint.is_set()) named_ports_.insert(call.endpoint.port);
}

absl::string_view AnswerWriter::OwnerOf(absl::string_view viewer, const IpAddress& address) const {
  const HostSpec* self = FindHost(hosts_, viewer);
  if (self != nullptr && Has(*self, address)) return viewer;
  for (const HostSpec& host : hosts_) {
    if (Has(host, address)) return host.name;
  }
  return viewer;
}

std::string AnswerWriter::Show(absl::string_view host, const Endpoint& endpoint) {
  const IpAddress address = endpoint.address.Unmapped();
  const IpAddress bare = address.WithScope(0);
  std::string text = bare.ToString();
  if (address.scope_id() != 0) {
    const HostSpec* viewer = FindHost(hosts_, host);
    const std::string name = viewer == nullptr ? "" : InterfaceName(*viewer, address.scope_id());
    absl::StrAppend(&text, "%", name.empty() ? absl::StrCat(address.scope_id()) : name);
  }
  if (address.is_ipv6()) text = absl::StrCat("[", text, "]");
  if (endpoint.port == 0 || named_ports_.count(endpoint.port) != 0) {
    return absl::StrCat(text, ":", endpoint.port);
  }
  const auto key = std::make_pair(std::string(OwnerOf(host, bare)), endpoint.port);
  const size_t number = chosen_ports_.emplace(key, chosen_ports_.size() + 1).first->second;
  return absl::StrCat(text, ":port#", number);
}

std::string AnswerWriter::Received(absl::string_view host, absl::string_view bytes,
                                   const Endpoint& source, bool truncated) {
  return absl::StrCat(bytes.size(), " ", ShowPayload(bytes), " from ", Show(host, source),
                      truncated ? " truncated" : "");
}

std::string AnswerWriter::OptionValue(absl::string_view host, SocketOption option,
                                      int value) const {
  if (option != SocketOption::kBoundInterface) return absl::StrCat(value);
  if (value == 0) return kNone;
  const HostSpec* viewer = FindHost(hosts_, host);
  const std::string name =
      viewer == nullptr || value < 0 ? "" : InterfaceName(*viewer, static_cast<uint32_t>(value));
  return name.empty() ? absl::StrCat(value) : name;
}

}  // namespace pollux::program
