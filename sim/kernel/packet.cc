// SPDX-License-Identifier: Apache-2.0

#include "sim/kernel/packet.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "sim/kernel/block_pool.h"
#include "udp/internal/prefetch.h"

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

Payload Payload::Copy(absl::string_view bytes, BlockPool* pool) {
  if (bytes.empty()) return Payload();
  const size_t size = sizeof(Block) + bytes.size();
  void* const memory = pool != nullptr ? pool->Take(size) : ::operator new(size);
  Block* const block = new (memory) Block{pool, 1};
  std::memcpy(block + 1, bytes.data(), bytes.size());
  return {block, static_cast<uint32_t>(bytes.size())};
}

void Payload::Free(Block* block, uint32_t size) {
  if (block->pool != nullptr) {
    block->pool->Give(block, sizeof(Block) + size);
  } else {
    ::operator delete(block);
  }
}

void Payload::Prefetch() const {
  if (block_ == nullptr) return;
  // Four lines at a time, and two at the end, though some may be none of it: to look costs more.
  constexpr size_t kStep = 4;
  constexpr size_t kEnd = 2;
  const char* const end = block_->bytes() + size_;
  const char* at = reinterpret_cast<const char*>(block_);
  for (; at + kEnd * internal::kCacheLine < end; at += kStep * internal::kCacheLine) {
    internal::PrefetchLines<kStep>(at);
  }
  internal::PrefetchLines<kEnd>(at);
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
