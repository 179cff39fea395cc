// SPDX-License-Identifier: Apache-2.0
//
// File: scripted_winsock.h
//
// `ScriptedWinsock` is Winsock, but for the calls that a test has decided on.

#ifndef POLLUX_TESTS_PLATFORM_WINDOWS_SCRIPTED_WINSOCK_H_
#define POLLUX_TESTS_PLATFORM_WINDOWS_SCRIPTED_WINSOCK_H_

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "platform/windows/winsock.h"

namespace pollux::windows_engine {

// The calls that can be decided on.
enum class Call {
  kStarted,
  kNewSocket,
  kBind,
  kConnect,
  kSendTo,
  kReceiveFrom,
  kReceiveMsg,
  kSelectReads,
  kTakeReads,
  kNewEvent,
  kNewTimer,
  kAdapters,
  kLookUp,
  kStartThread,
};

// Thread-compatible, but for `LookUp`, of which a test decides before it asks.
class ScriptedWinsock final : public Winsock {
 public:
  // The next calls of that kind return `result` and do nothing.
  void Next(Call call, Result result, int times = 1) {
    for (int i = 0; i < times; ++i) script_[call].push_back(result);
  }
  // How often it was called, decided on or not.
  int count(Call call) const {
    const auto found = counts_.find(call);
    return found == counts_.end() ? 0 : found->second;
  }
  // WSAIoctl's switches as they were set, in order.
  const std::vector<std::pair<DWORD, bool>>& switches() const { return switches_; }

  Result Started() const override {
    const auto found = script_.find(Call::kStarted);
    return found == script_.end() ? Winsock::Started() : found->second.front();
  }
  Result NewSocket(int family, SOCKET* socket) override {
    return Do(Call::kNewSocket, [&] { return Winsock::NewSocket(family, socket); });
  }
  Result Bind(SOCKET socket, const sockaddr* address, int length) override {
    return Do(Call::kBind, [&] { return Winsock::Bind(socket, address, length); });
  }
  Result Connect(SOCKET socket, const sockaddr* address, int length) override {
    return Do(Call::kConnect, [&] { return Winsock::Connect(socket, address, length); });
  }
  Result SetSwitch(SOCKET socket, DWORD code, bool on) override {
    switches_.emplace_back(code, on);
    return Winsock::SetSwitch(socket, code, on);
  }
  Result SendTo(SOCKET socket, const char* data, size_t size, const sockaddr* to,
                int length) override {
    return Do(Call::kSendTo, [&] { return Winsock::SendTo(socket, data, size, to, length); });
  }
  Result ReceiveFrom(SOCKET socket, char* data, size_t size, DWORD flags, sockaddr* from,
                     int* length) override {
    return Do(Call::kReceiveFrom,
              [&] { return Winsock::ReceiveFrom(socket, data, size, flags, from, length); });
  }
  Result ReceiveMsg(SOCKET socket, WSAMSG* message, DWORD* size) override {
    return Do(Call::kReceiveMsg, [&] { return Winsock::ReceiveMsg(socket, message, size); });
  }
  Result SelectReads(SOCKET socket, HANDLE event) override {
    return Do(Call::kSelectReads, [&] { return Winsock::SelectReads(socket, event); });
  }
  Result TakeReads(SOCKET socket) override {
    return Do(Call::kTakeReads, [&] { return Winsock::TakeReads(socket); });
  }
  Result NewEvent(HANDLE* event) override {
    return Do(Call::kNewEvent, [&] { return Winsock::NewEvent(event); });
  }
  Result NewTimer(HANDLE* timer) override {
    return Do(Call::kNewTimer, [&] { return Winsock::NewTimer(timer); });
  }
  Result Adapters(IP_ADAPTER_ADDRESSES* list, ULONG* size) override {
    return Do(Call::kAdapters, [&] { return Winsock::Adapters(list, size); });
  }
  Result LookUp(const wchar_t* name, ADDRINFOW** list) override {
    return Do(Call::kLookUp, [&] { return Winsock::LookUp(name, list); });
  }
  Result StartThread(absl::AnyInvocable<void()> body) override {
    return Do(Call::kStartThread, [&] { return Winsock::StartThread(std::move(body)); });
  }

 private:
  template <typename Function>
  Result Do(Call call, Function function) {
    ++counts_[call];
    std::deque<Result>& decided = script_[call];
    if (decided.empty()) return function();
    const Result result = decided.front();
    decided.pop_front();
    return result;
  }

  std::map<Call, std::deque<Result>> script_;
  std::map<Call, int> counts_;
  std::vector<std::pair<DWORD, bool>> switches_;
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_TESTS_PLATFORM_WINDOWS_SCRIPTED_WINSOCK_H_
