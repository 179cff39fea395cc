// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/packet.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace pollux::sim {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kIpv6FragmentHeader = 8;
constexpr size_t kIcmpHeader = 8;
// How much of the datagram an ICMP error quotes: as much as keeps it below these sizes
// (RFC 1812 4.3.2.3, RFC 4443 2.4).
constexpr size_t kIcmpv4Max = 576;
constexpr size_t kIcmpv6Max = 1280;

}  // namespace

struct Payload::Block {
  size_t references;
  size_t size;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

Payload Payload::Copy(absl::string_view bytes) {
  if (bytes.empty()) return Payload();
  void* memory = ::operator new(sizeof(Block) + bytes.size());
  Block* block = new (memory) Block{1, bytes.size()};
  std::memcpy(block->bytes(), bytes.data(), bytes.size());
  return Payload(block);
}

Payload::Payload(const Payload& other) : block_(other.block_) {
  if (block_ != nullptr) ++block_->references;
}

Payload::Payload(Payload&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

Payload& Payload::operator=(Payload other) noexcept {
  std::swap(block_, other.block_);
  return *this;
}

Payload::~Payload() {
  if (block_ != nullptr && --block_->references == 0) ::operator delete(block_);
}

absl::string_view Payload::bytes() const {
  if (block_ == nullptr) return absl::string_view();
  return absl::string_view(block_->bytes(), block_->size);
}

size_t Packet::wire_size() const {
  const bool ipv4 = destination.address.is_ipv4();
  const size_t ip_header = ipv4 ? kIpv4Header : kIpv6Header;
  if (is_fragment()) return ip_header + (ipv4 ? 0 : kIpv6FragmentHeader) + fragment_size;
  const size_t datagram = ip_header + datagram_size();
  if (!icmp) return datagram;
  return std::min(ip_header + kIcmpHeader + datagram, ipv4 ? kIcmpv4Max : kIcmpv6Max);
}

}  // namespace pollux::sim
