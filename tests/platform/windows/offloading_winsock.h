// SPDX-License-Identifier: Apache-2.0
//
// File: offloading_winsock.h
//
// `OffloadingWinsock` is a Winsock that takes and gives runs of datagrams, as its pages say that
// Windows does: WSASendMsg cuts what it is given by UDP_SEND_MSG_SIZE, and WSARecvMsg hands out
// together what is of one sender and of equal size, and says how much that is by
// UDP_COALESCED_INFO. Wine knows neither; single datagrams go by it.

#ifndef POLLUX_TESTS_PLATFORM_WINDOWS_OFFLOADING_WINSOCK_H_
#define POLLUX_TESTS_PLATFORM_WINDOWS_OFFLOADING_WINSOCK_H_

#include <cstddef>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "platform/windows/offload.h"
#include "platform/windows/winsock.h"

namespace pollux::windows_engine {

// Thread-compatible.
class OffloadingWinsock final : public Winsock {
 public:
  bool knows = true;        // Whether it has the two options.
  Result refusal = 0;       // What a run is refused with; 0 for not at all.
  size_t refused_from = 0;  // Runs of datagrams of that size or larger are; the others are sent.

  std::vector<size_t> runs;  // How many datagrams each run had that was sent.
  int refusals = 0;
  int sends = 0;     // WSASendTo
  int receives = 0;  // WSARecvMsg that found something.

  Result GetOption(SOCKET socket, int level, int name, void* value, int* length) override {
    if (level == IPPROTO_UDP) return knows ? 0 : -WSAENOPROTOOPT;
    return Winsock::GetOption(socket, level, name, value, length);
  }
  Result SetOption(SOCKET socket, int level, int name, const void* value, int length) override {
    if (level != IPPROTO_UDP) return Winsock::SetOption(socket, level, name, value, length);
    if (!knows) return -WSAENOPROTOOPT;
    if (name == UDP_RECV_MAX_COALESCED_SIZE) coalescing_.insert(socket);
    return 0;
  }

  Result SendTo(SOCKET socket, const char* data, size_t size, const sockaddr* to,
                int length) override {
    ++sends;
    return Winsock::SendTo(socket, data, size, to, length);
  }

  Result SendMsg(SOCKET socket, WSAMSG* message) override {
    const size_t segment = SegmentOf(*message);
    if (segment == 0) return Winsock::SendMsg(socket, message);
    if (refusal != 0 && segment >= refused_from) {
      ++refusals;
      return refusal;
    }
    std::string whole;
    for (DWORD i = 0; i < message->dwBufferCount; ++i) {
      whole.append(message->lpBuffers[i].buf, message->lpBuffers[i].len);
    }
    runs.push_back((whole.size() + segment - 1) / segment);
    for (size_t at = 0; at < whole.size(); at += segment) {
      const std::string part = whole.substr(at, segment);
      const Result result =
          Winsock::SendTo(socket, part.data(), part.size(), message->name, message->namelen);
      if (result < 0) return result;
    }
    return static_cast<Result>(whole.size());
  }

  Result ReceiveMsg(SOCKET socket, WSAMSG* message, DWORD* size) override {
    if (coalescing_.count(socket) == 0) return Winsock::ReceiveMsg(socket, message, size);
    char* const buffer = message->lpBuffers[0].buf;
    const size_t room = message->lpBuffers[0].len;
    sockaddr_storage from = {};
    int length = sizeof(from);
    const Result first =
        ReceiveFrom(socket, buffer, room, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (first < 0) return first;
    ++receives;
    const auto segment = static_cast<size_t>(first);
    size_t stored = segment;
    size_t datagrams = 1;
    while (segment > 0 && stored + segment <= room) {
      sockaddr_storage next = {};
      int next_length = sizeof(next);
      char look[65536];
      const Result more = ReceiveFrom(socket, look, sizeof(look), MSG_PEEK,
                                      reinterpret_cast<sockaddr*>(&next), &next_length);
      if (more <= 0 || static_cast<size_t>(more) > segment || next_length != length ||
          std::memcmp(&next, &from, static_cast<size_t>(length)) != 0) {
        break;
      }
      ReceiveFrom(socket, buffer + stored, room - stored, 0, nullptr, nullptr);
      stored += static_cast<size_t>(more);
      ++datagrams;
      if (static_cast<size_t>(more) < segment) break;
    }
    std::memcpy(message->name, &from, static_cast<size_t>(length));
    message->namelen = length;
    message->dwFlags = 0;
    *size = static_cast<DWORD>(stored);
    PutSegment(*message, datagrams > 1 ? segment : 0);
    return 0;
  }

 private:
  static size_t SegmentOf(WSAMSG& message) {
    for (WSACMSGHDR* header = WSA_CMSG_FIRSTHDR(&message); header != nullptr;
         header = WSA_CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != IPPROTO_UDP || header->cmsg_type != UDP_SEND_MSG_SIZE) continue;
      DWORD segment = 0;
      std::memcpy(&segment, WSA_CMSG_DATA(header), sizeof(segment));
      return segment;
    }
    return 0;
  }
  static void PutSegment(WSAMSG& message, size_t segment) {
    if (segment == 0) {
      message.Control.len = 0;
      return;
    }
    const auto value = static_cast<DWORD>(segment);
    WSACMSGHDR* const header = WSA_CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_COALESCED_INFO;
    header->cmsg_len = WSA_CMSG_LEN(sizeof(value));
    std::memcpy(WSA_CMSG_DATA(header), &value, sizeof(value));
    message.Control.len = WSA_CMSG_SPACE(sizeof(value));
  }

  std::set<SOCKET> coalescing_;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_TESTS_PLATFORM_WINDOWS_OFFLOADING_WINSOCK_H_
